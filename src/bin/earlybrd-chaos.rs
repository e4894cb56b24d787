//! Kills replicas of the service while it delivers, and counts what was lost or doubled.

use std::process::ExitCode;

use clap::Parser;
use earlybrd::cli::chaos::{self, Arguments};

fn main() -> ExitCode {
    chaos::run(Arguments::parse())
}
