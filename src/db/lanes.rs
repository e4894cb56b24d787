//! Lanes: a target is claimed as a whole, so that one sender at a time sends to it, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::clock::add;
use crate::domain::delivery::{ClaimedDelivery, MessageRef, SentMessage};
use crate::domain::ids::{AccountId, DeliveryId, LeaseId, TargetId};
use crate::domain::target::{Platform, Target};

/// A lane that this process has claimed.
#[derive(Debug, Clone)]
pub struct ClaimedLane {
    pub target: Target,
    pub lease: LeaseId,
    /// Since when nothing reaches it, as far as is known.
    pub failing_since: Option<DateTime<Utc>>,
}

/// How far a lane that had nothing to do goes ahead of those that have had their turn: who gets a message
/// a week does not wait behind everybody who gets a thousand, and nobody waits longer than this for it.
const HEAD_START: TimeDelta = TimeDelta::seconds(5);

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
             SELECT id, ready_at FROM targets
             WHERE id = ANY ($1) AND (failures = 0 OR ready_at IS NULL)
             ORDER BY id FOR NO KEY UPDATE)
         UPDATE targets t SET ready_at = CASE WHEN lane.ready_at IS NULL THEN $3 ELSE $2 END
         -- As it is when the lock is there, not as it was before.
         FROM lane WHERE t.id = lane.id AND (lane.ready_at IS NULL OR lane.ready_at > $2)",
        targets,
        now,
        now - HEAD_START
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Claims up to `limit` lanes of a platform that are ready, the longest waiting first.
///
/// The disk is not waited for: a claim that is lost with the server is one that nobody has. Before
/// anything is sent to the lane, [`begin_sends`] waits, and for the claim with it.
pub async fn claim(
    executor: impl PgExecutor<'_>,
    platform: Platform,
    now: DateTime<Utc>,
    lease: Duration,
    limit: i64,
) -> sqlx::Result<Vec<ClaimedLane>> {
    let lease_id = Uuid::new_v4();
    let rows = sqlx::query!(
        "WITH hasty AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS off)
         UPDATE targets t SET lease_id = $2, lease_until = $3
         FROM hasty, (SELECT id FROM targets
               WHERE platform = $5 AND ready_at <= $1 AND broken_at IS NULL
                 AND (lease_until IS NULL OR lease_until <= $1)
               ORDER BY ready_at, id LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED) lane
         WHERE t.id = lane.id AND hasty.off = 'off'
         RETURNING t.id, t.account_id, t.address, t.failing_since",
        now,
        lease_id,
        add(now, lease),
        limit,
        platform.as_str()
    )
    .fetch_all(executor)
    .await?;
    let lane = |id, account, address| Target {
        id: TargetId(id),
        account: AccountId(account),
        platform,
        address,
    };
    let claimed = rows.into_iter().map(|row| ClaimedLane {
        target: lane(row.id, row.account_id, row.address),
        lease: LeaseId(lease_id),
        failing_since: row.failing_since,
    });
    Ok(claimed.collect())
}

/// When the next lane of a platform is ready that is not now.
pub async fn next_ready(
    executor: impl PgExecutor<'_>,
    platform: Platform,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "SELECT min(ready_at) FROM targets
         WHERE platform = $1 AND ready_at > $2 AND broken_at IS NULL",
        platform.as_str(),
        now
    )
    .fetch_one(executor)
    .await
}

/// The next `limit` deliveries of each lane, in order; none while the first of them is not due.
pub async fn heads(
    executor: impl PgExecutor<'_>,
    lanes: &[ClaimedLane],
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<BTreeMap<TargetId, Vec<ClaimedDelivery>>> {
    let targets: Vec<i64> = lanes.iter().map(|lane| lane.target.id.0).collect();
    let rows = sqlx::query!(
        r#"SELECT d.id, d.target_id, d.created_at, d.due_at <= $3 AS "due!", d.doubts, d.last_error,
                  d.attempts - CASE WHEN d.state = 'sending' THEN 1 ELSE 0 END AS "attempts!",
                  -- One that was being sent when its sender died: nobody knows.
                  COALESCE(d.doubt_since,
                           CASE WHEN d.state = 'sending' THEN COALESCE(d.tried_at, d.due_at) END)
                      AS doubt_since,
                  d.edits, e.message_ref AS "message_ref?", e.settled_at AS "sent_at?",
                  e.content AS "content?"
           FROM UNNEST($1::bigint[]) AS lane (id)
           CROSS JOIN LATERAL (SELECT * FROM deliveries
                               WHERE target_id = lane.id AND settled_at IS NULL
                               ORDER BY id LIMIT $2) d
           LEFT JOIN deliveries e ON e.id = d.edits
           ORDER BY d.target_id, d.id"#,
        &targets,
        limit,
        now
    )
    .fetch_all(executor)
    .await?;
    let (mut heads, mut waits) = (BTreeMap::<_, Vec<_>>::new(), BTreeSet::new());
    let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
    for row in rows {
        if !row.due {
            waits.insert(row.target_id);
        }
        if waits.contains(&row.target_id) {
            continue;
        }
        let edits = row.edits.zip(row.message_ref).zip(row.sent_at);
        let edits = edits.map(|((delivery, message), at)| SentMessage {
            delivery: DeliveryId(delivery),
            message: MessageRef(message),
            at,
            content: row.content,
        });
        let target = TargetId(row.target_id);
        heads.entry(target).or_default().push(ClaimedDelivery {
            id: DeliveryId(row.id),
            target,
            created: row.created_at,
            attempts: number(row.attempts),
            doubts: number(row.doubts),
            last_error: row.last_error,
            doubt_since: row.doubt_since,
            edits,
        });
    }
    Ok(heads)
}

/// Marks that tries begin. `false` where the lane is no longer ours: then nothing may be sent.
pub async fn begin_sends(
    executor: impl PgExecutor<'_>,
    sends: &[(ClaimedLane, DeliveryId)],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<bool>> {
    let deliveries: Vec<i64> = sends.iter().map(|(_, delivery)| delivery.0).collect();
    let targets: Vec<i64> = sends.iter().map(|(lane, _)| lane.target.id.0).collect();
    let leases: Vec<Uuid> = sends.iter().map(|(lane, _)| lane.lease.0).collect();
    let begun = sqlx::query_scalar!(
        "WITH ordered AS MATERIALIZED (
             -- In the order of their ids, as whoever merges openings takes them.
             SELECT d.id, s.lease_id
             FROM UNNEST($1::bigint[], $2::bigint[], $3::uuid[]) AS s (id, target_id, lease_id)
             JOIN targets t ON t.id = s.target_id AND t.lease_id = s.lease_id
             -- Many may wait: found by its own key only, whatever the server believes to know of the table.
             JOIN deliveries d ON d.id = s.id
             WHERE (d.target_id = s.target_id) IS TRUE
             ORDER BY d.id FOR NO KEY UPDATE OF d)
         UPDATE deliveries d
         SET state = 'sending', lease_id = s.lease_id, tried_at = $4,
             -- A sender that died is no failure of the message: the rests do not grow by it.
             attempts = d.attempts + CASE WHEN d.state = 'sending' THEN 0 ELSE 1 END,
             doubt_since = COALESCE(d.doubt_since, CASE WHEN d.state = 'sending'
                                                        THEN COALESCE(d.tried_at, d.due_at) END)
         FROM ordered s
         WHERE d.id = s.id AND d.state IN ('pending', 'sending')
         RETURNING d.id",
        &deliveries,
        &targets,
        &leases,
        now
    )
    .fetch_all(executor)
    .await?;
    let begun: BTreeSet<i64> = begun.into_iter().collect();
    Ok(deliveries.iter().map(|delivery| begun.contains(delivery)).collect())
}

/// Locks those lanes that are still ours until the transaction ends, in the order of their ids.
///
/// By a statement of its own: the next ones then see what was queued while it waited.
pub(super) async fn lock_ours<'a>(
    tx: &mut PgConnection,
    lanes: impl Iterator<Item = &'a ClaimedLane>,
) -> sqlx::Result<BTreeSet<TargetId>> {
    let (targets, leases): (Vec<i64>, Vec<Uuid>) =
        lanes.map(|lane| (lane.target.id.0, lane.lease.0)).unzip();
    let ours = sqlx::query_scalar!(
        "SELECT t.id FROM targets t
         JOIN UNNEST($1::bigint[], $2::uuid[]) AS lane (id, lease_id)
              ON t.id = lane.id AND t.lease_id = lane.lease_id
         ORDER BY t.id FOR NO KEY UPDATE OF t",
        &targets,
        &leases
    )
    .fetch_all(tx)
    .await?;
    Ok(ours.into_iter().map(TargetId).collect())
}

/// Drops every lease, of lanes, of boards and of connections. Only for a server that nobody else can use, at start:
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
    .execute(&mut *tx)
    .await?;
    sqlx::query!("UPDATE discord_gateway SET lease_id = NULL, lease_until = NULL")
        .execute(tx)
        .await?;
    Ok(())
}
