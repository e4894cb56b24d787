//! Boards that take two requests, and web pages that are read by rules, from the poll to the row.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use earlybrd::domain::board::BoardKind;
use earlybrd::domain::rules::Rules;
use earlybrd::worker::{Tick, Worker};
use earlybrd::workers::poll_boards::PollBoards;
use reqwest::header::HeaderValue;
use serde_json::json;

use crate::fakes::board::{Answer, FakeBoard};
use crate::world::{World, drain};

const POSTINGS: &str = "SELECT count(*) FROM postings";
const NEWS: &str = "SELECT count(*) FROM postings WHERE matched_at IS NULL";
const FAILURES: &str = "SELECT sum(failures)::bigint FROM boards";

/// A list of stories with validators, as no change to it must hide a new comment.
fn stories(ids: &[u32]) -> Answer {
    let hits: Vec<_> = ids
        .iter()
        .map(|id| json!({"objectID": id.to_string(), "title": "Ask HN: Who is hiring? (x)"}))
        .collect();
    let headers = vec![("etag", "\"s1\"".to_owned()), ("last-modified", "yesterday".to_owned())];
    Answer { status: 200, headers, body: json!({"hits": hits}).to_string().into_bytes() }
}

fn comments(story: u32, ids: &[u32]) -> Answer {
    let hits: Vec<_> = ids
        .iter()
        .map(|id| {
            json!({"objectID": id.to_string(), "story_id": story, "parent_id": story,
                   "comment_text": format!("Acme | Engineer {id} | Oslo"), "author": "a"})
        })
        .collect();
    let headers = vec![("etag", "\"c1\"".to_owned())];
    Answer { status: 200, headers, body: json!({"hits": hits}).to_string().into_bytes() }
}

async fn hacker_news() -> (World, FakeBoard) {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/api/v1/search_by_date?tags=story,author_whoishiring").unwrap();
    world.board_of_kind("hackernews", &url, BoardKind::Hackernews).await;
    (world, board)
}

#[tokio::test]
async fn a_new_comment_is_news_although_the_list_of_stories_stays() {
    let (world, board) = hacker_news().await;
    board.answer_at("tags=story", stories(&[7]));
    board.answer_at("tags=comment", comments(7, &[71]));
    world.poll().await;
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (1, 0));
    board.answer_at("tags=comment", comments(7, &[72, 71]));
    world.poll_again().await;
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (2, 1));
    let addresses = board.addresses();
    assert_eq!(addresses.len(), 4);
    assert_eq!(addresses[1], "/api/v1/search_by_date?tags=comment,story_7&hitsPerPage=200");
    for request in board.requests() {
        let conditional = ["if-none-match", "if-modified-since"];
        assert!(conditional.iter().all(|name| request.get(*name).is_none()), "{request:?}");
    }
}

#[tokio::test]
async fn workday_is_asked_by_a_post_and_its_jobs_are_those_of_one_company() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/wday/cxs/acme/AcmeCareers/jobs").unwrap();
    world.board_of_kind("Acme", &url, BoardKind::Workday).await;
    let job =
        json!({"title": "Cook", "externalPath": "/job/Oslo/Cook_R1", "postedOn": "Posted Today"});
    board.body(json!({"total": 1, "jobPostings": [job]}).to_string());
    world.poll().await;
    let asked: serde_json::Value = serde_json::from_str(&board.posted().concat()).unwrap();
    let want = json!({"appliedFacets": {}, "limit": 20, "offset": 0, "searchText": ""});
    assert_eq!(asked, want);
    assert_eq!(board.requests()[0]["content-type"], "application/json");
    let shown = "SELECT count(*) FROM postings WHERE title = 'Cook' AND company = 'Acme'
                 AND url LIKE '%/AcmeCareers/job/Oslo/Cook_R1'";
    assert_eq!(world.count(shown).await, 1);
}

#[tokio::test]
async fn a_new_month_is_followed_to_its_story() {
    let (world, board) = hacker_news().await;
    board.answer_at("tags=story", stories(&[7]));
    board.answer_at("story_7&", comments(7, &[71]));
    board.answer_at("story_9&", comments(9, &[]));
    world.poll().await;
    board.answer_at("tags=story", stories(&[9, 7]));
    world.poll_again().await;
    assert_eq!((world.count(POSTINGS).await, world.count(FAILURES).await), (1, 0));
    board.answer_at("story_9&", comments(9, &[91]));
    world.poll_again().await;
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (2, 1));
}

#[tokio::test]
async fn a_second_request_that_fails_is_a_poll_that_failed() {
    let (world, board) = hacker_news().await;
    board.answer_at("tags=story", stories(&[7]));
    board.status(503, &[("retry-after", "120")]);
    world.poll().await;
    assert_eq!(world.count("SELECT count(*) FROM boards WHERE last_error LIKE '%503%'").await, 1);
    board.body_at("tags=story", "{\"hits\": []}");
    world.clock.advance(Duration::from_mins(10));
    world.poll().await;
    let why =
        "SELECT count(*) FROM boards WHERE failures = 2 AND last_error LIKE '%Who is hiring%'";
    assert_eq!(world.count(why).await, 1);
}

#[tokio::test]
async fn the_second_request_takes_its_turn_at_the_host() {
    let (world, board) = hacker_news().await;
    board.answer_at("tags=story", stories(&[7]));
    board.answer_at("tags=comment", comments(7, &[71]));
    let mut poller = world.poller();
    poller.claims.pace.host_gap = Duration::from_millis(30);
    let before = std::time::Instant::now();
    assert_eq!(poller.tick().await.unwrap(), Tick::Busy);
    assert!(before.elapsed() >= poller.claims.pace.host_gap);
    let booked = "SELECT (EXTRACT(EPOCH FROM max(ready_at)) * 1000)::bigint FROM hosts";
    assert_eq!(world.count(booked).await, world.now().timestamp_millis() + 60);
}

fn rules() -> Rules {
    let text = |text: &str| Some(text.to_owned());
    Rules {
        item: "li.job".to_owned(),
        title: "h3".to_owned(),
        link: text("a@href"),
        empty: text(".none"),
        ..Rules::default()
    }
}

fn page(titles: &[&str]) -> String {
    let item = |title: &&str| format!("<li class=job><h3>{title}</h3><a href='/{title}'>x</a>");
    format!(
        "<!doctype html><title>Jobs</title><ul>{}</ul>",
        titles.iter().map(item).collect::<String>()
    )
}

#[tokio::test]
async fn a_web_page_is_a_board_and_one_that_changed_is_a_failure() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let kind = BoardKind::Html;
    world.board_with_rules("page", &board.url, kind, Some(&rules())).await;
    board.body(page(&["one"]));
    world.poll().await;
    board.body(page(&["two", "one"]));
    world.poll_again().await;
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (2, 1));
    let accepted = board.requests()[0].get("accept").unwrap().clone();
    assert!(accepted.to_str().unwrap().starts_with("text/html"), "{accepted:?}");
    board.body("<p class=none>No openings");
    world.poll_again().await;
    assert_eq!(world.count(FAILURES).await, 0);
    for (page, why) in [
        ("<h1>Our new site</h1>".to_owned(), "has changed"),
        ("<div>".repeat(100_000), "nested too deep"),
        (String::new(), "empty"),
    ] {
        board.body(page);
        world.clock.advance(Duration::from_hours(1));
        world.poll().await;
        let said: Option<String> = sqlx::query_scalar("SELECT last_error FROM boards")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert!(said.as_deref().is_some_and(|said| said.contains(why)), "{said:?}");
    }
    assert_eq!(world.count(FAILURES).await, 3);
}

#[tokio::test]
async fn new_rules_are_tried_at_once_and_without_the_validators_of_the_old() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let (kind, url) = (BoardKind::Html, &board.url);
    let headers = vec![("etag", "\"p1\"".to_owned())];
    board.answer(Answer { status: 200, headers, body: page(&["one"]).into_bytes() });
    world.board_with_rules("page", url, kind, Some(&rules())).await;
    world.poll().await;
    world.board_with_rules("page", url, kind, Some(&rules())).await;
    world.poll().await;
    assert_eq!(board.requests().len(), 1, "the same rules change nothing");
    let other = Rules { title: "a".to_owned(), ..rules() };
    world.board_with_rules("page", url, kind, Some(&other)).await;
    world.poll().await;
    let asked = board.requests();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].get("if-none-match").is_none());
}

/// What a page of a board shows.
fn page_of(list: &str, head: &str, jobs: &[&str]) -> Answer {
    let jobs: Vec<String> = jobs
        .iter()
        .map(|job| {
            format!(
                r#"{{"id": "{job}", "guid": "{job}", "name": "{job}", "title": "{job}",
                               "externalPath": "/job/x/{job}"}}"#
            )
        })
        .collect();
    let body = format!(r#"{{{head}, "{list}": [{}]}}"#, jobs.join(","));
    Answer { status: 200, headers: vec![("etag", "\"1\"".to_owned())], body: body.into() }
}

#[tokio::test]
async fn all_pages_of_a_companys_board_are_read() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/v1/companies/acme/postings?limit=2").unwrap();
    world.board_of_kind("acme", &url, BoardKind::Smartrecruiters).await;
    let head = |offset: u32| format!(r#""offset": {offset}, "limit": 2, "totalFound": 5"#);
    board.answer_at("offset=2", page_of("content", &head(2), &["Cook", "Baker"]));
    board.answer_at("offset=4", page_of("content", &head(4), &["Waiter"]));
    board.answer(page_of("content", &head(0), &["Cook", "Host"]));
    world.poll().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 4, "Cook moved by one page");
    assert_eq!(board.requests().len(), 3);
    world.poll_again().await;
    let conditional = board.requests().iter().any(|asked| asked.contains_key("if-none-match"));
    assert!(!conditional, "the first page may stay as it is while others change");
}

#[tokio::test]
async fn a_page_that_fails_is_a_problem_and_the_others_are_good() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/jobs/api?limit=20").unwrap();
    world.board_of_kind("himalayas", &url, BoardKind::Himalayas).await;
    let cursor = |next: &str| format!(r#""nextCursor": "{next}""#);
    let broken = Answer { status: 500, headers: Vec::new(), body: Vec::new() };
    board.answer_at("cursor=b", broken);
    board.answer_at("cursor=a", page_of("jobs", &cursor("b"), &["Two"]));
    board.answer(page_of("jobs", &cursor("a"), &["One"]));
    world.poll().await;
    assert_eq!(board.requests().len(), 3);
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 2);
    assert_eq!(world.count("SELECT sum(failures)::bigint FROM boards").await, 0);
    board.answer_at("cursor=b", page_of("jobs", &cursor("b"), &["Again and again"]));
    world.poll_again().await;
    assert_eq!(board.requests().len(), 8, "five pages and no more");
}

#[tokio::test]
async fn pages_that_are_asked_by_post_say_where_they_begin() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/wday/cxs/acme/Careers/jobs").unwrap();
    world.board_of_kind("acme", &url, BoardKind::Workday).await;
    board.answer(page_of("jobPostings", r#""total": 45"#, &["Cook"]));
    world.poll().await;
    let offsets: Vec<i64> = board
        .posted()
        .iter()
        .map(|json| serde_json::from_str::<serde_json::Value>(json).unwrap()["offset"].as_i64())
        .map(Option::unwrap)
        .collect();
    assert_eq!(offsets, [0, 20, 40]);
}

/// Neither of Personio's domains leads to the other.
#[tokio::test]
async fn a_company_that_is_not_at_one_domain_of_personios_is_asked_at_the_other() {
    for (known, is_at) in [("de", "personio.com"), ("com", "personio.de"), ("de", "nowhere")] {
        let world = World::new().await;
        let board = FakeBoard::start().await;
        let port = board.url.port().unwrap();
        let here: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        #[expect(clippy::disallowed_methods, reason = "its names lead to this machine")]
        let client = reqwest::Client::builder()
            .resolve("acme.jobs.personio.de", here)
            .resolve("acme.jobs.personio.com", here)
            .build()
            .unwrap();
        let url = format!("http://acme.jobs.personio.{known}:{port}/xml?language=en");
        world.board_of_kind("acme", &url.parse().unwrap(), BoardKind::Personio).await;
        board.status(404, &[]);
        board.body_at(
            is_at,
            "<workzag-jobs><position><id>7</id><name>Cook</name></position></workzag-jobs>",
        );
        let fetcher = world.fetcher().with_operator(client);
        drain(&mut PollBoards { fetcher, ..world.poller() }).await;
        let hosts: Vec<HeaderValue> =
            board.requests().iter().map(|headers| headers["host"].clone()).collect();
        assert!(hosts.len() == 2 && hosts[0] != hosts[1], "{hosts:?}");
        let found: Option<String> = sqlx::query_scalar("SELECT url FROM postings")
            .fetch_optional(&world.pool)
            .await
            .unwrap();
        let want = (is_at != "nowhere").then(|| format!("http://acme.jobs.{is_at}:{port}/job/7"));
        assert_eq!(found, want);
        let missing = "SELECT count(*) FROM boards WHERE last_error = 'answered 404 Not Found'";
        assert_eq!(world.count(missing).await, i64::from(want.is_none()));
    }
}
