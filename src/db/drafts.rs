//! Filters that were shown and wait for a button.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

use crate::domain::ids::{AccountId, DraftId, FilterId, TargetId};

/// How long a draft can be saved.
const LIFE: TimeDelta = TimeDelta::days(7);

/// A filter that is not saved yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The filter that it changes, or none.
    pub filter: Option<FilterId>,
    pub target: TargetId,
    /// Canonical text.
    pub query: String,
}

/// Keeps a draft.
pub async fn insert(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    draft: &Draft,
    now: DateTime<Utc>,
) -> sqlx::Result<DraftId> {
    sqlx::query_scalar!(
        "INSERT INTO drafts (account_id, filter_id, target_id, query, created_at)
         VALUES ($1, $2, $3, $4, $5) RETURNING id",
        account.0,
        draft.filter.map(|filter| filter.0),
        draft.target.0,
        draft.query,
        now
    )
    .fetch_one(executor)
    .await
    .map(DraftId)
}

/// A draft as it waits. `None` if it is not there, is somebody else's, or is too old.
pub async fn find(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    draft: DraftId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Draft>> {
    let row = sqlx::query!(
        "SELECT filter_id, target_id, query FROM drafts
         WHERE account_id = $1 AND id = $2 AND created_at > $3",
        account.0,
        draft.0,
        now - LIFE
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| Draft {
        filter: row.filter_id.map(FilterId),
        target: TargetId(row.target_id),
        query: row.query,
    }))
}

/// Removes a draft, so that pressing twice saves once. `false` if it was decided already.
pub async fn take(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    draft: DraftId,
) -> sqlx::Result<bool> {
    let taken =
        sqlx::query!("DELETE FROM drafts WHERE account_id = $1 AND id = $2", account.0, draft.0)
            .execute(executor)
            .await?;
    Ok(taken.rows_affected() == 1)
}
