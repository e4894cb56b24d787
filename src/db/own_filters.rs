//! Filters as their owners see and change them.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::domain::cadence::Cadence;
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

    fn read(word: &str) -> Option<Self> {
        [Self::Active, Self::Paused, Self::Removed].into_iter().find(|state| state.as_str() == word)
    }
}

/// A filter as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFilter {
    pub id: FilterId,
    pub number: i64,
    pub name: String,
    pub query: String,
    pub cadence: Cadence,
    pub target: TargetId,
    pub state: FilterState,
    /// The plan has no room for it.
    pub paused_by_plan: bool,
    /// Postings count that were first seen from then on.
    pub active_from: DateTime<Utc>,
    pub removed_at: Option<DateTime<Utc>>,
    /// What a removed one was before.
    pub removed_from: Option<FilterState>,
}

/// All filters of an account, also removed ones, by number.
pub async fn of_account(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> sqlx::Result<Vec<OwnFilter>> {
    let rows = sqlx::query!(
        "SELECT id, number, name, query, cadence, target_id, state, paused_by_plan,
                active_from, removed_at, removed_from
         FROM filters WHERE account_id = $1 ORDER BY number",
        account.0
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            let read = |word: &str| {
                FilterState::read(word).ok_or_else(|| super::unreadable("filters", row.id, word))
            };
            Ok(OwnFilter {
                id: FilterId(row.id),
                number: row.number,
                name: row.name,
                query: row.query,
                cadence: row
                    .cadence
                    .parse()
                    .map_err(|why| super::unreadable("filters", row.id, why))?,
                target: TargetId(row.target_id),
                state: read(&row.state)?,
                paused_by_plan: row.paused_by_plan,
                active_from: row.active_from,
                removed_at: row.removed_at,
                removed_from: row.removed_from.as_deref().map(read).transpose()?,
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
        "UPDATE filters SET state = $2, revision = $3, paused_by_plan = false,
                active_from = CASE WHEN $2 = 'active' THEN $4 ELSE active_from END,
                removed_at = CASE WHEN $2 = 'removed' THEN $4 END,
                removed_from = CASE WHEN $2 = 'removed' THEN COALESCE(removed_from, state) END
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

/// Changes what a filter wants, from `now` on. Says whether it is on or paused; `None`, and nothing
/// is changed, when it was removed.
pub async fn set_query(
    tx: &mut PgConnection,
    revision: FilterRevision,
    filter: FilterId,
    query: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<FilterState>> {
    let state = sqlx::query_scalar!(
        "UPDATE filters SET query = $2, revision = $3, active_from = $4
         WHERE id = $1 AND state <> 'removed' RETURNING state",
        filter.0,
        query,
        revision.0,
        now
    )
    .fetch_optional(tx)
    .await?;
    let read = |word: String| {
        FilterState::read(&word).ok_or_else(|| super::unreadable("filters", filter.0, word))
    };
    state.map(read).transpose()
}

/// How many filters an account has that are not removed.
pub async fn count_live(executor: impl PgExecutor<'_>, account: AccountId) -> sqlx::Result<usize> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM filters
           WHERE account_id = $1 AND state <> 'removed'"#,
        account.0
    )
    .fetch_one(executor)
    .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// How many filters an account has that are on.
pub async fn count_on(executor: impl PgExecutor<'_>, account: AccountId) -> sqlx::Result<usize> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM filters WHERE account_id = $1 AND state = 'active'"#,
        account.0
    )
    .fetch_one(executor)
    .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
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

/// Lets a filter's cards go to another target, from the next posting on.
pub async fn set_target(
    executor: impl PgExecutor<'_>,
    filter: FilterId,
    target: TargetId,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE filters SET target_id = $2 WHERE id = $1", filter.0, target.0)
        .execute(executor)
        .await?;
    Ok(())
}
