//! The operator's keys and what is made with them: sealed texts, digests to look up by, signed links.
//!
//! Invariant: no key and no opened text can be printed.

mod digests;
mod hex;
mod links;
mod seal;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{CHACHA20_POLY1305, LessSafeKey, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::hmac::{self, HMAC_SHA256};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;

pub use digests::{Digest, Subject};
pub use hex::hex_bytes;
pub use links::{BadLink, Link, Purpose, token_digest};
pub use seal::{BadSeal, CannotSeal, Cell};

/// Bytes of a key.
const KEY_LEN: usize = 32;

/// Longest name of a key; it stands before each text that was sealed with it.
const NAME_LEN: usize = 16;

/// More keys than anybody rotates through; each is tried for a link.
const MOST_KEYS: usize = 16;

/// All keys that may be used, the newest first. New texts are sealed, and links signed, with the
/// newest; the others only read what is there already.
pub struct Keys {
    newest: Key,
    older: Vec<Key>,
}

/// One key, as three: what is learned about one use says nothing about another.
struct Key {
    name: String,
    seal: LessSafeKey,
    digest: hmac::Key,
    link: hmac::Key,
}

/// Why a text is not a list of keys. It never holds any of it but the names of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    #[error("there is no key in it; `earlybrd keys generate` prints one")]
    None,
    #[error("it has more than {MOST_KEYS} keys")]
    TooMany,
    #[error("key {0} is not NAME:SECRET; `earlybrd keys generate` prints one")]
    NoName(usize),
    #[error("the name of key {0} is not 1 to {NAME_LEN} of a-z, 0-9 and -")]
    BadName(usize),
    #[error("the secret of key {0} is not {KEY_LEN} bytes in base64url")]
    BadSecret(usize),
    #[error("two keys are named {0}")]
    SameName(String),
}

/// The system gives no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

/// A new key as `EARLYBRD_KEYS` takes it, with a random name.
pub fn generate() -> Result<SecretString, NoRandomness> {
    let (mut name, mut secret) = ([0; 4], [0; KEY_LEN]);
    let random = SystemRandom::new();
    random.fill(&mut name).and_then(|()| random.fill(&mut secret)).map_err(|_| NoRandomness)?;
    let name = u32::from_be_bytes(name);
    Ok(format!("k{name:08x}:{}", URL_SAFE_NO_PAD.encode(secret)).into())
}

impl FromStr for Keys {
    type Err = BadKeys;

    /// Reads `name:secret,name:secret`, the newest first.
    fn from_str(text: &str) -> Result<Self, BadKeys> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let mut keys = Vec::new();
        let mut names = HashSet::new();
        for (number, part) in (1..).zip(parts) {
            let key = Key::read(number, part)?;
            if !names.insert(key.name.clone()) {
                return Err(BadKeys::SameName(key.name));
            }
            keys.push(key);
        }
        if keys.len() > MOST_KEYS {
            return Err(BadKeys::TooMany);
        }
        let mut keys = keys.into_iter();
        let newest = keys.next().ok_or(BadKeys::None)?;
        Ok(Self { newest, older: keys.collect() })
    }
}

impl Keys {
    /// The newest first.
    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().map(|key| &key.name)).finish()
    }
}

fn is_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=NAME_LEN).contains(&name.len()) && name.chars().all(known)
}

impl Key {
    fn read(number: usize, text: &str) -> Result<Self, BadKeys> {
        let (name, secret) = text.split_once(':').ok_or(BadKeys::NoName(number))?;
        if !is_name(name) {
            return Err(BadKeys::BadName(number));
        }
        let bad = BadKeys::BadSecret(number);
        let secret = URL_SAFE_NO_PAD.decode(secret.trim_end_matches('='));
        let Ok(secret) = secret else { return Err(bad) };
        if secret.len() != KEY_LEN {
            return Err(bad);
        }
        Self::derive(name, &secret).ok_or(bad)
    }

    fn derive(name: &str, secret: &[u8]) -> Option<Self> {
        let base = Salt::new(HKDF_SHA256, b"earlybrd").extract(secret);
        Some(Self {
            name: name.to_owned(),
            seal: LessSafeKey::new(UnboundKey::from(
                base.expand(&[b"seal"], &CHACHA20_POLY1305).ok()?,
            )),
            digest: base.expand(&[b"digest"], HMAC_SHA256).ok()?.into(),
            link: base.expand(&[b"link"], HMAC_SHA256).ok()?.into(),
        })
    }
}
