//! Which opening a posting is of, and what is kept of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, PgExecutor};

use super::comparing::{self, Compared};
use super::merges::{self, Pair};
use super::{apart, filters, reposts};
use crate::domain::board::Visibility;
use crate::domain::ids::{BoardId, OpeningId};
use crate::normalize::fingerprint::{Fingerprint, Key};
use crate::normalize::openings::Place;

/// Where a posting was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    pub opening: OpeningId,
    /// How often its board showed the job before.
    pub reposts: i64,
    pub reposts_since: Option<DateTime<Utc>>,
}

/// What is to be joined.
#[derive(Debug, Clone, Copy)]
pub struct Joining<'a> {
    pub board: BoardId,
    /// Only what everybody may see changes what others hear.
    pub visibility: Visibility,
    pub prints: &'a [Fingerprint],
    /// The stored postings that the board shows beside the new ones, if it shows all it has: these are
    /// other jobs.
    pub beside: Option<&'a [i64]>,
    /// Openings that the transaction changes besides.
    pub touched: &'a BTreeSet<i64>,
}

/// Where postings were put.
#[derive(Debug, Default)]
pub struct Found {
    pub joined: Vec<Joined>,
    /// Stored openings that were in memory at once, at the most.
    pub most: usize,
    merged: HashMap<i64, i64>,
}

impl Found {
    /// The opening that one was merged into meanwhile, at last.
    pub(super) fn current(&self, id: i64) -> i64 {
        current(&self.merged, id)
    }
}

/// Finds or makes the opening of each new posting of a board. Those that turn out to be one are merged, if
/// everybody may see what shows it.
pub async fn join(
    tx: &mut PgConnection,
    joining: Joining<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Found> {
    let Joining { board, prints, touched, .. } = joining;
    if prints.is_empty() {
        return Ok(Found { merged: hold(tx, touched).await?, ..Found::default() });
    }
    apart::keep(tx, board, prints).await?;
    let Compared { places, mut ids, most } = comparing::compare(tx, joining).await?;
    let chosen = places.iter().flat_map(|place| place.also.iter().chain([&place.number]));
    let held: BTreeSet<i64> = chosen.filter_map(|number| ids.get(number)).copied().collect();
    let made = make(tx, (prints, &places), &ids, now).await?;
    let new: BTreeSet<i64> = made.values().copied().collect();
    ids.extend(made);
    if places.iter().any(|place| !place.also.is_empty()) {
        // Before the openings: matching is kept out by one who merges at a time, and this one must not
        // wait for that with openings which the other wants.
        filters::keep_matching_out(tx).await?;
    }
    let mut merged = hold(tx, &held.union(touched).copied().collect()).await?;
    let stored = |number: usize| ids.get(&number).copied().unwrap_or_default();
    let mut pairs = Vec::new();
    for place in &places {
        for other in &place.also {
            let one = current(&merged, stored(place.number));
            let other = current(&merged, stored(*other));
            if one != other {
                pairs.push(Pair { into: one.min(other), from: one.max(other) });
                merged.insert(one.max(other), one.min(other));
            }
        }
    }
    merges::merge(tx, &pairs, now).await?;
    let ids: Vec<i64> = places.iter().map(|place| current(&merged, stored(place.number))).collect();
    keep_keys(tx, prints.iter().zip(ids.iter().copied()), &new).await?;
    note(tx, joining, (&places, &ids), &new, now).await?;
    let reposts = reposts::of(tx, board, prints, (&places, &ids)).await?;
    let joined = ids.into_iter().zip(reposts).map(|(id, (reposts, since))| Joined {
        opening: OpeningId(id),
        reposts,
        reposts_since: since,
    });
    Ok(Found { joined: joined.collect(), most, merged })
}

/// The opening that one was merged into, at last.
fn current(merged: &HashMap<i64, i64>, mut id: i64) -> i64 {
    while let Some(into) = merged.get(&id) {
        id = *into;
    }
    id
}

/// Makes the openings that are new, in the order of their numbers; their ids by those.
async fn make(
    tx: &mut PgConnection,
    (prints, places): (&[Fingerprint], &[Place]),
    known: &HashMap<usize, i64>,
    now: DateTime<Utc>,
) -> sqlx::Result<HashMap<usize, i64>> {
    // One that repeats another of the same response is new beside it; that one has no history yet.
    let again_of = |place: &Place| known.get(&place.again_of?).copied();
    let mut new: BTreeMap<usize, (Option<i64>, Option<DateTime<Utc>>)> = BTreeMap::new();
    for (place, print) in places.iter().zip(prints) {
        if place.is_new {
            new.insert(place.number, (again_of(place), print.posted_at()));
        } else if let Some((_, first)) = new.get_mut(&place.number) {
            *first = first.iter().copied().chain(print.posted_at()).min();
        }
    }
    if new.is_empty() {
        return Ok(HashMap::new());
    }
    let (again_of, first): (Vec<Option<i64>>, Vec<Option<DateTime<Utc>>>) =
        new.values().copied().unzip();
    let mut made = sqlx::query_scalar!(
        "INSERT INTO openings (first_seen_at, last_shown_at, version, again_of, first_shown_at)
         SELECT $3, $3, 1, again_of, first
         FROM UNNEST($1::bigint[], $2::timestamptz[]) WITH ORDINALITY AS n (again_of, first, place)
         ORDER BY place RETURNING id",
        &again_of as _,
        &first as _,
        now
    )
    .fetch_all(tx)
    .await?;
    made.sort_unstable();
    Ok(new.into_keys().zip(made).collect())
}

/// Locks openings until the transaction ends, with those that were merged into them, in the order of
/// their ids; says which of them were merged into which meanwhile. What they were merged into is locked as
/// well, in the same order: for that all are let go and taken again.
async fn hold(tx: &mut PgConnection, ids: &BTreeSet<i64>) -> sqlx::Result<HashMap<i64, i64>> {
    let mut wanted = ids.clone();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    loop {
        let mut attempt = tx.begin().await?;
        let rows = sqlx::query!(
            "SELECT id, merged_into FROM openings WHERE id = ANY ($1) OR merged_into = ANY ($1)
             ORDER BY id FOR NO KEY UPDATE",
            &wanted.iter().copied().collect::<Vec<i64>>()
        )
        .fetch_all(&mut *attempt)
        .await?;
        let merged: HashMap<i64, i64> =
            rows.into_iter().filter_map(|row| Some((row.id, row.merged_into?))).collect();
        let before = wanted.len();
        wanted.extend(merged.values());
        if wanted.len() == before {
            attempt.commit().await?;
            return Ok(merged);
        }
        attempt.rollback().await?;
    }
}

/// Keeps by what the openings are found, each by what one of its postings says. Those in `new` are found by
/// nothing yet; to look whether they are would cost as much again.
async fn keep_keys(
    tx: &mut PgConnection,
    shown: impl Iterator<Item = (&Fingerprint, i64)>,
    new: &BTreeSet<i64>,
) -> sqlx::Result<()> {
    let mut keys: BTreeMap<(i64, i64), Option<i64>> = BTreeMap::new();
    for (print, id) in shown {
        for Key { key, block } in print.keys() {
            let known = keys.entry((key, id)).or_insert(block);
            // Of two that say the same, the one that names nobody is found by more.
            *known = known.and(block);
        }
    }
    let (new, known): (Vec<_>, Vec<_>) =
        keys.into_iter().partition(|((_, opening), _)| new.contains(opening));
    if !new.is_empty() {
        let (keys, openings, blocks) = columns(new);
        sqlx::query!(
            "INSERT INTO opening_keys (key, opening_id, block)
             SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[])",
            &keys,
            &openings,
            &blocks as _
        )
        .execute(&mut *tx)
        .await?;
    }
    if known.is_empty() {
        return Ok(());
    }
    let (keys, openings, blocks) = columns(known);
    sqlx::query!(
        "INSERT INTO opening_keys (key, opening_id, block)
         SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING",
        &keys,
        &openings,
        &blocks as _
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps by what openings are found besides that were there before.
pub(super) async fn add_keys(
    tx: &mut PgConnection,
    shown: impl Iterator<Item = (&Fingerprint, i64)>,
) -> sqlx::Result<()> {
    keep_keys(tx, shown, &BTreeSet::new()).await
}

/// Keys, openings and blocks, each for itself.
fn columns(rows: Vec<((i64, i64), Option<i64>)>) -> (Vec<i64>, Vec<i64>, Vec<Option<i64>>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for ((key, opening), block) in rows {
        columns.0.push(key);
        columns.1.push(opening);
        columns.2.push(block);
    }
    columns
}

/// Keeps that openings which were there before are shown: their cards change. Those in `new` say so from
/// the beginning. How long one lasts is nobody's own board's to say.
async fn note(
    tx: &mut PgConnection,
    Joining { prints, visibility, .. }: Joining<'_>,
    (places, ids): (&[Place], &[i64]),
    new: &BTreeSet<i64>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let all = prints.iter().zip(places).zip(ids).filter(|(_, id)| !new.contains(id));
    let (mut ids, mut first, mut joined) = (Vec::new(), Vec::new(), Vec::new());
    for ((print, place), id) in all {
        ids.push(*id);
        first.push(print.posted_at());
        joined.push(!place.is_new);
    }
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE openings o
         SET first_shown_at = LEAST(o.first_shown_at, s.first),
             last_shown_at = CASE WHEN $5 THEN $4 ELSE o.last_shown_at END,
             version = o.version + 1,
             edit_at = CASE WHEN s.joined THEN LEAST(COALESCE(o.edit_at, $4), $4) ELSE o.edit_at END
         FROM (SELECT id, min(first) AS first, bool_or(joined) AS joined
               FROM UNNEST($1::bigint[], $2::timestamptz[], $3::boolean[]) AS s (id, first, joined)
               GROUP BY id) s
         WHERE o.id = s.id",
        &ids,
        &first as _,
        &joined,
        now,
        visibility == Visibility::Catalogue
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
