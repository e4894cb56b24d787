//! How far postings have come: what `try` waits for and what `bench` measures.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::domain::ids::AccountId;

/// Counts of what happened since a moment; each stage needs the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Funnel {
    /// Postings read from boards that were news.
    pub seen: i64,
    /// Of those, matched against all filters.
    pub matched: i64,
    /// Messages that became due.
    pub owed: i64,
    /// Messages that were accepted by their platform.
    pub sent: i64,
}

/// Counts everything since `since`.
pub async fn funnel(executor: impl PgExecutor<'_>, since: DateTime<Utc>) -> sqlx::Result<Funnel> {
    sqlx::query_as!(
        Funnel,
        r#"SELECT
             (SELECT count(*) FROM postings
              WHERE first_seen_at >= $1 AND NOT history) AS "seen!",
             (SELECT count(*) FROM postings
              WHERE first_seen_at >= $1 AND NOT history AND matched_at IS NOT NULL) AS "matched!",
             (SELECT count(*) FROM deliveries WHERE created_at >= $1) AS "owed!",
             (SELECT count(*) FROM deliveries
              WHERE created_at >= $1 AND state = 'sent') AS "sent!""#,
        since
    )
    .fetch_one(executor)
    .await
}

/// Names of the account's active filters that have not had a card since `since`.
pub async fn filters_without_card(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "SELECT f.name FROM filters f
         WHERE f.account_id = $1 AND f.state = 'active' AND NOT EXISTS (
             SELECT FROM owed_filters w
             JOIN owed o ON o.target_id = w.target_id AND o.opening_id = w.opening_id
             JOIN deliveries d ON d.id = o.delivery_id
             WHERE w.filter_id = f.id AND d.state = 'sent' AND d.settled_at >= $2)
         ORDER BY f.number",
        account.0,
        since
    )
    .fetch_all(executor)
    .await
}

/// Delays of cards in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Delays {
    pub cards: i64,
    /// From the board's response that first showed the posting to the card.
    pub seen_p50: Option<f64>,
    pub seen_p95: Option<f64>,
    pub seen_max: Option<f64>,
    /// From what the board says was the time of posting to the card.
    pub posted_p50: Option<f64>,
    pub posted_p95: Option<f64>,
}

/// Measures the cards that were sent since `since`.
pub async fn delays(executor: impl PgExecutor<'_>, since: DateTime<Utc>) -> sqlx::Result<Delays> {
    sqlx::query_as!(
        Delays,
        r#"WITH card AS (
             SELECT 1000 * extract(epoch FROM d.settled_at - o.first_seen_at)::float8 AS seen,
                    1000 * extract(epoch FROM d.settled_at - p.posted_at)::float8 AS posted
             FROM deliveries d
             JOIN owed o ON o.delivery_id = d.id JOIN postings p ON p.id = o.posting_id
             WHERE d.state = 'sent' AND d.settled_at >= $1)
           SELECT count(*) AS "cards!",
                  percentile_cont(0.5) WITHIN GROUP (ORDER BY seen) AS seen_p50,
                  percentile_cont(0.95) WITHIN GROUP (ORDER BY seen) AS seen_p95,
                  max(seen) AS seen_max,
                  percentile_cont(0.5) WITHIN GROUP (ORDER BY posted) AS posted_p50,
                  percentile_cont(0.95) WITHIN GROUP (ORDER BY posted) AS posted_p95
           FROM card"#,
        since
    )
    .fetch_one(executor)
    .await
}
