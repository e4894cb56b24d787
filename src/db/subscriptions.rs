//! What is paid for, as Stripe said it last, and the pages that people were sent to to pay.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::domain::ids::AccountId;
use crate::domain::plan::{Plan, Status, Subscription};

/// A subscription of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub id: String,
    pub payer: Option<AccountId>,
    /// As plans go by it; `None`: its price is none of ours.
    pub counts: Option<Subscription>,
    pub status: Status,
    /// It ends with what is paid.
    pub cancels: bool,
    pub period_ends: Option<DateTime<Utc>>,
}

impl Known {
    /// Whether it costs something.
    pub fn is_live(&self) -> bool {
        self.status != Status::Ended
    }
}

/// All of an account.
pub async fn of(executor: impl PgExecutor<'_>, account: AccountId) -> sqlx::Result<Vec<Known>> {
    let rows = sqlx::query!(
        "SELECT id, payer_id, plan, status, past_due_since, cancels, period_ends
         FROM subscriptions WHERE account_id = $1 ORDER BY id",
        account.0
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong = |why: &str| sqlx::Error::Decode(format!("subscriptions: {why}").into());
            let statuses = [Status::Active, Status::PastDue, Status::Ended];
            let status = statuses.into_iter().find(|it| it.as_str() == row.status);
            let status = status.ok_or_else(|| wrong(&row.status))?;
            let plan = row.plan.as_deref().map(str::parse::<Plan>).transpose().map_err(wrong)?;
            let ends_at = row.period_ends.filter(|_| row.cancels);
            let past_due_since = row.past_due_since;
            let counts = plan.map(|plan| Subscription { plan, status, past_due_since, ends_at });
            Ok(Known {
                id: row.id,
                payer: row.payer_id.map(AccountId),
                counts,
                status,
                cancels: row.cancels,
                period_ends: row.period_ends,
            })
        })
        .collect()
}

/// What Stripe said of one.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    pub id: &'a str,
    pub customer: Option<&'a str>,
    pub plan: Option<Plan>,
    /// Stripe's word.
    pub word: &'a str,
    pub cancels: bool,
    pub period_ends: Option<DateTime<Utc>>,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
}

/// The account of one: as our mark on it says, or as it was known, or else by its customer.
pub async fn account_of(
    tx: &mut PgConnection,
    said: Said<'_>,
    marked: Option<AccountId>,
) -> sqlx::Result<Option<AccountId>> {
    let found = sqlx::query_scalar!(
        r#"SELECT COALESCE(
               (SELECT id FROM accounts WHERE id = $1),
               (SELECT account_id FROM subscriptions WHERE id = $2),
               (SELECT min(id) FROM accounts WHERE stripe_customer = $3 AND $1::bigint IS NULL))"#,
        marked.map(|account| account.0),
        said.id,
        said.customer
    )
    .fetch_one(tx)
    .await?;
    Ok(found.map(AccountId))
}

/// Keeps what Stripe said, unless it said something later; the account's plan is looked at.
pub async fn keep(
    tx: &mut PgConnection,
    account: AccountId,
    said: Said<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let status = Status::read(said.word);
    sqlx::query!(
        "INSERT INTO subscriptions AS s (id, account_id, payer_id, customer, plan, status, status_word,
                                         past_due_since, cancels, period_ends, asked_at)
         VALUES ($1, $2, (SELECT payer_id FROM checkouts WHERE account_id = $2 AND plan = $4
                          ORDER BY begun_at DESC LIMIT 1),
                 $3, $4, $5, $6, CASE WHEN $5 = 'past_due' THEN $7::timestamptz END, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE
         SET account_id = EXCLUDED.account_id, customer = EXCLUDED.customer, plan = EXCLUDED.plan,
             status = EXCLUDED.status, status_word = EXCLUDED.status_word,
             past_due_since = CASE WHEN EXCLUDED.status = 'past_due'
                                   THEN COALESCE(s.past_due_since, EXCLUDED.past_due_since) END,
             cancels = EXCLUDED.cancels, period_ends = EXCLUDED.period_ends,
             asked_at = EXCLUDED.asked_at
         WHERE s.asked_at <= EXCLUDED.asked_at",
        said.id,
        account.0,
        said.customer,
        said.plan.map(Plan::as_str),
        status.as_str(),
        said.word.chars().take(100).collect::<String>(),
        now,
        said.cancels,
        said.period_ends,
        said.asked_at
    )
    .execute(&mut *tx)
    .await?;
    if status != Status::Ended && said.customer.is_some() {
        sqlx::query!(
            "UPDATE accounts SET stripe_customer = $2 WHERE id = $1",
            account.0,
            said.customer
        )
        .execute(&mut *tx)
        .await?;
    }
    super::plans::look(tx, account, now).await
}

/// A subscription that Stripe knows no more has ended.
pub async fn end(tx: &mut PgConnection, id: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    let account = sqlx::query_scalar!(
        "UPDATE subscriptions SET status = 'ended', status_word = 'unknown', asked_at = $2
         WHERE id = $1 RETURNING account_id",
        id,
        now
    )
    .fetch_optional(&mut *tx)
    .await?;
    match account.flatten() {
        Some(account) => super::plans::look(tx, AccountId(account), now).await,
        None => Ok(()),
    }
}

/// Live subscriptions whose account is gone.
pub async fn orphans(executor: impl PgExecutor<'_>) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "SELECT id FROM subscriptions WHERE account_id IS NULL AND status <> 'ended' ORDER BY id"
    )
    .fetch_all(executor)
    .await
}

/// A customer whom Stripe knows no more.
pub async fn forget_customer(executor: impl PgExecutor<'_>, customer: &str) -> sqlx::Result<()> {
    sqlx::query!("UPDATE accounts SET stripe_customer = NULL WHERE stripe_customer = $1", customer)
        .execute(executor)
        .await?;
    Ok(())
}

/// Notes a page that somebody is sent to to pay; the same page twice is one.
pub async fn begin_checkout(
    executor: impl PgExecutor<'_>,
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
    .execute(executor)
    .await?;
    Ok(())
}

/// Pages of an account that were opened lately and not known to be done, the newest first.
pub async fn open_checkouts(
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

/// How many pages of a plan were paid on since.
pub async fn done_checkouts(
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

/// A page was paid on: whoever was sent there has paid.
pub async fn end_checkout(
    tx: &mut PgConnection,
    id: &str,
    subscription: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH done AS (UPDATE checkouts SET done_at = COALESCE(done_at, $3) WHERE id = $1
                       RETURNING payer_id)
         UPDATE subscriptions SET payer_id = (SELECT payer_id FROM done)
         WHERE id = $2 AND EXISTS (SELECT FROM done)",
        id,
        subscription,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
