//! Whether a request is Stripe's: HMAC-SHA256 over its time and its bytes, under one of our secrets.
//!
//! Source: Stripe's documentation of webhook signatures, as of November 2026.

use chrono::{DateTime, Utc};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

use crate::secrets::hex_bytes;

/// How old or new a request may be, in seconds.
const TOLERANCE: i64 = 300;

/// Signatures that are looked at: Stripe sends two while a secret is changed.
const MOST: usize = 8;

/// The request is not Stripe's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid signature")]
pub struct Invalid;

/// Checks the header `Stripe-Signature` against the bytes of the body.
pub fn check(
    secrets: &[SecretString],
    header: Option<&str>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Invalid> {
    let parts = header.ok_or(Invalid)?.split(',').filter_map(|part| part.trim().split_once('='));
    let of = |wanted: &'static str| {
        parts.clone().filter(move |(name, _)| *name == wanted).map(|(_, value)| value)
    };
    let at: i64 = of("t").next().and_then(|at| at.parse().ok()).ok_or(Invalid)?;
    if now.timestamp().abs_diff(at) > TOLERANCE.unsigned_abs() {
        return Err(Invalid);
    }
    let given: Vec<[u8; 32]> = of("v1").take(MOST).filter_map(hex_bytes).collect();
    let signed = [format!("{at}.").as_bytes(), body].concat();
    let is_good = secrets.iter().any(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        // In constant time.
        given.iter().any(|given| hmac::verify(&key, &signed, given).is_ok())
    });
    if is_good { Ok(()) } else { Err(Invalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_790_000_000;

    fn tag(secret: &str, at: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signed = [format!("{at}.").as_bytes(), body].concat();
        let tag = hmac::sign(&key, &signed);
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    }

    #[track_caller]
    fn check_at(header: &str, body: &[u8], after: i64, good: bool) {
        let secrets = ["whsec_new", "whsec_old"].map(SecretString::from);
        let now = DateTime::from_timestamp(AT + after, 0).unwrap();
        assert_eq!(check(&secrets, Some(header), body, now).is_ok(), good, "{header} {after}");
    }

    #[test]
    fn a_request_is_stripes_within_five_minutes_under_any_of_the_secrets() {
        let (new, old) = (tag("whsec_new", AT, b"{}"), tag("whsec_old", AT, b"{}"));
        let other = tag("whsec_other", AT, b"{}");
        for after in [0, 299, 300, -299, -300] {
            check_at(&format!("t={AT},v1={new}"), b"{}", after, true);
        }
        for after in [301, -301, 1_000_000] {
            check_at(&format!("t={AT},v1={new}"), b"{}", after, false);
        }
        check_at(&format!("t={AT},v1={old}"), b"{}", 0, true);
        check_at(&format!("t={AT},v1={other},v1={new}"), b"{}", 0, true);
        check_at(&format!("t={AT}, v0={other}, v1={old}"), b"{}", 0, true);
        check_at(&format!("t={AT},v1={other}"), b"{}", 0, false);
        check_at(&format!("t={AT},v0={new}"), b"{}", 0, false);
        // Encoded anew, it is another body.
        check_at(&format!("t={AT},v1={new}"), b"{ }", 0, false);
        check_at(&format!("t={},v1={new}", AT + 1), b"{}", 0, false);
        check_at(&format!("t={AT},v1={}", new.to_uppercase()), b"{}", 0, true);
        for strange in ["", "t=,v1=", "t=x,v1=00", "v1=00", &format!("t={AT}"), "t=-1,v1=é"] {
            check_at(strange, b"{}", 0, false);
        }
        let now = DateTime::from_timestamp(AT, 0).unwrap();
        assert_eq!(check(&[SecretString::from("x")], None, b"{}", now), Err(Invalid));
    }
}
