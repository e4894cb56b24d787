//! `earlybrd boards read`

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use chrono::FixedOffset;
use url::Url;

use super::output::{self, complain};
use crate::boards::fetch::{Fetched, Fetcher, Request};
use crate::boards::{self, Reading, Response, catalog};
use crate::clock::{Clock, SharedClock};
use crate::config::Config;
use crate::domain::board::{BoardKind, Validators, Visibility};
use crate::domain::rules::Rules;
use crate::normalize::BoardContext;
use crate::workers::poll_boards::HOST_GAP;

/// Largest file that is read.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Prints what can be read; fails if something could not.
pub async fn read(
    config: &Config,
    kind: BoardKind,
    rules: Option<&Path>,
    source: &str,
) -> anyhow::Result<ExitCode> {
    let rules = rules.map(rules_of).transpose()?;
    let reading = Reading { kind, rules: rules.as_ref() };
    boards::check_rules(reading).context("--rules")?;
    let page = load(config, kind, source).await.with_context(|| source.to_owned())?;
    let context = BoardContext {
        slug: kind.as_str(),
        company: None,
        base: page.url.as_ref(),
        zone: FixedOffset::east_opt(0).context("zero is an offset")?,
    };
    let read = boards::read(reading, page.response(), &context);
    let read = read.with_context(|| source.to_owned())?;
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

fn rules_of(path: &Path) -> anyhow::Result<Rules> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    catalog::parse_rules(&text).with_context(|| path.display().to_string())
}

/// What is to be read, and where it came from.
struct Page {
    body: Vec<u8>,
    content_type: Option<String>,
    url: Option<Url>,
}

impl Page {
    fn response(&self) -> Response<'_> {
        Response { body: &self.body, content_type: self.content_type.as_deref() }
    }
}

async fn load(config: &Config, kind: BoardKind, source: &str) -> anyhow::Result<Page> {
    if source.starts_with("http://") || source.starts_with("https://") {
        let fetcher = Fetcher::new(config.contact.as_deref())?;
        let url = Url::parse(source)?;
        let first = fetch(&fetcher, kind, url.clone()).await?;
        let Some(further) = boards::next_address(kind, first.response(), &url)? else {
            return Ok(first);
        };
        tokio::time::sleep(HOST_GAP).await;
        return fetch(&fetcher, kind, further.clone()).await.context(further);
    }
    let mut body = Vec::new();
    if source == "-" {
        std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut body)?;
    } else {
        std::fs::File::open(source)?.take(MAX_FILE + 1).read_to_end(&mut body)?;
    }
    let size = u64::try_from(body.len()).unwrap_or(u64::MAX);
    ensure!(size <= MAX_FILE, "larger than {MAX_FILE} bytes");
    Ok(Page { body, content_type: None, url: None })
}

async fn fetch(fetcher: &Fetcher, kind: BoardKind, url: Url) -> anyhow::Result<Page> {
    let request = Request {
        url: &url,
        kind,
        visibility: Visibility::Catalogue,
        validators: &Validators::default(),
        now: SharedClock::of_this_machine().now(),
    };
    match fetcher.fetch(request).await? {
        Fetched::Body { body, content_type, .. } => Ok(Page { body, content_type, url: Some(url) }),
        Fetched::NotModified => bail!("answered 304 to a request without conditions"),
    }
}
