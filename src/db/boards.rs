//! The boards of the catalogue.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use url::Url;

use super::hosts::host_of;
use crate::domain::board::BoardKind;
use crate::domain::ids::BoardId;
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
    /// How old a posting is before the board shows it to us.
    pub delay: Duration,
    pub attribution: Option<&'a str>,
    pub terms: Option<&'a Url>,
    /// Of its dates that state none.
    pub zone: Tz,
    /// Why it is off; `None` is on.
    pub off: Option<&'a str>,
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
                                  rules, off_why, delay_seconds, zone, terms)
         VALUES ($1, $2, $3, $4, $5, 'catalogue', $6::text IS NULL, $7, $8, $9, $9, $10, $6, $11,
                 $12, $13)
         ON CONFLICT (slug) DO UPDATE SET
             name = EXCLUDED.name, enabled = EXCLUDED.enabled, off_why = EXCLUDED.off_why,
             interval_seconds = EXCLUDED.interval_seconds, attribution = EXCLUDED.attribution,
             kind = EXCLUDED.kind, rules = EXCLUDED.rules, url = EXCLUDED.url, host = EXCLUDED.host,
             delay_seconds = EXCLUDED.delay_seconds, zone = EXCLUDED.zone, terms = EXCLUDED.terms,
             stopped_at = NULL
         RETURNING id",
        board.slug,
        board.name,
        board.kind.as_str(),
        board.url.as_str(),
        host_of(board.url),
        board.off,
        seconds(board.interval),
        board.attribution,
        now,
        board.rules.map(Json) as _,
        seconds(board.delay),
        board.zone.name(),
        board.terms.map(Url::as_str)
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

/// Whole seconds, as columns hold them.
pub(super) fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}
