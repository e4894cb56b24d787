//! Why postings were dismissed, and what a filter could learn of it.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::count;
use super::posting_row::{StoredPosting, posting_rows};
use crate::domain::ids::{AccountId, FilterId, OpeningId};
use crate::domain::reply::Reason;

/// Reasons older than this say little about what somebody wants.
const AGE: TimeDelta = TimeDelta::days(90);

/// Postings that are looked at for a proposal, the latest.
const LOOKED_AT: i64 = 20;

/// Notes why an account dismissed an opening. `false`: it did not, or took it back.
pub async fn set(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    opening: OpeningId,
    reason: Reason,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE marks m SET reason = $3 FROM openings n
         WHERE m.account_id = $1 AND n.id = $2 AND m.opening_id = COALESCE(n.merged_into, n.id)
           AND m.mark = 'dismissed'",
        account.0,
        opening.0,
        reason.as_str()
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What an account dismissed for one reason though one of its filters had wanted it, and nothing was
/// proposed because of it yet: of the filters that wanted this opening, the one of which it dismissed most,
/// if that is at least `enough`.
pub async fn dismissed(
    tx: &mut PgConnection,
    account: AccountId,
    (opening, reason): (OpeningId, Reason),
    enough: usize,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<(FilterId, Vec<StoredPosting>)>> {
    let filter = sqlx::query_scalar!(
        r#"SELECT w.filter_id FROM marks m
           JOIN owed_filters w ON w.opening_id = m.opening_id
           JOIN filters f ON f.id = w.filter_id AND f.account_id = $1 AND f.state = 'active'
           WHERE m.account_id = $1 AND m.mark = 'dismissed' AND m.reason = $3
             AND m.proposed_at IS NULL AND m.marked_at > $4
             AND EXISTS (SELECT FROM owed_filters v JOIN openings n ON n.id = $2
                         WHERE v.filter_id = w.filter_id
                           AND v.opening_id = COALESCE(n.merged_into, n.id))
           GROUP BY w.filter_id HAVING count(DISTINCT m.opening_id) >= $5
           ORDER BY count(DISTINCT m.opening_id) DESC, w.filter_id LIMIT 1"#,
        account.0,
        opening.0,
        reason.as_str(),
        now - AGE,
        count(enough)
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(filter) = filter else { return Ok(None) };
    let rows = posting_rows!(
        "FROM marks m
         JOIN owed_filters w ON w.opening_id = m.opening_id AND w.filter_id = $2
         JOIN owed o ON o.target_id = w.target_id AND o.opening_id = w.opening_id
         JOIN postings p ON p.id = o.posting_id JOIN boards b ON b.id = p.board_id
         WHERE m.account_id = $1 AND m.mark = 'dismissed' AND m.reason = $3
           AND m.proposed_at IS NULL AND m.marked_at > $4
         ORDER BY m.marked_at DESC LIMIT $5",
        account.0,
        filter,
        reason.as_str(),
        now - AGE,
        LOOKED_AT
    )
    .fetch_all(tx)
    .await?;
    let postings: sqlx::Result<_> = rows.into_iter().map(StoredPosting::try_from).collect();
    Ok(Some((FilterId(filter), postings?)))
}

/// Notes that a change of a filter was proposed because of what was dismissed for a reason.
pub async fn proposed(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    filter: FilterId,
    reason: Reason,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE marks m SET proposed_at = $4
         WHERE m.account_id = $1 AND m.mark = 'dismissed' AND m.reason = $3
           AND m.proposed_at IS NULL
           AND EXISTS (SELECT FROM owed_filters w
                       WHERE w.opening_id = m.opening_id AND w.filter_id = $2)",
        account.0,
        filter.0,
        reason.as_str(),
        now
    )
    .execute(executor)
    .await?;
    Ok(())
}
