//! Workspaces of Slack that removed the app. For a month all of theirs stays as it was, then it is erased.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::{added_boards, filters, sweep};
use crate::domain::ids::{AccountId, BoardId};

/// How long a workspace that installs the app again finds everything as it was.
const KEPT: TimeDelta = TimeDelta::days(30);

/// How long a filter is removed before its row goes: whoever matches hears of the one, not of the other.
const IS_HEARD: TimeDelta = TimeDelta::hours(1);

/// Accounts that are looked at by one call.
const BATCH: i64 = 10;

/// How many filters wait for a workspace that removed the app; none if it did not.
pub async fn kept(tx: &mut PgConnection, team: &str) -> sqlx::Result<usize> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM slack_workspaces w
           JOIN identities i ON i.platform = 'slack' AND i.workspace = w.team
           JOIN filters f ON f.account_id = i.account_id
           WHERE w.team = $1 AND w.removed_at IS NOT NULL AND f.state <> 'removed'"#,
        team
    )
    .fetch_one(tx)
    .await?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Removes the filters of accounts that are to be erased. Returns of how many accounts.
pub async fn end_filters(tx: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let accounts = to_erase(tx, now, Filters { since: now, any: true }).await?;
    if accounts.is_empty() {
        return Ok(0);
    }
    let revision = filters::begin_change(tx).await?;
    sqlx::query!(
        "UPDATE filters SET state = 'removed', revision = $2, removed_at = $3, removed_from = state
         WHERE account_id = ANY ($1) AND state = 'active'",
        &accounts,
        revision.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(u64::try_from(accounts.len()).unwrap_or(u64::MAX))
}

/// Erases accounts whose filters nobody matches any more, and workspaces of which none is left. Returns how
/// many of both.
pub async fn erase(tx: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let accounts = to_erase(tx, now, Filters { since: now - IS_HEARD, any: false }).await?;
    if !accounts.is_empty() {
        erase_accounts(tx, &accounts).await?;
    }
    let workspaces = sqlx::query!(
        "DELETE FROM slack_workspaces w WHERE w.removed_at < $1 AND NOT EXISTS (
             SELECT FROM identities i WHERE i.platform = 'slack' AND i.workspace = w.team)",
        now - KEPT
    )
    .execute(tx)
    .await?;
    let accounts = u64::try_from(accounts.len()).unwrap_or(u64::MAX);
    Ok(accounts.saturating_add(workspaces.rows_affected()))
}

/// Whether accounts are wanted that have any filter which is on, or was removed since then; or those that
/// have none.
struct Filters {
    since: DateTime<Utc>,
    any: bool,
}

/// Some accounts of workspaces that removed the app a month ago. Not those of whoever comes from elsewhere,
/// too, is told by mail, or pays, for themselves or their team; nor those that somebody else's filter tells,
/// or whom an operator's own token serves. Their workspaces wait for the end of the transaction if they
/// install the app now.
async fn to_erase(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    filters: Filters,
) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "SELECT i.account_id FROM slack_workspaces w
         JOIN identities i ON i.platform = 'slack' AND i.workspace = w.team
         WHERE w.removed_at < $1
           AND NOT EXISTS (SELECT FROM identities o
                           WHERE o.account_id = i.account_id
                             AND (o.platform <> 'slack' OR o.workspace <> w.team))
           AND NOT EXISTS (SELECT FROM targets t
                           WHERE t.account_id = i.account_id AND t.platform = 'slack'
                             AND t.broken_at IS NULL)
           AND NOT EXISTS (SELECT FROM emails e
                           WHERE e.account_id = i.account_id AND e.verified_at IS NOT NULL
                             AND e.ended_at IS NULL)
           AND NOT EXISTS (SELECT FROM subscriptions s
                           WHERE s.account_id = i.account_id AND s.status <> 'ended')
           AND NOT EXISTS (SELECT FROM checkout_askers k JOIN checkouts c ON c.id = k.checkout_id
                           JOIN subscriptions s ON s.id = c.subscription
                           WHERE k.account_id = i.account_id AND s.status <> 'ended')
           AND NOT EXISTS (SELECT FROM targets t JOIN filters f ON f.target_id = t.id
                           WHERE t.account_id = i.account_id AND f.account_id <> i.account_id)
           AND $3 = EXISTS (SELECT FROM filters f
                            WHERE f.account_id = i.account_id
                              AND (f.state = 'active' OR f.removed_at > $2))
         ORDER BY i.account_id LIMIT $4 FOR UPDATE OF w SKIP LOCKED",
        now - KEPT,
        filters.since,
        filters.any,
        BATCH
    )
    .fetch_all(tx)
    .await
}

/// With all that is theirs alone: boards of their own are not asked any more, and openings go that nobody
/// else was told of and no board shows.
async fn erase_accounts(tx: &mut PgConnection, accounts: &[i64]) -> sqlx::Result<()> {
    let boards = sqlx::query!(
        "SELECT account_id, board_id FROM board_subscriptions
         WHERE account_id = ANY ($1) ORDER BY board_id, account_id",
        accounts
    )
    .fetch_all(&mut *tx)
    .await?;
    for row in boards {
        added_boards::unsubscribe(tx, AccountId(row.account_id), BoardId(row.board_id)).await?;
    }
    let openings = sqlx::query_scalar!(
        "SELECT DISTINCT o.opening_id FROM targets t JOIN owed o ON o.target_id = t.id
         WHERE t.account_id = ANY ($1)
           AND NOT EXISTS (SELECT FROM postings p WHERE p.opening_id = o.opening_id)",
        accounts
    )
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query!("DELETE FROM accounts WHERE id = ANY ($1)", accounts).execute(&mut *tx).await?;
    sweep::empty_openings(tx, &openings).await
}
