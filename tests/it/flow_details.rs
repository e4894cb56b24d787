//! Lists without texts: new postings are asked for alone.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use earlybrd::boards::ask::{Asked, Manners, ask};
use earlybrd::boards::fetch::FetchError;
use earlybrd::domain::board::{BoardKind, Validators, Visibility};
use earlybrd::domain::posting::Posting;
use serde_json::{Value, json};
use url::Url;

use crate::ask::fetcher;
use crate::fakes::board::{Answer, FakeBoard};
use crate::world::World;

const POSTINGS: &str = "SELECT count(*) FROM postings";
const WITH_TEXT: &str = "SELECT count(*) FROM postings WHERE body LIKE '%Soup%'";

/// A list of so many jobs: J0, J1, …
fn list(count: i64) -> String {
    let job = |id: i64| json!({"id": format!("J{id}"), "name": format!("Cook {id}")});
    json!({"content": (0..count).map(job).collect::<Vec<_>>()}).to_string()
}

/// A job alone, with its text.
fn detail() -> String {
    let text = json!({"jobDescription": {"text": "<p>Soup.</p>"}});
    json!({"id": "x", "name": "Cook", "jobAd": {"sections": text}}).to_string()
}

fn refused(status: u16, headers: &[(&'static str, &str)]) -> Answer {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Answer { status, headers, body: Vec::new() }
}

/// A company whose list has no texts, and whose past was read: J0.
async fn company() -> (World, FakeBoard) {
    let (world, board) = (World::new().await, FakeBoard::start().await);
    let url = board.url.join("/v1/companies/acme/postings?limit=100").unwrap();
    world.board_of_kind("acme", &url, BoardKind::Smartrecruiters).await;
    board.body(list(1));
    world.poll().await;
    (world, board)
}

/// Shows a list with the first postings, then one with one more, whose text is asked for.
async fn check(kind: BoardKind, path: &str, list: impl Fn(&[&str]) -> Value, detail: Value) {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let ann = world.person("ann").await;
    world.filter(ann, "soup").await;
    world.board_of_kind("acme", &board.url.join(path).unwrap(), kind).await;
    board.body(list(&["R1", "R2"]).to_string());
    world.poll().await;
    assert_eq!(board.requests().len(), 1, "the past of a board is not worth a request each");
    board.body_at("R3", detail.to_string());
    board.body(list(&["R3", "R1", "R2"]).to_string());
    world.poll_again().await;
    assert_eq!(world.count(WITH_TEXT).await, 1, "{kind}: {:?}", board.addresses());
    world.poll_again().await;
    assert_eq!(board.requests().len(), 4, "{kind}: each is asked for once");
    world.match_all().await;
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: Cook R3"]);
}

#[tokio::test]
async fn the_text_of_a_new_job_is_asked_for_where_the_list_has_none() {
    let jobs = |name: &str, jobs: &[&str]| {
        let job = |id: &&str| {
            json!({"id": id, "name": format!("Cook {id}"), "title": format!("Cook {id}"),
                   "externalPath": format!("/job/Oslo/Cook_{id}"),
                   "url": format!("https://ats.rippling.com/acme/jobs/{id}")})
        };
        let jobs: Vec<Value> = jobs.iter().map(job).collect();
        json!({name: jobs})
    };
    check(
        BoardKind::Smartrecruiters,
        "/v1/companies/acme/postings?limit=100",
        |ids| jobs("content", ids),
        json!({"id": "R3", "name": "Cook", "jobAd": {"sections": {
            "jobDescription": {"text": "<p>Soup.</p>"}}}}),
    )
    .await;
    check(
        BoardKind::Rippling,
        "/api/v2/board/acme/jobs?page=0",
        |ids| jobs("items", ids),
        json!({"uuid": "R3", "name": "Cook", "description": {"role": "<p>Soup.</p>"}}),
    )
    .await;
    check(
        BoardKind::Workday,
        "/wday/cxs/acme/Careers/jobs",
        |ids| jobs("jobPostings", ids),
        json!({"jobPostingInfo": {"title": "Cook", "jobDescription": "<p>Soup.</p>"}}),
    )
    .await;
}

#[tokio::test]
async fn a_text_that_cannot_be_had_costs_no_posting_and_many_wait_for_the_next_poll() {
    let (world, board) = company().await;
    board.answer_at("/J1", refused(429, &[("retry-after", "300")]));
    board.body(list(2));
    world.poll_again().await;
    assert_eq!(world.count(POSTINGS).await, 2);
    let rests = "SELECT extract(epoch FROM max(ready_at))::bigint FROM hosts";
    assert_eq!(world.count(rests).await - world.now().timestamp(), 300);
    board.body_at("/J1", detail());
    board.body_at("/J", detail());
    board.body(list(42));
    world.clock.advance(Duration::from_mins(10));
    world.poll().await;
    assert_eq!(world.count(WITH_TEXT).await, 30, "and the others wait");
    assert_eq!(world.count(POSTINGS).await, 32);
    world.clock.advance(Duration::from_mins(10));
    world.poll().await;
    assert_eq!(world.count(WITH_TEXT).await, 40);
}

#[tokio::test]
async fn a_job_that_is_gone_costs_no_other_its_text() {
    let (world, board) = company().await;
    board.answer_at("/J2", refused(404, &[]));
    board.body_at("/J", detail());
    board.body(list(5));
    world.poll_again().await;
    assert_eq!((world.count(POSTINGS).await, world.count(WITH_TEXT).await), (5, 3));
}

#[tokio::test]
async fn jobs_wait_for_their_texts_while_the_host_wants_to_be_left_alone() {
    let (world, board) = company().await;
    board.answer_at("/J3", refused(429, &[("retry-after", "300")]));
    board.body_at("/J", detail());
    board.body(list(6));
    world.poll_again().await;
    assert_eq!((world.count(POSTINGS).await, world.count(WITH_TEXT).await), (3, 2));
    board.body_at("/J3", detail());
    world.clock.advance(Duration::from_mins(10));
    world.poll().await;
    assert_eq!((world.count(POSTINGS).await, world.count(WITH_TEXT).await), (6, 5));
}

#[tokio::test]
async fn a_page_that_is_missing_costs_no_job_its_text() {
    let (world, board) = company().await;
    let job = json!({"id": "J1", "name": "Cook 1"});
    let page = json!({"offset": 0, "limit": 1, "totalFound": 2, "content": [job]});
    board.answer_at("offset=1", refused(500, &[]));
    board.body_at("/J", detail());
    board.body(page.to_string());
    world.poll_again().await;
    assert_eq!(world.count(WITH_TEXT).await, 1);
}

#[tokio::test]
async fn a_poll_fails_that_cannot_know_what_is_new() {
    let (world, _board) = company().await;
    sqlx::query("ALTER TABLE posting_keys RENAME TO away").execute(&world.pool).await.unwrap();
    world.clock.advance(Duration::from_mins(2));
    let claimed = world.claim().await;
    let error = world.poller().ask(&claimed[0]).await.unwrap_err();
    assert!(error.why.contains("could not be looked up"), "{error}");
}

/// Each turn at the host comes forty seconds after the one before. Everything is new.
#[derive(Default)]
struct Slow(AtomicI64);

impl Manners for Slow {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(self.0.load(Ordering::Relaxed))
    }

    async fn turn(&self, _: &Url) -> Result<(), FetchError> {
        self.0.fetch_add(40, Ordering::Relaxed);
        Ok(())
    }

    async fn unknown(&self, postings: &[Posting]) -> Result<Vec<usize>, FetchError> {
        Ok((0..postings.len()).collect())
    }

    async fn before_reading(&self, _: &Url, _: &[u8]) -> Result<(), FetchError> {
        Ok(())
    }
}

#[tokio::test]
async fn texts_are_asked_for_however_long_the_pages_took() {
    let board = FakeBoard::start().await;
    let page = |offset: u32| {
        let job = json!({"id": format!("J{offset}"), "name": "Cook"});
        json!({"offset": offset, "limit": 1, "totalFound": 3, "content": [job]}).to_string()
    };
    board.body_at("offset=1", page(1));
    board.body_at("offset=2", page(2));
    board.body_at("/J", detail());
    board.body(page(0));
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
    let read = ask(&fetcher(), &Slow::default(), asked).await.unwrap().read;
    let told = read.postings.iter().filter(|posting| posting.body.contains("Soup")).count();
    assert_eq!((told, read.postings.len(), read.missing), (2, 2, true), "and the third waits");
}

#[tokio::test]
async fn a_new_company_has_the_texts_of_what_was_posted_since_it_is_watched() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/v1/companies/acme/postings?limit=100").unwrap();
    world.board_of_kind("acme", &url, BoardKind::Smartrecruiters).await;
    let since = |hours: i64| {
        let at = world.now() + TimeDelta::hours(hours);
        at.to_rfc3339_opts(SecondsFormat::Secs, true)
    };
    board.body(
        json!({"content": [{"id": "J1", "name": "Cook", "releasedDate": since(1)},
                           {"id": "J2", "name": "Baker", "releasedDate": since(-1)}]})
        .to_string(),
    );
    world.poll().await;
    assert_eq!(board.addresses()[1..], ["/v1/companies/acme/postings/J1"]);
}
