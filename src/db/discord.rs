//! What Discord brought already, and how often it took a call of ours amiss.

use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sqlx::PgExecutor;

use crate::domain::ids::TargetId;

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

/// What was heard lives 30 days, counts a day, beginnings of sessions two.
pub async fn sweep(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "WITH old AS (DELETE FROM discord_invalid WHERE minute < $2),
              begun AS (DELETE FROM discord_identifies WHERE at < $4)
         DELETE FROM discord_heard WHERE id IN (
             SELECT id FROM discord_heard WHERE heard_at < $1 ORDER BY heard_at LIMIT $3)",
        now - TimeDelta::days(30),
        now - TimeDelta::days(1),
        BATCH,
        now - TimeDelta::days(2)
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// Why targets of a server without the bot are gone.
pub const REMOVED: &str = "earlybrd was removed from the server";

/// Lets the channels of a server rest.
pub async fn leave(
    executor: impl PgExecutor<'_>,
    guild: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE targets SET broken_at = $3, broken_why = $2, ready_at = NULL
         WHERE platform = 'discord' AND split_part(address, '/', 1) = $1 AND broken_at IS NULL",
        guild,
        REMOVED,
        now
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// People whose direct messages were closed for a day: some open them again, and tell nobody.
pub async fn to_try_again(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<TargetId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM targets
         WHERE platform = 'discord' AND address LIKE '@%' AND broken_at <= $1 AND broken_why <> $2
         ORDER BY broken_at LIMIT $3",
        now - TimeDelta::days(1),
        DEAUTHORIZED,
        BATCH
    )
    .fetch_all(executor)
    .await?;
    Ok(ids.into_iter().map(TargetId).collect())
}

/// Why the direct messages of somebody who took the app's permission back are gone.
pub const DEAUTHORIZED: &str = "earlybrd was removed from the account";

/// The channels of a server that was left: it is one of ours again.
pub async fn came_back(executor: impl PgExecutor<'_>, guild: &str) -> sqlx::Result<Vec<TargetId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM targets
         WHERE platform = 'discord' AND split_part(address, '/', 1) = $1 AND broken_why = $2",
        guild,
        REMOVED
    )
    .fetch_all(executor)
    .await?;
    Ok(ids.into_iter().map(TargetId).collect())
}
