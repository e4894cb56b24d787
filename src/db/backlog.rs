//! What waits for targets that are gone: one digest if they are used again within a week, and not told any
//! more if not.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::{elsewhere, messages};
use crate::domain::ids::AccountId;
use crate::domain::message::Kind;

/// What has waited longer is no news any more.
const IS_TOLD: TimeDelta = TimeDelta::days(7);

/// What has waited longer does not wait any more.
const WAITS: TimeDelta = TimeDelta::days(30);

/// Targets that are looked at by one call.
const BATCH: i64 = 20;

/// What became of a backlog, in postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    pub told: usize,
    pub too_old: usize,
}

/// Makes one digest of all cards that wait for a target; what is too old is dead. The caller holds the
/// target. What may have arrived stays a message of its own, since it is not simply sent again.
pub(super) async fn fold(
    tx: &mut PgConnection,
    target: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Backlog> {
    let too_old = expire(tx, target, now - IS_TOLD, now).await?;
    let rows = sqlx::query!(
        "SELECT d.id, o.target_id, o.opening_id
         FROM deliveries d JOIN owed o ON o.delivery_id = d.id
         LEFT JOIN postings p ON p.id = o.posting_id
         WHERE d.target_id = $1 AND d.settled_at IS NULL AND d.state = 'pending'
           AND d.doubt_since IS NULL
         ORDER BY (SELECT count(*) FROM owed_filters w
                   WHERE w.target_id = o.target_id AND w.opening_id = o.opening_id) DESC,
                  num_nonnulls(p.pay, p.company, p.url, COALESCE(p.location, p.remote)) DESC,
                  LEAST(p.posted_at, o.first_seen_at) DESC, o.opening_id",
        target
    )
    .fetch_all(&mut *tx)
    .await?;
    let old: BTreeSet<i64> = rows.iter().map(|row| row.id).collect();
    if old.len() > 1 {
        for share in rows.chunks(messages::MOST) {
            let (targets, openings): (Vec<i64>, Vec<i64>) =
                share.iter().map(|row| (row.target_id, row.opening_id)).unzip();
            digest(tx, target, (&targets, &openings), now).await?;
        }
        let old: Vec<i64> = old.into_iter().collect();
        sqlx::query!("DELETE FROM deliveries WHERE id = ANY ($1)", &old).execute(&mut *tx).await?;
    }
    Ok(Backlog { told: rows.len(), too_old })
}

/// One message of what is owed, by targets and openings of the ledger.
async fn digest(
    tx: &mut PgConnection,
    target: i64,
    (targets, openings): (&[i64], &[i64]),
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH made AS (
             INSERT INTO deliveries (target_id, state, due_at, created_at, kind)
             VALUES ($1, 'pending', $5, $5, $4) RETURNING id)
         UPDATE owed o SET delivery_id = made.id
         FROM made, UNNEST($2::bigint[], $3::bigint[]) AS n (target_id, opening_id)
         WHERE o.target_id = n.target_id AND o.opening_id = n.opening_id",
        target,
        targets,
        openings,
        Kind::Digest.as_str(),
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives up what was to be told before a time. Returns how many postings that is.
async fn expire(
    tx: &mut PgConnection,
    target: i64,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<usize> {
    sqlx::query!(
        "DELETE FROM deliveries WHERE target_id = $1 AND settled_at IS NULL AND edits IS NOT NULL
           AND state = 'pending' AND created_at < $2",
        target,
        before
    )
    .execute(&mut *tx)
    .await?;
    let expired = sqlx::query_scalar!(
        "UPDATE deliveries d
         SET state = 'dead', settled_at = $3, expired = true,
             last_error = COALESCE(t.broken_why, d.last_error)
         FROM targets t
         WHERE t.id = $1 AND d.target_id = $1 AND d.settled_at IS NULL AND d.state = 'pending'
           AND d.created_at < $2
         RETURNING d.id",
        target,
        before,
        now
    )
    .fetch_all(&mut *tx)
    .await?;
    let postings = sqlx::query!(
        "UPDATE owed SET state = 'dead' WHERE delivery_id = ANY ($1) AND state = 'owed'",
        &expired
    )
    .execute(tx)
    .await?;
    Ok(usize::try_from(postings.rows_affected()).unwrap_or(usize::MAX))
}

/// Gives up what has waited a month for targets that are still gone. Returns at how many it looked.
pub async fn sweep(tx: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let targets = sqlx::query_scalar!(
        "SELECT t.id FROM targets t
         WHERE t.broken_at IS NOT NULL AND EXISTS (
               SELECT FROM deliveries d
               WHERE d.target_id = t.id AND d.settled_at IS NULL AND d.created_at < $1
                 AND (d.state = 'pending' OR t.lease_until IS NULL OR t.lease_until <= $3))
         ORDER BY t.id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
        now - WAITS,
        BATCH,
        now
    )
    .fetch_all(&mut *tx)
    .await?;
    for target in &targets {
        elsewhere::release(tx, *target, now).await?;
        expire(tx, *target, now - WAITS, now).await?;
    }
    Ok(u64::try_from(targets.len()).unwrap_or(u64::MAX))
}

/// What an account was not told, and will not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTold {
    pub platform: String,
    pub why: String,
    /// It waited too long for a target that was gone; else it was given up.
    pub expired: bool,
    pub postings: i64,
}

/// What the account's targets did not take: given up within the last month, or too old by now.
pub async fn not_told(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<NotTold>> {
    sqlx::query_as!(
        NotTold,
        r#"SELECT platform AS "platform!", why AS "why!", expired AS "expired!",
                  count(*) AS "postings!"
           FROM (SELECT t.platform, COALESCE(d.last_error, '') AS why, d.id, d.expired
                 FROM targets t JOIN deliveries d ON d.target_id = t.id
                 WHERE t.account_id = $1 AND d.settled_at IS NOT NULL AND d.message_ref IS NULL
                   AND d.state = 'dead'
                 UNION ALL
                 SELECT t.platform, t.broken_why, d.id, true
                 FROM targets t JOIN deliveries d ON d.target_id = t.id
                 WHERE t.account_id = $1 AND t.broken_at IS NOT NULL AND d.settled_at IS NULL
                   AND d.state = 'pending' AND d.created_at < $2) gone
           JOIN owed o ON o.delivery_id = gone.id
           GROUP BY platform, why, expired ORDER BY platform, why, expired"#,
        account.0,
        now - IS_TOLD
    )
    .fetch_all(executor)
    .await
}
