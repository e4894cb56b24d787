//! `earlybrd try`: the whole way from a board to a message, with nothing set up.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::time::{Instant, sleep};

use super::sample_run::{Sample, SampleRun, start};
use super::serve::{Signals, catalogue};
use crate::app::Pages;
use crate::config::Config;
use crate::db;
use crate::db::funnel::{Delays, Funnel};
use crate::render::replies::EXAMPLES;

/// Longest wait of `--once` for a card of each filter.
const ONCE_TIMEOUT: Duration = Duration::from_secs(45);

/// Runs until a signal, or with `once` until each example filter has had a card.
pub async fn run(config: &Config, once: bool) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let (sample, boards) = if once {
        (Sample { every: Duration::from_millis(250), opens_now: true }, Vec::new())
    } else {
        (Sample { every: Duration::from_secs(4), opens_now: false }, catalogue(config)?)
    };
    for (name, text) in EXAMPLES {
        tracing::info!("filter \"{name}\": {text}");
    }
    for board in boards.iter().filter(|board| board.off.is_none()) {
        tracing::info!("board {}: {}", board.name, board.url);
    }
    let start = start(config, sample, boards, std::io::stdout());
    let Some(run) = signals.unless(start).await? else {
        ensure!(!once, "interrupted");
        return Ok(ExitCode::SUCCESS);
    };
    if !once {
        if config.playground != Some(false) {
            let address = serve_pages(config, &run).await.context("stage: listen")?;
            tracing::info!("open http://{address}/playground to try it in a browser");
        }
        tracing::info!("the sample board publishes a posting every few seconds; Ctrl-C ends");
        signals.next().await;
        signals.stop(run.app).await;
        return Ok(ExitCode::SUCCESS);
    }
    let shown = signals.unless(until_each_has_a_card(&run)).await;
    let summary = match &shown {
        Ok(Some(())) => Some(summary(&run).await?),
        Ok(None) | Err(_) => None,
    };
    signals.stop(run.app).await;
    ensure!(shown?.is_some(), "interrupted");
    if let Some(summary) = summary {
        tracing::info!("{summary}");
    }
    Ok(ExitCode::SUCCESS)
}

/// A newcomer's port 8080 may be taken; whoever set a port means it.
async fn serve_pages(config: &Config, run: &SampleRun) -> anyhow::Result<SocketAddr> {
    match run.app.serve_pages(config.listen, config, Pages::Playground).await {
        Err(error) if !config.set.contains(&"EARLYBRD_LISTEN") => {
            tracing::warn!("{error:#}; taking another port");
            let free = SocketAddr::new(config.listen.ip(), 0);
            run.app.serve_pages(free, config, Pages::Playground).await
        }
        served => served,
    }
}

async fn until_each_has_a_card(run: &SampleRun) -> anyhow::Result<()> {
    let deadline = Instant::now() + ONCE_TIMEOUT;
    loop {
        let pool = &run.app.pool;
        let missing = db::funnel::filters_without_card(pool, run.account, run.since).await?;
        if missing.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let stage = stuck_at(db::funnel::funnel(pool, run.since).await?);
            bail!("stage: {stage}; no card within {ONCE_TIMEOUT:?} for {}", missing.join(", "));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// The stage that lets nothing through.
fn stuck_at(funnel: Funnel) -> &'static str {
    match funnel {
        Funnel { seen: 0, .. } => "poll the sample board",
        Funnel { matched: 0, .. } | Funnel { owed: 0, .. } => "match postings",
        Funnel { sent: 0, .. } => "deliver cards",
        Funnel { .. } => "match postings for every filter",
    }
}

async fn summary(run: &SampleRun) -> anyhow::Result<String> {
    let pool = &run.app.pool;
    let Funnel { seen, sent, .. } = db::funnel::funnel(pool, run.since).await?;
    let Delays { seen_p50, seen_p95, .. } = db::funnel::delays(pool, run.since).await?;
    let ms = |value: Option<f64>| value.map_or_else(|| "?".to_owned(), |ms| format!("{ms:.0} ms"));
    Ok(format!(
        "{seen} postings seen, {sent} cards; from the board's response to the card: \
         half within {}, 95 % within {}",
        ms(seen_p50),
        ms(seen_p95)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_that_lets_nothing_through_is_named() {
        let funnel = |seen, matched, owed, sent| Funnel { seen, matched, owed, sent };
        assert!(stuck_at(funnel(0, 0, 0, 0)).contains("poll"));
        assert!(stuck_at(funnel(9, 0, 0, 0)).contains("match"));
        assert!(stuck_at(funnel(9, 9, 0, 0)).contains("match"));
        assert!(stuck_at(funnel(9, 9, 3, 0)).contains("deliver"));
        assert!(stuck_at(funnel(9, 9, 3, 3)).contains("every filter"));
    }
}
