//! `earlybrd migrate`

use std::process::ExitCode;

use anyhow::Context;

use crate::app::Database;
use crate::config::Config;
use crate::db;

/// Applies the missing migrations and says what the schema is now.
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let database = Database::open(config).await?;
    let migrated = db::migrate(database.url()).await.context("cannot migrate the database");
    database.close().await;
    migrated?;
    let newest = db::MIGRATIONS.iter().map(|migration| migration.version).max();
    tracing::info!("the schema is at version {}", newest.unwrap_or_default());
    Ok(ExitCode::SUCCESS)
}
