//! Workspaces of Slack, their tokens, installations that were begun, and what was heard already.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::broken_targets;
use crate::domain::ids::TargetId;
use crate::secrets::Cell;

/// How long a browser may take to come back from Slack.
const INSTALL: TimeDelta = TimeDelta::minutes(10);

/// Who does not come to an end in this time ended before; Slack tells it again after a minute.
const AT_WORK: TimeDelta = TimeDelta::seconds(20);

/// Rows removed by one call at the most.
const BATCH: i64 = 1_000;

/// A workspace that installed the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    pub id: i64,
    pub name: String,
    pub bot_user: String,
    pub sealed: Option<Vec<u8>>,
    pub installed_at: DateTime<Utc>,
    /// When there was another installation before this one.
    pub replaced_at: Option<DateTime<Utc>>,
    /// When the app was removed, if it is not there any more.
    pub removed_at: Option<DateTime<Utc>>,
}

impl Workspace {
    /// Whether a removal that Slack tells of, in whole seconds, must be of this installation. Of the first
    /// one it is, whatever time it says.
    pub fn is_ended_by(&self, removal: DateTime<Utc>) -> bool {
        self.replaced_at.is_none() || removal > self.installed_at
    }
}

/// What Slack says of an installation.
#[derive(Debug, Clone, Copy)]
pub struct Installed<'a> {
    pub team: &'a str,
    pub name: &'a str,
    pub bot_user: &'a str,
    pub scopes: &'a str,
}

/// Where a workspace's token is kept.
pub fn cell(workspace: i64) -> Cell {
    Cell { table: "slack_workspaces", column: "sealed", owner: workspace }
}

/// A workspace by Slack's id of it.
pub async fn workspace(
    executor: impl PgExecutor<'_>,
    team: &str,
) -> sqlx::Result<Option<Workspace>> {
    sqlx::query_as!(
        Workspace,
        "SELECT id, name, bot_user, sealed, installed_at, replaced_at, removed_at
         FROM slack_workspaces WHERE team = $1",
        team
    )
    .fetch_optional(executor)
    .await
}

/// Notes an installation, the first or one more, without its token, which is sealed for the row that this
/// returns. What waited for the workspace is sent again.
pub async fn install(
    tx: &mut PgConnection,
    installed: Installed<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    let Installed { team, name, bot_user, scopes } = installed;
    let id = sqlx::query_scalar!(
        "INSERT INTO slack_workspaces (team, name, bot_user, scopes, installed_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (team) DO UPDATE
             SET name = EXCLUDED.name, bot_user = EXCLUDED.bot_user, scopes = EXCLUDED.scopes,
                 sealed = NULL, installed_at = EXCLUDED.installed_at, removed_at = NULL,
                 replaced_at = EXCLUDED.installed_at
         RETURNING id",
        team,
        name,
        bot_user,
        scopes,
        now
    )
    .fetch_one(&mut *tx)
    .await?;
    back(tx, team, None, now).await?;
    Ok(id)
}

/// Uses a workspace's targets again that were gone, if that was for one of these reasons: it is served. What
/// waited comes as one digest each.
pub async fn back(
    tx: &mut PgConnection,
    team: &str,
    whys: Option<&[String]>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE slack_workspaces SET removed_at = NULL WHERE team = $1", team)
        .execute(&mut *tx)
        .await?;
    let gone = sqlx::query_scalar!(
        "SELECT id FROM targets
         WHERE platform = 'slack' AND split_part(address, '/', 1) = $1 AND broken_at IS NOT NULL
           AND ($2::text[] IS NULL OR broken_why = ANY ($2))
         ORDER BY id",
        team,
        whys
    )
    .fetch_all(&mut *tx)
    .await?;
    for target in gone {
        broken_targets::mend(tx, TargetId(target), now).await?;
    }
    Ok(())
}

/// Keeps the token of a workspace.
pub async fn keep_token(
    executor: impl PgExecutor<'_>,
    workspace: i64,
    sealed: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE slack_workspaces SET sealed = $2 WHERE id = $1", workspace, sealed)
        .execute(executor)
        .await?;
    Ok(())
}

/// What was written as that before it said how long all of it is kept.
pub const REMOVED_BEFORE: &str = "earlybrd was removed from the workspace";

/// Why targets of a workspace without the app are gone. Whoever is told elsewhere learns of the end by it.
pub const REMOVED: &str = "earlybrd was removed from the workspace, whose filters and places are erased after \
                           30 days";

/// Erases the token of a workspace that removed the app, and lets its targets rest. An installation that
/// is newer than `as_of` stays. Says whether there was an older one.
pub async fn remove(
    tx: &mut PgConnection,
    team: &str,
    as_of: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let removed = sqlx::query!(
        "UPDATE slack_workspaces SET sealed = NULL, removed_at = COALESCE(removed_at, $3)
         WHERE team = $1 AND installed_at <= $2",
        team,
        as_of,
        now
    )
    .execute(&mut *tx)
    .await?;
    if removed.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE targets SET broken_at = COALESCE(broken_at, $3), broken_why = $2, ready_at = NULL
         WHERE platform = 'slack' AND split_part(address, '/', 1) = $1",
        team,
        REMOVED,
        now
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// Keeps what a workspace has that removed the app: the operator's own token serves it by now.
pub async fn keep(executor: impl PgExecutor<'_>, workspace: i64) -> sqlx::Result<()> {
    sqlx::query!("UPDATE slack_workspaces SET removed_at = NULL WHERE id = $1", workspace)
        .execute(executor)
        .await?;
    Ok(())
}

/// Notes that a browser was sent to Slack.
pub async fn begin_install(
    executor: impl PgExecutor<'_>,
    state: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("INSERT INTO slack_installs (state, begun_at) VALUES ($1, $2)", state, now)
        .execute(executor)
        .await?;
    Ok(())
}

/// Whether a browser was sent to Slack with this, lately, and did not come back yet.
pub async fn end_install(
    executor: impl PgExecutor<'_>,
    state: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let begun = sqlx::query_scalar!(
        "DELETE FROM slack_installs WHERE state = $1 RETURNING begun_at",
        state
    )
    .fetch_optional(executor)
    .await?;
    Ok(begun.is_some_and(|begun| now - begun <= INSTALL))
}

/// Whether this is heard for the first time.
pub async fn hear(
    executor: impl PgExecutor<'_>,
    id: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let heard = sqlx::query!(
        "INSERT INTO slack_heard (id, heard_at, done_at) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING",
        id,
        now
    )
    .execute(executor)
    .await?;
    Ok(heard.rows_affected() == 1)
}

/// Whether this is heard for the first time, or was before by somebody who did not come to its end.
pub async fn begin(
    executor: impl PgExecutor<'_>,
    id: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let heard = sqlx::query!(
        "INSERT INTO slack_heard AS h (id, heard_at) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET heard_at = EXCLUDED.heard_at
             WHERE h.done_at IS NULL AND h.heard_at < $3",
        id,
        now,
        now - AT_WORK
    )
    .execute(executor)
    .await?;
    Ok(heard.rows_affected() == 1)
}

/// Whether what was begun is done.
pub async fn is_done(executor: impl PgExecutor<'_>, id: &str) -> sqlx::Result<bool> {
    let done = sqlx::query_scalar!(
        r#"SELECT done_at IS NOT NULL AS "done!" FROM slack_heard WHERE id = $1"#,
        id
    );
    Ok(done.fetch_optional(executor).await? == Some(true))
}

/// Notes that what was begun is done.
pub async fn done(executor: impl PgExecutor<'_>, id: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("UPDATE slack_heard SET done_at = $2 WHERE id = $1", id, now)
        .execute(executor)
        .await?;
    Ok(())
}

/// What was heard lives 30 days, an installation that nobody ended one.
pub async fn sweep(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "WITH old_installs AS (
             DELETE FROM slack_installs WHERE state IN (
                 SELECT state FROM slack_installs WHERE begun_at < $2 LIMIT $3))
         DELETE FROM slack_heard WHERE id IN (
             SELECT id FROM slack_heard WHERE heard_at < $1 ORDER BY heard_at LIMIT $3)",
        now - TimeDelta::days(30),
        now - TimeDelta::days(1),
        BATCH
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_ends_the_first_installation_and_only_an_older_one_after_that() {
        let at = |millis: i64| DateTime::from_timestamp_millis(1_700_000_000_000 + millis).unwrap();
        let mut workspace = Workspace {
            id: 1,
            name: String::new(),
            bot_user: String::new(),
            sealed: None,
            installed_at: at(500),
            replaced_at: None,
            removed_at: None,
        };
        assert!(workspace.is_ended_by(at(0)) && workspace.is_ended_by(at(-99_000)));
        workspace.replaced_at = Some(at(500));
        assert!(!workspace.is_ended_by(at(0)));
        assert!(workspace.is_ended_by(at(1_000)));
    }
}
