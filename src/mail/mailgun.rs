//! What Mailgun tells us of mails that it took: its webhooks, signed and parsed.
//!
//! The form is that of documentation.mailgun.com/docs/mailgun/user-manual/webhooks: `securing-webhooks`
//! (the signature is a hexadecimal HMAC-SHA256 of timestamp and token, by the account's signing key),
//! `webhook-payloads` (fields may be added at any time) and `webhook-retries` (sent again for eight
//! hours unless it was answered with 200, or with 406 for good).

use chrono::{DateTime, TimeDelta, Utc};
use ring::hmac::{self, HMAC_SHA256};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::letter::delivery_of;
use crate::domain::email::EmailAddress;
use crate::domain::ids::DeliveryId;

/// Oldest signature that is taken: Mailgun tries for eight hours, and does not say if it signs each
/// try anew. All that an event does, it does once, however often it comes.
const OLDEST: TimeDelta = TimeDelta::hours(9);

/// How far Mailgun's clock may be before ours.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Longest token; Mailgun's have fifty characters.
const TOKEN_LEN: usize = 128;

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Names this webhook; Mailgun uses each once.
    pub token: String,
    pub event: Event,
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It will not arrive, and Mailgun has given up.
    Bounced { about: About, why: String, cause: Cause },
    /// Mailgun tries again by itself.
    Delayed { about: About, why: String },
    /// The person says that it is spam.
    Complained(About),
    /// The person pressed a link of Mailgun's.
    Unsubscribed(About),
    /// Anything else, by its name.
    Unknown(String),
}

/// Why a mail bounced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No such mailbox: nobody writes to it again.
    Mailbox,
    /// The host refuses us: the address is good.
    Policy,
    /// The mailbox is full, or something else is wrong: the address may be good.
    Other,
}

/// Which mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub to: EmailAddress,
    /// `None` if the mail is none of a delivery.
    pub delivery: Option<DeliveryId>,
}

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadWebhook {
    #[error("not a webhook of Mailgun's")]
    Malformed,
    #[error("the signature is not ours")]
    Forged,
    #[error("the signature is too old, or from the future")]
    Stale,
}

#[derive(Deserialize)]
struct Body {
    signature: Signature,
    #[serde(rename = "event-data")]
    event: serde_json::Value,
}

#[derive(Deserialize)]
struct Signature {
    /// Seconds, as text in the examples and as a number in the description.
    timestamp: serde_json::Value,
    token: String,
    #[serde(rename = "signature")]
    tag: String,
}

/// The signature is checked before anything that it covers is believed.
pub fn read(body: &[u8], key: &SecretString, now: DateTime<Utc>) -> Result<Webhook, BadWebhook> {
    let body: Body = serde_json::from_slice(body).map_err(|_| BadWebhook::Malformed)?;
    let Signature { timestamp, token, tag } = body.signature;
    let timestamp = timestamp.as_str().map_or_else(|| timestamp.to_string(), str::to_owned);
    if token.len() > TOKEN_LEN {
        return Err(BadWebhook::Malformed);
    }
    let tag = from_hex(&tag).ok_or(BadWebhook::Forged)?;
    let key = hmac::Key::new(HMAC_SHA256, key.expose_secret().as_bytes());
    let signed = format!("{timestamp}{token}");
    hmac::verify(&key, signed.as_bytes(), &tag).map_err(|_| BadWebhook::Forged)?;
    let at = timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let age = now - at.ok_or(BadWebhook::Malformed)?;
    if age > OLDEST || age < -AHEAD {
        return Err(BadWebhook::Stale);
    }
    Ok(Webhook { token, event: event(&body.event) })
}

/// An event that lacks what it needs is as good as unknown: it is stored and looked at by a person.
fn event(data: &serde_json::Value) -> Event {
    let text = |path: &str| data.pointer(path).and_then(serde_json::Value::as_str);
    let name = text("/event").unwrap_or_default();
    let Some(to) = text("/recipient").and_then(|to| to.parse().ok()) else {
        return Event::Unknown(name.to_owned());
    };
    let delivery = text("/message/headers/message-id").and_then(delivery_of);
    let about = About { to, delivery };
    let code = data.pointer("/delivery-status/code").and_then(serde_json::Value::as_i64);
    let why = || {
        let reason = text("/reason").unwrap_or("no reason");
        code.map_or_else(|| reason.to_owned(), |code| format!("{reason} ({code})"))
    };
    match (name, text("/severity")) {
        ("failed", Some("permanent")) => {
            let said = text("/delivery-status/message").unwrap_or_default();
            Event::Bounced { cause: cause(text("/reason"), code, said), why: why(), about }
        }
        ("failed", Some("temporary")) => Event::Delayed { why: why(), about },
        ("complained", _) => Event::Complained(about),
        ("unsubscribed", _) => Event::Unsubscribed(about),
        _ => Event::Unknown(name.to_owned()),
    }
}

/// Mailgun's own suppressions say that the address bounced before (605) or asked for no mail.
fn cause(reason: Option<&str>, code: Option<i64>, said: &str) -> Cause {
    let first = said.split_whitespace().next().unwrap_or_default();
    let mailbox = ["5.1.1", "5.1.10", "5.1.2", "5.1.3", "5.1.6", "5.2.1"].contains(&first);
    let coded = first.starts_with("5.");
    match (reason, code) {
        (Some("suppress-bounce"), _) => Cause::Mailbox,
        _ if mailbox => Cause::Mailbox,
        (Some("bounce"), Some(550 | 551 | 553 | 556)) if !coded => Cause::Mailbox,
        (_, Some(554)) if !coded => Cause::Policy,
        _ if first.starts_with("5.7.") => Cause::Policy,
        _ => Cause::Other,
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2);
    if !digits.remainder().is_empty() {
        return None;
    }
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const AT: i64 = 1_770_920_772;

    fn key() -> SecretString {
        "key-of-the-account".into()
    }

    fn signed(event: &Value) -> Value {
        let (timestamp, token) = (AT.to_string(), "0123456789".repeat(5));
        let key = hmac::Key::new(HMAC_SHA256, key().expose_secret().as_bytes());
        let tag = hmac::sign(&key, format!("{timestamp}{token}").as_bytes());
        let tag: Vec<String> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let signature =
            json!({ "timestamp": timestamp, "token": token, "signature": tag.concat() });
        json!({ "signature": signature, "event-data": event })
    }

    fn read_at(body: &Value, seconds: i64) -> Result<Webhook, BadWebhook> {
        let now = DateTime::from_timestamp(AT + seconds, 0).unwrap();
        read(body.to_string().as_bytes(), &key(), now)
    }

    fn failed(severity: &str, reason: &str, code: i64, said: &str) -> Value {
        json!({
            "event": "failed", "severity": severity, "reason": reason, "recipient": "ada@example.com",
            "message": { "headers": { "message-id": "delivery.7.1700000000@alerts.example.com" } },
            "delivery-status": { "code": code, "message": said }, "new-field": {},
        })
    }

    fn about() -> About {
        About { to: "ada@example.com".parse().unwrap(), delivery: Some(DeliveryId(7)) }
    }

    #[track_caller]
    fn check(event: &Value, want: &Event) {
        assert_eq!(&read_at(&signed(event), 0).unwrap().event, want);
    }

    #[track_caller]
    fn check_cause(reason: &str, code: i64, said: &str, cause: Cause) {
        let why = format!("{reason} ({code})");
        check(
            &failed("permanent", reason, code, said),
            &Event::Bounced { about: about(), why, cause },
        );
    }

    #[test]
    fn a_bounce_says_if_the_mailbox_is_gone() {
        check_cause("bounce", 550, "5.1.1 no such account", Cause::Mailbox);
        check_cause("bounce", 550, "no such account", Cause::Mailbox);
        check_cause("suppress-bounce", 605, "Not delivering to previously bounced", Cause::Mailbox);
        check_cause("bounce", 550, "5.7.1 blocked", Cause::Policy);
        check_cause("bounce", 552, "5.2.2 full", Cause::Other);
        check_cause("generic", 554, "spam", Cause::Policy);
    }

    #[test]
    fn the_other_events_have_their_names() {
        let why = "greylisted (450)".to_owned();
        let delayed = Event::Delayed { about: about(), why };
        check(&failed("temporary", "greylisted", 450, "later"), &delayed);
        let mut event = failed("", "", 0, "");
        event["event"] = json!("complained");
        check(&event, &Event::Complained(about()));
        event["event"] = json!("unsubscribed");
        event["message"] = json!({ "headers": { "message-id": "x@example.com" } });
        check(&event, &Event::Unsubscribed(About { delivery: None, ..about() }));
        event["event"] = json!("opened");
        check(&event, &Event::Unknown("opened".to_owned()));
        check(&json!({ "event": "failed" }), &Event::Unknown("failed".to_owned()));
        check(&json!(7), &Event::Unknown(String::new()));
    }

    #[test]
    fn only_what_mailgun_signed_a_moment_ago_is_believed() {
        let good = signed(&json!({ "event": "opened" }));
        assert_eq!(read_at(&good, 0).unwrap().token, "0123456789".repeat(5));
        assert!(read_at(&good, 9 * 3_600).is_ok() && read_at(&good, -300).is_ok());
        assert_eq!(read_at(&good, 9 * 3_600 + 1), Err(BadWebhook::Stale));
        assert_eq!(read_at(&good, -301), Err(BadWebhook::Stale));
        let with = |field: &str, value: &str| {
            let mut body = good.clone();
            body["signature"][field] = json!(value);
            read_at(&body, 0)
        };
        let later = (AT + 1).to_string();
        for (field, value) in [("timestamp", later.as_str()), ("token", "x"), ("signature", "00")] {
            assert_eq!(with(field, value), Err(BadWebhook::Forged), "{field}");
        }
        for value in ["", "zz", "0", "ä"] {
            assert_eq!(with("signature", value), Err(BadWebhook::Forged), "{value}");
        }
        assert_eq!(with("timestamp", "1e9"), Err(BadWebhook::Forged));
        let mut number = good.clone();
        number["signature"]["timestamp"] = json!(AT);
        assert!(read_at(&number, 0).is_ok());
        assert_eq!(with("token", &"x".repeat(129)), Err(BadWebhook::Malformed));
        let now = DateTime::from_timestamp(AT, 0).unwrap();
        let other: SecretString = "another".into();
        let body = good.to_string();
        assert_eq!(read(body.as_bytes(), &other, now), Err(BadWebhook::Forged));
        assert_eq!(read(b"{}", &key(), now), Err(BadWebhook::Malformed));
        assert_eq!(read(b"\xff", &key(), now), Err(BadWebhook::Malformed));
    }
}
