//! Which messages that were sent show less than is known by now. An edit is a delivery that names the one
//! whose message it brings up to date.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::lanes;
use super::wake::{Stage, wake};
use crate::domain::target::Platform;

/// A message is edited so often at the most.
pub const REST: TimeDelta = TimeDelta::minutes(10);

/// Older messages stay as they are.
const REACHES_BACK: TimeDelta = TimeDelta::days(7);

/// When a message that is on its way, and may show less, is looked at again.
const ON_ITS_WAY: TimeDelta = TimeDelta::minutes(1);

/// Openings that are looked at by one call.
const BATCH: i64 = 20;

/// What one call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queued {
    /// Openings that were looked at.
    pub openings: usize,
    pub edits: usize,
}

/// Queues the edits that are due on platforms that can edit. What is not up to date then, because it was
/// edited a moment ago, is on its way, or because an edit fails, is looked at again.
pub async fn queue(
    tx: &mut PgConnection,
    platforms: &[Platform],
    now: DateTime<Utc>,
) -> sqlx::Result<Queued> {
    let openings = sqlx::query_scalar!(
        "SELECT id FROM openings WHERE edit_at <= $1 ORDER BY edit_at, id LIMIT $2
         FOR NO KEY UPDATE SKIP LOCKED",
        now,
        BATCH
    )
    .fetch_all(&mut *tx)
    .await?;
    if openings.is_empty() {
        return Ok(Queued::default());
    }
    let platforms: Vec<String> = platforms.iter().map(|it| it.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        r#"SELECT a.id AS "opening!", d.id AS "delivery!", d.target_id AS "target!",
                  d.state AS "state!", d.edited_at,
                  EXISTS (SELECT FROM deliveries e WHERE e.edits = d.id) AS "queued!"
           FROM openings a
           JOIN openings m ON m.id = a.id OR m.merged_into = a.id
           JOIN owed o ON o.opening_id = m.id
           JOIN deliveries d ON d.id = o.delivery_id
           JOIN targets t ON t.id = d.target_id
           WHERE a.id = ANY ($1) AND o.card_version < a.version
             AND t.platform = ANY ($2) AND t.broken_at IS NULL
             AND (d.state = 'sending' OR (d.state = 'sent' AND d.message_ref IS NOT NULL
                                          AND d.settled_at > $3))
           ORDER BY d.id"#,
        &openings,
        &platforms,
        now - REACHES_BACK
    )
    .fetch_all(&mut *tx)
    .await?;
    let (mut due, mut again) = (Vec::new(), Vec::new());
    for row in rows {
        let rested = row.edited_at.map_or(now, |edited| edited + REST);
        if row.state == "sending" {
            again.push((row.opening, now + ON_ITS_WAY));
        } else if row.queued || rested <= now {
            // Should the edit fail, it is due again.
            again.push((row.opening, now + REST));
            if !row.queued {
                due.push((row.target, row.delivery));
            }
        } else {
            again.push((row.opening, rested));
        }
    }
    look_again(tx, &openings, &again).await?;
    insert(tx, &due, now).await?;
    Ok(Queued { openings: openings.len(), edits: due.len() })
}

async fn look_again(
    tx: &mut PgConnection,
    openings: &[i64],
    again: &[(i64, DateTime<Utc>)],
) -> sqlx::Result<()> {
    let (ids, at): (Vec<i64>, Vec<DateTime<Utc>>) = again.iter().copied().unzip();
    sqlx::query!(
        "UPDATE openings o
         SET edit_at = (SELECT min(at) FROM UNNEST($2::bigint[], $3::timestamptz[]) AS a (id, at)
                        WHERE a.id = o.id)
         WHERE o.id = ANY ($1)",
        openings,
        &ids,
        &at
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert(tx: &mut PgConnection, due: &[(i64, i64)], now: DateTime<Utc>) -> sqlx::Result<()> {
    if due.is_empty() {
        return Ok(());
    }
    let (targets, deliveries): (Vec<i64>, Vec<i64>) = due.iter().copied().unzip();
    // Targets before deliveries, as everybody takes them.
    lanes::ready(tx, &targets, now).await?;
    sqlx::query!(
        "INSERT INTO deliveries (target_id, state, due_at, created_at, edits)
         SELECT DISTINCT target_id, 'pending', $3::timestamptz, $3::timestamptz, delivery_id
         FROM UNNEST($1::bigint[], $2::bigint[]) AS e (target_id, delivery_id)
         ON CONFLICT DO NOTHING",
        &targets,
        &deliveries,
        now
    )
    .execute(&mut *tx)
    .await?;
    wake(tx, Stage::Deliver).await
}
