//! Tells people whose filters have become quiet, once: because a board of theirs fails, or else which part
//! of the filter removes most.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Base;
use crate::db;
use crate::db::quiet::QuietFilter;
use crate::filter_lang::parse;
use crate::previews::{self, Over};
use crate::render::notices;
use crate::schedule::silence::{Look, QUIET, goes, look};
use crate::worker::{Tick, Worker};

/// How often it is looked.
pub const LOOK: Duration = Duration::from_mins(10);

/// Filters looked at in one tick.
const BATCH: i64 = 50;

/// A board that fails for less is not blamed.
const FAILS: TimeDelta = TimeDelta::days(1);

/// How far back the part that removes most is looked for, step by step.
const STEPS: [TimeDelta; 2] = [TimeDelta::days(1), QUIET];

/// The worker. Several may run side by side: one of them tells.
#[derive(Clone)]
pub struct QuietFilters {
    pub base: Base,
}

impl Worker for QuietFilters {
    const NAME: &'static str = "quiet";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        // First: who blames a clause for what a board did not show misleads.
        self.struck().await?;
        let (pool, now) = (&self.base.pool, self.base.now());
        let filters = db::quiet::to_look_at(pool, now - QUIET, now, BATCH).await?;
        for filter in &filters {
            match look(filter.since, filter.told_at, &filter.habits, now) {
                Look::Again(at) => db::quiet::look_again(pool, filter.id, at).await?,
                Look::Tell => self.tell(filter, self.without_match(filter, now).await?).await?,
            }
        }
        Ok(if filters.is_empty() { Tick::Idle } else { Tick::Busy })
    }
}

impl QuietFilters {
    async fn struck(&self) -> anyhow::Result<()> {
        let (pool, now) = (&self.base.pool, self.base.now());
        for (filter, board) in db::quiet::struck(pool, FAILS, QUIET, now).await? {
            if goes(&filter.habits, filter.since + FAILS, now) != Look::Tell {
                continue;
            }
            let usually = db::settled_polls::usually(pool, board.id, board.failing_since).await?;
            let silence = notices::Silence {
                number: filter.number(),
                name: &filter.name,
                board: &board.name,
                days: (now - board.newest).num_days(),
                usually,
                failing_since: board.failing_since.with_timezone(&filter.habits.zone),
                why: &board.why,
            };
            self.tell(&filter, notices::board_is_silent(&silence)).await?;
        }
        Ok(())
    }

    async fn without_match(
        &self,
        filter: &QuietFilter,
        now: DateTime<Utc>,
    ) -> anyhow::Result<String> {
        let over = Over { pool: &self.base.pool, account: filter.account, now };
        let removes_most = match parse(&filter.query) {
            Ok(expr) => previews::removes_most(over, &expr, &STEPS).await?,
            Err(_) => None, // The matcher has said so.
        };
        let days = (now - filter.since).num_days();
        Ok(notices::filter_is_quiet(filter.number(), &filter.name, days, removes_most))
    }

    async fn tell(&self, filter: &QuietFilter, text: String) -> sqlx::Result<()> {
        let now = self.base.now();
        let notice = [(filter.target, text)];
        db::in_tx(&self.base.pool, async |tx| {
            if db::quiet::told(&mut *tx, filter, now + QUIET, now).await? {
                db::deliveries::queue_notices(tx, &notice, now).await?;
            }
            Ok(())
        })
        .await
    }
}
