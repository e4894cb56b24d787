//! How each board fares: health, and the delays of what it showed.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

use crate::domain::ids::AccountId;

/// Delays are those of postings first seen within this time.
const WINDOW: TimeDelta = TimeDelta::days(7);

/// One board as people see it.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardStatus {
    pub slug: String,
    pub name: String,
    pub last_polled_at: Option<DateTime<Utc>>,
    pub next_poll_at: DateTime<Utc>,
    pub newest_posting_at: Option<DateTime<Utc>>,
    /// Polls that failed in a row, and why the last one did.
    pub failures: i64,
    pub last_error: Option<String>,
    /// Postings stored.
    pub postings: i64,
    /// From what the board says was the time of posting until we saw it, in seconds.
    pub seen_p50: Option<f64>,
    pub seen_p95: Option<f64>,
    /// From then until the card was delivered, in seconds.
    pub told_p50: Option<f64>,
    pub told_p95: Option<f64>,
}

/// The boards that an account may see and that are polled, by name.
pub async fn of_account(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<BoardStatus>> {
    sqlx::query_as!(
        BoardStatus,
        r#"SELECT b.slug, b.name, b.last_polled_at, b.next_poll_at, b.newest_posting_at,
                  b.failures, b.last_error,
                  (SELECT count(*) FROM postings p WHERE p.board_id = b.id) AS "postings!",
                  seen.p50 AS seen_p50, seen.p95 AS seen_p95,
                  told.p50 AS told_p50, told.p95 AS told_p95
           FROM boards b
           CROSS JOIN LATERAL (
               SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY s) AS p50,
                      percentile_cont(0.95) WITHIN GROUP (ORDER BY s) AS p95
               FROM (SELECT extract(epoch FROM p.first_seen_at - p.posted_at)::float8 AS s
                     FROM postings p
                     WHERE p.board_id = b.id AND NOT p.history AND p.first_seen_at > $2) d) seen
           CROSS JOIN LATERAL (
               SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY s) AS p50,
                      percentile_cont(0.95) WITHIN GROUP (ORDER BY s) AS p95
               FROM (SELECT extract(epoch FROM d.settled_at - p.first_seen_at)::float8 AS s
                     FROM postings p JOIN owed o ON o.posting_id = p.id
                     JOIN deliveries d ON d.id = o.delivery_id
                     WHERE p.board_id = b.id AND p.first_seen_at > $2 AND d.state = 'sent') d) told
           WHERE b.enabled AND (b.visibility = 'catalogue' OR EXISTS (
                 SELECT FROM board_subscriptions s
                 WHERE s.board_id = b.id AND s.account_id = $1))
           ORDER BY b.name, b.id"#,
        account.0,
        now - WINDOW
    )
    .fetch_all(executor)
    .await
}
