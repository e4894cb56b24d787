//! What is paid for, as Stripe said it last.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::domain::account::AccountMark;
use crate::domain::ids::AccountId;
use crate::domain::plan::{Plan, Status, Subscription};

/// A subscription of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub id: String,
    pub customer: Option<String>,
    /// Whoever was sent to where it was paid.
    pub payers: Vec<AccountId>,
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
        matches!(self.status, Status::Active | Status::PastDue)
    }

    /// Whether it is known that somebody paid for it: where several were sent to one page, any of them may
    /// have.
    pub fn was_paid_by(&self, account: AccountId) -> bool {
        self.payers == [account]
    }

    /// Whether it costs something, or would if what is open were settled.
    pub fn is_open(&self) -> bool {
        self.status != Status::Ended
    }
}

/// All of an account.
pub async fn of(executor: impl PgExecutor<'_>, account: AccountId) -> sqlx::Result<Vec<Known>> {
    let rows = sqlx::query!(
        r#"SELECT id, customer, plan, status_word, past_due_since, cancels, period_ends,
                  ARRAY (SELECT k.account_id FROM checkouts c
                         JOIN checkout_askers k ON k.checkout_id = c.id
                         WHERE c.subscription = s.id) AS "payers!: Vec<i64>"
           FROM subscriptions s WHERE account_id = $1 ORDER BY id"#,
        account.0
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong = |why: &str| sqlx::Error::Decode(format!("subscriptions: {why}").into());
            let status = Status::read(&row.status_word);
            let plan = row.plan.as_deref().map(str::parse::<Plan>).transpose().map_err(wrong)?;
            let ends_at = row.period_ends.filter(|_| row.cancels);
            let past_due_since = row.past_due_since;
            let counts = plan.map(|plan| Subscription { plan, status, past_due_since, ends_at });
            Ok(Known {
                id: row.id,
                customer: row.customer,
                payers: row.payers.into_iter().map(AccountId).collect(),
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

/// The account of one: by the page that it was paid on, or as it was known, by our mark on it, by what else
/// `named` it, and, where it bears nobody's mark, by its customer. What is no plan of ours may be sold beside
/// us, to customers of ours too, with numbers of its own: neither says then whose it is.
pub async fn account_of(
    tx: &mut PgConnection,
    said: Said<'_>,
    mark: Option<&AccountMark>,
    named: Option<AccountId>,
) -> sqlx::Result<Option<AccountId>> {
    let (named, customer) = said.plan.map_or((None, None), |_| (named, said.customer));
    let found = sqlx::query_scalar!(
        r#"SELECT COALESCE(
               (SELECT min(account_id) FROM checkouts WHERE subscription = $1),
               (SELECT account_id FROM subscriptions WHERE id = $1),
               (SELECT a.id FROM accounts a JOIN installation i ON i.id = $3 WHERE a.id = $2),
               (SELECT id FROM accounts WHERE id = $4 AND $2::bigint IS NULL),
               (SELECT min(id) FROM accounts WHERE stripe_customer = $5 AND $2::bigint IS NULL))"#,
        said.id,
        mark.map(|mark| mark.account.0),
        mark.map(|mark| mark.installation.as_str()),
        named.map(|account| account.0),
        customer
    )
    .fetch_one(tx)
    .await?;
    Ok(found.map(AccountId))
}

/// Keeps what Stripe said, unless it said something later; if that is something new, the account's plan is
/// looked at. A price that is none of ours leaves what was known of it.
pub async fn keep(
    tx: &mut PgConnection,
    account: AccountId,
    said: Said<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let status = Status::read(said.word);
    let changed = sqlx::query_scalar!(
        r#"WITH before AS (SELECT * FROM subscriptions WHERE id = $1)
         INSERT INTO subscriptions AS s (id, account_id, customer, plan, status, status_word,
                                         past_due_since, cancels, period_ends, asked_at)
         VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $5 = 'past_due' THEN $7::timestamptz END, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE
         SET account_id = EXCLUDED.account_id, customer = EXCLUDED.customer,
             plan = COALESCE(EXCLUDED.plan, s.plan),
             status = EXCLUDED.status, status_word = EXCLUDED.status_word,
             past_due_since = CASE WHEN EXCLUDED.status = 'past_due'
                                   THEN COALESCE(s.past_due_since, EXCLUDED.past_due_since) END,
             cancels = EXCLUDED.cancels, period_ends = EXCLUDED.period_ends,
             asked_at = EXCLUDED.asked_at
         WHERE s.asked_at <= EXCLUDED.asked_at
         RETURNING NOT EXISTS (
             SELECT FROM before b WHERE (b.account_id, b.plan, b.status_word, b.cancels, b.period_ends)
             IS NOT DISTINCT FROM (s.account_id, s.plan, s.status_word, s.cancels, s.period_ends))
             AS "changed!""#,
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
    .fetch_optional(&mut *tx)
    .await?;
    if status != Status::Ended && said.customer.is_some() {
        sqlx::query!(
            "UPDATE accounts SET stripe_customer = $2
             WHERE id = $1 AND stripe_customer IS DISTINCT FROM $2",
            account.0,
            said.customer
        )
        .execute(&mut *tx)
        .await?;
    }
    if changed == Some(true) {
        super::plans::look(tx, account, now).await?;
    }
    Ok(())
}

/// A subscription that Stripe knows no more has ended. Says whether it was known here.
pub async fn end(tx: &mut PgConnection, id: &str, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let account = sqlx::query_scalar!(
        "UPDATE subscriptions SET status = 'ended', status_word = 'unknown', asked_at = $2
         WHERE id = $1 RETURNING account_id",
        id,
        now
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(account) = account.flatten() {
        super::plans::look(tx, AccountId(account), now).await?;
    }
    Ok(account.is_some())
}

/// Subscriptions that have not ended and were not asked about since `asked`; of one account, or of a
/// customer, or all, also those whose account is gone.
pub async fn open(
    executor: impl PgExecutor<'_>,
    (account, customer): (Option<AccountId>, Option<&str>),
    asked: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "SELECT id FROM subscriptions
         WHERE status_word NOT IN ('canceled', 'incomplete_expired', 'unknown') AND asked_at <= $1
           AND ($2::bigint IS NULL OR account_id = $2) AND ($3::text IS NULL OR customer = $3)
         ORDER BY id",
        asked,
        account.map(|account| account.0),
        customer
    )
    .fetch_all(executor)
    .await
}

/// The accounts that a customer is, or that they paid for.
pub async fn of_customer(
    executor: impl PgExecutor<'_>,
    customer: &str,
) -> sqlx::Result<Vec<AccountId>> {
    let ids = sqlx::query_scalar!(
        r#"SELECT id AS "id!" FROM accounts WHERE stripe_customer = $1
           UNION SELECT account_id FROM subscriptions
                 WHERE customer = $1 AND account_id IS NOT NULL ORDER BY 1"#,
        customer
    )
    .fetch_all(executor)
    .await?;
    Ok(ids.into_iter().map(AccountId).collect())
}

/// Whether a subscription is one that we knew as somebody's, and whose account is gone.
pub async fn is_orphan(executor: impl PgExecutor<'_>, id: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM subscriptions WHERE id = $1 AND account_id IS NULL) AS "is!""#,
        id
    )
    .fetch_one(executor)
    .await
}

/// A customer whom Stripe knows no more.
pub async fn forget_customer(executor: impl PgExecutor<'_>, customer: &str) -> sqlx::Result<()> {
    sqlx::query!("UPDATE accounts SET stripe_customer = NULL WHERE stripe_customer = $1", customer)
        .execute(executor)
        .await?;
    Ok(())
}
