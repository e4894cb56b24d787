//! Postings that an older reader kept are read anew, and their openings found by what they say now.

use sqlx::PgConnection;

use super::candidates::Said;
use super::openings;
use crate::normalize::fingerprint::{Fingerprint, READER};

/// Postings that are looked at in one transaction.
const BATCH: i64 = 500;

/// Postings that are still to be looked at: those after `upto`, and none after `last`.
struct Left {
    upto: i64,
    last: i64,
}

/// Looks at some of the postings that were there when this reader came, or that processes of the version
/// before stored since; how many. None while another process does.
pub async fn some(tx: &mut PgConnection) -> sqlx::Result<usize> {
    let reader = i64::from(READER);
    sqlx::query!(
        "INSERT INTO rekeyed (reader, last) SELECT $1, COALESCE(max(id), 0) FROM postings
         ON CONFLICT DO NOTHING",
        reader
    )
    .execute(&mut *tx)
    .await?;
    let left = sqlx::query_as!(
        Left,
        "SELECT upto, last FROM rekeyed WHERE reader = $1 FOR UPDATE SKIP LOCKED",
        reader
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(mut left) = left else { return Ok(0) };
    if left.upto >= left.last {
        left = since(tx, reader, left).await?;
    }
    if left.upto >= left.last {
        return Ok(0);
    }
    let rows = sqlx::query!(
        "SELECT id, opening_id, title, company, location, url, sketch, print FROM postings
         WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3 FOR NO KEY UPDATE",
        left.upto,
        left.last,
        BATCH
    )
    .fetch_all(&mut *tx)
    .await?;
    let upto = rows.last().map_or(left.last, |row| row.id);
    let count = rows.len();
    let (mut ids, mut kept, mut shown): (Vec<i64>, Vec<String>, Vec<(Fingerprint, i64)>) =
        Default::default();
    for row in rows {
        let (company, location, url) = (row.company, row.location, row.url);
        let (sketch, print, at) = (row.sketch, row.print, None);
        let said = Said { title: row.title, company, location, url, at, sketch, print };
        if let Some(print) = said.read_anew() {
            ids.push(row.id);
            kept.push(print.kept());
            shown.push((print, row.opening_id));
        }
    }
    sqlx::query!(
        "UPDATE postings p SET print = n.print
         FROM UNNEST($1::bigint[], $2::text[]) AS n (id, print) WHERE p.id = n.id",
        &ids,
        &kept
    )
    .execute(&mut *tx)
    .await?;
    openings::add_keys(tx, shown.iter().map(|(print, opening)| (print, *opening))).await?;
    sqlx::query!("UPDATE rekeyed SET upto = $2 WHERE reader = $1", reader, upto)
        .execute(tx)
        .await?;
    Ok(count)
}

/// What is left of the postings that were stored since: those from the first on that an older reader kept. The
/// latest that were seen before are looked at again, since numbers become visible out of order.
async fn since(tx: &mut PgConnection, reader: i64, seen: Left) -> sqlx::Result<Left> {
    let new = sqlx::query!(
        r"SELECT max(id) AS last,
                 min(id) FILTER (WHERE COALESCE(substring(print FROM '^\[(\d+)')::bigint, 0) < $2)
                     AS first
          FROM postings WHERE id > $1",
        seen.last - BATCH,
        reader
    )
    .fetch_one(&mut *tx)
    .await?;
    let last = new.last.unwrap_or(seen.last).max(seen.last);
    let left = Left { upto: new.first.map_or(last, |first| first - 1), last };
    sqlx::query!(
        "UPDATE rekeyed SET upto = $2, last = $3 WHERE reader = $1",
        reader,
        left.upto,
        left.last
    )
    .execute(tx)
    .await?;
    Ok(left)
}
