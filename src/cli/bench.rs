//! `earlybrd bench`: measurements on this machine, printed as one JSON object.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::TimeDelta;
use chrono_tz::Tz;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::generate::{Wanted, World};
use super::output;
use super::page_visit::Page;
use super::sample_run::{Sample, SampleRun, start};
use super::serve::Signals;
use crate::app::{App, Database, Pages};
use crate::boards::catalog::Entry;
use crate::boards::fetch::Fetcher;
use crate::commands::{self, Actor};
use crate::config::Config;
use crate::db;
use crate::db::funnel::Delays;
use crate::db::polls::Claim;
use crate::db::postings::{Extent, Shown};
use crate::domain::account::{self, AccountKind};
use crate::domain::board::{BoardKind, ClaimedBoard};
use crate::domain::posting::{Identity, Posting};
use crate::domain::target::Platform;
use crate::workers::Base;

/// Time between two postings.
const EVERY: Duration = Duration::from_millis(50);

/// Longest wait without a further card.
const STALL: Duration = Duration::from_mins(1);

/// A folder for one measurement, removed when it ends, however it ends.
pub struct Folder {
    pub path: PathBuf,
    ours: bool,
}

impl Folder {
    pub fn new(given: Option<PathBuf>) -> Self {
        let ours = given.is_none();
        let name = format!("earlybrd-bench-{}", std::process::id());
        Self { path: given.unwrap_or_else(|| std::env::temp_dir().join(name)), ours }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!("{} is left: {error}", self.path.display());
        }
    }
}

/// Runs the sample board at twenty postings a second until that many cards are delivered, and
/// prints the delays as one JSON object: milliseconds.
pub async fn early(
    mut config: Config,
    cards: u32,
    data: Option<PathBuf>,
) -> anyhow::Result<ExitCode> {
    let folder = Folder::new(data);
    config.data_dir = Some(folder.path.clone());
    let mut signals = Signals::listen()?;
    let sample = Sample { every: EVERY, opens_now: true };
    // Takes a few seconds; a signal meanwhile counts after it, so that all is put away.
    let run = start(&config, sample, Vec::new(), std::io::sink()).await?;
    let delays = signals.unless(until_delivered(&run, cards)).await;
    signals.stop(run.app).await;
    let delays = delays?.context("interrupted")?;
    let figures = json!({
        "cards": delays.cards,
        "response_to_card_ms": {
            "p50": delays.seen_p50, "p95": delays.seen_p95, "max": delays.seen_max,
        },
        "posted_to_card_ms": { "p50": delays.posted_p50, "p95": delays.posted_p95 },
    });
    output::line(&figures.to_string())?;
    Ok(ExitCode::SUCCESS)
}

async fn until_delivered(run: &SampleRun, cards: u32) -> anyhow::Result<Delays> {
    let mut last = (0, Instant::now());
    loop {
        let sent = db::funnel::funnel(&run.app.pool, run.since).await?.sent;
        if sent > last.0 {
            last = (sent, Instant::now());
        }
        if sent >= i64::from(cards) {
            return Ok(db::funnel::delays(&run.app.pool, run.since).await?);
        }
        ensure!(last.1.elapsed() < STALL, "no further card for {STALL:?} after {sent}");
        sleep(Duration::from_millis(200)).await;
    }
}

/// Commands sent by one browser before another takes over: below what one may send in a minute.
const BY_ONE: u32 = 50;

/// Sends commands to the chat page, as a browser does, until that many were answered, and prints
/// how long each took from the request until its answer was on the stream: milliseconds.
pub async fn answers(mut config: Config, commands: u32) -> anyhow::Result<ExitCode> {
    let folder = Folder::new(None);
    config.data_dir = Some(folder.path.clone());
    let mut signals = Signals::listen()?;
    let sample = Sample { every: Duration::from_secs(4), opens_now: false };
    // Takes a few seconds; a signal meanwhile counts after it, so that all is put away.
    let run = start(&config, sample, Vec::new(), std::io::sink()).await?;
    let taken = signals.unless(until_answered(&run, &config, commands)).await;
    signals.stop(run.app).await;
    let mut taken = taken?.context("interrupted")?;
    taken.sort_unstable();
    let at = |part: usize| taken.get(taken.len() * part / 100).map(|time| time.as_secs_f64() * 1e3);
    let figures = json!({
        "commands": taken.len(),
        "command_to_answer_ms": { "p50": at(50), "p95": at(95), "p99": at(99) },
    });
    output::line(&figures.to_string())?;
    Ok(ExitCode::SUCCESS)
}

async fn until_answered(
    run: &SampleRun,
    config: &Config,
    commands: u32,
) -> anyhow::Result<Vec<Duration>> {
    let address =
        run.app.serve_pages(([127, 0, 0, 1], 0).into(), config, Pages::Playground).await?;
    let page = Page { base: format!("http://{address}") };
    let mut taken = Vec::new();
    let said = ["list", "watch remote rust", "test python pay>=80k", "status", "help", "show 1"];
    let mut lines = said.iter().cycle();
    while taken.len() < usize::try_from(commands)? {
        let mut visit = page.open().await?;
        for line in lines.by_ref().take(usize::try_from(BY_ONE)?) {
            taken.push(visit.say(line).await?);
        }
    }
    Ok(taken)
}

/// Postings stored at a time.
const AT_ONCE: u32 = 500;

/// Stores generated postings of the last two weeks and previews generated filters over them; prints
/// how long each preview took: milliseconds.
pub async fn previews(mut config: Config, wanted: Wanted) -> anyhow::Result<ExitCode> {
    let folder = Folder::new(None);
    config.data_dir = Some(folder.path.clone());
    let mut signals = Signals::listen()?;
    let app = App::open(Database::open(&config).await?).await?;
    let taken = signals.unless(Box::pin(preview_all(&app, wanted))).await;
    signals.stop(app).await;
    let mut taken = taken?.context("interrupted")?;
    taken.sort_unstable();
    let at = |part: usize| taken.get(taken.len() * part / 100).map(|time| time.as_secs_f64() * 1e3);
    let figures = json!({
        "postings": wanted.postings,
        "previews": taken.len(),
        "preview_ms": { "p50": at(50), "p95": at(95), "p99": at(99) },
    });
    output::line(&figures.to_string())?;
    Ok(ExitCode::SUCCESS)
}

async fn preview_all(app: &App, wanted: Wanted) -> anyhow::Result<Vec<Duration>> {
    let Wanted { postings, filters, .. } = wanted;
    let Base { pool, clock } = app.base();
    let now = clock.now();
    let mut world = World::new(wanted);
    let board = board(app).await?;
    let step = TimeDelta::days(13) / i32::try_from(postings)?;
    for first in (0..postings).step_by(usize::try_from(AT_ONCE)?) {
        let seen = now - step * i32::try_from(postings - first)?;
        let batch = (first..postings.min(first + AT_ONCE)).map(|id| {
            let posting: Posting = serde_json::from_value(world.posting(id))?;
            let identity = Identity::new(vec![format!("posting-{id}")]);
            Ok(Posting { identity, posted_at: None, ..posting })
        });
        let batch = batch.collect::<anyhow::Result<Vec<_>>>()?;
        let shown = Shown { postings: &batch, extent: Extent::Newest, most: usize::MAX };
        db::in_tx(&pool, async |tx| db::postings::store(tx, &board, shown, seen).await).await?;
    }
    db::analyze(&pool).await?;
    let identity = world_identity();
    let (account, target) = db::in_tx(&pool, async |tx| {
        let account = db::accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
        let target = db::accounts::target(tx, account, Platform::Console, "bench", now).await?;
        Ok((account, target))
    })
    .await?;
    let context = commands::Context::new(pool, clock, Fetcher::new(None, &[])?);
    let mut taken = Vec::new();
    for number in 0..filters {
        let line = format!("test {}", world.filter(number));
        let begun = Instant::now();
        commands::say(&context, Actor::alone(account, target), &line).await;
        taken.push(begun.elapsed());
    }
    Ok(taken)
}

/// A board whose postings are made up, claimed.
pub async fn board(app: &App) -> anyhow::Result<ClaimedBoard> {
    app.install_catalogue(&[generated_board()?]).await?;
    let claim = Claim {
        now: app.base().clock.now(),
        most: 1,
        lease: Duration::from_hours(1),
        host_gap: Duration::ZERO,
        pace: None,
    };
    let claimed = db::in_tx(&app.pool, async |tx| db::polls::claim(tx, claim).await).await?;
    claimed.into_iter().next().context("the board is due")
}

fn world_identity() -> account::Identity {
    let user = "bench".to_owned();
    account::Identity { platform: Platform::Console, workspace: String::new(), user }
}

fn generated_board() -> anyhow::Result<Entry> {
    Ok(Entry {
        slug: "generated".to_owned(),
        name: "Generated".to_owned(),
        kind: Some(BoardKind::Feed),
        rules: None,
        url: "http://127.0.0.1:9/".parse()?,
        interval: Duration::from_hours(1),
        delay: Duration::ZERO,
        attribution: None,
        terms: None,
        zone: Tz::UTC,
        off: None,
    })
}
