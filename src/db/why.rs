//! One posting by its address, and what its readers were told of it.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::posting_row::{StoredPosting, posting_rows};
use super::unreadable;
use crate::domain::ids::{AccountId, OpeningId, PostingId};
use crate::domain::plan::Plan;

/// The postings at an address that an account may see, newest first; a few of them.
pub async fn postings(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    url: &str,
) -> sqlx::Result<Vec<StoredPosting>> {
    let rows = posting_rows!(
        "FROM postings p JOIN boards b ON b.id = p.board_id
         WHERE p.url = $2
           AND (b.visibility = 'catalogue' OR EXISTS (
                SELECT FROM board_subscriptions s
                WHERE s.board_id = b.id AND s.account_id = $1))
         ORDER BY p.first_seen_at DESC, p.id DESC LIMIT 3",
        account.0,
        url
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(StoredPosting::try_from).collect()
}

/// The posting of an opening that an account's card shows, if it was told of it.
pub async fn card(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    opening: OpeningId,
) -> sqlx::Result<Option<StoredPosting>> {
    let row = posting_rows!(
        "FROM openings n
         JOIN owed o ON o.opening_id IN (n.id, n.merged_into)
         JOIN targets t ON t.id = o.target_id
         JOIN postings p ON p.id = o.posting_id
         JOIN boards b ON b.id = p.board_id
         WHERE t.account_id = $1 AND n.id = $2
         ORDER BY p.id DESC LIMIT 1",
        account.0,
        opening.0
    )
    .fetch_optional(executor)
    .await?;
    row.map(StoredPosting::try_from).transpose()
}

/// The account's plan, if it has no room for the board of a posting.
pub async fn paused_by(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    posting: PostingId,
) -> sqlx::Result<Option<Plan>> {
    let plan = sqlx::query_scalar!(
        "SELECT a.plan FROM postings p JOIN boards b ON b.id = p.board_id
         JOIN board_subscriptions s ON s.board_id = b.id JOIN accounts a ON a.id = s.account_id
         WHERE p.id = $2 AND s.account_id = $1 AND s.paused_by_plan
           AND b.visibility = 'subscribed'",
        account.0,
        posting.0
    )
    .fetch_optional(executor)
    .await?;
    let read = |plan: String| plan.parse().map_err(|why| unreadable("accounts", account.0, why));
    plan.map(read).transpose()
}

/// What became of an opening for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `owed`, `told` or `dead`.
    pub state: String,
    /// The posting that its message shows, and that one's board; `None` if it is no longer stored.
    pub posting: Option<i64>,
    pub board: Option<String>,
    /// When it gets a message, if it waits for one.
    pub due_at: Option<DateTime<Utc>>,
    /// When its message was settled.
    pub settled_at: Option<DateTime<Utc>>,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

/// What the account was told of an opening; what was told at first, if it has several targets.
pub async fn told(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    opening: OpeningId,
) -> sqlx::Result<Option<Told>> {
    sqlx::query_as!(
        Told,
        r#"SELECT o.state, o.posting_id AS "posting?", b.name AS "board?",
                  o.due_at, d.settled_at AS "settled_at?", d.last_error AS "last_error?"
           FROM owed o JOIN targets t ON t.id = o.target_id
           LEFT JOIN deliveries d ON d.id = o.delivery_id
           LEFT JOIN postings p ON p.id = o.posting_id LEFT JOIN boards b ON b.id = p.board_id
           WHERE t.account_id = $1 AND o.opening_id = $2
           ORDER BY d.settled_at NULLS LAST, o.target_id LIMIT 1"#,
        account.0,
        opening.0
    )
    .fetch_optional(executor)
    .await
}
