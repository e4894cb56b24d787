//! Fetches the exchange rates of the day. A file that is stale or odd is refused, and the old rates
//! stay.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Client;
use url::Url;

use super::Base;
use crate::clock::add;
use crate::db;
use crate::domain::rates::Rates;
use crate::http::read_capped;
use crate::normalize::euro_rates;
use crate::worker::{Tick, Worker};

/// Rest between two questions while there are no rates of today: they come once on working days.
const REST: Duration = Duration::from_hours(3);

/// How often it is looked whether there are rates of today.
pub const LOOK: Duration = Duration::from_mins(30);

/// The file has two kilobytes.
const MAX_BODY: usize = 256 * 1024;

const DEADLINE: Duration = Duration::from_secs(20);

/// Rates of an older day are not used: the longest pause of the bank's is over Easter.
const OLDEST: TimeDelta = TimeDelta::days(7);

/// The worker.
pub struct RefreshRates {
    pub base: Base,
    pub client: Client,
    pub url: Url,
    /// When it asks again.
    pub next: DateTime<Utc>,
}

impl Worker for RefreshRates {
    const NAME: &'static str = "rates";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let now = self.base.now();
        let known = db::rates::newest(&self.base.pool).await?;
        if now < self.next || known.as_of() >= now.date_naive() {
            return Ok(Tick::Idle);
        }
        self.next = add(now, REST);
        match self.fetch(&known, now).await {
            Ok(Some(rates)) => {
                db::in_tx(&self.base.pool, async |tx| {
                    // Every matcher takes them over as it does a change of filters.
                    db::filters::begin_change(tx).await?;
                    db::rates::store(tx, &rates).await
                })
                .await?;
                tracing::info!("exchange rates of {}", rates.as_of());
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(
                "no new exchange rates from {}, those of {} stay: {error:#}",
                self.url,
                known.as_of()
            ),
        }
        Ok(Tick::Idle)
    }
}

impl RefreshRates {
    /// Rates that are newer than what is known and believable beside it.
    async fn fetch(&self, known: &Rates, now: DateTime<Utc>) -> anyhow::Result<Option<Rates>> {
        let body = tokio::time::timeout(DEADLINE, async {
            let response = self.client.get(self.url.clone()).send().await?;
            ensure!(response.status().is_success(), "answered {}", response.status());
            Ok(read_capped(response, MAX_BODY).await?)
        });
        let body = body.await.context("no answer in time")??;
        let rates = euro_rates(std::str::from_utf8(&body).context("it is not UTF-8")?)?;
        let (day, today) = (rates.as_of(), now.date_naive());
        if day <= known.as_of() {
            return Ok(None);
        }
        ensure!(day <= today, "its day, {day}, is yet to come");
        ensure!(today - day <= OLDEST, "its day, {day}, is long past");
        if let Some(currency) = known.differs_wildly(&rates) {
            bail!("its rate of {currency} is nothing like the one before");
        }
        Ok(Some(rates))
    }
}
