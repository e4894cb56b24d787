//! What stands in the links of mails: what for, for which row, until when — signed, not hidden.
//!
//! A link is no proof that it was not used before; whoever takes it keeps its digest in its row.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ring::hmac;

use super::Keys;

/// First byte of a token: how the rest is written.
const VERSION: u8 = 1;

/// What a link does. A token for one is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Proves that an address is read by whoever entered it.
    Verify,
    /// Ends mails to an address.
    Unsubscribe,
    /// Leads an account to where it pays.
    Upgrade,
    /// Leads an account to its bills.
    Billing,
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    pub purpose: Purpose,
    /// Key of the row that it is about.
    pub id: i64,
    /// `None`: for ever. Whole seconds.
    pub expires: Option<DateTime<Utc>>,
}

/// Why a token says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLink {
    /// Not ours, not for this, or changed: which of these, nobody is told.
    #[error("this link is not valid")]
    Forged,
    #[error("this link is too old")]
    Expired,
}

impl Purpose {
    fn byte(self) -> u8 {
        match self {
            Self::Verify => 1,
            Self::Unsubscribe => 2,
            Self::Upgrade => 3,
            Self::Billing => 4,
        }
    }
}

/// What is kept of a token that works once.
pub fn token_digest(token: &str) -> [u8; 32] {
    let mut kept = [0; 32];
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    kept.copy_from_slice(digest.as_ref());
    kept
}

impl Keys {
    /// The token of a link: letters, digits, `-` and `_`.
    pub fn sign(&self, link: Link) -> String {
        let mut token = vec![VERSION, link.purpose.byte()];
        token.extend(link.id.to_be_bytes());
        // Nothing expires in 1970.
        token.extend(link.expires.map_or(0, |at| at.timestamp()).to_be_bytes());
        let tag = hmac::sign(&self.newest.link, &token);
        token.extend(tag.as_ref());
        URL_SAFE_NO_PAD.encode(token)
    }

    /// What a token says, if it is one of ours for this purpose and not too old.
    pub fn verify(
        &self,
        token: &str,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Link, BadLink> {
        let token = URL_SAFE_NO_PAD.decode(token).map_err(|_| BadLink::Forged)?;
        let (said, tag) = token.split_first_chunk::<18>().ok_or(BadLink::Forged)?;
        if !self.all().any(|key| hmac::verify(&key.link, said, tag).is_ok()) {
            return Err(BadLink::Forged);
        }
        let (head, numbers) = said.split_at(2);
        let (id, expires) = numbers.split_first_chunk::<8>().ok_or(BadLink::Forged)?;
        let expires = expires.first_chunk::<8>().ok_or(BadLink::Forged)?;
        if head != [VERSION, purpose.byte()] {
            return Err(BadLink::Forged);
        }
        let expires = match i64::from_be_bytes(*expires) {
            0 => None,
            seconds => Some(DateTime::from_timestamp(seconds, 0).ok_or(BadLink::Forged)?),
        };
        if expires.is_some_and(|expires| expires <= now) {
            return Err(BadLink::Expired);
        }
        Ok(Link { purpose, id: i64::from_be_bytes(*id), expires })
    }
}
