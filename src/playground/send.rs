//! Cards for the page: rows, each once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgPool;

use super::html;
use crate::clock::Clock;
use crate::db;
use crate::domain::delivery::{Doubt, MessageRef, SentMessage, Verdict};
use crate::domain::message::Message;
use crate::domain::target::{Platform, Target};
use crate::messenger::Messenger;

/// The page as a platform.
pub struct Playground {
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Messenger for Playground {
    fn platform(&self) -> Platform {
        Platform::Playground
    }

    // Each takes a connection to the database.
    fn at_once(&self) -> usize {
        4
    }

    fn in_doubt(&self, _: &Target, _: Duration) -> Doubt {
        Doubt::Same
    }

    async fn send(&self, target: &Target, message: &Message) -> Result<MessageRef, Verdict> {
        let now = self.clock.now();
        let html = html::message(message, now);
        db::in_tx(&self.pool, async |tx| {
            db::playground::append(tx, target.account, &html, Some(message.delivery), now).await
        })
        .await
        .map_err(|error| Verdict::Retry { why: format!("playground: {error}"), after: None })?;
        Ok(MessageRef(format!("playground-{}", message.delivery)))
    }

    fn edits(&self) -> bool {
        true
    }

    async fn edit(
        &self,
        target: &Target,
        sent: &SentMessage,
        message: &Message,
    ) -> Result<(), Verdict> {
        let html = html::message(message, sent.at);
        let edited = db::in_tx(&self.pool, async |tx| {
            db::playground::edit(tx, target.account, sent.delivery, &html).await
        })
        .await
        .map_err(|error| Verdict::Retry { why: format!("playground: {error}"), after: None })?;
        let gone = || Verdict::Rejected { why: "the message is gone".to_owned() };
        edited.then_some(()).ok_or_else(gone)
    }
}
