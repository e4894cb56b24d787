//! From unmatched postings to what is owed, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::posting_row::{StoredPosting, posting_rows};
use super::{habits, messages};
use crate::domain::ids::{FilterId, PostingId};
use crate::schedule::quiet_hours;

/// Takes up to `limit` postings that nobody has matched, oldest first, and locks them; another
/// replica takes others.
pub async fn take_unmatched(tx: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<StoredPosting>> {
    let rows = posting_rows!(
        "FROM postings p JOIN boards b ON b.id = p.board_id
         WHERE p.matched_at IS NULL ORDER BY p.id LIMIT $1 FOR UPDATE OF p SKIP LOCKED",
        limit
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(StoredPosting::try_from).collect()
}

/// The postings that were stored last.
pub async fn newest(executor: impl PgExecutor<'_>, limit: i64) -> sqlx::Result<Vec<StoredPosting>> {
    let rows = posting_rows!(
        "FROM postings p JOIN boards b ON b.id = p.board_id
         ORDER BY p.id DESC LIMIT $1",
        limit
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(StoredPosting::try_from).collect()
}

/// What one filter wants to be told.
struct Hit {
    target: i64,
    opening: i64,
    posting: i64,
    filter: i64,
    first_seen_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
}

/// Writes what is owed for a batch that was taken, and that the batch is matched. Returns how many
/// messages were queued.
///
/// Whoever may see a board, since when a filter counts, and what is muted, is decided here and nowhere
/// else. What a target has been told of already, from whatever board, is not owed again; what waits for
/// a digest and is wanted at once goes at once.
pub async fn owe(
    tx: &mut PgConnection,
    batch: &[PostingId],
    matches: &[(PostingId, FilterId)],
    now: DateTime<Utc>,
) -> sqlx::Result<usize> {
    let batch: Vec<i64> = batch.iter().map(|id| id.0).collect();
    sqlx::query!("UPDATE postings SET matched_at = $2 WHERE id = ANY ($1)", &batch, now)
        .execute(&mut *tx)
        .await?;
    if matches.is_empty() {
        return Ok(0);
    }
    let hits = hits(tx, matches, now).await?;
    if hits.is_empty() {
        return Ok(0);
    }
    // Before what is owed, as senders lock them.
    let targets: BTreeSet<i64> = hits.iter().map(|hit| hit.target).collect();
    let bursts = messages::hold(tx, &targets).await?;
    let due = write(tx, &hits, now).await?;
    messages::queue_new(tx, &due, &bursts, now).await
}

async fn hits(
    tx: &mut PgConnection,
    matches: &[(PostingId, FilterId)],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Hit>> {
    let (postings, filters): (Vec<i64>, Vec<i64>) =
        matches.iter().map(|(posting, filter)| (posting.0, filter.0)).unzip();
    let rows = sqlx::query!(
        "SELECT f.target_id, p.opening_id, p.id AS posting_id, f.id AS filter_id, p.first_seen_at,
                f.cadence, a.timezone, a.quiet, a.snoozed_until, a.delay_minutes
         FROM UNNEST($1::bigint[], $2::bigint[]) AS m (posting_id, filter_id)
         JOIN postings p ON p.id = m.posting_id
         JOIN boards b ON b.id = p.board_id
         JOIN filters f ON f.id = m.filter_id
         JOIN accounts a ON a.id = f.account_id
         WHERE f.state = 'active' AND p.first_seen_at >= f.active_from
           AND (b.visibility = 'catalogue' OR EXISTS (
                SELECT FROM board_subscriptions s
                WHERE s.board_id = b.id AND s.account_id = f.account_id AND NOT s.paused_by_plan))
           AND NOT EXISTS (SELECT FROM mutes u
                           WHERE u.account_id = a.id AND u.company_key = p.company_key)",
        &postings,
        &filters
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let stored = habits::Stored {
                timezone: row.timezone.as_deref(),
                quiet: row.quiet.as_deref(),
                snoozed_until: row.snoozed_until,
                delay_minutes: row.delay_minutes,
            };
            let habits = stored.with(&row.cadence)?;
            Ok(Hit {
                target: row.target_id,
                opening: row.opening_id,
                posting: row.posting_id,
                filter: row.filter_id,
                first_seen_at: row.first_seen_at,
                due_at: quiet_hours::due(&habits, now, now),
            })
        })
        .collect()
}

/// Writes what is owed; returns what is to be told now, in order.
async fn write(
    tx: &mut PgConnection,
    hits: &[Hit],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(i64, i64)>> {
    // Of filters that want the same, the one that is told first decides; of postings, the oldest.
    let mut first: BTreeMap<(i64, i64), (DateTime<Utc>, &Hit)> = BTreeMap::new();
    for hit in hits {
        let known = first.entry((hit.target, hit.opening)).or_insert((hit.due_at, hit));
        known.0 = known.0.min(hit.due_at);
        if hit.posting < known.1.posting {
            known.1 = hit;
        }
    }
    let targets: Vec<i64> = first.keys().map(|key| key.0).collect();
    let openings: Vec<i64> = first.keys().map(|key| key.1).collect();
    let due: Vec<DateTime<Utc>> = first.values().map(|(due, _)| *due).collect();
    let postings: Vec<i64> = first.values().map(|(_, hit)| hit.posting).collect();
    let seen: Vec<DateTime<Utc>> = first.values().map(|(_, hit)| hit.first_seen_at).collect();
    let rows = sqlx::query!(
        r#"INSERT INTO owed (target_id, opening_id, posting_id, state, first_seen_at, matched_at,
                             due_at)
           SELECT target_id, opening_id, posting_id, 'owed', seen_at, $6::timestamptz, due_at
           FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[],
                       $5::timestamptz[]) AS o (target_id, opening_id, posting_id, seen_at, due_at)
           ON CONFLICT (target_id, opening_id) DO UPDATE SET due_at = EXCLUDED.due_at
               WHERE owed.state = 'owed' AND owed.delivery_id IS NULL
                 AND owed.due_at > EXCLUDED.due_at
           RETURNING target_id, opening_id, due_at AS "due_at!""#,
        &targets,
        &openings,
        &postings,
        &seen,
        &due,
        now
    )
    .fetch_all(&mut *tx)
    .await?;
    let targets: Vec<i64> = hits.iter().map(|hit| hit.target).collect();
    let openings: Vec<i64> = hits.iter().map(|hit| hit.opening).collect();
    let filters: Vec<i64> = hits.iter().map(|hit| hit.filter).collect();
    sqlx::query!(
        "INSERT INTO owed_filters (target_id, opening_id, filter_id)
         SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING",
        &targets,
        &openings,
        &filters
    )
    .execute(tx)
    .await?;
    let now_due = rows.into_iter().filter(|row| row.due_at <= now);
    let mut due: Vec<(i64, i64)> = now_due.map(|row| (row.target_id, row.opening_id)).collect();
    due.sort_unstable();
    Ok(due)
}
