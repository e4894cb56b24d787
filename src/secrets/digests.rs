//! Digests by which something secret is found again without being stored.

use ring::hmac;

use super::{Key, Keys};

/// A keyed hash.
pub type Digest = [u8; 32];

/// What a digest is of; the same text gives another digest for another subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Whose an e-mail address is.
    Address,
    /// Addresses that are never written to again.
    Suppressed,
    /// At which address a board lies.
    Board,
}

impl Subject {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Address => b"address\0",
            Self::Suppressed => b"suppressed\0",
            Self::Board => b"board\0",
        }
    }
}

impl Keys {
    /// What is stored: by the newest key.
    pub fn digest(&self, subject: Subject, text: &str) -> Digest {
        digest(&self.newest, subject, text)
    }

    /// What is looked for: by every key, the newest first. A suppressed address cannot be hashed
    /// anew, so its key must stay in `EARLYBRD_KEYS` for as long as it is to be remembered.
    pub fn digests(&self, subject: Subject, text: &str) -> Vec<Digest> {
        self.all().map(|key| digest(key, subject, text)).collect()
    }
}

fn digest(key: &Key, subject: Subject, text: &str) -> Digest {
    let mut context = hmac::Context::with_key(&key.digest);
    context.update(subject.label());
    context.update(text.as_bytes());
    let mut digest = Digest::default();
    for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
        *to = *from;
    }
    digest
}
