//! Stored postings that an account may see: what a preview runs over.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use sqlx::types::Json;

use super::unreadable;
use crate::domain::ids::{AccountId, OpeningId, PostingId};
use crate::domain::pay::Pay;
use crate::domain::posting::{Identity, Posting};

/// A stored posting, with what its card needs beside it.
#[derive(Debug, Clone)]
pub struct SeenPosting {
    pub id: PostingId,
    pub opening: OpeningId,
    pub posting: Posting,
    pub board: String,
    pub attribution: Option<String>,
    pub first_seen_at: DateTime<Utc>,
}

impl SeenPosting {
    /// When it appeared: as its board says, or else when we saw it.
    pub fn appeared(&self) -> DateTime<Utc> {
        self.posting.posted_at.map_or(self.first_seen_at, |posted| posted.min(self.first_seen_at))
    }
}

/// Up to `limit` postings that the account may see and that appeared since `since`, newest first,
/// from below `before` on.
pub async fn page(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    since: DateTime<Utc>,
    before: PostingId,
    limit: i64,
) -> sqlx::Result<Vec<SeenPosting>> {
    let rows = sqlx::query!(
        r#"SELECT p.id, p.opening_id, b.slug, b.name AS board, b.attribution, p.identity, p.url,
                  p.title, p.company, p.location, p.remote, p.pay AS "pay: Json<Pay>", p.tags,
                  p.posted_at, p.body, p.first_seen_at
           FROM postings p JOIN boards b ON b.id = p.board_id
           WHERE p.id < $3 AND p.first_seen_at >= $2
             AND COALESCE(p.posted_at, p.first_seen_at) >= $2
             AND (b.visibility = 'catalogue' OR EXISTS (
                  SELECT FROM board_subscriptions s
                  WHERE s.board_id = b.id AND s.account_id = $1))
           ORDER BY p.id DESC LIMIT $4"#,
        account.0,
        since,
        before.0,
        limit
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            let remote = row.remote.map(|word| word.parse()).transpose();
            Ok(SeenPosting {
                id: PostingId(row.id),
                opening: OpeningId(row.opening_id),
                posting: Posting {
                    identity: Identity::new(vec![row.identity]),
                    board: Some(row.slug),
                    url: row.url,
                    title: row.title,
                    company: row.company,
                    location: row.location,
                    remote: remote.map_err(|why| unreadable("postings", row.id, why))?,
                    pay: row.pay.map(|pay| pay.0),
                    tags: row.tags,
                    posted_at: row.posted_at,
                    body: row.body,
                },
                board: row.board,
                attribution: row.attribution,
                first_seen_at: row.first_seen_at,
            })
        })
        .collect()
}
