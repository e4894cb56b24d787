//! What Stripe told us, until something was made of it.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

/// Rows removed by one call at the most.
const BATCH: i64 = 1_000;

/// An event that is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub kind: String,
    pub body: String,
    /// With this one.
    pub tries: i64,
}

/// Keeps an event; `false` if it was kept before.
pub async fn hear(
    executor: impl PgExecutor<'_>,
    (id, kind): (&str, &str),
    body: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let heard = sqlx::query!(
        "INSERT INTO stripe_events (id, kind, body, heard_at, next_at) VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT (id) DO NOTHING",
        id,
        kind,
        body,
        now
    )
    .execute(executor)
    .await?;
    Ok(heard.rows_affected() == 1)
}

/// Takes the next event that is due; whoever loses it leaves it to others at `again`.
pub async fn take(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    again: DateTime<Utc>,
) -> sqlx::Result<Option<Event>> {
    sqlx::query_as!(
        Event,
        "UPDATE stripe_events SET next_at = $2, tries = tries + 1
         WHERE id = (SELECT id FROM stripe_events WHERE done_at IS NULL AND next_at <= $1
                     ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, kind, body, tries",
        now,
        again
    )
    .fetch_optional(executor)
    .await
}

/// Notes what came of an event.
pub async fn done(
    executor: impl PgExecutor<'_>,
    id: &str,
    outcome: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE stripe_events SET done_at = $3, outcome = $2 WHERE id = $1",
        id,
        outcome,
        now
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Notes why nothing came of it yet, and when to look again.
pub async fn put_off(
    executor: impl PgExecutor<'_>,
    id: &str,
    why: &str,
    next_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE stripe_events SET outcome = $2, next_at = $3 WHERE id = $1 AND done_at IS NULL",
        id,
        why,
        next_at
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Whether this replica is the one that looks at all subscriptions, since nobody did after `since`. Until it
/// is done it counts as done at `meanwhile`.
pub async fn may_reconcile(
    executor: impl PgExecutor<'_>,
    since: DateTime<Utc>,
    meanwhile: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "INSERT INTO reconciled AS r (at) VALUES ($2)
         ON CONFLICT (one) DO UPDATE SET at = $2 WHERE r.at <= $1",
        since,
        meanwhile
    )
    .execute(executor)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// All subscriptions were looked at.
pub async fn reconciled(executor: impl PgExecutor<'_>, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("UPDATE reconciled SET at = $1", at).execute(executor).await?;
    Ok(())
}

/// What was done lives 90 days: Stripe brings an event again for three.
pub async fn sweep(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM stripe_events WHERE id IN (
             SELECT id FROM stripe_events WHERE heard_at < $1 AND done_at IS NOT NULL
             ORDER BY heard_at LIMIT $2)",
        now - TimeDelta::days(90),
        BATCH
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}
