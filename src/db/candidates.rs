//! Which stored openings postings are compared with.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sqlx::{PgConnection, PgExecutor};

use crate::domain::ids::BoardId;
use crate::normalize::fingerprint::{Fingerprint, Key, Shown, Sketch, WINDOW};
use crate::normalize::openings::Opening;

/// Openings that are looked at for one key, the latest ones.
const LISTED: i64 = 40;

/// Entries of one key that are looked at to find those, as some name other companies.
const LOOKED_THROUGH: i64 = 200;

/// Openings that one posting is compared with: those that share most keys with it.
const CANDIDATES: usize = 16;

/// Postings of an opening that others are compared with.
const WITNESSES: i64 = 16;

/// Stored openings, with those of their keys that postings have.
pub(super) type Wanted = BTreeMap<i64, BTreeSet<i64>>;

/// The stored openings that each posting is to be compared with, together.
pub(super) async fn of(tx: &mut PgConnection, prints: &[Fingerprint]) -> sqlx::Result<Wanted> {
    let of_prints: Vec<Vec<Key>> = prints.iter().map(Fingerprint::keys).collect();
    let by_key = by_key(tx, of_prints.iter().flatten().copied().collect()).await?;
    let mut wanted = Wanted::new();
    for keys in &of_prints {
        let mut shared = Wanted::new();
        for key in keys {
            for opening in by_key.get(key).into_iter().flatten() {
                shared.entry(*opening).or_default().insert(key.key);
            }
        }
        // Those that share most keys with it, then the latest.
        let mut shared: Vec<(i64, BTreeSet<i64>)> = shared.into_iter().collect();
        shared.sort_by_key(|(opening, keys)| std::cmp::Reverse((keys.len(), *opening)));
        for (opening, keys) in shared.into_iter().take(CANDIDATES) {
            wanted.entry(opening).or_default().extend(keys);
        }
    }
    Ok(wanted)
}

async fn by_key(
    tx: &mut PgConnection,
    keys: BTreeSet<Key>,
) -> sqlx::Result<HashMap<Key, Vec<i64>>> {
    let (keys, blocks): (Vec<i64>, Vec<Option<i64>>) =
        keys.into_iter().map(|Key { key, block }| (key, block)).unzip();
    let mut rows = sqlx::query!(
        r#"SELECT k.key AS "key!", k.block, COALESCE(o.merged_into, o.id) AS "opening!"
           FROM (SELECT key, block FROM UNNEST($1::bigint[], $2::bigint[]) AS u (key, block)
                 -- Most keys are nobody's, which this tells in half the time. The offset keeps the planner
                 -- from reading the whole table to join it.
                 WHERE EXISTS (SELECT FROM opening_keys o WHERE o.key = u.key OFFSET 0)) k
           CROSS JOIN LATERAL (
               SELECT opening_id FROM (SELECT opening_id, block FROM opening_keys
                                       WHERE key = k.key ORDER BY opening_id DESC LIMIT $4) l
               WHERE k.block IS NULL OR l.block IS NULL OR l.block = k.block LIMIT $3) c
           JOIN openings o ON o.id = c.opening_id"#,
        &keys,
        &blocks as _,
        LISTED,
        LOOKED_THROUGH
    )
    .fetch(tx);
    let mut by_key: HashMap<Key, Vec<i64>> = HashMap::new();
    while let Some(row) = rows.try_next().await? {
        let key = Key { key: row.key, block: row.block };
        by_key.entry(key).or_default().push(row.opening);
    }
    Ok(by_key)
}

/// Who compares: what somebody's own board shows says nothing to others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Viewer {
    pub board: BoardId,
    /// Whether it is the catalogue's.
    pub everybodys: bool,
    /// None of its postings was posted later.
    pub latest: Option<DateTime<Utc>>,
}

/// The openings of postings.
pub(super) async fn shown(tx: &mut PgConnection, postings: &[i64]) -> sqlx::Result<BTreeSet<i64>> {
    if postings.is_empty() {
        return Ok(BTreeSet::new());
    }
    let openings = sqlx::query_scalar!(
        "SELECT DISTINCT opening_id FROM postings WHERE id = ANY ($1)",
        postings
    )
    .fetch_all(tx)
    .await?;
    Ok(openings.into_iter().collect())
}

/// Reads openings with the postings by which others are compared with them: the catalogue's, those of the
/// board itself and of others that all who see it see. Where the catalogue has none yet, everybody's: such an
/// opening was told to their owners alone.
pub(super) async fn read(
    tx: &mut PgConnection,
    ids: &[i64],
    Viewer { board, everybodys, latest }: Viewer,
) -> sqlx::Result<BTreeMap<i64, Opening>> {
    let mut rows = sqlx::query!(
        r#"SELECT o.id, o.first_shown_at, GREATEST(o.last_shown_at, s.still) AS last_shown_at, w.title AS "title?", w.company, w.location,
                  w.url, w.at, w.sketch, w.print
           FROM openings o
           CROSS JOIN LATERAL (
               -- Boards that said "unchanged" since they were read, and what only the board itself knows: where it
               -- seems to be over.
               SELECT max(CASE WHEN p.closed_at IS NOT NULL
                                    OR b.last_read_at IS NOT NULL
                                       AND COALESCE(p.last_seen_at, p.first_seen_at)
                                           <= b.last_read_at - interval '1 day'
                               THEN CASE WHEN p.board_id = $4
                                         THEN COALESCE(p.closed_at, p.last_seen_at, p.first_seen_at) END
                               WHEN b.failures = 0 THEN b.last_polled_at ELSE b.failing_since END)
                      AS still
               FROM postings p JOIN boards b ON b.id = p.board_id
               WHERE p.opening_id = o.id AND o.last_shown_at < $3
                 AND (b.visibility = 'catalogue' OR b.id = $4)) s
           LEFT JOIN LATERAL (
               SELECT p.title, p.company, p.location, p.url, p.sketch, p.print,
                      CASE WHEN p.history THEN p.posted_at
                           ELSE COALESCE(LEAST(p.posted_at, p.first_seen_at), p.first_seen_at)
                      END AS at
               FROM postings p JOIN boards b ON b.id = p.board_id
               WHERE p.opening_id = o.id
                 AND (b.visibility = 'catalogue' OR b.id = $4
                      OR CASE WHEN $5 THEN NOT EXISTS (
                                  SELECT FROM postings q JOIN boards c ON c.id = q.board_id
                                  WHERE q.opening_id = o.id AND c.visibility = 'catalogue')
                              ELSE EXISTS (SELECT FROM board_subscriptions s WHERE s.board_id = $4)
                                   AND NOT EXISTS (
                                       SELECT FROM board_subscriptions s
                                       WHERE s.board_id = $4 AND NOT EXISTS (
                                           SELECT FROM board_subscriptions t
                                           WHERE t.board_id = b.id
                                             AND t.account_id = s.account_id)) END)
               -- The + 0 keeps the planner from walking all postings in the order of their ids, which it
               -- does for seconds where it does not know yet how few an opening has.
               ORDER BY p.id + 0 LIMIT $2) w ON true
           WHERE o.id = ANY ($1) ORDER BY o.id"#,
        ids,
        WITNESSES,
        latest.map(|latest| latest - WINDOW),
        board.0,
        everybodys
    )
    .fetch(tx);
    let mut found: BTreeMap<i64, Opening> = BTreeMap::new();
    while let Some(row) = rows.try_next().await? {
        let opening = found.entry(row.id).or_default();
        opening.shown(row.first_shown_at, row.last_shown_at);
        let Some(title) = row.title else { continue };
        let (company, location, url) = (row.company, row.location, row.url);
        let (at, sketch, print) = (row.at, row.sketch, row.print);
        opening.show(Said { title, company, location, url, at, sketch, print }.print());
    }
    Ok(found)
}

/// What of a stored posting tells which opening it is of.
#[derive(Debug)]
pub struct Said {
    pub(super) title: String,
    pub(super) company: Option<String>,
    pub(super) location: Option<String>,
    pub(super) url: Option<String>,
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) sketch: Option<Vec<i64>>,
    pub(super) print: Option<String>,
}

impl Said {
    /// As it was kept, unless that was before what reads it was changed.
    pub fn print(&self) -> Fingerprint {
        self.kept().unwrap_or_else(|| self.anew())
    }

    /// If another reader kept it.
    pub(super) fn read_anew(&self) -> Option<Fingerprint> {
        self.kept().is_none().then(|| self.anew())
    }

    fn kept(&self) -> Option<Fingerprint> {
        Fingerprint::from_kept(self.print.as_deref()?, self.at, self.sketch())
    }

    fn anew(&self) -> Fingerprint {
        Fingerprint::of(&Shown {
            company: self.company.as_deref(),
            title: &self.title,
            location: self.location.as_deref(),
            url: self.url.as_deref(),
            posted_at: self.at,
            sketch: self.sketch(),
        })
    }

    fn sketch(&self) -> Option<Sketch> {
        let numbers: [i64; 8] = self.sketch.as_deref()?.try_into().ok()?;
        Some(Sketch::from_numbers(numbers))
    }
}

/// The postings that were stored first.
pub async fn first(executor: impl PgExecutor<'_>, limit: i64) -> sqlx::Result<Vec<Said>> {
    sqlx::query_as!(
        Said,
        "SELECT title, company, location, url, posted_at AS at, sketch, print FROM postings
         ORDER BY id LIMIT $1",
        limit
    )
    .fetch_all(executor)
    .await
}
