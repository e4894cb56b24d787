//! How each board fares: health, and the delays of what it showed.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

use crate::domain::ids::{AccountId, BoardId};

/// Delays are those of postings first seen within this time.
const WINDOW: TimeDelta = TimeDelta::days(7);

/// One board as people see it.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardStatus {
    pub id: BoardId,
    /// The account's own number of it, if it added the board.
    pub number: Option<i64>,
    pub slug: String,
    pub name: String,
    pub last_polled_at: Option<DateTime<Utc>>,
    pub next_poll_at: DateTime<Utc>,
    pub newest_posting_at: Option<DateTime<Utc>>,
    /// Polls that failed in a row, and why the last one did.
    pub failures: i64,
    pub last_error: Option<String>,
    /// Whether it was given up.
    pub stopped: bool,
    /// The account's plan has no room for it.
    pub paused: bool,
    /// How old a posting is before the board shows it to us.
    pub delay_seconds: i64,
    /// Postings of the last response that were too many.
    pub left_out: i64,
    pub attribution: Option<String>,
    /// Where its terms stand.
    pub terms: Option<String>,
}

/// The boards that an account may see and that are polled or were given up: its own, by number,
/// then everybody's, by name.
pub async fn of_account(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> sqlx::Result<Vec<BoardStatus>> {
    sqlx::query_as!(
        BoardStatus,
        r#"SELECT b.id, s.number AS "number?", b.slug, b.name, b.last_polled_at, b.next_poll_at,
                  b.newest_posting_at, b.failures, b.last_error, b.attribution, b.terms,
                  COALESCE(s.paused_by_plan, false) AS "paused!",
                  b.stopped_at IS NOT NULL AS "stopped!", b.delay_seconds, b.left_out
           FROM boards b
           LEFT JOIN board_subscriptions s ON s.board_id = b.id AND s.account_id = $1
           WHERE (b.enabled OR b.stopped_at IS NOT NULL OR s.paused_by_plan)
             AND (b.visibility = 'catalogue' OR s.account_id IS NOT NULL)
           ORDER BY s.number IS NULL, s.number, b.name, b.id"#,
        account.0
    )
    .fetch_all(executor)
    .await
}

/// What a board has shown, and how early it was.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// Postings stored.
    pub postings: i64,
    /// From what the board says was the time of posting until we saw it: median and 95th
    /// percentile, in seconds.
    pub seen: Option<(f64, f64)>,
    /// From then until the card was delivered.
    pub told: Option<(f64, f64)>,
}

/// The figures of every board that has shown something. Reads all postings of a week.
pub async fn figures(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<HashMap<BoardId, Figures>> {
    let rows = sqlx::query!(
        r#"SELECT p.board_id, p.postings AS "postings!", seen.p50 AS "seen_p50?",
                  seen.p95 AS "seen_p95?", told.p50 AS "told_p50?", told.p95 AS "told_p95?"
           FROM (SELECT board_id, count(*) AS postings FROM postings GROUP BY board_id) p
           LEFT JOIN (
               SELECT board_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY s) AS p50,
                      percentile_cont(0.95) WITHIN GROUP (ORDER BY s) AS p95
               FROM (SELECT board_id,
                            extract(epoch FROM first_seen_at - posted_at)::float8 AS s
                     FROM postings WHERE NOT history AND first_seen_at > $1) d
               GROUP BY board_id) seen USING (board_id)
           LEFT JOIN (
               SELECT board_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY s) AS p50,
                      percentile_cont(0.95) WITHIN GROUP (ORDER BY s) AS p95
               FROM (SELECT p.board_id,
                            extract(epoch FROM d.settled_at - p.first_seen_at)::float8 AS s
                     FROM postings p JOIN owed o ON o.posting_id = p.id
                     JOIN deliveries d ON d.id = o.delivery_id
                     WHERE p.first_seen_at > $1 AND d.state = 'sent') d
               GROUP BY board_id) told USING (board_id)"#,
        now - WINDOW
    )
    .fetch_all(executor)
    .await?;
    let figures = rows.into_iter().map(|row| {
        let figures = Figures {
            postings: row.postings,
            seen: row.seen_p50.zip(row.seen_p95),
            told: row.told_p50.zip(row.told_p95),
        };
        (BoardId(row.board_id), figures)
    });
    Ok(figures.collect())
}
