//! The far side of the network that takes messages; each platform implements it.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::delivery::{Doubt, MessageRef, SentMessage, Verdict};
use crate::domain::limit::Limit;
use crate::domain::message::Message;
use crate::domain::target::{Platform, Target};

/// Sends messages to the targets of one platform.
#[async_trait]
pub trait Messenger: Send + Sync {
    fn platform(&self) -> Platform;

    /// Sends once, without retries of its own: the lanes own those. The caller sets the deadline.
    async fn send(&self, target: &Target, message: &Message) -> Result<MessageRef, Verdict>;

    /// How many messages may be on their way at a time, in one process.
    fn at_once(&self) -> usize {
        64
    }

    /// How many of a message's cards, from the first on, the platform shows in one message that is sent at
    /// `now`: the others go into the next ones. At least one.
    fn fits(&self, message: &Message, now: DateTime<Utc>) -> usize {
        let _ = now;
        message.cards.len()
    }

    /// Deadline of one send. Leases leave room for 25 s.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// What the platform counts a message to this target under, the widest first. All replicas share it.
    fn limits(&self, target: &Target) -> Vec<Limit> {
        let _ = target;
        Vec::new()
    }

    /// What can be done about a message to this target that was tried this long ago, and of which nobody
    /// saw whether it arrived.
    fn in_doubt(&self, target: &Target, tried: Duration) -> Doubt {
        let _ = (target, tried);
        Doubt::Once
    }

    /// Asks for a message that may have arrived, not before it was tried; only where
    /// [`Messenger::in_doubt`] says so. The caller sets the deadline.
    async fn find(
        &self,
        target: &Target,
        message: &Message,
        tried_at: DateTime<Utc>,
    ) -> Result<Option<MessageRef>, Verdict> {
        let _ = (target, message, tried_at);
        Err(Verdict::Rejected { why: format!("{} cannot be asked", self.platform()) })
    }

    /// Whether messages that were sent can be edited.
    fn edits(&self) -> bool {
        false
    }

    /// Makes a message that was sent show this, as if it had been sent so then. Doing it twice is
    /// doing it once.
    async fn edit(
        &self,
        target: &Target,
        sent: &SentMessage,
        message: &Message,
    ) -> Result<(), Verdict> {
        let _ = (target, sent, message);
        Err(Verdict::Rejected { why: format!("{} edits no messages", self.platform()) })
    }
}
