//! Pages that are read before there is a board: a note of each, which outlives a process that dies of it.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

/// Who reads for longer than this has died of it.
const AT_WORK: TimeDelta = TimeDelta::minutes(1);

/// What has not ended its reader in this time is taken not to: who dies of it later leaves no note.
const HARMLESS: TimeDelta = TimeDelta::seconds(30);

/// After this long a page may be another one.
const REMEMBERED: TimeDelta = TimeDelta::days(1);

/// What is known of a page that is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It is noted now.
    Yes,
    /// Another process is at it, or died of it just now.
    ByAnother,
    /// A process died of it.
    Deadly,
}

/// Notes that a page is about to be read. What this process noted before has not ended it.
pub async fn begin(
    executor: impl PgExecutor<'_>,
    address: &[u8],
    reader: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Begun> {
    let note = sqlx::query!(
        r#"INSERT INTO first_readings AS r (address, reader, begun_at) VALUES ($1, $2, $3)
         ON CONFLICT (address) DO UPDATE
             SET reader = CASE WHEN r.reader = $2 OR r.begun_at < $4 THEN $2 ELSE r.reader END,
                 begun_at = CASE WHEN r.reader = $2 OR r.begun_at < $4 THEN $3 ELSE r.begun_at END
         RETURNING reader = $2 AS "ours!", begun_at"#,
        address,
        reader,
        now,
        now - REMEMBERED
    )
    .fetch_one(executor)
    .await?;
    Ok(if note.ours {
        Begun::Yes
    } else if now - note.begun_at < AT_WORK {
        Begun::ByAnother
    } else {
        Begun::Deadly
    })
}

/// Takes back notes of pages that were read, and did no harm.
pub async fn end(
    executor: impl PgExecutor<'_>,
    addresses: &[Vec<u8>],
    reader: Uuid,
) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM first_readings WHERE address = ANY ($1) AND reader = $2",
        addresses,
        reader
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Takes back what a process noted a while ago, as it is alive.
pub async fn outlived(
    executor: impl PgExecutor<'_>,
    reader: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM first_readings WHERE reader = $1 AND begun_at < $2",
        reader,
        now - HARMLESS
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Removes the notes that nobody heeds any more.
pub async fn sweep(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let old = now - REMEMBERED;
    let done = sqlx::query!("DELETE FROM first_readings WHERE begun_at < $1", old)
        .execute(executor)
        .await?;
    Ok(done.rows_affected())
}
