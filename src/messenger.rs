//! The far side of the network that takes messages; each platform implements it.

use async_trait::async_trait;

use crate::domain::delivery::{MessageRef, SentMessage, Verdict};
use crate::domain::message::Message;
use crate::domain::target::{Platform, Target};

/// Sends messages to the targets of one platform.
#[async_trait]
pub trait Messenger: Send + Sync {
    fn platform(&self) -> Platform;

    /// Sends once, without retries of its own: the lanes own those. The caller sets the deadline.
    async fn send(&self, target: &Target, message: &Message) -> Result<MessageRef, Verdict>;

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
