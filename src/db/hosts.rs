//! Hosts: whose turn it is to ask them, across replicas.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;
use url::Url;

/// Takes the next turn of an address's host for one more request; gives when it is.
pub async fn take_turn(
    executor: impl PgExecutor<'_>,
    url: &Url,
    now: DateTime<Utc>,
    gap: Duration,
) -> sqlx::Result<DateTime<Utc>> {
    let free_again = sqlx::query_scalar!(
        "INSERT INTO hosts AS h (host, ready_at) VALUES ($1, $2::timestamptz + make_interval(secs => $3))
         ON CONFLICT (host) DO UPDATE
             SET ready_at = GREATEST(h.ready_at, $2::timestamptz) + make_interval(secs => $3)
         RETURNING ready_at",
        host_of(url),
        now,
        gap.as_secs_f64()
    )
    .fetch_one(executor)
    .await?;
    Ok(TimeDelta::from_std(gap).map_or(free_again, |gap| free_again - gap))
}

/// Keeps everybody from a host that said how long it wants to be left alone.
pub async fn rest(
    executor: impl PgExecutor<'_>,
    url: &Url,
    until: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE hosts SET ready_at = GREATEST(ready_at, $2) WHERE host = $1",
        host_of(url),
        until
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Counts a request that the host itself did not answer; gives how many that are in a row.
pub async fn failed(executor: impl PgExecutor<'_>, url: &Url) -> sqlx::Result<u32> {
    let failures = sqlx::query_scalar!(
        "UPDATE hosts SET failures = failures + 1 WHERE host = $1 RETURNING failures",
        host_of(url)
    )
    .fetch_optional(executor)
    .await?;
    Ok(failures.map_or(0, |failures| u32::try_from(failures).unwrap_or(u32::MAX)))
}

/// Notes that hosts have answered.
pub async fn answered(executor: impl PgExecutor<'_>, hosts: &[String]) -> sqlx::Result<()> {
    sqlx::query!("UPDATE hosts SET failures = 0 WHERE host = ANY ($1) AND failures > 0", hosts)
        .execute(executor)
        .await?;
    Ok(())
}

/// Host and port, the unit of politeness.
pub fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
