//! Addresses that are not written to, whoever enters them; and mails that were taken and came back.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::messages;
use crate::domain::ids::DeliveryId;

/// Why an address is not written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It did not exist. Whoever says yes by a mail that arrived has it by now.
    Bounce,
    /// Its owner complained. No yes undoes that.
    Complaint,
}

impl Cause {
    fn as_str(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
        }
    }
}

/// Writes to an address no more.
pub async fn suppress(
    executor: impl PgExecutor<'_>,
    digest: &[u8],
    (cause, why): (Cause, &str),
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO suppressed AS s (digest, why, suppressed_at, cause)
         VALUES ($1, left($2, 500), $3, $4)
         ON CONFLICT (digest) DO UPDATE SET why = EXCLUDED.why, cause = EXCLUDED.cause
             WHERE s.is_bounce",
        digest,
        why,
        now,
        cause.as_str()
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Why an address is not written to, if it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    pub why: String,
    /// Whether it may be asked for its yes.
    pub may_be_asked: bool,
}

/// Looks an address up.
pub async fn find(
    executor: impl PgExecutor<'_>,
    digests: &[Vec<u8>],
) -> sqlx::Result<Option<Suppressed>> {
    sqlx::query_as!(
        Suppressed,
        r#"SELECT why, is_bounce AS "may_be_asked!" FROM suppressed
           WHERE digest = ANY ($1) ORDER BY is_bounce LIMIT 1"#,
        digests
    )
    .fetch_optional(executor)
    .await
}

/// Writes to an address again that said yes: what came back before is forgotten, a complaint is not.
pub async fn lift(executor: impl PgExecutor<'_>, digests: &[Vec<u8>]) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM suppressed WHERE digest = ANY ($1) AND is_bounce", digests)
        .execute(executor)
        .await?;
    Ok(())
}

/// A mail of ours to one of these addresses was taken and came back: what it carried was not told, and another
/// place may take it.
pub async fn came_back(
    tx: &mut PgConnection,
    mail: DeliveryId,
    digests: &[Vec<u8>],
    why: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let target = sqlx::query_scalar!(
        "SELECT t.id FROM deliveries d JOIN targets t ON t.id = d.target_id
         JOIN emails e ON e.id::text = t.address
         WHERE d.id = $1 AND d.state = 'sent' AND t.platform = 'email' AND e.digest = ANY ($2)",
        mail.0,
        digests
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(target) = target else { return Ok(()) };
    messages::hold(tx, &BTreeSet::from([target])).await?;
    let back = sqlx::query!(
        "UPDATE deliveries
         SET state = 'dead', message_ref = NULL, refused = true, last_error = left($2, 500),
             settled_at = $3
         WHERE id = $1 AND state = 'sent'",
        mail.0,
        why,
        now
    )
    .execute(&mut *tx)
    .await?;
    if back.rows_affected() > 0 {
        sqlx::query!(
            "UPDATE owed SET state = 'dead' WHERE delivery_id = $1 AND state = 'told'",
            mail.0
        )
        .execute(tx)
        .await?;
    }
    Ok(())
}
