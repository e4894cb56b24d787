//! `/upgrade` and `/billing`: where the buttons of mails about bills lead.
//!
//! A GET changes nothing, since mail programs open links by themselves: it shows a button.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use super::page::{FORM_TO_STRIPE, Page};
use crate::commands::{self, Actor, Context};
use crate::db;
use crate::domain::ids::AccountId;
use crate::domain::reply::{Part, Reply};
use crate::secrets::{BadLink, Keys, Purpose};

/// What the pages share.
pub struct Bills {
    pub context: Context,
    pub keys: Arc<Keys>,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    token: String,
}

type Bill = (Shared<Arc<Bills>>, Query<Asked>);

pub fn router(bills: Bills) -> Router {
    let upgrade = get(async |bill: Bill| ask(&bill, Purpose::Upgrade))
        .post(async |bill: Bill| lead(bill, (Purpose::Upgrade, "upgrade")).await);
    let billing = get(async |bill: Bill| ask(&bill, Purpose::Billing))
        .post(async |bill: Bill| lead(bill, (Purpose::Billing, "billing")).await);
    Router::new().route("/upgrade", upgrade).route("/billing", billing).with_state(Arc::new(bills))
}

fn page(status: StatusCode, title: &str, text: &str, button: Option<&str>) -> Response {
    Page { title, text, button }.response(status, FORM_TO_STRIPE)
}

/// Whose link it is.
fn whose((bills, asked): (&Bills, &Asked), purpose: Purpose) -> Result<AccountId, BadLink> {
    let link = bills.keys.verify(&asked.token, purpose, bills.context.clock.now());
    link.map(|link| AccountId(link.id))
}

fn refused(why: BadLink) -> Response {
    let text = "In the chat the commands upgrade and billing give you a new one.";
    page(StatusCode::BAD_REQUEST, &why.to_string(), text, None)
}

fn ask((Shared(bills), Query(asked)): &Bill, purpose: Purpose) -> Response {
    if let Err(why) = whose((bills, asked), purpose) {
        return refused(why);
    }
    let text = "Cards, bills and plans are at Stripe, which takes our payments.";
    page(StatusCode::OK, "What you pay", text, Some("Go on to Stripe"))
}

/// Does what the command does, and leads to where its link leads.
async fn lead(
    (Shared(bills), Query(asked)): Bill,
    (purpose, command): (Purpose, &str),
) -> Response {
    let account = match whose((&bills, &asked), purpose) {
        Ok(account) => account,
        Err(why) => return refused(why),
    };
    let target = match db::soon(db::plans::target(&bills.context.pool, account)).await {
        Ok(Some(target)) => target,
        Ok(None) => return page(StatusCode::NOT_FOUND, "There is no such account", "", None),
        Err(error) => {
            tracing::error!("a page of bills failed: {error}");
            let (title, text) = ("Something went wrong here", "Please try again in a minute.");
            let answer = page(StatusCode::SERVICE_UNAVAILABLE, title, text, None);
            return ([(header::RETRY_AFTER, "60")], answer).into_response();
        }
    };
    let reply = commands::say(&bills.context, Actor::alone(account, target), command).await;
    let url = reply.parts.iter().find_map(|part| match part {
        Part::Link { url, .. } => Some(url.as_str()),
        Part::Text(_) | Part::Code(_) | Part::List(_) | Part::Card { .. } => None,
    });
    match url {
        Some(url) => ([(header::CACHE_CONTROL, "no-store")], Redirect::to(url)).into_response(),
        None => page(StatusCode::OK, "What you pay", &said(&reply), None),
    }
}

fn said(reply: &Reply) -> String {
    let texts = reply.parts.iter().filter_map(|part| match part {
        Part::Text(text) | Part::Code(text) => Some(text.as_str()),
        Part::List(_) | Part::Link { .. } | Part::Card { .. } => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}
