//! The chat page: the same commands as in any chat, in a browser, with nothing set up.
//!
//! One account a browser, by a cookie that no other site can send. Only this page's own address may
//! be asked for, so that neither a page elsewhere nor a name that was bound to this machine can do
//! anything. Messages are rows: a reload shows them again.

mod html;
mod inbound;
mod send;
mod stream;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

pub use send::Playground;

use crate::commands::Context;

/// Largest request: a filter is 2,000 characters at most.
const MAX_REQUEST: usize = 16 * 1024;

/// Commands and buttons that one browser may send in a minute.
const A_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("above zero");

/// New browsers in a minute, all together.
const NEW_A_MINUTE: NonZeroU32 = NonZeroU32::new(120).expect("above zero");

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock>;

/// What the page's handlers share.
pub struct State {
    context: Context,
    /// `host:port` that the page may be asked for under, and the origins that go with them.
    hosts: Vec<String>,
    origins: Vec<String>,
    /// Counts up when any page has a new message.
    changes: watch::Receiver<u64>,
    stop: CancellationToken,
    by_account: Limiter<i64>,
    newcomers: Limiter<()>,
    secure: bool,
}

/// Where the page is reached.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub listen: SocketAddr,
    /// The address behind a proxy, if there is one.
    pub public_url: Option<&'a Url>,
}

impl State {
    pub fn new(
        context: Context,
        place: Place<'_>,
        changes: watch::Receiver<u64>,
        stop: CancellationToken,
    ) -> Self {
        let port = place.listen.port();
        let mut hosts: Vec<String> =
            ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}")).into();
        let mut origins: Vec<String> = hosts.iter().map(|host| format!("http://{host}")).collect();
        if let Some(url) = place.public_url {
            let host = url.host_str().unwrap_or_default();
            hosts.push(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")));
            origins.push(url.origin().ascii_serialization());
        }
        Self {
            context,
            hosts,
            origins,
            changes,
            stop,
            by_account: RateLimiter::hashmap(Quota::per_minute(A_MINUTE)),
            newcomers: RateLimiter::hashmap(Quota::per_minute(NEW_A_MINUTE)),
            secure: place.public_url.is_some_and(|url| url.scheme() == "https"),
        }
    }
}

/// The page and what it asks for.
pub fn router(state: State) -> Router {
    let state = Arc::new(state);
    Router::new()
        .route("/playground", get(inbound::page))
        .route("/playground/app.js", get(inbound::script))
        .route("/playground/style.css", get(inbound::style))
        .route("/playground/boards", get(inbound::boards))
        .route("/playground/stream", get(stream::stream))
        .route("/playground/say", post(inbound::say))
        .route("/playground/press", post(inbound::press))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .layer(from_fn_with_state(Arc::clone(&state), inbound::guard))
        .with_state(state)
}
