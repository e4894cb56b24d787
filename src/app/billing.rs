//! Payments as a part of the service: what takes them, its pages, and what commands work with.

use std::sync::Arc;

use axum::Router;
use sqlx::PgPool;

use super::{App, fetcher};
use crate::billing::{self, Stripe};
use crate::clock::{Clock, SharedClock};
use crate::commands::Context;
use crate::config::Config;
use crate::email::{Bills, bills_router};
use crate::payments::Payments;
use crate::worker::Rest;
use crate::workers::housekeeping::NET;
use crate::workers::reconcile::{self, Reconcile};
use crate::workers::subscriptions::{self, Subscriptions};

/// What takes payments, if it is set up.
pub fn payments(config: &Config) -> anyhow::Result<Option<Arc<dyn Payments>>> {
    let Some(settings) = &config.billing else { return Ok(None) };
    let stripe: Arc<dyn Payments> = Arc::new(Stripe::new(settings)?);
    Ok(Some(stripe))
}

impl App {
    /// What commands work with, as the settings have it.
    pub(super) fn context(&self, config: &Config, pool: PgPool) -> anyhow::Result<Context> {
        let clock: Arc<dyn Clock> = Arc::<SharedClock>::clone(&self.clock);
        let mut context = Context::new(pool, clock, fetcher(config)?);
        context.mail_keys = config.mail.as_ref().and(config.keys.clone());
        context.board_keys.clone_from(&config.keys);
        context.payments = payments(config)?;
        context.process = self.process;
        Ok(context)
    }

    /// What Stripe and browsers ask for.
    pub(super) fn billing_pages(&self, config: &Config) -> Option<Router> {
        let secrets = config.billing.as_ref()?.webhook_secrets.clone();
        let clock: Arc<dyn Clock> = Arc::<SharedClock>::clone(&self.clock);
        Some(billing::router(billing::State { pool: self.pages_pool.clone(), clock, secrets }))
    }

    /// Where the buttons of mails about bills lead, if there are both.
    pub(super) fn bills_pages(&self, config: &Config) -> anyhow::Result<Option<Router>> {
        let (Some(_), Some(_), Some(keys)) = (&config.billing, &config.mail, &config.keys) else {
            return Ok(None);
        };
        let context = self.context(config, self.pages_pool.clone())?;
        Ok(Some(bills_router(Bills { context, keys: Arc::clone(keys) })))
    }

    /// Starts what gives accounts what they have.
    pub(super) fn start_subscriptions(&self, config: &Config) -> anyhow::Result<()> {
        let worker = Subscriptions { base: self.base(), payments: payments(config)? };
        // Without plans nothing comes up but what was left of them.
        let pause = if worker.payments.is_some() { subscriptions::LOOK } else { NET };
        if let Some(payments) = worker.payments.clone() {
            let worker = Reconcile::new(self.base(), payments);
            self.spawn(worker, Rest { pause: reconcile::LOOK, wake: Arc::default() });
        }
        self.spawn(worker, Rest { pause, wake: Arc::default() });
        Ok(())
    }
}
