//! From unmatched postings to what is owed, in one transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

use super::posting_row::{PostingRow, StoredPosting};
use super::wake::{Stage, wake};
use crate::domain::facts::Facts;
use crate::domain::ids::{FilterId, PostingId};
use crate::domain::pay::Pay;

/// Takes up to `limit` postings that nobody has matched, oldest first, and locks them; another
/// replica takes others.
pub async fn take_unmatched(tx: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<StoredPosting>> {
    let rows = sqlx::query_as!(
        PostingRow,
        r#"SELECT p.id, p.opening_id, b.slug, b.name AS board, b.attribution, p.identity, p.url,
                  p.title, p.company, p.location, p.remote, p.pay AS "pay: Json<Pay>",
                  p.facts AS "facts: Json<Facts>", p.tags, p.posted_at, p.closes_at,
                  p.reposts, p.body, p.first_seen_at
           FROM postings p JOIN boards b ON b.id = p.board_id
           WHERE p.matched_at IS NULL ORDER BY p.id LIMIT $1 FOR UPDATE OF p SKIP LOCKED"#,
        limit
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(StoredPosting::try_from).collect()
}

/// The postings that were stored last.
pub async fn newest(executor: impl PgExecutor<'_>, limit: i64) -> sqlx::Result<Vec<StoredPosting>> {
    let rows = sqlx::query_as!(
        PostingRow,
        r#"SELECT p.id, p.opening_id, b.slug, b.name AS board, b.attribution, p.identity, p.url,
                  p.title, p.company, p.location, p.remote, p.pay AS "pay: Json<Pay>",
                  p.facts AS "facts: Json<Facts>", p.tags, p.posted_at, p.closes_at,
                  p.reposts, p.body, p.first_seen_at
           FROM postings p JOIN boards b ON b.id = p.board_id
           ORDER BY p.id DESC LIMIT $1"#,
        limit
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(StoredPosting::try_from).collect()
}

/// Writes what is owed for a batch that was taken, and that the batch is matched. Returns how many
/// messages were queued.
///
/// Whoever may see a board, and since when a filter counts, is decided here and nowhere else. What
/// a target has been told of already, from whatever board, is not owed again.
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
    let (postings, filters): (Vec<i64>, Vec<i64>) =
        matches.iter().map(|(posting, filter)| (posting.0, filter.0)).unzip();
    let rows = sqlx::query!(
        r#"WITH hit AS MATERIALIZED (
             SELECT f.target_id, p.opening_id, p.id AS posting_id, f.id AS filter_id,
                    p.first_seen_at
             FROM UNNEST($1::bigint[], $2::bigint[]) AS m (posting_id, filter_id)
             JOIN postings p ON p.id = m.posting_id
             JOIN boards b ON b.id = p.board_id
             JOIN filters f ON f.id = m.filter_id
             WHERE f.state = 'active' AND p.first_seen_at >= f.active_from
               AND (b.visibility = 'catalogue' OR EXISTS (
                    SELECT FROM board_subscriptions s
                    WHERE s.board_id = b.id AND s.account_id = f.account_id))
           ), new AS (
             INSERT INTO owed (target_id, opening_id, posting_id, state, first_seen_at, matched_at)
             SELECT DISTINCT ON (target_id, opening_id)
                    target_id, opening_id, posting_id, 'owed', first_seen_at, $3::timestamptz
             FROM hit ORDER BY target_id, opening_id, posting_id
             ON CONFLICT DO NOTHING
             RETURNING target_id, opening_id
           ), wanted AS (
             INSERT INTO owed_filters (target_id, opening_id, filter_id)
             SELECT target_id, opening_id, filter_id FROM hit ON CONFLICT DO NOTHING
           )
           SELECT target_id AS "target_id!", opening_id AS "opening_id!" FROM new ORDER BY 1, 2"#,
        &postings,
        &filters,
        now
    )
    .fetch_all(&mut *tx)
    .await?;
    let owed: Vec<(i64, i64)> =
        rows.into_iter().map(|row| (row.target_id, row.opening_id)).collect();
    queue(tx, &owed, now).await?;
    Ok(owed.len())
}

/// Makes one delivery for each owed row, in their order, and readies the lanes.
async fn queue(tx: &mut PgConnection, owed: &[(i64, i64)], now: DateTime<Utc>) -> sqlx::Result<()> {
    if owed.is_empty() {
        return Ok(());
    }
    let (targets, openings): (Vec<i64>, Vec<i64>) = owed.iter().copied().unzip();
    let rows = sqlx::query!(
        "INSERT INTO deliveries (target_id, state, due_at, created_at)
         SELECT target_id, 'pending', $2, $2
         FROM UNNEST($1::bigint[]) WITH ORDINALITY AS t (target_id, place) ORDER BY place
         RETURNING id, target_id",
        &targets,
        now
    )
    .fetch_all(&mut *tx)
    .await?;
    // Until they are linked, the deliveries of one target are interchangeable; their ids give the
    // order of sending, so they are handed out in the order of what is owed.
    let mut by_target: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for row in rows {
        by_target.entry(row.target_id).or_default().push(row.id);
    }
    let deliveries: Vec<i64> = by_target
        .into_values()
        .flat_map(|mut ids| {
            ids.sort_unstable();
            ids
        })
        .collect();
    sqlx::query!(
        "UPDATE owed o SET delivery_id = n.delivery_id
         FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[])
              AS n (target_id, opening_id, delivery_id)
         WHERE o.target_id = n.target_id AND o.opening_id = n.opening_id",
        &targets,
        &openings,
        &deliveries
    )
    .execute(&mut *tx)
    .await?;
    super::lanes::ready(tx, &targets, now).await?;
    wake(tx, Stage::Deliver).await
}
