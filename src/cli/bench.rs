//! `earlybrd bench early`: how long a posting takes from the board's response to its card.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::output;
use super::sample_run::{Sample, start};
use super::serve::Signals;
use crate::config::Config;
use crate::db;

/// Time between two postings.
const EVERY: Duration = Duration::from_millis(50);

/// Longest wait without a further card.
const STALL: Duration = Duration::from_mins(1);

/// Runs the sample board at twenty postings a second until that many cards are delivered, and
/// prints the delays as one JSON object: milliseconds.
pub async fn early(
    mut config: Config,
    cards: u32,
    data: Option<PathBuf>,
) -> anyhow::Result<ExitCode> {
    let temporary = data.is_none();
    let folder = data.unwrap_or_else(|| {
        std::env::temp_dir().join(format!("earlybrd-bench-{}", std::process::id()))
    });
    config.data_dir = Some(folder.clone());
    let signals = Signals::listen()?;
    let sample = Sample { every: EVERY, opens_now: true };
    let run = start(&config, sample, Vec::new(), std::io::sink()).await?;
    let mut last = (0, Instant::now());
    loop {
        let sent = db::funnel::funnel(&run.app.pool, run.since).await?.sent;
        if sent > last.0 {
            last = (sent, Instant::now());
        }
        if sent >= i64::from(cards) {
            break;
        }
        ensure!(last.1.elapsed() < STALL, "no further card for {STALL:?} after {sent}");
        sleep(Duration::from_millis(200)).await;
    }
    let delays = db::funnel::delays(&run.app.pool, run.since).await?;
    signals.stop(run.app).await;
    if temporary {
        std::fs::remove_dir_all(&folder)?;
    }
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
