//! What somebody made of a posting: saved, applied, dismissed.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::domain::ids::{AccountId, OpeningId};
use crate::domain::reply::Mark;

/// Notes it, in place of what was noted before, for the opening that a button names or the one that it
/// turned out to be. Only what the account was told of can be marked;
/// `false` if it was not.
pub async fn set(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    opening: OpeningId,
    mark: Mark,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO marks (account_id, opening_id, mark, marked_at)
         SELECT $1, COALESCE(n.merged_into, n.id), $3, $4 FROM openings n
         WHERE n.id = $2 AND EXISTS (
             SELECT FROM owed o JOIN targets t ON t.id = o.target_id
             WHERE t.account_id = $1 AND o.opening_id IN (n.id, n.merged_into))
         ON CONFLICT (account_id, opening_id)
         DO UPDATE SET mark = EXCLUDED.mark, marked_at = EXCLUDED.marked_at",
        account.0,
        opening.0,
        mark.as_str(),
        now
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
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
