//! What Discord brought already, and how often it took a call of ours amiss.

use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::lanes;
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

/// Whether what somebody let us do was decided later than all that is known of it; then it is.
pub async fn decided(
    executor: impl PgExecutor<'_>,
    user: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let decided = sqlx::query!(
        "INSERT INTO discord_heard AS h (id, heard_at) VALUES ('permission:' || $1::text, $2)
         ON CONFLICT (id) DO UPDATE SET heard_at = $2 WHERE h.heard_at < $2",
        user,
        at
    )
    .execute(executor)
    .await?;
    Ok(decided.rows_affected() == 1)
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

/// What is known of a place in Discord.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownPlace {
    /// The conversation with a person.
    pub channel: Option<String>,
    /// It refused us three times within a day.
    pub refuses: bool,
}

pub async fn place(
    executor: impl PgExecutor<'_>,
    address: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<KnownPlace> {
    let known = sqlx::query_as!(
        KnownPlace,
        r#"SELECT channel_id AS channel, COALESCE(refused_at[3] > $2, false) AS "refuses!"
           FROM discord_places WHERE address = $1"#,
        address,
        now - TimeDelta::days(1)
    )
    .fetch_optional(executor)
    .await?;
    Ok(known.unwrap_or_default())
}

/// Keeps the conversation with a person, or forgets it.
pub async fn keep_conversation(
    executor: impl PgExecutor<'_>,
    address: &str,
    channel: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO discord_places (address, channel_id) VALUES ($1, $2)
         ON CONFLICT (address) DO UPDATE SET channel_id = $2",
        address,
        channel
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Notes that a place refused us; whether that was the third time within a day.
pub async fn refused(
    executor: impl PgExecutor<'_>,
    address: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"INSERT INTO discord_places AS p (address, refused_at) VALUES ($1, ARRAY[$2::timestamptz])
           ON CONFLICT (address) DO UPDATE
               SET refused_at = (array_prepend($2::timestamptz, p.refused_at))[1:3]
           RETURNING COALESCE(refused_at[3] > $3, false) AS "refuses!""#,
        address,
        now,
        now - TimeDelta::days(1)
    )
    .fetch_one(executor)
    .await
}

/// What failed and waits is tried now.
pub async fn try_at_once(tx: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    let targets = sqlx::query_scalar!(
        "UPDATE deliveries d SET due_at = $1 FROM targets t
         WHERE t.id = d.target_id AND t.platform = 'discord' AND t.broken_at IS NULL
           AND d.settled_at IS NULL AND d.state = 'pending' AND d.due_at > $1
           AND d.last_error IS NOT NULL
         RETURNING t.id",
        now
    )
    .fetch_all(&mut *tx)
    .await?;
    lanes::ready(tx, &targets, now).await
}

/// What was heard lives 30 days, counts a day, beginnings of sessions two.
pub async fn sweep(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "WITH old AS (DELETE FROM discord_invalid WHERE minute < $2),
              begun AS (DELETE FROM discord_identifies WHERE at < $4),
              refused AS (DELETE FROM discord_places
                          WHERE channel_id IS NULL
                            AND COALESCE(refused_at[1] < $4, true))
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

/// Why the target of a channel that is no more is gone.
pub const DELETED: &str = "the channel was deleted";

/// Reasons that last until Discord says otherwise.
fn lasting() -> Vec<String> {
    [REMOVED, DEAUTHORIZED, DELETED].map(str::to_owned).into()
}

/// Places that refused us a day ago: some take messages again, and tell nobody.
pub async fn to_try_again(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<TargetId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM targets
         WHERE platform = 'discord' AND broken_at <= $1 AND broken_why <> ALL ($2)
         ORDER BY broken_at LIMIT $3",
        now - TimeDelta::days(1),
        &lasting(),
        BATCH
    )
    .fetch_all(executor)
    .await?;
    Ok(ids.into_iter().map(TargetId).collect())
}

/// The channels of a server that refused us, or one of them: what they allow has changed.
pub async fn refusing(
    executor: impl PgExecutor<'_>,
    guild: &str,
    channel: Option<&str>,
) -> sqlx::Result<Vec<TargetId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM targets
         WHERE platform = 'discord' AND split_part(address, '/', 1) = $1 AND broken_at IS NOT NULL
           AND ($2::text IS NULL OR address = $1 || '/' || $2) AND broken_why <> ALL ($3)",
        guild,
        channel,
        &lasting()
    )
    .fetch_all(executor)
    .await?;
    Ok(ids.into_iter().map(TargetId).collect())
}

/// Why the direct messages of somebody who took the app's permission back are gone.
pub const DEAUTHORIZED: &str = "earlybrd was removed from the account";

/// The channels of a server that was left, or `@` and somebody who took their permission back: they are
/// with us again.
pub async fn came_back(executor: impl PgExecutor<'_>, whose: &str) -> sqlx::Result<Vec<TargetId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM targets
         WHERE platform = 'discord' AND split_part(address, '/', 1) = $1
           AND broken_why IN ($2, $3)",
        whose,
        REMOVED,
        DEAUTHORIZED
    )
    .fetch_all(executor)
    .await?;
    Ok(ids.into_iter().map(TargetId).collect())
}
