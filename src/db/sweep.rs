//! Housekeeping: what has lived its time goes, a batch at a time.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

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
             ORDER BY p.first_seen_at LIMIT $2 FOR UPDATE OF p SKIP LOCKED)",
        now - TimeDelta::days(30),
        BATCH
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

/// Postings live 90 days from when their board showed them last, unless somebody keeps or is owed them;
/// with the last one goes its opening. A board that says "unchanged" all the time shows them still, and
/// would make them news when it answers anew: so only where the board was read since, or has not answered
/// or was not asked for as long.
pub async fn postings(tx: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let openings = sqlx::query_scalar!(
        "DELETE FROM postings WHERE id IN (
             SELECT p.id FROM postings p JOIN boards b ON b.id = p.board_id
             WHERE p.first_seen_at < $1 AND COALESCE(p.last_seen_at, p.first_seen_at) < $1
               AND p.matched_at IS NOT NULL
               AND NOT EXISTS (SELECT FROM owed o WHERE o.posting_id = p.id AND o.state = 'owed')
               AND NOT EXISTS (SELECT FROM marks m WHERE m.opening_id = p.opening_id)
               AND (b.last_read_at > COALESCE(p.last_seen_at, p.first_seen_at) + interval '2 days'
                    OR b.failing_since < $1
                    OR NOT b.enabled AND COALESCE(b.last_polled_at, b.created_at) < $1)
             ORDER BY p.first_seen_at LIMIT $2 FOR UPDATE OF p SKIP LOCKED)
         RETURNING opening_id",
        now - TimeDelta::days(90),
        BATCH
    )
    .fetch_all(&mut *tx)
    .await?;
    empty_openings(tx, &openings).await?;
    Ok(openings.len().try_into().unwrap_or(u64::MAX))
}

/// What a target was told lives 180 days; if no posting is left of it, its opening goes with it.
pub async fn told(tx: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let openings = sqlx::query_scalar!(
        "DELETE FROM owed WHERE (target_id, opening_id) IN (
             SELECT target_id, opening_id FROM owed
             WHERE first_seen_at < $1 AND state <> 'owed' LIMIT $2)
         RETURNING opening_id",
        now - TimeDelta::days(180),
        BATCH
    )
    .fetch_all(&mut *tx)
    .await?;
    empty_openings(tx, &openings).await?;
    Ok(openings.len().try_into().unwrap_or(u64::MAX))
}

/// Of these openings those go of which no posting is left, and nobody keeps, is owed or was told anything,
/// with what was merged into them and what they are found by.
pub(super) async fn empty_openings(tx: &mut PgConnection, openings: &[i64]) -> sqlx::Result<()> {
    if openings.is_empty() {
        return Ok(());
    }
    // Nobody adds a posting to what is held here. What others hold is in use.
    let held = sqlx::query_scalar!(
        "SELECT id FROM openings
         WHERE id IN (SELECT COALESCE(merged_into, id) FROM openings WHERE id = ANY ($1))
         ORDER BY id FOR UPDATE SKIP LOCKED",
        openings
    )
    .fetch_all(&mut *tx)
    .await?;
    let gone = sqlx::query_scalar!(
        r#"SELECT f.id AS "id!" FROM UNNEST($1::bigint[]) AS o (id)
           CROSS JOIN LATERAL (SELECT o.id UNION ALL
                               SELECT m.id FROM openings m WHERE m.merged_into = o.id) f
           WHERE NOT EXISTS (
               SELECT FROM (SELECT o.id UNION ALL
                            SELECT m.id FROM openings m WHERE m.merged_into = o.id) one
               WHERE EXISTS (SELECT FROM postings p WHERE p.opening_id = one.id)
                  OR EXISTS (SELECT FROM owed w WHERE w.opening_id = one.id)
                  OR EXISTS (SELECT FROM marks k WHERE k.opening_id = one.id))"#,
        &held
    )
    .fetch_all(&mut *tx)
    .await?;
    if gone.is_empty() {
        return Ok(());
    }
    sqlx::query!("DELETE FROM opening_keys WHERE opening_id = ANY ($1)", &gone)
        .execute(&mut *tx)
        .await?;
    sqlx::query!("DELETE FROM openings WHERE id = ANY ($1)", &gone).execute(tx).await?;
    Ok(())
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
