//! What is due every minute or every hour, whichever process gets to it.
//!
//! `cron-job` drives the timetable: one thread whose jobs only say "look now". A lost tick costs
//! nothing, since what is due is read from the database.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::FixedOffset;
use cron_job::{CronJob, Job};
use tokio::sync::Notify;

use super::Base;
use crate::clock::SharedClock;
use crate::db;
use crate::worker::{Tick, Worker};

/// Seconds first. The second is not 0, when everybody's timetable fires.
const EVERY_MINUTE: &str = "7 * * * * *";
const EVERY_HOUR: &str = "23 17 * * * *";

/// Ticks of the timetable.
#[derive(Debug, Clone, Default)]
pub struct Timetable {
    pub minute: Arc<Notify>,
    pub hour: Arc<Notify>,
}

/// One entry of the timetable. It must not panic: that would end every schedule of its thread.
struct Ring(Arc<Notify>);

impl Job for Ring {
    fn run(&mut self) {
        self.0.notify_one();
    }
}

impl Timetable {
    /// Starts the thread. It holds nothing and ends with the process.
    pub fn start() -> anyhow::Result<Self> {
        let timetable = Self::default();
        let utc = FixedOffset::east_opt(0).context("zero is an offset")?;
        let mut cron = CronJob::new(Some(utc));
        cron.new_job(EVERY_MINUTE, Ring(Arc::clone(&timetable.minute)))?;
        cron.new_job(EVERY_HOUR, Ring(Arc::clone(&timetable.hour)))?;
        thread::Builder::new().name("cron".to_owned()).spawn(move || cron.start())?;
        Ok(timetable)
    }
}

/// Measures the server's clock anew.
#[derive(Clone)]
pub struct CorrectClock {
    pub base: Base,
    pub clock: Arc<SharedClock>,
}

impl Worker for CorrectClock {
    const NAME: &'static str = "clock";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let asked = Instant::now();
        let time = db::server_time(&self.base.pool).await?;
        self.clock.correct(time, asked.elapsed());
        Ok(Tick::Idle)
    }
}

/// Removes what has lived its time, a batch of each kind a tick; tries again whose direct messages were
/// closed.
#[derive(Clone)]
pub struct Sweep {
    pub base: Base,
}

impl Worker for Sweep {
    const NAME: &'static str = "sweep";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let now = self.base.now();
        let pool = &self.base.pool;
        let closed =
            db::in_tx(pool, async |tx| db::known_postings::close_expired(tx, now).await).await?;
        let too_old = db::in_tx(pool, async |tx| db::backlog::sweep(tx, now).await).await?;
        let removed = closed
            + too_old
            + db::first_readings::sweep(pool, now).await?
            + db::sweep::settled_deliveries(pool, now).await?
            + db::in_tx(pool, async |tx| db::sweep::told(tx, now).await).await?
            + db::sweep::bodies(pool, now).await?
            + db::in_tx(pool, async |tx| db::sweep::postings(tx, now).await).await?
            + db::limits::sweep(pool, now).await?
            + db::slack::sweep(pool, now).await?
            + db::in_tx(pool, async |tx| db::departed::end_filters(tx, now).await).await?
            + db::in_tx(pool, async |tx| db::departed::erase(tx, now).await).await?
            + db::discord::sweep(pool, now).await?
            + db::stripe_events::sweep(pool, now).await?
            + db::sweep::drafts_and_pages(pool, now).await?;
        for target in db::discord::to_try_again(pool, now).await? {
            db::in_tx(pool, async |tx| db::broken_targets::mend(tx, target, now).await).await?;
        }
        if removed == 0 {
            return Ok(Tick::Idle);
        }
        tracing::info!(rows = removed, "swept {removed} old rows");
        Ok(Tick::Busy)
    }
}

/// How long these workers rest when the timetable does not ring: its safety net.
pub const NET: Duration = Duration::from_hours(2);
