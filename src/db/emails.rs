//! E-mail addresses: asked, confirmed, ended; and those that are never written to. Addresses come and go
//! as keyed hashes and sealed texts, never in the clear.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::wake::{Stage, wake};
use super::{accounts, lanes};
use crate::domain::ids::{AccountId, TargetId};
use crate::domain::target::Platform;
use crate::secrets::Cell;

/// Mails that ask one address for its yes within a day, whoever entered it, and those of one account.
const ASKED_A_DAY: i64 = 3;
const ASKED_BY_ONE: i64 = 6;

const DAY: TimeDelta = TimeDelta::days(1);

/// Where a sealed address stands. Its owner is the account: the row has no key before it is written.
pub fn cell(account: AccountId) -> Cell {
    Cell { table: "emails", column: "sealed", owner: account.0 }
}

/// An address on its way into a row.
#[derive(Debug, Clone, Copy)]
pub struct NewAddress<'a> {
    pub digest: &'a [u8],
    pub sealed: &'a [u8],
}

/// What became of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A mail with a link is queued.
    Mail,
    /// It said yes before.
    Confirmed,
    TooOften,
}

/// Keeps an address of an account and queues the mail that asks for its yes.
pub async fn ask(
    tx: &mut PgConnection,
    account: AccountId,
    address: NewAddress<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Asked> {
    sqlx::query!("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account.0)
        .fetch_optional(&mut *tx)
        .await?;
    let known = sqlx::query!(
        r#"SELECT COALESCE(sum(asked) FILTER (WHERE account_id = $1), 0)::bigint AS "by_account!",
                  COALESCE(sum(asked) FILTER (WHERE digest = $2), 0)::bigint AS "of_address!"
           FROM emails WHERE (account_id = $1 OR digest = $2) AND asked_at > $3"#,
        account.0,
        address.digest,
        now - DAY
    )
    .fetch_one(&mut *tx)
    .await?;
    let confirmed = sqlx::query!(
        "SELECT id FROM emails WHERE account_id = $1 AND digest = $2
         AND verified_at IS NOT NULL AND ended_at IS NULL",
        account.0,
        address.digest
    )
    .fetch_optional(&mut *tx)
    .await?;
    if confirmed.is_some() {
        return Ok(Asked::Confirmed);
    }
    if known.by_account >= ASKED_BY_ONE || known.of_address >= ASKED_A_DAY {
        return Ok(Asked::TooOften);
    }
    let id = sqlx::query_scalar!(
        "INSERT INTO emails AS e (account_id, digest, sealed, asked_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_id, digest) WHERE ended_at IS NULL DO UPDATE
             SET sealed = EXCLUDED.sealed, asked_at = EXCLUDED.asked_at,
                 asked = CASE WHEN e.asked_at > $5 THEN e.asked + 1 ELSE 1 END
         RETURNING id",
        account.0,
        address.digest,
        address.sealed,
        now,
        now - DAY
    )
    .fetch_one(&mut *tx)
    .await?;
    let target = accounts::target(tx, account, Platform::Email, &id.to_string(), now).await?;
    sqlx::query!(
        "INSERT INTO deliveries (target_id, state, due_at, created_at, kind)
         VALUES ($1, 'pending', $2, $2, 'verify')",
        target.0,
        now
    )
    .execute(&mut *tx)
    .await?;
    lanes::ready(tx, &[target.0], now).await?;
    wake(tx, Stage::Deliver).await?;
    Ok(Asked::Mail)
}

/// The owner of an address said yes: it takes the place of the account's other addresses, also as target
/// of filters. `false` if there is no such address, or it ended meanwhile.
pub async fn confirm(tx: &mut PgConnection, id: i64, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let account = sqlx::query_scalar!(
        "UPDATE emails SET verified_at = COALESCE(verified_at, $2)
         WHERE id = $1 AND ended_at IS NULL RETURNING account_id",
        id,
        now
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(account) = account else { return Ok(false) };
    sqlx::query!(
        "UPDATE filters SET target_id = new.id
         FROM targets new, targets old
         WHERE new.account_id = $1 AND new.platform = 'email' AND new.address = $2
           AND old.account_id = $1 AND old.platform = 'email' AND old.id <> new.id
           AND filters.target_id = old.id",
        account,
        id.to_string()
    )
    .execute(&mut *tx)
    .await?;
    let others = sqlx::query_scalar!(
        "SELECT id FROM emails WHERE account_id = $1 AND id <> $2 AND ended_at IS NULL",
        account,
        id
    )
    .fetch_all(&mut *tx)
    .await?;
    for other in others {
        end(tx, other, "another address took its place", now).await?;
    }
    Ok(true)
}

/// Ends mails to an address, also those that are queued. `false` if there is no such address.
pub async fn end(
    tx: &mut PgConnection,
    id: i64,
    why: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE emails SET ended_at = COALESCE(ended_at, $2), ended_why = COALESCE(ended_why, $3)
         WHERE id = $1",
        id,
        now,
        why
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE targets SET broken_at = COALESCE(broken_at, $2), broken_why = COALESCE(broken_why, $3)
         WHERE platform = 'email' AND address = $1",
        id.to_string(),
        now,
        why
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The address that an account is written to, if its owner said yes: its row, and the sealed text.
pub async fn of_account(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> sqlx::Result<Option<(i64, Vec<u8>)>> {
    let row = sqlx::query!(
        "SELECT id, sealed FROM emails
         WHERE account_id = $1 AND verified_at IS NOT NULL AND ended_at IS NULL
         ORDER BY verified_at DESC LIMIT 1",
        account.0
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| (row.id, row.sealed)))
}

/// The account's target that is its confirmed address.
pub async fn target_of(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> sqlx::Result<Option<TargetId>> {
    let id = sqlx::query_scalar!(
        "SELECT t.id FROM targets t JOIN emails e ON e.id::text = t.address
         WHERE t.account_id = $1 AND t.platform = 'email' AND t.broken_at IS NULL
           AND e.verified_at IS NOT NULL AND e.ended_at IS NULL",
        account.0
    )
    .fetch_optional(executor)
    .await?;
    Ok(id.map(TargetId))
}

/// An address as a sender needs it.
#[derive(Debug)]
pub struct Written {
    pub id: i64,
    pub account: AccountId,
    pub sealed: Vec<u8>,
    /// Whether its owner said yes, and not no since.
    pub wanted: bool,
}

/// The address behind a target.
pub async fn of_target(
    executor: impl PgExecutor<'_>,
    target: TargetId,
) -> sqlx::Result<Option<Written>> {
    let row = sqlx::query!(
        r#"SELECT e.id, e.account_id, e.sealed,
                  e.verified_at IS NOT NULL AND e.ended_at IS NULL AS "wanted!"
           FROM targets t JOIN emails e ON e.id::text = t.address
           WHERE t.id = $1 AND t.platform = 'email'"#,
        target.0
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| Written {
        id: row.id,
        account: AccountId(row.account_id),
        sealed: row.sealed,
        wanted: row.wanted,
    }))
}

/// Rows of an address, whoever entered it.
pub async fn of_digests(
    executor: impl PgExecutor<'_>,
    digests: &[Vec<u8>],
) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!("SELECT id FROM emails WHERE digest = ANY ($1)", digests)
        .fetch_all(executor)
        .await
}

/// Writes to an address no more, whoever enters it.
pub async fn suppress(
    executor: impl PgExecutor<'_>,
    digest: &[u8],
    why: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO suppressed (digest, why, suppressed_at) VALUES ($1, left($2, 500), $3)
         ON CONFLICT DO NOTHING",
        digest,
        why,
        now
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Why an address is never written to, if it is not.
pub async fn suppressed(
    executor: impl PgExecutor<'_>,
    digests: &[Vec<u8>],
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("SELECT why FROM suppressed WHERE digest = ANY ($1) LIMIT 1", digests)
        .fetch_optional(executor)
        .await
}
