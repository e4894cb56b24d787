//! Looks at what Stripe told us, at all subscriptions once a day, and gives accounts what they have.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value as Json;

use super::Base;
use crate::db;
use crate::db::stripe_events::Event;
use crate::payments::{Found, Hint, Payments};
use crate::subscriptions::{self, Trouble};
use crate::worker::{Tick, Worker};

/// How often it is looked.
pub const LOOK: Duration = Duration::from_secs(1);

/// Accounts of one tick.
const BATCH: i64 = 100;

/// An event whose worker died is looked at again then.
const LEASE: TimeDelta = TimeDelta::minutes(2);

/// Rests after an event that could not be looked at; each is twice as long as the one before.
const FIRST: TimeDelta = TimeDelta::seconds(5);
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// How often all subscriptions are looked at.
const DAILY: TimeDelta = TimeDelta::hours(24);

/// Pages of subscriptions at the most, so that a far side that never ends does.
const PAGES: usize = 10_000;

/// The worker. Several may run side by side.
#[derive(Clone)]
pub struct Subscriptions {
    pub base: Base,
    /// `None`: there are no plans.
    pub payments: Option<Arc<dyn Payments>>,
}

impl Worker for Subscriptions {
    const NAME: &'static str = "subscriptions";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let Some(payments) = self.payments.clone() else { return self.without_plans().await };
        let (pool, now) = (&self.base.pool, self.base.now());
        let event = db::stripe_events::take(pool, now, now + LEASE).await?;
        if let Some(event) = &event {
            self.look_at(payments.as_ref(), event).await?;
        }
        if db::stripe_events::may_reconcile(pool, now - DAILY, now).await?
            && let Err(trouble) = self.reconcile(payments.as_ref()).await
        {
            tracing::warn!("subscriptions were not looked at: {trouble}");
            // Not a day later, but soon.
            db::stripe_events::reconcile_again(pool, now - DAILY + TimeDelta::minutes(10)).await?;
        }
        let begun = db::plans::begin_trials(pool, now, BATCH).await?;
        let due = db::plans::due(pool, now, BATCH).await?;
        for account in &due {
            let clock = || self.base.now();
            subscriptions::settle(pool, payments.plans(), *account, clock).await?;
        }
        let idle = event.is_none() && begun == 0 && due.is_empty();
        Ok(if idle { Tick::Idle } else { Tick::Busy })
    }
}

impl Subscriptions {
    /// Nobody is limited where nothing can be bought.
    async fn without_plans(&self) -> anyhow::Result<Tick> {
        let limited = db::plans::limited(&self.base.pool, BATCH).await?;
        for account in &limited {
            subscriptions::open(&self.base.pool, *account, || self.base.now()).await?;
        }
        Ok(if limited.is_empty() { Tick::Idle } else { Tick::Busy })
    }

    async fn look_at(&self, payments: &dyn Payments, event: &Event) -> anyhow::Result<()> {
        let pool = &self.base.pool;
        let outcome = match foreign(payments, event) {
            Some(why) => Ok(why.to_owned()),
            None => self.follow(payments, payments.hint(&event.kind, &event.body), event).await,
        };
        let now = self.base.now();
        match outcome {
            Ok(outcome) => db::stripe_events::done(pool, &event.id, &outcome, now).await?,
            Err(Trouble::Database(error)) => return Err(error.into()),
            Err(Trouble::Payments(failure)) => {
                let why = failure.to_string();
                tracing::warn!("event {} ({}): {why}", event.id, event.kind);
                let again = now + rest(event.tries);
                db::stripe_events::put_off(pool, &event.id, &why, again).await?;
            }
        }
        Ok(())
    }

    /// Asks about all that an event may be about.
    async fn follow(
        &self,
        payments: &dyn Payments,
        hint: Hint,
        event: &Event,
    ) -> Result<String, Trouble> {
        let (pool, now) = (&self.base.pool, self.base.now());
        if hint.is_nothing() {
            return Ok("nothing to look at".to_owned());
        }
        if hint.alarm {
            tracing::error!("Stripe: {} ({}) wants the operator to look", event.kind, event.id);
        }
        let mut whose = Vec::new();
        match (&hint.checkout, &hint.subscription) {
            (Some(checkout), Some(subscription)) => {
                let pair = (checkout.as_str(), subscription.as_str());
                whose.push(subscriptions::checkout_done(pool, payments, pair, now).await?);
            }
            (_, Some(subscription)) => {
                whose.push(subscriptions::refresh(pool, payments, subscription, now).await?);
            }
            (_, None) => {}
        }
        if let Some(customer) = hint.customer.as_deref().filter(|_| hint.subscription.is_none()) {
            for found in self.all(payments, Some(customer)).await? {
                whose.push(subscriptions::keep(pool, &found, now).await?);
            }
            if hint.customer_is_gone {
                db::subscriptions::forget_customer(pool, customer).await?;
            }
        }
        let whose: Vec<String> = whose.into_iter().flatten().map(|it| it.to_string()).collect();
        Ok(match whose.as_slice() {
            [] => "nobody's that we know".to_owned(),
            whose => format!("looked at account {}", whose.join(", ")),
        })
    }

    async fn all(
        &self,
        payments: &dyn Payments,
        customer: Option<&str>,
    ) -> Result<Vec<Found>, Trouble> {
        let (mut all, mut after) = (Vec::new(), None);
        for _ in 0..PAGES {
            let (page, more) = payments.subscriptions(customer, after.as_deref()).await?;
            after = page.last().map(|found: &Found| found.id.clone());
            all.extend(page);
            if !more || after.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// Looks at all subscriptions, also those of which nobody told us, and ends those of accounts that are
    /// gone.
    async fn reconcile(&self, payments: &dyn Payments) -> Result<(), Trouble> {
        let (pool, now) = (&self.base.pool, self.base.now());
        for found in self.all(payments, None).await? {
            subscriptions::keep(pool, &found, now).await?;
        }
        for orphan in db::subscriptions::orphans(pool).await? {
            payments.cancel(&orphan).await?;
            tracing::info!("subscription {orphan} was cancelled: its account is gone");
            db::in_tx(pool, async |tx| db::subscriptions::end(tx, &orphan, now).await).await?;
        }
        Ok(())
    }
}

/// Why an event is not ours: it is of tests where people pay in earnest, or the other way round.
fn foreign(payments: &dyn Payments, event: &Event) -> Option<&'static str> {
    let body: Json = serde_json::from_str(&event.body).unwrap_or_default();
    let live = body.get("livemode").and_then(Json::as_bool)?;
    match payments.is_live()? {
        true if !live => Some("an event of test mode, and the key is live"),
        false if live => Some("a live event, and the key is of test mode"),
        true | false => None,
    }
}

fn rest(tries: i64) -> TimeDelta {
    let doubled = 1_i32 << tries.clamp(1, 12).saturating_sub(1);
    (FIRST * doubled).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_try_waits_longer() {
        let rests: Vec<_> = (1..=12).map(|tries| rest(tries).num_seconds()).collect();
        assert_eq!(rests, [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
        assert_eq!(rest(i64::MAX), LONGEST);
    }
}
