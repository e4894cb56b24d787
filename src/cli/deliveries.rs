//! `earlybrd deliveries`: what was not sent.

use std::process::ExitCode;

use anyhow::Context;

use super::output::{self, complain};
use crate::app::Database;
use crate::config::Config;
use crate::db;

/// Prints one JSON object a line, the oldest first, and a count on standard error.
pub async fn run(config: &Config, limit: u32) -> anyhow::Result<ExitCode> {
    let database = Database::attach(config).await?;
    let pool = db::connect(database.url(), 1).await.context("cannot reach the database")?;
    let now = db::server_time(&pool).await?;
    let unsent = db::unsent::list(&pool, now, i64::from(limit)).await;
    pool.close().await;
    database.close().await;
    let unsent = unsent.context("the schema is not this version's; run `earlybrd migrate`")?;
    for delivery in &unsent {
        output::line(&serde_json::to_string(delivery)?)?;
    }
    let count = |state: &str| unsent.iter().filter(|delivery| delivery.state == state).count();
    complain(&format!("{} owed, {} stuck, {} dead", count("owed"), count("stuck"), count("dead")));
    Ok(ExitCode::SUCCESS)
}
