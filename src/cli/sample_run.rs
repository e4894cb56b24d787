//! The whole service around the sample board: what `try` shows and `bench early` measures.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tokio::net::TcpListener;
use url::Url;

use crate::app::{App, Database};
use crate::boards::catalog::Entry;
use crate::clock::Clock;
use crate::config::Config;
use crate::console::Console;
use crate::db;
use crate::db::filters::NewFilter;
use crate::domain::account::{AccountKind, Identity};
use crate::domain::board::BoardKind;
use crate::domain::ids::AccountId;
use crate::domain::role::Roles;
use crate::domain::target::Platform;
use crate::filter_lang;
use crate::render::replies;
use crate::sample_board::{Feed, SampleBoard, Schedule};

/// Rest between two polls of a sample feed.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// How the sample board behaves.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Time between two postings.
    pub every: Duration,
    /// Whether it begins with this process, or was always there.
    pub opens_now: bool,
}

/// A running service with the sample board.
pub struct SampleRun {
    pub app: App,
    pub account: AccountId,
    /// From when on things count for this run.
    pub since: DateTime<Utc>,
}

/// Starts everything; each stage that fails is named.
pub async fn start(
    config: &Config,
    sample: Sample,
    catalogue: Vec<Entry>,
    cards: impl Write + Send + 'static,
) -> anyhow::Result<SampleRun> {
    let database = Database::open(config).await.context("stage: start Postgres")?;
    let app = App::open(database).await.context("stage: open the database")?;
    let since = app.clock.now();
    let address = publish(&app, sample).await.context("stage: publish the sample board")?;
    let mut entries = sample_entries(&address)?;
    entries.extend(catalogue);
    app.install_catalogue(&entries).await.context("stage: install the catalogue")?;
    let account = save_examples(&app).await.context("stage: save the example filters")?;
    let console = Console::new(cards, app.base().clock);
    app.start_workers(config, &Roles::all(), vec![Arc::new(console), app.playground()])
        .context("stage: start the workers")?;
    Ok(SampleRun { app, account, since })
}

async fn publish(app: &App, sample: Sample) -> anyhow::Result<Url> {
    let clock = app.base().clock;
    let opens = sample.opens_now.then(|| clock.now());
    let board = SampleBoard::new(Schedule { every: sample.every, opens }, clock)?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = Url::parse(&format!("http://{}", listener.local_addr()?))?;
    let stop = app.stopping();
    app.spawn_task(async move {
        let server = axum::serve(listener, board.router());
        if let Err(error) = server.with_graceful_shutdown(stop.cancelled_owned()).await {
            tracing::error!("the sample board ended: {error}");
        }
    });
    Ok(address)
}

fn sample_entries(address: &Url) -> anyhow::Result<Vec<Entry>> {
    let entry = |feed: Feed| {
        Ok(Entry {
            slug: feed.slug().to_owned(),
            name: feed.title().to_owned(),
            kind: Some(BoardKind::Feed),
            rules: None,
            url: feed.url(address)?,
            interval: SAMPLE_INTERVAL,
            delay: Duration::ZERO,
            attribution: None,
            terms: None,
            zone: Tz::UTC,
            off: None,
        })
    };
    Feed::ALL.into_iter().map(entry).collect()
}

/// The account at this terminal and its filters; those that exist stay as they are.
async fn save_examples(app: &App) -> anyhow::Result<AccountId> {
    let identity =
        Identity { platform: Platform::Console, workspace: String::new(), user: "try".to_owned() };
    let now = app.clock.now();
    let (account, target) = db::in_tx(&app.pool, async |tx| {
        let account = db::accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
        let target = db::accounts::target(tx, account, Platform::Console, "terminal", now).await?;
        Ok((account, target))
    })
    .await?;
    for (name, text) in replies::EXAMPLES {
        let query = filter_lang::print(&filter_lang::parse(text)?);
        let filter = NewFilter { account, target, made_from: None, name, query: &query };
        db::in_tx(&app.pool, async |tx| {
            let revision = db::filters::begin_change(tx).await?;
            if db::filters::by_name(&mut *tx, account, name).await?.is_none() {
                db::filters::insert(tx, revision, filter, app.clock.now()).await?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(account)
}
