//! What the senders of one platform share in a process: lanes that were claimed for them, and their calls
//! to the database, which become few.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use super::Base;
use super::together::Together;
use crate::clock::add;
use crate::db;
use crate::db::lanes::ClaimedLane;
use crate::db::settle::Turn;
use crate::domain::delivery::ClaimedDelivery;
use crate::domain::ids::DeliveryId;
use crate::domain::limit::Limit;
use crate::domain::message::Message;
#[cfg(feature = "chaos")]
use crate::failpoint::{Point, reach};
use crate::messenger::Messenger;

/// How long a claim of a lane lasts.
pub const LEASE: Duration = Duration::from_secs(45);

/// Lanes claimed at once.
const CLAIMED: usize = 64;

/// Deliveries taken from one lane before another lane gets its turn.
const HEAD: i64 = 5;

/// A lane that waited longer than this for a sender is given back: others may have one.
const LONGEST_QUEUE: Duration = Duration::from_secs(5);

/// A lane with its next deliveries, all due.
pub struct Claimed {
    pub lane: ClaimedLane,
    pub head: Vec<ClaimedDelivery>,
    pub at: DateTime<Utc>,
}

/// One platform's senders.
pub struct Outbox {
    pub base: Base,
    pub messenger: Arc<dyn Messenger>,
    /// Wakes a sender that rests.
    pub wake: Arc<Notify>,
    /// Cancelled when no more is to be sent: what has begun is finished, the rest is given back.
    pub stop: CancellationToken,
    senders: usize,
    busy: AtomicUsize,
    queue: Mutex<VecDeque<Claimed>>,
    begins: Together<Begin, Begun>,
    turns: Together<Turn, bool>,
}

/// A try that is to begin.
#[derive(Clone)]
pub struct Begin {
    pub lane: ClaimedLane,
    pub delivery: DeliveryId,
    /// The delivery whose message is shown: this one, or the one that it edits.
    pub shows: DeliveryId,
    pub limits: Vec<Limit>,
}

/// Whether it may.
#[derive(Debug, Clone)]
pub enum Begun {
    Yes(Box<Message>),
    /// The lane is no longer ours.
    Lost,
    /// A limit stops it until then.
    Wait(DateTime<Utc>),
}

/// Counts a sender as busy while it lives.
pub struct Busy<'a>(&'a AtomicUsize);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Outbox {
    /// For so many senders.
    pub fn new(
        base: Base,
        messenger: Arc<dyn Messenger>,
        wake: Arc<Notify>,
        senders: usize,
    ) -> Self {
        let (busy, queue, begins, turns) = Default::default();
        let stop = CancellationToken::new();
        Self { base, messenger, wake, stop, senders, busy, queue, begins, turns }
    }

    /// One that ends with the service.
    #[must_use]
    pub fn until(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// The next lane to send to. One sender claims for all that rest, and wakes them.
    pub async fn next(&self) -> sqlx::Result<Option<(Claimed, Busy<'_>)>> {
        let mut queue = self.queue.lock().await;
        while let Some(claimed) = queue.pop_front() {
            if self.since(claimed.at) < LONGEST_QUEUE {
                return Ok(Some((claimed, self.busy())));
            }
            self.leave(claimed.lane, self.base.now()).await?;
        }
        let resting = self.senders.saturating_sub(self.busy.load(Ordering::Relaxed));
        queue.extend(self.claim(resting.clamp(1, CLAIMED)).await?);
        let first = queue.pop_front();
        for _ in queue.iter() {
            self.wake.notify_one();
        }
        Ok(first.map(|claimed| (claimed, self.busy())))
    }

    fn busy(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(&self.busy)
    }

    async fn claim(&self, most: usize) -> sqlx::Result<Vec<Claimed>> {
        let platform = self.messenger.platform();
        let mut connection = self.base.pool.acquire().await?;
        let now = self.base.now();
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let lanes = db::lanes::claim(&mut *connection, platform, now, LEASE, limit).await?;
        if lanes.is_empty() {
            return Ok(Vec::new());
        }
        #[cfg(feature = "chaos")]
        reach(Point::Claimed);
        let mut heads = db::lanes::heads(&mut *connection, &lanes, now, HEAD).await?;
        let with_head = lanes.into_iter().map(|lane| {
            let head = heads.remove(&lane.target.id).unwrap_or_default();
            Claimed { lane, head, at: now }
        });
        Ok(with_head.collect())
    }

    /// Gives back the lanes that wait for a sender.
    pub async fn give_back(&self) -> sqlx::Result<()> {
        for claimed in std::mem::take(&mut *self.queue.lock().await) {
            self.leave(claimed.lane, self.base.now()).await?;
        }
        Ok(())
    }

    /// How long until a lane is ready that is not now.
    pub async fn until_next(&self) -> sqlx::Result<Option<Duration>> {
        let (now, platform) = (self.base.now(), self.messenger.platform());
        let next = db::lanes::next_ready(&self.base.pool, platform, now).await?;
        Ok(next.map(|at| (at - now).to_std().unwrap_or_default()))
    }

    /// Asks whether a try may begin, counts it under its limits, and writes that it does.
    pub async fn begin(&self, begin: Begin) -> sqlx::Result<Begun> {
        self.begins.call(begin, |begins| self.begin_all(begins)).await
    }

    async fn begin_all(&self, begins: Vec<Begin>) -> sqlx::Result<Vec<Begun>> {
        let of = |begin: &Begin| (begin.lane.target.account, begin.shows);
        let shown: Vec<_> = begins.iter().map(of).collect();
        let mut messages = db::cards::messages(&self.base.pool, &shown).await?;
        for begin in begins.iter().filter(|begin| begin.shows == begin.delivery) {
            if let Some(message) = messages.get_mut(&begin.delivery) {
                self.split(begin, message).await?;
            }
        }
        #[cfg(feature = "chaos")]
        reach(Point::Loaded);
        let now = self.base.now();
        let (taken, begun) = self.begin_some(&begins, now).await?;
        #[cfg(feature = "chaos")]
        reach(Point::Begun);
        let mut begun = begun.into_iter();
        let answers = begins.iter().zip(taken).map(|(begin, taken)| match taken {
            Err(until) => Begun::Wait(until),
            Ok(()) if !begun.next().unwrap_or_default() => Begun::Lost,
            Ok(()) => match messages.remove(&begin.shows) {
                Some(message) => Begun::Yes(Box::new(message)),
                None => Begun::Lost,
            },
        });
        Ok(answers.collect())
    }

    /// Gives what one message of the platform does not show to the next ones. It is written down before the
    /// first of them is tried, so that each shows the same at every try.
    async fn split(&self, begin: &Begin, message: &mut Message) -> sqlx::Result<()> {
        let now = self.base.now();
        let fits = |message: &Message| self.messenger.fits(message, now).max(1);
        let count = fits(message);
        if count >= message.cards.len() {
            return Ok(());
        }
        let mut rest = message.first(0);
        rest.cards = message.cards.split_off(count);
        let mut parts = Vec::new();
        while !rest.cards.is_empty() {
            let count = fits(&rest).min(rest.cards.len());
            parts.push(rest.cards.drain(..count).map(|card| card.opening).collect());
        }
        db::in_tx(&self.base.pool, async |tx| {
            db::messages::divide(tx, &begin.lane, begin.delivery, &parts).await
        })
        .await
    }

    /// Which of them their limits let pass, and of these which have begun.
    async fn begin_some(
        &self,
        begins: &[Begin],
        now: DateTime<Utc>,
    ) -> sqlx::Result<(Vec<Result<(), DateTime<Utc>>>, Vec<bool>)> {
        let send = |begin: &Begin| (begin.lane.clone(), begin.delivery);
        if begins.iter().all(|begin| begin.limits.is_empty()) {
            let all: Vec<_> = begins.iter().map(send).collect();
            let begun = db::lanes::begin_sends(&self.base.pool, &all, now).await?;
            return Ok((vec![Ok(()); begins.len()], begun));
        }
        let limits: Vec<Vec<Limit>> = begins.iter().map(|begin| begin.limits.clone()).collect();
        db::in_tx(&self.base.pool, async |tx| {
            let taken = db::limits::take(tx, &limits, now).await?;
            let may = begins.iter().zip(&taken).filter(|(_, taken)| taken.is_ok());
            let may: Vec<_> = may.map(|(begin, _)| send(begin)).collect();
            let begun = db::lanes::begin_sends(tx, &may, now).await?;
            Ok((taken, begun))
        })
        .await
    }

    /// Writes what became of a lane. `false` if it was no longer ours.
    pub async fn settle(&self, turn: Turn) -> sqlx::Result<bool> {
        self.turns.call(turn, |turns| self.settle_all(turns)).await
    }

    async fn settle_all(&self, turns: Vec<Turn>) -> sqlx::Result<Vec<bool>> {
        let now = self.base.now();
        let settled = db::in_tx(&self.base.pool, async |tx| {
            let settled = db::settle::settle(tx, &turns, now).await;
            #[cfg(feature = "chaos")]
            reach(Point::Settling);
            settled
        });
        let settled = settled.await?;
        #[cfg(feature = "chaos")]
        reach(Point::Settled);
        Ok(settled)
    }

    /// Gives a lane back, not to be ready before then.
    pub async fn leave(&self, lane: ClaimedLane, ready: DateTime<Utc>) -> sqlx::Result<bool> {
        self.settle(Turn { lane, tried: Vec::new(), rest: None, leave: Some(ready) }).await
    }

    /// How long ago that was, by the clock that leases are kept by.
    pub fn since(&self, at: DateTime<Utc>) -> Duration {
        (self.base.now() - at).to_std().unwrap_or_default()
    }

    /// In so long from now.
    pub fn after(&self, rest: Duration) -> DateTime<Utc> {
        add(self.base.now(), rest)
    }
}
