//! Whether a request is Discord's: its signature over the raw body, and its age.

use chrono::{DateTime, Utc};
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::secrets::hex_bytes;

/// How old, or how far ahead, a request may be, in seconds. Discord has no such rule; without one,
/// whoever once saw a request could bring it again for ever.
const SPAN: u64 = 300;

/// The request is nobody's that we know, or too old: which of these, nobody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid request signature")]
pub struct Invalid;

/// Checks the two headers and the body as it came, against the app's public key.
pub fn check(
    key: &[u8; 32],
    (timestamp, signature): (Option<&str>, Option<&str>),
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Invalid> {
    let timestamp = timestamp.ok_or(Invalid)?;
    let at: i64 = timestamp.parse().map_err(|_| Invalid)?;
    if now.timestamp().checked_sub(at).is_none_or(|age| age.unsigned_abs() > SPAN) {
        return Err(Invalid);
    }
    let signature: [u8; 64] = signature.and_then(hex_bytes).ok_or(Invalid)?;
    let signed = [timestamp.as_bytes(), body].concat();
    UnparsedPublicKey::new(&ED25519, key).verify(&signed, &signature).map_err(|_| Invalid)
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    const AT: i64 = 1_790_000_000;

    fn after(seconds: i64, change: impl Fn(&mut String)) -> Result<(), Invalid> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let key: [u8; 32] = pair.public_key().as_ref().try_into().unwrap();
        let signed = pair.sign(format!("{AT}{{}}").as_bytes());
        let hex: Vec<String> = signed.as_ref().iter().map(|it| format!("{it:02x}")).collect();
        let mut signature = hex.concat();
        change(&mut signature);
        let at = AT.to_string();
        let now = DateTime::from_timestamp(AT + seconds, 0).unwrap();
        check(&key, (Some(&at), Some(&signature)), b"{}", now)
    }

    #[test]
    fn a_request_is_discords_within_five_minutes() {
        for good in [0, 299, 300, -299, -300] {
            assert_eq!(after(good, |_| {}), Ok(()), "{good}");
        }
        for bad in [301, -301, i64::from(u32::MAX)] {
            assert_eq!(after(bad, |_| {}), Err(Invalid), "{bad}");
        }
    }

    #[test]
    fn what_is_signed_otherwise_is_refused() {
        assert_eq!(after(0, |it| it.replace_range(0..2, "00")), Err(Invalid));
        assert_eq!(after(0, |it| it.push('0')), Err(Invalid));
        assert_eq!(after(0, String::clear), Err(Invalid));
        assert_eq!(after(0, |it| *it = "zz".repeat(64)), Err(Invalid));
    }
}
