//! Targets that are gone, until they are back. Meanwhile what they do not take goes `elsewhere`.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::backlog::{self, Backlog};
use super::wake::{Stage, wake};
use super::{elsewhere, messages};
use crate::domain::ids::{AccountId, TargetId};
use crate::domain::target::Platform;

/// Lets one place rest that its platform says is gone.
pub async fn place_is_gone(
    executor: impl PgExecutor<'_>,
    platform: Platform,
    (address, why): (&str, &str),
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE targets SET broken_at = $4, broken_why = $3, ready_at = NULL
         WHERE platform = $1 AND address = $2 AND broken_at IS NULL",
        platform.as_str(),
        address,
        why,
        now
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Uses a place again that was gone for this reason.
pub async fn place_is_back(
    tx: &mut PgConnection,
    platform: Platform,
    (address, why): (&str, &str),
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let targets = sqlx::query_scalar!(
        "SELECT id FROM targets WHERE platform = $1 AND address = $2 AND broken_why = $3 ORDER BY id",
        platform.as_str(),
        address,
        why
    )
    .fetch_all(&mut *tx)
    .await?;
    for target in targets {
        mend(tx, TargetId(target), now).await?;
    }
    Ok(())
}

/// A target of an account that is gone: its platform, why, and how much waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub target: i64,
    pub platform: String,
    pub why: String,
    pub waiting: i64,
}

/// The account's targets that are gone.
pub async fn broken(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> sqlx::Result<Vec<Broken>> {
    sqlx::query_as!(
        Broken,
        r#"SELECT t.id AS target, t.platform, t.broken_why AS "why!",
                  (SELECT count(*) FROM deliveries d
                   WHERE d.target_id = t.id AND d.settled_at IS NULL) AS "waiting!"
           FROM targets t
           WHERE t.account_id = $1 AND t.broken_at IS NOT NULL
             -- An address that another took the place of troubles nobody.
             AND NOT (t.platform = 'email' AND EXISTS (
                      SELECT FROM emails e
                      WHERE e.account_id = $1 AND e.id::text <> t.address
                        AND e.verified_at IS NOT NULL AND e.ended_at IS NULL))
           ORDER BY t.id"#,
        account.0
    )
    .fetch_all(executor)
    .await
}

/// Whether a target rests because it is gone.
async fn is_broken(executor: impl PgExecutor<'_>, target: TargetId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT broken_at IS NOT NULL AS "broken!" FROM targets WHERE id = $1"#,
        target.0
    )
    .fetch_one(executor)
    .await
}

/// Uses a target again: somebody was heard from there. What waited comes as one digest.
pub async fn mend(
    tx: &mut PgConnection,
    target: TargetId,
    now: DateTime<Utc>,
) -> sqlx::Result<Backlog> {
    messages::hold(tx, &BTreeSet::from([target.0])).await?;
    if !is_broken(&mut *tx, target).await? {
        return Ok(Backlog::default());
    }
    elsewhere::release(tx, target.0, now).await?;
    let backlog = backlog::fold(tx, target.0, now).await?;
    sqlx::query!(
        "UPDATE targets SET broken_at = NULL, broken_why = NULL, failures = 0,
                failing_since = NULL,
                ready_at = CASE WHEN EXISTS (SELECT FROM deliveries d
                                             WHERE d.target_id = $1 AND d.settled_at IS NULL)
                                THEN $2::timestamptz END
         WHERE id = $1",
        target.0,
        now
    )
    .execute(&mut *tx)
    .await?;
    wake(tx, Stage::Deliver).await?;
    Ok(backlog)
}

/// A channel that is gone, and the filters of it that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    pub channel: TargetId,
    /// Where whoever made them is told.
    pub maker: TargetId,
    pub why: String,
    /// By number and name.
    pub filters: Vec<(i64, String)>,
}

/// Channels that are gone whose filters' makers were not told so since, and not within `rest`: as many as
/// `limit`, each with all of its makers, since they are told at once.
pub async fn untold(
    executor: impl PgExecutor<'_>,
    rest: TimeDelta,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Unreachable>> {
    let rows = sqlx::query!(
        r#"SELECT t.id AS channel, m.id AS maker, t.broken_why AS "why!",
                  array_agg(f.number ORDER BY f.number) AS "numbers!",
                  array_agg(f.name ORDER BY f.number) AS "names!"
           FROM (SELECT id, broken_why FROM targets t
                 WHERE broken_at IS NOT NULL
                   AND (makers_told_at IS NULL
                        OR (makers_told_at < broken_at AND makers_told_at < $1))
                   AND EXISTS (SELECT FROM filters f JOIN targets m ON m.id = f.made_from
                               WHERE f.target_id = t.id AND f.state = 'active'
                                 AND m.broken_at IS NULL AND m.id <> t.id)
                 ORDER BY id LIMIT $2) t
           JOIN filters f ON f.target_id = t.id AND f.state = 'active'
           JOIN targets m ON m.id = f.made_from AND m.broken_at IS NULL AND m.id <> t.id
           GROUP BY t.id, t.broken_why, m.id ORDER BY t.id, m.id"#,
        now - rest,
        limit
    )
    .fetch_all(executor)
    .await?;
    let read = rows.into_iter().map(|row| Unreachable {
        channel: TargetId(row.channel),
        maker: TargetId(row.maker),
        why: row.why,
        filters: row.numbers.into_iter().zip(row.names).collect(),
    });
    Ok(read.collect())
}

/// Notes that makers are told of a channel. `false` if another replica was quicker.
pub async fn told(
    tx: &mut PgConnection,
    channel: TargetId,
    rest: TimeDelta,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE targets SET makers_told_at = $2
         WHERE id = $1 AND broken_at IS NOT NULL
           AND (makers_told_at IS NULL OR (makers_told_at < broken_at AND makers_told_at < $3))",
        channel.0,
        now,
        now - rest
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
