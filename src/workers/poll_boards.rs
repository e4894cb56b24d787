//! Polls the board that is due for longest: claim, ask (`ask_board`), store — the network outside of
//! any transaction, the result fenced by the lease.

use std::time::Duration;

use super::Base;
use super::ask_board::{LONGEST_WAIT, Polled};
use crate::boards::fetch::{DEADLINE, FetchError, Fetcher};
use crate::clock::add;
use crate::db;
use crate::db::postings::Stored;
use crate::domain::board::{ClaimedBoard, Validators};
use crate::normalize::printable;
use crate::schedule::polling;
use crate::worker::{Tick, Worker};

/// How long a claim lasts; what has not settled by then is polled again by somebody else.
pub const LEASE: Duration = Duration::from_mins(2);

// Two fetches, the wait between them, and time to read and store what they brought.
const _: () = assert!(DEADLINE.as_secs() * 3 + LONGEST_WAIT.as_secs() < LEASE.as_secs());

/// Rest between two requests to one host.
pub const HOST_GAP: Duration = Duration::from_secs(1);

/// Polls after which a company is believed to have no openings any more.
const BELIEVED: u32 = 2;

/// Longest text of a failure that is kept.
const MAX_WHY: usize = 300;

/// The worker.
#[derive(Clone)]
pub struct PollBoards {
    pub base: Base,
    pub fetcher: Fetcher,
    pub host_gap: Duration,
}

impl Worker for PollBoards {
    const NAME: &'static str = "poll";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let now = self.base.now();
        let claim = db::boards::Claim { now, lease: LEASE, host_gap: self.host_gap };
        let claimed =
            db::in_tx(&self.base.pool, async |tx| db::boards::claim(tx, claim).await).await?;
        let Some(board) = claimed else { return Ok(Tick::Idle) };
        match self.ask(&board).await {
            Ok(polled) if has_fallen_silent(&board, &polled) => {
                let why = self.silence(&board, &polled).await?;
                // It answers: what it shows again must not be hours late.
                let rest = polling::after_success(board.interval, fastrand::f64());
                self.settle_failed(&board, &why.into(), rest).await?;
            }
            Ok(polled) => {
                if let Err(error) = self.store(&board, polled).await {
                    tracing::error!(board.id = board.id.0, "board {}: {error:#}", board.slug);
                    // With the database away this fails too, and the lease ends by itself.
                    let why = "what it shows could not be stored".to_owned();
                    self.fail(&board, &why.into()).await?;
                }
            }
            Err(error) => self.fail(&board, &error).await?,
        }
        Ok(Tick::Busy)
    }
}

impl PollBoards {
    async fn store(&self, board: &ClaimedBoard, polled: Polled) -> anyhow::Result<()> {
        let Polled { at, read, anew, mut validators } = polled;
        if !read.problems.is_empty() {
            // Perhaps a response that was cut off: "not modified" must not hide its rest.
            validators = Validators::default();
        }
        let next = add(self.base.now(), polling::after_success(board.interval, fastrand::f64()));
        let stored = db::in_tx(&self.base.pool, async |tx| {
            let shown = anew.then_some(read.postings.len());
            let answer = db::boards::Answer { validators: &validators, shown };
            if !db::boards::settle_read(tx, board, answer, at, next).await? {
                return Ok(None);
            }
            db::postings::store(tx, board, &read.postings, at).await.map(Some)
        })
        .await?;
        let Some(Stored { new, history, known }) = stored else {
            tracing::warn!(board.id = board.id.0, "lost the lease on board {}", board.slug);
            return Ok(());
        };
        if let Some(first) = read.problems.first() {
            let count = read.problems.len();
            tracing::warn!(
                board.id = board.id.0,
                problems = count,
                "board {}: {count} things could not be read, first {first}",
                board.slug
            );
        }
        tracing::debug!(
            board.id = board.id.0,
            new,
            history,
            known,
            "polled board {}: {new} new",
            board.slug
        );
        Ok(())
    }

    /// What is said of a board that shows nothing any more.
    async fn silence(&self, board: &ClaimedBoard, polled: &Polled) -> anyhow::Result<String> {
        if let Some(first) = polled.read.problems.first() {
            let count = polled.read.problems.len();
            return Ok(format!("none of its {count} postings could be read: {first}"));
        }
        let usually = db::boards::usually(&self.base.pool, board.id, self.base.now()).await?;
        Ok(if usually > 0 {
            format!("shows no posting any more; there were {usually} new ones a day")
        } else {
            format!("shows no posting any more; there were {}", board.shown)
        })
    }

    /// Ends a poll that failed: the reason is kept, the board and its host rest.
    pub async fn fail(&self, board: &ClaimedBoard, error: &FetchError) -> anyhow::Result<()> {
        let failures = board.failures.saturating_add(1);
        let rest = polling::after_failure(board.interval, failures, error.asked, fastrand::f64());
        self.settle_failed(board, error, rest).await
    }

    async fn settle_failed(
        &self,
        board: &ClaimedBoard,
        error: &FetchError,
        rest: Duration,
    ) -> anyhow::Result<()> {
        let now = self.base.now();
        // Strangers' words: a NUL could not even be stored.
        let why: String = printable(&error.why).chars().take(MAX_WHY).collect();
        tracing::warn!(
            board.id = board.id.0,
            board.failures = board.failures.saturating_add(1),
            "board {} ({}): {why}; asked again in {} s",
            board.slug,
            board.url.host_str().unwrap_or_default(),
            rest.as_secs()
        );
        db::in_tx(&self.base.pool, async |tx| {
            if let Some(asked) = error.asked {
                let until = add(now, polling::clamp_asked(asked));
                db::boards::rest_host(&mut *tx, board, until).await?;
            }
            db::boards::settle_failed(tx, board, &why, now, add(now, rest)).await
        })
        .await?;
        Ok(())
    }
}

/// Whether a board shows nothing where there were postings: it has changed, or something stands in
/// for it. Of one company's board it is believed when it says so for the third time.
fn has_fallen_silent(board: &ClaimedBoard, polled: &Polled) -> bool {
    let believed = board.kind.may_be_empty()
        || (board.kind.shows_one_company()
            && polled.read.problems.is_empty()
            && board.failures >= BELIEVED);
    polled.anew && polled.read.postings.is_empty() && board.shown > 0 && !believed
}
