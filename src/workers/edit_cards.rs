//! Brings messages that were sent up to date: the job is on another board too, its pay became known, it
//! is closed. The edits go by the lanes, as sends do.

use super::Base;
use crate::db;
use crate::domain::target::Platform;
use crate::worker::{Tick, Worker};

/// The worker. Several may run side by side.
#[derive(Clone)]
pub struct EditCards {
    pub base: Base,
    /// The platforms that can edit what was sent.
    pub platforms: Vec<Platform>,
}

impl Worker for EditCards {
    const NAME: &'static str = "edit";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let Self { base, platforms } = self;
        let now = base.now();
        let queued =
            db::in_tx(&base.pool, async |tx| db::card_edits::queue(tx, platforms, now).await)
                .await?;
        Ok(if queued.openings == 0 { Tick::Idle } else { Tick::Busy })
    }
}
