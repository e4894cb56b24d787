//! `earlybrd discord-register`: makes Discord know `/jobs`.

use std::process::ExitCode;

use anyhow::{Context, ensure};

use super::output;
use crate::app::discord;
use crate::config::Config;
use crate::discord::{Registered, manifest};

/// Registers the commands for all servers or one, if they changed.
pub async fn run(config: &Config, guild: Option<&str>) -> anyhow::Result<ExitCode> {
    let is_id = |id: &str| (1..=20).contains(&id.len()) && id.bytes().all(|it| it.is_ascii_digit());
    ensure!(guild.is_none_or(is_id), "a server is named by its number");
    let discord = discord(config)?;
    let discord = discord.context("set DISCORD_APP_ID, DISCORD_TOKEN and DISCORD_PUBLIC_KEY")?;
    let registered = discord.register(guild).await.context("the commands were not registered")?;
    output::line(match registered {
        Registered::Changed => "registered; Discord may take some minutes to show them",
        Registered::Known => "nothing changed: Discord knows them as they are",
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what Discord is asked for.
pub fn print() -> anyhow::Result<ExitCode> {
    output::line(&serde_json::to_string_pretty(&manifest())?)?;
    Ok(ExitCode::SUCCESS)
}
