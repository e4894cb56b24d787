//! A posting's row, read the same way wherever a whole posting is needed.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::unreadable;
use crate::domain::facts::Facts;
use crate::domain::ids::{OpeningId, PostingId};
use crate::domain::pay::Pay;
use crate::domain::posting::{Identity, Posting};

/// A stored posting, with what its card needs beside it.
#[derive(Debug, Clone)]
pub struct StoredPosting {
    pub id: PostingId,
    pub opening: OpeningId,
    pub posting: Posting,
    /// The board's name.
    pub board: String,
    pub attribution: Option<String>,
    pub first_seen_at: DateTime<Utc>,
}

impl StoredPosting {
    /// When it appeared: as its board says, or else when we saw it.
    pub fn appeared(&self) -> DateTime<Utc> {
        self.posting.posted_at.map_or(self.first_seen_at, |posted| posted.min(self.first_seen_at))
    }
}

/// Asks for whole postings, `p`, and their boards, `b`: what stands behind the columns, and its parameters.
macro_rules! posting_rows {
    ($from:literal $(, $parameter:expr)* $(,)?) => {
        sqlx::query_as!(
            crate::db::posting_row::PostingRow,
            r#"SELECT p.id, p.opening_id, b.slug, b.name AS board, b.attribution, p.identity, p.url,
                      p.title, p.company, p.location, p.remote,
                      p.pay AS "pay: sqlx::types::Json<crate::domain::pay::Pay>",
                      p.facts AS "facts: sqlx::types::Json<crate::domain::facts::Facts>", p.tags,
                      p.posted_at, p.closes_at, p.reposts, p.body, p.first_seen_at
               "# + $from,
            $($parameter),*
        )
    };
}

pub(super) use posting_rows;

/// The columns, as `query_as!` names them.
pub(super) struct PostingRow {
    pub id: i64,
    pub opening_id: i64,
    pub slug: String,
    pub board: String,
    pub attribution: Option<String>,
    pub identity: String,
    pub url: Option<String>,
    pub title: String,
    pub company: Option<String>,
    pub location: Option<String>,
    pub remote: Option<String>,
    pub pay: Option<Json<Pay>>,
    pub facts: Json<Facts>,
    pub tags: Vec<String>,
    pub posted_at: Option<DateTime<Utc>>,
    pub closes_at: Option<DateTime<Utc>>,
    pub reposts: i64,
    pub body: String,
    pub first_seen_at: DateTime<Utc>,
}

impl TryFrom<PostingRow> for StoredPosting {
    type Error = sqlx::Error;

    fn try_from(row: PostingRow) -> sqlx::Result<Self> {
        let remote = row.remote.map(|word| word.parse()).transpose();
        Ok(Self {
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
                facts: row.facts.0,
                tags: row.tags,
                posted_at: row.posted_at,
                closes_at: row.closes_at,
                reposts: u32::try_from(row.reposts).unwrap_or(u32::MAX),
                body: row.body,
            },
            board: row.board,
            attribution: row.attribution,
            first_seen_at: row.first_seen_at,
        })
    }
}
