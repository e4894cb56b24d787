//! Sends what is owed: claim a lane, send, settle — never a transaction across a send.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Base;
use crate::clock::add;
use crate::db;
use crate::db::deliveries::Settlement;
use crate::db::lanes::ClaimedLane;
use crate::domain::delivery::{ClaimedDelivery, MessageRef, NextStep, Verdict};
use crate::domain::message::Message;
use crate::messenger::Messenger;
use crate::schedule::backoff::next_step;
use crate::worker::{Tick, Worker, catch_panic};

/// How long a claim of a lane lasts.
pub const LEASE: Duration = Duration::from_secs(45);

/// Deadline of one send.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// A send is begun only with this much of the lease left, so that its end falls inside.
const RESERVE: Duration = Duration::from_secs(15);
const _: () = assert!(SEND_TIMEOUT.as_secs() < RESERVE.as_secs());
const _: () = assert!(RESERVE.as_secs() < LEASE.as_secs());

/// Deliveries taken from one lane before another lane gets its turn.
const BATCH: i64 = 5;

/// The worker. Several may run side by side, in one process or many.
#[derive(Clone)]
pub struct Deliver {
    pub base: Base,
    pub messengers: Vec<Arc<dyn Messenger>>,
}

impl Worker for Deliver {
    const NAME: &'static str = "deliver";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let now = self.base.now();
        let claimed = Instant::now();
        let lanes = db::lanes::claim(&self.base.pool, now, LEASE, 1).await?;
        let Some(lane) = lanes.into_iter().next() else { return Ok(Tick::Idle) };
        for delivery in db::lanes::head(&self.base.pool, &lane, self.base.now(), BATCH).await? {
            if claimed.elapsed() + RESERVE > LEASE || !self.deliver(&lane, delivery).await? {
                break;
            }
        }
        let now = self.base.now();
        let ours =
            db::in_tx(&self.base.pool, async |tx| db::lanes::release(tx, &lane, now).await).await?;
        if !ours {
            let target = lane.target.id;
            tracing::warn!(target.id = target.0, "lost the lease on target {target}");
        }
        Ok(Tick::Busy)
    }
}

impl Deliver {
    /// One try. `false` when the lane must stop: it is no longer ours, or its order would break.
    async fn deliver(&self, lane: &ClaimedLane, delivery: ClaimedDelivery) -> anyhow::Result<bool> {
        let pool = &self.base.pool;
        if !db::lanes::begin_send(pool, lane, delivery.id).await? {
            return Ok(false);
        }
        let cards = db::deliveries::cards(pool, delivery.id).await?;
        let notice = db::deliveries::notice(pool, delivery.id).await?;
        let message = Message { delivery: delivery.id, notice, cards };
        let outcome = if message.cards.is_empty() && message.notice.is_none() {
            Err(Verdict::Rejected { why: "nothing is left to show".to_owned() })
        } else {
            self.send(lane, &message).await
        };
        let settlement = match outcome {
            Ok(message) => Settlement::Sent(message),
            Err(verdict) => self.after_failure(&verdict, delivery),
        };
        let now = self.base.now();
        let settled = db::in_tx(pool, async |tx| {
            db::deliveries::settle(tx, lane, delivery.id, &settlement, now).await
        })
        .await?;
        let goes_on = matches!(settlement, Settlement::Sent(_) | Settlement::Dead { .. });
        Ok(settled && goes_on)
    }

    async fn send(&self, lane: &ClaimedLane, message: &Message) -> Result<MessageRef, Verdict> {
        let platform = lane.target.platform;
        let messenger = self.messengers.iter().find(|known| known.platform() == platform);
        let Some(messenger) = messenger else {
            let why = format!("{platform} is not set up in this process");
            return Err(Verdict::Retry { why, after: None });
        };
        let send = tokio::time::timeout(SEND_TIMEOUT, messenger.send(&lane.target, message));
        match catch_panic(AssertUnwindSafe(send)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Verdict::Unknown { why: format!("{platform}: no answer in time") }),
            Err(_) => Err(Verdict::Retry { why: format!("{platform}: panic"), after: None }),
        }
    }

    fn after_failure(&self, verdict: &Verdict, delivery: ClaimedDelivery) -> Settlement {
        let why = verdict.why().to_owned();
        let attempts = delivery.attempts.saturating_add(1);
        let id = delivery.id;
        let step = next_step(verdict, attempts, fastrand::f64());
        tracing::warn!(delivery.id = id.0, attempts, ?step, "delivery {id} failed: {why}");
        match step {
            NextStep::Again(rest) => Settlement::Again { due_at: add(self.base.now(), rest), why },
            NextStep::Dead => Settlement::Dead { why },
            NextStep::TargetGone => Settlement::TargetGone { why },
        }
    }
}
