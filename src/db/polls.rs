//! Polls: boards that are due are claimed in batches, and each poll settles once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{need_not_last, unreadable};
use crate::clock::add;
use crate::domain::board::{ClaimedBoard, Validators};
use crate::domain::ids::{BoardId, LeaseId};
use crate::domain::rules::Rules;

/// Polls of one host at a time, whoever makes them.
const PER_HOST: i64 = 2;

/// What the pace may be ahead: boards that came due while nobody claimed.
const BURST: Duration = Duration::from_secs(1);

/// Due boards that are looked at for each that is wanted: others may share its host.
const LOOK: i64 = 4;

/// How boards are claimed.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    pub now: DateTime<Utc>,
    /// How many are wanted.
    pub most: usize,
    /// How long a claim lasts that nobody renews.
    pub lease: Duration,
    /// Rest between two requests to one host.
    pub host_gap: Duration,
    /// Boards a second at the most, whichever they are; `None` for as many as can be.
    pub pace: Option<f64>,
}

/// A board that is due.
struct Due {
    id: i64,
    host: String,
}

/// Claims boards that are due, those that wait for longest first; no two of one host, and none
/// whose host is not to be asked now.
///
/// Whoever claims holds the row of the pace. The hosts' rows are what makes politeness hold against
/// those who ask without a claim.
pub async fn claim(tx: &mut PgConnection, claim: Claim) -> sqlx::Result<Vec<ClaimedBoard>> {
    need_not_last(tx).await?;
    let ready_at = sqlx::query_scalar!("SELECT ready_at FROM poll_pace FOR UPDATE")
        .fetch_one(&mut *tx)
        .await?;
    let from = ready_at.max(claim.now - BURST);
    let room = room(&claim, from);
    if room == 0 {
        return Ok(Vec::new());
    }
    let due = due(tx, &claim, room).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let free = take_hosts(tx, &claim, &due).await?;
    let chosen: Vec<Due> = due.into_iter().filter(|due| free.contains(&due.host)).collect();
    if let Some(pace) = claim.pace {
        let count = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
        let spent = Duration::from_secs_f64(f64::from(count) / pace);
        sqlx::query!("UPDATE poll_pace SET ready_at = $1", add(from, spent))
            .execute(&mut *tx)
            .await?;
    }
    lease(tx, &claim, &chosen).await
}

/// How many boards the pace leaves room for.
fn room(claim: &Claim, from: DateTime<Utc>) -> usize {
    let Some(pace) = claim.pace else { return claim.most };
    let since = (claim.now - from).to_std().unwrap_or_default().as_secs_f64();
    (1..=claim.most)
        .take_while(|count| u32::try_from(*count).is_ok_and(|n| f64::from(n) <= since * pace))
        .count()
}

async fn due(tx: &mut PgConnection, claim: &Claim, room: usize) -> sqlx::Result<Vec<Due>> {
    let room_i64 = i64::try_from(room).unwrap_or(i64::MAX / LOOK);
    let rows = sqlx::query!(
        "SELECT b.id, b.host
         FROM boards b LEFT JOIN hosts h ON h.host = b.host
         WHERE b.enabled AND b.next_poll_at <= $1
           AND (b.lease_until IS NULL OR b.lease_until <= $1)
           AND (h.ready_at IS NULL OR h.ready_at <= $1)
         ORDER BY b.next_poll_at, b.id LIMIT $2 FOR UPDATE OF b SKIP LOCKED",
        claim.now,
        room_i64.saturating_mul(LOOK)
    )
    .fetch_all(tx)
    .await?;
    let mut hosts = BTreeSet::new();
    let mut due = Vec::new();
    for row in rows {
        if due.len() < room && hosts.insert(row.host.clone()) {
            due.push(Due { id: row.id, host: row.host });
        }
    }
    Ok(due)
}

/// The hosts that may be asked: nobody was first, and there are not enough polls of them already.
async fn take_hosts(
    tx: &mut PgConnection,
    claim: &Claim,
    due: &[Due],
) -> sqlx::Result<BTreeSet<String>> {
    let mut hosts: Vec<String> = due.iter().map(|due| due.host.clone()).collect();
    hosts.sort_unstable();
    let taken: Vec<String> = sqlx::query_scalar!(
        "INSERT INTO hosts AS h (host, ready_at)
         SELECT host, $2 FROM UNNEST($1::text[]) AS t (host)
         ON CONFLICT (host) DO UPDATE SET ready_at = EXCLUDED.ready_at WHERE h.ready_at <= $3
         RETURNING host",
        &hosts,
        add(claim.now, claim.host_gap),
        claim.now
    )
    .fetch_all(&mut *tx)
    .await?;
    let busy = sqlx::query_scalar!(
        "SELECT host FROM boards
         WHERE lease_id IS NOT NULL AND lease_until > $2 AND host = ANY ($1)
         GROUP BY host HAVING count(*) >= $3",
        &taken,
        claim.now,
        PER_HOST
    )
    .fetch_all(tx)
    .await?;
    Ok(taken.into_iter().filter(|host| !busy.contains(host)).collect())
}

async fn lease(
    tx: &mut PgConnection,
    claim: &Claim,
    chosen: &[Due],
) -> sqlx::Result<Vec<ClaimedBoard>> {
    let lease = Uuid::new_v4();
    let ids: Vec<i64> = chosen.iter().map(|due| due.id).collect();
    let rows = sqlx::query!(
        r#"UPDATE boards SET lease_id = $3, lease_until = $2 WHERE id = ANY ($1)
           RETURNING id, slug, name, kind, rules AS "rules: Json<Rules>", url, sealed_url, visibility,
                     interval_seconds, etag, last_modified, failures, failing_since, unanswered_since,
                     empty_answers, delay_seconds, zone, shown, created_at,
                     last_new_at, first_read_at IS NOT NULL AS "polled_before!""#,
        &ids,
        add(claim.now, claim.lease),
        lease
    )
    .fetch_all(tx)
    .await?;
    let mut claimed = BTreeMap::new();
    for row in rows {
        let wrong = |why: String| unreadable("boards", row.id, why);
        let zone = row.zone.as_deref().map_or(Ok(Tz::UTC), str::parse);
        let board = ClaimedBoard {
            id: BoardId(row.id),
            lease: LeaseId(lease),
            kind: row.kind.parse().map_err(|error| wrong(format!("{error}")))?,
            rules: row.rules.map(|Json(rules)| rules),
            url: row.url.parse().map_err(|error| wrong(format!("{error}")))?,
            sealed_url: row.sealed_url,
            visibility: row.visibility.parse().map_err(wrong)?,
            interval: Duration::from_secs(row.interval_seconds.unsigned_abs()),
            validators: Validators { etag: row.etag, last_modified: row.last_modified },
            failures: u32::try_from(row.failures).unwrap_or(u32::MAX),
            failing_since: row.failing_since,
            unanswered_since: row.unanswered_since,
            empty_answers: u32::try_from(row.empty_answers).unwrap_or_default(),
            zone: zone.map_err(|error| wrong(format!("boards.zone: {error}")))?,
            delay: Duration::from_secs(row.delay_seconds.unsigned_abs()),
            shown: u32::try_from(row.shown).unwrap_or_default(),
            watched_since: row.created_at,
            last_new_at: row.last_new_at,
            polled_before: row.polled_before,
            slug: row.slug,
            name: row.name,
        };
        claimed.insert(board.id, board);
    }
    Ok(chosen.iter().filter_map(|due| claimed.remove(&BoardId(due.id))).collect())
}

/// Polls a second if every board is asked as often as it may be.
pub async fn demand(executor: impl PgExecutor<'_>) -> sqlx::Result<f64> {
    sqlx::query_scalar!(
        r#"SELECT COALESCE(sum(1.0 / interval_seconds), 0)::double precision AS "demand!"
           FROM boards WHERE enabled"#
    )
    .fetch_one(executor)
    .await
}

/// Notes that a response is about to be read, and gives how often the process died with it so far.
/// Whoever settles the poll takes the note back: one that is found when a poll begins with its `first`
/// response is of a poll that died. It is kept beside the new ones until a poll ends well, since the
/// response that kills may come behind others that do not.
pub async fn begin_reading(
    executor: impl PgExecutor<'_>,
    board: &ClaimedBoard,
    response: [u8; 32],
    first: bool,
) -> sqlx::Result<i64> {
    // The note is to outlive this process, not the server: its commit waits for no disk.
    let deaths = sqlx::query_scalar!(
        r#"WITH no_wait AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS it)
         UPDATE boards SET reading_hash = $3,
                           suspect_hash = CASE WHEN $4 THEN COALESCE(reading_hash, suspect_hash)
                                               ELSE suspect_hash END,
                           reading_deaths = CASE WHEN NOT $4 OR reading_hash IS NULL THEN reading_deaths
                                                 WHEN reading_hash = suspect_hash THEN reading_deaths + 1
                                                 ELSE 1 END
         WHERE id = $1 AND lease_id = $2 AND (SELECT it FROM no_wait) IS NOT NULL
         RETURNING CASE WHEN suspect_hash = $3 THEN reading_deaths ELSE 0 END AS "deaths!""#,
        board.id.0,
        board.lease.0,
        &response,
        first
    )
    .fetch_optional(executor)
    .await?;
    Ok(deaths.unwrap_or_default())
}

/// Lets a claim last until then. `false` if the board is settled, or somebody else's by now.
pub async fn renew(
    executor: impl PgExecutor<'_>,
    board: &ClaimedBoard,
    until: DateTime<Utc>,
) -> sqlx::Result<bool> {
    // What is lost with the server ends sooner.
    let renewed = sqlx::query!(
        "WITH no_wait AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS it)
         UPDATE boards SET lease_until = $3
         WHERE id = $1 AND lease_id = $2 AND (SELECT it FROM no_wait) IS NOT NULL",
        board.id.0,
        board.lease.0,
        until
    )
    .execute(executor)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Holds a claimed board to the end of the transaction. `false` if its lease was taken over
/// meanwhile: then nothing may be stored.
pub async fn hold(tx: &mut PgConnection, board: &ClaimedBoard) -> sqlx::Result<bool> {
    let ours = sqlx::query_scalar!(
        "SELECT id FROM boards WHERE id = $1 AND lease_id = $2 FOR NO KEY UPDATE",
        board.id.0,
        board.lease.0
    )
    .fetch_optional(tx)
    .await?;
    Ok(ours.is_some())
}
