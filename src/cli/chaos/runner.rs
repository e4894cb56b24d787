//! Starts everything, kills, waits until all is quiet, and compares.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::Wanted;
use super::crew::Crew;
use super::ledger::{KINDS, Kind, Ledger};
use super::oracle::{self, Fate, InFlight, Posted, address};
use super::stand_in::platform;
use crate::app::{App, Database};
use crate::cli::bench::{Folder, board};
use crate::cli::output;
use crate::cli::serve::Signals;
use crate::clock::Clock;
use crate::config::Config;
use crate::db;
use crate::db::filters::NewFilter;
use crate::db::postings::{Extent, Shown};
use crate::domain::account::{AccountKind, Identity};
use crate::domain::board::ClaimedBoard;
use crate::domain::posting::{self, Posting};

/// A target gets less than a burst a minute.
const A_MINUTE: u32 = 4;

/// How often it is seen what is on its way. The lease of a sender that died lasts much longer.
const LOOK: Duration = Duration::from_secs(1);

/// How often postings are stored.
const BATCH: Duration = Duration::from_millis(500);

/// The longest wait until all is quiet.
const QUIET: Duration = Duration::from_mins(5);

/// Runs, prints what became of the messages, and fails if any was lost, or doubled where that can be
/// prevented.
pub async fn run(mut config: Config, wanted: Wanted) -> anyhow::Result<ExitCode> {
    ensure!(wanted.replicas > 0 && wanted.rate >= 4, "a replica and four messages a second");
    let folder = Folder::new(None);
    config.data_dir = Some(folder.path.clone());
    let mut signals = Signals::listen()?;
    let database = Database::open(&config).await?;
    let app = App::open(Database::Given(database.url().clone())).await?;
    let ledger = Ledger::new(app.clock.now());
    let (address, serving) = ledger.serve().await?;
    // Ends with this function: nothing of it is to be kept.
    let outcome = tokio::select! {
        outcome = signals.unless(Box::pin(chaos(&app, &database, &ledger, &address, wanted))) => {
            outcome
        }
        () = serving => Err(anyhow::anyhow!("the ledger ended")),
    };
    signals.stop(app).await;
    database.close().await;
    let (figures, sound) = outcome?.context("interrupted")?;
    output::line(&serde_json::to_string_pretty(&figures)?)?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn chaos(
    app: &App,
    database: &Database,
    ledger: &Ledger,
    address: &str,
    wanted: Wanted,
) -> anyhow::Result<(serde_json::Value, bool)> {
    let rate = wanted.rate / u32::try_from(KINDS.len())?;
    let groups = (rate * 60 / A_MINUTE).max(1);
    people(app, groups).await?;
    let board = ClaimedBoard { polled_before: true, ..board(app).await? };
    let mut crew = Crew::new(database, address, wanted)?;
    crew.fill(true)?;
    let (enough, over) = (CancellationToken::new(), CancellationToken::new());
    let kills = async {
        let (posted, killed) = tokio::join!(post(app, &board, rate, groups, &enough), async {
            let killed = crew.kill_all().await;
            enough.cancel();
            killed
        });
        let posted = posted?;
        killed?;
        crew.calm()?;
        let quiet = until_quiet(&app.pool, &posted, ledger).await?;
        anyhow::Ok((posted, quiet))
    };
    let all = async {
        let ended = kills.await;
        over.cancel();
        ended
    };
    let (ended, leases) = tokio::join!(all, sends(&app.pool, &over));
    let (posted, quiet) = ended?;
    let arrived = ledger.arrived();
    let doubtful = db::unsent::ever_in_doubt(&app.pool).await?.into_iter().collect();
    let in_flight = InFlight { doubtful, leases };
    let fates = oracle::fates(&posted, &arrived, &in_flight);
    let (all, held_up) = oracle::delays(&posted, &arrived);
    let kept = |kind| fates.get(&kind).is_some_and(|fate| fate.lost == 0 && fate.strays == 0);
    let single = |kind| fates.get(&kind).is_some_and(|fate| fate.doubled == 0);
    let same = fates.get(&Kind::Mail).is_some_and(Fate::is_bounded);
    let single = KINDS.into_iter().filter(|kind| *kind != Kind::Mail).all(single);
    let sound = quiet && KINDS.iter().all(|kind| kept(*kind)) && single && same;
    let figures = json!({
        "kills": crew.counts,
        "quiet": quiet,
        "fates": fates,
        "delay_ms": all,
        "ever_in_doubt": in_flight.doubtful.len(),
        "recovery_ms": held_up,
    });
    Ok((figures, sound))
}

/// Watches what is on its way until all is over; under how many leases each delivery was.
async fn sends(pool: &PgPool, over: &CancellationToken) -> BTreeMap<i64, usize> {
    let mut seen = BTreeSet::new();
    while !over.is_cancelled() {
        // While Postgres is away, nothing changes.
        if let Ok(sends) = db::unsent::on_their_way(pool).await {
            seen.extend(sends);
        }
        sleep(LOOK).await;
    }
    let mut leases = BTreeMap::new();
    for (delivery, _) in seen {
        *leases.entry(delivery).or_default() += 1;
    }
    leases
}

/// For each kind and group an account with a target and a filter.
async fn people(app: &App, groups: u32) -> anyhow::Result<()> {
    let now = app.clock.now();
    db::in_tx(&app.pool, async |tx| {
        for kind in KINDS {
            for group in 0..groups {
                let (platform, user) = (platform(kind), address(kind, group));
                let identity = Identity { platform, workspace: String::new(), user: user.clone() };
                let account =
                    db::accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
                let target = db::accounts::target(tx, account, platform, &user, now).await?;
                let revision = db::filters::begin_change(tx).await?;
                let query = format!("group{group}");
                let filter =
                    NewFilter { account, target, made_from: None, name: &user, query: &query };
                db::filters::insert(tx, revision, filter, now).await?;
            }
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// Stores so many postings a second, each for one group in its turn, until it is enough. What fails is
/// stored again, as a poll is.
async fn post(
    app: &App,
    board: &ClaimedBoard,
    a_second: u32,
    groups: u32,
    enough: &CancellationToken,
) -> anyhow::Result<Vec<Posted>> {
    let many = (f64::from(a_second) * BATCH.as_secs_f64()).ceil();
    let mut posted: Vec<Posted> = Vec::new();
    let mut numbers = 0_u32..;
    while !enough.is_cancelled() {
        let at = Instant::now();
        let mut batch = Vec::new();
        while f64::from(u32::try_from(batch.len())?) < many {
            let number = numbers.next().context("there are numbers left")?;
            let (group, posting) = (number % groups, posting(number, number % groups)?);
            posted.push(Posted { title: posting.title.clone(), group, at });
            batch.push(posting);
        }
        let shown = Shown { postings: &batch, extent: Extent::Newest, most: usize::MAX };
        loop {
            let now = app.clock.now();
            let stored =
                db::in_tx(&app.pool, async |tx| db::postings::store(tx, board, shown, now).await);
            match stored.await {
                Ok(_) => break,
                Err(error) => tracing::debug!("stored again: {error}"),
            }
            sleep(Duration::from_millis(100)).await;
        }
        sleep(BATCH.saturating_sub(at.elapsed())).await;
    }
    Ok(posted)
}

/// The posting of that number: no two are of one opening.
fn posting(number: u32, group: u32) -> anyhow::Result<Posting> {
    let mut posting: Posting = serde_json::from_value(json!({
        "title": format!("Engineer {number} for group{group}"),
        "company": format!("Company {number}"),
        "location": "Berlin",
        "url": format!("https://jobs.example/{number}"),
        "body": format!("What number {number} is about."),
    }))?;
    posting.identity = posting::Identity::new(vec![format!("chaos-{number}")]);
    Ok(posting)
}

/// Waits until nothing is owed any more. `false` if that takes too long.
async fn until_quiet(pool: &PgPool, posted: &[Posted], ledger: &Ledger) -> anyhow::Result<bool> {
    let begun = Instant::now();
    while begun.elapsed() < QUIET {
        sleep(Duration::from_millis(500)).await;
        let now = db::server_time(pool).await?;
        let unsent = db::unsent::list(pool, now, 1_000).await?;
        let fates = oracle::fates(posted, &ledger.arrived(), &InFlight::default());
        let arrived = fates.values().all(|fate| fate.lost == 0);
        if arrived && unsent.iter().all(|delivery| delivery.state == "dead") {
            return Ok(true);
        }
    }
    Ok(false)
}
