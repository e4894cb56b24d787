//! Turns the database's "look now" into wakes of the workers in this process.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::db::wake::{Listener, Stage};

/// Rest before a connection that failed is made again.
const RECONNECT: Duration = Duration::from_secs(1);

/// One for each stage that can be woken.
#[derive(Debug, Clone, Default)]
pub struct Wakes {
    pub matching: Arc<Notify>,
    pub delivery: Arc<Notify>,
    /// Counts up; each open chat page watches it.
    pub pages: watch::Sender<u64>,
}

impl Wakes {
    /// `None` rings everywhere.
    fn ring(&self, stage: Option<Stage>) {
        if matches!(stage, None | Some(Stage::Match)) {
            self.matching.notify_one();
        }
        if matches!(stage, None | Some(Stage::Deliver)) {
            // Every sender looks; those that find nothing rest again.
            self.delivery.notify_waiters();
            self.delivery.notify_one();
        }
        if matches!(stage, None | Some(Stage::Page)) {
            self.pages.send_modify(|count| *count += 1);
        }
    }
}

/// Listens until `stop`. While the connection is away the workers' own rests are the safety net.
pub async fn listen(url: SecretString, wakes: Wakes, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let connected = tokio::select! {
            () = stop.cancelled() => return,
            connected = Listener::connect(&url) => connected,
        };
        if let Ok(mut listener) = connected {
            wakes.ring(None);
            loop {
                let heard = tokio::select! {
                    () = stop.cancelled() => return,
                    heard = listener.next() => heard,
                };
                match heard {
                    Ok(stage) => wakes.ring(stage),
                    Err(error) => {
                        tracing::warn!("not hearing the database: {error}");
                        break;
                    }
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(RECONNECT) => {}
        }
    }
}
