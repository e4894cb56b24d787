//! Installing the app: who began it, once, and whose token it is.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use url::Url;

use crate::fakes::slack::value_of;
use crate::office::{Office, keys, said};

/// A browser that was sent to Slack: what it carries, and the state that it brings back.
struct Sent {
    cookie: String,
    state: String,
    asked: Url,
}

async fn sent(office: &Office) -> Sent {
    let answer = office.get("/slack/install").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/;"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    // This office is reached over http, where a browser keeps and sends nothing that is for TLS only.
    assert!(!cookie.contains("__Host-") && !cookie.contains("Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let asked: Url = answer.headers()["location"].to_str().unwrap().parse().unwrap();
    let state = asked.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    Sent { cookie, state, asked }
}

async fn back(office: &Office, cookie: &str, query: &str) -> Response {
    let path = format!("/slack/callback?{query}");
    let answer = office.get(&path).header("cookie", cookie).send().await.unwrap();
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    answer
}

/// Installs the app; the code says what Slack makes of it.
pub async fn install_as(office: &Office, code: &str) {
    let sent = sent(office).await;
    let query = format!("state={}&code={code}", sent.state);
    assert_eq!(back(office, &sent.cookie, &query).await.status(), StatusCode::SEE_OTHER);
    office.quiet().await;
}

async fn workspaces(office: &Office) -> i64 {
    office.world.count("SELECT count(*) FROM slack_workspaces WHERE sealed IS NOT NULL").await
}

#[tokio::test]
async fn a_workspace_installs_the_app_and_its_token_is_sealed() {
    let office = Office::empty().await;
    let sent = sent(&office).await;
    assert_eq!(sent.asked.path(), "/oauth/v2/authorize");
    let of = |wanted: &str| {
        let found = sent.asked.query_pairs().find(|(name, _)| name == wanted);
        found.unwrap().1.into_owned()
    };
    assert_eq!(of("redirect_uri"), office.base.join("/slack/callback").unwrap().as_str());
    assert!(of("scope").contains("chat:write") && !of("scope").contains("admin"));
    let answer = back(&office, &sent.cookie, &format!("state={}&code=good1", sent.state)).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/slack/installed");
    assert_eq!(office.get("/slack/installed").send().await.unwrap().status(), StatusCode::OK);
    office.quiet().await;
    let welcome = office.slack.posted();
    assert_eq!(welcome.len(), 1);
    assert_eq!(welcome[0].channel, "D7", "whoever installed it is welcomed");
    assert!(value_of(&welcome[0].arguments["blocks"], "Remote Rust").is_some());
    assert_eq!(workspaces(&office).await, 1);
    let clear =
        "SELECT count(*) FROM slack_workspaces WHERE encode(sealed, 'escape') LIKE '%xoxb%'";
    assert_eq!(office.world.count(clear).await, 0);
    // A token that is copied into another row does not open there.
    let row = earlybrd::db::slack::workspace(&office.world.pool, "T9").await.unwrap().unwrap();
    let sealed = row.sealed.unwrap();
    assert!(keys().open(earlybrd::db::slack::cell(row.id), &sealed).is_ok());
    assert!(keys().open(earlybrd::db::slack::cell(row.id + 1), &sealed).is_err());
}

#[tokio::test]
async fn the_way_back_works_once_in_time_and_in_its_own_browser() {
    let office = Office::empty().await;
    let refused = async |cookie: &str, query: &str| {
        let answer = back(&office, cookie, query).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        let page = said(answer).await;
        assert!(!page.contains("reflected"), "{page}");
    };
    let (one, other) = (sent(&office).await, sent(&office).await);
    let query = format!("state={}&code=good1&x=reflected", one.state);
    refused("", &query).await;
    refused(&other.cookie, &query).await;
    refused(&one.cookie, "code=good1").await;
    refused("earlybrd_slack=", "state=&code=good1").await;
    refused("earlybrd_slack=reflected", "state=reflected&code=good1").await;
    assert_eq!(workspaces(&office).await, 0);
    assert_eq!(back(&office, &one.cookie, &query).await.status(), StatusCode::SEE_OTHER);
    refused(&one.cookie, &query).await;
    office.world.clock.advance(Duration::from_secs(601));
    refused(&other.cookie, &format!("state={}&code=good2", other.state)).await;
    assert_eq!(workspaces(&office).await, 1);
}

#[tokio::test]
async fn somebody_who_changes_their_mind_or_installs_for_an_organisation_is_told() {
    let office = Office::empty().await;
    for (query, says) in
        [("error=access_denied", "Nothing was installed"), ("code=org", "whole organisation")]
    {
        let sent = sent(&office).await;
        let answer = back(&office, &sent.cookie, &format!("state={}&{query}", sent.state)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(said(answer).await.contains(says), "{query}");
    }
    let wrong = sent(&office).await;
    let answer = back(&office, &wrong.cookie, &format!("state={}&code=bad", wrong.state)).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(workspaces(&office).await, 0);
}

#[tokio::test]
async fn installing_again_takes_the_place_of_the_old_token() {
    let office = Office::empty().await;
    office.slack.only_channels();
    for code in ["good1", "good2"] {
        install_as(&office, code).await;
    }
    assert_eq!(workspaces(&office).await, 1);
    assert_eq!(office.slack.posted().len(), 1, "nobody is welcomed twice");
}

/// Each that begins writes a row, whoever it is.
#[tokio::test]
async fn no_more_than_some_installations_begin_in_a_minute() {
    let office = Office::empty().await;
    let asked = (0..200).map(|_| office.get("/slack/install").send());
    let answers = futures_util::future::join_all(asked).await;
    let answers: Vec<Response> = answers.into_iter().map(Result::unwrap).collect();
    let waits = |answer: &&Response| answer.status() == StatusCode::TOO_MANY_REQUESTS;
    let told: Vec<&Response> = answers.iter().filter(waits).collect();
    // Two more are let through a second, however long this takes.
    assert!((20..=80).contains(&told.len()), "{}", told.len());
    assert!(told.iter().all(|answer| !answer.headers().contains_key("set-cookie")));
    let begun = office.world.count("SELECT count(*) FROM slack_installs").await;
    assert_eq!(begun, i64::try_from(answers.len() - told.len()).unwrap());
}
