//! Postings that a board showed before: what is learnt of them when it shows them again, or no more.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::openings::Found;
use super::postings::{json, usd_a_year};
use super::rates;
use crate::domain::board::{ClaimedBoard, Visibility};
use crate::domain::pay::Pay;
use crate::domain::posting::Posting;

/// That a posting was shown is written so often at the most.
const SEEN_EVERY: TimeDelta = TimeDelta::days(1);

/// Postings that are closed by one call at the most.
const BATCH: i64 = 1_000;

/// What a response says of postings that are known.
#[derive(Debug, Default)]
pub(super) struct Learnt<'a> {
    /// Not noted as seen for a while.
    seen: Vec<i64>,
    /// With pay that was not stated before.
    paid: BTreeMap<i64, &'a Posting>,
    /// With another time at which they close.
    closing: BTreeMap<i64, Option<DateTime<Utc>>>,
    reopened: Vec<i64>,
    gone: Vec<i64>,
    /// Their openings, and of these the ones whose cards change.
    openings: BTreeSet<i64>,
    changed: BTreeSet<i64>,
    /// Whether the board is everybody's: how long an opening lasts is no other's to say.
    everybodys: bool,
}

impl Learnt<'_> {
    /// The openings that [`apply`] changes.
    pub fn openings(&self) -> &BTreeSet<i64> {
        &self.openings
    }
}

/// Compares what is shown with what is stored. `complete` says that what is not shown is gone.
pub(super) async fn compare<'a>(
    tx: &mut PgConnection,
    board: &ClaimedBoard,
    shown: &BTreeMap<i64, &'a Posting>,
    complete: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<Learnt<'a>> {
    let everybodys = board.visibility == Visibility::Catalogue;
    let mut learnt = Learnt { everybodys, ..Learnt::default() };
    if shown.is_empty() && !complete {
        return Ok(learnt);
    }
    let ids: Vec<i64> = shown.keys().copied().collect();
    let rows = sqlx::query!(
        r#"SELECT id, opening_id, closes_at, closed_at IS NOT NULL AS "closed!",
                  pay IS NULL AS "unpaid!",
                  COALESCE(last_seen_at, first_seen_at) <= $2 AS "stale!"
           FROM postings WHERE id = ANY ($1)"#,
        &ids,
        now - SEEN_EVERY
    )
    .fetch_all(&mut *tx)
    .await?;
    for row in rows {
        let Some(posting) = shown.get(&row.id).copied() else { continue };
        let closes_at = posting.closes_at.or(row.closes_at);
        let reopened = row.closed && closes_at.is_none_or(|closes| closes > now);
        let paid = row.unpaid && posting.pay.is_some();
        if row.stale {
            learnt.seen.push(row.id);
        }
        if paid {
            learnt.paid.insert(row.id, posting);
        }
        if closes_at != row.closes_at {
            learnt.closing.insert(row.id, closes_at);
        }
        if reopened {
            learnt.reopened.push(row.id);
        }
        if row.stale || paid || reopened || closes_at != row.closes_at {
            learnt.openings.insert(row.opening_id);
        }
        if paid || reopened {
            learnt.changed.insert(row.opening_id);
        }
    }
    if complete {
        let gone = sqlx::query!(
            "SELECT id, opening_id FROM postings
             WHERE board_id = $1 AND closed_at IS NULL AND NOT (id = ANY ($2))",
            board.id.0,
            &ids
        )
        .fetch_all(tx)
        .await?;
        for row in gone {
            learnt.gone.push(row.id);
            learnt.openings.insert(row.opening_id);
            learnt.changed.insert(row.opening_id);
        }
    }
    Ok(learnt)
}

/// Writes what was learnt. The caller holds the openings, and found what became of them.
pub(super) async fn apply(
    tx: &mut PgConnection,
    learnt: &Learnt<'_>,
    found: &Found,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if !learnt.seen.is_empty() {
        sqlx::query!(
            "WITH seen AS (UPDATE postings SET last_seen_at = $2 WHERE id = ANY ($1)
                           RETURNING opening_id)
             UPDATE openings SET last_shown_at = $2
             WHERE $3 AND id IN (SELECT opening_id FROM seen)",
            &learnt.seen,
            now,
            learnt.everybodys
        )
        .execute(&mut *tx)
        .await?;
    }
    if !learnt.closing.is_empty() {
        let (ids, closes): (Vec<i64>, Vec<Option<DateTime<Utc>>>) =
            learnt.closing.iter().map(|(id, closes)| (*id, *closes)).unzip();
        sqlx::query!(
            "UPDATE postings p SET closes_at = c.closes_at
             FROM UNNEST($1::bigint[], $2::timestamptz[]) AS c (id, closes_at) WHERE p.id = c.id",
            &ids,
            &closes as _
        )
        .execute(&mut *tx)
        .await?;
    }
    if !(learnt.gone.is_empty() && learnt.reopened.is_empty()) {
        sqlx::query!(
            "UPDATE postings SET closed_at = CASE WHEN id = ANY ($1) THEN $3::timestamptz END
             WHERE id = ANY ($1) OR id = ANY ($2)",
            &learnt.gone,
            &learnt.reopened,
            now
        )
        .execute(&mut *tx)
        .await?;
    }
    pay(tx, &learnt.paid).await?;
    let changed = learnt.changed.iter().map(|opening| found.current(*opening)).collect();
    bump(tx, &changed, now).await
}

async fn pay(tx: &mut PgConnection, paid: &BTreeMap<i64, &Posting>) -> sqlx::Result<()> {
    if paid.is_empty() {
        return Ok(());
    }
    let rates = rates::newest(&mut *tx).await?;
    let each: Vec<&Posting> = paid.values().copied().collect();
    let pay: Vec<_> = each.iter().map(|posting| json(&posting.pay)).collect();
    sqlx::query!(
        "UPDATE postings p
         SET pay = n.pay, pay_usd_min = n.usd_min::numeric, pay_usd_max = n.usd_max::numeric,
             pay_rates_as_of = $5::text::date
         FROM UNNEST($1::bigint[], $2::jsonb[], $3::text[], $4::text[])
              AS n (id, pay, usd_min, usd_max)
         WHERE p.id = n.id",
        &paid.keys().copied().collect::<Vec<i64>>(),
        &pay as _,
        &usd_a_year(&each, &rates, Pay::min) as _,
        &usd_a_year(&each, &rates, Pay::max) as _,
        rates.as_of().to_string()
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Says that cards of these openings show something else now. The caller holds them.
async fn bump(
    tx: &mut PgConnection,
    openings: &BTreeSet<i64>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if openings.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = openings.iter().copied().collect();
    sqlx::query!(
        "UPDATE openings SET version = version + 1, edit_at = LEAST(COALESCE(edit_at, $2), $2)
         WHERE id = ANY ($1)",
        &ids,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Closes postings whose time is over; how many.
pub async fn close_expired(tx: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let ids = expired(&mut *tx, now).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    // In their order, as whoever stores postings takes them, and before the postings.
    let openings = sqlx::query_scalar!(
        "SELECT o.id FROM openings o
         WHERE o.id IN (SELECT opening_id FROM postings WHERE id = ANY ($1))
         ORDER BY o.id FOR NO KEY UPDATE",
        &ids
    )
    .fetch_all(&mut *tx)
    .await?;
    let closed = sqlx::query!(
        "UPDATE postings SET closed_at = $2 WHERE id = ANY ($1) AND closes_at <= $2",
        &ids,
        now
    )
    .execute(&mut *tx)
    .await?;
    bump(tx, &openings.into_iter().collect(), now).await?;
    Ok(closed.rows_affected())
}

async fn expired(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "SELECT id FROM postings WHERE closes_at <= $1 AND closed_at IS NULL
         ORDER BY closes_at LIMIT $2",
        now,
        BATCH
    )
    .fetch_all(executor)
    .await
}
