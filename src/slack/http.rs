//! Slack's requests: a good signature first, then an answer within three seconds.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use super::body::{self, Brought};
use super::desk::{Desk, Ephemeral, Typed};
use super::signature;
use crate::render::replies;

/// Where Slack's requests go; the manifest names these.
pub const COMMANDS: &str = "/slack/commands";
pub const EVENTS: &str = "/slack/events";
pub const INTERACTIVITY: &str = "/slack/interactivity";

/// All of them.
pub const PATHS: [&str; 3] = [COMMANDS, EVENTS, INTERACTIVITY];

/// What the handlers share.
pub struct Door {
    pub desk: Arc<Desk>,
    pub signing_secret: SecretString,
}

/// One handler for every kind of request, so that an app may name one address for all.
pub fn router(door: Door) -> Router {
    let door = Arc::new(door);
    [COMMANDS, EVENTS, INTERACTIVITY, "/slack"]
        .into_iter()
        .fold(Router::new(), |router, path| router.route(path, post(take).get(look)))
        .with_state(door)
}

/// Slack looks whether somebody is there, without a signature.
async fn look(Query(asked): Query<HashMap<String, String>>) -> Response {
    if asked.get("ssl_check").map(String::as_str) == Some("1") {
        StatusCode::OK.into_response()
    } else {
        (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response()
    }
}

async fn take(Shared(door): Shared<Arc<Door>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = header("content-type").unwrap_or_default();
    if body::looks(kind, &body) {
        return StatusCode::OK.into_response();
    }
    let signed = (header("x-slack-request-timestamp"), header("x-slack-signature"));
    let now = door.desk.context.clock.now();
    if signature::check(&door.signing_secret, signed, &body, now).is_err() {
        let body = json!({ "error": "invalid request" });
        return (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response();
    }
    match Brought::read(kind, &body) {
        Brought::Command(typed) => answer(door.command(typed).await),
        Brought::Interaction(Some(interaction)) => answer(door.desk.did(interaction).await),
        Brought::Interaction(None) => answer(None),
        Brought::Event(Some(envelope)) => door.event(envelope).await,
        Brought::Event(None) => StatusCode::BAD_REQUEST.into_response(),
    }
}

fn answer(answer: Option<Json>) -> Response {
    match answer {
        Some(answer) => axum::Json(answer).into_response(),
        None => StatusCode::OK.into_response(),
    }
}

impl Door {
    async fn command(&self, typed: Option<Typed>) -> Option<Json> {
        match typed {
            Some(typed) => self.desk.typed(typed).await,
            None => Some(Ephemeral::of(&replies::something_went_wrong()).json()),
        }
    }

    async fn event(&self, envelope: Json) -> Response {
        if envelope.pointer("/type").and_then(Json::as_str) == Some("url_verification") {
            let challenge = envelope.pointer("/challenge").cloned().unwrap_or_default();
            return axum::Json(json!({ "challenge": challenge })).into_response();
        }
        match self.desk.happened(envelope).await {
            Ok(()) => StatusCode::OK.into_response(),
            // Slack brings it again.
            Err(error) => {
                tracing::error!("Slack: {error}");
                (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")]).into_response()
            }
        }
    }
}
