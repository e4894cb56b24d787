//! Where Slack's people see answers that come later than what acknowledges a command.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use crate::app::App;

/// Longest wait for what is not answered yet.
const STALL: Duration = Duration::from_mins(2);

/// When each command was answered, by its number.
#[derive(Clone)]
pub struct Inbox {
    url: String,
    answered: Arc<Mutex<Vec<Option<Instant>>>>,
}

impl Inbox {
    /// Starts the far side, which ends with the service.
    pub async fn start(app: &App, commands: u32) -> anyhow::Result<Self> {
        let answered = Arc::new(Mutex::new(vec![None; usize::try_from(commands)?]));
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let inbox = Self { url: format!("http://{}/", listener.local_addr()?), answered };
        let router = Router::new().route("/{number}", post(take)).with_state(inbox.clone());
        let ended = app.stopping().cancelled_owned();
        app.spawn_task(async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(ended).await {
                tracing::warn!("the inbox ended: {error}");
            }
        });
        Ok(inbox)
    }

    fn held(&self) -> MutexGuard<'_, Vec<Option<Instant>>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `response_url` of a command.
    pub fn url(&self, number: u32) -> String {
        format!("{}{number}", self.url)
    }

    /// A command is answered. Only its first answer counts.
    pub fn put(&self, number: u32) {
        let mut answered = self.held();
        let at = usize::try_from(number).ok().and_then(|number| answered.get_mut(number));
        if let Some(at @ None) = at {
            *at = Some(Instant::now());
        }
    }

    /// Waits until all are answered, and says when; `None` for those that never were.
    pub async fn all(&self) -> Vec<Option<Instant>> {
        let begun = Instant::now();
        while begun.elapsed() < STALL && self.held().contains(&None) {
            sleep(Duration::from_millis(50)).await;
        }
        self.held().clone()
    }
}

async fn take(State(inbox): State<Inbox>, Path(number): Path<u32>) {
    inbox.put(number);
}
