//! Boards and their poll state.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use url::Url;
use uuid::Uuid;

use super::unreadable;
use crate::clock::add;
use crate::domain::board::{BoardKind, ClaimedBoard, Validators};
use crate::domain::ids::{BoardId, LeaseId};
use crate::domain::rules::Rules;

/// A board that was read within this time and then moves was watched all along.
const SAME_WATCH: TimeDelta = TimeDelta::hours(1);

/// A board of the catalogue, as it is to stand in the table.
#[derive(Debug, Clone)]
pub struct CatalogueBoard<'a> {
    pub slug: &'a str,
    pub name: &'a str,
    pub kind: BoardKind,
    /// For a web page.
    pub rules: Option<&'a Rules>,
    pub url: &'a Url,
    pub interval: Duration,
    pub attribution: Option<&'a str>,
    pub enabled: bool,
}

/// Writes a catalogue entry. Its poll state stays, unless its address, kind or rules changed: then
/// what it answered before says nothing, and what it shows first is its past again, but for what
/// was posted since it was last read.
pub async fn upsert(
    tx: &mut PgConnection,
    board: &CatalogueBoard<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<BoardId> {
    sqlx::query!(
        "UPDATE boards SET etag = NULL, last_modified = NULL, first_read_at = NULL,
                           next_poll_at = $5,
                           created_at = CASE WHEN last_polled_at > $6 THEN last_polled_at
                                             ELSE $5 END
         WHERE slug = $1 AND (url, kind, rules) IS DISTINCT FROM ($2, $3, $4)",
        board.slug,
        board.url.as_str(),
        board.kind.as_str(),
        board.rules.map(Json) as _,
        now,
        now - SAME_WATCH
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query_scalar!(
        "INSERT INTO boards AS b (slug, name, kind, url, host, visibility, enabled,
                                  interval_seconds, attribution, created_at, next_poll_at,
                                  rules)
         VALUES ($1, $2, $3, $4, $5, 'catalogue', $6, $7, $8, $9, $9, $10)
         ON CONFLICT (slug) DO UPDATE SET
             name = EXCLUDED.name, enabled = EXCLUDED.enabled,
             interval_seconds = EXCLUDED.interval_seconds, attribution = EXCLUDED.attribution,
             kind = EXCLUDED.kind, rules = EXCLUDED.rules, url = EXCLUDED.url, host = EXCLUDED.host
         RETURNING id",
        board.slug,
        board.name,
        board.kind.as_str(),
        board.url.as_str(),
        host_of(board.url),
        board.enabled,
        i64::try_from(board.interval.as_secs()).unwrap_or(i64::MAX),
        board.attribution,
        now,
        board.rules.map(Json) as _
    )
    .fetch_one(tx)
    .await
    .map(BoardId)
}

/// Turns off every catalogue board that is not among `slugs`: the catalogue no longer has it.
pub async fn disable_others(executor: impl PgExecutor<'_>, slugs: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE boards SET enabled = false
         WHERE visibility = 'catalogue' AND enabled AND slug <> ALL ($1)",
        slugs
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// How boards are claimed.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    pub now: DateTime<Utc>,
    pub lease: Duration,
    /// Rest between two requests to one host.
    pub host_gap: Duration,
}

/// Claims the board that is due for longest and whose host may be asked now.
///
/// The host's row is what makes politeness hold across replicas: whoever moves its time may ask.
pub async fn claim(tx: &mut PgConnection, claim: Claim) -> sqlx::Result<Option<ClaimedBoard>> {
    let due = sqlx::query!(
        "SELECT b.id, b.host FROM boards b LEFT JOIN hosts h ON h.host = b.host
         WHERE b.enabled AND b.next_poll_at <= $1
           AND (b.lease_until IS NULL OR b.lease_until <= $1)
           AND (h.ready_at IS NULL OR h.ready_at <= $1)
         ORDER BY b.next_poll_at, b.id LIMIT 1 FOR UPDATE OF b SKIP LOCKED",
        claim.now
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(due) = due else { return Ok(None) };
    let host_free = sqlx::query!(
        "INSERT INTO hosts AS h (host, ready_at) VALUES ($1, $2)
         ON CONFLICT (host) DO UPDATE SET ready_at = EXCLUDED.ready_at WHERE h.ready_at <= $3",
        due.host,
        add(claim.now, claim.host_gap),
        claim.now
    )
    .execute(&mut *tx)
    .await?;
    if host_free.rows_affected() == 0 {
        return Ok(None); // Another replica was first to ask this host.
    }
    let lease = Uuid::new_v4();
    let row = sqlx::query!(
        "UPDATE boards SET lease_id = $2, lease_until = $3 WHERE id = $1
         RETURNING slug, name, kind, rules AS \"rules: Json<Rules>\", url, visibility,
                   interval_seconds, etag, last_modified,
                   failures, shown, created_at, first_read_at IS NOT NULL AS \"polled_before!\"",
        due.id,
        lease,
        add(claim.now, claim.lease)
    )
    .fetch_one(&mut *tx)
    .await?;
    let wrong = |why: String| unreadable("boards", due.id, why);
    Ok(Some(ClaimedBoard {
        id: BoardId(due.id),
        lease: LeaseId(lease),
        kind: row.kind.parse().map_err(|error| wrong(format!("{error}")))?,
        rules: row.rules.map(|Json(rules)| rules),
        url: row.url.parse().map_err(|error| wrong(format!("{error}")))?,
        visibility: row.visibility.parse().map_err(wrong)?,
        interval: Duration::from_secs(row.interval_seconds.unsigned_abs()),
        validators: Validators { etag: row.etag, last_modified: row.last_modified },
        failures: u32::try_from(row.failures).unwrap_or(u32::MAX),
        shown: u32::try_from(row.shown).unwrap_or_default(),
        watched_since: row.created_at,
        polled_before: row.polled_before,
        slug: row.slug,
        name: row.name,
    }))
}

/// What is kept of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub validators: &'a Validators,
    /// How many postings it showed; `None` when nothing had changed.
    pub shown: Option<usize>,
}

/// Ends a poll that went well, inside the transaction that stores what it brought. `false` if the
/// lease was taken over meanwhile: then nothing may be stored.
pub async fn settle_read(
    tx: &mut PgConnection,
    board: &ClaimedBoard,
    answer: Answer<'_>,
    now: DateTime<Utc>,
    next_poll_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE boards SET lease_id = NULL, lease_until = NULL, failures = 0, last_error = NULL,
                           last_polled_at = $3, first_read_at = COALESCE(first_read_at, $3),
                           next_poll_at = $4, etag = $5, last_modified = $6,
                           shown = COALESCE($7, shown)
         WHERE id = $1 AND lease_id = $2",
        board.id.0,
        board.lease.0,
        now,
        next_poll_at,
        answer.validators.etag,
        answer.validators.last_modified,
        answer.shown.map(|shown| i64::try_from(shown).unwrap_or(i64::MAX))
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many postings a board has shown a day, over the last two weeks.
pub async fn usually(
    executor: impl PgExecutor<'_>,
    board: BoardId,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT count(*) / 14 AS "count!" FROM postings
           WHERE board_id = $1 AND COALESCE(posted_at, first_seen_at) > $2"#,
        board.0,
        now - TimeDelta::days(14)
    )
    .fetch_one(executor)
    .await
}

/// Ends a poll that failed.
pub async fn settle_failed(
    executor: impl PgExecutor<'_>,
    board: &ClaimedBoard,
    why: &str,
    now: DateTime<Utc>,
    next_poll_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE boards SET lease_id = NULL, lease_until = NULL, failures = failures + 1,
                           last_error = $3, last_polled_at = $4, next_poll_at = $5
         WHERE id = $1 AND lease_id = $2",
        board.id.0,
        board.lease.0,
        why,
        now,
        next_poll_at
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Takes the next turn of a board's host for one more request; gives when it is.
pub async fn take_turn(
    executor: impl PgExecutor<'_>,
    board: &ClaimedBoard,
    now: DateTime<Utc>,
    gap: Duration,
) -> sqlx::Result<DateTime<Utc>> {
    let free_again = sqlx::query_scalar!(
        "UPDATE hosts SET ready_at = GREATEST(ready_at, $2) + make_interval(secs => $3)
         WHERE host = $1 RETURNING ready_at",
        host_of(&board.url),
        now,
        gap.as_secs_f64()
    )
    .fetch_one(executor)
    .await?;
    Ok(TimeDelta::from_std(gap).map_or(free_again, |gap| free_again - gap))
}

/// Keeps everybody from a host that said how long it wants to be left alone.
pub async fn rest_host(
    executor: impl PgExecutor<'_>,
    board: &ClaimedBoard,
    until: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE hosts SET ready_at = GREATEST(ready_at, $2) WHERE host = $1",
        host_of(&board.url),
        until
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Host and port, the unit of politeness.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
