//! Server-sent events: each message of the account once, in order, from where the browser is.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::State;
use super::inbound::known;
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
    last: i64,
    waiting: VecDeque<PageMessage>,
    changes: watch::Receiver<u64>,
}

/// The messages after `Last-Event-ID`, and all that come while the page is open.
pub async fn stream(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    let account = match known(&state, &headers).await {
        Ok(actor) => actor.account,
        Err(answer) => return answer,
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let position = Position {
        changes: state.changes.clone(),
        state,
        account,
        last: last.unwrap_or_default(),
        waiting: VecDeque::new(),
    };
    let events = unfold(position, async |mut position| {
        let message = position.next().await?;
        let event = Event::default().id(message.id.to_string()).data(message.html);
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
                self.last = message.id;
                return Some(message);
            }
            // Marked before looking, so that what comes while looking wakes the wait below.
            self.changes.mark_unchanged();
            let pool = &self.state.context.pool;
            let found = db::playground::after(pool, self.account, self.last, HISTORY).await.ok()?;
            self.waiting = found.into();
            if self.waiting.is_empty() {
                tokio::select! {
                    () = self.state.stop.cancelled() => return None,
                    changed = self.changes.changed() => changed.ok()?,
                    () = tokio::time::sleep(NET) => {}
                }
            }
        }
    }
}
