//! The binary: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use earlybrd::cli::{self, Arguments};

fn main() -> ExitCode {
    cli::run(Arguments::parse())
}
