//! Discord's requests: a good signature first, then an answer within three seconds.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value as Json;

use super::desk::{Answer, Desk, unknown};
use super::signature;
use crate::db;

/// Where Discord's requests go.
pub const INTERACTIONS: &str = "/discord/interactions";
pub const EVENTS: &str = "/discord/events";

/// What the handlers share.
pub struct Door {
    pub desk: Arc<Desk>,
    pub key: [u8; 32],
}

/// What whoever is not Discord is told.
type Refused = (StatusCode, String);

pub fn router(door: Door) -> Router {
    Router::new()
        .route(INTERACTIONS, post(interaction))
        .route(EVENTS, post(event))
        .with_state(Arc::new(door))
}

impl Door {
    /// What was signed; else the answer to whoever did not.
    fn signed(&self, headers: &HeaderMap, body: &[u8]) -> Result<Json, Refused> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let signed = (header("x-signature-timestamp"), header("x-signature-ed25519"));
        let now = self.desk.context.clock.now();
        signature::check(&self.key, signed, body, now)
            .map_err(|invalid| (StatusCode::UNAUTHORIZED, invalid.to_string()))?;
        serde_json::from_slice(body).map_err(|_| (StatusCode::BAD_REQUEST, "no JSON".to_owned()))
    }
}

async fn interaction(Shared(door): Shared<Arc<Door>>, headers: HeaderMap, body: Bytes) -> Response {
    let payload = match door.signed(&headers, &body) {
        Ok(payload) => payload,
        Err(refused) => return refused.into_response(),
    };
    let answer = match door.desk.interaction(payload).await {
        Some(Answer::This(answer) | Answer::Again(answer)) => answer,
        None => unknown(),
    };
    axum::Json(answer).into_response()
}

/// Something that happened: nothing of it is answered, and it comes again unless it is taken.
async fn event(Shared(door): Shared<Arc<Door>>, headers: HeaderMap, body: Bytes) -> Response {
    let payload = match door.signed(&headers, &body) {
        Ok(payload) => payload,
        Err(refused) => return refused.into_response(),
    };
    match db::soon(door.desk.happened(&payload)).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            tracing::error!("Discord: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")]).into_response()
        }
    }
}
