//! `earlybrd boards read`

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use serde_json::json;
use tokio::sync::Mutex;
use url::Url;

use super::output::{self, complain};
use crate::boards::ask::{Asked, Manners, ask};
use crate::boards::detect::{Detected, by_address};
use crate::boards::fetch::{FetchError, Fetcher};
use crate::boards::find::{Typed, find};
use crate::boards::{self, ReadBoard, Reading, Response, catalog};
use crate::clock::{Clock, SharedClock};
use crate::config::Config;
use crate::domain::board::{BoardKind, Validators, Visibility};
use crate::domain::posting::Posting;
use crate::domain::rules::Rules;
use crate::normalize::BoardContext;
use crate::schedule::polling::HOST_GAP;

/// Largest file that is read.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// A response that is to be read, and what it does not say itself.
#[derive(Debug)]
pub struct Wanted<'a> {
    pub kind: BoardKind,
    pub rules: Option<&'a Path>,
    /// Where a file came from.
    pub url: Option<&'a Url>,
    /// Whose jobs it shows.
    pub company: Option<&'a str>,
    /// A file, an address, or `-`.
    pub source: &'a str,
}

/// Prints what can be read; fails if something could not.
pub async fn read(config: &Config, wanted: Wanted<'_>) -> anyhow::Result<ExitCode> {
    let source = wanted.source;
    let rules = wanted.rules.map(rules_of).transpose()?;
    let reading = Reading { kind: wanted.kind, rules: rules.as_ref() };
    boards::check_rules(reading).context("--rules")?;
    let read = if source.starts_with("http://") || source.starts_with("https://") {
        let url = Url::parse(source)?;
        let name = wanted.company.map(str::to_owned).or_else(|| named_by(wanted.kind, &url));
        let name = name.unwrap_or_default();
        let manners = OneByOne::default();
        read_address(config, &manners, reading, (&url, &name)).await
    } else {
        read_file(&wanted, reading)
    };
    let read = read.with_context(|| source.to_owned())?;
    for posting in &read.postings {
        output::line(&serde_json::to_string(posting)?)?;
    }
    say_what_is_missing(source, &read);
    Ok(if read.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn say_what_is_missing(source: &str, read: &ReadBoard) {
    for problem in &read.problems {
        complain(&format!("{source}: {problem}"));
    }
    let shown = read.postings.len();
    if read.left_out > 0 {
        complain(&format!("{source}: the newest {shown}; {} more were not kept", read.left_out));
    } else if read.more || read.missing {
        complain(&format!("{source}: there are more postings than these {shown}"));
    }
    if shown == 0 && read.problems.is_empty() {
        complain(&format!("{source}: the board shows no posting"));
    }
}

/// The company that a board's address names, or that of a job.
fn named_by(kind: BoardKind, url: &Url) -> Option<String> {
    by_address(url).filter(|found| found.kind == kind)?.company_name()
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
    let (manners, fetcher) = (OneByOne::default(), fetcher(config)?);
    let found = find(&fetcher, &manners, &seen_at, Visibility::Catalogue).await;
    let found = found.with_context(|| address.to_owned())?;
    let name = found.company_name().unwrap_or_default();
    let Detected { kind, url, company } = found;
    let read = read_address(config, &manners, Reading::from(kind), (&url, &name)).await;
    let read = read.with_context(|| url.clone())?;
    let first = read.postings.iter().take(SHOWN).map(|posting| {
        let Posting { title, company, location, url, .. } = posting;
        json!({ "title": title, "company": company, "location": location, "url": url })
    });
    let found = json!({
        "kind": kind.as_str(), "url": url, "company": company, "postings": read.postings.len(),
        "first": first.collect::<Vec<_>>(),
    });
    output::line(&found.to_string())?;
    say_what_is_missing(url.as_str(), &read);
    Ok(ExitCode::SUCCESS)
}

/// One person asks, one request after the other.
#[derive(Default)]
struct OneByOne(Mutex<Option<Instant>>);

impl Manners for OneByOne {
    fn now(&self) -> DateTime<Utc> {
        SharedClock::of_this_machine().now()
    }

    async fn turn(&self, _: &Url) -> Result<(), FetchError> {
        let mut last = self.0.lock().await;
        let rest = last.map_or(Duration::ZERO, |last| HOST_GAP.saturating_sub(last.elapsed()));
        tokio::time::sleep(rest).await;
        *last = Some(Instant::now());
        Ok(())
    }

    async fn before_reading(&self, _: &Url, _: &[u8]) -> Result<(), FetchError> {
        Ok(())
    }
}

fn fetcher(config: &Config) -> reqwest::Result<Fetcher> {
    Fetcher::new(config.contact.as_deref(), &config.trusted_hosts)
}

/// Asks a board as the poller would, with all of its pages.
async fn read_address(
    config: &Config,
    manners: &OneByOne,
    reading: Reading<'_>,
    (url, name): (&Url, &str),
) -> anyhow::Result<ReadBoard> {
    let board = Asked {
        slug: reading.kind.as_str(),
        name,
        kind: reading.kind,
        rules: reading.rules,
        url,
        zone: Tz::UTC,
        visibility: Visibility::Catalogue,
        validators: &Validators::default(),
    };
    manners.turn(url).await?;
    Ok(ask(&fetcher(config)?, manners, board).await?.read)
}

/// Reads a file, or what comes in, as if it had been here when it was written.
fn read_file(wanted: &Wanted<'_>, reading: Reading<'_>) -> anyhow::Result<ReadBoard> {
    let mut body = Vec::new();
    let mut written = None;
    if wanted.source == "-" {
        std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut body)?;
    } else {
        let file = std::fs::File::open(wanted.source)?;
        written = file.metadata()?.modified().ok().map(DateTime::<Utc>::from);
        file.take(MAX_FILE + 1).read_to_end(&mut body)?;
    }
    let size = u64::try_from(body.len()).unwrap_or(u64::MAX);
    ensure!(size <= MAX_FILE, "larger than {MAX_FILE} bytes");
    // Some tools give every file the time of 1970 or 1980.
    let written = written.filter(|at| at.year() > 2000);
    let company = wanted.company.map(str::to_owned);
    let company = company.or_else(|| named_by(wanted.kind, wanted.url?));
    let read = |company: Option<&str>| {
        let context = BoardContext {
            slug: wanted.kind.as_str(),
            company,
            base: wanted.url,
            zone: Tz::UTC,
            at: Some(written.unwrap_or_else(|| SharedClock::of_this_machine().now())),
        };
        boards::read(reading, Response { body: &body, content_type: None }, &context)
    };
    let first = read(company.as_deref())?;
    // Of one company's jobs the addresses say whose they are.
    let mut urls = first.postings.iter().filter_map(|it| Url::parse(it.url.as_deref()?).ok());
    let unnamed = wanted.kind.shows_one_company()
        && first.postings.iter().all(|posting| posting.company.is_none());
    match urls.find_map(|url| named_by(wanted.kind, &url)).filter(|_| unnamed) {
        Some(name) => Ok(read(Some(&name))?),
        None => Ok(first),
    }
}
