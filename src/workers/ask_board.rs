//! How the poller behaves while it asks a board that it has claimed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tokio::time::sleep;
use url::Url;

use super::poll_boards::PollBoards;
use crate::boards::ask::{Answered, Asked, Manners, ask};
use crate::boards::fetch::FetchError;
use crate::db;
use crate::domain::board::ClaimedBoard;
use crate::domain::posting::Posting;

/// A host whose next turn is further away than this has asked to be left alone.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A response with which the process died so often is not read again.
const DEATHS: i64 = 2;

/// Why a response is not read.
const QUARANTINED: &str = "what it answers has ended this program twice, and is not read again \
                               until it changes";

struct Polite<'a> {
    poller: &'a PollBoards,
    board: &'a ClaimedBoard,
    /// Whether a response of this poll was read already.
    begun: AtomicBool,
}

impl PollBoards {
    /// Asks a claimed board and reads what it answers.
    pub async fn ask(&self, board: &ClaimedBoard) -> Result<Answered, FetchError> {
        let opened = self.opened(board)?;
        let asked = Asked {
            slug: &board.slug,
            name: &board.name,
            kind: board.kind,
            rules: board.rules.as_ref(),
            url: opened.as_ref().unwrap_or(&board.url),
            zone: board.zone,
            visibility: board.visibility,
            validators: &board.validators,
        };
        let manners = Polite { poller: self, board, begun: AtomicBool::new(false) };
        ask(&self.fetcher, &manners, asked).await
    }

    /// The address of a board, where that in its row only stands for it.
    fn opened(&self, board: &ClaimedBoard) -> Result<Option<Url>, FetchError> {
        let Some(sealed) = &board.sealed_url else { return Ok(None) };
        let keys = self
            .keys
            .as_ref()
            .ok_or_else(|| "its address is sealed, and there is no key".to_owned())?;
        let text = keys.open(db::secret_boards::cell(board.id), sealed);
        let text = text.map_err(|error| error.to_string())?;
        let url = Url::parse(text.expose_secret());
        Ok(Some(url.map_err(|_| "what was sealed is no address".to_owned())?))
    }
}

impl Manners for Polite<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.poller.base.now()
    }

    /// One request after the other to a host, whoever asks.
    async fn turn(&self, url: &Url) -> Result<(), FetchError> {
        let (pool, gap, now) =
            (&self.poller.base.pool, self.poller.claims.pace.host_gap, self.now());
        let turn = db::hosts::take_turn(pool, url, now, gap).await;
        let turn = turn.map_err(|error| format!("no turn at its host: {error}"))?;
        let wait = (turn - now).to_std().unwrap_or_default();
        if wait > LONGEST_WAIT {
            return Err("its host asks to be left alone".to_owned().into());
        }
        sleep(wait).await;
        Ok(())
    }

    async fn unknown(&self, postings: &[Posting]) -> Result<Vec<usize>, FetchError> {
        let unknown = db::postings::unknown(&self.poller.base.pool, self.board, postings).await;
        Ok(unknown.map_err(|error| format!("what is new of it could not be looked up: {error}"))?)
    }

    async fn before_reading(&self, _: &Url, body: &[u8]) -> Result<(), FetchError> {
        let hash = Sha256::digest(body).into();
        let first = !self.begun.swap(true, Ordering::Relaxed);
        let deaths =
            db::polls::begin_reading(&self.poller.base.pool, self.board, hash, first).await;
        match deaths.map_err(|error| format!("its answer could not be noted: {error}"))? {
            DEATHS.. => Err(QUARANTINED.to_owned().into()),
            _ => Ok(()),
        }
    }
}
