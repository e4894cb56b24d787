//! `earlybrd bench outbox`: how fast messages are queued, claimed, sent and settled.
//!
//! All runs on one private Postgres with full durability. "By nobody" means that a send does nothing.

pub mod stand_in;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::bench::{Folder, board};
use super::output;
use super::serve::Signals;
use crate::app::{App, Database};
use crate::config::Config;
use crate::db;
use crate::db::filters::NewFilter;
use crate::db::postings::{Extent, Shown};
use crate::db::settle::{Settlement, Showing, Turn};
use crate::domain::account::{AccountKind, Identity};
use crate::domain::board::ClaimedBoard;
use crate::domain::delivery::MessageRef;
use crate::domain::ids::{FilterId, PostingId, TargetId};
use crate::domain::posting::{self, Posting};
use crate::domain::role::Roles;
use crate::domain::target::Platform;
use crate::messenger::Messenger;
use crate::worker::{Tick, Worker};
use crate::workers::Base;
use crate::workers::deliver::Deliver;
use crate::workers::outbox::Outbox;
use stand_in::{Nobody, StandIn, Started};

/// Targets that messages are for.
const TARGETS: u32 = 1_000;

/// Messages queued by one transaction.
const AT_ONCE: usize = 1_000;

/// Messages of one target that are claimed at a time, and targets: what batches are made of.
const HEAD: i64 = 5;
const LANES: i64 = 200;

/// Settled rows after which it is measured again, up to as many as are wanted: nothing should slow down.
const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];

/// Messages sent one by one, and messages whose start is timed.
const SINGLE: u32 = 2_000;
const TIMED: u32 = 500;

/// Messages of postings, which owe something: written, and sent for real.
const OWED: u32 = 20_000;

/// Rest between two that are timed, and the longest wait for one.
const BETWEEN: Duration = Duration::from_millis(10);
const STALL: Duration = Duration::from_mins(2);

const LEASE: Duration = Duration::from_mins(10);
const PLATFORM: Platform = Platform::Console;

/// Measures, and prints figures: rows a second, milliseconds.
pub async fn run(mut config: Config, rows: u32, as_json: bool) -> anyhow::Result<ExitCode> {
    ensure!(rows >= TARGETS, "--rows is less than {TARGETS}: as many targets get messages");
    let folder = Folder::new(None);
    config.data_dir = Some(folder.path.clone());
    let mut signals = Signals::listen()?;
    let app = App::open(Database::open(&config).await?).await?;
    let figures = signals.unless(Box::pin(measure(&app, &config, rows))).await;
    signals.stop(app).await;
    let figures = figures?.context("interrupted")?;
    if as_json {
        output::line(&figures.to_string())?;
    } else if let Value::Object(figures) = figures {
        for (name, figure) in figures {
            output::line(&format!("{name}: {figure}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Bench<'a> {
    app: &'a App,
    base: Base,
    outbox: Base,
    board: ClaimedBoard,
    targets: Vec<TargetId>,
    filters: Vec<FilterId>,
}

async fn measure(app: &App, config: &Config, rows: u32) -> anyhow::Result<Value> {
    let base = app.base();
    let (targets, filters) = people(&base).await?;
    // What it shows is new.
    let board = ClaimedBoard { polled_before: true, ..board(app).await? };
    let bench = Bench { app, base, outbox: app.outbox_base(), board, targets, filters };
    let single_before = bench.one_by_one().await?;
    let sizes = bench.at_sizes(rows).await?;
    let last = |figure: &str| sizes.last().and_then(|size| size.get(figure)).cloned();
    let (queued, in_batches) = (last("queued_a_second"), last("settled_in_batches_a_second"));
    let single_after = last("settled_one_by_one_a_second");
    let owed = bench.owe(0).await?;
    let owed_in_batches = bench.in_batches(OWED).await?;
    bench.owe(1).await?;
    let real = bench.for_real().await?;
    let (nobody, mut started) = Nobody::new();
    let sent = Arc::<Nobody>::clone(&nobody);
    app.start_workers(config, &Roles::all(), vec![nobody])?;
    let idle = bench.start(&mut started).await?;
    let before = sent.sent();
    let (waiting, others) = (rows, bench.targets.iter().skip(usize::try_from(TIMED)?));
    bench.queue(waiting, &others.copied().collect::<Vec<_>>()).await?;
    let busy = bench.start(&mut started).await?;
    let meanwhile = sent.sent() - before;
    Ok(json!({
        "rows": rows,
        "queued_a_second": queued,
        "settled_in_batches_a_second": in_batches,
        "settled_one_by_one_a_second": { "at_first": single_before, "after_rows": single_after },
        "by_settled_rows": sizes,
        "owed_and_queued_a_second": owed,
        "owed_settled_in_batches_a_second": owed_in_batches,
        "sent_for_real_a_second": real,
        "queued_to_start_ms": { "idle": idle, "while_rows_are_sent": busy,
                                "rows_sent_meanwhile": meanwhile },
    }))
}

/// Accounts, each with a target and a filter.
async fn people(base: &Base) -> anyhow::Result<(Vec<TargetId>, Vec<FilterId>)> {
    let now = long_ago(base);
    let people = db::in_tx(&base.pool, async |tx| {
        let (mut targets, mut filters) = (Vec::new(), Vec::new());
        for number in 0..TARGETS {
            let user = format!("bench-{number}");
            let identity =
                Identity { platform: PLATFORM, workspace: String::new(), user: user.clone() };
            let account =
                db::accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
            let target = db::accounts::target(tx, account, PLATFORM, &user, now).await?;
            let revision = db::filters::begin_change(tx).await?;
            let filter = NewFilter {
                account,
                target,
                made_from: None,
                name: "engineers",
                query: "engineer",
            };
            targets.push(target);
            filters.push(db::filters::insert(tx, revision, filter, now).await?);
        }
        Ok((targets, filters))
    });
    Ok(people.await?)
}

fn long_ago(base: &Base) -> DateTime<Utc> {
    base.clock.now() - TimeDelta::days(1)
}

fn a_second(rows: usize, begun: Instant) -> f64 {
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    (f64::from(rows) / begun.elapsed().as_secs_f64()).round()
}

impl Bench<'_> {
    /// Queues notices, the targets in turn.
    async fn queue(&self, rows: u32, targets: &[TargetId]) -> anyhow::Result<f64> {
        let rows = usize::try_from(rows)?;
        let all: Vec<(TargetId, String)> = targets
            .iter()
            .cycle()
            .take(rows)
            .map(|target| (*target, "a notice".to_owned()))
            .collect();
        let begun = Instant::now();
        for batch in all.chunks(AT_ONCE) {
            let now = self.base.clock.now();
            db::in_tx(&self.base.pool, async |tx| {
                db::deliveries::queue_notices(tx, batch, now).await
            })
            .await?;
        }
        Ok(a_second(rows, begun))
    }

    /// Queues and settles more and more, and says at each size how fast.
    async fn at_sizes(&self, rows: u32) -> anyhow::Result<Vec<Value>> {
        let (mut figures, mut before) = (Vec::new(), 0);
        for size in SIZES.into_iter().filter(|size| *size < rows).chain([rows]) {
            let more = size - before;
            let queued = self.queue(more, &self.targets).await?;
            let in_batches = self.in_batches(more).await?;
            let single = self.one_by_one().await?;
            figures.push(json!({
                "settled_rows": size,
                "queued_a_second": queued,
                "settled_in_batches_a_second": in_batches,
                "settled_one_by_one_a_second": single,
            }));
            before = size;
        }
        Ok(figures)
    }

    /// Claims, begins and settles many lanes at a time, as senders do together; two do so side by side.
    async fn in_batches(&self, rows: u32) -> anyhow::Result<f64> {
        let begun = Instant::now();
        let all = || self.batches(LANES, HEAD);
        let (one, two) = tokio::try_join!(all(), all())?;
        ensure!(one + two == usize::try_from(rows)?, "{} of {rows} were settled", one + two);
        Ok(a_second(one + two, begun))
    }

    /// Turns of so many lanes until there is nothing to do: returns how many messages were settled.
    async fn batches(&self, lanes: i64, head: i64) -> sqlx::Result<usize> {
        let mut settled = 0;
        loop {
            match self.turn(lanes, head).await? {
                0 => return Ok(settled),
                some => settled += some,
            }
        }
    }

    /// One turn of so many lanes: returns how many messages were settled.
    async fn turn(&self, lanes: i64, head: i64) -> sqlx::Result<usize> {
        let (pool, now) = (&self.outbox.pool, self.outbox.clock.now());
        let mut connection = pool.acquire().await?;
        let lanes = db::lanes::claim(&mut *connection, PLATFORM, now, LEASE, lanes).await?;
        if lanes.is_empty() {
            return Ok(0);
        }
        let mut heads = db::lanes::heads(&mut *connection, &lanes, now, head).await?;
        drop(connection);
        let of = |lane: &db::lanes::ClaimedLane| heads.get(&lane.target.id).into_iter().flatten();
        let sends: Vec<_> =
            lanes.iter().flat_map(|lane| of(lane).map(|it| (lane.clone(), it.id))).collect();
        db::lanes::begin_sends(pool, &sends, now).await?;
        let turns = lanes.into_iter().map(|lane| {
            let sent = |id| Settlement::Sent {
                message: MessageRef(format!("bench-{id}")),
                shown: Showing::default(),
            };
            let head = heads.remove(&lane.target.id).unwrap_or_default();
            let tried = head.into_iter().map(|it| (it.clone(), sent(it.id))).collect();
            Turn { lane, tried, rest: None, leave: Some(now) }
        });
        let turns: Vec<Turn> = turns.collect();
        let now = self.base.clock.now();
        db::in_tx(pool, async |tx| db::settle::settle(tx, &turns, now).await).await?;
        Ok(sends.len())
    }

    /// One message of one lane after the other, each claimed, begun and settled alone; two do so side by
    /// side.
    async fn one_by_one(&self) -> anyhow::Result<f64> {
        self.queue(SINGLE, &self.targets).await?;
        let begun = Instant::now();
        let (one, two) = tokio::try_join!(self.batches(1, 1), self.batches(1, 1))?;
        ensure!(one + two == usize::try_from(SINGLE)?, "{} of {SINGLE} were settled", one + two);
        Ok(a_second(one + two, begun))
    }

    /// Writes what is owed as matching does, five postings a minute for each target, so that none wait for
    /// a minute's end.
    async fn owe(&self, time: i32) -> anyhow::Result<f64> {
        let many = OWED / TARGETS;
        let mark = fastrand::u32(..);
        let postings: Vec<Posting> =
            (0..many).map(|number| posting(mark, number)).collect::<Result<_, _>>()?;
        let now = self.base.clock.now() - TimeDelta::hours(2) + TimeDelta::minutes(30) * time;
        let shown = Shown { postings: &postings, extent: Extent::Newest, most: usize::MAX };
        db::in_tx(&self.base.pool, async |tx| {
            db::postings::store(tx, &self.board, shown, now).await
        })
        .await?;
        let stored = db::in_tx(&self.base.pool, async |tx| {
            db::matched::take_unmatched(tx, i64::from(many)).await
        })
        .await?;
        ensure!(stored.len() == postings.len(), "{} postings are new", stored.len());
        let (begun, mut queued) = (Instant::now(), 0);
        for (minute, few) in (0_i32..).zip(stored.chunks(5)) {
            let batch: Vec<PostingId> = few.iter().map(|stored| stored.id).collect();
            let matches: Vec<(PostingId, FilterId)> = batch
                .iter()
                .flat_map(|posting| self.filters.iter().map(|filter| (*posting, *filter)))
                .collect();
            let at = now + TimeDelta::minutes(1) * minute;
            queued += db::in_tx(&self.base.pool, async |tx| {
                db::matched::owe(tx, &batch, &matches, at).await
            })
            .await?;
        }
        ensure!(queued == usize::try_from(OWED)?, "{queued} messages were queued");
        Ok(a_second(queued, begun))
    }

    /// Sends what is owed: cards are read, rendered, counted under limits and sent over HTTP to a
    /// stand-in that takes its time.
    async fn for_real(&self) -> anyhow::Result<f64> {
        let stand_in = Arc::new(StandIn::start(self.app).await?);
        let messenger: Arc<dyn Messenger> = Arc::<StandIn>::clone(&stand_in);
        let senders = messenger.at_once();
        let outbox = Arc::new(Outbox::new(self.outbox.clone(), messenger, Arc::default(), senders));
        let begun = Instant::now();
        let drains = (0..senders).map(|_| drain(Deliver { outbox: Arc::clone(&outbox) }));
        futures_util::future::try_join_all(drains).await?;
        let took = a_second(usize::try_from(OWED)?, begun);
        ensure!(stand_in.accepted() == u64::from(OWED), "{} arrived", stand_in.accepted());
        Ok(took)
    }

    /// How long it takes from the end of the transaction that queues a message until its send begins, in
    /// this process, woken as the service is.
    async fn start(&self, started: &mut Started) -> anyhow::Result<Value> {
        let mut taken = Vec::new();
        for number in 0..TIMED {
            let target = self.targets.get(usize::try_from(number)?).copied();
            let notice = format!("timed {number}");
            let said = [(target.context("a target for each")?, notice.clone())];
            let now = self.base.clock.now();
            db::in_tx(&self.base.pool, async |tx| {
                db::deliveries::queue_notices(tx, &said, now).await
            })
            .await?;
            let queued = Instant::now();
            taken.push(timeout(STALL, started.of(&notice)).await??.duration_since(queued));
            sleep(BETWEEN).await;
        }
        taken.sort_unstable();
        let at = |part: usize| taken.get(taken.len() * part / 100).map(|it| it.as_secs_f64() * 1e3);
        Ok(json!({ "p50": at(50), "p95": at(95), "p99": at(99) }))
    }
}

/// The posting of that number: no two are of one opening.
fn posting(mark: u32, number: u32) -> anyhow::Result<Posting> {
    let mut posting: Posting = serde_json::from_value(json!({
        "title": format!("Engineer for {mark} {number}"),
        "company": format!("Company {mark} {number}"),
        "location": "Berlin",
        "url": format!("https://jobs.example/{mark}/{number}"),
        "body": "We build things that last, and look for somebody who does. ".repeat(20),
    }))?;
    posting.identity = posting::Identity::new(vec![format!("bench-{mark}-{number}")]);
    Ok(posting)
}

/// Sends until nothing is due.
async fn drain(mut sender: Deliver) -> anyhow::Result<()> {
    while sender.tick().await? == Tick::Busy {}
    Ok(())
}
