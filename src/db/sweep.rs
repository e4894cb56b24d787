//! Housekeeping: what has lived its time goes, a batch at a time.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

/// Rows removed by one call at the most, so that no statement holds locks for long.
const BATCH: i64 = 1_000;

/// Settled deliveries live 30 days.
pub async fn settled_deliveries(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM deliveries WHERE id IN (
             SELECT id FROM deliveries WHERE settled_at < $1 ORDER BY settled_at LIMIT $2)",
        now - TimeDelta::days(30),
        BATCH
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// The bodies of postings, and what finds them, live 30 days, unless they are still owed to somebody.
pub async fn bodies(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "UPDATE postings SET body = '', words = '' WHERE id IN (
             SELECT p.id FROM postings p
             WHERE p.first_seen_at < $1 AND p.body <> '' AND p.matched_at IS NOT NULL
               AND NOT EXISTS (SELECT FROM owed o
                               WHERE o.posting_id = p.id AND o.state = 'owed')
             ORDER BY p.first_seen_at LIMIT $2)",
        now - TimeDelta::days(30),
        BATCH
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// Postings live 90 days from when their board showed them last, unless somebody keeps or is owed them.
/// Only where the board was read since: one that says "unchanged" all the time shows them still, and
/// would make them news when it answers anew.
pub async fn postings(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM postings WHERE id IN (
             SELECT p.id FROM postings p JOIN boards b ON b.id = p.board_id
             WHERE p.first_seen_at < $1 AND COALESCE(p.last_seen_at, p.first_seen_at) < $1
               AND p.matched_at IS NOT NULL
               AND NOT EXISTS (SELECT FROM owed o WHERE o.posting_id = p.id AND o.state = 'owed')
               AND NOT EXISTS (SELECT FROM marks m WHERE m.opening_id = p.opening_id)
               AND b.last_read_at > COALESCE(p.last_seen_at, p.first_seen_at) + interval '2 days'
             ORDER BY p.first_seen_at LIMIT $2)",
        now - TimeDelta::days(90),
        BATCH
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// What a target was told lives 180 days.
pub async fn told(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM owed WHERE (target_id, opening_id) IN (
             SELECT target_id, opening_id FROM owed
             WHERE first_seen_at < $1 AND state <> 'owed' LIMIT $2)",
        now - TimeDelta::days(180),
        BATCH
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// Drafts that can no longer be saved, and the chat page's messages, live 7 and 30 days.
pub async fn drafts_and_pages(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "WITH old_drafts AS (
             DELETE FROM drafts WHERE id IN (
                 SELECT id FROM drafts WHERE created_at < $1 ORDER BY created_at LIMIT $3))
         DELETE FROM playground_messages WHERE id IN (
             SELECT id FROM playground_messages WHERE created_at < $2
             ORDER BY created_at LIMIT $3)",
        now - TimeDelta::days(7),
        now - TimeDelta::days(30),
        BATCH
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}
