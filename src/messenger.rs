//! The far side of the network that takes messages; each platform implements it.

use async_trait::async_trait;

use crate::domain::delivery::{MessageRef, Verdict};
use crate::domain::message::Message;
use crate::domain::target::{Platform, Target};

/// Sends messages to the targets of one platform.
#[async_trait]
pub trait Messenger: Send + Sync {
    fn platform(&self) -> Platform;

    /// Sends once, without retries of its own: the lanes own those. The caller sets the deadline.
    async fn send(&self, target: &Target, message: &Message) -> Result<MessageRef, Verdict>;
}
