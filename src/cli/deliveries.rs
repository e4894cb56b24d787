//! `earlybrd deliveries`: what was not sent, and having it tried again.

use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::output::{self, complain};
use crate::app::Database;
use crate::config::Config;
use crate::db;

/// Prints one JSON object a line, the oldest first, and a count on standard error.
pub async fn list(config: &Config, limit: u32) -> anyhow::Result<ExitCode> {
    let unsent = with_database(config, async |pool, now| {
        db::unsent::list(pool, now, i64::from(limit)).await
    });
    let unsent = unsent.await?;
    for delivery in &unsent {
        output::line(&serde_json::to_string(delivery)?)?;
    }
    let count = |state: &str| unsent.iter().filter(|delivery| delivery.state == state).count();
    complain(&format!("{} owed, {} stuck, {} dead", count("owed"), count("stuck"), count("dead")));
    Ok(ExitCode::SUCCESS)
}

/// Has dead ones tried again, these or all, and prints their numbers. Fails if one of these is not dead;
/// the others are tried all the same.
pub async fn retry(config: &Config, these: &[i64]) -> anyhow::Result<ExitCode> {
    let wanted = (!these.is_empty()).then_some(these);
    let tried = with_database(config, async |pool, now| {
        db::in_tx(pool, async |tx| db::unsent::retry(tx, wanted, now).await).await
    });
    let tried = tried.await?;
    for id in &tried {
        output::line(&id.to_string())?;
    }
    let missing: Vec<String> =
        these.iter().filter(|id| !tried.contains(id)).map(ToString::to_string).collect();
    complain(&format!("{} will be tried again", tried.len()));
    if missing.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    complain(&format!("not dead, or not there: {}", missing.join(", ")));
    Ok(ExitCode::FAILURE)
}

/// Asks the database of the service, which may be running, at its own time.
async fn with_database<T>(
    config: &Config,
    ask: impl AsyncFnOnce(&PgPool, DateTime<Utc>) -> sqlx::Result<T>,
) -> anyhow::Result<T> {
    let database = Database::attach(config).await?;
    let pool = db::connect(database.url(), 1).await.context("cannot reach the database")?;
    let now = db::server_time(&pool).await?;
    let answer = ask(&pool, now).await;
    pool.close().await;
    database.close().await;
    answer.context("the schema is not this version's; run `earlybrd migrate`")
}
