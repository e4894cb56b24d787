//! `earlybrd bench openings`: how fast stored postings are grouped, and a new one finds its opening.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use serde_json::json;
use tokio::time::Instant;

use super::bench::{Folder, board};
use super::measure::cpu;
use super::output;
use super::serve::Signals;
use crate::app::{App, Database};
use crate::config::Config;
use crate::db;
use crate::db::postings::{Extent, Shown};
use crate::domain::board::ClaimedBoard;
use crate::domain::posting::{Identity, Posting};
use crate::normalize::fingerprint::Fingerprint;
use crate::normalize::openings::Openings;
use crate::workers::Base;

/// Postings stored at a time.
const AT_ONCE: u32 = 1_000;

/// New postings that are stored one by one at the end.
const JOINED: u32 = 1_000;

/// Companies, and words that bodies are made of.
const COMPANIES: u32 = 40_000;
const WORDS: u32 = 20_000;

/// A job is shown again by one of the next so many postings.
const SHOWN_AGAIN: u32 = 5_000;

const ROLES: [&str; 20] = [
    "Software Engineer",
    "Backend Engineer",
    "Frontend Developer",
    "Data Engineer",
    "Data Scientist",
    "Product Manager",
    "Account Executive",
    "Sales Manager",
    "Nurse",
    "Accountant",
    "Marketing Manager",
    "Designer",
    "Site Reliability Engineer",
    "Customer Support Specialist",
    "Recruiter",
    "Electrician",
    "Project Manager",
    "Security Engineer",
    "Copywriter",
    "Warehouse Worker",
];
const LEVELS: [&str; 4] = ["", "Senior ", "Junior ", "Lead "];
const CITIES: [&str; 12] = [
    "Berlin", "London", "Paris", "New York", "Remote", "Madrid", "Hamburg", "Toronto", "Oslo",
    "Vienna", "Warsaw", "Chicago",
];

/// Stores so many postings, groups the first of them anew in memory, and stores some more one by one;
/// prints the rates and times.
pub async fn run(mut config: Config, stored: u32, grouped: u32) -> anyhow::Result<ExitCode> {
    let folder = Folder::new(None);
    config.data_dir = Some(folder.path.clone());
    let mut signals = Signals::listen()?;
    let app = App::open(Database::open(&config).await?).await?;
    let figures = signals.unless(Box::pin(measure(&app, stored, grouped))).await;
    signals.stop(app).await;
    output::line(&figures?.context("interrupted")?.to_string())?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(app: &App, stored: u32, grouped: u32) -> anyhow::Result<serde_json::Value> {
    let Base { pool, clock } = app.base();
    let now = clock.now();
    let board = board(app).await?;
    let begun = Instant::now();
    for first in (0..stored).step_by(usize::try_from(AT_ONCE)?) {
        let batch: Vec<Posting> = (first..stored.min(first + AT_ONCE))
            .map(|id| posting(id, now))
            .collect::<Result<_, _>>()?;
        store(app, &board, &batch, now).await?;
    }
    let storing = f64::from(stored) / begun.elapsed().as_secs_f64();
    db::analyze(&pool).await?;
    let openings = db::openings::count(&pool).await?;

    let begun = Instant::now();
    let said = db::candidates::first(&pool, grouped.into()).await?;
    let (read, cpu_before) = (begun.elapsed(), cpu());
    let mut found = Openings::default();
    let new = said.iter().filter(|said| found.add(said.print()).is_new).count();
    let took = (read + cpu().saturating_sub(cpu_before)).as_secs_f64();
    let many = u32::try_from(said.len())?;
    let (mut joined, mut kept) = (Vec::new(), Vec::new());
    for id in stored..stored + JOINED {
        let one = [posting(id, now)?];
        joined.push(join(app, &board, &one, now).await?);
        let begun = Instant::now();
        store(app, &board, &one, now).await?;
        kept.push(begun.elapsed());
    }
    Ok(json!({
        "stored": stored,
        "openings": openings,
        "stored_a_second": storing.round(),
        "grouped": many,
        "grouped_into": new,
        "grouped_a_second": (f64::from(many) / took).round(),
        "join_one_ms": percentiles(joined),
        "join_and_store_one_ms": percentiles(kept),
    }))
}

/// In milliseconds.
fn percentiles(mut taken: Vec<Duration>) -> serde_json::Value {
    taken.sort_unstable();
    let at = |part: usize| taken.get(taken.len() * part / 100).map(|it| it.as_secs_f64() * 1e3);
    json!({ "p50": at(50), "p95": at(95), "p99": at(99) })
}

/// How long it takes to find or make the opening of a posting; nothing of it stays.
async fn join(
    app: &App,
    board: &ClaimedBoard,
    one: &[Posting],
    now: DateTime<Utc>,
) -> anyhow::Result<Duration> {
    let mut tx = app.pool.begin().await?;
    let begun = Instant::now();
    let prints: Vec<Fingerprint> = one.iter().map(|it| Fingerprint::of(&it.into())).collect();
    let joining = db::openings::Joining {
        board: board.id,
        visibility: board.visibility,
        prints: &prints,
        beside: None,
        touched: &BTreeSet::new(),
    };
    db::openings::join(&mut tx, joining, now).await?;
    let took = begun.elapsed();
    tx.rollback().await?;
    Ok(took)
}

async fn store(
    app: &App,
    board: &ClaimedBoard,
    postings: &[Posting],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let shown = Shown { postings, extent: Extent::Newest, most: usize::MAX };
    db::in_tx(&app.pool, async |tx| db::postings::store(tx, board, shown, now).await).await?;
    Ok(())
}

/// The posting of that number: three of ten show a job that an earlier one does, in other words.
fn posting(id: u32, now: DateTime<Utc>) -> anyhow::Result<Posting> {
    let mut rng = Rng::with_seed(u64::from(id));
    let again = id > SHOWN_AGAIN && rng.u8(0..10) < 3;
    let job = if again { id - rng.u32(1..SHOWN_AGAIN) } else { id };
    let mut of = Rng::with_seed(u64::from(job) << 32 | 1);
    let company = of.u32(0..COMPANIES);
    let (role, level) = (of.usize(0..ROLES.len()), of.usize(0..LEVELS.len()));
    let city = CITIES.get(of.usize(0..CITIES.len())).copied().unwrap_or_default();
    let title = [LEVELS.get(level), ROLES.get(role)].into_iter().flatten().copied();
    let title: String = title.collect();
    let title = title + if again { " (m/w/d)" } else { "" };
    let body: Vec<String> = (0..60).map(|_| format!("word{}", of.u32(0..WORDS))).collect();
    let name = format!("{} Labs", of_number(company));
    let age = TimeDelta::minutes(i64::from(of.u32(0..60 * 24 * 13)));
    let mut posting: Posting = serde_json::from_value(json!({
        "title": title,
        "company": if again { format!("{name} GmbH") } else { name },
        "location": city,
        "url": format!("https://site{}.example/jobs/{}", id % 50, 1_000_000 + u64::from(id)),
        "posted_at": now - age,
        "body": body.join(" "),
    }))?;
    posting.identity = Identity::new(vec![format!("posting-{id}")]);
    Ok(posting)
}

/// A name of its own for each number, of syllables.
fn of_number(mut number: u32) -> String {
    let (consonants, vowels) = (b"bcdfghjklmnprstvwxyz", b"aeiou");
    let mut name = String::new();
    for _ in 0..3 {
        let mut draw = |letters: &[u8]| {
            let many = u32::try_from(letters.len()).unwrap_or(1);
            let letter = usize::try_from(number % many).ok().and_then(|at| letters.get(at));
            number /= many;
            char::from(letter.copied().unwrap_or_default())
        };
        name.extend([draw(consonants), draw(vowels)]);
    }
    name
}
