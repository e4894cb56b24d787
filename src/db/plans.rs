//! What accounts have: their plans, and the filters that a plan has no room for.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::wake::{Stage, wake};
use crate::domain::account::AccountKind;
use crate::domain::ids::{AccountId, BoardId, FilterId, FilterRevision, TargetId};
use crate::domain::plan::{Plan, TRIAL};

/// An account, as far as plans go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub kind: AccountKind,
    /// What it was given last.
    pub plan: Plan,
    /// `None`: nobody looked yet.
    pub trial_until: Option<DateTime<Utc>>,
    pub delay_minutes: i64,
    /// Whom Stripe knows it as.
    pub customer: Option<String>,
}

/// Looks an account up; its row stays as it is until the transaction ends.
pub async fn of(tx: &mut PgConnection, account: AccountId) -> sqlx::Result<Option<Account>> {
    let row = sqlx::query!(
        "SELECT kind, plan, trial_until, delay_minutes, stripe_customer FROM accounts
         WHERE id = $1 FOR NO KEY UPDATE",
        account.0
    )
    .fetch_optional(tx)
    .await?;
    row.map(|row| {
        let wrong = |why: &str| super::unreadable("accounts", account.0, why);
        Ok(Account {
            id: account,
            kind: super::accounts::kind(account.0, &row.kind)?,
            plan: row.plan.parse().map_err(wrong)?,
            trial_until: row.trial_until,
            delay_minutes: row.delay_minutes,
            customer: row.stripe_customer,
        })
    })
    .transpose()
}

/// Begins the trials of accounts that nobody looked at yet; returns how many.
pub async fn begin_trials(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<u64> {
    let begun = sqlx::query!(
        "UPDATE accounts SET trial_until = $2, plan_due_at = $1
         WHERE id IN (SELECT id FROM accounts WHERE trial_until IS NULL ORDER BY id LIMIT $3
                      FOR NO KEY UPDATE SKIP LOCKED)",
        now,
        now + TRIAL,
        limit
    )
    .execute(executor)
    .await?;
    Ok(begun.rows_affected())
}

/// Accounts whose plan is to be looked at.
pub async fn due(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<AccountId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM accounts WHERE plan_due_at <= $1 ORDER BY plan_due_at, id LIMIT $2",
        now,
        limit
    )
    .fetch_all(executor)
    .await?;
    Ok(ids.into_iter().map(AccountId).collect())
}

/// Accounts that a plan limits although there are no plans any more.
pub async fn limited(executor: impl PgExecutor<'_>, limit: i64) -> sqlx::Result<Vec<AccountId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM accounts a
         WHERE delay_minutes > 0 OR EXISTS (
             SELECT FROM filters f WHERE f.account_id = a.id AND f.paused_by_plan)
            OR EXISTS (
             SELECT FROM board_subscriptions s WHERE s.account_id = a.id AND s.paused_by_plan)
         ORDER BY id LIMIT $1",
        limit
    )
    .fetch_all(executor)
    .await?;
    Ok(ids.into_iter().map(AccountId).collect())
}

/// Notes what an account has from now on, and when to look again.
pub async fn give(
    tx: &mut PgConnection,
    account: AccountId,
    plan: Plan,
    look_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE accounts SET plan = $2, plan_due_at = $3 WHERE id = $1",
        account.0,
        plan.as_str(),
        look_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Has an account's plan looked at.
pub async fn look(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE accounts SET plan_due_at = $2 WHERE id = $1", account.0, now)
        .execute(executor)
        .await?;
    Ok(())
}

/// A filter or a board that takes part, or that the plan has no room for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned<Id> {
    pub id: Id,
    pub number: i64,
    pub name: String,
    pub is_on: bool,
}

/// The filters of an account, the oldest first.
pub async fn filters(
    tx: &mut PgConnection,
    account: AccountId,
) -> sqlx::Result<Vec<Planned<FilterId>>> {
    sqlx::query_as!(
        Planned::<FilterId>,
        r#"SELECT id, number, name, state = 'active' AS "is_on!" FROM filters
           WHERE account_id = $1 AND (state = 'active' OR (state = 'paused' AND paused_by_plan))
           ORDER BY number"#,
        account.0
    )
    .fetch_all(tx)
    .await
}

/// Pauses filters that the plan has no room for, or lets them go on from `now`.
pub async fn turn(
    tx: &mut PgConnection,
    revision: FilterRevision,
    filters: &[FilterId],
    on: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ids: Vec<i64> = filters.iter().map(|id| id.0).collect();
    sqlx::query!(
        "UPDATE filters SET state = CASE WHEN $2 THEN 'active' ELSE 'paused' END,
                paused_by_plan = NOT $2, revision = $3,
                active_from = CASE WHEN $2 THEN $4 ELSE active_from END
         WHERE id = ANY($1)",
        &ids,
        on,
        revision.0,
        now
    )
    .execute(&mut *tx)
    .await?;
    wake(tx, Stage::Match).await
}

/// The boards that an account added, the oldest first.
pub async fn boards(
    tx: &mut PgConnection,
    account: AccountId,
) -> sqlx::Result<Vec<Planned<BoardId>>> {
    sqlx::query_as!(
        Planned::<BoardId>,
        r#"SELECT b.id, s.number, b.name, NOT s.paused_by_plan AS "is_on!"
           FROM board_subscriptions s JOIN boards b ON b.id = s.board_id
           WHERE s.account_id = $1 ORDER BY s.number"#,
        account.0
    )
    .fetch_all(tx)
    .await
}

/// Pauses boards of an account that the plan has no room for, or lets them go on from `now`. A board that
/// is paused for all who have it is not asked.
pub async fn turn_boards(
    tx: &mut PgConnection,
    account: AccountId,
    boards: &[BoardId],
    on: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ids: Vec<i64> = boards.iter().map(|id| id.0).collect();
    // Somebody may be adding one at this moment.
    sqlx::query!("SELECT id FROM boards WHERE id = ANY ($1) ORDER BY id FOR UPDATE", &ids)
        .fetch_all(&mut *tx)
        .await?;
    sqlx::query!(
        "UPDATE board_subscriptions SET paused_by_plan = NOT $3
         WHERE account_id = $1 AND board_id = ANY ($2)",
        account.0,
        &ids,
        on
    )
    .execute(&mut *tx)
    .await?;
    if on {
        // As if it were added now: what it showed meanwhile is no news, and nobody asked whether it answers.
        sqlx::query!(
            "UPDATE boards b SET enabled = true, created_at = $2, first_read_at = NULL,
                    etag = NULL, last_modified = NULL, failures = 0, last_error = NULL,
                    failing_since = NULL, unanswered_since = NULL, empty_answers = 0, shown = 0,
                    last_new_at = NULL
             WHERE id = ANY ($1) AND visibility = 'subscribed' AND NOT enabled AND stopped_at IS NULL
               AND EXISTS (SELECT FROM board_subscriptions s
                           WHERE s.board_id = b.id AND NOT s.paused_by_plan)",
            &ids,
            now
        )
        .execute(tx)
        .await?;
    } else {
        sqlx::query!(
            "UPDATE boards b SET enabled = false, lease_id = NULL, lease_until = NULL
             WHERE id = ANY ($1) AND visibility = 'subscribed'
               AND NOT EXISTS (SELECT FROM board_subscriptions s
                               WHERE s.board_id = b.id AND NOT s.paused_by_plan)",
            &ids
        )
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Whether an account is told something for the first time.
pub async fn told_first(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    what: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let told = sqlx::query!(
        "INSERT INTO plan_notices (account_id, what, told_at) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING",
        account.0,
        what,
        now
    )
    .execute(executor)
    .await?;
    Ok(told.rows_affected() == 1)
}

/// Where an account is told of its plan: where its newest filter is, or else where it was seen first; one
/// that works before one that does not, and chat before mail.
pub async fn target(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> sqlx::Result<Option<TargetId>> {
    let target = sqlx::query_scalar!(
        "SELECT t.id FROM targets t WHERE t.account_id = $1
         ORDER BY t.broken_at IS NOT NULL, t.platform = 'email',
                  (SELECT max(f.id) FROM filters f
                   WHERE f.target_id = t.id AND f.state <> 'removed') DESC NULLS LAST, t.id
         LIMIT 1",
        account.0
    )
    .fetch_optional(executor)
    .await?;
    Ok(target.map(TargetId))
}
