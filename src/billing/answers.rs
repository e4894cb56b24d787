//! What Stripe's answers say, read leniently, since async-stripe's types refuse fields and values that they do
//! not know; and why a call was refused.

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use serde_json::Value as Json;

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

/// Why a call was refused. Where no error of Stripe's own stands, somebody between us refused it, and says
/// nothing of what was asked for.
pub fn refusal(status: StatusCode, answer: &Json) -> Refusal {
    let error = answer.pointer("/error").filter(|error| error.is_object());
    let text = |name: &str| error.and_then(|error| error.get(name)?.as_str());
    // Of a customer who is gone the status does not tell: the wish that names them is a bad one.
    let is_unknown = text("code") == Some("resource_missing") && text("param") == Some("customer");
    let of_another = status == StatusCode::BAD_REQUEST && text("type") == Some("idempotency_error");
    let failure = match status.as_u16() {
        401 => Failure::Refused(format!("{status}: the key is not taken")),
        409 | 429 | 500.. => Failure::Away(status.to_string()),
        _ if error.is_none() => Failure::Away(status.to_string()),
        404 => Failure::Unknown,
        _ if is_unknown => Failure::Unknown,
        _ if of_another => Failure::Away("a key was used for another wish".to_owned()),
        _ => {
            let text = text("message").unwrap_or("it does not say why");
            Failure::Refused(format!("{status}: {}", text.chars().take(200).collect::<String>()))
        }
    };
    Refusal { failure, stays_with_key: of_another || status.is_server_error() }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(status: u16, answer: &Json, want: Failure, stays_with_key: bool) {
        let refusal = refusal(StatusCode::from_u16(status).unwrap(), answer);
        assert_eq!((refusal.failure, refusal.stays_with_key), (want, stays_with_key), "{answer}");
    }

    #[test]
    fn a_refusal_is_what_stripe_says_and_else_its_status() {
        let away = |said: &str| Failure::Away(said.to_owned());
        let refused = |said: &str| Failure::Refused(said.to_owned());
        let error = |error: Json| json!({ "error": error });
        let missing = error(json!({ "type": "invalid_request_error", "code": "resource_missing",
                                    "param": "customer", "message": "No such customer" }));
        check(404, &error(json!({ "type": "invalid_request_error" })), Failure::Unknown, false);
        check(404, &error(json!({ "message": "No such price" })), Failure::Unknown, false);
        check(400, &missing, Failure::Unknown, false);
        check(400, &error(json!({ "message": "Bad" })), refused("400 Bad Request: Bad"), false);
        check(401, &Json::Null, refused("401 Unauthorized: the key is not taken"), false);
        let used = error(json!({ "type": "idempotency_error" }));
        check(400, &used, away("a key was used for another wish"), true);
        for answer in [Json::Null, json!("down"), json!({}), error(json!("down")), missing] {
            check(429, &answer, away("429 Too Many Requests"), false);
            check(500, &answer, away("500 Internal Server Error"), true);
            check(502, &answer, away("502 Bad Gateway"), true);
        }
        // That something is not there, Stripe alone can say.
        check(404, &Json::Null, away("404 Not Found"), false);
        check(403, &json!("<html>"), away("403 Forbidden"), false);
    }
}
