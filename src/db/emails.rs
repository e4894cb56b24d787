//! E-mail addresses: asked, confirmed, ended; and those that are never written to. Addresses come and go
//! as keyed hashes and sealed texts, never in the clear.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::wake::{Stage, wake};
use super::{accounts, lanes};
use crate::domain::ids::{AccountId, TargetId};
use crate::domain::target::Platform;
use crate::secrets::Cell;

/// Mails that ask one address for its yes within a day, whoever entered it, and those of one account, also
/// within an hour.
const ASKED_A_DAY: i64 = 3;
const ASKED_BY_ONE: i64 = 6;
const ASKED_AN_HOUR: i64 = 3;

const DAY: TimeDelta = TimeDelta::days(1);
const HOUR: TimeDelta = TimeDelta::hours(1);

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
                  COALESCE(sum(asked) FILTER (WHERE account_id = $1 AND asked_at > $4), 0)::bigint
                      AS "by_account_lately!",
                  COALESCE(sum(asked) FILTER (WHERE digest = $2), 0)::bigint AS "of_address!"
           FROM emails WHERE (account_id = $1 OR digest = $2) AND asked_at > $3"#,
        account.0,
        address.digest,
        now - DAY,
        now - HOUR
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
    let by_account = known.by_account >= ASKED_BY_ONE || known.by_account_lately >= ASKED_AN_HOUR;
    if by_account || known.of_address >= ASKED_A_DAY {
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

/// Keeps which link an address says yes by; the ones before it work no more.
pub async fn keep_link(executor: impl PgExecutor<'_>, id: i64, link: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("UPDATE emails SET link_digest = $2 WHERE id = $1", id, link)
        .execute(executor)
        .await?;
    Ok(())
}

/// Whether an address can say yes by this link: none that was used, or whose place another took. Versions
/// before this one kept no links; theirs are signed, and end within a day.
pub async fn takes_link(executor: impl PgExecutor<'_>, id: i64, link: &[u8]) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM emails
                          WHERE id = $1 AND ended_at IS NULL
                            AND (link_digest = $2 OR link_digest IS NULL AND verified_at IS NULL))
                  AS "takes!""#,
        id,
        link
    )
    .fetch_one(executor)
    .await
}

/// The owner of an address said yes by its link, which works once: it takes the place of the account's other
/// addresses, also as target of filters. Nothing if there is no such address, or it ended meanwhile.
pub async fn confirm(
    tx: &mut PgConnection,
    id: i64,
    link: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Confirmed>> {
    let row = sqlx::query!(
        "UPDATE emails SET verified_at = COALESCE(verified_at, $2), link_digest = NULL
         WHERE id = $1 AND ended_at IS NULL
           AND (link_digest = $3 OR link_digest IS NULL AND verified_at IS NULL)
         RETURNING account_id, sealed",
        id,
        now,
        link
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let account = row.account_id;
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
    Ok(Some(Confirmed { account: AccountId(account), sealed: row.sealed }))
}

/// An address that said yes.
#[derive(Debug)]
pub struct Confirmed {
    pub account: AccountId,
    pub sealed: Vec<u8>,
}

/// An address that ended, and what is told in a chat instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Whether mails went to it.
    pub confirmed: bool,
    /// Where the account is told from now on, if there is such a place.
    pub chat: Option<TargetId>,
    /// Numbers of the filters that went to the address, and go there now.
    pub filters: Vec<i64>,
}

/// Ends mails to an address, also those that are queued: they go `elsewhere`, and so do its filters. Nothing if
/// there is no such address, or it ended before.
pub async fn end(
    tx: &mut PgConnection,
    id: i64,
    why: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Ended>> {
    let ended = sqlx::query!(
        r#"UPDATE emails SET ended_at = $2, ended_why = $3, link_digest = NULL
           WHERE id = $1 AND ended_at IS NULL
           RETURNING account_id, verified_at IS NOT NULL AS "confirmed!""#,
        id,
        now,
        why
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(ended) = ended else { return Ok(None) };
    sqlx::query!(
        "UPDATE targets SET broken_at = COALESCE(broken_at, $2), broken_why = COALESCE(broken_why, $3)
         WHERE platform = 'email' AND address = $1",
        id.to_string(),
        now,
        why
    )
    .execute(&mut *tx)
    .await?;
    let chat = sqlx::query_scalar!(
        r#"SELECT id AS "id!" FROM places WHERE account_id = $1 AND NOT is_mail ORDER BY id LIMIT 1"#,
        ended.account_id
    )
    .fetch_optional(&mut *tx)
    .await?;
    let mut filters = Vec::new();
    if let Some(chat) = chat {
        let moved = sqlx::query!(
            "UPDATE filters f SET target_id = $2 FROM targets t
             WHERE t.platform = 'email' AND t.address = $1 AND f.target_id = t.id
             RETURNING f.number, f.state",
            id.to_string(),
            chat
        )
        .fetch_all(tx)
        .await?;
        filters = moved.iter().filter(|it| it.state != "removed").map(|it| it.number).collect();
        filters.sort_unstable();
    }
    Ok(Some(Ended { confirmed: ended.confirmed, chat: chat.map(TargetId), filters }))
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
