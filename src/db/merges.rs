//! Two openings turn out to be one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// What one target was told of one of the two.
struct Told {
    delivery: Option<i64>,
    /// Whether no try to send it has begun.
    untouched: bool,
    /// Given up, so never told.
    dead: bool,
}

/// Two that are one: the older one stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub into: i64,
    pub from: i64,
}

/// Makes one opening of each pair, in turn. The caller holds their rows and keeps matching out, so that
/// nothing new is owed. A target that is owed both is told once; one that was told both was.
///
/// Locks are taken as senders take them, targets before deliveries, and of all pairs at once: so whoever
/// merges others waits for none that this one waits for.
pub(super) async fn merge(
    tx: &mut PgConnection,
    pairs: &[Pair],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    let openings: Vec<i64> = pairs.iter().flat_map(|pair| [pair.into, pair.from]).collect();
    sqlx::query!(
        "SELECT id FROM targets
         WHERE id IN (SELECT target_id FROM owed WHERE opening_id = ANY ($1))
         ORDER BY id FOR NO KEY UPDATE",
        &openings
    )
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query!(
        "SELECT id FROM deliveries
         WHERE id IN (SELECT delivery_id FROM owed WHERE opening_id = ANY ($1))
         ORDER BY id FOR UPDATE",
        &openings
    )
    .fetch_all(&mut *tx)
    .await?;
    for pair in pairs {
        merge_one(tx, *pair, now).await?;
    }
    Ok(())
}

async fn merge_one(
    tx: &mut PgConnection,
    Pair { into, from }: Pair,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE postings SET opening_id = $1 WHERE opening_id = $2", into, from)
        .execute(&mut *tx)
        .await?;
    move_owed(tx, into, from).await?;
    sqlx::query!(
        "WITH moved AS (
             INSERT INTO marks (account_id, opening_id, mark, marked_at)
             SELECT account_id, $1, mark, marked_at FROM marks WHERE opening_id = $2
             ON CONFLICT (account_id, opening_id) DO UPDATE
                 SET mark = EXCLUDED.mark, marked_at = EXCLUDED.marked_at
                 WHERE marks.marked_at < EXCLUDED.marked_at)
         DELETE FROM marks WHERE opening_id = $2",
        into,
        from
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE openings SET merged_into = $1 WHERE id = $2 OR merged_into = $2",
        into,
        from
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE openings o
         SET first_seen_at = LEAST(o.first_seen_at, m.first_seen_at),
             first_shown_at = LEAST(o.first_shown_at, m.first_shown_at),
             last_shown_at = GREATEST(o.last_shown_at, m.last_shown_at),
             again_of = NULLIF(NULLIF(COALESCE(o.again_of, m.again_of), $1), $2),
             version = GREATEST(o.version, m.version) + 1,
             edit_at = LEAST(COALESCE(o.edit_at, $3), $3)
         FROM openings m WHERE o.id = $1 AND m.id = $2",
        into,
        from,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives what is owed for `from` to `into`. Their targets and deliveries are held.
async fn move_owed(tx: &mut PgConnection, into: i64, from: i64) -> sqlx::Result<()> {
    let (mut kept, moved) = (told(tx, into).await?, told(tx, from).await?);
    let (mut replaced, mut given, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
    for (target, from) in moved {
        match kept.remove(&target) {
            None => given.push(target),
            // What could not be told says nothing against what can be.
            Some(into) if into.dead && !from.dead => given.push(target),
            Some(_) if from.dead => replaced.push(target),
            Some(_) if from.untouched => {
                replaced.push(target);
                dropped.extend(from.delivery);
            }
            Some(into) if into.untouched => {
                given.push(target);
                dropped.extend(into.delivery);
            }
            // Both messages are on their way or there; each stays what its target was told.
            Some(_) => {}
        }
    }
    give(tx, into, from, &given).await?;
    // Their filters wanted the same job.
    sqlx::query!(
        "WITH wanted AS (
             INSERT INTO owed_filters (target_id, opening_id, filter_id)
             SELECT target_id, $1, filter_id FROM owed_filters
             WHERE opening_id = $2 AND target_id = ANY ($3) ON CONFLICT DO NOTHING)
         DELETE FROM owed WHERE opening_id = $2 AND target_id = ANY ($3)",
        into,
        from,
        &replaced
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "DELETE FROM deliveries d WHERE id = ANY ($1)
         AND NOT EXISTS (SELECT FROM owed o WHERE o.delivery_id = d.id)",
        &dropped
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Moves what targets are owed, in place of what they are owed there already.
async fn give(tx: &mut PgConnection, into: i64, from: i64, targets: &[i64]) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO owed AS o (target_id, opening_id, posting_id, state, delivery_id, first_seen_at,
                                matched_at, card_version, due_at)
         SELECT target_id, $1, posting_id, state, delivery_id, first_seen_at, matched_at, 0, due_at
         FROM owed WHERE opening_id = $2 AND target_id = ANY ($3)
         ON CONFLICT (target_id, opening_id) DO UPDATE
             SET posting_id = EXCLUDED.posting_id, state = EXCLUDED.state,
                 delivery_id = EXCLUDED.delivery_id, first_seen_at = EXCLUDED.first_seen_at,
                 matched_at = EXCLUDED.matched_at, card_version = 0,
                 due_at = EXCLUDED.due_at",
        into,
        from,
        targets
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO owed_filters (target_id, opening_id, filter_id)
         SELECT target_id, $1, filter_id FROM owed_filters
         WHERE opening_id = $2 AND target_id = ANY ($3) ON CONFLICT DO NOTHING",
        into,
        from,
        targets
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("DELETE FROM owed WHERE opening_id = $1 AND target_id = ANY ($2)", from, targets)
        .execute(tx)
        .await?;
    Ok(())
}

/// By target.
async fn told(tx: &mut PgConnection, opening: i64) -> sqlx::Result<BTreeMap<i64, Told>> {
    let rows = sqlx::query!(
        r#"SELECT o.target_id AS "target_id!", o.delivery_id AS "delivery_id?",
                  o.state = 'owed' AND (d.id IS NULL OR (d.state = 'pending' AND d.attempts = 0))
                      AS "untouched!",
                  o.state = 'dead' AS "dead!"
           FROM owed o LEFT JOIN deliveries d ON d.id = o.delivery_id WHERE o.opening_id = $1"#,
        opening
    )
    .fetch_all(tx)
    .await?;
    let told = rows.into_iter().map(|row| {
        let (delivery, untouched, dead) = (row.delivery_id, row.untouched, row.dead);
        (row.target_id, Told { delivery, untouched, dead })
    });
    Ok(told.collect())
}
