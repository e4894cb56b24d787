//! Discord's gateway: who holds the connection, its session, and how often it began.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

/// A session that a new connection can go on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    /// The last event that was brought.
    pub seq: i64,
    /// Where it goes on.
    pub url: String,
}

/// Takes the connection of an app until `until`, if nobody holds it, and gives what session there was.
pub async fn take(
    executor: impl PgExecutor<'_>,
    app: &str,
    lease: Uuid,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<Option<Option<Session>>> {
    let taken = sqlx::query!(
        "INSERT INTO discord_gateway AS g (app_id, lease_id, lease_until, down_since)
         VALUES ($1, $2, $4, $3)
         ON CONFLICT (app_id) DO UPDATE
             SET lease_id = $2, lease_until = $4,
                 down_since = COALESCE(g.down_since, g.lease_until, $3)
             WHERE g.lease_until IS NULL OR g.lease_until <= $3
         RETURNING session_id, seq, resume_url",
        app,
        lease,
        now,
        until
    )
    .fetch_optional(executor)
    .await?;
    Ok(taken.map(|row| {
        let (id, seq, url) = (row.session_id?, row.seq?, row.resume_url?);
        Some(Session { id, seq, url })
    }))
}

/// Keeps the connection until `until`, or gives it back, and notes its session; `false` if somebody else
/// holds it.
pub async fn keep(
    executor: impl PgExecutor<'_>,
    (app, lease): (&str, Uuid),
    session: Option<&Session>,
    until: Option<DateTime<Utc>>,
) -> sqlx::Result<bool> {
    let kept = sqlx::query!(
        "UPDATE discord_gateway
         SET session_id = $3, seq = $4, resume_url = $5, lease_until = $6,
             lease_id = CASE WHEN $6::timestamptz IS NOT NULL THEN $2::uuid END
         WHERE app_id = $1 AND lease_id = $2",
        app,
        lease,
        session.map(|it| it.id.as_str()),
        session.map(|it| it.seq),
        session.map(|it| it.url.as_str()),
        until
    )
    .execute(executor)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Notes that whoever holds the connection has none now.
pub async fn note_down(
    executor: impl PgExecutor<'_>,
    (app, lease): (&str, Uuid),
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE discord_gateway SET down_since = COALESCE(down_since, $3)
         WHERE app_id = $1 AND lease_id = $2",
        app,
        lease,
        now
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Notes why Discord closed the gateway for good, or that it is open.
pub async fn note_end(
    executor: impl PgExecutor<'_>,
    app: &str,
    why: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE discord_gateway
         SET ended_why = $2, down_since = CASE WHEN $2::text IS NOT NULL THEN down_since END
         WHERE app_id = $1",
        app,
        why
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// When sessions were begun since, the latest first.
pub async fn identifies(
    executor: impl PgExecutor<'_>,
    app: &str,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "SELECT at FROM discord_identifies WHERE app_id = $1 AND at > $2 ORDER BY at DESC",
        app,
        since
    )
    .fetch_all(executor)
    .await
}

/// Notes that a session is about to be begun; `false` if somebody else holds the connection.
pub async fn identify(
    executor: impl PgExecutor<'_>,
    (app, lease): (&str, Uuid),
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let noted = sqlx::query!(
        "INSERT INTO discord_identifies (app_id, at)
         SELECT g.app_id, $3 FROM discord_gateway g
         WHERE g.app_id = $1 AND g.lease_id = $2 AND g.lease_until > $3
         FOR UPDATE",
        app,
        lease,
        now
    )
    .execute(executor)
    .await?;
    Ok(noted.rows_affected() == 1)
}
