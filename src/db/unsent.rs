//! Deliveries that were not sent: what is owed, what is stuck, what is dead.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::lanes;
use super::wake::{Stage, wake};

/// A delivery that is due for longer than this is stuck, whatever the reason.
pub(super) const STUCK_AFTER: TimeDelta = TimeDelta::minutes(2);

/// One delivery that was not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unsent {
    pub id: i64,
    /// `owed`, `stuck` (overdue, failing, or its target is broken) or `dead` (given up).
    pub state: String,
    pub target: i64,
    pub platform: String,
    /// Why the target is out of use, if it is.
    pub target_broken: Option<String>,
    pub attempts: i64,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    /// When it is tried next; for a dead one, when it was last.
    pub due_at: DateTime<Utc>,
    /// Titles of its cards.
    pub titles: Vec<String>,
}

/// The oldest `limit` of them.
pub async fn list(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Unsent>> {
    sqlx::query_as!(
        Unsent,
        r#"SELECT d.id, t.id AS target, t.platform, t.broken_why AS target_broken, d.attempts,
                  d.last_error, d.created_at, d.due_at,
                  CASE WHEN d.state = 'dead' THEN 'dead'
                       WHEN d.last_error IS NOT NULL OR t.broken_at IS NOT NULL OR d.due_at < $1
                       THEN 'stuck' ELSE 'owed' END AS "state!",
                  ARRAY(SELECT p.title FROM owed o JOIN postings p ON p.id = o.posting_id
                        WHERE o.delivery_id = d.id ORDER BY p.id) AS "titles!"
           FROM deliveries d JOIN targets t ON t.id = d.target_id
           WHERE d.edits IS NULL AND (d.settled_at IS NULL
                                      OR d.settled_at IS NOT NULL AND d.message_ref IS NULL)
             AND d.state <> 'sent'
           ORDER BY d.id LIMIT $2"#,
        now - STUCK_AFTER,
        limit
    )
    .fetch_all(executor)
    .await
}

/// Deliveries of which nobody knew, at some time, whether they had arrived.
pub async fn ever_in_doubt(executor: impl PgExecutor<'_>) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!("SELECT id FROM deliveries WHERE doubt_since IS NOT NULL")
        .fetch_all(executor)
        .await
}

/// Deliveries whose sending has begun and is not settled, each with the lease under which it began.
pub async fn on_their_way(executor: impl PgExecutor<'_>) -> sqlx::Result<Vec<(i64, Uuid)>> {
    let rows = sqlx::query!(
        r#"SELECT id, lease_id AS "lease_id!" FROM deliveries
           WHERE state = 'sending' AND lease_id IS NOT NULL"#
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.lease_id)).collect())
}

/// Has deliveries tried again that were given up: these, or all. Returns which of them were.
///
/// What they owe is owed still: a target has one row for an opening, so nothing is told twice.
pub async fn retry(
    tx: &mut PgConnection,
    these: Option<&[i64]>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<i64>> {
    let rows = sqlx::query!(
        "UPDATE deliveries
         SET state = 'pending', due_at = $2, settled_at = NULL, attempts = 0, doubts = 0,
             refused = false
         WHERE settled_at IS NOT NULL AND message_ref IS NULL AND state = 'dead' AND ($1::bigint[] IS NULL OR id = ANY ($1))
         RETURNING id, target_id",
        these as _,
        now
    )
    .fetch_all(&mut *tx)
    .await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let targets: Vec<i64> = rows.iter().map(|row| row.target_id).collect();
    sqlx::query!(
        "UPDATE owed SET state = 'owed' WHERE delivery_id = ANY ($1) AND state = 'dead'",
        &ids
    )
    .execute(&mut *tx)
    .await?;
    lanes::ready(tx, &targets, now).await?;
    wake(tx, Stage::Deliver).await?;
    Ok(ids)
}
