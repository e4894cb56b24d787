//! Discord as the far side of the replicas: what its API has for messages, before the same ledger and with
//! Discord's own limits and ways to fail.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::ledger::{Arrived, Kind, Ledger, Sent, titles};
use super::oracle::address;

/// The one token that it takes.
pub const TOKEN: &str = "chaos";

/// Discord lets five messages in five seconds into a channel; the network may bring six closer together.
const A_CHANNEL: (usize, Duration) = (5, Duration::from_millis(4_500));

/// First millisecond of Discord's ids, after 1970.
const EPOCH: u64 = 1_420_070_400_000;

/// What a history is asked for.
#[derive(Debug, Deserialize)]
struct Asked {
    limit: usize,
    after: u64,
}

pub fn routes() -> Router<Ledger> {
    Router::new()
        .route("/api/v10/users/@me/channels", post(open))
        .route("/api/v10/channels/{channel}/messages", post(create).get(history))
}

fn refused(status: StatusCode, code: u32) -> Response {
    (status, axum::Json(json!({ "code": code, "message": "refused" }))).into_response()
}

fn limited() -> Response {
    let body = json!({ "message": "limited", "retry_after": 0.7, "global": false });
    (StatusCode::TOO_MANY_REQUESTS, [("x-ratelimit-scope", "user")], axum::Json(body))
        .into_response()
}

fn is_ours(headers: &HeaderMap) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    given.and_then(|given| given.strip_prefix("Bot ")) == Some(TOKEN)
}

/// The group whose conversation a channel is: that with user 7 is channel 97.
fn group_of(channel: &str) -> Option<u32> {
    group_of_user(channel.strip_prefix('9')?)
}

fn group_of_user(id: &str) -> Option<u32> {
    id.parse::<u32>().ok()?.checked_sub(1)
}

async fn open(headers: HeaderMap, body: Bytes) -> Response {
    if !is_ours(&headers) {
        return refused(StatusCode::UNAUTHORIZED, 0);
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    match body.pointer("/recipient_id").and_then(Value::as_str) {
        Some(user) if group_of_user(user).is_some() => {
            axum::Json(json!({ "id": format!("9{user}"), "type": 1 })).into_response()
        }
        _ => refused(StatusCode::BAD_REQUEST, 50_033),
    }
}

async fn create(
    State(ledger): State<Ledger>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    sleep(Duration::from_millis(fastrand::u64(2..40))).await;
    if !is_ours(&headers) {
        return refused(StatusCode::UNAUTHORIZED, 0);
    }
    let Some(group) = group_of(&channel) else { return refused(StatusCode::NOT_FOUND, 10_003) };
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let nonce = body.pointer("/nonce").and_then(Value::as_str).and_then(|it| it.parse().ok());
    let is_enforced = body.pointer("/enforce_nonce").and_then(Value::as_bool) == Some(true);
    let titles = titles(&body.pointer("/embeds").map(Value::to_string).unwrap_or_default());
    let (Some(delivery), true, false) = (nonce, is_enforced, titles.is_empty()) else {
        return refused(StatusCode::BAD_REQUEST, 50_035);
    };
    match fastrand::u32(0..300) {
        0 => return StatusCode::BAD_GATEWAY.into_response(),
        1 => return limited(),
        2 => return refused(StatusCode::SERVICE_UNAVAILABLE, 130_000),
        _ => {}
    }
    let target = address(Kind::Discord, group);
    let sent = Sent { kind: Kind::Discord, delivery, target, titles };
    let Some(number) = ledger.write_at_most(sent, A_CHANNEL) else { return limited() };
    match fastrand::u32(0..100) {
        0 => StatusCode::GATEWAY_TIMEOUT.into_response(),
        1 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        // Whoever stands in between passed it on.
        2 => StatusCode::BAD_GATEWAY.into_response(),
        3 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => axum::Json(json!({ "id": id(&ledger, number).to_string() })).into_response(),
    }
}

/// Discord's ids hold when they were made.
fn id(ledger: &Ledger, number: usize) -> u64 {
    let at = u64::try_from(ledger.at(number).timestamp_millis()).unwrap_or(EPOCH);
    at.saturating_sub(EPOCH) << 22 | u64::try_from(number).unwrap_or(0) & 0x3f_ffff
}

async fn history(
    State(ledger): State<Ledger>,
    Path(channel): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    sleep(Duration::from_millis(fastrand::u64(2..20))).await;
    if !is_ours(&headers) {
        return refused(StatusCode::UNAUTHORIZED, 0);
    }
    let Some(group) = group_of(&channel) else { return refused(StatusCode::NOT_FOUND, 10_003) };
    let there = ledger.arrived_at(&address(Kind::Discord, group)).into_iter();
    let ids = there.map(|(number, arrived)| (id(&ledger, number), arrived));
    let after = ids.filter(|(id, _)| *id > asked.after).map(|(id, arrived)| said(id, &arrived));
    axum::Json(after.take(asked.limit.min(100)).collect::<Value>()).into_response()
}

fn said(id: u64, arrived: &Arrived) -> Value {
    let footer = json!({ "text": format!("earlybrd no. {}", arrived.sent.delivery) });
    let embed = json!({ "description": arrived.sent.titles.join(", "), "footer": footer });
    json!({ "id": id.to_string(), "embeds": [embed] })
}
