//! What deliveries show: their cards, or what they say instead.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::types::Json;

use super::showings::{self, Seen, Wanted};
use super::unreadable;
use crate::domain::ids::{AccountId, DeliveryId, OpeningId};
use crate::domain::message::{About, Card, Instead, Kind, Message, Times};
use crate::domain::opening::Together;
use crate::domain::pay::Pay;
use crate::schedule::rank::best_first;

/// What cards show of a body is in its first characters.
const EXCERPT: i32 = 4_000;

struct Row {
    delivery: i64,
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

/// The messages of deliveries to targets of these accounts: the cards that each owes, in the order of
/// their openings, or its sample, or its notice. Its cards show what the openings say by now.
pub async fn messages(
    pool: &PgPool,
    deliveries: &[(AccountId, DeliveryId)],
) -> sqlx::Result<BTreeMap<DeliveryId, Message>> {
    let ids: Vec<i64> = deliveries.iter().map(|(_, delivery)| delivery.0).collect();
    let mut rows_of: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
    let said = sqlx::query!(
        "SELECT id, notice, about, kind, created_at, instead_of, instead_why
         FROM deliveries WHERE id = ANY ($1)",
        &ids
    )
    .fetch_all(pool);
    let (rows, said) = tokio::try_join!(rows(pool, &ids), said)?;
    for row in rows {
        rows_of.entry(row.delivery).or_default().push(row);
    }
    let mut wanted = Vec::new();
    for (account, delivery) in deliveries {
        let rows = rows_of.get(&delivery.0).into_iter().flatten();
        wanted.extend(rows.map(|row| Wanted {
            account: account.0,
            opening: row.current,
            told: row.id,
        }));
    }
    let seen = showings::of(pool, &wanted).await?;
    let account: BTreeMap<i64, i64> =
        deliveries.iter().map(|(account, delivery)| (delivery.0, account.0)).collect();
    let mut messages = BTreeMap::new();
    for said in said {
        let account = account.get(&said.id).copied().unwrap_or_default();
        let rows = rows_of.remove(&said.id).unwrap_or_default();
        let cards = rows.into_iter().map(|row| {
            let seen = seen.get(&(account, row.current)).cloned().unwrap_or_default();
            card(row, &seen)
        });
        let (mut cards, kind) = (cards.collect::<sqlx::Result<Vec<Card>>>()?, Kind::of(&said.kind));
        if kind == Kind::Digest {
            best_first(&mut cards);
        }
        let of = said.instead_of.map(|platform| platform.parse()).transpose();
        let of = of.map_err(|why| unreadable("deliveries", said.id, why))?;
        let instead = of.zip(said.instead_why).map(|(of, why)| Instead { of, why });
        let (delivery, created, notice) = (DeliveryId(said.id), said.created_at, said.notice);
        let about = said.about.as_deref().and_then(About::of);
        let message = Message { delivery, created, kind, instead, notice, about, cards };
        messages.insert(delivery, message);
    }
    Ok(messages)
}

async fn rows(pool: &PgPool, deliveries: &[i64]) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"SELECT c.delivery_id AS "delivery!", p.id, p.title, p.url, p.company, p.location,
                  p.remote, p.pay AS "pay: Json<Pay>", left(p.body, $2) AS "body!", p.posted_at, b.name AS board,
                  b.attribution,
                  c.opening_id AS "opening_id!", p.opening_id AS current, c.sample AS "sample!",
                  c.filters AS "filters!", c.first_seen_at AS "first_seen_at!",
                  c.matched_at AS "matched_at!"
           FROM (SELECT o.delivery_id, o.posting_id, o.opening_id, false AS sample,
                        o.first_seen_at, o.matched_at,
                        ARRAY(SELECT f.name FROM owed_filters w JOIN filters f ON f.id = w.filter_id
                              WHERE w.target_id = o.target_id AND w.opening_id = o.opening_id
                              ORDER BY f.number) AS filters
                 FROM UNNEST($1::bigint[]) AS d (id)
                 -- By its index, whatever the server believes to know of the table.
                 CROSS JOIN LATERAL (SELECT * FROM owed WHERE delivery_id = d.id OFFSET 0) o
                 UNION ALL
                 SELECT d.id, p.id, p.opening_id, true, p.first_seen_at, d.created_at,
                        ARRAY[f.name]
                 FROM deliveries d JOIN postings p ON p.id = d.sample_posting_id
                 JOIN filters f ON f.id = d.sample_filter_id WHERE d.id = ANY ($1)) c
           JOIN postings p ON p.id = c.posting_id JOIN boards b ON b.id = p.board_id
           ORDER BY c.delivery_id, c.opening_id"#,
        deliveries,
        EXCERPT
    )
    .fetch_all(pool)
    .await
}

fn card(row: Row, seen: &Seen) -> sqlx::Result<Card> {
    let remote = row.remote.map(|word| word.parse()).transpose();
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
