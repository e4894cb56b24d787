//! `earlybrd boards read`

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Offset, Utc};
use serde_json::json;
use url::Url;

use super::output::{self, complain};
use crate::boards::ask::Manners;
use crate::boards::detect::Detected;
use crate::boards::fetch::{FetchError, Fetched, Fetcher, Request};
use crate::boards::find::{Typed, find};
use crate::boards::{self, ReadBoard, Reading, Response, Unreadable, catalog};
use crate::clock::{Clock, SharedClock};
use crate::config::Config;
use crate::domain::board::{BoardKind, Validators, Visibility};
use crate::domain::posting::Posting;
use crate::domain::rules::Rules;
use crate::normalize::BoardContext;
use crate::schedule::polling::HOST_GAP;

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
    let read = page.read(reading).with_context(|| source.to_owned())?;
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

/// Postings that `detect` shows.
const SHOWN: usize = 3;

/// Says what board an address means, and prints its first postings.
pub async fn detect(config: &Config, address: &str) -> anyhow::Result<ExitCode> {
    let seen_at = Typed::parse(address).with_context(|| address.to_owned())?;
    let scheme = seen_at.url.scheme();
    ensure!(matches!(scheme, "http" | "https"), "{address}: it must be http or https");
    let fetcher = Fetcher::new(config.contact.as_deref(), &config.trusted_hosts)?;
    let found = find(&fetcher, &AtOnce, &seen_at, Visibility::Catalogue).await;
    let Detected { kind, url, company } = found.with_context(|| address.to_owned())?;
    let page = load(config, kind, url.as_str()).await.with_context(|| url.clone())?;
    let read = page.read(Reading::from(kind)).with_context(|| url.clone())?;
    let first = read.postings.iter().take(SHOWN).map(|posting| {
        let Posting { title, company, location, url, .. } = posting;
        json!({ "title": title, "company": company, "location": location, "url": url })
    });
    let found = json!({
        "kind": kind.as_str(), "url": url, "company": company, "postings": read.postings.len(),
        "first": first.collect::<Vec<_>>(),
    });
    output::line(&found.to_string())?;
    for problem in &read.problems {
        complain(&format!("{url}: {problem}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// One person asks, now.
struct AtOnce;

impl Manners for AtOnce {
    fn now(&self) -> DateTime<Utc> {
        SharedClock::of_this_machine().now()
    }

    async fn turn(&self, _: &Url) -> Result<(), FetchError> {
        Ok(())
    }

    async fn before_reading(&self, _: &[u8]) -> Result<(), FetchError> {
        Ok(())
    }
}

/// What is to be read, and where it came from.
struct Page {
    body: Vec<u8>,
    content_type: Option<String>,
    url: Option<Url>,
    /// When it was here, unless it lay in a file.
    at: Option<DateTime<Utc>>,
}

impl Page {
    fn read(&self, reading: Reading<'_>) -> Result<ReadBoard, Unreadable> {
        let context = BoardContext {
            slug: reading.kind.as_str(),
            company: None,
            base: self.url.as_ref(),
            zone: Utc.fix(),
            at: self.at,
        };
        boards::read(reading, self.response(), &context)
    }

    fn response(&self) -> Response<'_> {
        Response { body: &self.body, content_type: self.content_type.as_deref() }
    }
}

async fn load(config: &Config, kind: BoardKind, source: &str) -> anyhow::Result<Page> {
    if source.starts_with("http://") || source.starts_with("https://") {
        let fetcher = Fetcher::new(config.contact.as_deref(), &config.trusted_hosts)?;
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
    Ok(Page { body, content_type: None, url: None, at: None })
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
        Fetched::Body { body, content_type, .. } => {
            let at = Some(SharedClock::of_this_machine().now());
            Ok(Page { body, content_type, url: Some(url), at })
        }
        Fetched::NotModified { .. } => bail!("answered 304 to a request without conditions"),
    }
}
