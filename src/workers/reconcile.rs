//! Looks at all subscriptions once a day, also those of which nobody told us, and cancels what nobody has.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Base;
use crate::db;
use crate::domain::plan::Status;
use crate::payments::{Failure, Found, Payments};
use crate::subscriptions::{self, Trouble};
use crate::worker::{Tick, Worker};

/// How often it is looked whether a day is over.
pub const LOOK: Duration = Duration::from_secs(30);

/// How often all subscriptions are looked at.
const DAILY: TimeDelta = TimeDelta::hours(24);

/// Whoever began and did not end leaves it to others then.
const AGAIN: TimeDelta = TimeDelta::minutes(10);

/// Pages of subscriptions at the most, so that a far side that never ends does.
const PAGES: usize = 10_000;

/// Subscriptions of one tick that are asked for one by one.
const BATCH: usize = 20;

/// The worker. Several may run side by side.
#[derive(Clone)]
pub struct Reconcile {
    base: Base,
    payments: Arc<dyn Payments>,
    /// How far it is.
    run: Option<Run>,
}

/// A look at all subscriptions: page by page, then those that no page had.
#[derive(Clone)]
struct Run {
    begun: DateTime<Utc>,
    pages: usize,
    /// The last of the page before.
    after: Option<String>,
    listed: BTreeSet<String>,
    /// `None` until all pages were read.
    rest: Option<Vec<String>>,
    failed: bool,
}

impl Worker for Reconcile {
    const NAME: &'static str = "reconcile";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let (pool, now) = (self.base.pool.clone(), self.base.now());
        let meanwhile = now - DAILY + AGAIN;
        let mut run = match self.run.take() {
            Some(run) => run,
            None if db::stripe_events::may_reconcile(&pool, now - DAILY, meanwhile).await? => {
                Run::begin(now)
            }
            None => return Ok(Tick::Idle),
        };
        match self.step(&mut run).await {
            Ok(true) if run.failed => Ok(Tick::Idle),
            Ok(true) => {
                db::stripe_events::reconciled(&pool, now).await?;
                Ok(Tick::Idle)
            }
            Ok(false) => {
                db::stripe_events::reconciled(&pool, meanwhile).await?;
                self.run = Some(run);
                Ok(Tick::Busy)
            }
            Err(Trouble::Database(error)) => Err(error.into()),
            Err(Trouble::Payments(failure)) => {
                tracing::warn!("not all subscriptions were looked at: {failure}");
                Ok(Tick::Idle)
            }
        }
    }
}

impl Run {
    fn begin(now: DateTime<Utc>) -> Self {
        let (after, listed, rest) = (None, BTreeSet::new(), None);
        Self { begun: now, pages: 0, after, listed, rest, failed: false }
    }
}

impl Reconcile {
    pub fn new(base: Base, payments: Arc<dyn Payments>) -> Self {
        Self { base, payments, run: None }
    }

    /// A page of what Stripe lists, or some of what it does not list any more. Says whether that was all.
    async fn step(&self, run: &mut Run) -> Result<bool, Trouble> {
        let (pool, payments) = (&self.base.pool, self.payments.as_ref());
        let Some(rest) = &mut run.rest else {
            let asked = self.base.now();
            let (page, more) = payments.subscriptions(None, run.after.as_deref()).await?;
            run.pages += 1;
            run.after = page.last().map(|found: &Found| found.id.clone());
            for found in &page {
                self.keep(found, asked).await?;
            }
            run.listed.extend(page.into_iter().map(|found| found.id));
            if !more || run.after.is_none() || run.pages >= PAGES {
                let open = db::subscriptions::open(pool, (None, None), run.begun).await?;
                let lost = open.into_iter().filter(|id| !run.listed.contains(id));
                run.rest = Some(lost.collect());
            }
            return Ok(false);
        };
        for id in rest.split_off(rest.len().saturating_sub(BATCH)) {
            match payments.subscription(&id).await {
                Ok(found) => self.keep(&found, self.base.now()).await?,
                Err(Failure::Unknown) => self.end(&id).await?,
                Err(failure) => {
                    tracing::warn!("subscription {id} was not looked at: {failure}");
                    run.failed = true;
                }
            }
        }
        Ok(rest.is_empty())
    }

    /// Keeps how one stands, or cancels it if its account is gone: nobody could.
    async fn keep(&self, found: &Found, asked: DateTime<Utc>) -> sqlx::Result<()> {
        let pool = &self.base.pool;
        let account = subscriptions::keep(pool, found, None, asked).await?;
        if account.is_some() || Status::read(&found.status) == Status::Ended {
            return Ok(());
        }
        let ours = db::checkouts::installation(pool).await?;
        let is_ours = found.mark.as_ref().is_some_and(|mark| mark.installation == ours);
        if !is_ours && !db::subscriptions::is_orphan(pool, &found.id).await? {
            return Ok(());
        }
        match self.payments.cancel(&found.id).await {
            Ok(()) => {
                tracing::info!("subscription {} was cancelled: its account is gone", found.id);
                self.end(&found.id).await
            }
            Err(failure) => {
                tracing::error!("subscription {} is not cancelled: {failure}", found.id);
                Ok(())
            }
        }
    }

    async fn end(&self, id: &str) -> sqlx::Result<()> {
        let now = self.base.now();
        db::in_tx(&self.base.pool, async |tx| db::subscriptions::end(tx, id, now).await).await?;
        Ok(())
    }
}
