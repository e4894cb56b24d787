//! What is queued that owes nothing: samples and notices.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::wake::{Stage, wake};
use crate::domain::ids::{FilterId, PostingId, TargetId};
use crate::domain::message::About;

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

/// Queues what is said to targets, without a posting.
pub async fn queue_notices(
    tx: &mut PgConnection,
    notices: &[(TargetId, String)],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    queue(tx, notices, None, now).await
}

/// Queues what is said to a target about what its account pays.
pub async fn queue_bill(
    tx: &mut PgConnection,
    target: TargetId,
    (about, text): (About, String),
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    queue(tx, &[(target, text)], Some(about), now).await
}

async fn queue(
    tx: &mut PgConnection,
    notices: &[(TargetId, String)],
    about: Option<About>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (targets, texts): (Vec<i64>, Vec<String>) =
        notices.iter().map(|(target, text)| (target.0, text.clone())).unzip();
    sqlx::query!(
        "INSERT INTO deliveries (target_id, state, due_at, created_at, notice, about)
         SELECT id, 'pending', $3, $3, notice, $4
         FROM UNNEST($1::bigint[], $2::text[]) AS n (id, notice)",
        &targets,
        &texts,
        now,
        about.map(About::as_str)
    )
    .execute(&mut *tx)
    .await?;
    super::lanes::ready(tx, &targets, now).await?;
    wake(tx, Stage::Deliver).await
}
