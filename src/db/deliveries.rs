//! What is queued that owes nothing: samples and notices.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::wake::{Stage, wake};
use crate::domain::ids::{FilterId, PostingId, TargetId};

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
