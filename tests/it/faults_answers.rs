//! Faults of answers that come in parts, come empty, or hold one thing that nobody can read.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use earlybrd::boards::ask::{Asked, Manners, ask};
use earlybrd::boards::fetch::FetchError;
use earlybrd::db;
use earlybrd::domain::board::{BoardKind, Validators, Visibility};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use crate::ask::fetcher;
use crate::fakes::board::{Answer, FakeBoard, Item};
use crate::faults_boards::acme;
use crate::world::World;

const POSTINGS: &str = "SELECT count(*) FROM postings";
const NEWS: &str = "SELECT count(*) FROM postings WHERE matched_at IS NULL";

fn refused(status: u16, headers: &[(&'static str, &str)]) -> Answer {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Answer { status, headers, body: Vec::new() }
}

/// Fault 42: what stands behind a poison item is told all the same.
#[tokio::test]
async fn one_item_that_cannot_be_read_costs_no_other() {
    let world = World::new().await;
    let (json, xml) = (FakeBoard::start().await, FakeBoard::start().await);
    world.board_of_kind("json", &json.url, BoardKind::Remoteok).await;
    world.board_of_kind("xml", &xml.url, BoardKind::Larajobs).await;
    let mut body = br#"[{"legal": "x"}, {"id": "1", "position": "Cook \ud83d"},
        {"id": "2", "position": "Line
break"}, {"id": "3", "position": "K"#
        .to_vec();
    body.extend(
        b"\xf6ln\"}, {\"id\": \"4\" \"position\": 1e999}, {\"id\": \"5\", \"position\": \"Chef\"}]",
    );
    json.body(body);
    xml.body(
        "<rss><channel><item><title>One</title></item><item><title>a <b>Two</title></item>\
         <item><title>Three</title></item></channel></rss>",
    );
    world.poll().await;
    let of_json = "SELECT count(*) FROM postings WHERE title IN ('Line break', 'Chef')
                   OR title LIKE 'Cook%' OR title LIKE 'K%ln'";
    assert_eq!(world.count(of_json).await, 4);
    let of_xml = "SELECT count(*) FROM postings WHERE title IN ('One', 'a Two', 'Three')";
    assert_eq!(world.count(of_xml).await, 3);
}

/// Fault 33, where the response that kills comes behind one that does not.
#[tokio::test]
async fn a_second_response_with_which_the_process_died_twice_is_not_read_again() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/api/v1/search_by_date?tags=story,author_whoishiring").unwrap();
    world.board_of_kind("hackernews", &url, BoardKind::Hackernews).await;
    let stories = json!({"hits": [{"objectID": "7", "title": "Ask HN: Who is hiring? (x)"}]});
    let killer = json!({"hits": [{"objectID": "71", "story_id": 7, "parent_id": 7,
                                  "comment_text": "Acme | Cook | Oslo", "author": "a"}]});
    board.body_at("tags=story", stories.to_string());
    board.body_at("tags=comment", killer.to_string());
    let hash = |body: &serde_json::Value| Sha256::digest(body.to_string().as_bytes()).into();
    for deaths in 0..2 {
        let claimed = world.claim().await;
        let begin =
            |hash: [u8; 32], first| db::polls::begin_reading(&world.pool, &claimed[0], hash, first);
        assert_eq!(begin(hash(&stories), true).await.unwrap(), 0);
        assert_eq!(begin(hash(&killer), false).await.unwrap(), deaths);
        world.clock.advance(Duration::from_secs(2));
    }
    for _ in 0..2 {
        world.clock.advance(Duration::from_hours(1));
        world.poll().await;
        let quarantined = "SELECT count(*) FROM boards
                           WHERE last_error LIKE 'what it answers has ended this program twice%'";
        assert_eq!((world.count(quarantined).await, world.count(POSTINGS).await), (1, 0));
    }
    board.body_at("tags=comment", killer.to_string().replace("Cook", "Chef"));
    world.clock.advance(Duration::from_hours(1));
    world.poll().await;
    assert_eq!(world.count(POSTINGS).await, 1);
}

/// Fault 44, on a page behind the first.
#[tokio::test]
async fn a_refusal_of_a_later_page_rests_the_host_and_keeps_what_was_read() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/v1/companies/acme/postings?limit=1").unwrap();
    world.board_of_kind("acme", &url, BoardKind::Smartrecruiters).await;
    let page = json!({"offset": 0, "limit": 1, "totalFound": 2,
                      "content": [{"id": "1", "name": "Cook"}]});
    board.body(page.to_string());
    for (status, header, rests) in
        [(429, "600", 600), (503, "600", 600), (503, "5", 60), (429, "99999999999", 86_400)]
    {
        board.answer_at("offset=1", refused(status, &[("retry-after", header)]));
        world.poll().await;
        assert_eq!(world.count(POSTINGS).await, 1);
        let rest = "SELECT extract(epoch FROM max(ready_at))::bigint FROM hosts";
        assert_eq!(world.count(rest).await - world.now().timestamp(), rests, "{status} {header}");
        let next = "SELECT extract(epoch FROM max(next_poll_at))::bigint FROM boards";
        assert!(world.count(next).await - world.now().timestamp() >= rests);
        world.clock.advance(Duration::from_hours(25));
    }
}

/// What a first poll could not have is the board's past, too.
#[tokio::test]
async fn what_a_first_poll_could_not_have_is_no_news_afterwards() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/v1/companies/acme/postings?limit=1").unwrap();
    world.board_of_kind("acme", &url, BoardKind::Smartrecruiters).await;
    let page = |offset: u32, job: &str, date: &str| {
        json!({"offset": offset, "limit": 1, "totalFound": 2,
               "content": [{"id": job, "name": job, "releasedDate": date}]})
        .to_string()
    };
    let date = |days: i64| {
        (world.now() - TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true)
    };
    board.body(page(0, "Cook", &date(3)));
    board.answer_at("offset=1", refused(500, &[]));
    world.poll().await;
    board.body_at("offset=1", page(1, "Baker", &date(9)));
    world.poll_again().await;
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (2, 0));
    board.body_at("offset=1", page(1, "Waiter", &date(9)));
    world.poll_again().await;
    assert_eq!(world.count(NEWS).await, 1, "the whole was read: what comes now is new");
}

/// What a company lists again is new to us, whatever else of that answer cannot be read.
#[tokio::test]
async fn one_item_that_cannot_be_read_silences_no_other() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/v1/boards/acme/jobs?content=true").unwrap();
    world.board_of_kind("acme", &url, BoardKind::Greenhouse).await;
    let old = (world.now() - TimeDelta::days(9)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let job = |id: u32, title: &str| json!({"id": id, "title": title, "content": "Soup.", "first_published": old});
    board.body(json!({"jobs": [job(1, "Cook")]}).to_string());
    world.poll().await;
    board.body(json!({"jobs": [job(1, "Cook"), job(2, ""), job(3, "Waiter")]}).to_string());
    world.poll_again().await;
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (2, 1));
    let closed = "SELECT count(*) FROM postings WHERE closed_at IS NOT NULL";
    board.body(json!({"jobs": [job(1, "Cook"), job(2, "")]}).to_string());
    world.poll_again().await;
    assert_eq!(world.count(closed).await, 0, "Waiter may be what could not be read");
}

/// Of a company with more pages than are read the newest jobs are known: when one goes, an older one is
/// back.
#[tokio::test]
async fn old_jobs_that_move_back_into_what_is_read_are_no_news() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/v1/companies/acme/postings?limit=1").unwrap();
    world.board_of_kind("acme", &url, BoardKind::Smartrecruiters).await;
    let old = (world.now() - TimeDelta::days(9)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let page = |job: &str| {
        let job = json!({"id": job, "name": job, "releasedDate": old});
        json!({"offset": 0, "limit": 1, "totalFound": 99, "content": [job]}).to_string()
    };
    board.body_at("/J2", json!({"id": "J2", "name": "J2"}).to_string());
    for job in ["J1", "J2"] {
        board.body(page(job));
        world.poll_again().await;
    }
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (2, 0));
}

/// A feed shows its newest items: when one goes, an older one is back.
#[tokio::test]
async fn old_postings_that_move_back_into_a_feed_are_no_news() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    let old = (world.now() - TimeDelta::days(30)).to_rfc2822();
    board.show(&[Item::titled("Cook")]);
    world.poll().await;
    let new = world.now().to_rfc2822();
    board.show(&[
        Item { date: &new, ..Item::titled("Waiter") },
        Item { date: &old, ..Item::titled("Baker") },
        Item::titled("Undated"),
    ]);
    world.poll_again().await;
    let news = "SELECT count(*) FROM postings WHERE matched_at IS NULL
                AND title IN ('Waiter', 'Undated')";
    assert_eq!((world.count(news).await, world.count(NEWS).await), (2, 2));
}

#[tokio::test]
async fn failures_do_not_make_an_empty_answer_believed() {
    let (world, board) = acme().await;
    let closed = "SELECT count(*) FROM postings WHERE closed_at IS NOT NULL";
    for (answer, want) in [("", 0), ("", 0), ("", 0), ("[]", 0), ("", 0), ("[]", 0), ("[]", 1)] {
        board.body(answer);
        world.clock.advance(Duration::from_hours(7));
        world.poll().await;
        assert_eq!(world.count(closed).await, want, "{answer}");
    }
}

#[tokio::test]
async fn a_feed_of_ones_own_that_stays_empty_is_not_given_up() {
    let mut world = World::new().await;
    world.trusted = vec!["127.0.0.1".to_owned()];
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    let ann = world.person("ann").await;
    let actor = earlybrd::commands::Actor::alone(ann.account, ann.target);
    let line = format!("boards add {}", board.url);
    earlybrd::commands::say(&world.context(), actor, &line).await;
    board.show(&[]);
    for _ in 0..9 {
        world.clock.advance(Duration::from_hours(24));
        world.poll().await;
    }
    board.status(503, &[]);
    world.clock.advance(Duration::from_hours(24));
    world.poll().await;
    assert_eq!(world.count("SELECT count(*) FROM boards WHERE enabled").await, 1);
}

/// Somebody who waits for the answer.
struct Hurried;

impl Manners for Hurried {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    async fn turn(&self, _: &Url) -> Result<(), FetchError> {
        Ok(())
    }

    fn has_time(&self) -> bool {
        false
    }

    async fn before_reading(&self, _: &Url, _: &[u8]) -> Result<(), FetchError> {
        Ok(())
    }
}

/// A large company can be added by chat: the poller reads the other pages.
#[tokio::test]
async fn whoever_has_no_time_gets_the_first_page_and_knows_that_there_is_more() {
    let board = FakeBoard::start().await;
    let page = json!({"offset": 0, "limit": 1, "totalFound": 2,
                      "content": [{"id": "1", "name": "Cook"}]});
    board.body(page.to_string());
    let url = board.url.join("/v1/companies/acme/postings?limit=1").unwrap();
    let asked = Asked {
        slug: "acme",
        name: "Acme",
        kind: BoardKind::Smartrecruiters,
        rules: None,
        url: &url,
        zone: chrono_tz::Tz::UTC,
        visibility: Visibility::Catalogue,
        validators: &Validators::default(),
    };
    let read = ask(&fetcher(), &Hurried, asked).await.unwrap().read;
    assert_eq!((read.postings.len(), read.cut, read.is_whole()), (1, true, false));
    assert_eq!((read.problems.len(), board.requests().len()), (0, 1));
}
