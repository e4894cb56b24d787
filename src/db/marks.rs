//! What somebody made of a posting: saved, applied, dismissed.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::count;
use crate::domain::ids::{AccountId, OpeningId};
use crate::domain::reply::Mark;

/// Notes it, in place of what was noted before, for the opening that a button names or the one that it
/// turned out to be. Only what one of `told` was told of can be marked; `false` if none was.
pub async fn set(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    told: [AccountId; 2],
    opening: OpeningId,
    (mark, now): (Mark, DateTime<Utc>),
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO marks AS m (account_id, opening_id, mark, marked_at)
         SELECT $1, COALESCE(n.merged_into, n.id), $3, $4 FROM openings n
         WHERE n.id = $2 AND EXISTS (
             SELECT FROM owed o JOIN targets t ON t.id = o.target_id
             WHERE t.account_id = ANY ($5) AND o.opening_id IN (n.id, n.merged_into))
         ON CONFLICT (account_id, opening_id)
         DO UPDATE SET mark = EXCLUDED.mark, marked_at = EXCLUDED.marked_at,
                       reason = CASE WHEN m.mark = EXCLUDED.mark THEN m.reason END",
        account.0,
        opening.0,
        mark.as_str(),
        now,
        &told.map(|account| account.0)
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Companies of what an account was told of last, the latest first.
pub async fn recent_companies(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    most: i64,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"SELECT r.company AS "company!"
           FROM (SELECT p.company, o.opening_id FROM owed o
                 JOIN targets t ON t.id = o.target_id
                 JOIN postings p ON p.id = o.posting_id
                 WHERE t.account_id = $1 AND length(p.company) <= 80
                 ORDER BY o.opening_id DESC LIMIT 200) r
           GROUP BY r.company ORDER BY max(r.opening_id) DESC LIMIT $2"#,
        account.0,
        most
    )
    .fetch_all(executor)
    .await
}

/// The company of a posting that an account marked.
pub async fn company(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    opening: OpeningId,
) -> sqlx::Result<Option<String>> {
    let found = sqlx::query_scalar!(
        "SELECT p.company FROM openings n
         JOIN marks m ON m.account_id = $1 AND m.opening_id = COALESCE(n.merged_into, n.id)
         JOIN owed o ON o.opening_id = m.opening_id
         JOIN targets t ON t.id = o.target_id
         JOIN postings p ON p.id = o.posting_id
         WHERE n.id = $2 AND p.company IS NOT NULL
         ORDER BY t.account_id = $1 DESC, p.id DESC LIMIT 1",
        account.0,
        opening.0
    )
    .fetch_optional(executor)
    .await?;
    Ok(found.flatten())
}

/// The company of a posting that one of `told` was told of.
pub async fn company_told(
    executor: impl PgExecutor<'_>,
    told: [AccountId; 2],
    opening: OpeningId,
) -> sqlx::Result<Option<String>> {
    let found = sqlx::query_scalar!(
        "SELECT p.company FROM openings n
         JOIN owed o ON o.opening_id IN (n.id, n.merged_into)
         JOIN targets t ON t.id = o.target_id
         JOIN postings p ON p.id = o.posting_id
         WHERE n.id = $2 AND t.account_id = ANY ($1) AND p.company IS NOT NULL
         ORDER BY p.id DESC LIMIT 1",
        &told.map(|account| account.0),
        opening.0
    )
    .fetch_optional(executor)
    .await?;
    Ok(found.flatten())
}

/// Takes it back.
pub async fn clear(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    opening: OpeningId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM marks m USING openings n
         WHERE m.account_id = $1 AND n.id = $2 AND m.opening_id IN (n.id, n.merged_into)",
        account.0,
        opening.0
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// A posting that somebody marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    pub title: String,
    pub company: Option<String>,
    pub url: Option<String>,
    pub closed: bool,
    /// The account's plan has no room for its board.
    pub paused: bool,
    pub marked_at: DateTime<Utc>,
}

/// What an account marked so, the latest first. Of an opening the posting that is open, or the newest one
/// that the account may see.
pub async fn list(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    mark: Mark,
    skipped: usize,
    limit: usize,
) -> sqlx::Result<Vec<Marked>> {
    sqlx::query_as!(
        Marked,
        r#"SELECT p.title, p.company, p.url, p.closed_at IS NOT NULL AS "closed!",
                  p.paused AS "paused!", m.marked_at
           FROM marks m CROSS JOIN LATERAL (
               SELECT p.title, p.company, p.url, p.closed_at,
                      b.visibility = 'subscribed' AND EXISTS (
                          SELECT FROM board_subscriptions s
                          WHERE s.board_id = b.id AND s.account_id = $1 AND s.paused_by_plan)
                          AS paused
               FROM postings p JOIN boards b ON b.id = p.board_id
               WHERE p.opening_id = m.opening_id
                 AND (b.visibility = 'catalogue' OR EXISTS (
                      SELECT FROM board_subscriptions s
                      WHERE s.board_id = b.id AND s.account_id = $1))
               ORDER BY p.closed_at DESC NULLS FIRST, p.id DESC LIMIT 1) p
           WHERE m.account_id = $1 AND m.mark = $2
           ORDER BY m.marked_at DESC, m.opening_id DESC OFFSET $3 LIMIT $4"#,
        account.0,
        mark.as_str(),
        count(skipped),
        count(limit)
    )
    .fetch_all(executor)
    .await
}
