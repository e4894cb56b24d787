//! Whether a request is Slack's: its signature over the raw body, and its age.

use chrono::{DateTime, Utc};
use ring::hmac::{HMAC_SHA256, Key, verify};
use secrecy::{ExposeSecret, SecretString};

/// How old, or how far ahead, a request may be, in seconds.
const SPAN: i64 = 300;

/// The request is nobody's that we know, or too old: which of these, nobody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid request")]
pub struct Invalid;

/// Checks the two headers and the body as it came.
pub fn check(
    secret: &SecretString,
    (timestamp, signature): (Option<&str>, Option<&str>),
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Invalid> {
    let timestamp = timestamp.ok_or(Invalid)?;
    let at: i64 = timestamp.parse().map_err(|_| Invalid)?;
    if now.timestamp().checked_sub(at).is_none_or(|age| age.unsigned_abs() > SPAN.unsigned_abs()) {
        return Err(Invalid);
    }
    let signature = signature.and_then(|text| text.strip_prefix("v0=")).ok_or(Invalid)?;
    let signature = bytes(signature).ok_or(Invalid)?;
    let signed = [b"v0:", timestamp.as_bytes(), b":", body].concat();
    let key = Key::new(HMAC_SHA256, secret.expose_secret().as_bytes());
    verify(&key, &signed, &signature).map_err(|_| Invalid)
}

/// The signature of a request, as Slack makes it.
pub fn sign(secret: &SecretString, timestamp: &str, body: &[u8]) -> String {
    let signed = [b"v0:", timestamp.as_bytes(), b":", body].concat();
    let tag = ring::hmac::sign(&Key::new(HMAC_SHA256, secret.expose_secret().as_bytes()), &signed);
    tag.as_ref().iter().fold("v0=".to_owned(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// What hexadecimal digits stand for.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Slack's documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const AT: i64 = 1_531_420_618;
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&\
                        channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&\
                        user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                        response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F\
                        397700885554%2F96rGlfmibIGlgcZRskXaIFfN&\
                        trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    #[track_caller]
    fn after(seconds: i64, body: &str, signature: Option<&str>, want: Result<(), Invalid>) {
        let now = DateTime::from_timestamp(AT + seconds, 0).unwrap();
        let at = AT.to_string();
        let got = check(&SECRET.into(), (Some(&at), signature), body.as_bytes(), now);
        assert_eq!(got, want, "{seconds} {signature:?}");
    }

    #[test]
    fn slacks_own_example_is_slacks() {
        after(0, BODY, Some(SIGNATURE), Ok(()));
        let upper = SIGNATURE.replace('a', "A");
        after(0, BODY, Some(&upper), Ok(()));
    }

    #[test]
    fn a_request_is_good_for_five_minutes_either_way() {
        for seconds in [-300, -299, 299, 300] {
            after(seconds, BODY, Some(SIGNATURE), Ok(()));
        }
        for seconds in [-301, 301, -1_000, 1_000] {
            after(seconds, BODY, Some(SIGNATURE), Err(Invalid));
        }
    }

    #[test]
    fn what_is_changed_missing_or_odd_is_refused() {
        after(0, &format!("{BODY}&x=1"), Some(SIGNATURE), Err(Invalid));
        let (short, no_version) = (&SIGNATURE[..66], &SIGNATURE[3..]);
        for odd in ["", "v0=", "v0=zz", short, no_version, &format!("{SIGNATURE}00")] {
            after(0, BODY, Some(odd), Err(Invalid));
        }
        after(0, BODY, None, Err(Invalid));
        let now = DateTime::from_timestamp(AT, 0).unwrap();
        for at in
            [None, Some(""), Some("abc"), Some("9223372036854775807"), Some("-9223372036854775808")]
        {
            let got = check(&SECRET.into(), (at, Some(SIGNATURE)), BODY.as_bytes(), now);
            assert_eq!(got, Err(Invalid), "{at:?}");
        }
    }
}
