//! Pages that people were sent to to pay, and who asked for them.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::domain::ids::AccountId;
use crate::domain::plan::Plan;

/// Which of us it is, where several share a Stripe account.
pub async fn installation(executor: impl PgExecutor<'_>) -> sqlx::Result<String> {
    sqlx::query_scalar!("SELECT id FROM installation").fetch_one(executor).await
}

/// Notes a page that somebody is sent to to pay. The same page for somebody else is one page, and both may
/// have paid on it.
pub async fn begin(
    tx: &mut PgConnection,
    id: &str,
    (account, payer, plan): (AccountId, AccountId, Plan),
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO checkouts (id, account_id, payer_id, plan, begun_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO NOTHING",
        id,
        account.0,
        payer.0,
        plan.as_str(),
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO checkout_askers (checkout_id, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        id,
        payer.0
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether it is known whose a page is.
pub async fn is_ours(executor: impl PgExecutor<'_>, id: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM checkouts WHERE id = $1) AS "is!""#, id)
        .fetch_one(executor)
        .await
}

/// Pages of an account that were opened lately and not known to be done, the newest first.
pub async fn open(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "SELECT id FROM checkouts WHERE account_id = $1 AND done_at IS NULL AND begun_at > $2
         ORDER BY begun_at DESC LIMIT 3",
        account.0,
        now - TimeDelta::days(4)
    )
    .fetch_all(executor)
    .await
}

/// How many pages of a plan lead nowhere any more, of those since: whoever comes again gets another.
pub async fn done(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    plan: Plan,
    since: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM checkouts
           WHERE account_id = $1 AND plan = $2 AND done_at > $3"#,
        account.0,
        plan.as_str(),
        since
    )
    .fetch_one(executor)
    .await
}

/// Nobody pays on a page any more, maybe because somebody did.
pub async fn end(
    executor: impl PgExecutor<'_>,
    id: &str,
    subscription: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let ended = sqlx::query!(
        "UPDATE checkouts SET done_at = COALESCE(done_at, $3), subscription = COALESCE($2, subscription)
         WHERE id = $1",
        id,
        subscription,
        now
    )
    .execute(executor)
    .await?;
    Ok(ended.rows_affected() == 1)
}
