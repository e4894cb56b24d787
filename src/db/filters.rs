//! Filters, and the revision that tells every matcher of a change.
//!
//! Whoever changes a filter holds the lock of [`begin_change`] until commit; whoever matches holds
//! that of [`shared_revision`]. So a matching transaction sees all changes up to its revision and
//! none that could still commit, and revision order is commit order.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::domain::ids::{AccountId, FilterId, FilterRevision, TargetId};

/// Key of the advisory lock. A row lock would not do: a stream of FOR SHARE holders can starve the
/// one who wants to update, while the queue of an advisory lock is fair.
const LOCK: i64 = 0x6561_726c_7962_7264;

/// Waits for matching transactions to end, keeps new ones waiting until commit, and takes the next
/// revision. Read the clock only after this, so that `active_from` is later than all that was
/// matched without the change.
pub async fn begin_change(tx: &mut PgConnection) -> sqlx::Result<FilterRevision> {
    keep_matching_out(tx).await?;
    sqlx::query_scalar!("UPDATE filter_revision SET n = n + 1 RETURNING n")
        .fetch_one(tx)
        .await
        .map(FilterRevision)
}

/// Waits for matching transactions to end and keeps new ones waiting until commit.
pub(super) async fn keep_matching_out(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", LOCK).execute(tx).await?;
    Ok(())
}

/// The current revision; nobody changes a filter until this transaction ends.
pub async fn shared_revision(tx: &mut PgConnection) -> sqlx::Result<FilterRevision> {
    sqlx::query!("SELECT pg_advisory_xact_lock_shared($1)", LOCK).execute(&mut *tx).await?;
    sqlx::query_scalar!("SELECT n FROM filter_revision").fetch_one(tx).await.map(FilterRevision)
}

/// A filter to be saved. `query` is canonical text.
#[derive(Debug, Clone, Copy)]
pub struct NewFilter<'a> {
    pub account: AccountId,
    pub target: TargetId,
    /// Where whoever makes it for a channel is told themselves.
    pub made_from: Option<TargetId>,
    pub name: &'a str,
    pub query: &'a str,
}

/// Saves a new filter, active from `now`, under the account's next number.
pub async fn insert(
    tx: &mut PgConnection,
    revision: FilterRevision,
    filter: NewFilter<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<FilterId> {
    let number = sqlx::query_scalar!(
        "UPDATE accounts SET last_filter_number = last_filter_number + 1 WHERE id = $1
         RETURNING last_filter_number",
        filter.account.0
    )
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query_scalar!(
        "INSERT INTO filters (account_id, number, name, query, target_id, state, active_from,
                              created_at, revision, made_from)
         VALUES ($1, $2, $3, $4, $5, 'active', $6, $6, $7, $8) RETURNING id",
        filter.account.0,
        number,
        filter.name,
        filter.query,
        filter.target.0,
        now,
        revision.0,
        filter.made_from.map(|target| target.0)
    )
    .fetch_one(tx)
    .await
    .map(FilterId)
}

/// The account's filter of that name which is not removed, if there is one.
pub async fn by_name(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    name: &str,
) -> sqlx::Result<Option<FilterId>> {
    sqlx::query_scalar!(
        "SELECT id FROM filters WHERE account_id = $1 AND name = $2 AND state <> 'removed'
         ORDER BY id LIMIT 1",
        account.0,
        name
    )
    .fetch_optional(executor)
    .await
    .map(|id| id.map(FilterId))
}

/// A filter that changed after a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFilter {
    pub id: FilterId,
    /// Its text; `None` when it no longer matches anything (paused or removed).
    pub query: Option<String>,
}

/// All filters that changed after `known`, and the revision up to which that is so.
pub async fn changed_since(
    tx: &mut PgConnection,
    known: FilterRevision,
) -> sqlx::Result<(FilterRevision, Vec<ChangedFilter>)> {
    let revision = shared_revision(tx).await?;
    let rows = sqlx::query!(
        r#"SELECT id, CASE WHEN state = 'active' THEN query END AS query
           FROM filters WHERE revision > $1"#,
        known.0
    )
    .fetch_all(tx)
    .await?;
    let changed =
        rows.into_iter().map(|row| ChangedFilter { id: FilterId(row.id), query: row.query });
    Ok((revision, changed.collect()))
}
