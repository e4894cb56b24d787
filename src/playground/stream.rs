//! Server-sent events: each message of the account once, in order, from where the browser is.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::broadcast::{self, error::RecvError};

use super::inbound::known;
use super::{PAGES, State};
use crate::db;
use crate::db::playground::PageMessage;
use crate::domain::ids::AccountId;

/// Messages shown of a long history.
const HISTORY: i64 = 200;

/// How often it looks when nobody says that there is something.
const NET: Duration = Duration::from_secs(5);

/// How far one open page is.
struct Position {
    state: Arc<State>,
    account: AccountId,
    /// The last change that the page has seen.
    last: Option<i64>,
    waiting: VecDeque<PageMessage>,
    changes: broadcast::Receiver<Option<AccountId>>,
    _open: Open,
}

/// One open stream of an account, counted while it is there.
struct Open {
    state: Arc<State>,
    account: AccountId,
}

impl Open {
    /// `None` when the account has as many as it may.
    fn count(state: &Arc<State>, account: AccountId) -> Option<Self> {
        let mut streams = state.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let open = streams.entry(account).or_default();
        if *open >= PAGES {
            return None;
        }
        *open += 1;
        Some(Self { state: Arc::clone(state), account })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut streams = self.state.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = streams.get_mut(&self.account) {
            *open -= 1;
            if *open == 0 {
                streams.remove(&self.account);
            }
        }
    }
}

/// The messages after `Last-Event-ID`, and all that come while the page is open.
pub async fn stream(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    let account = match known(&state, &headers).await {
        Ok(actor) => actor.account,
        Err(answer) => return answer,
    };
    let Some(open) = Open::count(&state, account) else {
        return (StatusCode::TOO_MANY_REQUESTS, "too many pages are open\n").into_response();
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let position = Position {
        changes: state.changes.subscribe(),
        _open: open,
        state,
        account,
        last,
        waiting: VecDeque::new(),
    };
    let events = unfold(position, async |mut position| {
        let message = position.next().await?;
        // The page tells by the number whether the message is new to it.
        let event = match message.change {
            Some(change) => Event::default().id(change.to_string()),
            None => Event::default(),
        };
        let event = event.data(format!("{}\n{}", message.id, message.html));
        Some((Ok::<_, Infallible>(event), position))
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

impl Position {
    /// The next message; `None` when the service stops, or the database is away: the browser comes
    /// again by itself.
    async fn next(&mut self) -> Option<PageMessage> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                self.last = message.change.or(self.last);
                return Some(message);
            }
            // Forgotten before looking, so that what comes while looking wakes the wait below.
            self.changes = self.changes.resubscribe();
            let pool = &self.state.context.pool;
            let found = match self.last {
                None => db::playground::history(pool, self.account, HISTORY).await,
                Some(last) => db::playground::after(pool, self.account, last, HISTORY).await,
            };
            self.waiting = found.ok()?.into();
            if self.waiting.is_empty() {
                tokio::select! {
                    () = self.state.stop.cancelled() => return None,
                    () = changed(&mut self.changes, self.account) => {}
                    () = tokio::time::sleep(NET) => {}
                }
            }
        }
    }
}

/// Waits until the account may have something new.
async fn changed(changes: &mut broadcast::Receiver<Option<AccountId>>, account: AccountId) {
    loop {
        match changes.recv().await {
            Ok(Some(other)) if other != account => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
