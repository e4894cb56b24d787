//! What Discord brought already, and how often it took a call of ours amiss.

use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sqlx::PgExecutor;

/// Rows removed by one call at the most.
const BATCH: i64 = 1_000;

/// Whether an interaction or event is heard of for the first time.
pub async fn hear(
    executor: impl PgExecutor<'_>,
    id: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let heard = sqlx::query!(
        "INSERT INTO discord_heard (id, heard_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        id,
        now
    )
    .execute(executor)
    .await?;
    Ok(heard.rows_affected() == 1)
}

/// Counts one more refusal; returns how many there were within `window`, with this one.
pub async fn count_invalid(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    window: Duration,
) -> sqlx::Result<i64> {
    let minute = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
    let since = now - TimeDelta::from_std(window).unwrap_or_default();
    sqlx::query_scalar!(
        r#"WITH counted AS (
               INSERT INTO discord_invalid AS i (minute, count) VALUES ($1, 1)
               ON CONFLICT (minute) DO UPDATE SET count = i.count + 1 RETURNING count)
           SELECT (SELECT count FROM counted)
                  + COALESCE((SELECT sum(count) FROM discord_invalid
                              WHERE minute > $2 AND minute <> $1), 0)::bigint AS "count!""#,
        minute,
        since
    )
    .fetch_one(executor)
    .await
}

/// What was heard lives 30 days, counts a day.
pub async fn sweep(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "WITH old AS (DELETE FROM discord_invalid WHERE minute < $2)
         DELETE FROM discord_heard WHERE id IN (
             SELECT id FROM discord_heard WHERE heard_at < $1 ORDER BY heard_at LIMIT $3)",
        now - TimeDelta::days(30),
        now - TimeDelta::days(1),
        BATCH
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}
