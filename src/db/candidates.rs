//! Which stored openings postings are compared with.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::normalize::fingerprint::{Fingerprint, Shown, Sketch};
use crate::normalize::openings::Opening;

/// Openings that are looked at for one key, the latest ones.
const LISTED: i64 = 40;

/// Openings that one posting is compared with: those that share most keys with it.
const CANDIDATES: usize = 16;

/// Postings of an opening that others are compared with.
const WITNESSES: i64 = 16;

/// A stored opening on its way into memory, with those of its keys that were asked for.
pub(super) struct Candidate {
    pub id: i64,
    pub opening: Opening,
    pub keys: Vec<i64>,
}

/// The stored openings that the postings may be of.
pub(super) async fn of(
    tx: &mut PgConnection,
    prints: &[Fingerprint],
) -> sqlx::Result<Vec<Candidate>> {
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
