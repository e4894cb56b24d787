//! The postings of openings, as far as an account may see them.

use std::collections::BTreeMap;

use sqlx::PgExecutor;
use sqlx::types::Json;

use super::unreadable;
use crate::domain::board::BoardKind;
use crate::domain::opening::Showing;
use crate::domain::pay::Pay;
use crate::normalize::fingerprint::is_employers;

/// Postings of one opening that an account sees.
const MOST: i64 = 50;

/// What an account sees of one opening.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Grows with whatever changes on its cards.
    pub version: i64,
    /// By posting, oldest first.
    pub showings: BTreeMap<i64, Showing>,
}

/// An opening of which an account wants to see the postings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub account: i64,
    pub opening: i64,
    /// The posting of it that the account was told of: shown although its board may no longer be seen.
    pub told: i64,
}

/// By account and opening.
pub(super) async fn of(
    executor: impl PgExecutor<'_>,
    wanted: &[Wanted],
) -> sqlx::Result<BTreeMap<(i64, i64), Seen>> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let of = |part: fn(&Wanted) -> i64| wanted.iter().map(part).collect::<Vec<i64>>();
    let rows = sqlx::query!(
        r#"SELECT w.account_id AS "account!", o.id AS "opening!", o.version AS "version!",
                  p.id AS "posting!", p.board_id AS "board_id!", p.board AS "board!",
                  p.kind AS "kind!", p.host AS "host!", p.url, p.pay AS "pay: Json<Pay>",
                  p.reposts AS "reposts!", p.reposts_since,
                  COALESCE(p.posted_at, p.first_seen_at) AS "at!",
                  p.closed_at IS NOT NULL AS "closed!"
           FROM (SELECT account_id, opening_id, array_agg(posting_id) AS told
                 FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[])
                      AS w (account_id, opening_id, posting_id)
                 GROUP BY account_id, opening_id) w
           JOIN openings o ON o.id = w.opening_id
           CROSS JOIN LATERAL (
               SELECT p.*, b.name AS board, b.kind, b.host
               FROM postings p JOIN boards b ON b.id = p.board_id
               WHERE p.opening_id = o.id
                 AND (p.id = ANY (w.told) OR b.visibility = 'catalogue' OR EXISTS (
                      SELECT FROM board_subscriptions s
                      WHERE s.board_id = b.id AND s.account_id = w.account_id AND NOT s.paused_by_plan))
               -- What was told is always among them.
               ORDER BY p.id = ANY (w.told) DESC, p.id LIMIT $4) p"#,
        &of(|wanted| wanted.account),
        &of(|wanted| wanted.opening),
        &of(|wanted| wanted.told),
        MOST
    )
    .fetch_all(executor)
    .await?;
    let mut seen: BTreeMap<(i64, i64), Seen> = BTreeMap::new();
    for row in rows {
        let of = seen.entry((row.account, row.opening)).or_default();
        of.version = row.version;
        let kind: BoardKind =
            row.kind.parse().map_err(|why| unreadable("boards", row.board_id, why))?;
        let own_site = |url: &String| kind.shows_one_company() || is_employers(url, &row.host);
        of.showings.insert(
            row.posting,
            Showing {
                board: row.board,
                is_employers: row.url.as_ref().is_some_and(own_site),
                url: row.url,
                pay: row.pay.map(|pay| pay.0),
                at: row.at,
                reposts: usize::try_from(row.reposts).unwrap_or_default(),
                reposts_since: row.reposts_since,
                closed: row.closed,
            },
        );
    }
    Ok(seen)
}
