//! Accounts, the identities that lead to them, and their targets.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::domain::account::{AccountKind, ChannelFilters, Identity};
use crate::domain::ids::{AccountId, TargetId};
use crate::domain::target::Platform;

/// The account of an identity; a new one at first contact.
pub async fn of_identity(
    tx: &mut PgConnection,
    identity: &Identity,
    kind: AccountKind,
    now: DateTime<Utc>,
) -> sqlx::Result<AccountId> {
    let Identity { platform, workspace, user } = identity;
    if let Some(known) = known(&mut *tx, identity).await? {
        return Ok(known);
    }
    // Two first contacts at once wait for each other here, so that only one makes an account.
    let key = format!("identity {platform} {workspace} {user}");
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
        .execute(&mut *tx)
        .await?;
    if let Some(known) = known(&mut *tx, identity).await? {
        return Ok(known);
    }
    let id = sqlx::query_scalar!(
        "INSERT INTO accounts (kind, created_at) VALUES ($1, $2) RETURNING id",
        kind.as_str(),
        now
    )
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO identities (platform, workspace, user_ref, account_id, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        platform.as_str(),
        workspace,
        user,
        id,
        now
    )
    .execute(tx)
    .await?;
    Ok(AccountId(id))
}

/// The kind of an account, by its word.
pub(super) fn kind(account: i64, word: &str) -> sqlx::Result<AccountKind> {
    let kinds = [AccountKind::Person, AccountKind::Team];
    let kind = kinds.into_iter().find(|kind| kind.as_str() == word);
    kind.ok_or_else(|| super::unreadable("accounts", account, word))
}

/// Who may change the filters of a workspace's channels: as was decided there, or else as the platform has
/// it. In Discord a server's filters are its managers'.
pub async fn channel_filters(
    executor: impl PgExecutor<'_>,
    team: AccountId,
) -> sqlx::Result<ChannelFilters> {
    let word = sqlx::query_scalar!(
        r#"SELECT COALESCE(a.channel_filters, CASE WHEN EXISTS (
                      SELECT FROM identities i WHERE i.account_id = a.id AND i.platform = 'discord')
                  THEN 'admins' ELSE 'anyone' END) AS "rule!"
           FROM accounts a WHERE a.id = $1"#,
        team.0
    )
    .fetch_one(executor)
    .await?;
    word.parse().map_err(|why| super::unreadable("accounts", team.0, why))
}

pub async fn set_channel_filters(
    executor: impl PgExecutor<'_>,
    team: AccountId,
    rule: ChannelFilters,
) -> sqlx::Result<()> {
    let rule = rule.to_string();
    sqlx::query!("UPDATE accounts SET channel_filters = $2 WHERE id = $1", team.0, rule)
        .execute(executor)
        .await?;
    Ok(())
}

/// Whether an identity has an account.
pub async fn is_known(executor: impl PgExecutor<'_>, identity: &Identity) -> sqlx::Result<bool> {
    known(executor, identity).await.map(|known| known.is_some())
}

/// What was done at first contact with somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    pub welcomed: bool,
    /// Whether their profile was asked for its time zone.
    pub zone_asked: bool,
}

pub async fn contact(executor: impl PgExecutor<'_>, identity: &Identity) -> sqlx::Result<Contact> {
    sqlx::query_as!(
        Contact,
        r#"SELECT welcomed_at IS NOT NULL AS "welcomed!", zone_asked_at IS NOT NULL AS "zone_asked!"
           FROM identities WHERE platform = $1 AND workspace = $2 AND user_ref = $3"#,
        identity.platform.as_str(),
        identity.workspace,
        identity.user
    )
    .fetch_one(executor)
    .await
}

/// Notes that somebody is welcomed; `None` that they were not after all. Says whether that changes anything.
pub async fn welcome(
    executor: impl PgExecutor<'_>,
    identity: &Identity,
    at: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE identities SET welcomed_at = $4
         WHERE platform = $1 AND workspace = $2 AND user_ref = $3
           AND (welcomed_at IS NULL) <> ($4::timestamptz IS NULL)",
        identity.platform.as_str(),
        identity.workspace,
        identity.user,
        at
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that somebody's profile was asked for its time zone.
pub async fn zone_asked(
    executor: impl PgExecutor<'_>,
    identity: &Identity,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE identities SET zone_asked_at = $4
         WHERE platform = $1 AND workspace = $2 AND user_ref = $3",
        identity.platform.as_str(),
        identity.workspace,
        identity.user,
        now
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The account of an identity, if it has one.
pub async fn known(
    executor: impl PgExecutor<'_>,
    identity: &Identity,
) -> sqlx::Result<Option<AccountId>> {
    let found = sqlx::query_scalar!(
        "SELECT account_id FROM identities
         WHERE platform = $1 AND workspace = $2 AND user_ref = $3",
        identity.platform.as_str(),
        identity.workspace,
        identity.user
    )
    .fetch_optional(executor)
    .await?;
    Ok(found.map(AccountId))
}

/// The account of an identity and its target on the identity's own platform, if both are there.
pub async fn at_own_target(
    executor: impl PgExecutor<'_>,
    identity: &Identity,
) -> sqlx::Result<Option<(AccountId, TargetId)>> {
    let found = sqlx::query!(
        "SELECT i.account_id, t.id AS target_id FROM identities i
         JOIN targets t ON t.account_id = i.account_id AND t.platform = i.platform
                       AND t.address = i.user_ref
         WHERE i.platform = $1 AND i.workspace = $2 AND i.user_ref = $3",
        identity.platform.as_str(),
        identity.workspace,
        identity.user
    )
    .fetch_optional(executor)
    .await?;
    Ok(found.map(|row| (AccountId(row.account_id), TargetId(row.target_id))))
}

/// Where the account's targets are on a platform.
pub async fn addresses(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    platform: Platform,
) -> sqlx::Result<BTreeMap<TargetId, String>> {
    let rows = sqlx::query!(
        "SELECT id, address FROM targets WHERE account_id = $1 AND platform = $2",
        account.0,
        platform.as_str()
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (TargetId(row.id), row.address)).collect())
}

/// The account's target at that address; a new one if there is none.
pub async fn target(
    tx: &mut PgConnection,
    account: AccountId,
    platform: Platform,
    address: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<TargetId> {
    let known = sqlx::query_scalar!(
        "SELECT id FROM targets WHERE account_id = $1 AND platform = $2 AND address = $3",
        account.0,
        platform.as_str(),
        address
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(id) = known {
        return Ok(TargetId(id));
    }
    // The update changes nothing; without one a row that was there is not returned.
    sqlx::query_scalar!(
        "INSERT INTO targets (account_id, platform, address, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_id, platform, address) DO UPDATE SET address = EXCLUDED.address
         RETURNING id",
        account.0,
        platform.as_str(),
        address,
        now
    )
    .fetch_one(tx)
    .await
    .map(TargetId)
}
