//! The chat page's messages.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::wake::{Stage, wake};
use crate::domain::ids::{AccountId, DeliveryId};

/// A message as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageMessage {
    pub id: i64,
    pub html: String,
    /// A page that has seen this has seen all changes up to it; `None` if it has not.
    pub change: Option<i64>,
}

/// Adds a message and tells the account's open pages; the message of a delivery that is there already
/// is brought up to date. The account's row is locked, so that the changes of one account become visible in their order and a page
/// that has seen one has seen all before it.
pub async fn append(
    tx: &mut PgConnection,
    account: AccountId,
    html: &str,
    delivery: Option<DeliveryId>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    in_order(tx, account).await?;
    sqlx::query!(
        "INSERT INTO playground_messages (account_id, html, delivery_id, created_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT (delivery_id) DO UPDATE
             SET html = EXCLUDED.html, change = nextval('playground_changes')
             WHERE playground_messages.html <> EXCLUDED.html",
        account.0,
        html,
        delivery.map(|delivery| delivery.0),
        now
    )
    .execute(&mut *tx)
    .await?;
    wake(tx, Stage::Page(account)).await
}

/// Makes the message of a delivery show something else, and tells the account's open pages. `false` if
/// there is none any more.
pub async fn edit(
    tx: &mut PgConnection,
    account: AccountId,
    delivery: DeliveryId,
    html: &str,
) -> sqlx::Result<bool> {
    in_order(tx, account).await?;
    let done = sqlx::query!(
        "UPDATE playground_messages SET html = $3, change = nextval('playground_changes')
         WHERE account_id = $1 AND delivery_id = $2",
        account.0,
        delivery.0,
        html
    )
    .execute(&mut *tx)
    .await?;
    wake(tx, Stage::Page(account)).await?;
    Ok(done.rows_affected() == 1)
}

async fn in_order(tx: &mut PgConnection, account: AccountId) -> sqlx::Result<()> {
    sqlx::query!("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account.0)
        .fetch_optional(tx)
        .await?;
    Ok(())
}

/// The account's messages in their order; of a long history only the newest.
pub async fn history(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    limit: i64,
) -> sqlx::Result<Vec<PageMessage>> {
    // Only with the last one the page has seen all changes.
    sqlx::query_as!(
        PageMessage,
        r#"SELECT id AS "id!", html AS "html!",
                  CASE WHEN id = max(id) OVER () THEN max(change) OVER () END AS change
           FROM (SELECT id, html, change FROM playground_messages
                 WHERE account_id = $1 ORDER BY id DESC LIMIT $2) newest
           ORDER BY id"#,
        account.0,
        limit
    )
    .fetch_all(executor)
    .await
}

/// The account's messages that came or changed after the last change that its page has seen, in their
/// order; of many only the newest.
pub async fn after(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    last: i64,
    limit: i64,
) -> sqlx::Result<Vec<PageMessage>> {
    sqlx::query_as!(
        PageMessage,
        r#"SELECT id AS "id!", html AS "html!",
                  CASE WHEN id = max(id) OVER () THEN max(change) OVER () END AS change
           FROM (SELECT id, html, change FROM playground_messages
                 WHERE account_id = $1 AND change > $2 ORDER BY change DESC LIMIT $3) newest
           ORDER BY id"#,
        account.0,
        last,
        limit
    )
    .fetch_all(executor)
    .await
}
