//! `earlybrd bench polling`: how many boards a second are polled, and in how much memory.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use chrono_tz::Tz;
use serde_json::json;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bench::Folder;
use super::board_server::{feed, shown};
use super::measure::{cpu, peak_mb};
use super::output;
use super::serve::Signals;
use crate::app::{App, Database, POLLERS};
use crate::boards::catalog::Entry;
use crate::boards::fetch::Fetcher;
use crate::boards::{self, Reading, Response};
use crate::config::Config;
use crate::db;
use crate::domain::board::BoardKind;
use crate::normalize::BoardContext;
use crate::pulse::Pulse;
use crate::worker::{self, Rest};
use crate::workers::claims::{Claims, Pace, RENEWAL};
use crate::workers::poll_boards::PollBoards;

/// Rounds in which nothing has changed.
const ROUNDS: u32 = 5;

/// Feeds that are read to see what reading costs.
const READ: u64 = 400;

/// Longest wait for a round.
const STALL: Duration = Duration::from_mins(10);

/// The process that serves boards; it ends with this one.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(items: u32) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["bench", "boards", "--items", &items.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut port = String::new();
        let output = process.stdout.take().context("no output")?;
        BufReader::new(output).read_line(&mut port)?;
        Ok(Self { process, port: port.trim().parse().context("the boards did not start")? })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait().map(drop)) {
            tracing::warn!("the boards' process is left: {error}");
        }
    }
}

/// Polls boards that are all new, then some rounds in which nothing has changed; prints the rates.
pub async fn run(mut config: Config, boards: u32, items: u32) -> anyhow::Result<ExitCode> {
    let per_cpu_second = read_speed(items)?;
    let folder = Folder::new(None);
    config.data_dir = Some(folder.path.clone());
    let mut signals = Signals::listen()?;
    let app = App::open(Database::open(&config).await?).await?;
    let rates = signals.unless(Box::pin(poll_all(&app, boards, items))).await;
    signals.stop(app).await;
    let (new, unchanged) = rates?.context("interrupted")?;
    let figures = json!({
        "boards": boards,
        "items": items,
        "new_boards_a_second": (new * 10.0).round() / 10.0,
        "unchanged_boards_a_second": unchanged.round(),
        "items_read_a_cpu_second": per_cpu_second.round(),
        "peak_megabytes": peak_mb()?.round(),
    });
    output::line(&figures.to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Items read and normalised in a second of one core.
fn read_speed(items: u32) -> anyhow::Result<f64> {
    let feed = feed(items)?;
    let context =
        BoardContext { slug: "bench", company: None, base: None, zone: Tz::UTC, at: None };
    let read = |body: &str| -> anyhow::Result<usize> {
        let response = Response { body: body.as_bytes(), content_type: None };
        let answered = boards::read(Reading::from(BoardKind::Feed), response, &context)?;
        ensure!(answered.problems.is_empty(), "the bench's own feed cannot be read");
        Ok(answered.postings.len())
    };
    // What is made once, at first use.
    read(&shown(&feed, 0, 1))?;
    let (mut items, mut spent) = (0, Duration::ZERO);
    for board in 0..READ {
        let body = shown(&feed, board, 1);
        let begun = cpu();
        items += read(&body)?;
        spent += cpu().saturating_sub(begun);
    }
    Ok(f64::from(u32::try_from(items)?) / spent.as_secs_f64())
}

async fn poll_all(app: &App, boards: u32, items: u32) -> anyhow::Result<(f64, f64)> {
    let server = Server::start(items)?;
    let entries: anyhow::Result<Vec<Entry>> =
        (0..boards).map(|board| entry(board, server.port)).collect();
    app.install_catalogue(&entries?).await?;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let wake = Arc::default();
    let look = Duration::from_millis(2);
    let pace = Pace { host_gap: Duration::ZERO, spread: false, look, renewal: RENEWAL };
    let claims = Claims::new(pace, Arc::clone(&wake));
    let fetcher = Fetcher::new(None, &[])?;
    let begun = Instant::now();
    for _ in 0..POLLERS {
        let (base, fetcher, claims) = (app.base(), fetcher.clone(), claims.clone());
        let rest = Rest { pause: Duration::from_millis(10), wake: Arc::clone(&wake) };
        tasks.spawn(worker::run(
            PollBoards { base, fetcher, claims, keys: None },
            rest,
            Pulse::default(),
            stop.clone(),
        ));
    }
    let count = f64::from(boards);
    until_polled(app, begun).await?;
    let new = count / begun.elapsed().as_secs_f64();
    let stored = db::settled_polls::postings(&app.pool).await?;
    ensure!(stored == i64::from(boards) * i64::from(items), "{stored} postings were stored");
    let mut spent = Duration::ZERO;
    for _ in 0..ROUNDS {
        db::settled_polls::all_due(&app.pool, app.base().clock.now()).await?;
        let begun = Instant::now();
        until_polled(app, begun).await?;
        spent += begun.elapsed();
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok((new, count * f64::from(ROUNDS) / spent.as_secs_f64()))
}

async fn until_polled(app: &App, begun: Instant) -> anyhow::Result<()> {
    while db::settled_polls::due(&app.pool, app.base().clock.now()).await? > 0 {
        ensure!(begun.elapsed() < STALL, "the boards were not polled in {STALL:?}");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn entry(board: u32, port: u16) -> anyhow::Result<Entry> {
    // A host of its own, so that politeness does not slow the measurement down.
    let (high, low) = (board / 250, board % 250);
    Ok(Entry {
        slug: format!("board-{board}"),
        name: format!("Board {board}"),
        kind: Some(BoardKind::Feed),
        rules: None,
        url: format!("http://127.1.{high}.{}:{port}/boards/{board}", low + 1).parse()?,
        interval: Duration::from_hours(6),
        delay: Duration::ZERO,
        attribution: None,
        terms: None,
        zone: Tz::UTC,
        off: None,
    })
}
