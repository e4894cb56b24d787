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
use url::Url;
use url::form_urlencoded;

use super::desk::{Desk, Ephemeral, Typed};
use super::people::Who;
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
    if is_look(asked.get("ssl_check").map(String::as_str)) {
        StatusCode::OK.into_response()
    } else {
        (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response()
    }
}

fn is_look(ssl_check: Option<&str>) -> bool {
    ssl_check == Some("1")
}

async fn take(Shared(door): Shared<Arc<Door>>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Form::read(&headers, &body);
    if is_look(form.as_ref().and_then(|form| form.text("ssl_check"))) {
        return StatusCode::OK.into_response();
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signed = (header("x-slack-request-timestamp"), header("x-slack-signature"));
    let now = door.desk.context.clock.now();
    if signature::check(&door.signing_secret, signed, &body, now).is_err() {
        let body = json!({ "error": "invalid request" });
        return (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response();
    }
    match form {
        Some(form) => match form.text("payload") {
            Some(payload) => answer(door.interaction(payload).await),
            None => answer(door.command(&form).await),
        },
        None => door.event(&body).await,
    }
}

fn answer(answer: Option<Json>) -> Response {
    match answer {
        Some(answer) => axum::Json(answer).into_response(),
        None => StatusCode::OK.into_response(),
    }
}

impl Door {
    async fn command(&self, form: &Form) -> Option<Json> {
        match typed(|name| form.text(name)) {
            Some(typed) => self.desk.typed(typed).await,
            None => Some(Ephemeral::of(&replies::something_went_wrong()).json()),
        }
    }

    async fn interaction(&self, payload: &str) -> Option<Json> {
        self.desk.did(serde_json::from_str(payload).ok()?).await
    }

    async fn event(&self, body: &[u8]) -> Response {
        let Ok(envelope) = serde_json::from_slice::<Json>(body) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
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

/// A line behind the command, by the names that Slack gives its parts.
pub fn typed<'a>(part: impl Fn(&str) -> Option<&'a str>) -> Option<Typed> {
    Some(Typed {
        who: Who::new(part("team_id")?, part("user_id")?, part("channel_id"))?,
        text: part("text").unwrap_or_default().to_owned(),
        response_url: part("response_url").and_then(|url| Url::parse(url).ok()),
        trigger: part("trigger_id").map(str::to_owned),
    })
}

/// A form's fields; of two with one name the first.
struct Form(Vec<(String, String)>);

impl Form {
    /// `None` if it is none.
    fn read(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let pairs = form_urlencoded::parse(body);
        kind.starts_with("application/x-www-form-urlencoded").then(|| {
            Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
