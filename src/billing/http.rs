//! Stripe's requests, and the page that browsers come back to.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use ring::digest::{SHA256, digest};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value as Json;
use sqlx::PgPool;

use super::signature;
use crate::clock::Clock;
use crate::db;

/// Where Stripe's requests go.
pub const WEBHOOK: &str = "/stripe/webhook";

/// Where browsers come back to.
pub const UPGRADED: &str = "/upgraded";

/// Longest id that is kept.
const ID: usize = 255;

/// Nothing but the page itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// What the pages share.
pub struct State {
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
    pub secrets: Vec<SecretString>,
}

#[derive(Template)]
#[template(path = "pages/mail.html")]
struct Page<'a> {
    title: &'a str,
    text: &'a str,
    button: Option<&'a str>,
}

/// What the address that Stripe sends browsers to says.
#[derive(Deserialize)]
struct Came {
    #[serde(default)]
    paid: String,
}

pub fn router(state: State) -> Router {
    Router::new()
        .route(WEBHOOK, post(webhook))
        .route(UPGRADED, get(upgraded))
        .with_state(Arc::new(state))
}

/// Keeps what Stripe tells; it is looked at by a worker.
async fn webhook(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    let now = state.clock.now();
    if let Err(invalid) = signature::check(&state.secrets, header, &body, now) {
        return (StatusCode::BAD_REQUEST, invalid.to_string()).into_response();
    }
    // A NUL has no place in Postgres' texts.
    let body = String::from_utf8_lossy(&body).replace('\0', "");
    let event: Json = serde_json::from_str(&body).unwrap_or_default();
    let text = |name: &str| {
        let text = event.get(name).and_then(Json::as_str).unwrap_or_default();
        text.chars().take(ID).collect::<String>()
    };
    let (mut id, kind) = (text("id"), text("type"));
    if id.is_empty() {
        // Stripe signed it and would bring it again: it is kept for whoever wants to read it.
        let hash = digest(&SHA256, body.as_bytes());
        let hash: Vec<String> = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        id = format!("sha256-{}", hash.concat());
    }
    let heard = db::stripe_events::hear(&state.pool, (&id, &kind), &body, now);
    match db::soon(heard).await {
        Ok(_) => StatusCode::OK.into_response(),
        Err(error) => {
            tracing::error!("an event of Stripe's was not kept: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")]).into_response()
        }
    }
}

async fn upgraded(Query(came): Query<Came>) -> Response {
    let page = if came.paid == "no" {
        Page {
            title: "Nothing was paid",
            text: "You can close this page. The command upgrade gives you the link again.",
            button: None,
        }
    } else {
        Page {
            title: "Thank you!",
            text: "You can close this page: earlybrd says in your chat when your plan is on, which takes \
                   some seconds. The command billing gives you invoices, and lets you cancel.",
            button: None,
        }
    };
    let html = page.render().unwrap_or_else(|error| {
        tracing::error!("a template failed: {error}");
        String::new()
    });
    let headers = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, Html(html)).into_response()
}
