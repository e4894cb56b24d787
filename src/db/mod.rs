//! All SQL. One file for each group of tables; functions, not repositories.
//!
//! Functions take a connection, callers own the transaction; nothing here sends anything. Times
//! come in as arguments: no statement asks the server for its own, but [`server_time`].

pub mod accounts;
pub mod added_boards;
mod apart;
pub mod backlog;
pub mod board_status;
pub mod boards;
pub mod broken_targets;
pub mod candidates;
pub mod card_edits;
pub mod cards;
pub mod checkouts;
mod comparing;
pub mod deliveries;
pub mod departed;
pub mod discord;
pub mod discord_gateway;
pub mod drafts;
pub mod elsewhere;
pub mod emails;
pub mod filters;
pub mod first_readings;
pub mod funnel;
pub mod gauges;
pub mod habits;
pub mod hosts;
pub mod known_postings;
pub mod lanes;
pub mod limits;
pub mod marks;
pub mod matched;
mod merges;
pub mod messages;
pub mod openings;
pub mod own_filters;
pub mod plans;
pub mod playground;
pub mod polls;
mod posting_keys;
pub mod posting_row;
pub mod postings;
pub mod quiet;
pub mod rates;
pub mod reasons;
pub mod rekeying;
mod reposts;
pub mod sealed;
pub mod secret_boards;
pub mod seen;
pub mod settle;
pub mod settled_polls;
mod showings;
pub mod slack;
pub mod stripe_events;
pub mod subscriptions;
pub mod suppressed;
pub mod sweep;
pub mod unsent;
pub mod wake;
pub mod why;

use std::io;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgExecutor, PgPool, Row};

/// The schema, inside the binary. What a newer version has applied beside it is passed over: a version runs
/// on the schema of the next one, also where it starts anew.
pub static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!();
    migrations.set_ignore_missing(true);
    migrations
});

/// Longest wait for a connection of the pool.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// The longest that a page waits for the database: who asked comes again, and what is brought is brought again.
const PAGE_PATIENCE: Duration = Duration::from_millis(1_500);

/// A connection that was used within this time is believed to be there still; others are asked first.
const FRESH: Duration = Duration::from_millis(500);

/// Options of every connection: whatever hangs is ended by the server itself.
fn options(url: &SecretString) -> sqlx::Result<PgConnectOptions> {
    Ok(PgConnectOptions::from_str(url.expose_secret())?.application_name("earlybrd").options([
        ("statement_timeout", "30s"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "30s"),
        // Our statements are short: to compile one takes longer than to run it, where the planner
        // knows little of a table yet, by half a second.
        ("jit", "off"),
    ]))
}

/// Opens a pool.
pub async fn connect(url: &SecretString, connections: u32) -> sqlx::Result<PgPool> {
    pool(connections).connect_with(options(url)?).await
}

/// Opens a pool for statements that find all their rows by keys, as those of the outbox: they are planned
/// once, and go from key to key, however small the server believes a table to be. Its connections are
/// asked whether they are there after a rest only.
pub async fn connect_by_key(url: &SecretString, connections: u32) -> sqlx::Result<PgPool> {
    let by_key = [
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
    ];
    let pool = pool(connections).test_before_acquire(false).before_acquire(|connection, used| {
        Box::pin(async move {
            if used.idle_for > FRESH {
                connection.ping().await?;
            }
            Ok(true)
        })
    });
    pool.connect_with(options(url)?.options(by_key)).await
}

/// A future that is dropped during `BEGIN` gives its connection back inside a transaction, and what the
/// next user writes is never committed (transact-rs/sqlx#4393, in 0.9.0). So every connection that is given
/// back is rolled back first.
fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_release(|connection, _| {
            Box::pin(async move {
                // The first of them, so that the second has something to undo: the server would
                // otherwise log a warning each time. Where it fails, the connection is closed; and where
                // nothing can be written, so that the next one finds the new primary.
                let asked = sqlx::raw_sql("BEGIN; ROLLBACK; SHOW transaction_read_only");
                let answer = asked.fetch_all(connection).await?;
                let read_only = answer.last().map(|row| row.try_get::<String, _>(0)).transpose()?;
                Ok(read_only.as_deref() != Some("on"))
            })
        })
}

/// Rest before a migration that waited for a lock in vain is tried again, and how often.
const MIGRATION_REST: Duration = Duration::from_secs(1);
const MIGRATION_TRIES: u32 = 60;

/// Applies the migrations that are missing, on a connection of its own. Several processes may do
/// so at once: they take turns. One that waits for a lock lets go of it after a few seconds and comes
/// again: whoever asks for a lock that it waits for would wait behind it.
pub async fn migrate(url: &SecretString) -> Result<(), MigrateError> {
    let options = options(url)?.options([("lock_timeout", "3s"), ("statement_timeout", "0")]);
    let mut tries = 1;
    loop {
        let mut connection = PgConnection::connect_with(&options).await?;
        match MIGRATIONS.run(&mut connection).await {
            Err(error) if tries < MIGRATION_TRIES && waited_in_vain(&error) => {
                tracing::warn!("a migration waits for a lock: {error}");
            }
            ended => {
                if ended.is_ok() && is_newer(&applied(&mut connection).await?) {
                    tracing::warn!(
                        "a newer version of earlybrd made the schema; this one runs on it"
                    );
                }
                connection.close().await?;
                return ended;
            }
        }
        // It holds the lock that makes processes take turns.
        connection.close().await?;
        tokio::time::sleep(MIGRATION_REST).await;
        tries += 1;
    }
}

fn waited_in_vain(error: &MigrateError) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref());
    cause.is_some_and(is_anothers_doing)
}

/// Lets a transaction commit without waiting for the disk: what it writes may be lost with the server,
/// not with this process, and nothing but work that is done again depends on it.
pub(crate) async fn need_not_last(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("SELECT set_config('synchronous_commit', 'off', true) AS off")
        .fetch_one(tx)
        .await?;
    Ok(())
}

/// What `doctor` wants to know of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaState {
    /// The server's version.
    pub server: String,
    /// Migrations that are not applied yet.
    pub missing: usize,
    /// Whether some were applied that this program does not know.
    pub unknown: bool,
    /// Whether another process of this program uses it now.
    pub in_use: bool,
}

/// Looks, and changes nothing.
pub async fn schema_state(url: &SecretString) -> sqlx::Result<SchemaState> {
    let mut connection = PgConnection::connect_with(&options(url)?).await?;
    let server: String = sqlx::query_scalar("SELECT current_setting('server_version')")
        .fetch_one(&mut connection)
        .await?;
    let table: Option<String> = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text")
        .fetch_one(&mut connection)
        .await?;
    let applied = match table {
        Some(_) => applied(&mut connection).await?,
        None => Vec::new(),
    };
    let in_use: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()
                          AND application_name = current_setting('application_name'))",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(SchemaState {
        server,
        missing: MIGRATIONS.iter().filter(|known| !applied.contains(&known.version)).count(),
        unknown: is_newer(&applied),
        in_use,
    })
}

/// Migrations that a database has.
async fn applied(connection: &mut PgConnection) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar("SELECT version FROM _sqlx_migrations").fetch_all(connection).await
}

/// Whether this program does not know all of them.
fn is_newer(applied: &[i64]) -> bool {
    applied.iter().any(|version| !MIGRATIONS.version_exists(*version))
}

/// Asks the database for somebody who does not wait long.
pub async fn soon<T>(work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "it does not answer in time");
    let answered = tokio::time::timeout(PAGE_PATIENCE, work).await;
    answered.unwrap_or_else(|_| Err(late().into()))
}

/// Runs `work` in one transaction and commits it if it returns `Ok`. The pool is not in scope
/// inside, so nothing can slip out of the transaction by mistake.
pub async fn in_tx<T>(
    pool: &PgPool,
    work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
) -> sqlx::Result<T> {
    let mut tx = pool.begin().await?;
    let value = work(&mut tx).await?;
    tx.commit().await?;
    Ok(value)
}

/// Whether the server took a transaction back because of another one: a deadlock, a serialization that
/// failed, a lock that did not come in time. Nothing of it is left, and the next try may well succeed. A
/// statement that took all its time is not among them: it would take as much again.
pub fn is_anothers_doing(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| matches!(code.as_ref(), "40P01" | "40001" | "55P03"))
}

/// Tries of what other sessions get in the way of.
const TRIES: u64 = 3;

/// Waits a little and says yes, if another session got in the way of a try and there were not too many.
/// The time is left to chance, or two that met would meet again.
pub async fn is_tried_again(error: &sqlx::Error, tries: u64) -> bool {
    let again = tries < TRIES && is_anothers_doing(error);
    if again {
        tracing::warn!("tried again: {error}");
        tokio::time::sleep(Duration::from_millis(fastrand::u64(10..50 * tries))).await;
    }
    again
}

/// What time the server has: the source of `SharedClock`.
pub async fn server_time(executor: impl PgExecutor<'_>) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#).fetch_one(executor).await
}

/// Whether what is written is kept: not on a standby, nor where all is read-only.
pub async fn takes_writes(executor: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT current_setting('transaction_read_only') = 'off' AS "takes_writes!""#
    )
    .fetch_one(executor)
    .await
}

/// Lets the server see what tables hold now, as it does by itself after a while.
pub async fn analyze(executor: impl PgExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query!("ANALYZE").execute(executor).await?;
    Ok(())
}

/// A row that no version of this program writes.
fn unreadable(table: &str, id: i64, why: impl std::fmt::Display) -> sqlx::Error {
    sqlx::Error::Decode(format!("{table} {id}: {why}").into())
}

/// How many rows a statement touched, for counts and `ANY` limits.
fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
