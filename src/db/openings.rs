//! Which opening a posting is of, and what is kept of it.
//!
//! Two who store the same job at once would each make an opening of it. So whoever joins holds locks on
//! what the postings could be found by: their companies and their ads. A posting that names nobody may be
//! anybody's, by its body; whoever stores one keeps all others waiting.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::{count as many, merges};
use crate::domain::ids::{BoardId, OpeningId};
use crate::normalize::fingerprint::{Fingerprint, Shown, Sketch};
use crate::normalize::openings::{Opening, Openings, Place};

/// The space of the advisory locks by which joining is kept apart.
const JOINING: i32 = 0x6f70_656e;

/// Locks for companies and ads, so few that no server runs out of room for them.
const BUCKETS: i64 = 1_024;

/// The lock of those who name nobody.
const ANYBODY: i32 = -1;

/// Openings that are looked at for one key, the latest ones.
const LISTED: i64 = 200;

/// Openings that one posting is compared with: those that share most keys with it.
const CANDIDATES: usize = 64;

/// Postings of an opening that others are compared with.
const WITNESSES: i64 = 16;

/// Where a posting was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Joined {
    pub opening: OpeningId,
    /// How often its board showed the job before.
    pub reposts: i64,
    pub reposts_since: Option<DateTime<Utc>>,
}

/// A stored opening on its way into memory, with those of its keys that were asked for.
struct Candidate {
    id: i64,
    opening: Opening,
    keys: Vec<i64>,
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
    for candidate in candidates(tx, prints).await? {
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
    let reposts = reposts(tx, board, prints, (&places, &ids)).await?;
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

/// The stored openings that the postings may be of.
async fn candidates(tx: &mut PgConnection, prints: &[Fingerprint]) -> sqlx::Result<Vec<Candidate>> {
    let of_prints: Vec<Vec<i64>> = prints.iter().map(Fingerprint::keys).collect();
    let keys: BTreeSet<i64> = of_prints.iter().flatten().copied().collect();
    let keys: Vec<i64> = keys.into_iter().collect();
    let rows = sqlx::query!(
        r#"SELECT k.key AS "key!", COALESCE(o.merged_into, o.id) AS "opening!"
           FROM UNNEST($1::bigint[]) AS k (key)
           CROSS JOIN LATERAL (SELECT opening_id FROM opening_keys WHERE key = k.key
                               ORDER BY opening_id DESC LIMIT $2) c
           JOIN openings o ON o.id = c.opening_id"#,
        &keys,
        LISTED
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut by_key: HashMap<i64, Vec<i64>> = HashMap::new();
    for row in rows {
        by_key.entry(row.key).or_default().push(row.opening);
    }
    // Of each posting those that share most keys with it, then the latest.
    let mut wanted: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for keys in &of_prints {
        let mut shared: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        for key in keys {
            for opening in by_key.get(key).into_iter().flatten() {
                shared.entry(*opening).or_default().insert(*key);
            }
        }
        let mut shared: Vec<(i64, BTreeSet<i64>)> = shared.into_iter().collect();
        shared.sort_by_key(|(opening, keys)| std::cmp::Reverse((keys.len(), *opening)));
        for (opening, keys) in shared.into_iter().take(CANDIDATES) {
            wanted.entry(opening).or_default().extend(keys);
        }
    }
    read(tx, wanted).await
}

/// Reads openings with the postings by which others are compared with them.
async fn read(
    tx: &mut PgConnection,
    wanted: BTreeMap<i64, BTreeSet<i64>>,
) -> sqlx::Result<Vec<Candidate>> {
    let ids: Vec<i64> = wanted.keys().copied().collect();
    let rows = sqlx::query!(
        r#"SELECT o.id, o.first_shown_at, GREATEST(o.last_shown_at, s.still) AS last_shown_at, w.title AS "title?", w.company, w.location,
                  w.url, w.at, w.sketch
           FROM openings o
           CROSS JOIN LATERAL (
               -- Boards that said "unchanged" since they were read.
               SELECT max(CASE WHEN b.failures = 0 THEN b.last_polled_at ELSE b.failing_since END)
                      AS still
               FROM postings p JOIN boards b ON b.id = p.board_id
               WHERE p.opening_id = o.id AND p.closed_at IS NULL
                 AND (b.last_read_at IS NULL OR COALESCE(p.last_seen_at, p.first_seen_at)
                                                > b.last_read_at - interval '1 day')) s
           LEFT JOIN LATERAL (
               SELECT p.title, p.company, p.location, p.url, p.sketch,
                      CASE WHEN p.history THEN p.posted_at
                           ELSE COALESCE(LEAST(p.posted_at, p.first_seen_at), p.first_seen_at)
                      END AS at
               FROM postings p WHERE p.opening_id = o.id ORDER BY p.id LIMIT $2) w ON true
           WHERE o.id = ANY ($1) ORDER BY o.id"#,
        &ids,
        WITNESSES
    )
    .fetch_all(tx)
    .await?;
    let mut found: BTreeMap<i64, Opening> = BTreeMap::new();
    for row in rows {
        let opening = found.entry(row.id).or_default();
        opening.shown(row.first_shown_at, row.last_shown_at);
        let Some(title) = row.title else { continue };
        let (company, location, url) = (row.company, row.location, row.url);
        let said = Said { title, company, location, url, at: row.at, sketch: row.sketch };
        opening.show(said.print());
    }
    let found = found.into_iter();
    Ok(found
        .map(|(id, opening)| {
            let keys = wanted.get(&id).into_iter().flatten().copied().collect();
            Candidate { id, opening, keys }
        })
        .collect())
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

/// How often the board itself showed each posting's job before, and since when: a day earlier at least,
/// as another posting, or in the opening before, which is over. What other boards showed does not count;
/// of theirs somebody may not know.
async fn reposts(
    tx: &mut PgConnection,
    board: BoardId,
    prints: &[Fingerprint],
    (places, ids): (&[Place], &[i64]),
) -> sqlx::Result<Vec<(i64, Option<DateTime<Utc>>)>> {
    let at: Vec<Option<DateTime<Utc>>> = prints.iter().map(Fingerprint::posted_at).collect();
    // What is new and repeats nothing has no past but what stands beside it.
    let past: Vec<bool> =
        places.iter().map(|place| !place.is_new || place.again_of.is_some()).collect();
    let mut before = vec![(0, None); ids.len()];
    if past.contains(&true) {
        let rows = sqlx::query!(
            r#"SELECT s.times AS "times!", s.since
               FROM UNNEST($1::bigint[], $2::timestamptz[], $3::boolean[]) WITH ORDINALITY
                    AS n (opening, at, past, place)
               JOIN openings o ON o.id = n.opening
               LEFT JOIN openings a ON a.id = o.again_of
               CROSS JOIN LATERAL (
                   SELECT count(*) + COALESCE(min(p.reposts), 0) AS times,
                          min(COALESCE(p.reposts_since, p.posted_at, p.first_seen_at)) AS since
                   FROM postings p
                   WHERE n.past AND p.opening_id = ANY (ARRAY[o.id, COALESCE(a.merged_into, a.id)])
                     AND p.board_id = $4
                     AND COALESCE(p.posted_at, p.first_seen_at) <= n.at - interval '1 day') s
               ORDER BY n.place"#,
            ids,
            &at as _,
            &past,
            board.0
        )
        .fetch_all(tx)
        .await?;
        before = rows.into_iter().map(|row| (row.times, row.since)).collect();
    }
    let beside = |place: usize| -> Vec<DateTime<Utc>> {
        let Some(own) = at.get(place).copied().flatten() else { return Vec::new() };
        let same = ids.iter().zip(&at).filter(|(id, _)| Some(*id) == ids.get(place));
        same.filter_map(|(_, at)| *at).filter(|at| *at <= own - TimeDelta::days(1)).collect()
    };
    let all = before.into_iter().enumerate();
    Ok(all
        .map(|(place, (times, since))| {
            let beside = beside(place);
            (times + many(beside.len()), since.into_iter().chain(beside).min())
        })
        .collect())
}

/// What of a stored posting tells which opening it is of.
#[derive(Debug)]
pub struct Said {
    title: String,
    company: Option<String>,
    location: Option<String>,
    url: Option<String>,
    at: Option<DateTime<Utc>>,
    sketch: Option<Vec<i64>>,
}

impl Said {
    pub fn print(&self) -> Fingerprint {
        let sketch: Option<[i64; 8]> =
            self.sketch.as_deref().and_then(|sketch| sketch.try_into().ok());
        Fingerprint::of(&Shown {
            company: self.company.as_deref(),
            title: &self.title,
            location: self.location.as_deref(),
            url: self.url.as_deref(),
            posted_at: self.at,
            sketch: sketch.map(Sketch::from_numbers),
        })
    }
}

/// The postings that were stored first.
pub async fn first(executor: impl PgExecutor<'_>, limit: i64) -> sqlx::Result<Vec<Said>> {
    sqlx::query_as!(
        Said,
        "SELECT title, company, location, url, posted_at AS at, sketch FROM postings
         ORDER BY id LIMIT $1",
        limit
    )
    .fetch_all(executor)
    .await
}

/// How many openings there are.
pub async fn count(executor: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM openings WHERE merged_into IS NULL"#)
        .fetch_one(executor)
        .await
}
