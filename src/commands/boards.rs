//! `boards` and `status`.

use super::{Actor, Context, Outcome};
use crate::db;
use crate::db::board_status::BoardStatus;
use crate::render::replies::{self, BoardLine};

/// The boards that an account may see, as replies and pages show them.
pub async fn lines(context: &Context, actor: Actor) -> sqlx::Result<Vec<BoardLine>> {
    let now = context.now();
    let boards = db::board_status::of_account(&context.pool, actor.account, now).await?;
    let line = |board: BoardStatus| BoardLine {
        slug: board.slug,
        name: board.name,
        polled: board.last_polled_at.map(|polled| now - polled),
        next_poll: board.next_poll_at - now,
        newest: board.newest_posting_at.map(|newest| now - newest),
        failing: board.last_error.filter(|_| board.failures > 0),
        postings: board.postings,
        seen: board.seen_p50.zip(board.seen_p95),
        told: board.told_p50.zip(board.told_p95),
    };
    Ok(boards.into_iter().map(line).collect())
}

pub async fn boards(context: &Context, actor: Actor) -> Outcome {
    Ok(replies::boards(&lines(context, actor).await?))
}

pub async fn status(context: &Context, actor: Actor) -> Outcome {
    Ok(replies::status(&lines(context, actor).await?))
}
