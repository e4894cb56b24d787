//! `earlybrd serve`: the service until a signal ends it.

use std::process::ExitCode;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{App, Database, Pages};
use crate::boards::catalog::{self, Entry};
use crate::config::Config;
use crate::domain::role::{Role, Roles};

/// Runs until SIGINT or SIGTERM.
pub async fn run(config: &Config, roles: &Roles) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let entries = catalogue(config)?;
    let start = async {
        let app = App::open(Database::open(config).await?).await?;
        app.install_catalogue(&entries).await?;
        Ok(app)
    };
    let Some(app) = signals.unless(start).await? else { return Ok(ExitCode::SUCCESS) };
    let mut messengers = vec![app.playground()];
    messengers.extend(app.email(config)?);
    messengers.extend(app.slack(config)?);
    messengers.extend(app.discord(config)?);
    app.start_workers(config, roles, messengers)?;
    let pages = match config.playground {
        _ if !roles.has(Role::Web) => Pages::Health,
        Some(true) => Pages::Playground,
        Some(false) | None => Pages::Public,
    };
    let address = app.serve_pages(config.listen, config, pages).await?;
    tracing::info!("listening on {address}");
    if roles.has(Role::Gateway) {
        app.start_slack_socket(config)?;
        app.start_discord_gateway(config)?;
    }
    if pages == Pages::Playground {
        tracing::info!("the chat page is at http://{address}/playground");
    }
    tracing::info!(
        "watching {} boards",
        entries.iter().filter(|entry| entry.off.is_none()).count()
    );
    signals.next().await;
    signals.stop(app).await;
    Ok(ExitCode::SUCCESS)
}

/// The operator's catalogue, or the built-in one.
pub fn catalogue(config: &Config) -> anyhow::Result<Vec<Entry>> {
    let Some(path) = &config.catalogue else { return catalog::built_in() };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read EARLYBRD_CATALOGUE, {}", path.display()))?;
    catalog::parse(&text).with_context(|| format!("EARLYBRD_CATALOGUE, {}", path.display()))
}

/// The signals that ask the process to stop.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From here on they no longer end the process by themselves.
    pub fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Does something that a signal ends; `None` when one did.
    pub async fn unless<T>(
        &mut self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<Option<T>> {
        tokio::select! {
            done = work => done.map(Some),
            () = self.next() => Ok(None),
        }
    }

    /// Stops the service; a further signal ends the process at once.
    pub async fn stop(mut self, app: App) {
        tracing::info!("stopping; another signal stops at once");
        tokio::select! {
            () = app.stop() => {}
            () = self.next() => std::process::exit(130),
        }
    }
}
