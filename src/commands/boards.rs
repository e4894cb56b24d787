//! `boards` and `status`.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tokio::sync::Mutex;

use super::{Actor, Context, Outcome};
use crate::db;
use crate::db::board_status::{BoardStatus, Figures};
use crate::domain::ids::BoardId;
use crate::render::replies::{self, BoardLine};

/// The boards that an account may see, as replies and pages show them.
pub async fn lines(context: &Context, actor: Actor) -> sqlx::Result<Vec<BoardLine>> {
    let now = context.now();
    let mut boards = db::board_status::of_account(&context.pool, actor.account).await?;
    let mut shared = 0;
    if let Some(here) = actor.here {
        let all = db::board_status::of_account(&context.pool, here.account).await?;
        let all: Vec<BoardStatus> = all.into_iter().filter(|it| it.number.is_some()).collect();
        shared = all.len();
        boards.splice(0..0, all).for_each(drop);
    }
    let figures = context.figures.get(&context.pool, now).await?;
    let line = |(at, board): (usize, BoardStatus)| {
        let Figures { postings, seen, told } = figures.get(&board.id).copied().unwrap_or_default();
        BoardLine {
            number: board.number,
            shared: at < shared,
            stopped: board.stopped,
            paused: board.paused,
            own_delay: Some(TimeDelta::seconds(board.delay_seconds))
                .filter(|delay| *delay > TimeDelta::zero()),
            left_out: board.left_out,
            attribution: board.attribution,
            terms: board.terms,
            slug: board.slug,
            name: board.name,
            polled: board.last_polled_at.map(|polled| now - polled),
            next_poll: board.next_poll_at - now,
            newest: board.newest_posting_at.map(|newest| now - newest),
            failing: board.last_error.filter(|_| board.failures > 0),
            postings,
            seen,
            told,
        }
    };
    Ok(boards.into_iter().enumerate().map(line).collect())
}

/// Figures are read again when they are as old as this.
const FRESH: TimeDelta = TimeDelta::seconds(15);

type ByBoard = Arc<HashMap<BoardId, Figures>>;

/// Figures, and when they were read.
type Read = (DateTime<Utc>, ByBoard);

/// The boards' figures, read once for all who ask within a while: every open page does.
#[derive(Debug, Clone, Default)]
pub struct SharedFigures(Arc<Mutex<Option<Read>>>);

impl SharedFigures {
    /// What was read says nothing of a board that came since.
    pub async fn forget(&self) {
        *self.0.lock().await = None;
    }

    async fn get(&self, pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<ByBoard> {
        // Held while reading, so that one reads and the others wait for it.
        let mut kept = self.0.lock().await;
        if let Some((_, figures)) = kept.as_ref().filter(|(at, _)| now - *at < FRESH) {
            return Ok(Arc::clone(figures));
        }
        let figures = Arc::new(db::board_status::figures(pool, now).await?);
        *kept = Some((now, Arc::clone(&figures)));
        Ok(figures)
    }
}

pub async fn boards(context: &Context, actor: Actor) -> Outcome {
    Ok(replies::boards(&lines(context, actor).await?))
}

pub async fn status(context: &Context, actor: Actor) -> Outcome {
    Ok(replies::status(&lines(context, actor).await?))
}
