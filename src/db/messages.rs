//! From what is owed to messages: which postings go together, and when.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::count;
use super::wake::{Stage, wake};
use crate::domain::ids::TargetId;
use crate::domain::message::Kind;
use crate::schedule::burst::{Burst, split};

/// Postings in one message; what is more goes with the next.
const MOST: i64 = 100;

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
        } else if !together.is_empty() {
            new.push(New { target, kind: Kind::Burst, openings: together.to_vec() });
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
    super::lanes::ready(tx, &targets, now).await?;
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

/// Makes one message of what waited for a target and is due: built once, since what it carries is linked
/// to it in the same transaction. What only removed filters wanted is dropped.
pub async fn gather(
    tx: &mut PgConnection,
    target: TargetId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    hold(tx, &BTreeSet::from([target.0])).await?;
    sqlx::query!(
        "DELETE FROM owed o WHERE target_id = $1 AND due_at <= $2 AND NOT EXISTS (
             SELECT FROM owed_filters w JOIN filters f ON f.id = w.filter_id
             WHERE w.target_id = o.target_id AND w.opening_id = o.opening_id
               AND f.state <> 'removed')",
        target.0,
        now
    )
    .execute(&mut *tx)
    .await?;
    let rows = sqlx::query!(
        r#"SELECT o.opening_id, EXISTS (
                  SELECT FROM owed_filters w JOIN filters f ON f.id = w.filter_id
                  WHERE w.target_id = o.target_id AND w.opening_id = o.opening_id
                    AND f.cadence <> 'instant') AS "digest!"
           FROM owed o WHERE o.target_id = $1 AND o.due_at <= $2
           ORDER BY o.due_at, o.opening_id LIMIT $3"#,
        target.0,
        now,
        MOST
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
