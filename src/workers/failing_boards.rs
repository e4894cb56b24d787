//! What becomes of boards that cannot be read, or show nothing any more.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::poll_boards::PollBoards;
use crate::boards::ask::Answered;
use crate::boards::fetch::{FetchError, Whose};
use crate::clock::add;
use crate::db;
use crate::db::added_boards::Owner;
use crate::db::settled_polls::Failed;
use crate::domain::board::{ClaimedBoard, Visibility};
use crate::normalize::printable;
use crate::render::notices;
use crate::schedule::polling::{self, Outlook};

/// Empty answers after which a company is believed to have no openings any more.
const BELIEVED: u32 = 2;

/// Longest text of a failure that is kept.
const MAX_WHY: usize = 300;

impl PollBoards {
    /// Whether a board shows nothing where there were postings: it has changed, or something stands
    /// in for it. Of one company's board it is believed when it says so for the third time.
    pub(super) fn has_fallen_silent(board: &ClaimedBoard, answered: &Answered) -> bool {
        let believed = board.kind.may_be_empty()
            || (board.kind.shows_one_company()
                && answered.read.problems.is_empty()
                && board.empty_answers >= BELIEVED);
        answered.anew && answered.read.postings.is_empty() && board.shown > 0 && !believed
    }

    /// It answers: what it shows again must not be hours late.
    pub(super) async fn fell_silent(
        &self,
        board: &ClaimedBoard,
        answered: &Answered,
    ) -> anyhow::Result<()> {
        let why = self.silence(board, answered).await?;
        let rest = polling::after_success(Self::rhythm(board, answered, true), fastrand::f64());
        // One none of whose postings can be read has not said that it has none.
        let silent = answered.read.problems.is_empty();
        self.settle_failed(board, (&why.into(), silent), rest).await
    }

    /// What is said of a board that shows nothing any more.
    async fn silence(&self, board: &ClaimedBoard, answered: &Answered) -> anyhow::Result<String> {
        if let Some(first) = answered.read.problems.first() {
            let count = answered.read.problems.len();
            return Ok(format!("none of its {count} postings could be read: {first}"));
        }
        let now = self.base.now();
        let usually = db::settled_polls::usually(&self.base.pool, board.id, now).await?;
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
        self.settle_failed(board, (error, false), rest).await
    }

    async fn settle_failed(
        &self,
        board: &ClaimedBoard,
        (error, silent): (&FetchError, bool),
        rest: Duration,
    ) -> anyhow::Result<()> {
        let now = self.base.now();
        // A board that is only silent is there, and is not given up.
        let since = board.unanswered_since.filter(|_| !silent);
        let failing_for = since.and_then(|since| (now - since).to_std().ok());
        let (gone, owned) =
            (error.whose == Whose::Gone, board.visibility == Visibility::Subscribed);
        let outlook = polling::outlook(rest, failing_for.unwrap_or_default(), gone, owned);
        // Strangers' words: a NUL could not even be stored.
        let why: String = printable(&error.why).chars().take(MAX_WHY).collect();
        say(board, &why, outlook);
        let rest = match outlook {
            Outlook::Again(rest) => rest,
            Outlook::GivenUp => Duration::ZERO,
        };
        let failed = Failed {
            at: now,
            why: &why,
            next_poll_at: add(now, rest),
            stop: outlook == Outlook::GivenUp,
            silent,
        };
        db::in_tx(&self.base.pool, async |tx| {
            rest_host(tx, board, error, now).await?;
            let ours = db::settled_polls::failed(&mut *tx, board, failed).await?;
            if !(ours && failed.stop) {
                return Ok(());
            }
            let owners = db::added_boards::owners(&mut *tx, board.id).await?;
            let notice = |owner: Owner| {
                let url = Some(&board.url).filter(|_| board.sealed_url.is_none());
                let text = notices::board_given_up(owner.number, &board.name, url, &why, gone);
                (owner.target, text)
            };
            let said: Vec<_> = owners.into_iter().map(notice).collect();
            db::deliveries::queue_notices(tx, &said, now).await
        })
        .await?;
        Ok(())
    }
}

/// What one refusal asks of everybody who would ask its host.
pub(super) async fn rest_host(
    tx: &mut PgConnection,
    board: &ClaimedBoard,
    error: &FetchError,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if let Some(asked) = error.asked {
        let until = add(now, polling::clamp_asked(asked));
        db::hosts::rest(&mut *tx, &board.url, until).await?;
    }
    if error.is_of_host() {
        let failures = db::hosts::failed(&mut *tx, &board.url).await?;
        if let Some(rest) = polling::host_rest(failures) {
            db::hosts::rest(&mut *tx, &board.url, add(now, rest)).await?;
        }
    }
    Ok(())
}

fn say(board: &ClaimedBoard, why: &str, outlook: Outlook) {
    let next = match outlook {
        Outlook::Again(rest) => format!("asked again in {} s", rest.as_secs()),
        Outlook::GivenUp => "given up".to_owned(),
    };
    tracing::warn!(
        board.id = board.id.0,
        board.failures = board.failures.saturating_add(1),
        "board {} ({}): {why}; {next}",
        board.slug,
        board.url.host_str().unwrap_or_default(),
    );
}
