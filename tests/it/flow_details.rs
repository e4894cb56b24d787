//! Lists without texts: new postings are asked for alone.

use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};
use earlybrd::domain::board::BoardKind;
use serde_json::{Value, json};

use crate::fakes::board::{Answer, FakeBoard};
use crate::world::World;

const WITH_TEXT: &str = "SELECT count(*) FROM postings WHERE body LIKE '%Soup%'";

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
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/v1/companies/acme/postings?limit=100").unwrap();
    world.board_of_kind("acme", &url, BoardKind::Smartrecruiters).await;
    let list = |count: i64| {
        let job = |id: i64| json!({"id": format!("J{id}"), "name": format!("Cook {id}")});
        json!({"content": (0..count).map(job).collect::<Vec<_>>()}).to_string()
    };
    board.body(list(1));
    world.poll().await;
    let headers = vec![("retry-after", "300".to_owned())];
    board.answer_at("/J1", Answer { status: 429, headers, body: Vec::new() });
    board.body(list(2));
    world.poll_again().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 2);
    let rests = "SELECT extract(epoch FROM max(ready_at))::bigint FROM hosts";
    assert_eq!(world.count(rests).await - world.now().timestamp(), 300);
    let detail = json!({"id": "x", "name": "Cook", "jobAd": {"sections": {
        "jobDescription": {"text": "<p>Soup.</p>"}}}});
    board.body_at("/J1", detail.to_string());
    board.body_at("/J", detail.to_string());
    board.body(list(42));
    world.clock.advance(Duration::from_mins(10));
    world.poll().await;
    assert_eq!(world.count(WITH_TEXT).await, 30, "and the others wait");
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 32);
    world.clock.advance(Duration::from_mins(10));
    world.poll().await;
    assert_eq!(world.count(WITH_TEXT).await, 40);
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
