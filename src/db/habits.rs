//! When people want to be told, and which companies never.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::{PgConnection, PgExecutor};

use super::{filters, messages};
use crate::domain::cadence::{Cadence, QuietHours};
use crate::domain::habits::Habits;
use crate::domain::ids::{AccountId, FilterId};
use crate::schedule::quiet_hours::due;

/// The columns of an account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored<'a> {
    pub timezone: Option<&'a str>,
    pub quiet: Option<&'a str>,
    pub snoozed_until: Option<DateTime<Utc>>,
    pub delay_minutes: i64,
}

impl Stored<'_> {
    /// With the cadence of a filter.
    pub fn with(self, cadence: &str) -> sqlx::Result<Habits> {
        let wrong = |why: String| sqlx::Error::Decode(why.into());
        let zone = self.timezone.map_or(Ok(Tz::UTC), str::parse);
        let quiet = self.quiet.map(str::parse::<QuietHours>).transpose();
        Ok(Habits {
            cadence: cadence.parse().map_err(|why| wrong(format!("filters.cadence: {why}")))?,
            zone: zone.map_err(|why| wrong(format!("accounts.timezone: {why}")))?,
            quiet: quiet.map_err(|why| wrong(format!("accounts.quiet: {why}")))?,
            snoozed_until: self.snoozed_until,
            delay: Duration::from_mins(u64::try_from(self.delay_minutes).unwrap_or(0)),
        })
    }
}

/// When an account is told what, whatever the filter.
pub async fn of_account(executor: impl PgExecutor<'_>, account: AccountId) -> sqlx::Result<Habits> {
    let row = sqlx::query!(
        "SELECT timezone, quiet, snoozed_until, delay_minutes FROM accounts WHERE id = $1",
        account.0
    )
    .fetch_one(executor)
    .await?;
    let (timezone, quiet) = (row.timezone.as_deref(), row.quiet.as_deref());
    let (snoozed_until, delay_minutes) = (row.snoozed_until, row.delay_minutes);
    Stored { timezone, quiet, snoozed_until, delay_minutes }.with("instant")
}

/// One change of when somebody is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    Cadence(FilterId, Cadence),
    Timezone(Tz),
    Quiet(Option<QuietHours>),
    Snooze(Option<DateTime<Utc>>),
    /// How much later than others their plan tells them.
    Delay(Duration),
}

/// Makes it, and moves what waits to its new time. Matching stands still meanwhile, so that nothing is
/// owed by the old habits afterwards. Returns how many postings wait.
pub async fn change(
    tx: &mut PgConnection,
    account: AccountId,
    change: Change,
    now: DateTime<Utc>,
) -> sqlx::Result<usize> {
    filters::keep_matching_out(tx).await?;
    match change {
        Change::Cadence(filter, cadence) => {
            sqlx::query!(
                "UPDATE filters SET cadence = $3 WHERE id = $2 AND account_id = $1",
                account.0,
                filter.0,
                cadence.to_string()
            )
            .execute(&mut *tx)
            .await?;
        }
        Change::Timezone(zone) => {
            sqlx::query!("UPDATE accounts SET timezone = $2 WHERE id = $1", account.0, zone.name())
                .execute(&mut *tx)
                .await?;
        }
        Change::Quiet(quiet) => {
            let quiet = quiet.map(|quiet| quiet.to_string());
            sqlx::query!("UPDATE accounts SET quiet = $2 WHERE id = $1", account.0, quiet)
                .execute(&mut *tx)
                .await?;
        }
        Change::Delay(delay) => {
            let minutes = i64::try_from(delay.as_secs() / 60).unwrap_or(i64::MAX).min(1_440);
            sqlx::query!(
                "UPDATE accounts SET delay_minutes = $2 WHERE id = $1",
                account.0,
                minutes
            )
            .execute(&mut *tx)
            .await?;
        }
        Change::Snooze(until) => {
            sqlx::query!("UPDATE accounts SET snoozed_until = $2 WHERE id = $1", account.0, until)
                .execute(&mut *tx)
                .await?;
        }
    }
    reschedule(tx, account, now).await
}

/// Takes over the time zone of somebody's profile, unless they said one themselves.
pub async fn adopt_zone(
    tx: &mut PgConnection,
    account: AccountId,
    zone: Tz,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    filters::keep_matching_out(tx).await?;
    let said = sqlx::query_scalar!(
        r#"SELECT timezone IS NOT NULL AS "said!" FROM accounts WHERE id = $1 FOR NO KEY UPDATE"#,
        account.0
    )
    .fetch_one(&mut *tx)
    .await?;
    if !said {
        change(tx, account, Change::Timezone(zone), now).await?;
    }
    Ok(())
}

/// Moves all that waits for an account to where its habits put it now.
async fn reschedule(
    tx: &mut PgConnection,
    account: AccountId,
    now: DateTime<Utc>,
) -> sqlx::Result<usize> {
    let targets = sqlx::query_scalar!("SELECT id FROM targets WHERE account_id = $1", account.0)
        .fetch_all(&mut *tx)
        .await?;
    messages::hold(tx, &targets.into_iter().collect()).await?;
    let rows = sqlx::query!(
        "SELECT o.target_id, o.opening_id, o.matched_at, f.cadence, a.timezone, a.quiet,
                a.snoozed_until, a.delay_minutes
         FROM owed o
         JOIN targets t ON t.id = o.target_id
         JOIN accounts a ON a.id = t.account_id
         JOIN owed_filters w ON w.target_id = o.target_id AND w.opening_id = o.opening_id
         JOIN filters f ON f.id = w.filter_id
         WHERE t.account_id = $1 AND o.due_at IS NOT NULL",
        account.0
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut waiting = std::collections::BTreeMap::new();
    for row in rows {
        let (timezone, quiet) = (row.timezone.as_deref(), row.quiet.as_deref());
        let (snoozed_until, delay_minutes) = (row.snoozed_until, row.delay_minutes);
        let stored = Stored { timezone, quiet, snoozed_until, delay_minutes };
        let due = due(&stored.with(&row.cadence)?, row.matched_at, now);
        let known = waiting.entry((row.target_id, row.opening_id)).or_insert(due);
        *known = due.min(*known);
    }
    let count = waiting.len();
    let (keys, due): (Vec<(i64, i64)>, Vec<DateTime<Utc>>) = waiting.into_iter().unzip();
    let (targets, openings): (Vec<i64>, Vec<i64>) = keys.into_iter().unzip();
    sqlx::query!(
        "UPDATE owed o SET due_at = n.due_at
         FROM UNNEST($1::bigint[], $2::bigint[], $3::timestamptz[])
              AS n (target_id, opening_id, due_at)
         WHERE o.target_id = n.target_id AND o.opening_id = n.opening_id AND o.due_at IS NOT NULL",
        &targets,
        &openings,
        &due
    )
    .execute(tx)
    .await?;
    Ok(count)
}

/// Tells an account no more of a company, as it is compared. `false` if it was muted before.
pub async fn mute(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    (key, company): (&str, &str),
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO mutes (account_id, company_key, company, muted_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        account.0,
        key,
        company,
        now
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Tells it again. `false` if it was not muted.
pub async fn unmute(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    key: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM mutes WHERE account_id = $1 AND company_key = $2",
        account.0,
        key
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The companies that an account is not told of, as they were written, and as they compare.
pub async fn muted(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> sqlx::Result<Vec<(String, String)>> {
    let rows = sqlx::query!(
        "SELECT company, company_key FROM mutes WHERE account_id = $1 ORDER BY company",
        account.0
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (row.company, row.company_key)).collect())
}
