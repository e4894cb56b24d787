//! The far sides of the benchmark: one that does nothing, and one that takes messages over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep};

use crate::app::App;
use crate::domain::delivery::{MessageRef, Verdict};
use crate::domain::limit::Limit;
use crate::domain::message::Message;
use crate::domain::target::{Platform, Target};
use crate::http::{for_operator, read_capped, user_agent};
use crate::messenger::Messenger;
use crate::render::card;

/// Longest answer of the stand-in.
const ANSWER: usize = 1_000;

/// How long the stand-in thinks.
const THINKS: Duration = Duration::from_millis(20);

/// Takes messages and says when their sends began.
pub struct Nobody {
    began: UnboundedSender<(String, Instant)>,
    sent: AtomicU64,
}

/// When sends began.
pub struct Started(UnboundedReceiver<(String, Instant)>);

impl Nobody {
    pub fn new() -> (Arc<Self>, Started) {
        let (began, started) = unbounded_channel();
        (Arc::new(Self { began, sent: AtomicU64::new(0) }), Started(started))
    }

    /// How many messages there were.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Started {
    /// When this notice's send began.
    pub async fn of(&mut self, notice: &str) -> anyhow::Result<Instant> {
        loop {
            let (said, at) = self.0.recv().await.context("the sender is gone")?;
            if said == notice {
                return Ok(at);
            }
        }
    }
}

#[async_trait]
impl Messenger for Nobody {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    async fn send(&self, _: &Target, message: &Message) -> Result<MessageRef, Verdict> {
        let began = Instant::now();
        self.sent.fetch_add(1, Ordering::Relaxed);
        if let Some(notice) = &message.notice {
            self.began.send((notice.clone(), began)).ok(); // Nobody times it.
        }
        Ok(MessageRef(format!("nobody-{}", message.delivery)))
    }
}

/// A platform behind HTTP.
pub struct StandIn {
    url: String,
    client: reqwest::Client,
    accepted: Arc<AtomicU64>,
}

impl StandIn {
    /// Starts the far side, which ends with the service.
    pub async fn start(app: &App) -> anyhow::Result<Self> {
        let accepted = Arc::<AtomicU64>::default();
        let router = Router::new().route("/", post(accept)).with_state(Arc::clone(&accepted));
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let ended = app.stopping().cancelled_owned();
        app.spawn_task(async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(ended).await {
                tracing::warn!("the stand-in ended: {error}");
            }
        });
        Ok(Self { url, client: for_operator(&user_agent(None))?, accepted })
    }

    /// How many messages arrived.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

async fn accept(State(accepted): State<Arc<AtomicU64>>, body: String) -> String {
    sleep(THINKS).await;
    let number = accepted.fetch_add(1, Ordering::Relaxed);
    format!("{number}-{}", body.len())
}

#[async_trait]
impl Messenger for StandIn {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    fn at_once(&self) -> usize {
        128
    }

    /// Limits that stop nobody, and are counted all the same.
    fn limits(&self, target: &Target) -> Vec<Limit> {
        let every = Duration::from_micros(1);
        let limit = |key: String| Limit { key, every, burst: 1_000_000 };
        vec![limit("stand-in".to_owned()), limit(format!("stand-in/{}", target.address))]
    }

    async fn send(&self, _: &Target, message: &Message) -> Result<MessageRef, Verdict> {
        let cards = message.cards.iter().map(|shown| card::text(shown, message.created));
        let text: Vec<String> = cards.collect();
        let request = self.client.post(&self.url).body(text.join("\n\n"));
        let away = |why: String| Verdict::Retry { why, after: None };
        let answer = request.send().await.map_err(|error| away(error.to_string()))?;
        let answer = read_capped(answer, ANSWER).await.map_err(|error| away(error.to_string()))?;
        Ok(MessageRef(String::from_utf8_lossy(&answer).into_owned()))
    }
}
