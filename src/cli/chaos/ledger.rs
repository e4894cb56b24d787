//! The far side of the replicas: accepts messages, never forgets one, and answers badly now and then.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use regex::Regex;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use super::{discord, slack};

/// What a platform offers against doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It knows a message again by a key, as Discord does by a nonce.
    Key,
    /// It can be asked, as Slack can by a message's metadata.
    LookUp,
    /// Neither: mail.
    Mail,
    /// Slack itself, as far as messages go.
    Slack,
    /// Discord itself, likewise.
    Discord,
}

pub const KINDS: [Kind; 5] = [Kind::Key, Kind::LookUp, Kind::Mail, Kind::Slack, Kind::Discord];

/// How long Discord knows a message by its nonce.
const NONCE: Duration = Duration::from_mins(3);

/// The titles that the runner gives its postings.
static TITLES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"Engineer \d+ for group\d+").expect("it is well formed"));

/// Those in a text, once each.
pub fn titles(text: &str) -> Vec<String> {
    let found: BTreeSet<&str> = TITLES.find_iter(text).map(|title| title.as_str()).collect();
    found.into_iter().map(str::to_owned).collect()
}

/// A message as it is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sent {
    pub kind: Kind,
    /// The delivery's number: nonce, metadata or Message-ID.
    pub delivery: i64,
    pub target: String,
    /// The titles of its cards.
    pub titles: Vec<String>,
}

/// A message that arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub sent: Sent,
    pub at: Instant,
}

/// Which message is asked for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Asked {
    pub kind: Kind,
    pub delivery: i64,
}

#[derive(Default)]
struct Book {
    arrived: Vec<Arrived>,
    known: HashMap<(Kind, i64), usize>,
}

/// What arrived, in its order.
#[derive(Clone)]
pub struct Ledger {
    book: Arc<Mutex<Book>>,
    /// When it was opened, by either clock.
    opened: (DateTime<Utc>, Instant),
}

impl Ledger {
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { book: Arc::default(), opened: (now, Instant::now()) }
    }

    /// Opens the ledger to replicas; returns its address and what serves it.
    pub async fn serve(&self) -> anyhow::Result<(String, impl Future<Output = ()> + use<>)> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let router = Router::new()
            .route("/send", post(accept))
            .route("/find", get(find))
            .merge(slack::routes())
            .merge(discord::routes())
            .with_state(self.clone());
        let serving = async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!("the ledger ended: {error}");
            }
        };
        Ok((url, serving))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that arrived by now.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.book().arrived.clone()
    }

    /// What arrived at one target, with its numbers.
    pub fn arrived_at(&self, target: &str) -> Vec<(usize, Arrived)> {
        let book = self.book();
        let numbered = book.arrived.iter().enumerate();
        let there = numbered.filter(|(_, arrived)| arrived.sent.target == target);
        there.map(|(number, arrived)| (number, arrived.clone())).collect()
    }

    /// When a message arrived.
    pub fn at(&self, number: usize) -> DateTime<Utc> {
        let at = self.book().arrived.get(number).map_or(self.opened.1, |arrived| arrived.at);
        self.opened.0 + at.duration_since(self.opened.1)
    }

    /// The same, as Slack writes it; no two have one.
    pub fn stamp(&self, number: usize) -> String {
        format!("{}.{:06}", self.at(number).timestamp(), number % 1_000_000)
    }

    /// Writes a message down, unless so many of the target are younger than that.
    pub fn write_at_most(&self, sent: Sent, (most, within): (usize, Duration)) -> Option<usize> {
        let there = self.arrived_at(&sent.target);
        let young = there.iter().filter(|(_, it)| it.at.elapsed() < within).count();
        (young < most).then(|| self.write(sent))
    }

    fn write(&self, sent: Sent) -> usize {
        let mut book = self.book();
        let key = (sent.kind, sent.delivery);
        let known = book.known.get(&key).copied();
        let is_young = |number: &usize| {
            book.arrived.get(*number).is_some_and(|arrived| arrived.at.elapsed() < NONCE)
        };
        let same = match sent.kind {
            Kind::Key => known,
            Kind::Discord => known.filter(is_young),
            Kind::LookUp | Kind::Mail | Kind::Slack => None,
        };
        if let Some(same) = same {
            return same;
        }
        let number = book.arrived.len();
        book.known.insert(key, number);
        book.arrived.push(Arrived { sent, at: Instant::now() });
        number
    }
}

async fn accept(State(ledger): State<Ledger>, Json(sent): Json<Sent>) -> Response {
    sleep(Duration::from_millis(fastrand::u64(2..40))).await;
    match fastrand::u32(0..200) {
        0 => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        1 => {
            let rest = [(header::RETRY_AFTER, "1")];
            return (StatusCode::TOO_MANY_REQUESTS, rest).into_response();
        }
        _ => {}
    }
    // What mail lost would be repeated, as it must: only those that can do better lose answers.
    let is_lost = sent.kind != Kind::Mail && fastrand::u32(0..100) == 0;
    let number = ledger.write(sent);
    if is_lost {
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    }
    number.to_string().into_response()
}

async fn find(State(ledger): State<Ledger>, Query(asked): Query<Asked>) -> Response {
    sleep(Duration::from_millis(fastrand::u64(2..20))).await;
    match ledger.book().known.get(&(asked.kind, asked.delivery)) {
        Some(number) => number.to_string().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
