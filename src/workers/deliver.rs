//! Sends what is owed: claim a lane, send, settle — never a transaction across a send.

use std::hash::Hasher;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use siphasher::sip::SipHasher13;

use super::Base;
use crate::clock::add;
use crate::db;
use crate::db::deliveries::{Settlement, Showing};
use crate::db::lanes::ClaimedLane;
use crate::domain::delivery::{ClaimedDelivery, NextStep, SentMessage, Verdict};
use crate::domain::message::{Kind, Message};
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
        let shows = delivery.edits.as_ref().map_or(delivery.id, |sent| sent.delivery);
        let message = db::cards::message(pool, lane.target.account, shows).await?;
        let settlement = match &delivery.edits {
            Some(sent) => self.edit(lane, sent, &message).await,
            None => self.send(lane, &delivery, &message).await,
        };
        let now = self.base.now();
        let settled = db::in_tx(pool, async |tx| {
            db::deliveries::settle(tx, lane, &delivery, &settlement, now).await
        })
        .await?;
        let goes_on = match settlement {
            Settlement::Sent { .. } | Settlement::Edited { .. } | Settlement::Dead { .. } => true,
            Settlement::Again { .. } | Settlement::TargetGone { .. } => false,
        };
        Ok(settled && goes_on)
    }

    async fn send(
        &self,
        lane: &ClaimedLane,
        delivery: &ClaimedDelivery,
        message: &Message,
    ) -> Settlement {
        let says_nothing = message.notice.is_none() && message.kind != Kind::Verify;
        let outcome = if message.cards.is_empty() && says_nothing {
            Err(Verdict::Rejected { why: "nothing is left to show".to_owned() })
        } else {
            match self.messenger(lane) {
                Ok(messenger) => within(lane, messenger.send(&lane.target, message)).await,
                Err(verdict) => Err(verdict),
            }
        };
        match outcome {
            Ok(sent) => Settlement::Sent { message: sent, shown: showing(message) },
            Err(verdict) => self.after_failure(&verdict, delivery),
        }
    }

    /// One that fails is not tried again at once, since others wait behind it; `edit_cards` comes back
    /// to it. One that the platform refuses is over.
    async fn edit(&self, lane: &ClaimedLane, sent: &SentMessage, message: &Message) -> Settlement {
        let (target, id) = (&lane.target, message.delivery);
        let shown = Some(showing(message));
        // What changed may be nothing that this account may see.
        if shown.as_ref().map(|shown| shown.content) == sent.content {
            return Settlement::Edited { shown };
        }
        let outcome = match self.messenger(lane) {
            Ok(messenger) => within(lane, messenger.edit(target, sent, message)).await,
            Err(verdict) => Err(verdict),
        };
        let Err(verdict) = outcome else {
            return Settlement::Edited { shown };
        };
        let why = verdict.why().to_owned();
        tracing::warn!(delivery.id = id.0, "delivery {id} could not be edited: {why}");
        match verdict {
            Verdict::Retry { after: Some(after), .. }
            | Verdict::Limited { after: Some(after), .. } => {
                Settlement::Again { due_at: add(self.base.now(), after), why }
            }
            Verdict::Retry { after: None, .. }
            | Verdict::Limited { after: None, .. }
            | Verdict::Unknown { .. } => Settlement::Edited { shown: None },
            Verdict::Rejected { .. } => Settlement::Edited { shown },
            Verdict::Gone { .. } => Settlement::TargetGone { why },
        }
    }

    fn messenger(&self, lane: &ClaimedLane) -> Result<&dyn Messenger, Verdict> {
        let platform = lane.target.platform;
        let messenger = self.messengers.iter().find(|known| known.platform() == platform);
        messenger.map(AsRef::as_ref).ok_or_else(|| {
            let why = format!("{platform} is not set up in this process");
            Verdict::Retry { why, after: None }
        })
    }

    fn after_failure(&self, verdict: &Verdict, delivery: &ClaimedDelivery) -> Settlement {
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

/// Waits for a platform, not for long.
async fn within<T>(
    lane: &ClaimedLane,
    call: impl Future<Output = Result<T, Verdict>>,
) -> Result<T, Verdict> {
    let platform = lane.target.platform;
    match catch_panic(AssertUnwindSafe(tokio::time::timeout(SEND_TIMEOUT, call))).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Verdict::Unknown { why: format!("{platform}: no answer in time") }),
        Err(_) => Err(Verdict::Retry { why: format!("{platform}: panic"), after: None }),
    }
}

/// What is kept of what a message shows.
fn showing(message: &Message) -> Showing {
    let mut hasher = SipHasher13::new();
    for card in &message.cards {
        // What else there is does not change, or is not seen.
        let seen = (&card.title, &card.url, &card.pay, &card.also_on, card.closed, card.posted);
        hasher.write(format!("{seen:?}").as_bytes());
    }
    let versions = message.cards.iter().map(|card| (card.opening, card.version)).collect();
    Showing { versions, content: hasher.finish().cast_signed() }
}
