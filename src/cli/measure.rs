//! `earlybrd bench matching`: how fast filters are found, and which.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;
use serde_json::json;

use super::output;
use crate::domain::filter::Expr;
use crate::domain::ids::FilterId;
use crate::domain::posting::Posting;
use crate::domain::rates::Rates;
use crate::filter_lang::parse;
use crate::matching::{Matcher, Scratch, naive};

/// Postings that are looked at before the filters are listed, so that it is known what is rare.
const SAMPLE: usize = 1_000;

/// Filters that are taken away and added again, to see what that costs.
const CHANGED: usize = 10_000;

/// What to measure.
#[derive(Debug, Args)]
pub struct Wanted {
    /// Filters: lines `{"id": <u32>, "filter": "<text>"}`
    #[arg(long)]
    filters: PathBuf,
    /// Postings: lines as `boards read` prints them, with an `id`
    #[arg(long)]
    postings: PathBuf,
    /// Use only so many postings
    #[arg(long)]
    limit: Option<usize>,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
    /// What evaluates the filters
    #[arg(long, value_enum, default_value_t = Engine::Index)]
    engine: Engine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// The matcher of the service
    Index,
    /// Every filter against every posting
    Naive,
}

#[derive(Deserialize)]
struct FilterLine {
    id: u32,
    filter: String,
}

#[derive(Deserialize)]
struct PostingLine {
    id: u32,
    #[serde(flatten)]
    posting: Posting,
}

/// When postings count as seen: with `posted<` a result must not depend on today.
fn seen() -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_534_400, 0).unwrap_or_default() // 1 November 2026, 12:00
}

/// What the postings cost.
#[derive(Default)]
struct Totals {
    took: Vec<Duration>,
    cpu: Duration,
    cpu_reading: Duration,
    matches: usize,
    candidates: usize,
    verified: usize,
    hash: u64,
}

/// Measures on this thread, and prints.
pub fn run(wanted: &Wanted) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let (built, totals) = match wanted.engine {
        Engine::Index => {
            let mut matcher = build(wanted)?;
            let (took, mb) = (begun.elapsed(), resident_mb()?);
            let some: anyhow::Result<Vec<_>> = filters(&wanted.filters)?.take(CHANGED).collect();
            let change = change(&mut matcher, &some?);
            let built = Built { filters: matcher.len(), took, mb, change };
            (built, match_all(&matcher, &lines(&wanted.postings, wanted.limit)?))
        }
        Engine::Naive => {
            let filters = filters(&wanted.filters)?.collect::<anyhow::Result<Vec<_>>>()?;
            let (took, mb) = (begun.elapsed(), resident_mb()?);
            let built = Built { filters: filters.len(), took, mb, change: (0.0, 0.0) };
            (built, match_naively(&filters, &lines(&wanted.postings, wanted.limit)?))
        }
    };
    print(wanted, &built, totals)
}

/// Mean time to add one more filter and to take it away again, in microseconds.
fn change(matcher: &mut Matcher, filters: &[(FilterId, Expr)]) -> (f64, f64) {
    let mut took = [Duration::ZERO; 2];
    for (id, expr) in filters {
        let begun = Instant::now();
        matcher.remove(*id);
        let removed = begun.elapsed();
        matcher.insert(*id, expr);
        for (took, one) in took.iter_mut().zip([begun.elapsed().saturating_sub(removed), removed]) {
            *took += one;
        }
    }
    let [added, removed] = took.map(|took| took.as_secs_f64() * 1e6 / number(filters.len().max(1)));
    (added, removed)
}

/// What there is before the first posting is matched.
struct Built {
    filters: usize,
    took: Duration,
    /// Of this process, before the postings are read.
    mb: f64,
    /// To add and to remove one filter, in microseconds.
    change: (f64, f64),
}

fn build(wanted: &Wanted) -> anyhow::Result<Matcher> {
    let mut matcher = Matcher::default();
    let sample: Vec<PostingLine> = lines(&wanted.postings, Some(SAMPLE))?;
    matcher.learn(sample.iter().map(|line| &line.posting));
    drop(sample);
    for filter in filters(&wanted.filters)? {
        let (id, expr) = filter?;
        matcher.insert(id, &expr);
    }
    Ok(matcher)
}

fn match_all(matcher: &Matcher, postings: &[PostingLine]) -> Totals {
    let scratch = &mut Scratch::default();
    // The first ones fill caches, as in a service that runs.
    for line in postings.iter().take(100) {
        matcher.matches(scratch, &line.posting, seen());
    }
    let mut totals = Totals::default();
    let begun = cpu();
    for line in postings {
        let start = Instant::now();
        let found = matcher.matches(scratch, &line.posting, seen());
        totals.took.push(start.elapsed());
        totals.add(line.id, &found);
        totals.candidates += scratch.candidates;
        totals.verified += scratch.verified;
    }
    totals.cpu = cpu().saturating_sub(begun);
    let begun = cpu();
    for line in postings {
        matcher.read(scratch, &line.posting);
    }
    totals.cpu_reading = cpu().saturating_sub(begun);
    totals
}

fn match_naively(filters: &[(FilterId, Expr)], postings: &[PostingLine]) -> Totals {
    let (mut totals, rates) = (Totals::default(), Rates::built_in());
    let begun = cpu();
    for line in postings {
        let start = Instant::now();
        let accepts = |expr: &Expr| naive::matches(expr, &line.posting, rates, seen());
        let found: Vec<FilterId> =
            filters.iter().filter(|(_, expr)| accepts(expr)).map(|(id, _)| *id).collect();
        totals.took.push(start.elapsed());
        totals.add(line.id, &found);
        totals.candidates += filters.len();
        totals.verified += filters.len();
    }
    totals.cpu = cpu().saturating_sub(begun);
    totals
}

impl Totals {
    fn add(&mut self, posting: u32, found: &[FilterId]) {
        self.matches += found.len();
        for id in found {
            let id = u64::try_from(id.0).unwrap_or_default();
            self.hash ^= mix(u64::from(posting) << 32 | id);
        }
    }
}

/// Spreads a pair over all bits, so that the XOR over all pairs names the set of pairs.
fn mix(mut pair: u64) -> u64 {
    pair ^= pair >> 33;
    pair = pair.wrapping_mul(0xff51_afd7_ed55_8ccd);
    pair ^= pair >> 33;
    pair = pair.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    pair ^ pair >> 33
}

fn print(wanted: &Wanted, built: &Built, mut totals: Totals) -> anyhow::Result<ExitCode> {
    totals.took.sort_unstable();
    let postings = totals.took.len();
    ensure!(postings > 0, "there are no postings");
    let each = |count: usize| number(count) / number(postings);
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / number(postings);
    let at = |part: usize| {
        totals.took.get(postings * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    let total: Duration = totals.took.iter().sum();
    let without = totals.cpu.saturating_sub(totals.cpu_reading);
    let figures = json!({
        "filters": built.filters,
        "postings": postings,
        "build_s": built.took.as_secs_f64(),
        "insert_us": built.change.0,
        "remove_us": built.change.1,
        "postings_per_s": number(postings) / total.as_secs_f64(),
        "p50_us": at(50),
        "p99_us": at(99),
        "cpu_us": micros(totals.cpu),
        "cpu_us_without_tokenising": micros(without),
        "matches_per_posting": each(totals.matches),
        "candidates_per_posting": each(totals.candidates),
        "verifications_per_posting": each(totals.verified),
        "resident_mb": built.mb,
        "hash": format!("{:016x}", totals.hash),
    });
    if wanted.json {
        output::line(&figures.to_string())?;
    } else {
        for (name, value) in figures.as_object().into_iter().flatten() {
            output::line(&format!("{name:28} {value}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// What this thread has used of its core.
pub fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn resident_mb() -> anyhow::Result<f64> {
    memory("VmRSS:")
}

/// The most memory that this process had at once, in megabytes; 0 where the system does not say.
pub fn peak_mb() -> anyhow::Result<f64> {
    memory("VmHWM:")
}

fn memory(name: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes: f64 =
        kilobytes.and_then(|text| text.split_whitespace().next()).unwrap_or("0").parse()?;
    Ok(kilobytes / 1024.0)
}

fn filters(path: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<(FilterId, Expr)>>> {
    Ok(each_line(path)?.map(|line| {
        let FilterLine { id, filter } = line?;
        let expr = parse(&filter).with_context(|| format!("filter {id}: {filter}"))?;
        Ok((FilterId(i64::from(id)), expr))
    }))
}

fn lines(path: &Path, limit: Option<usize>) -> anyhow::Result<Vec<PostingLine>> {
    each_line(path)?.take(limit.unwrap_or(usize::MAX)).collect()
}

fn each_line<T: for<'de> Deserialize<'de>>(
    path: &Path,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<T>>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = (1..).zip(BufReader::new(file).lines());
    Ok(lines.map(move |(number, line): (usize, _)| {
        serde_json::from_str(&line?).with_context(|| format!("{} line {number}", path.display()))
    }))
}
