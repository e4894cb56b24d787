//! What a target does not take goes to another place of its account: a conversation that works, or else the
//! confirmed address. What was owed stays what the target was told, so that nothing of it is sent there again.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::wake::{Stage, wake};
use super::{backlog, lanes, messages};

/// What waits for longer waited for another place, and is a backlog.
const BACKLOG: TimeDelta = TimeDelta::hours(1);

/// What was refused longer ago is no news any more.
const IS_TOLD: TimeDelta = TimeDelta::days(7);

/// A target that is gone, and the one that stands in for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    target: i64,
    other: i64,
}

/// Targets that are gone with messages that nobody has, whose account has another place, best one of the same
/// platform: what waits for an address goes to the one that took its place. A message that was being sent when
/// its sender died is nobody's when the lease is over.
pub async fn to_divert(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Gone>> {
    sqlx::query_as!(
        Gone,
        r#"SELECT t.id AS "target!", m.id AS "other!"
           FROM targets t CROSS JOIN LATERAL (
               SELECT p.id FROM places p JOIN targets o ON o.id = p.id
               WHERE p.account_id = t.account_id AND p.id <> t.id
               ORDER BY o.platform <> t.platform, p.is_mail, p.id LIMIT 1) m
           WHERE t.broken_at IS NOT NULL AND EXISTS (
               SELECT FROM deliveries d WHERE d.target_id = t.id AND d.settled_at IS NULL
                 AND (d.state = 'pending' OR t.lease_until IS NULL OR t.lease_until <= $1))
           LIMIT $2"#,
        now,
        limit
    )
    .fetch_all(executor)
    .await
}

/// Gives the messages to the other place, those that wait for an hour as one digest.
pub async fn divert(tx: &mut PgConnection, gone: &Gone, now: DateTime<Utc>) -> sqlx::Result<u64> {
    messages::hold(tx, &BTreeSet::from([gone.target, gone.other])).await?;
    release(tx, gone.target, now).await?;
    sqlx::query!(
        "DELETE FROM deliveries WHERE target_id = $1 AND state = 'pending'
         AND (edits IS NOT NULL OR kind = 'verify')",
        gone.target
    )
    .execute(&mut *tx)
    .await?;
    if waits_since(tx, gone.target).await?.is_some_and(|since| since < now - BACKLOG) {
        backlog::fold(tx, gone.target, now).await?;
    }
    let moved = sqlx::query!(
        "UPDATE deliveries d
         SET target_id = $2, due_at = $3, attempts = 0, last_error = NULL,
             doubts = 0, doubt_since = NULL, tried_at = NULL,
             -- A new address is no stopgap for an old one.
             instead_of = CASE WHEN t.platform <> m.platform THEN t.platform ELSE d.instead_of END,
             instead_why = CASE WHEN t.platform <> m.platform THEN t.broken_why
                                ELSE d.instead_why END
         FROM targets t, targets m
         WHERE t.id = $1 AND m.id = $2 AND t.broken_at IS NOT NULL AND d.target_id = $1
           AND d.state = 'pending'",
        gone.target,
        gone.other,
        now
    )
    .execute(&mut *tx)
    .await?;
    if moved.rows_affected() > 0 {
        lanes::ready(tx, &[gone.other], now).await?;
        wake(tx, Stage::Deliver).await?;
    }
    Ok(moved.rows_affected())
}

/// What was being sent to a target that is gone when its sender died is not any more: no lane takes it up.
/// The caller holds the target.
pub(super) async fn release(
    tx: &mut PgConnection,
    target: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE deliveries d
         SET state = 'pending', lease_id = NULL,
             doubt_since = COALESCE(d.doubt_since, d.tried_at, d.due_at)
         FROM targets t
         WHERE t.id = $1 AND d.target_id = $1 AND d.settled_at IS NULL AND d.state = 'sending'
           AND t.broken_at IS NOT NULL AND (t.lease_until IS NULL OR t.lease_until <= $2)",
        target,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Since when messages wait for a target.
async fn waits_since(tx: &mut PgConnection, target: i64) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "SELECT min(created_at) FROM deliveries
         WHERE target_id = $1 AND settled_at IS NULL AND state = 'pending'",
        target
    )
    .fetch_one(tx)
    .await
}

/// A message that its target refused, or did not take for too long, and where it goes then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    delivery: i64,
    target: i64,
    other: i64,
}

/// Messages that were given up and another place may take. What was diverted before stays where it is.
pub async fn refused(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Refused>> {
    sqlx::query_as!(
        Refused,
        r#"SELECT d.id AS "delivery!", t.id AS "target!", m.id AS "other!"
           FROM deliveries d JOIN targets t ON t.id = d.target_id CROSS JOIN LATERAL (
               SELECT p.id FROM places p WHERE p.account_id = t.account_id AND p.id <> t.id
               ORDER BY p.is_mail, p.id LIMIT 1) m
           WHERE d.refused AND d.state = 'dead' AND d.instead_of IS NULL AND d.edits IS NULL
             AND d.kind <> 'verify' AND d.sample_posting_id IS NULL AND d.settled_at > $1
           ORDER BY d.id LIMIT $2"#,
        now - IS_TOLD,
        limit
    )
    .fetch_all(executor)
    .await
}

/// Gives one to the other place.
pub async fn divert_refused(
    tx: &mut PgConnection,
    refused: &Refused,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    messages::hold(tx, &BTreeSet::from([refused.target, refused.other])).await?;
    let moved = sqlx::query!(
        "UPDATE deliveries d
         SET state = 'pending', target_id = $2, due_at = $3, settled_at = NULL, refused = false,
             attempts = 0, doubts = 0, doubt_since = NULL, tried_at = NULL,
             instead_of = t.platform, instead_why = COALESCE(d.last_error, 'it was refused'),
             last_error = NULL
         FROM targets t
         WHERE d.id = $1 AND t.id = d.target_id AND d.refused AND d.state = 'dead'",
        refused.delivery,
        refused.other,
        now
    )
    .execute(&mut *tx)
    .await?;
    if moved.rows_affected() > 0 {
        sqlx::query!(
            "UPDATE owed SET state = 'owed' WHERE delivery_id = $1 AND state = 'dead'",
            refused.delivery
        )
        .execute(&mut *tx)
        .await?;
        lanes::ready(tx, &[refused.other], now).await?;
        wake(tx, Stage::Deliver).await?;
    }
    Ok(())
}
