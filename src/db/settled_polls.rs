//! How polls end. Each names its lease, so that one whose board was taken over changes nothing.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::hosts;
use crate::domain::board::{ClaimedBoard, Validators};
use crate::domain::ids::BoardId;

/// Takes a board back to its place without a poll.
pub async fn give_back(executor: impl PgExecutor<'_>, board: &ClaimedBoard) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE boards SET lease_id = NULL, lease_until = NULL WHERE id = $1 AND lease_id = $2",
        board.id.0,
        board.lease.0
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// What is kept of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    pub at: DateTime<Utc>,
    pub validators: &'a Validators,
    /// Postings that it showed.
    pub shown: usize,
    /// Those that were too many.
    pub left_out: usize,
    /// When the newest of those that are new was posted.
    pub newest: Option<DateTime<Utc>>,
    /// Whether any was new.
    pub anything_new: bool,
    pub next_poll_at: DateTime<Utc>,
    /// Whether something that it shows could not be had, so that what comes next may be old.
    pub cut: bool,
}

/// A board of which some part can never be had has a past of so long at the most.
const LONGEST_FIRST_READ: TimeDelta = TimeDelta::days(1);

/// Ends a poll that went well, inside the transaction that held the board and stored what it shows.
pub async fn read(tx: &mut PgConnection, board: &ClaimedBoard, read: Read<'_>) -> sqlx::Result<()> {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    sqlx::query!(
        "UPDATE boards SET lease_id = NULL, lease_until = NULL, failures = 0, last_error = NULL,
                           failing_since = NULL, reading_hash = NULL, suspect_hash = NULL,
                           reading_deaths = 0, unanswered_since = NULL, empty_answers = 0,
                           last_polled_at = $3, last_read_at = $3,
                           first_read_at = COALESCE(first_read_at, CASE
                               WHEN NOT $11 OR created_at <= $12 THEN $3::timestamptz END),
                           next_poll_at = $4, etag = $5, last_modified = $6, shown = $7,
                           left_out = $8, newest_posting_at = GREATEST(newest_posting_at, $9),
                           last_new_at = CASE WHEN $10 THEN $3 ELSE COALESCE(last_new_at, $3) END
         WHERE id = $1 AND lease_id = $2",
        board.id.0,
        board.lease.0,
        read.at,
        read.next_poll_at,
        read.validators.etag,
        read.validators.last_modified,
        number(read.shown),
        number(read.left_out),
        read.newest,
        read.anything_new,
        read.cut,
        read.at - LONGEST_FIRST_READ
    )
    .execute(&mut *tx)
    .await?;
    hosts::answered(tx, &[hosts::host_of(&board.url)]).await
}

/// A board that said that nothing has changed.
#[derive(Debug, Clone)]
pub struct Unchanged {
    pub board: BoardId,
    pub lease: Uuid,
    pub host: String,
    pub at: DateTime<Utc>,
    pub next_poll_at: DateTime<Utc>,
}

/// Ends the polls of boards where nothing has changed: one statement, whose commit waits for no disk,
/// since what is lost with the server is polled again.
pub async fn unchanged(executor: impl PgExecutor<'_>, polls: &[Unchanged]) -> sqlx::Result<()> {
    let ids: Vec<i64> = polls.iter().map(|poll| poll.board.0).collect();
    let leases: Vec<Uuid> = polls.iter().map(|poll| poll.lease).collect();
    let at: Vec<DateTime<Utc>> = polls.iter().map(|poll| poll.at).collect();
    let next: Vec<DateTime<Utc>> = polls.iter().map(|poll| poll.next_poll_at).collect();
    let hosts: Vec<String> = polls.iter().map(|poll| poll.host.clone()).collect();
    sqlx::query!(
        "WITH no_wait AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS it),
         settled AS (
             UPDATE boards b
             SET lease_id = NULL, lease_until = NULL, failures = 0, last_error = NULL,
                 failing_since = NULL, unanswered_since = NULL, last_polled_at = u.at,
                 next_poll_at = u.next
             FROM UNNEST($1::bigint[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
                  AS u (id, lease, at, next)
             WHERE b.id = u.id AND b.lease_id = u.lease)
         UPDATE hosts SET failures = 0
         WHERE host = ANY ($5) AND failures > 0 AND (SELECT it FROM no_wait) IS NOT NULL",
        &ids,
        &leases,
        &at,
        &next,
        &hosts
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// What is kept of a poll that failed.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    pub at: DateTime<Utc>,
    pub why: &'a str,
    pub next_poll_at: DateTime<Utc>,
    /// Whether the board is given up.
    pub stop: bool,
    /// Whether it answered, and showed nothing.
    pub silent: bool,
}

/// Ends a poll that failed. `false` if the lease was taken over meanwhile.
pub async fn failed(
    executor: impl PgExecutor<'_>,
    board: &ClaimedBoard,
    failed: Failed<'_>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE boards SET lease_id = NULL, lease_until = NULL, failures = failures + 1,
                           last_error = $3, last_polled_at = $4, next_poll_at = $5,
                           failing_since = COALESCE(failing_since, $4),
                           enabled = enabled AND NOT $6,
                           stopped_at = CASE WHEN $6 THEN $4::timestamptz END,
                           reading_hash = NULL,
                           unanswered_since = CASE WHEN NOT $7 THEN COALESCE(unanswered_since, $4) END,
                           empty_answers = empty_answers + CASE WHEN $7 THEN 1 ELSE 0 END
         WHERE id = $1 AND lease_id = $2",
        board.id.0,
        board.lease.0,
        failed.why,
        failed.at,
        failed.next_poll_at,
        failed.stop,
        failed.silent
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many postings a board has shown a day, over the last two weeks.
pub async fn usually(
    executor: impl PgExecutor<'_>,
    board: BoardId,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) / 14 AS "count!" FROM postings
           WHERE board_id = $1 AND COALESCE(posted_at, first_seen_at) > $2"#,
        board.0,
        now - TimeDelta::days(14)
    )
    .fetch_one(executor)
    .await
}

/// Makes all boards due, to measure how fast they are polled.
pub async fn all_due(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("UPDATE boards SET next_poll_at = $1 WHERE enabled", now)
        .execute(executor)
        .await?;
    Ok(())
}

/// Boards that are due, or being polled.
pub async fn due(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "due!" FROM boards WHERE enabled AND next_poll_at <= $1"#,
        now
    )
    .fetch_one(executor)
    .await
}

/// Postings that are stored.
pub async fn postings(executor: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM postings"#).fetch_one(executor).await
}
