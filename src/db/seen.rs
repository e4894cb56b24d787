//! Stored postings that an account may see: what a preview runs over.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use sqlx::types::Json;

use super::posting_row::{PostingRow, StoredPosting};
use crate::domain::ids::{AccountId, PostingId};
use crate::domain::pay::Pay;

/// Where a page ended: when its oldest posting was first seen, and its id.
pub type Place = (DateTime<Utc>, PostingId);

/// Up to `limit` postings that the account may see and that appeared since `since`, newest first,
/// from below `before` on.
pub async fn page(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    since: DateTime<Utc>,
    before: Place,
    limit: i64,
) -> sqlx::Result<Vec<StoredPosting>> {
    let rows = sqlx::query_as!(
        PostingRow,
        r#"SELECT p.id, p.opening_id, b.slug, b.name AS board, b.attribution, p.identity, p.url,
                  p.title, p.company, p.location, p.remote, p.pay AS "pay: Json<Pay>", p.tags,
                  p.posted_at, p.body, p.first_seen_at
           FROM postings p JOIN boards b ON b.id = p.board_id
           WHERE (p.first_seen_at, p.id) < ($3, $4) AND p.first_seen_at >= $2
             AND COALESCE(p.posted_at, p.first_seen_at) >= $2
             AND (b.visibility = 'catalogue' OR EXISTS (
                  SELECT FROM board_subscriptions s
                  WHERE s.board_id = b.id AND s.account_id = $1))
           ORDER BY p.first_seen_at DESC, p.id DESC LIMIT $5"#,
        account.0,
        since,
        before.0,
        before.1.0,
        limit
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(StoredPosting::try_from).collect()
}
