//! What platforms limit, in all replicas together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::domain::limit::Limit;
use crate::schedule::limits::{self, Bucket};

/// A limit that nothing was counted under for so long is as new.
const FORGOTTEN: TimeDelta = TimeDelta::hours(1);

/// Counts messages under their limits. For each that may not pass: when to come again.
///
/// The limits' rows are locked to the end of the transaction, in the order of their keys.
pub async fn take(
    tx: &mut PgConnection,
    messages: &[Vec<Limit>],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Result<(), DateTime<Utc>>>> {
    let keys: BTreeSet<&str> = messages.iter().flatten().map(|limit| limit.key.as_str()).collect();
    if keys.is_empty() {
        return Ok(vec![Ok(()); messages.len()]);
    }
    let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
    let rows = sqlx::query!(
        "INSERT INTO rate_limits AS l (key, free_at)
         SELECT key, $2 FROM UNNEST($1::text[]) AS k (key) ORDER BY key
         ON CONFLICT (key) DO UPDATE SET free_at = l.free_at
         RETURNING key, free_at, rests_until",
        &keys,
        now
    )
    .fetch_all(&mut *tx)
    .await?;
    let bucket = |free_at, rests_until| Bucket { free_at, rests_until, turned_away: 0 };
    let mut buckets: BTreeMap<String, Bucket> =
        rows.into_iter().map(|row| (row.key, bucket(row.free_at, row.rests_until))).collect();
    let taken = messages.iter().map(|limits| limits::take(&mut buckets, limits, now)).collect();
    let (keys, free): (Vec<String>, Vec<DateTime<Utc>>) =
        buckets.into_iter().map(|(key, bucket)| (key, bucket.free_at)).unzip();
    sqlx::query!(
        "UPDATE rate_limits l SET free_at = n.free_at
         FROM UNNEST($1::text[], $2::timestamptz[]) AS n (key, free_at)
         WHERE l.key = n.key AND l.free_at <> n.free_at",
        &keys,
        &free
    )
    .execute(tx)
    .await?;
    Ok(taken)
}

/// Whether one more would pass under a limit, or when to come again. It counts nothing, and waits for nobody.
pub async fn look(
    executor: impl PgExecutor<'_>,
    limit: &Limit,
    now: DateTime<Utc>,
) -> sqlx::Result<Result<(), DateTime<Utc>>> {
    let row =
        sqlx::query!("SELECT free_at, rests_until FROM rate_limits WHERE key = $1", limit.key)
            .fetch_optional(executor)
            .await?;
    let bucket = row.map(|row| Bucket {
        free_at: row.free_at,
        rests_until: row.rests_until,
        ..Bucket::unused(now)
    });
    let mut buckets = bucket.map(|bucket| (limit.key.clone(), bucket)).into_iter().collect();
    Ok(limits::take(&mut buckets, std::slice::from_ref(limit), now))
}

/// Lets nothing pass under these keys until then.
pub async fn rest(
    tx: &mut PgConnection,
    rests: &BTreeMap<String, DateTime<Utc>>,
) -> sqlx::Result<()> {
    if rests.is_empty() {
        return Ok(());
    }
    let keys: Vec<String> = rests.keys().cloned().collect();
    let until: Vec<DateTime<Utc>> = rests.values().copied().collect();
    sqlx::query!(
        "INSERT INTO rate_limits AS l (key, free_at, rests_until)
         SELECT key, until, until FROM UNNEST($1::text[], $2::timestamptz[]) AS n (key, until)
         ORDER BY key
         ON CONFLICT (key) DO UPDATE
             SET rests_until = GREATEST(l.rests_until, EXCLUDED.rests_until)",
        &keys,
        &until
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Until when nothing passes under a key.
pub async fn rests_until(
    executor: impl PgExecutor<'_>,
    key: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let until = sqlx::query_scalar!(
        r#"SELECT rests_until AS "until!" FROM rate_limits WHERE key = $1 AND rests_until > $2"#,
        key,
        now
    );
    until.fetch_optional(executor).await
}

/// Lets pass again what rested under a key.
pub async fn end_rest(executor: impl PgExecutor<'_>, key: &str) -> sqlx::Result<()> {
    sqlx::query!("UPDATE rate_limits SET rests_until = NULL WHERE key = $1", key)
        .execute(executor)
        .await?;
    Ok(())
}

/// Forgets limits that nothing is counted under.
pub async fn sweep(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let swept = sqlx::query!(
        "DELETE FROM rate_limits WHERE GREATEST(free_at, rests_until) < $1",
        now - FORGOTTEN
    )
    .execute(executor)
    .await?;
    Ok(swept.rows_affected())
}
