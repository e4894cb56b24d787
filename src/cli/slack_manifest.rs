//! `earlybrd slack-manifest`: what to paste when a Slack app is made.

use std::process::ExitCode;

use anyhow::ensure;
use url::Url;

use super::output;
use crate::slack::manifest;

/// Prints the manifest for a service under this address, or for Socket Mode.
pub fn run(url: Option<&Url>) -> anyhow::Result<ExitCode> {
    if let Some(url) = url {
        ensure!(url.scheme() == "https", "Slack calls https addresses only");
        ensure!(url.path() == "/" && url.query().is_none(), "it must be a host without a path");
    }
    output::line(manifest(url).trim_end())?;
    Ok(ExitCode::SUCCESS)
}
