//! Deliveries: what is queued, and how a try ended.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::lanes::{ClaimedLane, lock_ours};
use super::wake::{Stage, wake};
use crate::domain::delivery::{ClaimedDelivery, MessageRef};
use crate::domain::ids::{DeliveryId, FilterId, OpeningId, PostingId, TargetId};

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

/// What a message shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Showing {
    /// The versions of its openings.
    pub versions: Vec<(OpeningId, i64)>,
    /// A hash of all that a person sees of it.
    pub content: i64,
}

/// How a try ended, as rows say it.
#[derive(Debug, Clone)]
pub enum Settlement {
    Sent {
        message: MessageRef,
        shown: Showing,
    },
    /// A message that was sent before shows this now; what it did if it could not be edited.
    Edited {
        shown: Option<Showing>,
    },
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
    delivery: &ClaimedDelivery,
    settlement: &Settlement,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let id = delivery.id;
    if !lock_ours(tx, lane).await? {
        return Ok(false);
    }
    let changed = match settlement {
        Settlement::Sent { message, shown } => {
            let end = End { state: "sent", owed: "told", message: Some(&message.0), why: None };
            shows(tx, id, shown).await?;
            finish(tx, id, end, now).await
        }
        Settlement::Edited { shown } => finish_edit(tx, delivery, shown.as_ref(), now).await,
        Settlement::Dead { why } => {
            let end = End { state: "dead", owed: "dead", message: None, why: Some(why) };
            finish(tx, id, end, now).await
        }
        Settlement::Again { due_at, why } => put_back(tx, id, *due_at, why).await,
        Settlement::TargetGone { why } => put_back(tx, id, now, why).await,
    }?;
    let (failed, broken) = match settlement {
        Settlement::Sent { .. } | Settlement::Edited { .. } | Settlement::Dead { .. } => {
            (false, None)
        }
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

/// Notes what a message shows.
async fn shows(tx: &mut PgConnection, delivery: DeliveryId, shown: &Showing) -> sqlx::Result<()> {
    sqlx::query!("UPDATE deliveries SET content = $2 WHERE id = $1", delivery.0, shown.content)
        .execute(&mut *tx)
        .await?;
    let (openings, versions): (Vec<i64>, Vec<i64>) =
        shown.versions.iter().map(|(opening, version)| (opening.0, *version)).unzip();
    sqlx::query!(
        "UPDATE owed o SET card_version = s.version
         FROM UNNEST($2::bigint[], $3::bigint[]) AS s (opening_id, version)
         WHERE o.delivery_id = $1 AND o.opening_id = s.opening_id",
        delivery.0,
        &openings,
        &versions
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// An edit leaves nothing but what the message shows now, and when it was tried.
async fn finish_edit(
    tx: &mut PgConnection,
    edit: &ClaimedDelivery,
    shown: Option<&Showing>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let Some(edited) = &edit.edits else { return Ok(false) };
    if let Some(shown) = shown {
        shows(tx, edited.delivery, shown).await?;
    }
    sqlx::query!("UPDATE deliveries SET edited_at = $2 WHERE id = $1", edited.delivery.0, now)
        .execute(&mut *tx)
        .await?;
    let done =
        sqlx::query!("DELETE FROM deliveries WHERE id = $1 AND edits IS NOT NULL", edit.id.0)
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
