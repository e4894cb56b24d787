//! Fault 11, where the database keeps everybody waiting: whoever asks is told within two seconds to come again,
//! and what is told again is taken once.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;
use sqlx::{AssertSqlSafe, Postgres, Transaction};
use tokio::time::Instant;

use crate::fakes::stripe::{SECRET, signed};
use crate::hall::{ANN, Hall};
use crate::office::Office;
use crate::site::Site;
use crate::till::Till;
use crate::world::World;

/// Who wants anything of a table waits until this transaction ends.
async fn locked(world: &World, table: &str) -> Transaction<'static, Postgres> {
    let mut lock = world.pool.begin().await.unwrap();
    let sql = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *lock).await.unwrap();
    lock
}

async fn is_put_off(request: RequestBuilder) {
    let asked = Instant::now();
    let answer = request.send().await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
}

async fn is_taken(request: RequestBuilder) {
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
}

#[tokio::test]
async fn an_event_of_stripes_that_cannot_be_kept_is_put_off_and_kept_once() {
    let till = Till::new().await;
    let event = json!({ "id": "evt_1", "type": "radar.told" }).to_string();
    let told = || {
        let request = till.client.post(till.base.join("/stripe/webhook").unwrap());
        let signature = signed(SECRET, till.world.now().timestamp(), &event);
        request.header("stripe-signature", signature).body(event.clone())
    };
    let lock = locked(&till.world, "stripe_events").await;
    is_put_off(told()).await;
    lock.rollback().await.unwrap();
    is_taken(told()).await;
    is_taken(told()).await;
    assert_eq!(till.world.count("SELECT count(*) FROM stripe_events").await, 1);
}

#[tokio::test]
async fn what_somebody_says_in_slack_is_put_off_and_answered_once() {
    let office = Office::new().await;
    let line = json!({ "type": "message", "channel_type": "im", "channel": "D1", "user": "U1",
                       "text": "list" });
    let lock = locked(&office.world, "slack_heard").await;
    is_put_off(office.event("Ev1", &line)).await;
    lock.rollback().await.unwrap();
    // Slack comes again at once, and after a minute.
    office.event("Ev1", &line).send().await.unwrap();
    office.world.clock.advance(Duration::from_mins(1));
    is_taken(office.event("Ev1", &line)).await;
    office.quiet().await;
    assert_eq!(office.slack.posted().len(), 1);
}

#[tokio::test]
async fn a_removal_of_the_app_is_put_off_and_believed_when_it_is_told_again() {
    let office = Office::new().await;
    let removal = json!({ "type": "app_uninstalled" });
    let lock = locked(&office.world, "slack_heard").await;
    is_put_off(office.event("Ev1", &removal)).await;
    lock.rollback().await.unwrap();
    is_taken(office.event("Ev1", &removal)).await;
    let live = "SELECT count(*) FROM slack_workspaces WHERE sealed IS NOT NULL";
    assert_eq!(office.world.count(live).await, 0);
}

#[tokio::test]
async fn what_discord_tells_is_put_off_and_believed_when_it_is_told_again() {
    let hall = Hall::new().await;
    hall.types(ANN, "list", &[]).await;
    let event = json!({ "version": 1, "application_id": "12", "type": 1, "event": {
        "type": "APPLICATION_DEAUTHORIZED", "timestamp": "2026-01-01T00:00:00",
        "data": { "user": { "id": ANN.user } } } });
    let lock = locked(&hall.world, "discord_heard").await;
    is_put_off(hall.signed("/discord/events", &event)).await;
    lock.rollback().await.unwrap();
    is_taken(hall.signed("/discord/events", &event)).await;
    let broken = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";
    assert_eq!(hall.world.count(broken).await, 1);
}

#[tokio::test]
async fn the_chat_page_is_put_off_and_the_service_lives() {
    let site = Site::start().await;
    let browser = site.browser().await;
    let lock = locked(&site.world, "identities").await;
    for path in ["/playground", "/playground/boards"] {
        is_put_off(browser.request(Method::GET, path)).await;
    }
    is_taken(site.request(Method::GET, "/livez")).await;
    lock.rollback().await.unwrap();
    is_taken(browser.request(Method::GET, "/playground")).await;
}

/// Whose the bot is says the database, too.
#[tokio::test]
async fn a_channel_that_lets_the_bot_in_is_not_forgotten_while_the_database_is_away() {
    let office = Office::new().await;
    let joined = json!({ "type": "member_joined_channel", "user": "U0", "channel": "C1" });
    office.world.pool.close().await;
    is_put_off(office.event("Ev1", &joined)).await;
}
