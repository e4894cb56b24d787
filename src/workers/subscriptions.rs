//! Looks at what Stripe told us, and gives accounts what they have.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value as Json;

use super::Base;
use crate::db;
use crate::db::stripe_events::Event;
use crate::domain::ids::AccountId;
use crate::domain::message::About;
use crate::payments::{Failure, Hint, Page, Payments};
use crate::render::notices;
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

/// An event may come a moment before Stripe can be asked what it is about; after so many tries, some ten
/// minutes, there is no such thing.
const UNKNOWN: i64 = 8;

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
        let begun = db::plans::begin_trials(pool, now, BATCH).await?;
        let due = db::plans::due(pool, now, BATCH).await?;
        for account in &due {
            let clock = || self.base.now();
            subscriptions::settle(pool, payments.as_ref(), *account, clock).await?;
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
            Err(Trouble::Payments(failure @ Failure::Unknown)) if event.tries >= UNKNOWN => {
                db::stripe_events::done(pool, &event.id, &failure.to_string(), now).await?;
            }
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
        let mut whose = BTreeSet::new();
        if hint.customer_is_gone {
            whose.extend(self.customer_gone(payments, &hint).await?);
        } else if let Some(checkout) = &hint.checkout {
            whose.extend(self.paid(payments, checkout, hint.subscription.as_deref()).await?);
        } else if let Some(subscription) = subscription_of(payments, &hint).await? {
            let found = subscriptions::refresh(pool, payments, &subscription, now).await?;
            whose.extend(found);
        }
        if let Some(about) = &hint.alarm {
            whose.extend(self.alarmed(payments, &hint).await?);
            tracing::error!(
                "Stripe: {} wants the operator to look: {about}, {}",
                event.kind,
                listed(&whose)
            );
        }
        if let Some(waits) = &hint.waits {
            for account in &whose {
                let waits = format!("waits {waits}");
                let bill = (About::PaymentWaits, notices::payment_waits());
                subscriptions::tell_once(pool, *account, &waits, bill, now).await?;
            }
        }
        Ok(format!("looked at {}", listed(&whose)))
    }

    /// Whom an alarm is about: a dispute names the charge alone. Also where Stripe does not say whose that is,
    /// as a key may not be allowed to ask, the operator is told.
    async fn alarmed(
        &self,
        payments: &dyn Payments,
        hint: &Hint,
    ) -> Result<Vec<AccountId>, Trouble> {
        let customer = match (&hint.customer, &hint.charge) {
            (None, Some(charge)) => match payments.payer(charge).await {
                Ok(customer) => customer,
                Err(failure @ Failure::Away(_)) => return Err(failure.into()),
                Err(failure @ (Failure::Unknown | Failure::Refused(_))) => {
                    tracing::warn!("Stripe does not say who paid {charge}: {failure}");
                    None
                }
            },
            (customer, _) => customer.clone(),
        };
        let Some(customer) = customer else { return Ok(Vec::new()) };
        Ok(db::subscriptions::of_customer(&self.base.pool, &customer).await?)
    }

    /// Stripe lists nothing of a customer who is gone: what they had is asked for one by one.
    async fn customer_gone(
        &self,
        payments: &dyn Payments,
        hint: &Hint,
    ) -> Result<Vec<AccountId>, Trouble> {
        let (pool, now) = (&self.base.pool, self.base.now());
        let customer = hint.customer.as_deref().unwrap_or_default();
        db::subscriptions::forget_customer(pool, customer).await?;
        let whose = db::subscriptions::of_customer(pool, customer).await?;
        for id in db::subscriptions::open(pool, (None, Some(customer)), now).await? {
            subscriptions::refresh(pool, payments, &id, now).await?;
        }
        Ok(whose)
    }

    /// Somebody paid on a page; the page itself is asked for what is not known of it.
    async fn paid(
        &self,
        payments: &dyn Payments,
        checkout: &str,
        told: Option<&str>,
    ) -> Result<Option<AccountId>, Trouble> {
        let (pool, now) = (&self.base.pool, self.base.now());
        let page = match told {
            Some(_) if db::checkouts::is_ours(pool, checkout).await? => Page::default(),
            _ => match payments.page(checkout).await {
                Ok(page) => page,
                // What was told is enough; else it is asked again.
                Err(Failure::Unknown) if told.is_some() => Page::default(),
                Err(failure) => return Err(failure.into()),
            },
        };
        let Some(paid) = page.subscription.as_deref().or(told) else { return Ok(None) };
        subscriptions::checkout_done(pool, payments, (checkout, paid), &page, now).await
    }
}

/// The subscription that an event is about: of an invoice, the invoice may have to be asked.
async fn subscription_of(payments: &dyn Payments, hint: &Hint) -> Result<Option<String>, Failure> {
    match (&hint.subscription, &hint.invoice) {
        (None, Some(invoice)) => payments.invoiced(invoice).await,
        (subscription, _) => Ok(subscription.clone()),
    }
}

fn listed(accounts: &BTreeSet<AccountId>) -> String {
    if accounts.is_empty() {
        return "nobody that we know".to_owned();
    }
    let accounts: Vec<String> = accounts.iter().map(ToString::to_string).collect();
    format!("account {}", accounts.join(", "))
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
