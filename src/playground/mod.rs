//! The chat page: the same commands as in any chat, in a browser, with nothing set up.
//!
//! One account a browser, by a cookie that no other site can send. Only this page's own address may
//! be asked for, so that neither a page elsewhere nor a name that was bound to this machine can do
//! anything. Messages are rows: a reload shows them again.

mod html;
mod inbound;
mod send;
mod stream;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use url::Url;

pub use send::Playground;

use crate::commands::Context;
use crate::domain::ids::AccountId;

/// Largest request: a filter is 2,000 characters at most.
const MAX_REQUEST: usize = 16 * 1024;

/// Commands and buttons that one browser may send in a minute.
const A_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("above zero");

/// Pages that one browser may have open. Browsers themselves keep few connections to one host.
const PAGES: usize = 8;

/// New browsers in a minute, all together.
const NEW_A_MINUTE: NonZeroU32 = NonZeroU32::new(120).expect("above zero");

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock>;

/// What the page's handlers share.
pub struct State {
    context: Context,
    /// `host:port` that the page may be asked for under, and the origins that go with them.
    hosts: Vec<String>,
    origins: Vec<String>,
    /// Says whose page has a new message; `None` is anybody's.
    changes: broadcast::Sender<Option<AccountId>>,
    /// Open streams of each account.
    streams: Mutex<HashMap<AccountId, usize>>,
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
        changes: broadcast::Sender<Option<AccountId>>,
        stop: CancellationToken,
    ) -> Self {
        let (hosts, origins) = names(place);
        Self {
            context,
            hosts,
            origins,
            changes,
            streams: Mutex::default(),
            stop,
            by_account: RateLimiter::hashmap(Quota::per_minute(A_MINUTE)),
            newcomers: RateLimiter::hashmap(Quota::per_minute(NEW_A_MINUTE)),
            secure: place.public_url.is_some_and(|url| url.scheme() == "https"),
        }
    }
}

/// `Host` and `Origin` as a browser sends them: without the port where it is the scheme's own.
fn names(place: Place<'_>) -> (Vec<String>, Vec<String>) {
    let port = place.listen.port();
    let mut hosts: Vec<String> =
        ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}")).into();
    if port == 80 {
        hosts.extend(["127.0.0.1", "localhost", "[::1]"].map(str::to_owned));
    }
    let mut origins: Vec<String> = hosts.iter().map(|host| format!("http://{host}")).collect();
    if let Some(url) = place.public_url {
        let host = url.host_str().unwrap_or_default();
        hosts.push(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")));
        origins.push(url.origin().ascii_serialization());
    }
    (hosts, origins)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_the_scheme_is_not_said() {
        let listen = |port| SocketAddr::from(([0, 0, 0, 0], port));
        let (hosts, origins) = names(Place { listen: listen(80), public_url: None });
        assert!(hosts.iter().any(|host| host == "localhost"));
        assert!(origins.iter().any(|origin| origin == "http://localhost"));
        let url = Url::parse("https://jobs.example:8443").unwrap();
        let (hosts, origins) = names(Place { listen: listen(8080), public_url: Some(&url) });
        assert!(hosts.iter().any(|host| host == "jobs.example:8443"));
        assert!(origins.iter().any(|origin| origin == "https://jobs.example:8443"));
        assert!(!hosts.iter().any(|host| host == "localhost"));
    }
}
