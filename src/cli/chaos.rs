//! `earlybrd-chaos`: replicas of the service as processes of their own, killed again and again while they
//! deliver to stand-ins that keep a ledger.

mod crew;
mod discord;
mod ledger;
mod oracle;
mod replica;
mod runner;
mod slack;
mod stand_in;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use super::{output, with_runtime};
use crate::failpoint::Point;

/// Kills replicas of earlybrd while they deliver, and counts what was lost or doubled.
#[derive(Debug, Parser)]
#[command(name = "earlybrd-chaos", disable_help_subcommand = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a Postgres, replicas and stand-ins of its own; prints what became of the messages as JSON
    Run(Wanted),
    /// One replica
    #[command(hide = true)]
    Replica {
        /// Address of the ledger
        #[arg(long)]
        ledger: String,
        /// Dies at this point
        #[arg(long, requires = "nth")]
        die_at: Option<Point>,
        /// The n-th time that it is reached
        #[arg(long)]
        nth: Option<u32>,
    },
}

/// How much chaos.
#[derive(Debug, Clone, Copy, Args)]
pub struct Wanted {
    /// Kills, stops and restarts of Postgres together
    #[arg(long, default_value_t = 1_000)]
    kills: u32,
    /// Replicas
    #[arg(long, default_value_t = 3)]
    replicas: u32,
    /// Messages a second, to four kinds of platform in equal parts
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// Mean time between two kills in milliseconds
    #[arg(long, default_value_t = 2_000)]
    gap: u32,
    /// Seed of what is killed when
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs a command and says how it ended.
pub fn run(arguments: Arguments) -> ExitCode {
    let ended = with_runtime(async |config| match arguments.command {
        Command::Run(wanted) => Box::pin(runner::run(config, wanted)).await,
        Command::Replica { ledger, die_at, nth } => {
            replica::run(config, ledger, die_at.zip(nth)).await
        }
    });
    ended.unwrap_or_else(|error| {
        output::complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}
