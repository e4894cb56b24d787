//! `earlybrd boards read`

use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use chrono::FixedOffset;
use url::Url;

use super::output::{self, complain};
use crate::boards::fetch::{Fetched, Fetcher, Request};
use crate::boards::{self, Response};
use crate::clock::{Clock, SharedClock};
use crate::config::Config;
use crate::domain::board::{BoardKind, Validators, Visibility};
use crate::normalize::BoardContext;

/// Largest file that is read.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Prints what can be read; fails if something could not.
pub async fn read(config: &Config, kind: BoardKind, source: &str) -> anyhow::Result<ExitCode> {
    let (body, content_type, url) = load(config, source).await?;
    let context = BoardContext {
        slug: kind.as_str(),
        base: url.as_ref(),
        zone: FixedOffset::east_opt(0).context("zero is an offset")?,
    };
    let response = Response { body: &body, content_type: content_type.as_deref() };
    let read = boards::read(kind, response, &context).with_context(|| source.to_owned())?;
    for posting in &read.postings {
        output::line(&serde_json::to_string(posting)?)?;
    }
    for problem in &read.problems {
        complain(&format!("{source}: {problem}"));
    }
    if read.postings.is_empty() && read.problems.is_empty() {
        complain(&format!("{source}: the board shows no posting"));
    }
    Ok(if read.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn load(
    config: &Config,
    source: &str,
) -> anyhow::Result<(Vec<u8>, Option<String>, Option<Url>)> {
    if source.starts_with("http://") || source.starts_with("https://") {
        let url = Url::parse(source).with_context(|| source.to_owned())?;
        let fetcher = Fetcher::new(config.contact.as_deref())?;
        let request = Request {
            url: &url,
            visibility: Visibility::Catalogue,
            validators: &Validators::default(),
            now: SharedClock::of_this_machine().now(),
        };
        let answer = fetcher.fetch(request).await;
        return match answer.with_context(|| source.to_owned())? {
            Fetched::Body { body, content_type, .. } => Ok((body, content_type, Some(url))),
            Fetched::NotModified => bail!("{source}: answered 304 to a request without conditions"),
        };
    }
    let mut body = Vec::new();
    if source == "-" {
        std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut body)?;
    } else {
        let file = std::fs::File::open(source).with_context(|| source.to_owned())?;
        file.take(MAX_FILE + 1).read_to_end(&mut body).with_context(|| source.to_owned())?;
    }
    let size = u64::try_from(body.len()).unwrap_or(u64::MAX);
    ensure!(size <= MAX_FILE, "{source}: larger than {MAX_FILE} bytes");
    Ok((body, None, None))
}
