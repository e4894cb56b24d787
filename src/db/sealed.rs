//! Sealed texts that an older key wrote.

use sqlx::PgExecutor;

/// Rows that are looked at by one call.
const BATCH: i64 = 100;

/// A sealed text and its row. `owner` is what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    pub id: i64,
    pub owner: i64,
    pub sealed: Vec<u8>,
}

/// Asks for texts of some rows that do not begin with the newest key's mark, from a row on.
macro_rules! old {
    ($rows:literal, $executor:ident, $mark:ident, $after:ident) => {
        sqlx::query_as!(
            Old,
            r#"SELECT id AS "id!", owner AS "owner!", sealed AS "sealed!" FROM "#
                + $rows
                + r#" AS texts
               WHERE id > $2 AND substring(sealed FROM 1 FOR length($1::bytea)) <> $1
               ORDER BY id LIMIT $3"#,
            $mark,
            $after,
            BATCH
        )
        .fetch_all($executor)
        .await
    };
}

/// Sealed addresses.
pub async fn addresses(
    executor: impl PgExecutor<'_>,
    mark: &[u8],
    after: i64,
) -> sqlx::Result<Vec<Old>> {
    old!("(SELECT id, account_id AS owner, sealed FROM emails)", executor, mark, after)
}

/// Tokens of workspaces.
pub async fn tokens(
    executor: impl PgExecutor<'_>,
    mark: &[u8],
    after: i64,
) -> sqlx::Result<Vec<Old>> {
    old!("(SELECT id, id AS owner, sealed FROM slack_workspaces)", executor, mark, after)
}

/// Addresses of boards.
pub async fn boards(
    executor: impl PgExecutor<'_>,
    mark: &[u8],
    after: i64,
) -> sqlx::Result<Vec<Old>> {
    old!("(SELECT id, id AS owner, sealed_url AS sealed FROM boards)", executor, mark, after)
}

/// Puts the address of a board that was sealed anew in the place of what was read, with what stands for
/// it now, unless somebody has added it anew meanwhile.
pub async fn put_board(
    executor: impl PgExecutor<'_>,
    old: &Old,
    sealed: &[u8],
    url: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE boards b SET sealed_url = $3,
                url = CASE WHEN EXISTS (SELECT FROM boards o WHERE o.url = $4 AND o.id <> b.id)
                           THEN b.url ELSE $4 END
         WHERE b.id = $1 AND b.sealed_url = $2",
        old.id,
        old.sealed,
        sealed,
        url
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Puts an address that was sealed anew in the place of what was read, with its new digest, unless the
/// account has asked for the address anew meanwhile.
pub async fn put_address(
    executor: impl PgExecutor<'_>,
    old: &Old,
    sealed: &[u8],
    digest: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE emails e SET sealed = $3,
                digest = CASE WHEN EXISTS (
                    SELECT FROM emails o WHERE o.account_id = e.account_id AND o.digest = $4
                                           AND o.id <> e.id AND o.ended_at IS NULL)
                         THEN e.digest ELSE $4 END
         WHERE e.id = $1 AND e.sealed = $2",
        old.id,
        old.sealed,
        sealed,
        digest
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Puts a token that was sealed anew in the place of what was read.
pub async fn put_token(
    executor: impl PgExecutor<'_>,
    old: &Old,
    sealed: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE slack_workspaces SET sealed = $3 WHERE id = $1 AND sealed = $2",
        old.id,
        old.sealed,
        sealed
    )
    .execute(executor)
    .await?;
    Ok(())
}
