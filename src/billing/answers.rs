//! What Stripe's answers say, read leniently, and why a call was refused.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use stripe::StripeError;

use crate::domain::account::AccountMark;
use crate::domain::plan::Plan;
use crate::payments::{Failure, Found};

/// Under which our mark stands in Stripe's objects.
pub const ACCOUNT: &str = "earlybrd_account";

/// A subscription as it stands; a plan is what has one of its prices.
pub fn found<'a>(subscription: &Json, prices_of: impl Fn(Plan) -> &'a [String]) -> Option<Found> {
    let text = |path: &str| subscription.pointer(path).and_then(Json::as_str);
    let items = subscription.pointer("/items/data").and_then(Json::as_array);
    let items = items.map_or(&[][..], Vec::as_slice);
    let price = |item: &Json| {
        let price = item.pointer("/price/id").or_else(|| item.pointer("/plan/id"));
        price.and_then(Json::as_str).map(str::to_owned)
    };
    let prices: Vec<String> = items.iter().filter_map(price).collect();
    let is_ours = |plan: &Plan| prices.iter().any(|price| prices_of(*plan).contains(price));
    let number = |of: &Json, path: &str| of.pointer(path).and_then(Json::as_i64);
    // Older versions of the API say it of the whole.
    let paid_until = |of: &Json| number(of, "/current_period_end");
    let ends = items.iter().filter_map(paid_until).max().or_else(|| paid_until(subscription));
    let cancel_at = number(subscription, "/cancel_at");
    let at_end = subscription.pointer("/cancel_at_period_end").and_then(Json::as_bool);
    Some(Found {
        id: text("/id")?.to_owned(),
        customer: id_of(subscription.pointer("/customer")).map(str::to_owned),
        mark: mark_of(subscription),
        plan: [Plan::Team, Plan::Pro].into_iter().find(is_ours),
        status: text("/status").unwrap_or("unknown").to_owned(),
        cancels: at_end == Some(true) || cancel_at.is_some(),
        period_ends: cancel_at.or(ends).and_then(|at| DateTime::<Utc>::from_timestamp(at, 0)),
    })
}

/// Our mark on an object, or another installation's.
pub fn mark_of(object: &Json) -> Option<AccountMark> {
    object.pointer("/metadata")?.get(ACCOUNT)?.as_str()?.parse().ok()
}

/// An object's id, whether it stands there alone or whole.
pub fn id_of(value: Option<&Json>) -> Option<&str> {
    let value = value?;
    value.as_str().or_else(|| value.pointer("/id").and_then(Json::as_str))
}

pub fn read(answer: Mutex<Option<Bytes>>) -> Result<Json, Failure> {
    let answer = answer.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or_default();
    serde_json::from_slice(&answer).map_err(|_| Failure::Away("an answer is no JSON".to_owned()))
}

/// Why a call failed, and whether it would under another key.
pub struct Refusal {
    pub failure: Failure,
    /// The key belongs to another wish, or to an error that is kept.
    pub stays_with_key: bool,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { failure, stays_with_key: false }
    }
}

pub fn unusable(error: impl std::fmt::Display) -> Failure {
    Failure::Refused(error.to_string())
}

/// Without what a message of Stripe's may hold of a key.
pub fn refusal(error: &StripeError) -> Refusal {
    let StripeError::Stripe(said, status) = error else {
        return match error {
            StripeError::Timeout => Failure::Away("no answer in time".to_owned()),
            StripeError::JSONDeserialize(_) => Failure::Away("an answer is no JSON".to_owned()),
            StripeError::ConfigError(why) => Failure::Refused(why.clone()),
            StripeError::ClientError(_) | StripeError::Stripe(..) => {
                Failure::Away("it cannot be reached".to_owned())
            }
        }
        .into();
    };
    let code = said.code.as_ref().map(stripe::ApiErrorsCode::as_str);
    // Of a customer who is gone the status does not tell: the wish that names them is a bad one.
    let is_unknown = code == Some("resource_missing") && said.param.as_deref() == Some("customer");
    let of_another = *status == 400 && said.type_.as_str() == "idempotency_error";
    let failure = match status {
        404 => Failure::Unknown,
        _ if is_unknown => Failure::Unknown,
        409 | 429 | 500.. => Failure::Away(status.to_string()),
        _ if of_another => Failure::Away("a key was used for another wish".to_owned()),
        401 => Failure::Refused(format!("{status}: the key is not taken")),
        _ => {
            let text = said.message.as_deref().unwrap_or("it does not say why");
            Failure::Refused(format!("{status}: {}", text.chars().take(200).collect::<String>()))
        }
    };
    Refusal { failure, stays_with_key: of_another || *status >= 500 }
}

pub fn unreadable() -> Failure {
    Failure::Away("an answer does not say what it should".to_owned())
}

/// An address that people may be sent to.
pub fn link(answer: &Json) -> Option<String> {
    let url = answer.pointer("/url").and_then(Json::as_str)?;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_one = url.len() <= 2_000 && url.bytes().all(|byte| byte.is_ascii_graphic());
    (is_web && is_one).then(|| url.to_owned())
}
