//! How a request behaves that somebody waits for: as polls do, one after the other to each host. What it is about
//! to read is noted until it was read, since it may end the process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tokio::time::sleep;
use url::Url;
use uuid::Uuid;

use super::Context;
use crate::boards::ask::Manners;
use crate::boards::fetch::FetchError;
use crate::clock::Clock;
use crate::db;
use crate::db::first_readings::Begun;
use crate::schedule::polling::HOST_GAP;
use crate::worker::{Tick, Worker};

/// A host whose next turn is further away than this is busy.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// Why a page is not read that others may read just now.
const BEING_READ: &str = "another replica reads what it answers just now; try again in a minute";

/// Why a page is not read that ended who read it.
const DEADLY: &str = "what it answers has ended this program, and is not read again for a day";

/// Somebody's request.
pub(super) struct Guest<'a> {
    context: &'a Context,
    /// What it has begun to read.
    begun: Mutex<Vec<Vec<u8>>>,
}

impl<'a> Guest<'a> {
    pub fn of(context: &'a Context) -> Self {
        Self { context, begun: Mutex::default() }
    }

    fn begun(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that was begun came to an end.
    pub async fn has_read(&self) -> sqlx::Result<()> {
        let read = std::mem::take(&mut *self.begun());
        db::first_readings::end(&self.context.pool, &read, self.context.process).await
    }
}

impl Manners for Guest<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.context.now()
    }

    async fn turn(&self, url: &Url) -> Result<(), FetchError> {
        // Whoever asks for the next address has read what came from those before.
        self.has_read()
            .await
            .map_err(|error| format!("a note could not be taken back: {error}"))?;
        let now = self.now();
        let turn = db::hosts::take_turn(&self.context.pool, url, now, HOST_GAP).await;
        let turn = turn.map_err(|error| format!("no turn at its host: {error}"))?;
        let wait = (turn - now).to_std().unwrap_or_default();
        if wait > LONGEST_WAIT {
            return Err("its host asks to be left alone for now".to_owned().into());
        }
        sleep(wait).await;
        Ok(())
    }

    /// Whoever typed waits: what lies on further pages is read by the next poll.
    fn has_time(&self) -> bool {
        false
    }

    /// There is no board yet that could keep the note of it.
    async fn before_reading(&self, url: &Url, _: &[u8]) -> Result<(), FetchError> {
        let Context { pool, process, .. } = self.context;
        let address = Sha256::digest(url.as_str()).to_vec();
        let noted = db::first_readings::begin(pool, &address, *process, self.now()).await;
        match noted.map_err(|error| format!("its answer could not be noted: {error}"))? {
            Begun::Yes => self.begun().push(address),
            Begun::ByAnother => return Err(BEING_READ.to_owned().into()),
            Begun::Deadly => return Err(DEADLY.to_owned().into()),
        }
        Ok(())
    }
}

/// How often [`Outlived`] looks: once at least between the time at which a note is taken back and that at which
/// others take the reader of a page for dead.
pub const LOOK: Duration = Duration::from_secs(20);

/// Takes back the notes of pages whose reading took longer than anybody waited for it, and did no harm.
#[derive(Clone)]
pub struct Outlived {
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
    /// Of the contexts in which they were begun.
    pub process: Uuid,
}

impl Worker for Outlived {
    const NAME: &'static str = "outlived readings";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        db::first_readings::outlived(&self.pool, self.process, self.clock.now()).await?;
        Ok(Tick::Idle)
    }
}
