//! Filters as their owners see and change them.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::domain::ids::{AccountId, FilterId, FilterRevision, TargetId};

/// Whether a filter takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterState {
    Active,
    Paused,
    /// A tombstone, from which it can be brought back for a while.
    Removed,
}

impl FilterState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Removed => "removed",
        }
    }
}

/// A filter as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFilter {
    pub id: FilterId,
    pub number: i64,
    pub name: String,
    pub query: String,
    pub target: TargetId,
    pub state: FilterState,
    pub removed_at: Option<DateTime<Utc>>,
}

/// All filters of an account, also removed ones, by number.
pub async fn of_account(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> sqlx::Result<Vec<OwnFilter>> {
    let rows = sqlx::query!(
        "SELECT id, number, name, query, target_id, state, removed_at
         FROM filters WHERE account_id = $1 ORDER BY number",
        account.0
    )
    .fetch_all(executor)
    .await?;
    let all = [FilterState::Active, FilterState::Paused, FilterState::Removed];
    rows.into_iter()
        .map(|row| {
            let state = all.into_iter().find(|state| state.as_str() == row.state);
            Ok(OwnFilter {
                id: FilterId(row.id),
                number: row.number,
                name: row.name,
                query: row.query,
                target: TargetId(row.target_id),
                state: state.ok_or_else(|| super::unreadable("filters", row.id, &row.state))?,
                removed_at: row.removed_at,
            })
        })
        .collect()
}

/// Pauses, resumes, removes or restores. What becomes active again counts from `now`.
pub async fn set_state(
    tx: &mut PgConnection,
    revision: FilterRevision,
    filter: FilterId,
    state: FilterState,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE filters SET state = $2, revision = $3,
                active_from = CASE WHEN $2 = 'active' THEN $4 ELSE active_from END,
                removed_at = CASE WHEN $2 = 'removed' THEN $4 END
         WHERE id = $1",
        filter.0,
        state.as_str(),
        revision.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Changes what a filter wants, from `now` on.
pub async fn set_query(
    tx: &mut PgConnection,
    revision: FilterRevision,
    filter: FilterId,
    query: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE filters SET query = $2, revision = $3, active_from = $4 WHERE id = $1",
        filter.0,
        query,
        revision.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives a filter another name, which matches nothing differently.
pub async fn rename(
    executor: impl PgExecutor<'_>,
    filter: FilterId,
    name: &str,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE filters SET name = $2 WHERE id = $1", filter.0, name)
        .execute(executor)
        .await?;
    Ok(())
}
