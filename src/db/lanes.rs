//! Lanes: a target is claimed as a whole, so that one sender at a time sends to it, in order.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::unreadable;
use crate::clock::add;
use crate::domain::delivery::{ClaimedDelivery, MessageRef, SentMessage};
use crate::domain::ids::{AccountId, DeliveryId, LeaseId, TargetId};
use crate::domain::target::Target;

/// A lane that this process has claimed.
#[derive(Debug, Clone)]
pub struct ClaimedLane {
    pub target: Target,
    pub lease: LeaseId,
}

/// Readies lanes that got work. A lane that backs off after a failure keeps its own time. Rows are
/// locked in the order of their ids, and not against foreign keys: two matchers that have both
/// written rows of a target would wait for each other.
pub(super) async fn ready(
    tx: &mut PgConnection,
    targets: &[i64],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH lane AS (
             SELECT id FROM targets
             WHERE id = ANY ($1) AND (failures = 0 OR ready_at IS NULL)
             ORDER BY id FOR NO KEY UPDATE)
         UPDATE targets t SET ready_at = LEAST(COALESCE(t.ready_at, $2), $2)
         FROM lane WHERE t.id = lane.id",
        targets,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Claims up to `limit` lanes that are ready, the longest waiting first.
pub async fn claim(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    lease: Duration,
    limit: i64,
) -> sqlx::Result<Vec<ClaimedLane>> {
    let lease_id = Uuid::new_v4();
    let rows = sqlx::query!(
        "UPDATE targets t SET lease_id = $2, lease_until = $3
         FROM (SELECT id FROM targets
               WHERE ready_at <= $1 AND broken_at IS NULL
                 AND (lease_until IS NULL OR lease_until <= $1)
               ORDER BY ready_at, id LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED) lane
         WHERE t.id = lane.id
         RETURNING t.id, t.account_id, t.platform, t.address",
        now,
        lease_id,
        add(now, lease),
        limit
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            let platform = row.platform.parse();
            Ok(ClaimedLane {
                target: Target {
                    id: TargetId(row.id),
                    account: AccountId(row.account_id),
                    platform: platform.map_err(|why| unreadable("targets", row.id, why))?,
                    address: row.address,
                },
                lease: LeaseId(lease_id),
            })
        })
        .collect()
}

/// The next deliveries of a lane, in order; none while the first of them is not due. One that was
/// being sent when its sender died counts as not sent.
pub async fn head(
    executor: impl PgExecutor<'_>,
    lane: &ClaimedLane,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<ClaimedDelivery>> {
    let rows = sqlx::query!(
        r#"SELECT d.id, d.due_at, d.attempts, d.edits, e.message_ref AS "message_ref?",
                  e.settled_at AS "sent_at?", e.content AS "content?"
           FROM deliveries d LEFT JOIN deliveries e ON e.id = d.edits
           WHERE d.target_id = $1 AND d.settled_at IS NULL ORDER BY d.id LIMIT $2"#,
        lane.target.id.0,
        limit
    )
    .fetch_all(executor)
    .await?;
    let due = rows.into_iter().take_while(|row| row.due_at <= now);
    let claimed = due.map(|row| ClaimedDelivery {
        id: DeliveryId(row.id),
        target: lane.target.id,
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        edits: row.edits.zip(row.message_ref).zip(row.sent_at).map(|((delivery, message), at)| {
            SentMessage {
                delivery: DeliveryId(delivery),
                message: MessageRef(message),
                at,
                content: row.content,
            }
        }),
    });
    Ok(claimed.collect())
}

/// Marks that a try begins. `false` if the lane is no longer ours: then nothing may be sent.
pub async fn begin_send(
    executor: impl PgExecutor<'_>,
    lane: &ClaimedLane,
    delivery: DeliveryId,
) -> sqlx::Result<bool> {
    let begun = sqlx::query!(
        "UPDATE deliveries d SET state = 'sending', lease_id = $3, attempts = attempts + 1
         FROM targets t
         WHERE d.id = $1 AND d.settled_at IS NULL
           AND t.id = d.target_id AND t.id = $2 AND t.lease_id = $3",
        delivery.0,
        lane.target.id.0,
        lane.lease.0
    )
    .execute(executor)
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// Locks the lane's row until the transaction ends. `false` if the lane is no longer ours.
pub(super) async fn lock_ours(tx: &mut PgConnection, lane: &ClaimedLane) -> sqlx::Result<bool> {
    let ours = sqlx::query!(
        "SELECT id FROM targets WHERE id = $1 AND lease_id = $2 FOR NO KEY UPDATE",
        lane.target.id.0,
        lane.lease.0
    )
    .fetch_optional(tx)
    .await?;
    Ok(ours.is_some())
}

/// Gives a lane back: it is ready again when its first unsettled delivery is due, behind those that
/// wait already. `false` if it was no longer ours.
pub async fn release(
    tx: &mut PgConnection,
    lane: &ClaimedLane,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    // The row is locked by a statement of its own: the next one then sees what was queued while it
    // waited, which one statement with a subquery would not.
    if !lock_ours(tx, lane).await? {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE targets SET lease_id = NULL, lease_until = NULL,
                ready_at = (SELECT GREATEST(due_at, $2) FROM deliveries
                            WHERE target_id = $1 AND settled_at IS NULL ORDER BY id LIMIT 1)
         WHERE id = $1",
        lane.target.id.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// Drops every lease, of lanes and of boards. Only for a server that nobody else can use, at start:
/// whoever held one is dead.
pub async fn drop_all_leases(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE targets SET lease_id = NULL, lease_until = NULL WHERE lease_id IS NOT NULL"
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE boards SET lease_id = NULL, lease_until = NULL WHERE lease_id IS NOT NULL"
    )
    .execute(tx)
    .await?;
    Ok(())
}
