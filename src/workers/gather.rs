//! Makes messages of what waited: digests that are due, mornings after quiet nights, the ends of bursts;
//! gives what a target did not take to another place of its account, and tells whoever made a channel's
//! filters that the channel is gone.

use chrono::TimeDelta;

use super::Base;
use crate::db;
use crate::db::broken_targets::Unreachable;
use crate::render::notices;
use crate::worker::{Tick, Worker};

/// Targets looked at in one tick.
const BATCH: i64 = 20;

/// Nobody is told of one channel more often.
const MAKERS_REST: TimeDelta = TimeDelta::days(1);

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
        let now = self.base.now();
        let unreachable = db::broken_targets::untold(pool, MAKERS_REST, now, BATCH).await?;
        for of_one in unreachable.chunk_by(|one, next| one.channel == next.channel) {
            self.tell_makers(of_one).await?;
        }
        let is_idle = [targets.len(), gone.len(), refused.len(), unreachable.len()] == [0; 4];
        Ok(if is_idle { Tick::Idle } else { Tick::Busy })
    }
}

impl Gather {
    /// Tells all who made filters of one channel.
    async fn tell_makers(&self, makers: &[Unreachable]) -> sqlx::Result<()> {
        let Some(Unreachable { channel, .. }) = makers.first() else { return Ok(()) };
        let now = self.base.now();
        let notice = |it: &Unreachable| (it.maker, notices::channel_is_gone(&it.filters, &it.why));
        let told: Vec<_> = makers.iter().map(notice).collect();
        db::in_tx(&self.base.pool, async |tx| {
            if db::broken_targets::told(&mut *tx, *channel, MAKERS_REST, now).await? {
                db::deliveries::queue_notices(tx, &told, now).await?;
            }
            Ok(())
        })
        .await
    }
}
