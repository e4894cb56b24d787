//! Deliveries: what their cards show, and how a try ended.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

use super::lanes::{ClaimedLane, lock_ours};
use super::unreadable;
use super::wake::{Stage, wake};
use crate::domain::delivery::MessageRef;
use crate::domain::ids::{DeliveryId, FilterId, OpeningId, PostingId, TargetId};
use crate::domain::message::{Card, Times};
use crate::domain::pay::Pay;

/// The cards that a delivery owes, in the order of their openings; or its sample.
pub async fn cards(executor: impl PgExecutor<'_>, delivery: DeliveryId) -> sqlx::Result<Vec<Card>> {
    let rows = sqlx::query!(
        r#"SELECT p.id, p.title, p.url, p.company, p.location, p.remote,
                  p.pay AS "pay: Json<Pay>", p.body, p.posted_at, b.name AS board, b.attribution,
                  c.opening_id AS "opening_id!", c.sample AS "sample!", c.filters AS "filters!",
                  c.first_seen_at AS "first_seen_at!", c.matched_at AS "matched_at!"
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
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            let remote = row.remote.map(|word| word.parse()).transpose();
            Ok(Card {
                opening: OpeningId(row.opening_id),
                sample: row.sample,
                title: row.title,
                url: row.url,
                company: row.company,
                location: row.location,
                remote: remote.map_err(|why| unreadable("postings", row.id, why))?,
                pay: row.pay.map(|pay| pay.0),
                body: row.body,
                board: row.board,
                attribution: row.attribution,
                filters: row.filters,
                times: Times {
                    posted: row.posted_at,
                    seen: row.first_seen_at,
                    matched: row.matched_at,
                },
            })
        })
        .collect()
}

/// Queues a card that only shows what cards look like, to prove that the target works.
pub async fn queue_sample(
    tx: &mut PgConnection,
    filter: FilterId,
    target: TargetId,
    posting: PostingId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO deliveries (target_id, state, due_at, created_at, sample_posting_id,
                                 sample_filter_id)
         VALUES ($1, 'pending', $2, $2, $3, $4)",
        target.0,
        now,
        posting.0,
        filter.0
    )
    .execute(&mut *tx)
    .await?;
    super::lanes::ready(tx, &[target.0], now).await?;
    wake(tx, Stage::Deliver).await
}

/// Queues something that is said to a target, without a posting.
pub async fn queue_notice(
    tx: &mut PgConnection,
    target: TargetId,
    notice: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO deliveries (target_id, state, due_at, created_at, notice)
         VALUES ($1, 'pending', $2, $2, $3)",
        target.0,
        now,
        notice
    )
    .execute(&mut *tx)
    .await?;
    super::lanes::ready(tx, &[target.0], now).await?;
    wake(tx, Stage::Deliver).await
}

/// What a delivery says, if it is no posting.
pub async fn notice(
    executor: impl PgExecutor<'_>,
    delivery: DeliveryId,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("SELECT notice FROM deliveries WHERE id = $1", delivery.0)
        .fetch_one(executor)
        .await
}

/// How a try ended, as rows say it.
#[derive(Debug, Clone)]
pub enum Settlement {
    Sent(MessageRef),
    /// To be tried again at this time.
    Again {
        due_at: DateTime<Utc>,
        why: String,
    },
    /// Never to be tried again.
    Dead {
        why: String,
    },
    /// Still owed; its target is out of use.
    TargetGone {
        why: String,
    },
}

/// Writes how a try ended. `false` if the lane was taken over while it ran: then its new owner
/// decides.
pub async fn settle(
    tx: &mut PgConnection,
    lane: &ClaimedLane,
    delivery: DeliveryId,
    settlement: &Settlement,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    if !lock_ours(tx, lane).await? {
        return Ok(false);
    }
    let changed = match settlement {
        Settlement::Sent(message) => {
            let end = End { state: "sent", owed: "told", message: Some(&message.0), why: None };
            finish(tx, delivery, end, now).await
        }
        Settlement::Dead { why } => {
            let end = End { state: "dead", owed: "dead", message: None, why: Some(why) };
            finish(tx, delivery, end, now).await
        }
        Settlement::Again { due_at, why } => put_back(tx, delivery, *due_at, why).await,
        Settlement::TargetGone { why } => put_back(tx, delivery, now, why).await,
    }?;
    let (failed, broken) = match settlement {
        Settlement::Sent(_) | Settlement::Dead { .. } => (false, None),
        Settlement::Again { .. } => (true, None),
        Settlement::TargetGone { why } => (true, Some(why)),
    };
    sqlx::query!(
        "UPDATE targets SET failures = CASE WHEN $2 THEN failures + 1 ELSE 0 END,
                broken_at = CASE WHEN $3::text IS NOT NULL THEN $4::timestamptz END,
                broken_why = $3
         WHERE id = $1",
        lane.target.id.0,
        failed,
        broken,
        now
    )
    .execute(tx)
    .await?;
    Ok(changed)
}

/// The final state of a delivery and of what it carried.
struct End<'a> {
    state: &'a str,
    owed: &'a str,
    message: Option<&'a str>,
    why: Option<&'a str>,
}

async fn finish(
    tx: &mut PgConnection,
    delivery: DeliveryId,
    end: End<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE deliveries SET state = $2, message_ref = $3, last_error = $4, settled_at = $5,
                               lease_id = NULL
         WHERE id = $1 AND state = 'sending'",
        delivery.0,
        end.state,
        end.message,
        end.why,
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("UPDATE owed SET state = $2 WHERE delivery_id = $1", delivery.0, end.owed)
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

async fn put_back(
    tx: &mut PgConnection,
    delivery: DeliveryId,
    due_at: DateTime<Utc>,
    why: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE deliveries SET state = 'pending', due_at = $2, last_error = $3, lease_id = NULL
         WHERE id = $1 AND state = 'sending'",
        delivery.0,
        due_at,
        why
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
