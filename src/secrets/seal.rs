//! Texts that only this service can read, each bound to the place where it is stored.

use ring::aead::{Aad, NONCE_LEN, Nonce};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;

use super::{Key, Keys, is_name};

/// First byte of a sealed text: how the rest is written.
const VERSION: u8 = 1;

/// The place of a sealed text. One that is copied into another place does not open there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub table: &'static str,
    pub column: &'static str,
    /// Key of the row, or of the account that owns it if the row has no key before it is written.
    pub owner: i64,
}

/// The system gives no random numbers, or the text is gigabytes long.
#[derive(Debug, thiserror::Error)]
#[error("a text cannot be sealed")]
pub struct CannotSeal;

/// Why a sealed text does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSeal {
    #[error("a sealed text is cut off or of an unknown kind")]
    Malformed,
    #[error("a text was sealed with key {0}, which is not in EARLYBRD_KEYS")]
    UnknownKey(String),
    #[error("a sealed text was changed, or belongs to another row")]
    Forged,
}

impl Keys {
    /// Seals a text with the newest key. Sealing the same text again gives other bytes.
    pub fn seal(&self, cell: Cell, text: &str) -> Result<Vec<u8>, CannotSeal> {
        let key = &self.newest;
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| CannotSeal)?;
        let mut sealed = vec![VERSION];
        sealed.extend(key.name.as_bytes());
        sealed.push(0);
        sealed.extend(nonce);
        let mut body = text.as_bytes().to_vec();
        let context = Aad::from(context(key, cell));
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal.seal_in_place_append_tag(nonce, context, &mut body).map_err(|_| CannotSeal)?;
        sealed.extend(body);
        Ok(sealed)
    }

    /// Opens what was sealed for the same place, with whichever key.
    pub fn open(&self, cell: Cell, sealed: &[u8]) -> Result<SecretString, BadSeal> {
        let (name, rest) = split(sealed).ok_or(BadSeal::Malformed)?;
        let Some(key) = self.all().find(|key| key.name == name) else {
            return Err(BadSeal::UnknownKey(name.to_owned()));
        };
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(BadSeal::Malformed)?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = key
            .seal
            .open_in_place(nonce, Aad::from(context(key, cell)), &mut body)
            .map_err(|_| BadSeal::Forged)?;
        let text = str::from_utf8(text).map_err(|_| BadSeal::Forged)?;
        Ok(text.to_owned().into())
    }

    /// What all texts begin with that the newest key sealed.
    pub fn mark(&self) -> Vec<u8> {
        [&[VERSION], self.newest.name.as_bytes(), &[0]].concat()
    }
}

/// The name of the key, up to a zero, and what follows it. Until the seal is proved, anybody may have
/// written it.
fn split(sealed: &[u8]) -> Option<(&str, &[u8])> {
    let rest = sealed.strip_prefix(&[VERSION])?;
    let (name, rest) = rest.split_at(rest.iter().position(|byte| *byte == 0)?);
    let name = str::from_utf8(name).ok().filter(|name| is_name(name))?;
    Some((name, rest.strip_prefix(&[0])?))
}

/// What is not hidden but cannot be changed. A separator that no name holds keeps the parts apart.
fn context(key: &Key, cell: Cell) -> Vec<u8> {
    let parts = [&[VERSION], key.name.as_bytes(), cell.table.as_bytes(), cell.column.as_bytes()];
    let mut context = parts.join(&0);
    context.push(0);
    context.extend(cell.owner.to_be_bytes());
    context
}
