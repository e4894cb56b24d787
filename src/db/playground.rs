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
}

/// Adds a message and tells the account's open pages; a delivery that is there already adds nothing. The
/// account's row is locked, so that the ids of one account become visible in their order and a page
/// that has seen one has seen all before it.
pub async fn append(
    tx: &mut PgConnection,
    account: AccountId,
    html: &str,
    delivery: Option<DeliveryId>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account.0)
        .fetch_optional(&mut *tx)
        .await?;
    sqlx::query!(
        "INSERT INTO playground_messages (account_id, html, delivery_id, created_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT (delivery_id) DO NOTHING",
        account.0,
        html,
        delivery.map(|delivery| delivery.0),
        now
    )
    .execute(&mut *tx)
    .await?;
    wake(tx, Stage::Page(account)).await
}

/// The account's messages after one that its page has; of a long history only the newest.
pub async fn after(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    last: i64,
    limit: i64,
) -> sqlx::Result<Vec<PageMessage>> {
    sqlx::query_as!(
        PageMessage,
        r#"SELECT id AS "id!", html AS "html!" FROM (
               SELECT id, html FROM playground_messages
               WHERE account_id = $1 AND id > $2 ORDER BY id DESC LIMIT $3) newest
           ORDER BY id"#,
        account.0,
        last,
        limit
    )
    .fetch_all(executor)
    .await
}
