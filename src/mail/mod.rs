//! Sends mail: over SMTP, into a folder, or into memory. Signing (DKIM) is the relay's.
//!
//! Invariant: knows one mail and its receiver, never the database, nor whether it may be sent.

pub mod letter;
pub mod mailgun;
mod replies;
mod smtp;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::config::{MailConfig, MailTo};
use crate::domain::delivery::MessageRef;
use crate::domain::email::Sender;
use letter::{Composed, Letter, compose};

pub use replies::{Failure, Trouble};
pub use smtp::{MOST_CONNECTIONS, Smtp, WHOLE};

/// Where mail goes, and who it is from.
pub struct Mail {
    pub from: Sender,
    pub transport: Transport,
}

/// How mail leaves.
pub enum Transport {
    Smtp(Box<Smtp>),
    /// A file for each mail; a mail that is sent again replaces its file.
    Folder(PathBuf),
    Memory(Memory),
}

/// Mails that were sent nowhere, the oldest first.
#[derive(Default)]
pub struct Memory(Mutex<Vec<String>>);

impl Memory {
    pub fn mails(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Mail {
    /// By the settings. Nothing is dialled yet.
    pub fn new(config: &MailConfig) -> anyhow::Result<Self> {
        let from = config.from.clone();
        let transport = match &config.to {
            MailTo::Smtp(server) => {
                Transport::Smtp(Box::new(Smtp::new(server, from.address.host())?))
            }
            MailTo::Folder(folder) => Transport::Folder(folder.clone()),
        };
        Ok(Self { from, transport })
    }

    /// Whether mail could leave now: for `doctor`. Nothing is sent.
    pub async fn check(&self) -> Result<(), Failure> {
        match &self.transport {
            Transport::Smtp(smtp) => smtp.check().await,
            Transport::Folder(folder) => std::fs::create_dir_all(folder).map_err(folder_trouble),
            Transport::Memory(_) => Ok(()),
        }
    }

    /// Sends once. Every try of one delivery has the same Message-ID, which is the reference.
    pub async fn send(
        &self,
        letter: &Letter<'_>,
        now: DateTime<Utc>,
    ) -> Result<MessageRef, Failure> {
        let composed = compose(letter, &self.from, now)?;
        match &self.transport {
            Transport::Smtp(smtp) => smtp.send(&composed).await?,
            Transport::Folder(folder) => {
                let path = folder.join(format!("delivery-{}.eml", letter.delivery));
                write_whole(folder, &path, &composed).map_err(folder_trouble)?;
            }
            Transport::Memory(memory) => {
                let text = String::from_utf8_lossy(&composed.bytes).into_owned();
                memory.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            }
        }
        Ok(composed.id)
    }
}

fn folder_trouble(error: io::Error) -> Failure {
    Failure { trouble: Trouble::Operator, why: format!("mail folder: {error}") }
}

/// The whole file or none.
fn write_whole(folder: &Path, path: &Path, composed: &Composed) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let unfinished = path.with_extension("part");
    std::fs::write(&unfinished, &composed.bytes)?;
    std::fs::rename(unfinished, path)
}
