//! Boards that were claimed and wait for a poller, and polls that wait to be settled: both go to the
//! database in batches, whichever poller does it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::sync::{Mutex, Notify};
use tokio::time::sleep;

use super::Base;
use crate::clock::add;
use crate::db;
use crate::db::polls::Claim;
use crate::db::settled_polls::Unchanged;
use crate::domain::board::ClaimedBoard;
use crate::schedule::polling;

/// Boards claimed at once.
const BATCH: usize = 64;

/// A board that has waited for so long for a poller is given back.
const LONGEST_QUEUE: Duration = Duration::from_secs(30);

/// How old the count of what all boards want may be.
const DEMAND_IS_FRESH: TimeDelta = TimeDelta::minutes(1);

/// How long a claim lasts whose poller gives no sign of life: then the board is polled by somebody else.
pub const LEASE: Duration = Duration::from_mins(1);

/// How often a poller gives that sign, however long its board takes to answer.
pub const RENEWAL: Duration = Duration::from_secs(15);

// Nobody renews what waits for a poller, and one renewal may fail.
const _: () = assert!(LONGEST_QUEUE.as_secs() + RENEWAL.as_secs() < LEASE.as_secs());
const _: () = assert!(RENEWAL.as_secs() * 3 < LEASE.as_secs());

/// How boards are claimed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Rest between two requests to one host.
    pub host_gap: Duration,
    /// Whether boards that are all due at once are spread.
    pub spread: bool,
    /// When nothing was due, nobody looks again before this.
    pub look: Duration,
    /// How often a claim is renewed while its board is polled.
    pub renewal: Duration,
}

/// What the pollers of one process share.
#[derive(Clone)]
pub struct Claims {
    pub pace: Pace,
    /// Wakes the pollers that rest when there is work for several.
    pub wake: Arc<Notify>,
    queue: Arc<Mutex<Queue>>,
    unchanged: Arc<SyncMutex<Vec<Unchanged>>>,
    settling: Arc<Mutex<()>>,
}

#[derive(Default)]
struct Queue {
    boards: VecDeque<(Instant, ClaimedBoard)>,
    nothing_due: Option<Instant>,
    demand: Option<(DateTime<Utc>, f64)>,
}

impl Claims {
    pub fn new(pace: Pace, wake: Arc<Notify>) -> Self {
        let (queue, unchanged, settling) = Default::default();
        Self { pace, wake, queue, unchanged, settling }
    }

    /// The next board to ask.
    pub async fn next(&self, base: &Base) -> sqlx::Result<Option<ClaimedBoard>> {
        // Held while claiming, so that one poller claims for all.
        let mut queue = self.queue.lock().await;
        while let Some((since, board)) = queue.boards.pop_front() {
            if since.elapsed() < LONGEST_QUEUE {
                return Ok(Some(board));
            }
            db::settled_polls::give_back(&base.pool, &board).await?;
        }
        if queue.nothing_due.is_some_and(|at| at.elapsed() < self.pace.look) {
            return Ok(None);
        }
        let claim = Claim {
            now: base.now(),
            most: BATCH,
            lease: LEASE,
            host_gap: self.pace.host_gap,
            pace: if self.pace.spread { Some(queue.allowed(base).await?) } else { None },
        };
        let claimed = db::in_tx(&base.pool, async |tx| db::polls::claim(tx, claim).await).await?;
        queue.nothing_due = claimed.is_empty().then(Instant::now);
        let mut claimed = claimed.into_iter();
        let first = claimed.next();
        let since = Instant::now();
        queue.boards.extend(claimed.map(|board| (since, board)));
        if !queue.boards.is_empty() {
            self.wake.notify_waiters();
        }
        Ok(first)
    }

    /// Polls a board, and keeps the claim alive meanwhile.
    pub async fn hold<T>(
        &self,
        base: &Base,
        board: &ClaimedBoard,
        poll: impl Future<Output = T>,
    ) -> T {
        let renewals = async {
            loop {
                sleep(self.pace.renewal).await;
                match db::polls::renew(&base.pool, board, add(base.now(), LEASE)).await {
                    Ok(true) => {}
                    // It is somebody else's: the poll goes on, and finds that it may store nothing.
                    Ok(false) => return std::future::pending().await,
                    Err(error) => tracing::warn!("a claim was not renewed: {error}"),
                }
            }
        };
        tokio::select! {
            biased;
            polled = poll => polled,
            never = renewals => never,
        }
    }

    /// Gives back what waits for a poller, so that others need not wait until its leases end.
    pub async fn give_back(&self, pool: &PgPool) -> sqlx::Result<()> {
        for (_, board) in std::mem::take(&mut self.queue.lock().await.boards) {
            db::settled_polls::give_back(pool, &board).await?;
        }
        Ok(())
    }

    /// Ends a poll that found nothing changed. Whoever finds nobody settling settles, and goes on with
    /// what has come meanwhile; the others need not wait, and have the next board asked.
    pub async fn settle_unchanged(&self, pool: &PgPool, unchanged: Unchanged) -> sqlx::Result<()> {
        let waiting = || self.unchanged.lock().unwrap_or_else(PoisonError::into_inner);
        waiting().push(unchanged);
        let mut settled = Ok(());
        // Looked at anew after each release: what came before it found somebody settling.
        while !waiting().is_empty() {
            let Ok(settling) = self.settling.try_lock() else { break };
            let polls = std::mem::take(&mut *waiting());
            if !polls.is_empty() {
                settled = settled.and(db::settled_polls::unchanged(pool, &polls).await);
            }
            drop(settling);
        }
        settled
    }
}

impl Queue {
    /// Boards a second that may be asked.
    async fn allowed(&mut self, base: &Base) -> sqlx::Result<f64> {
        let now = base.now();
        if let Some((_, demand)) = self.demand.filter(|(at, _)| now - *at < DEMAND_IS_FRESH) {
            return Ok(polling::pace(demand));
        }
        let demand = db::polls::demand(&base.pool).await?;
        self.demand = Some((now, demand));
        Ok(polling::pace(demand))
    }
}
