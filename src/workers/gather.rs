//! Makes messages of what waited: digests that are due, mornings after quiet nights, the ends of bursts;
//! and gives what a target did not take to another place of its account.

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
        let gone = db::elsewhere::to_divert(pool, self.base.now(), BATCH).await?;
        for gone in &gone {
            let now = self.base.now();
            db::in_tx(pool, async |tx| db::elsewhere::divert(tx, gone, now).await).await?;
        }
        let refused = db::elsewhere::refused(pool, self.base.now(), BATCH).await?;
        for refused in &refused {
            let now = self.base.now();
            let divert = async |tx: &mut _| db::elsewhere::divert_refused(tx, refused, now).await;
            db::in_tx(pool, divert).await?;
        }
        let idle = targets.is_empty() && gone.is_empty() && refused.is_empty();
        Ok(if idle { Tick::Idle } else { Tick::Busy })
    }
}
