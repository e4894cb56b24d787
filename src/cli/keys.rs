//! `earlybrd keys generate`

use std::process::ExitCode;

use secrecy::ExposeSecret;

use super::output;
use crate::secrets;

/// Prints a new key, and nothing else.
pub fn generate() -> anyhow::Result<ExitCode> {
    output::line(secrets::generate()?.expose_secret())?;
    Ok(ExitCode::SUCCESS)
}
