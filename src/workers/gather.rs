//! Makes messages of what waited: digests that are due, mornings after quiet nights, the ends of bursts;
//! and gives what a target that is gone did not take to its account's address.

use super::Base;
use crate::db;
use crate::worker::{Tick, Worker};

/// Targets looked at in one tick.
const BATCH: i64 = 20;

/// The worker. Several may run side by side: what one has linked to a message the next finds gone.
#[derive(Clone)]
pub struct Gather {
    pub base: Base,
}

impl Worker for Gather {
    const NAME: &'static str = "gather";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let pool = &self.base.pool;
        let targets = db::messages::due_targets(pool, self.base.now(), BATCH).await?;
        for target in &targets {
            let now = self.base.now();
            db::in_tx(pool, async |tx| db::messages::gather(tx, *target, now).await).await?;
        }
        let gone = db::broken_targets::to_divert(pool, BATCH).await?;
        for gone in &gone {
            let now = self.base.now();
            db::in_tx(pool, async |tx| db::broken_targets::divert(tx, gone, now).await).await?;
        }
        Ok(if targets.is_empty() && gone.is_empty() { Tick::Idle } else { Tick::Busy })
    }
}
