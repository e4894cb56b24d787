//! `/verify`, `/unsubscribe` and Mailgun's webhook.
//!
//! A GET changes nothing, since mail programs and scanners open links by themselves: it shows a button.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sqlx::{PgConnection, PgPool};

use super::ending::{Ending, end_one};
use super::page::{OWN_FORM, Page};
use super::rests;
use crate::clock::Clock;
use crate::db;
use crate::db::emails::{Confirmed, cell};
use crate::db::suppressed::Cause;
use crate::domain::email::EmailAddress;
use crate::mail::mailgun::{self, About, BadWebhook, Event};
use crate::secrets::{BadLink, Keys, Purpose, Subject, token_digest};

/// What the pages share.
pub struct State {
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
    pub keys: Arc<Keys>,
    /// What Mailgun signs its webhooks with.
    pub mailgun: Option<SecretString>,
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
    page.response(status, OWN_FORM)
}

/// A link that says yes no more, or never did.
fn refused(why: BadLink) -> Response {
    let text = match why {
        BadLink::Forged => "It may have been cut off in the mail: copy it whole.",
        BadLink::Expired => "Type the command email again to get a new one.",
    };
    let (title, button) = (why.to_string(), None);
    page(StatusCode::GONE, &Page { title: &title, text, button })
}

/// Asks the database, and not for long: whoever waits is told to come again.
async fn soon<T>(work: impl Future<Output = sqlx::Result<T>>) -> Result<T, Response> {
    let error = match db::soon(work).await {
        Ok(done) => return Ok(done),
        Err(error) => error,
    };
    tracing::error!("a page of mail failed: {error}");
    let (title, text) = ("Something went wrong here", "Please try again in a minute.");
    let answer = page(StatusCode::SERVICE_UNAVAILABLE, &Page { title, text, button: None });
    Err(([(header::RETRY_AFTER, "60")], answer).into_response())
}

impl State {
    fn id(&self, asked: &Asked, purpose: Purpose) -> Result<i64, BadLink> {
        self.keys.verify(&asked.token, purpose, self.clock.now()).map(|link| link.id)
    }
}

async fn verify_page(
    Shared(state): Shared<Arc<State>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Response> {
    let id = state.id(&asked, Purpose::Verify).map_err(refused)?;
    let link = token_digest(&asked.token);
    if !soon(db::emails::takes_link(&state.pool, id, &link)).await? {
        return Err(refused(BadLink::Expired));
    }
    Ok(page(
        StatusCode::OK,
        &Page {
            title: "Is this your address?",
            text: "earlybrd writes to it about new postings, once you say yes.",
            button: Some("Yes, write to me"),
        },
    ))
}

async fn verify(
    Shared(state): Shared<Arc<State>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Response> {
    let id = state.id(&asked, Purpose::Verify).map_err(refused)?;
    let (link, now) = (token_digest(&asked.token), state.clock.now());
    let confirmed = db::in_tx(&state.pool, async |tx| {
        let Some(confirmed) = db::emails::confirm(tx, id, &link, now).await? else {
            return Ok(false);
        };
        // What came back before arrives now.
        db::suppressed::lift(tx, &state.suppressed(&confirmed)).await?;
        Ok(true)
    });
    if !soon(confirmed).await? {
        return Err(refused(BadLink::Expired));
    }
    Ok(page(
        StatusCode::OK,
        &Page {
            title: "Thank you",
            text: "This address is confirmed. You can close this page.",
            button: None,
        },
    ))
}

/// The same whatever the link is, so that nobody learns from it which addresses there are.
async fn unsubscribe_page() -> Response {
    page(
        StatusCode::OK,
        &Page {
            title: "No more mails?",
            text: "Your filters stay; what they find is told in your chat.",
            button: Some("Yes, end them"),
        },
    )
}

/// Also what mail programs send by themselves (RFC 8058).
async fn unsubscribe(
    Shared(state): Shared<Arc<State>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Response> {
    if let Ok(id) = state.id(&asked, Purpose::Unsubscribe) {
        let (why, now) = ("you ended mails to this address", state.clock.now());
        soon(db::in_tx(&state.pool, async |tx| end_one(tx, id, why, now).await)).await?;
    }
    Ok(page(
        StatusCode::OK,
        &Page {
            title: "Done",
            text: "No more mails go to this address, not even those that waited.",
            button: None,
        },
    ))
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
    let done = db::in_tx(&state.pool, async |tx| state.take(tx, &event, now).await);
    match soon(done).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(away) => away,
    }
}

impl State {
    /// What an address that said yes is suppressed by, if it is.
    fn suppressed(&self, confirmed: &Confirmed) -> Vec<Vec<u8>> {
        let text = self.keys.open(cell(confirmed.account), &confirmed.sealed).ok();
        let address = text.and_then(|text| text.expose_secret().parse::<EmailAddress>().ok());
        let digests = address.map(|it| self.keys.digests(Subject::Suppressed, &it.folded()));
        digests.into_iter().flatten().map(|it| it.to_vec()).collect()
    }

    fn ending<'a>(&'a self, about: &'a About, why: &'a str) -> Ending<'a> {
        Ending { keys: &self.keys, address: &about.to, why }
    }

    async fn take(
        &self,
        tx: &mut PgConnection,
        event: &Event,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        match event {
            Event::Bounced { about, why, cause } => {
                let ending = self.ending(about, why);
                match cause {
                    mailgun::Cause::Mailbox => ending.end(tx, Some(Cause::Bounce), now).await?,
                    mailgun::Cause::Policy => {
                        db::limits::rest(tx, &rests(about.to.host(), now)).await?;
                    }
                    mailgun::Cause::Other => {}
                }
                // It was taken as told.
                match about.delivery {
                    Some(mail) => {
                        db::suppressed::came_back(tx, mail, &ending.digests(), why, now).await
                    }
                    None => Ok(()),
                }
            }
            Event::Complained(about) => {
                let cause = Some(Cause::Complaint);
                self.ending(about, "its owner complained").end(tx, cause, now).await
            }
            Event::Unsubscribed(about) => {
                self.ending(about, "its owner wants no more").end(tx, None, now).await
            }
            Event::Delayed { .. } | Event::Unknown(_) => Ok(()),
        }
    }
}
