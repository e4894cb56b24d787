//! From what is owed to messages: which postings go together, and when.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::count;
use super::lanes::{self, ClaimedLane};
use super::wake::{Stage, wake};
use crate::domain::filter::UNDO;
use crate::domain::ids::{DeliveryId, OpeningId, TargetId};
use crate::domain::message::Kind;
use crate::schedule::burst::{Burst, split};

/// Postings in one message before its platform divides it; what is more goes with the next.
pub(super) const MOST: usize = 1_000;

/// A message that is to be made.
struct New {
    target: i64,
    kind: Kind,
    openings: Vec<i64>,
}

/// Locks targets until the transaction ends, in the order of their ids, and says what each got in its
/// last minute. Not against foreign keys: two matchers that have both written rows of a target would
/// wait for each other.
pub(super) async fn hold(
    tx: &mut PgConnection,
    targets: &BTreeSet<i64>,
) -> sqlx::Result<BTreeMap<i64, Burst>> {
    let targets: Vec<i64> = targets.iter().copied().collect();
    let rows = sqlx::query!(
        "SELECT id, burst_since, burst_count FROM targets WHERE id = ANY ($1)
         ORDER BY id FOR NO KEY UPDATE",
        &targets
    )
    .fetch_all(tx)
    .await?;
    let burst = |since, count| Burst { since, count: usize::try_from(count).unwrap_or_default() };
    Ok(rows.into_iter().map(|row| (row.id, burst(row.burst_since, row.burst_count))).collect())
}

/// Makes messages of what became due, as `(target, opening)` in order; what is too much for one minute
/// waits for its end. Returns how many there are. The caller holds the targets.
pub(super) async fn queue_new(
    tx: &mut PgConnection,
    due: &[(i64, i64)],
    bursts: &BTreeMap<i64, Burst>,
    now: DateTime<Utc>,
) -> sqlx::Result<usize> {
    let mut by_target: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (target, opening) in due {
        by_target.entry(*target).or_default().push(*opening);
    }
    let (mut new, mut later, mut after) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (target, openings) in by_target {
        let burst = bursts.get(&target).copied().unwrap_or_default();
        let shares = split(burst, openings.len(), now);
        after.insert(target, shares.burst);
        let (alone, together) = openings.split_at_checked(shares.alone).unwrap_or_default();
        let alone = alone.iter().map(|one| New { target, kind: Kind::Cards, openings: vec![*one] });
        new.extend(alone);
        if shares.together_at > now {
            later.extend(together.iter().map(|one| (target, *one, shares.together_at)));
        } else {
            let burst = |some: &[i64]| New { target, kind: Kind::Burst, openings: some.to_vec() };
            new.extend(together.chunks(MOST).map(burst));
        }
    }
    wait(tx, &later).await?;
    note(tx, &after).await?;
    insert(tx, &new, now).await?;
    Ok(new.len())
}

/// Lets what is owed wait until then.
async fn wait(tx: &mut PgConnection, later: &[(i64, i64, DateTime<Utc>)]) -> sqlx::Result<()> {
    if later.is_empty() {
        return Ok(());
    }
    let targets: Vec<i64> = later.iter().map(|one| one.0).collect();
    let openings: Vec<i64> = later.iter().map(|one| one.1).collect();
    let due: Vec<DateTime<Utc>> = later.iter().map(|one| one.2).collect();
    sqlx::query!(
        "UPDATE owed o SET due_at = n.due_at
         FROM UNNEST($1::bigint[], $2::bigint[], $3::timestamptz[])
              AS n (target_id, opening_id, due_at)
         WHERE o.target_id = n.target_id AND o.opening_id = n.opening_id",
        &targets,
        &openings,
        &due
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn note(tx: &mut PgConnection, bursts: &BTreeMap<i64, Burst>) -> sqlx::Result<()> {
    let targets: Vec<i64> = bursts.keys().copied().collect();
    let since: Vec<Option<DateTime<Utc>>> = bursts.values().map(|burst| burst.since).collect();
    let counts: Vec<i64> = bursts.values().map(|burst| count(burst.count)).collect();
    sqlx::query!(
        "UPDATE targets t SET burst_since = n.since, burst_count = n.count
         FROM UNNEST($1::bigint[], $2::timestamptz[], $3::bigint[]) AS n (id, since, count)
         WHERE t.id = n.id",
        &targets,
        &since as _,
        &counts
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Makes messages in their order, links what they carry, and readies the lanes.
async fn insert(tx: &mut PgConnection, new: &[New], now: DateTime<Utc>) -> sqlx::Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let targets: Vec<i64> = new.iter().map(|new| new.target).collect();
    let kinds: Vec<String> = new.iter().map(|new| new.kind.as_str().to_owned()).collect();
    let mut ids = sqlx::query_scalar!(
        "INSERT INTO deliveries (target_id, state, due_at, created_at, kind)
         SELECT target_id, 'pending', $3, $3, kind
         FROM UNNEST($1::bigint[], $2::text[]) WITH ORDINALITY AS t (target_id, kind, place)
         ORDER BY place RETURNING id",
        &targets,
        &kinds,
        now
    )
    .fetch_all(&mut *tx)
    .await?;
    // Numbered in the order of the rows.
    ids.sort_unstable();
    let links: Vec<(i64, i64, i64)> = new
        .iter()
        .zip(ids)
        .flat_map(|(new, id)| new.openings.iter().map(move |opening| (new.target, *opening, id)))
        .collect();
    let of = |part: fn(&(i64, i64, i64)) -> i64| links.iter().map(part).collect::<Vec<i64>>();
    sqlx::query!(
        "UPDATE owed o SET delivery_id = n.delivery_id, due_at = NULL
         FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[])
              AS n (target_id, opening_id, delivery_id)
         WHERE o.target_id = n.target_id AND o.opening_id = n.opening_id",
        &of(|link| link.0),
        &of(|link| link.1),
        &of(|link| link.2)
    )
    .execute(&mut *tx)
    .await?;
    lanes::ready(tx, &targets, now).await?;
    wake(tx, Stage::Deliver).await
}

/// Targets for which something that waited is due, the longest waiting first.
pub async fn due_targets(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<TargetId>> {
    let ids = sqlx::query_scalar!(
        "SELECT target_id FROM owed WHERE due_at <= $1
         GROUP BY target_id ORDER BY min(due_at) LIMIT $2",
        now,
        limit
    )
    .fetch_all(executor)
    .await?;
    Ok(ids.into_iter().map(TargetId).collect())
}

/// Makes one message of what waited for a target and is due, the best matches first: built once, since what
/// it carries is linked to it in the same transaction. What only removed filters wanted is dropped when
/// nobody can bring them back any more, and what was muted since.
pub async fn gather(
    tx: &mut PgConnection,
    target: TargetId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    hold(tx, &BTreeSet::from([target.0])).await?;
    drop_unwanted(tx, target, now).await?;
    // As `schedule::rank` has it, as far as one board says it; that ranks what is shown.
    let rows = sqlx::query!(
        r#"SELECT o.opening_id, EXISTS (
                  SELECT FROM owed_filters w JOIN filters f ON f.id = w.filter_id
                  WHERE w.target_id = o.target_id AND w.opening_id = o.opening_id
                    AND f.cadence <> 'instant') AS "digest!"
           FROM owed o LEFT JOIN postings p ON p.id = o.posting_id
           WHERE o.target_id = $1 AND o.due_at <= $2
           ORDER BY (SELECT count(*) FROM owed_filters w
                     WHERE w.target_id = o.target_id AND w.opening_id = o.opening_id) DESC,
                    num_nonnulls(p.pay, p.company, p.url, COALESCE(p.location, p.remote)) DESC,
                    LEAST(p.posted_at, o.first_seen_at) DESC, o.opening_id
           LIMIT $3"#,
        target.0,
        now,
        count(MOST)
    )
    .fetch_all(&mut *tx)
    .await?;
    let kind = match rows.as_slice() {
        [] => return Ok(()),
        _ if rows.iter().any(|row| row.digest) => Kind::Digest,
        [_] => Kind::Cards,
        _ => Kind::Burst,
    };
    let openings: Vec<i64> = rows.iter().map(|row| row.opening_id).collect();
    let burst = Burst { since: Some(now), count: openings.len() };
    note(tx, &BTreeMap::from([(target.0, burst)])).await?;
    insert(tx, &[New { target: target.0, kind, openings }], now).await
}

/// Drops what waits and nobody wants any more.
async fn drop_unwanted(
    tx: &mut PgConnection,
    target: TargetId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM owed o USING targets t, postings p, mutes u
         WHERE o.target_id = $1 AND o.due_at <= $2 AND t.id = o.target_id AND p.id = o.posting_id
           AND u.account_id = t.account_id AND u.company_key = p.company_key",
        target.0,
        now
    )
    .execute(&mut *tx)
    .await?;
    // A filter that was removed a moment ago may be brought back, and with it what waits.
    sqlx::query!(
        "UPDATE owed o SET due_at = removed.at + $3
         FROM (SELECT w.opening_id, max(f.removed_at) AS at
               FROM owed_filters w JOIN filters f ON f.id = w.filter_id
               WHERE w.target_id = $1 GROUP BY w.opening_id
               HAVING bool_and(f.state = 'removed')) removed
         WHERE o.target_id = $1 AND o.due_at <= $2 AND o.opening_id = removed.opening_id
           AND removed.at + $3 > $2",
        target.0,
        now,
        UNDO as _
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "DELETE FROM owed o WHERE target_id = $1 AND due_at <= $2 AND NOT EXISTS (
             SELECT FROM owed_filters w JOIN filters f ON f.id = w.filter_id
             WHERE w.target_id = o.target_id AND w.opening_id = o.opening_id
               AND f.state <> 'removed')",
        target.0,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives what a message does not show to messages after it, in this order. Nothing happens where the lane is
/// no longer ours: then its new owner decides.
pub async fn divide(
    tx: &mut PgConnection,
    lane: &ClaimedLane,
    message: DeliveryId,
    parts: &[Vec<OpeningId>],
) -> sqlx::Result<()> {
    if lanes::lock_ours(tx, std::iter::once(lane)).await?.is_empty() {
        return Ok(());
    }
    let mut ids = sqlx::query_scalar!(
        "INSERT INTO deliveries (target_id, state, due_at, created_at, kind, instead_of, instead_why)
         SELECT target_id, 'pending', due_at, created_at, kind, instead_of, instead_why
         FROM deliveries, generate_series(1, $2::bigint) WHERE id = $1 RETURNING id",
        message.0,
        count(parts.len())
    )
    .fetch_all(&mut *tx)
    .await?;
    ids.sort_unstable();
    let links = parts.iter().zip(ids);
    let links = links.flat_map(|(part, id)| part.iter().map(move |opening| (opening.0, id)));
    let (openings, ids): (Vec<i64>, Vec<i64>) = links.unzip();
    sqlx::query!(
        "UPDATE owed o SET delivery_id = n.delivery_id
         FROM UNNEST($2::bigint[], $3::bigint[]) AS n (opening_id, delivery_id)
         WHERE o.delivery_id = $1 AND o.opening_id = n.opening_id",
        message.0,
        &openings,
        &ids
    )
    .execute(tx)
    .await?;
    Ok(())
}
