//! Turns the database's "look now" into wakes of the workers in this process.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::db::wake::{Listener, Stage};
use crate::domain::ids::AccountId;

/// Rest before a connection that failed is made again.
const RECONNECT: Duration = Duration::from_secs(1);

/// One for each stage that can be woken.
#[derive(Debug, Clone)]
pub struct Wakes {
    pub matching: Arc<Notify>,
    /// One for each platform.
    delivery: Vec<Arc<Notify>>,
    /// Says whose chat page has something new; `None` says that anybody's may.
    pub pages: broadcast::Sender<Option<AccountId>>,
}

/// News that an open page may be behind by before it just looks.
const BEHIND: usize = 64;

impl Default for Wakes {
    fn default() -> Self {
        let pages = broadcast::Sender::new(BEHIND);
        Self { matching: Arc::default(), delivery: Vec::new(), pages }
    }
}

impl Wakes {
    /// One more that is rung when there is something to deliver.
    pub fn of_delivery(&mut self) -> Arc<Notify> {
        let wake = Arc::<Notify>::default();
        self.delivery.push(Arc::clone(&wake));
        wake
    }

    /// `None` rings everywhere.
    fn ring(&self, stage: Option<Stage>) {
        if matches!(stage, None | Some(Stage::Match)) {
            self.matching.notify_one();
        }
        if matches!(stage, None | Some(Stage::Deliver)) {
            // One sender of each platform looks, and wakes as many as there is work for.
            self.delivery.iter().for_each(|wake| wake.notify_one());
        }
        let page = match stage {
            None => None,
            Some(Stage::Page(account)) => Some(account),
            Some(Stage::Match | Stage::Deliver) => return,
        };
        self.pages.send(page).ok(); // Nobody has a page open.
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
