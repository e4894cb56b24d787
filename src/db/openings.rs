//! Which opening a posting is of, and what is kept of it.
//!
//! Two who store the same job at once would each make an opening of it. So whoever joins holds locks on
//! what the postings could be found by: their companies and their ads. A posting that names nobody may be
//! anybody's, by its body; whoever stores one keeps all others waiting.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::{candidates, merges, reposts};
use crate::domain::ids::{BoardId, OpeningId};
use crate::normalize::fingerprint::Fingerprint;
use crate::normalize::openings::{Openings, Place};

/// The space of the advisory locks by which joining is kept apart.
const JOINING: i32 = 0x6f70_656e;

/// Locks for companies and ads, so few that no server runs out of room for them.
const BUCKETS: i64 = 1_024;

/// The lock of those who name nobody.
const ANYBODY: i32 = -1;

/// Where a posting was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Joined {
    pub opening: OpeningId,
    /// How often its board showed the job before.
    pub reposts: i64,
    pub reposts_since: Option<DateTime<Utc>>,
}

/// Finds or makes the opening of each new posting of a board. Those that turn out to be one are merged.
/// `touched` are openings that this transaction changes besides.
pub(super) async fn join(
    tx: &mut PgConnection,
    board: BoardId,
    prints: &[Fingerprint],
    touched: &BTreeSet<i64>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Joined>> {
    if prints.is_empty() {
        hold(tx, touched).await?;
        return Ok(Vec::new());
    }
    keep_others_out(tx, prints).await?;
    let mut openings = Openings::live();
    let mut known = Vec::new();
    for candidate in candidates::of(tx, prints).await? {
        openings.know(candidate.opening, candidate.keys);
        known.push(candidate.id);
    }
    let places: Vec<Place> = prints.iter().map(|print| openings.add(print.clone())).collect();
    let made = make(tx, &places, &known, now).await?;
    known.extend(made);
    let chosen = places.iter().flat_map(|place| place.also.iter().chain([&place.number]));
    let chosen: BTreeSet<i64> = chosen.filter_map(|number| known.get(*number)).copied().collect();
    let mut merged = hold(tx, &chosen.union(touched).copied().collect()).await?;
    let stored = |number: usize| known.get(number).copied().unwrap_or_default();
    for place in &places {
        for other in &place.also {
            let one = current(&merged, stored(place.number));
            let other = current(&merged, stored(*other));
            if one != other {
                let into = merges::merge(tx, one, other, now).await?;
                merged.insert(one.max(other), into);
            }
        }
    }
    let ids: Vec<i64> = places.iter().map(|place| current(&merged, stored(place.number))).collect();
    note(tx, prints, &places, &ids, now).await?;
    let reposts = reposts::of(tx, board, prints, (&places, &ids)).await?;
    let joined = ids.into_iter().zip(reposts);
    Ok(joined
        .map(|(id, (reposts, since))| Joined {
            opening: OpeningId(id),
            reposts,
            reposts_since: since,
        })
        .collect())
}

/// The opening that one was merged into, at last.
fn current(merged: &HashMap<i64, i64>, mut id: i64) -> i64 {
    while let Some(into) = merged.get(&id) {
        id = *into;
    }
    id
}

async fn keep_others_out(tx: &mut PgConnection, prints: &[Fingerprint]) -> sqlx::Result<()> {
    if prints.iter().any(Fingerprint::is_anonymous) {
        sqlx::query!("SELECT pg_advisory_xact_lock($1, $2)", JOINING, ANYBODY).execute(tx).await?;
        return Ok(());
    }
    sqlx::query!("SELECT pg_advisory_xact_lock_shared($1, $2)", JOINING, ANYBODY)
        .execute(&mut *tx)
        .await?;
    let blocks = prints.iter().flat_map(Fingerprint::blocks);
    let buckets: BTreeSet<i32> =
        blocks.filter_map(|block| i32::try_from(block.rem_euclid(BUCKETS)).ok()).collect();
    let buckets: Vec<i32> = buckets.into_iter().collect();
    // In their order, so that no two wait for each other.
    sqlx::query!(
        "SELECT pg_advisory_xact_lock($1, bucket) FROM UNNEST($2::int[]) AS b (bucket)",
        JOINING,
        &buckets
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Makes the openings that are new, in the order of their numbers.
async fn make(
    tx: &mut PgConnection,
    places: &[Place],
    known: &[i64],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<i64>> {
    let new: Vec<&Place> = places.iter().filter(|place| place.is_new).collect();
    // One that repeats another of the same response is new beside it; that one has no history yet.
    let again_of: Vec<Option<i64>> =
        new.iter().map(|place| known.get(place.again_of?).copied()).collect();
    let mut made = sqlx::query_scalar!(
        "INSERT INTO openings (first_seen_at, again_of)
         SELECT $2, again_of FROM UNNEST($1::bigint[]) WITH ORDINALITY AS n (again_of, place)
         ORDER BY place RETURNING id",
        &again_of as _,
        now
    )
    .fetch_all(tx)
    .await?;
    made.sort_unstable();
    Ok(made)
}

/// Locks openings until the transaction ends, in the order of their ids; says which of them were merged
/// into which meanwhile.
async fn hold(tx: &mut PgConnection, ids: &BTreeSet<i64>) -> sqlx::Result<HashMap<i64, i64>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<i64> = ids.iter().copied().collect();
    let rows = sqlx::query!(
        "SELECT id, merged_into FROM openings WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE",
        &ids
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.id, row.merged_into?))).collect())
}

/// Keeps by what the openings are found, and that they were shown. What joined one that was there before
/// changes its cards.
async fn note(
    tx: &mut PgConnection,
    prints: &[Fingerprint],
    places: &[Place],
    ids: &[i64],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let of_ids = prints.iter().zip(ids);
    let keys: BTreeSet<(i64, i64)> = of_ids
        .clone()
        .flat_map(|(print, id)| print.keys().into_iter().map(|key| (key, *id)))
        .collect();
    let (keys, openings): (Vec<i64>, Vec<i64>) = keys.into_iter().unzip();
    sqlx::query!(
        "INSERT INTO opening_keys (key, opening_id)
         SELECT * FROM UNNEST($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING",
        &keys,
        &openings
    )
    .execute(&mut *tx)
    .await?;
    let first: Vec<Option<DateTime<Utc>>> = prints.iter().map(Fingerprint::posted_at).collect();
    let joined: Vec<bool> = places.iter().map(|place| !place.is_new).collect();
    sqlx::query!(
        "UPDATE openings o
         SET first_shown_at = LEAST(o.first_shown_at, s.first), last_shown_at = $4,
             version = o.version + 1,
             edit_at = CASE WHEN s.joined THEN LEAST(COALESCE(o.edit_at, $4), $4) ELSE o.edit_at END
         FROM (SELECT id, min(first) AS first, bool_or(joined) AS joined
               FROM UNNEST($1::bigint[], $2::timestamptz[], $3::boolean[]) AS s (id, first, joined)
               GROUP BY id) s
         WHERE o.id = s.id",
        ids,
        &first as _,
        &joined,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How many openings there are.
pub async fn count(executor: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM openings WHERE merged_into IS NULL"#)
        .fetch_one(executor)
        .await
}
