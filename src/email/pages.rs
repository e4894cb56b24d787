//! `/verify`, `/unsubscribe` and Mailgun's webhook.
//!
//! A GET changes nothing, since mail programs and scanners open links by themselves: it shows a button.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use secrecy::SecretString;
use serde::Deserialize;
use sqlx::PgPool;

use crate::clock::Clock;
use crate::db;
use crate::mail::mailgun::{self, About, BadWebhook, Cause, Event};
use crate::secrets::{BadLink, Keys, Purpose, Subject};

/// Nothing but the page's own form.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// What the pages share.
pub struct State {
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
    pub keys: Arc<Keys>,
    /// What Mailgun signs its webhooks with.
    pub mailgun: Option<SecretString>,
}

#[derive(Template)]
#[template(path = "pages/mail.html")]
struct Page<'a> {
    title: &'a str,
    text: &'a str,
    button: Option<&'a str>,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    token: String,
}

pub fn router(state: State) -> Router {
    Router::new()
        .route("/verify", get(verify_page).post(verify))
        .route("/unsubscribe", get(unsubscribe_page).post(unsubscribe))
        .route("/mailgun", post(webhook))
        .with_state(Arc::new(state))
}

fn page(status: StatusCode, page: &Page<'_>) -> Response {
    let html = page.render().unwrap_or_else(|error| {
        tracing::error!("a template failed: {error}");
        String::new()
    });
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // The token stands in the address.
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, Html(html)).into_response()
}

fn refused(why: BadLink) -> Response {
    let text = match why {
        BadLink::Forged => "It may have been cut off in the mail: copy it whole.",
        BadLink::Expired => "Type the command email again to get a new one.",
    };
    let (title, button) = (why.to_string(), None);
    page(StatusCode::BAD_REQUEST, &Page { title: &title, text, button })
}

fn away(error: &sqlx::Error) -> Response {
    tracing::error!("a page of mail failed: {error}");
    let (title, text) = ("Something went wrong here", "Please try again in a minute.");
    page(StatusCode::SERVICE_UNAVAILABLE, &Page { title, text, button: None })
}

impl State {
    fn id(&self, asked: &Asked, purpose: Purpose) -> Result<i64, BadLink> {
        self.keys.verify(&asked.token, purpose, self.clock.now()).map(|link| link.id)
    }
}

async fn verify_page(Shared(state): Shared<Arc<State>>, Query(asked): Query<Asked>) -> Response {
    match state.id(&asked, Purpose::Verify) {
        Err(why) => refused(why),
        Ok(_) => page(
            StatusCode::OK,
            &Page {
                title: "Is this your address?",
                text: "earlybrd writes to it about new postings, once you say yes.",
                button: Some("Yes, write to me"),
            },
        ),
    }
}

async fn verify(Shared(state): Shared<Arc<State>>, Query(asked): Query<Asked>) -> Response {
    let id = match state.id(&asked, Purpose::Verify) {
        Ok(id) => id,
        Err(why) => return refused(why),
    };
    let now = state.clock.now();
    match db::in_tx(&state.pool, async |tx| db::emails::confirm(tx, id, now).await).await {
        Err(error) => away(&error),
        Ok(false) => refused(BadLink::Expired),
        Ok(true) => page(
            StatusCode::OK,
            &Page {
                title: "Thank you",
                text: "This address is confirmed. You can close this page.",
                button: None,
            },
        ),
    }
}

async fn unsubscribe_page(
    Shared(state): Shared<Arc<State>>,
    Query(asked): Query<Asked>,
) -> Response {
    match state.id(&asked, Purpose::Unsubscribe) {
        Err(why) => refused(why),
        Ok(_) => page(
            StatusCode::OK,
            &Page {
                title: "No more mails?",
                text: "Your filters stay; what they find is told in your chat.",
                button: Some("Yes, end them"),
            },
        ),
    }
}

/// Also what mail programs send by themselves (RFC 8058).
async fn unsubscribe(Shared(state): Shared<Arc<State>>, Query(asked): Query<Asked>) -> Response {
    let id = match state.id(&asked, Purpose::Unsubscribe) {
        Ok(id) => id,
        Err(why) => return refused(why),
    };
    let now = state.clock.now();
    let ended = async |tx: &mut sqlx::PgConnection| {
        db::emails::end(tx, id, "you ended mails to this address", now).await
    };
    match db::in_tx(&state.pool, ended).await {
        Err(error) => away(&error),
        Ok(_) => page(
            StatusCode::OK,
            &Page {
                title: "Done",
                text: "No more mails go to this address, not even those that waited.",
                button: None,
            },
        ),
    }
}

/// Mailgun tells the same again until it is answered 200; everything here can be done twice.
async fn webhook(Shared(state): Shared<Arc<State>>, body: Bytes) -> Response {
    let Some(key) = &state.mailgun else { return StatusCode::NOT_FOUND.into_response() };
    let now = state.clock.now();
    let event = match mailgun::read(&body, key, now) {
        Ok(webhook) => webhook.event,
        Err(BadWebhook::Malformed) => return StatusCode::BAD_REQUEST.into_response(),
        Err(BadWebhook::Forged | BadWebhook::Stale) => {
            return StatusCode::UNAUTHORIZED.into_response();
        }
    };
    let done = match event {
        Event::Bounced { about, why, cause } => {
            state.ends(&about, &why, cause == Cause::Mailbox).await
        }
        Event::Complained(about) => state.ends(&about, "its owner complained", true).await,
        Event::Unsubscribed(about) => state.ends(&about, "its owner wants no more", false).await,
        Event::Delayed { .. } | Event::Unknown(_) => Ok(()),
    };
    match done {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            tracing::error!("a webhook failed: {error}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

impl State {
    /// Ends mails to an address, whoever entered it; with `for_ever` it is never written to again.
    async fn ends(&self, about: &About, why: &str, for_ever: bool) -> sqlx::Result<()> {
        let (folded, now) = (about.to.folded(), self.clock.now());
        let digests: Vec<Vec<u8>> =
            self.keys.digests(Subject::Address, &folded).iter().map(|it| it.to_vec()).collect();
        db::in_tx(&self.pool, async |tx| {
            if for_ever {
                let digest = self.keys.digest(Subject::Suppressed, &folded);
                db::emails::suppress(&mut *tx, &digest, why, now).await?;
            }
            for id in db::emails::of_digests(&mut *tx, &digests).await? {
                db::emails::end(tx, id, why, now).await?;
            }
            Ok(())
        })
        .await
    }
}
