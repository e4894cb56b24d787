//! Slack as the far side of the replicas: what its Web API has for messages, before the same ledger and
//! with Slack's own limits and ways to fail.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::ledger::{Arrived, Kind, Ledger, Sent, titles};
use super::oracle::{address, group_of_person};

/// The one token that it takes.
pub const TOKEN: &str = "xoxb-chaos";

/// Slack lets one message a second into a channel; the network may bring two closer together.
const A_CHANNEL: Duration = Duration::from_millis(900);

/// Messages of a history at the most.
const PAGE: usize = 100;

pub fn routes() -> Router<Ledger> {
    Router::new()
        .route("/api/auth.test", any(whose))
        .route("/api/chat.postMessage", post(post_message))
        .route("/api/conversations.open", post(open))
        .route("/api/conversations.history", post(history))
}

/// Whose the token is.
async fn whose(headers: HeaderMap) -> Response {
    if !is_ours(&headers) {
        return refused("invalid_auth");
    }
    axum::Json(json!({ "ok": true, "team_id": "T0", "user_id": "U0" })).into_response()
}

fn refused(code: &str) -> Response {
    axum::Json(json!({ "ok": false, "error": code })).into_response()
}

fn is_ours(headers: &HeaderMap) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|given| given.strip_prefix("Bearer ")) == Some(TOKEN)
}

/// The body of a method that writes.
fn arguments(headers: &HeaderMap, body: &[u8]) -> Result<Value, &'static str> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_ours(headers) {
        return Err("invalid_auth");
    }
    if !kind.starts_with("application/json") {
        return Err("invalid_arguments");
    }
    serde_json::from_slice(body).map_err(|_| "invalid_json")
}

fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str)
}

/// Half of the people have to be asked into a conversation first.
fn channel(group: u32) -> String {
    if group.is_multiple_of(2) { format!("D{group}") } else { format!("U{group}") }
}

/// The group whose conversation a channel is.
fn group_of(id: &str) -> Option<u32> {
    let group = id.strip_prefix('D').and_then(|group| group.parse().ok());
    let direct = group_of_person(id).filter(|group| channel(*group) == id);
    group.or(direct)
}

async fn post_message(State(ledger): State<Ledger>, headers: HeaderMap, body: Bytes) -> Response {
    sleep(Duration::from_millis(fastrand::u64(2..40))).await;
    let arguments = match arguments(&headers, &body) {
        Ok(arguments) => arguments,
        Err(why) => return refused(why),
    };
    let Some(group) = text(&arguments, "/channel").and_then(group_of) else {
        return refused("channel_not_found");
    };
    let delivery = text(&arguments, "/metadata/event_payload/id").and_then(|id| id.parse().ok());
    let blocks = arguments.pointer("/blocks").map(Value::to_string).unwrap_or_default();
    let titles = titles(&blocks);
    let (Some(delivery), false) = (delivery, titles.is_empty()) else {
        return refused("invalid_blocks");
    };
    match fastrand::u32(0..300) {
        0 => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        1 => return limited(),
        2 => return refused("fatal_error"),
        _ => {}
    }
    let sent = Sent { kind: Kind::Slack, delivery, target: address(Kind::Slack, group), titles };
    let Some(number) = ledger.write_at_most(sent, (1, A_CHANNEL)) else { return limited() };
    match fastrand::u32(0..100) {
        0 => StatusCode::GATEWAY_TIMEOUT.into_response(),
        // Some of it may have succeeded, Slack says of this one.
        1 => refused("internal_error"),
        _ => {
            let ts = ledger.stamp(number);
            axum::Json(json!({ "ok": true, "channel": format!("D{group}"), "ts": ts }))
                .into_response()
        }
    }
}

fn limited() -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")]).into_response()
}

async fn open(headers: HeaderMap, body: Bytes) -> Response {
    let arguments = match arguments(&headers, &body) {
        Ok(arguments) => arguments,
        Err(why) => return refused(why),
    };
    match text(&arguments, "/users").and_then(group_of_person) {
        Some(group) => axum::Json(json!({ "ok": true, "channel": { "id": format!("D{group}") } }))
            .into_response(),
        None => refused("user_not_found"),
    }
}

async fn history(State(ledger): State<Ledger>, headers: HeaderMap, body: Bytes) -> Response {
    sleep(Duration::from_millis(fastrand::u64(2..20))).await;
    if !is_ours(&headers) {
        return refused("invalid_auth");
    }
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let given = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, it)| it.as_str());
    let group = given("channel").filter(|id| id.starts_with('D')).and_then(group_of);
    let Some(group) = group else { return refused("channel_not_found") };
    let oldest: f64 = given("oldest").and_then(|oldest| oldest.parse().ok()).unwrap_or_default();
    let limit = given("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE).min(PAGE);
    let with_metadata = given("include_all_metadata") == Some("true");
    let target = address(Kind::Slack, group);
    let messages = ledger.arrived_at(&target).into_iter().rev().filter_map(|(number, arrived)| {
        let ts = ledger.stamp(number);
        let is_wanted = ts.parse::<f64>().is_ok_and(|at| at >= oldest);
        is_wanted.then(|| said(&arrived, &ts, with_metadata))
    });
    let messages: Vec<Value> = messages.take(limit).collect();
    axum::Json(json!({ "ok": true, "messages": messages, "has_more": false })).into_response()
}

fn said(arrived: &Arrived, ts: &str, with_metadata: bool) -> Value {
    let mut said = json!({ "type": "message", "ts": ts, "text": arrived.sent.titles.join(", ") });
    if with_metadata && let Some(said) = said.as_object_mut() {
        let payload = json!({ "id": arrived.sent.delivery.to_string() });
        let metadata = json!({ "event_type": "earlybrd_delivery", "event_payload": payload });
        said.insert("metadata".to_owned(), metadata);
    }
    said
}
