//! `earlybrd bench commands`: how soon Slack's commands are acknowledged, and answered, while the database
//! is busy.

mod inbox;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};
use url::Url;
use url::form_urlencoded::Serializer;

use self::inbox::Inbox;
use super::bench::{Folder, board};
use super::bench_outbox::stand_in::Nobody;
use super::output;
use super::serve::Signals;
use crate::app::{App, Database, Pages};
use crate::clock::Clock;
use crate::config::{Config, SlackApp, SlackConfig};
use crate::db;
use crate::db::postings::{Extent, Shown};
use crate::domain::account::{AccountKind, Identity};
use crate::domain::ids::TargetId;
use crate::domain::posting::{self, Posting};
use crate::domain::role::Roles;
use crate::domain::target::Platform;
use crate::http::{for_operator, read_capped, user_agent};
use crate::slack;

/// Longest answer that acknowledges a command.
const ANSWER: usize = 100_000;

const SECRET: &str = "the benchmark's own";

/// What people type, in turn.
const LINES: [&str; 5] =
    ["list", "watch engineer remote", "test engineer -senior", "saved", "watch rust pay>=80k"];

/// Who types.
const PEOPLE: u32 = 500;

/// Postings that previews run over.
const STORED: u32 = 5_000;

/// Lanes that are kept busy, messages that are queued for them at a time, and rest before the next.
const LANES: u32 = 200;
const QUEUED: usize = 1_000;
const REST: Duration = Duration::from_millis(200);

/// Measures, and prints figures as one JSON object.
pub async fn run(mut config: Config, rate: u32, seconds: u32) -> anyhow::Result<ExitCode> {
    ensure!((1..=5_000).contains(&rate) && seconds > 0, "--rate is 1 to 5000, --seconds 1 or more");
    let folder = Folder::new(None);
    config.data_dir = Some(folder.path.clone());
    // Nobody is called there: no command that is measured needs it. Answers go to another port.
    let api = Url::parse("http://127.0.0.1:9/api/")?;
    let app = SlackApp {
        signing_secret: SECRET.into(),
        client_id: "bench".to_owned(),
        client_secret: "bench".into(),
        public_url: Url::parse("https://localhost/")?,
    };
    config.slack = Some(SlackConfig { api, app: Some(app), one: None });
    let mut signals = Signals::listen()?;
    let app = App::open(Database::open(&config).await?).await?;
    let figures = signals.unless(Box::pin(measure(&app, &config, rate, seconds))).await;
    signals.stop(app).await;
    output::line(&figures?.context("interrupted")?.to_string())?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(app: &App, config: &Config, rate: u32, seconds: u32) -> anyhow::Result<Value> {
    store(app).await?;
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let address = app.serve_pages(listen, config, Pages::Public).await?;
    let url = Url::parse(&format!("http://{address}/slack/commands"))?;
    let client = for_operator(&user_agent(None))?;
    let (nobody, _started) = Nobody::new();
    let sent = Arc::<Nobody>::clone(&nobody);
    app.start_workers(config, &Roles::all(), vec![nobody])?;
    let targets = targets(app).await?;
    let before = sent.sent();
    let inbox = Inbox::start(app, rate * seconds).await?;
    let begun = Instant::now();
    let typed = tokio::select! {
        typed = type_all(app, (&client, &url), &inbox, (rate, rate * seconds)) => typed?,
        ended = keep_busy(app, &targets) => {
            ended?;
            anyhow::bail!("nothing keeps the database busy")
        }
    };
    let took = begun.elapsed().as_secs_f64();
    let messages = u32::try_from(sent.sent() - before).unwrap_or(u32::MAX);
    let mut statuses: BTreeMap<String, u32> = BTreeMap::new();
    for Typed { status, .. } in &typed {
        *statuses.entry(status.clone()).or_default() += 1;
    }
    let answers = inbox.all().await.into_iter().zip(&typed);
    let answered: Vec<Duration> = answers.filter_map(|(at, it)| Some(at? - it.begun)).collect();
    Ok(json!({
        "commands": typed.len(),
        "commands_a_second": (f64::from(rate * seconds) / took).round(),
        "acknowledged_ms": parts(typed.iter().map(|it| it.acknowledged).collect()),
        "answered": answered.len(),
        "answered_ms": parts(answered),
        "statuses": statuses,
        "messages_sent_meanwhile_a_second": (f64::from(messages) / took).round(),
    }))
}

fn parts(mut taken: Vec<Duration>) -> Value {
    taken.sort_unstable();
    let at = |part: usize| taken.get(taken.len() * part / 1_000).or(taken.last());
    let millis = |part: usize| at(part).map(|it| (it.as_secs_f64() * 1e4).round() / 10.0);
    json!({ "p50": millis(500), "p95": millis(950), "p99": millis(990), "max": millis(1_000) })
}

/// Stores what previews run over.
async fn store(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let board = board(app).await?;
    let all: Vec<Posting> = (0..STORED).map(posting).collect::<Result<_, _>>()?;
    for some in all.chunks(500) {
        let shown = Shown { postings: some, extent: Extent::Newest, most: usize::MAX };
        db::in_tx(&app.pool, async |tx| db::postings::store(tx, &board, shown, now).await).await?;
    }
    Ok(())
}

fn posting(number: u32) -> anyhow::Result<Posting> {
    let title = ["Rust Engineer", "Senior Engineer", "Engineer, remote", "Designer"];
    let title = title.get(usize::try_from(number)? % title.len()).context("a title")?;
    let mut posting: Posting = serde_json::from_value(json!({
        "title": format!("{title} {number}"),
        "company": format!("Company {number}"),
        "location": "Berlin",
        "url": format!("https://jobs.example/{number}"),
        "body": "We build things that last, and look for somebody who does. ".repeat(20),
    }))?;
    posting.identity = posting::Identity::new(vec![format!("bench-{number}")]);
    Ok(posting)
}

async fn targets(app: &App) -> sqlx::Result<Vec<TargetId>> {
    let now = app.clock.now();
    db::in_tx(&app.pool, async |tx| {
        let mut targets = Vec::new();
        for number in 0..LANES {
            let (platform, user) = (Platform::Console, format!("bench-{number}"));
            let identity = Identity { platform, workspace: String::new(), user: user.clone() };
            let account =
                db::accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
            targets.push(db::accounts::target(tx, account, platform, &user, now).await?);
        }
        Ok(targets)
    })
    .await
}

/// Queues messages for ever.
async fn keep_busy(app: &App, targets: &[TargetId]) -> sqlx::Result<()> {
    let notice = |target: &TargetId| (*target, "busy".to_owned());
    let notices: Vec<_> = targets.iter().cycle().take(QUEUED).map(notice).collect();
    loop {
        let now = app.clock.now();
        db::in_tx(&app.pool, async |tx| db::deliveries::queue_notices(tx, &notices, now).await)
            .await?;
        sleep(REST).await;
    }
}

/// A command that was typed.
struct Typed {
    begun: Instant,
    acknowledged: Duration,
    status: String,
}

/// Types at a steady rate, whether or not what was typed before is answered; in the order of the numbers.
async fn type_all(
    app: &App,
    to: (&Client, &Url),
    inbox: &Inbox,
    (rate, all): (u32, u32),
) -> anyhow::Result<Vec<Typed>> {
    let mut tick = interval(Duration::from_secs(1) / rate);
    let mut typing = JoinSet::new();
    for number in 0..all {
        tick.tick().await;
        let (client, url) = (to.0.clone(), to.1.clone());
        let now = app.clock.now();
        let line = LINES.get(usize::try_from(number)? % LINES.len()).context("a line")?;
        let body = Serializer::new(String::new())
            .append_pair("team_id", "T1")
            .append_pair("user_id", &format!("U{}", number % PEOPLE))
            .append_pair("channel_id", "D1")
            .append_pair("command", "/jobs")
            .append_pair("text", line)
            .append_pair("response_url", &inbox.url(number))
            .append_pair("trigger_id", &format!("{number}"))
            .finish();
        let timestamp = now.timestamp().to_string();
        let signature = slack::sign(&SECRET.into(), &timestamp, body.as_bytes());
        let request = client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-slack-request-timestamp", timestamp)
            .header("x-slack-signature", signature)
            .body(body);
        let inbox = inbox.clone();
        typing.spawn(async move {
            let begun = Instant::now();
            let response = request.send().await?;
            let acknowledged = begun.elapsed();
            let status = response.status().as_u16().to_string();
            if !read_capped(response, ANSWER).await?.is_empty() {
                inbox.put(number);
            }
            anyhow::Ok((number, Typed { begun, acknowledged, status }))
        });
    }
    let mut typed = Vec::new();
    for one in typing.join_all().await {
        typed.push(one?);
    }
    typed.sort_unstable_by_key(|(number, _)| *number);
    Ok(typed.into_iter().map(|(_, it)| it).collect())
}
