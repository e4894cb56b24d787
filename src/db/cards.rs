//! What a delivery shows: its cards, or what it says instead.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::types::Json;

use super::showings::{self, Seen};
use super::unreadable;
use crate::domain::ids::{AccountId, DeliveryId, OpeningId};
use crate::domain::message::{Card, Instead, Kind, Message, Times};
use crate::domain::opening::Together;
use crate::domain::pay::Pay;
use crate::schedule::rank::best_first;

struct Row {
    id: i64,
    title: String,
    url: Option<String>,
    company: Option<String>,
    location: Option<String>,
    remote: Option<String>,
    pay: Option<Json<Pay>>,
    body: String,
    posted_at: Option<DateTime<Utc>>,
    board: String,
    attribution: Option<String>,
    /// The opening as the ledger names it, and as it is now: another one may have turned out to be it.
    opening_id: i64,
    current: i64,
    sample: bool,
    filters: Vec<String>,
    first_seen_at: DateTime<Utc>,
    matched_at: DateTime<Utc>,
}

/// The message of a delivery to one of the account's targets: the cards that it owes, in the order of
/// their openings, or its sample, or its notice. Its cards show what the openings say by now.
pub async fn message(
    pool: &PgPool,
    account: AccountId,
    delivery: DeliveryId,
) -> sqlx::Result<Message> {
    let rows = rows(pool, delivery).await?;
    let said = sqlx::query!(
        "SELECT notice, kind, created_at, instead_of, instead_why FROM deliveries WHERE id = $1",
        delivery.0
    )
    .fetch_one(pool)
    .await?;
    let openings: BTreeSet<i64> = rows.iter().map(|row| row.current).collect();
    let told: BTreeSet<i64> = rows.iter().map(|row| row.id).collect();
    let seen = showings::of(pool, account, &openings, &told).await?;
    let cards: sqlx::Result<Vec<Card>> = rows.into_iter().map(|row| card(row, &seen)).collect();
    let (mut cards, kind) = (cards?, Kind::of(&said.kind));
    if kind == Kind::Digest {
        best_first(&mut cards);
    }
    let of = said.instead_of.map(|platform| platform.parse()).transpose();
    let of = of.map_err(|why| unreadable("deliveries", delivery.0, why))?;
    let instead = of.zip(said.instead_why).map(|(of, why)| Instead { of, why });
    Ok(Message { delivery, created: said.created_at, kind, instead, notice: said.notice, cards })
}

async fn rows(pool: &PgPool, delivery: DeliveryId) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"SELECT p.id, p.title, p.url, p.company, p.location, p.remote,
                  p.pay AS "pay: Json<Pay>", p.body, p.posted_at, b.name AS board, b.attribution,
                  c.opening_id AS "opening_id!", p.opening_id AS current, c.sample AS "sample!",
                  c.filters AS "filters!", c.first_seen_at AS "first_seen_at!",
                  c.matched_at AS "matched_at!"
           FROM (SELECT o.posting_id, o.opening_id, false AS sample, o.first_seen_at, o.matched_at,
                        ARRAY(SELECT f.name FROM owed_filters w JOIN filters f ON f.id = w.filter_id
                              WHERE w.target_id = o.target_id AND w.opening_id = o.opening_id
                              ORDER BY f.number) AS filters
                 FROM owed o WHERE o.delivery_id = $1
                 UNION ALL
                 SELECT p.id, p.opening_id, true, p.first_seen_at, d.created_at, ARRAY[f.name]
                 FROM deliveries d JOIN postings p ON p.id = d.sample_posting_id
                 JOIN filters f ON f.id = d.sample_filter_id WHERE d.id = $1) c
           JOIN postings p ON p.id = c.posting_id JOIN boards b ON b.id = p.board_id
           ORDER BY c.opening_id"#,
        delivery.0
    )
    .fetch_all(pool)
    .await
}

fn card(row: Row, seen: &BTreeMap<i64, Seen>) -> sqlx::Result<Card> {
    let remote = row.remote.map(|word| word.parse()).transpose();
    let seen = seen.get(&row.current).cloned().unwrap_or_default();
    let all: Vec<_> = seen.showings.values().cloned().collect();
    let own = seen.showings.get(&row.id);
    let together = own.map(|own| Together::of(own, &all)).unwrap_or_default();
    Ok(Card {
        opening: OpeningId(row.opening_id),
        sample: row.sample,
        version: seen.version,
        title: row.title,
        url: together.url.or(row.url),
        company: row.company,
        location: row.location,
        remote: remote.map_err(|why| unreadable("postings", row.id, why))?,
        pay: row.pay.map(|pay| pay.0).or(together.pay),
        body: row.body,
        board: row.board,
        also_on: together.also_on,
        closed: together.closed,
        posted: together.times,
        attribution: row.attribution,
        filters: row.filters,
        times: Times { posted: row.posted_at, seen: row.first_seen_at, matched: row.matched_at },
    })
}
