//! The gateway: what Discord brings over a connection that we open, so that nobody needs to reach us.
//!
//! One replica holds it by a lease that it renews. The session stands in Postgres, so that whoever opens the
//! next connection, also another process, goes on where the last one stood; a new session is begun within
//! Discord's limits only. Invariant: whoever lost the lease begins nothing.
//!
//! serenity's own client cannot go on with a session of another process, nor count the sessions it begins
//! with others, and drops interactions that it cannot read: so the connection is ours.

mod connection;
mod events;
mod rules;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::desk::Desk;
use crate::db;
use crate::db::discord_gateway::Session;
use crate::schedule::reconnect::rest;
pub use connection::INTENTS;
pub use events::Queue;
pub use rules::Trust;
use rules::{REMEMBERED, next_identify};

/// A connection that held so long was a good one.
const GOOD: Duration = Duration::from_secs(30);

/// Connections that a session may fail to go on with.
const TRIES: u32 = 3;

/// How long the gateway waits for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The connection belongs to its replica for so long after each renewal.
    pub lease: Duration,
    /// How often it is looked whether the connection, or a new session, may be had.
    pub look: Duration,
    /// How long opening a connection, and a session, may take.
    pub open: Duration,
    /// A connection without a word for so long is none.
    pub silence: Duration,
    /// Heartbeats are this far apart at least, whatever is asked for.
    pub beat: Duration,
    /// Rest before a session is begun after Discord ended one.
    pub ended: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            look: Duration::from_secs(1),
            open: Duration::from_secs(20),
            silence: Duration::from_mins(3),
            beat: Duration::from_millis(100),
            ended: Duration::from_secs(5),
        }
    }
}

/// What keeps the connection.
pub struct Gateway {
    pub desk: Arc<Desk>,
    pub token: SecretString,
    /// Where to connect, instead of where Discord says.
    pub url: Option<Url>,
    pub trust: Trust,
    pub patience: Patience,
    pub queue: Queue,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The session goes on with the next one, or was forgotten.
    Again,
    /// We stop.
    Stopped,
    /// Another connection would end like this one.
    Never(&'static str),
}

/// The connection as this replica holds it.
struct Held {
    lease: Uuid,
    session: Mutex<Option<Session>>,
}

impl Held {
    fn session(&self) -> Option<Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, session: Option<Session>) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
    }
}

impl Gateway {
    /// Keeps a connection while no other replica does, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.take().await {
                Ok(Some(held)) => {
                    if let Some(End::Never(why)) = self.hold(&held, &stop).await {
                        tracing::error!("Discord's gateway is closed for good: {why}");
                        self.note_end(Some(why)).await;
                        self.let_go(&held).await;
                        return;
                    }
                    self.let_go(&held).await;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!("Discord's gateway: {error}"),
            }
            self.wait(self.patience.look, &stop).await;
        }
    }

    /// Takes the connection, if nobody holds it.
    async fn take(&self) -> sqlx::Result<Option<Held>> {
        let (lease, now) = (Uuid::new_v4(), self.now());
        let times = (now, now + self.patience.lease);
        let (pool, app) = (&self.desk.context.pool, &self.desk.api.app_id);
        let taken = db::discord_gateway::take(pool, app, lease, times).await?;
        Ok(taken.map(|session| Held { lease, session: Mutex::new(session) }))
    }

    /// Works while the lease is renewed; `None` when it was lost.
    async fn hold(&self, held: &Held, stop: &CancellationToken) -> Option<End> {
        tokio::select! {
            biased;
            () = self.renew(held) => {
                tracing::warn!("Discord's gateway: another replica holds the connection");
                None
            }
            end = self.connections(held, stop) => Some(end),
        }
    }

    /// Renews the lease until it is lost, or may be.
    async fn renew(&self, held: &Held) {
        let mut renewed = Instant::now();
        loop {
            sleep(self.patience.lease / 3).await;
            // A process that was stopped for so long must not go on as if nothing had happened.
            if renewed.elapsed() >= self.patience.lease {
                return;
            }
            let begun = Instant::now();
            match self.keep(held, true).await {
                Ok(true) => renewed = begun,
                Ok(false) => return,
                Err(error) => tracing::warn!("Discord's gateway: {error}"),
            }
        }
    }

    /// Notes the session, and keeps the lease or gives it back.
    async fn keep(&self, held: &Held, holding: bool) -> sqlx::Result<bool> {
        let until = holding.then(|| self.now() + self.patience.lease);
        let (pool, app) = (&self.desk.context.pool, self.desk.api.app_id.as_str());
        let session = held.session();
        db::discord_gateway::keep(pool, (app, held.lease), session.as_ref(), until).await
    }

    /// Lets the operator see that nothing is brought any more, and why; or that it is.
    async fn note_end(&self, why: Option<&str>) {
        let (pool, app) = (&self.desk.context.pool, self.desk.api.app_id.as_str());
        if let Err(error) = db::discord_gateway::note_end(pool, app, why).await {
            tracing::warn!("Discord's gateway: {error}");
        }
    }

    /// Lets the operator see that nothing is brought until there is a connection again.
    async fn note_down(&self, held: &Held) {
        let (pool, app) = (&self.desk.context.pool, self.desk.api.app_id.as_str());
        let noted = db::discord_gateway::note_down(pool, (app, held.lease), self.now()).await;
        if let Err(error) = noted {
            tracing::warn!("Discord's gateway: {error}");
        }
    }

    async fn let_go(&self, held: &Held) {
        if let Err(error) = self.keep(held, false).await {
            tracing::warn!("Discord's gateway: {error}");
        }
    }

    /// One connection after the other.
    async fn connections(&self, held: &Held, stop: &CancellationToken) -> End {
        let (mut failures, mut lost) = (0, 0);
        while !stop.is_cancelled() {
            let began = Instant::now();
            let had = held.session();
            let ended = self.connection(held, stop).await;
            self.note_down(held).await;
            match ended {
                Ok(End::Again) => {}
                Ok(end) => return end,
                Err(error) => tracing::warn!("Discord's gateway: {error:#}"),
            }
            let session = held.session();
            let is_same = |had: &Session| session.as_ref().is_some_and(|it| it.id == had.id);
            let went_on = session.as_ref().map(|it| it.seq) > had.as_ref().map(|it| it.seq);
            lost = if had.as_ref().is_some_and(is_same) && !went_on { lost + 1 } else { 0 };
            if lost >= TRIES {
                tracing::warn!("Discord's gateway: the session cannot be gone on with");
                held.set(None);
                lost = 0;
            }
            failures = if began.elapsed() > GOOD { 0 } else { failures + 1 };
            let rest = if session.is_none() { self.patience.ended } else { self.patience.look };
            let again = rest.max(self::rest(failures, fastrand::f64()).min(rest * 60));
            self.wait(again, stop).await;
        }
        End::Stopped
    }

    /// Waits until a session may be begun.
    async fn may_identify(&self, stop: &CancellationToken) -> sqlx::Result<()> {
        let mut told = false;
        while !stop.is_cancelled() {
            let (now, pool) = (self.now(), &self.desk.context.pool);
            let app = &self.desk.api.app_id;
            let begun = db::discord_gateway::identifies(pool, app, now - REMEMBERED).await?;
            let Some(free) = next_identify(&begun, now) else { return Ok(()) };
            if !told && free - now > chrono::TimeDelta::minutes(1) {
                tracing::error!(
                    "Discord's gateway: too many sessions were begun; waiting for {free}"
                );
                told = true;
            }
            self.wait(self.patience.look, stop).await;
        }
        Ok(())
    }

    async fn wait(&self, rest: Duration, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep(rest) => {}
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.desk.context.clock.now()
    }
}
