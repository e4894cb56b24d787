//! Postings, their keys and the openings behind them.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::openings::{self, Joined, Joining};
use super::posting_keys::{self, KeyHash, content, hashes};
use super::wake::{Stage, wake};
use super::{known_postings, rates};
use crate::domain::board::ClaimedBoard;
use crate::domain::pay::Pay;
use crate::domain::posting::Posting;
use crate::domain::rates::Rates;
use crate::matching::words_of;
use crate::normalize::fingerprint::{self, Fingerprint, Sketch, company_key};

/// What one poll brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// Postings to be matched.
    pub new: usize,
    /// Postings older than our interest in the board, stored and told to nobody.
    pub history: usize,
    /// Postings that were known.
    pub known: usize,
    /// When the newest of those that are not was posted, as far as the board says.
    pub newest: Option<DateTime<Utc>>,
    /// Stored openings that were in memory at once, at the most.
    pub compared: usize,
    /// Unknown postings that are to be stored yet.
    pub left: usize,
}

/// How much of what a board has is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it: what is not shown is gone.
    Whole,
    /// All but what could not be read this time.
    Part,
    /// The newest: older ones are shown again when some of these are gone.
    Newest,
}

/// What a board shows now.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Newest first, as boards list them.
    pub postings: &'a [Posting],
    pub extent: Extent,
    /// New postings that are stored at once, the oldest; the rest is left.
    pub most: usize,
}

/// A posting that is new, and all keys that lead to it.
struct Fresh<'a> {
    posting: &'a Posting,
    keys: Vec<KeyHash>,
    history: bool,
    sketch: Option<Sketch>,
}

impl Fresh<'_> {
    fn print(&self, now: DateTime<Utc>) -> Fingerprint {
        let Posting { title, company, location, url, posted_at, .. } = self.posting;
        // A board without dates has shown what is new to us since now.
        let at = if self.history { *posted_at } else { Some(posted_at.unwrap_or(now).min(now)) };
        Fingerprint::of(&fingerprint::Shown {
            company: company.as_deref(),
            title,
            location: location.as_deref(),
            url: url.as_deref(),
            posted_at: at,
            sketch: self.sketch,
        })
    }
}

/// Stores what a board shows: new postings are inserted oldest first, each with its opening; known
/// ones learn their new keys and what else is new of them. Runs in the transaction that settled the
/// poll.
pub async fn store(
    tx: &mut PgConnection,
    board: &ClaimedBoard,
    Shown { postings: shown, extent, most }: Shown<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Stored> {
    let complete = extent == Extent::Whole;
    let keys: Vec<Vec<KeyHash>> = shown.iter().map(|posting| hashes(&posting.identity)).collect();
    let known = posting_keys::known(tx, board, shown, &keys).await?;
    let mut fresh: Vec<Fresh<'_>> = Vec::new();
    // Keys of this response: a feed may show one posting twice.
    let mut in_fresh: HashMap<KeyHash, usize> = HashMap::new();
    let mut keys_again: Vec<(i64, Vec<KeyHash>)> = Vec::new();
    let mut again: BTreeMap<i64, &Posting> = BTreeMap::new();
    let mut stored = Stored::default();
    for (posting, keys) in shown.iter().zip(keys).rev() {
        if let Some(id) = known.posting(&keys) {
            stored.known += 1;
            again.insert(id, posting);
            keys_again.push((id, keys));
        } else if let Some(twin) = keys.iter().find_map(|key| in_fresh.get(key)).copied() {
            if let Some(twin) = fresh.get_mut(twin) {
                twin.keys.extend(keys);
            }
        } else if fresh.len() == most {
            stored.left += 1;
        } else {
            in_fresh.extend(keys.iter().map(|key| (*key, fresh.len())));
            let history = is_history(board, posting, extent);
            stored.history += usize::from(history);
            let sketch = Sketch::of(&posting.body);
            fresh.push(Fresh { posting, keys, history, sketch });
        }
    }
    stored.new = fresh.len() - stored.history;
    stored.newest = fresh.iter().filter_map(|fresh| fresh.posting.posted_at).max();
    let news = known_postings::compare(tx, board, &again, complete, now).await?;
    let prints: Vec<Fingerprint> = fresh.iter().map(|fresh| fresh.print(now)).collect();
    let shown: Vec<i64> = again.into_keys().collect();
    let joining = Joining {
        board: board.id,
        visibility: board.visibility,
        prints: &prints,
        beside: complete.then_some(shown.as_slice()),
        touched: news.openings(),
    };
    let found = openings::join(tx, joining, now).await?;
    stored.compared = found.most;
    known_postings::apply(tx, &news, &found, now).await?;
    let mut learnt = posting_keys::renamed(tx, &known, keys_again).await?;
    if !fresh.is_empty() {
        let kept: Vec<String> = prints.iter().map(Fingerprint::kept).collect();
        let ids = insert(tx, board, (&fresh, &kept), &found.joined, now).await?;
        for (fresh, id) in fresh.iter().zip(ids) {
            learnt.extend(fresh.keys.iter().map(|key| (*key, id)));
        }
    }
    posting_keys::insert(tx, board, &learnt).await?;
    if stored.new > 0 {
        wake(tx, Stage::Match).await?;
    }
    Ok(stored)
}

/// Which of these postings are news: neither known nor of the board's past.
pub async fn unknown(
    pool: &PgPool,
    board: &ClaimedBoard,
    shown: &[Posting],
) -> sqlx::Result<Vec<usize>> {
    let keys: Vec<Vec<KeyHash>> = shown.iter().map(|posting| hashes(&posting.identity)).collect();
    let known = posting_keys::by_key(&mut *pool.acquire().await?, board, &keys).await?;
    let new = shown.iter().zip(keys).enumerate().filter(|(_, (posting, keys))| {
        known.posting(keys).is_none() && !is_history(board, posting, Extent::Part)
    });
    Ok(new.map(|(index, _)| index).collect())
}

/// A column.
fn each<T>(fresh: &[Fresh<'_>], of: fn(&Fresh<'_>) -> T) -> Vec<T> {
    fresh.iter().map(of).collect()
}

/// One end of what each posting pays, as US dollars a year.
pub(super) fn usd_a_year(
    postings: &[&Posting],
    rates: &Rates,
    end: fn(&Pay) -> Option<Decimal>,
) -> Vec<Option<String>> {
    let usd = |posting: &&Posting| {
        let pay = posting.pay.as_ref()?;
        let usd = rates.usd_a_year(end(pay)?, pay.currency(), pay.period())?;
        Some(usd.round_dp(2).to_string())
    };
    postings.iter().map(usd).collect()
}

/// What stands between parts of a text that are an array in the table; no clean text holds it.
const BETWEEN: &str = "\u{1f}";

pub(super) fn json(value: &impl Serialize) -> Option<Value> {
    serde_json::to_value(value).ok()
}

/// A board's first poll shows its past; only what was posted since we watch it is news. One that shows
/// its newest postings shows older ones again when some of these are gone; of others what is unknown is
/// news, whatever its date.
fn is_history(board: &ClaimedBoard, posting: &Posting, extent: Extent) -> bool {
    if board.polled_before {
        let since = board.watched_since - TimeDelta::from_std(board.delay).unwrap_or_default();
        let newest = extent == Extent::Newest;
        return newest && posting.posted_at.is_some_and(|posted| posted < since - CLOCKS_DIFFER);
    }
    posting.posted_at.is_none_or(|posted| posted < board.watched_since)
}

/// How far a date may lie before the true one: many boards name the day alone.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::days(1);

/// Inserts each posting under its opening; their ids, in order. One array a column keeps the statement
/// within the limit of parameters however much a board shows.
async fn insert(
    tx: &mut PgConnection,
    board: &ClaimedBoard,
    (fresh, kept): (&[Fresh<'_>], &[String]),
    joined: &[Joined],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<i64>> {
    let postings: Vec<&Posting> = fresh.iter().map(|fresh| fresh.posting).collect();
    let rates = rates::newest(&mut *tx).await?;
    let mut ids = sqlx::query_scalar!(
        "INSERT INTO postings (board_id, opening_id, identity, url, title, company, location,
                               remote, pay, facts, tags, body, posted_at, first_seen_at,
                               matched_at, history, words, content_hash, pay_usd_min,
                               pay_usd_max, pay_rates_as_of, sketch, last_seen_at, closes_at,
                               reposts, company_key, reposts_since, print)
         SELECT $1, r.opening_id, r.identity, r.url, r.title, r.company, r.location, r.remote,
                NULLIF(r.pay, 'null'), r.facts, string_to_array(r.tags, E'\\x1f'), r.body,
                r.posted_at, $2::timestamptz, CASE WHEN r.history THEN $2::timestamptz END,
                r.history, array_to_tsvector(string_to_array(r.words, E'\\x1f')), r.content,
                r.usd_min::numeric, r.usd_max::numeric,
                CASE WHEN COALESCE(r.usd_min, r.usd_max) IS NOT NULL THEN $20::text::date END,
                string_to_array(r.sketch, ',')::bigint[], $2::timestamptz, r.closes_at, r.reposts, r.company_key,
                r.reposts_since, r.print
         FROM UNNEST($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::jsonb[], $11::jsonb[], $12::text[], $13::text[],
                     $14::timestamptz[], $15::boolean[], $16::text[], $17::bytea[],
                     $18::text[], $19::text[], $21::text[], $22::timestamptz[], $23::bigint[],
                     $24::text[], $25::timestamptz[], $26::text[])
              WITH ORDINALITY
              AS r (opening_id, identity, url, title, company, location, remote, pay, facts, tags,
                    body, posted_at, history, words, content, usd_min, usd_max, sketch, closes_at,
                    reposts, company_key, reposts_since, print, place)
         ORDER BY r.place RETURNING id",
        board.id.0,
        now,
        &joined.iter().map(|joined| joined.opening.0).collect::<Vec<_>>(),
        &each(fresh, |it| it.posting.identity.strongest().to_owned()),
        &each(fresh, |it| it.posting.url.clone()) as _,
        &each(fresh, |it| it.posting.title.clone()),
        &each(fresh, |it| it.posting.company.clone()) as _,
        &each(fresh, |it| it.posting.location.clone()) as _,
        &each(fresh, |it| it.posting.remote.map(|remote| remote.as_str().to_owned())) as _,
        &each(fresh, |it| json(&it.posting.pay)) as _,
        &each(fresh, |it| json(&it.posting.facts)) as _,
        &each(fresh, |it| it.posting.tags.join(BETWEEN)),
        &each(fresh, |it| it.posting.body.clone()),
        &each(fresh, |it| it.posting.posted_at) as _,
        &each(fresh, |it| it.history),
        &each(fresh, |it| words_of(it.posting, BETWEEN)),
        &each(fresh, |it| content(it.posting).to_vec()),
        &usd_a_year(&postings, &rates, Pay::min) as _,
        &usd_a_year(&postings, &rates, Pay::max) as _,
        rates.as_of().to_string(),
        &each(fresh, sketch) as _,
        &each(fresh, |it| it.posting.closes_at) as _,
        &joined.iter().map(|joined| joined.reposts).collect::<Vec<_>>(),
        &each(fresh, |it| company_key(it.posting.company.as_deref()?)) as _,
        &joined.iter().map(|joined| joined.reposts_since).collect::<Vec<_>>() as _,
        kept
    )
    .fetch_all(&mut *tx)
    .await?;
    // Numbered in the order of the rows.
    ids.sort_unstable();
    Ok(ids)
}

/// The numbers of the body's sketch, for one element of an array.
fn sketch(fresh: &Fresh<'_>) -> Option<String> {
    Some(fresh.sketch?.to_numbers().map(|number| number.to_string()).join(","))
}
