//! Filters that have become quiet, and why.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::habits::Stored;
use crate::domain::account::AccountKind;
use crate::domain::habits::Habits;
use crate::domain::ids::{AccountId, BoardId, FilterId, TargetId};
use crate::domain::number::FilterNumber;

/// A filter that may have become quiet.
#[derive(Debug, Clone, PartialEq)]
pub struct QuietFilter {
    pub id: FilterId,
    pub account: AccountId,
    pub kind: AccountKind,
    pub target: TargetId,
    pub number: i64,
    pub name: String,
    pub query: String,
    pub habits: Habits,
    /// When it matched last, or began to.
    pub since: DateTime<Utc>,
    /// When its owner was last told that it is quiet.
    pub told_at: Option<DateTime<Utc>>,
}

impl QuietFilter {
    /// As its owner knows it.
    pub fn number(&self) -> FilterNumber {
        FilterNumber { of: self.kind, number: self.number }
    }
}

/// Filters that are to be looked at, with what they matched last.
pub async fn to_look_at(
    executor: impl PgExecutor<'_>,
    active_before: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<QuietFilter>> {
    let rows = sqlx::query!(
        r#"SELECT f.id, f.account_id, a.kind, f.target_id, f.number, f.name, f.query, f.cadence,
                  f.quiet_told_at, a.timezone, a.quiet, a.snoozed_until, a.delay_minutes,
                  GREATEST(f.active_from, last.matched_at) AS "since!"
           FROM filters f JOIN accounts a ON a.id = f.account_id
           CROSS JOIN LATERAL (
               SELECT max(o.matched_at) AS matched_at FROM owed_filters w
               JOIN owed o ON o.target_id = w.target_id AND o.opening_id = w.opening_id
               WHERE w.filter_id = f.id) last
           WHERE f.state = 'active' AND f.active_from <= $1
             AND (f.quiet_look_at IS NULL OR f.quiet_look_at <= $2)
           ORDER BY f.quiet_look_at NULLS FIRST, f.id LIMIT $3"#,
        active_before,
        now,
        limit
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            let (timezone, quiet) = (row.timezone.as_deref(), row.quiet.as_deref());
            let stored = Stored {
                timezone,
                quiet,
                snoozed_until: row.snoozed_until,
                delay_minutes: row.delay_minutes,
            };
            Ok(QuietFilter {
                id: FilterId(row.id),
                account: AccountId(row.account_id),
                kind: super::accounts::kind(row.account_id, &row.kind)?,
                target: TargetId(row.target_id),
                number: row.number,
                habits: stored.with(&row.cadence)?,
                name: row.name,
                query: row.query,
                since: row.since,
                told_at: row.quiet_told_at,
            })
        })
        .collect()
}

/// A board that fails, and that gave a quiet filter most of what it matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailingBoard {
    pub id: BoardId,
    pub name: String,
    pub failing_since: DateTime<Utc>,
    pub why: String,
    /// When it showed something new last.
    pub newest: DateTime<Utc>,
}

/// Filters that are quiet for longer than they ever were, or for `longest`, and whose board has failed for
/// `least`; of those whose owners were not told since they matched last.
pub async fn struck(
    executor: impl PgExecutor<'_>,
    least: TimeDelta,
    longest: TimeDelta,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(QuietFilter, FailingBoard)>> {
    let rows = sqlx::query_as!(
        StruckRow,
        r#"WITH failing AS MATERIALIZED (
               SELECT id, name, failing_since, last_error FROM boards WHERE failing_since <= $1),
           gave AS MATERIALIZED (
               SELECT w.filter_id, p.board_id, count(*) AS postings
               FROM failing b
               JOIN postings p ON p.board_id = b.id
                    AND p.first_seen_at > b.failing_since - interval '14 days'
               JOIN owed o ON o.posting_id = p.id
               JOIN owed_filters w ON w.target_id = o.target_id AND w.opening_id = o.opening_id
               GROUP BY w.filter_id, p.board_id)
           SELECT DISTINCT ON (f.id)
                  f.id, f.account_id, a.kind, f.target_id, f.number, f.name, f.query, f.cadence,
                  f.quiet_told_at, a.timezone, a.quiet, a.snoozed_until, a.delay_minutes,
                  past.matched_at AS "since!", b.id AS board_id, b.name AS board,
                  b.failing_since AS "failing_since!", b.last_error,
                  (SELECT max(p.first_seen_at) FROM postings p WHERE p.board_id = b.id) AS "newest!"
           FROM gave g
           JOIN failing b ON b.id = g.board_id
           JOIN filters f ON f.id = g.filter_id
           JOIN accounts a ON a.id = f.account_id
           CROSS JOIN LATERAL (
               SELECT max(matched_at) AS matched_at, max(rest) AS rest
               FROM (SELECT o.matched_at,
                            o.matched_at - lag(o.matched_at, 1, f.active_from)
                                               OVER (ORDER BY o.matched_at) AS rest
                     FROM owed_filters w
                     JOIN owed o ON o.target_id = w.target_id AND o.opening_id = w.opening_id
                     WHERE w.filter_id = f.id) matched) past
           WHERE f.state = 'active' AND past.matched_at >= f.active_from
             AND past.matched_at <= $1
             AND (past.matched_at < $2 OR $3 - past.matched_at > past.rest)
             AND (f.quiet_told_at IS NULL OR f.quiet_told_at < past.matched_at)
           ORDER BY f.id, g.postings DESC, b.id"#,
        now - least,
        now - longest,
        now
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(StruckRow::read).collect()
}

struct StruckRow {
    id: i64,
    account_id: i64,
    kind: String,
    target_id: i64,
    number: i64,
    name: String,
    query: String,
    cadence: String,
    quiet_told_at: Option<DateTime<Utc>>,
    timezone: Option<String>,
    quiet: Option<String>,
    snoozed_until: Option<DateTime<Utc>>,
    delay_minutes: i64,
    since: DateTime<Utc>,
    board_id: i64,
    board: String,
    failing_since: DateTime<Utc>,
    last_error: Option<String>,
    newest: DateTime<Utc>,
}

impl StruckRow {
    fn read(self) -> sqlx::Result<(QuietFilter, FailingBoard)> {
        let (timezone, quiet) = (self.timezone.as_deref(), self.quiet.as_deref());
        let stored = Stored {
            timezone,
            quiet,
            snoozed_until: self.snoozed_until,
            delay_minutes: self.delay_minutes,
        };
        let filter = QuietFilter {
            id: FilterId(self.id),
            account: AccountId(self.account_id),
            kind: super::accounts::kind(self.account_id, &self.kind)?,
            target: TargetId(self.target_id),
            number: self.number,
            habits: stored.with(&self.cadence)?,
            name: self.name,
            query: self.query,
            since: self.since,
            told_at: self.quiet_told_at,
        };
        let board = FailingBoard {
            id: BoardId(self.board_id),
            name: self.board,
            failing_since: self.failing_since,
            why: self.last_error.unwrap_or_default(),
            newest: self.newest,
        };
        Ok((filter, board))
    }
}

/// Looks at a filter again then.
pub async fn look_again(
    executor: impl PgExecutor<'_>,
    filter: FilterId,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE filters SET quiet_look_at = $2 WHERE id = $1", filter.0, at)
        .execute(executor)
        .await?;
    Ok(())
}

/// Notes that its owner is told. `false` if another replica was quicker, or it is not on any more.
pub async fn told(
    tx: &mut PgConnection,
    filter: &QuietFilter,
    look_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE filters SET quiet_told_at = $3, quiet_look_at = $4
         WHERE id = $1 AND state = 'active' AND quiet_told_at IS NOT DISTINCT FROM $2",
        filter.id.0,
        filter.told_at,
        now,
        look_at
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
