//! Polls the boards that are due: claim (`claims`), ask (`ask_board`), store — the network outside of
//! any transaction, the result fenced by the lease.

use std::sync::Arc;

use sqlx::PgConnection;
use tokio::sync::Semaphore;

use super::Base;
use super::claims::Claims;
use super::failing_boards::rest_host;
use crate::boards::ReadBoard;
use crate::boards::ask::Answered;
use crate::boards::fetch::Fetcher;
use crate::clock::add;
use crate::db;
use crate::db::postings::{Extent, Shown, Stored};
use crate::db::settled_polls::{Read, Unchanged};
use crate::domain::board::{ClaimedBoard, Validators};
use crate::schedule::polling::{self, Rhythm};
use crate::secrets::Keys;
use crate::worker::{Tick, Worker};

/// Responses stored at a time. Those that show the same companies wait for each other inside the database;
/// more of them would hold all its connections meanwhile, and whoever delivers would get none.
static STORERS: Semaphore = Semaphore::const_new(4);

/// New postings that are stored in one transaction.
const AT_ONCE: usize = 200;

/// The worker. Those of one process share their claims.
#[derive(Clone)]
pub struct PollBoards {
    pub base: Base,
    pub fetcher: Fetcher,
    pub claims: Claims,
    /// What addresses are sealed with that open a feed to their owner alone.
    pub keys: Option<Arc<Keys>>,
}

impl Worker for PollBoards {
    const NAME: &'static str = "poll";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let Some(board) = self.claims.next(&self.base).await? else { return Ok(Tick::Idle) };
        self.claims.hold(&self.base, &board, self.poll(&board)).await?;
        Ok(Tick::Busy)
    }
}

impl PollBoards {
    async fn poll(&self, board: &ClaimedBoard) -> anyhow::Result<()> {
        match self.ask(board).await {
            Ok(answered) => self.take(board, answered).await,
            Err(error) => self.fail(board, &error).await,
        }
    }

    async fn take(&self, board: &ClaimedBoard, answered: Answered) -> anyhow::Result<()> {
        if !answered.anew {
            let rhythm = Self::rhythm(board, &answered, false);
            let poll = Unchanged {
                board: board.id,
                lease: board.lease.0,
                host: db::hosts::host_of(&board.url),
                at: answered.at,
                next_poll_at: add(self.base.now(), polling::after_success(rhythm, fastrand::f64())),
            };
            return Ok(self.claims.settle_unchanged(&self.base.pool, poll).await?);
        }
        if Self::has_fallen_silent(board, &answered) {
            return self.fell_silent(board, &answered).await;
        }
        if let Err(error) = self.store(board, answered).await {
            tracing::error!(board.id = board.id.0, "board {}: {error:#}", board.slug);
            // With the database away this fails too, and the lease ends by itself.
            let why = "what it shows could not be stored".to_owned();
            self.fail(board, &why.into()).await?;
        }
        Ok(())
    }

    async fn store(&self, board: &ClaimedBoard, answered: Answered) -> anyhow::Result<()> {
        let read = &answered.read;
        // Perhaps a response that was cut off: "not modified" must not hide its rest.
        let whole = read.problems.is_empty();
        let validators = if whole { answered.validators.clone() } else { Validators::default() };
        let mut sum = Stored::default();
        let mut tries = 1;
        // Some at a time: who stores much keeps others waiting.
        let stored = loop {
            let turn = STORERS.acquire().await?;
            let stored = db::in_tx(&self.base.pool, async |tx| {
                self.store_some(tx, board, (&answered, &validators), &sum).await
            })
            .await;
            drop(turn);
            match stored {
                Err(error) if db::is_tried_again(&error, tries).await => tries += 1,
                Ok(Some(some)) => {
                    let known = if sum == Stored::default() { some.known } else { sum.known };
                    (sum.new, sum.history, sum.known) =
                        (sum.new + some.new, sum.history + some.history, known);
                    sum.newest = sum.newest.max(some.newest);
                    tries = 1;
                    if some.left == 0 {
                        break Some(sum);
                    }
                }
                Ok(None) => break None,
                Err(error) => return Err(error.into()),
            }
        };
        let (id, slug) = (board.id.0, &board.slug);
        let Some(Stored { new, history, known, .. }) = stored else {
            tracing::warn!(board.id = id, "lost the lease on board {slug}");
            return Ok(());
        };
        if let Some(first) = read.problems.first() {
            let problems = read.problems.len();
            tracing::warn!(
                board.id = id,
                problems,
                "board {slug}: {problems} things could not be read, first {first}"
            );
        }
        tracing::debug!(board.id = id, new, history, known, "polled board {slug}: {new} new");
        Ok(())
    }

    /// Stores the oldest postings that are unknown, and settles the poll when none is left. Nothing, if the
    /// lease was lost.
    async fn store_some(
        &self,
        tx: &mut PgConnection,
        board: &ClaimedBoard,
        (answered, validators): (&Answered, &Validators),
        before: &Stored,
    ) -> sqlx::Result<Option<Stored>> {
        if !db::polls::hold(tx, board).await? {
            return Ok(None);
        }
        let Answered { at, read, .. } = answered;
        let extent = extent(board, read);
        let shown = Shown { postings: &read.postings, extent, most: AT_ONCE };
        let stored = db::postings::store(tx, board, shown, *at).await?;
        if stored.left > 0 {
            return Ok(Some(stored));
        }
        let anything_new = before.new + stored.new > 0;
        let rhythm = Self::rhythm(board, answered, anything_new);
        let rest = polling::after_success(rhythm, fastrand::f64());
        let asked = answered.refused.as_ref().and_then(|refused| refused.asked);
        let rest = rest.max(asked.map(polling::clamp_asked).unwrap_or_default());
        let settled = Read {
            at: *at,
            validators,
            shown: read.postings.len(),
            left_out: read.left_out,
            newest: stored.newest.max(before.newest),
            anything_new,
            next_poll_at: add(self.base.now(), rest),
            cut: read.cut,
        };
        db::settled_polls::read(tx, board, settled).await?;
        if let Some(refused) = &answered.refused {
            rest_host(tx, board, refused, self.base.now()).await?;
        }
        Ok(Some(stored))
    }

    /// What is known of a board's rhythm, with what it answered now.
    pub(super) fn rhythm(board: &ClaimedBoard, answered: &Answered, new: bool) -> Rhythm {
        let quiet = board.last_new_at.filter(|_| !new);
        Rhythm {
            interval: board.interval,
            quiet: quiet.and_then(|last| (answered.at - last).to_std().ok()),
            stays: answered.stays,
        }
    }
}

/// How much of what a board has was read. What is missing this time does not make it one that shows its
/// newest postings alone.
fn extent(board: &ClaimedBoard, read: &ReadBoard) -> Extent {
    if read.has_more() || !board.kind.lists_everything() {
        Extent::Newest
    } else if read.is_whole() {
        Extent::Whole
    } else {
        Extent::Part
    }
}
