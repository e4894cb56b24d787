//! Stored postings that an account may see: what a preview runs over.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

use super::posting_row::{PostingRow, StoredPosting, posting_rows};
use crate::domain::facts::Facts;
use crate::domain::ids::{AccountId, BoardId, PostingId};
use crate::domain::pay::Pay;
use crate::matching::Outline;

/// Where a page ended: when its oldest posting was first seen, and its id.
pub type Place = (DateTime<Utc>, PostingId);

/// Which postings are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub account: AccountId,
    /// Seen since; what appeared before `appeared` is left out.
    pub since: DateTime<Utc>,
    pub appeared: DateTime<Utc>,
    /// What they must have; anything without one.
    pub outline: Option<&'a Outline>,
}

/// Up to `limit` of the wanted postings, newest first, from below `before` on.
///
/// The search for words must go through their index: to walk all postings and take the words of each
/// apart is what the planner would do beside an order and a limit, with a span of time that it could
/// search by (hence the `+ interval`), or with words that it thinks common; it does not know how
/// long that takes.
pub async fn page(
    tx: &mut PgConnection,
    wanted: Wanted<'_>,
    before: Place,
    limit: i64,
) -> sqlx::Result<Vec<StoredPosting>> {
    sqlx::query!("SELECT set_config('enable_seqscan', 'off', true) AS off")
        .fetch_one(&mut *tx)
        .await?;
    let rows = sqlx::query_as!(
        PostingRow,
        r#"WITH may_match AS MATERIALIZED (
             SELECT id, first_seen_at FROM postings
             WHERE words @@ $6::text::tsquery
               AND first_seen_at + interval '0 s' BETWEEN $2 AND $3
             UNION ALL
             SELECT id, first_seen_at FROM postings
             WHERE words IS NULL AND first_seen_at BETWEEN $2 AND $3
             UNION ALL
             SELECT id, first_seen_at FROM postings
             WHERE $6::text IS NULL AND words IS NOT NULL
               AND first_seen_at BETWEEN $2 AND $3)
           SELECT p.id, p.opening_id, b.slug, b.name AS board, b.attribution, p.identity, p.url,
                  p.title, p.company, p.location, p.remote, p.pay AS "pay: Json<Pay>",
                  p.facts AS "facts: Json<Facts>", p.tags, p.posted_at, p.closes_at,
                  p.reposts, p.body, p.first_seen_at
           FROM (SELECT id FROM may_match m
                 WHERE (m.first_seen_at, m.id) < ($3, $4)) m
           JOIN postings p ON p.id = m.id JOIN boards b ON b.id = p.board_id
           WHERE COALESCE(p.posted_at, p.first_seen_at) >= $7
             AND (b.visibility = 'catalogue' OR EXISTS (
                  SELECT FROM board_subscriptions s
                  WHERE s.board_id = b.id AND s.account_id = $1 AND NOT s.paused_by_plan))
             AND NOT EXISTS (SELECT FROM mutes u
                             WHERE u.account_id = $1 AND u.company_key = p.company_key)
           ORDER BY p.first_seen_at DESC, p.id DESC LIMIT $5"#,
        wanted.account.0,
        wanted.since,
        before.0,
        before.1.0,
        limit,
        wanted.outline.map(search),
        wanted.appeared
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(StoredPosting::try_from).collect()
}

/// The newest posting that an account may see.
pub async fn newest(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    since: DateTime<Utc>,
) -> sqlx::Result<Option<PostingId>> {
    sqlx::query_scalar!(
        "SELECT p.id FROM postings p JOIN boards b ON b.id = p.board_id
         WHERE p.first_seen_at >= $2 AND COALESCE(p.posted_at, p.first_seen_at) >= $2
           AND (b.visibility = 'catalogue' OR EXISTS (
                SELECT FROM board_subscriptions s
                WHERE s.board_id = b.id AND s.account_id = $1 AND NOT s.paused_by_plan))
         ORDER BY p.first_seen_at DESC, p.id DESC LIMIT 1",
        account.0,
        since
    )
    .fetch_optional(executor)
    .await
    .map(|id| id.map(PostingId))
}

/// The newest postings of a board.
pub async fn newest_of(
    executor: impl PgExecutor<'_>,
    board: BoardId,
    limit: i64,
) -> sqlx::Result<Vec<StoredPosting>> {
    let rows = posting_rows!(
        "FROM postings p JOIN boards b ON b.id = p.board_id
         WHERE p.board_id = $1 ORDER BY p.first_seen_at DESC, p.id DESC LIMIT $2",
        board.0,
        limit
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(StoredPosting::try_from).collect()
}

/// How many postings an account may see that appeared and were seen since, and when the first of
/// them appeared.
pub async fn total(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    since: DateTime<Utc>,
) -> sqlx::Result<(usize, Option<DateTime<Utc>>)> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "count!", min(LEAST(p.posted_at, p.first_seen_at)) AS oldest
           FROM postings p JOIN boards b ON b.id = p.board_id
           WHERE p.first_seen_at >= $2 AND COALESCE(p.posted_at, p.first_seen_at) >= $2
             AND (b.visibility = 'catalogue' OR EXISTS (
                  SELECT FROM board_subscriptions s
                  WHERE s.board_id = b.id AND s.account_id = $1 AND NOT s.paused_by_plan))"#,
        account.0,
        since
    )
    .fetch_one(executor)
    .await?;
    Ok((usize::try_from(row.count).unwrap_or_default(), row.oldest))
}

/// An outline in the language of `tsquery`.
fn search(outline: &Outline) -> String {
    let quoted = |word: &str| format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"));
    let joined = |parts: &[Outline], sign: &str| {
        format!("({})", parts.iter().map(search).collect::<Vec<_>>().join(sign))
    };
    match outline {
        Outline::Word(word) => quoted(word),
        Outline::Prefix(begin) => format!("{}:*", quoted(begin)),
        Outline::All(parts) => joined(parts, " & "),
        Outline::Any(parts) => joined(parts, " | "),
    }
}
