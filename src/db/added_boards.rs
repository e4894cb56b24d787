//! Boards that people added: one for each address, however many added it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::{PgConnection, PgExecutor};
use url::Url;
use uuid::Uuid;

use super::boards::seconds;
use super::hosts::host_of;
use crate::clock::add;
use crate::domain::board::{BoardKind, ClaimedBoard, Validators, Visibility};
use crate::domain::ids::{AccountId, BoardId, LeaseId, TargetId};

/// How long somebody may take to store what they have already read.
const LEASE: Duration = Duration::from_mins(1);

/// A board that is known at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub id: BoardId,
    pub name: String,
    pub slug: String,
    /// Everybody's.
    pub catalogue: bool,
    pub enabled: bool,
    /// Why the operator keeps it off.
    pub off_why: Option<String>,
    /// Postings that it showed when it last answered.
    pub shown: i64,
}

/// Whoever else adds a board of this host waits for the end of this transaction.
pub async fn lock(tx: &mut PgConnection, url: &Url) -> sqlx::Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", host_of(url))
        .execute(tx)
        .await?;
    Ok(())
}

/// The board at any of these addresses; or the catalogue's of a kind of which there is one alone.
pub async fn known(
    executor: impl PgExecutor<'_>,
    urls: &[Url],
    alone: Option<BoardKind>,
) -> sqlx::Result<Option<Known>> {
    let urls: Vec<String> = urls.iter().map(Url::to_string).collect();
    sqlx::query_as!(
        Known,
        r#"SELECT id, name, slug, visibility = 'catalogue' AS "catalogue!", enabled, off_why, shown
           FROM boards
           WHERE url = ANY ($1)
              OR (visibility = 'catalogue' AND kind = $2 AND off_why IS NOT NULL)
           ORDER BY url <> ALL ($1), visibility, id LIMIT 1"#,
        &urls,
        alone.map(BoardKind::as_str)
    )
    .fetch_optional(executor)
    .await
}

/// A board that is to be watched for those who add it.
#[derive(Debug, Clone, Copy)]
pub struct AddedBoard<'a> {
    /// Free or not: a number is put behind one that is taken.
    pub slug: &'a str,
    pub name: &'a str,
    pub kind: BoardKind,
    pub url: &'a Url,
    pub interval: Duration,
}

/// Makes the board, or takes up one that was given up, as if it had been claimed: whoever adds it has
/// read it, and settles that as a poll.
pub async fn insert(
    tx: &mut PgConnection,
    board: AddedBoard<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<ClaimedBoard> {
    let slug = free_slug(&mut *tx, board).await?;
    let lease = Uuid::new_v4();
    let row = sqlx::query!(
        "INSERT INTO boards (slug, name, kind, url, host, visibility, enabled, interval_seconds,
                             created_at, next_poll_at, lease_id, lease_until)
         VALUES ($1, $2, $3, $4, $5, 'subscribed', true, $6, $7, $7, $8, $9)
         ON CONFLICT (url) WHERE visibility = 'subscribed' DO UPDATE SET
             name = EXCLUDED.name, kind = EXCLUDED.kind, enabled = true, stopped_at = NULL,
             failures = 0, last_error = NULL, failing_since = NULL, first_read_at = NULL,
             unanswered_since = NULL, empty_answers = 0,
             etag = NULL, last_modified = NULL, created_at = EXCLUDED.created_at,
             interval_seconds = EXCLUDED.interval_seconds, shown = 0,
             lease_id = EXCLUDED.lease_id, lease_until = EXCLUDED.lease_until
         RETURNING id, slug",
        slug,
        board.name,
        board.kind.as_str(),
        board.url.as_str(),
        host_of(board.url),
        seconds(board.interval),
        now,
        lease,
        add(now, LEASE)
    )
    .fetch_one(tx)
    .await?;
    Ok(ClaimedBoard {
        id: BoardId(row.id),
        lease: LeaseId(lease),
        slug: row.slug,
        name: board.name.to_owned(),
        kind: board.kind,
        rules: None,
        url: board.url.clone(),
        sealed_url: None,
        visibility: Visibility::Subscribed,
        interval: board.interval,
        validators: Validators::default(),
        failures: 0,
        failing_since: None,
        unanswered_since: None,
        empty_answers: 0,
        zone: Tz::UTC,
        delay: Duration::ZERO,
        shown: 0,
        watched_since: now,
        last_new_at: None,
        polled_before: false,
    })
}

/// `example.com`, or `example.com-2` if another address has that.
async fn free_slug(tx: &mut PgConnection, board: AddedBoard<'_>) -> sqlx::Result<String> {
    let taken = sqlx::query_scalar!(
        "SELECT slug FROM boards WHERE (slug = $1 OR slug LIKE $1 || '-%') AND url <> $2",
        board.slug,
        board.url.as_str()
    )
    .fetch_all(tx)
    .await?;
    let numbered = (2..).map(|number: u64| format!("{}-{number}", board.slug));
    let mut slugs = std::iter::once(board.slug.to_owned()).chain(numbered);
    Ok(slugs.find(|slug| !taken.contains(slug)).unwrap_or_default())
}

/// Who wants to be told of a board, and by which number they know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    pub target: TargetId,
    pub number: i64,
}

/// Shows a board to an account from now on. `None` if it had it already; else the board's number.
pub async fn subscribe(
    tx: &mut PgConnection,
    account: AccountId,
    board: BoardId,
    target: TargetId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<i64>> {
    let number = sqlx::query_scalar!(
        "UPDATE accounts SET last_board_number = last_board_number + 1 WHERE id = $1
         RETURNING last_board_number",
        account.0
    )
    .fetch_one(&mut *tx)
    .await?;
    let done = sqlx::query!(
        "INSERT INTO board_subscriptions (account_id, board_id, since, number, target_id)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        account.0,
        board.0,
        now,
        number,
        target.0
    )
    .execute(&mut *tx)
    .await?;
    // Whoever had it alone may have just removed it.
    sqlx::query!(
        "UPDATE boards SET enabled = true
         WHERE id = $1 AND visibility = 'subscribed' AND NOT enabled AND stopped_at IS NULL",
        board.0
    )
    .execute(tx)
    .await?;
    Ok((done.rows_affected() == 1).then_some(number))
}

/// A board of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnBoard {
    pub id: BoardId,
    pub number: i64,
    pub name: String,
    pub url: String,
    /// Whether that only stands for its address.
    pub sealed: bool,
}

/// The boards that an account added, by number.
pub async fn of_account(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> sqlx::Result<Vec<OwnBoard>> {
    sqlx::query_as!(
        OwnBoard,
        r#"SELECT b.id, s.number, b.name, b.url, b.sealed_url IS NOT NULL AS "sealed!"
           FROM board_subscriptions s JOIN boards b ON b.id = s.board_id
           WHERE s.account_id = $1 ORDER BY s.number"#,
        account.0
    )
    .fetch_all(executor)
    .await
}

/// How many boards an account has that its plan has room for.
pub async fn count_on(executor: impl PgExecutor<'_>, account: AccountId) -> sqlx::Result<usize> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM board_subscriptions
           WHERE account_id = $1 AND NOT paused_by_plan"#,
        account.0
    )
    .fetch_one(executor)
    .await?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Takes a board from an account. Nobody asks a board that nobody has.
pub async fn unsubscribe(
    tx: &mut PgConnection,
    account: AccountId,
    board: BoardId,
) -> sqlx::Result<bool> {
    // Somebody may be adding it at this moment.
    sqlx::query!("SELECT id FROM boards WHERE id = $1 FOR UPDATE", board.0)
        .fetch_optional(&mut *tx)
        .await?;
    let done = sqlx::query!(
        "DELETE FROM board_subscriptions WHERE account_id = $1 AND board_id = $2",
        account.0,
        board.0
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE boards SET enabled = false, lease_id = NULL, lease_until = NULL
         WHERE id = $1 AND visibility = 'subscribed' AND NOT EXISTS (
               SELECT FROM board_subscriptions s WHERE s.board_id = $1 AND NOT s.paused_by_plan)",
        board.0
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Who is to be told of a board.
pub async fn owners(executor: impl PgExecutor<'_>, board: BoardId) -> sqlx::Result<Vec<Owner>> {
    sqlx::query_as!(
        Owner,
        r#"SELECT target_id AS "target!", number FROM board_subscriptions
           WHERE board_id = $1 AND target_id IS NOT NULL ORDER BY target_id"#,
        board.0
    )
    .fetch_all(executor)
    .await
}
