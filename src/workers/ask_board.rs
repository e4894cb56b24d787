//! The network's part of a poll: one response, or two where the first says only what to ask next.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, Utc};
use tokio::time::sleep;
use url::Url;

use super::poll_boards::PollBoards;
use crate::boards::fetch::{FetchError, Fetched, Request};
use crate::boards::{self, ReadBoard, Reading, Response, Unreadable};
use crate::db;
use crate::domain::board::{ClaimedBoard, Validators};
use crate::normalize::BoardContext;

/// A host whose next turn is further away than this has asked to be left alone.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What a poll brought.
pub struct Polled {
    /// When the response was here: what it shows was first seen then.
    pub at: DateTime<Utc>,
    pub read: ReadBoard,
    /// Whether the board answered anew, and not that nothing has changed.
    pub anew: bool,
    pub validators: Validators,
}

/// What one response says.
enum Said {
    Read(ReadBoard),
    AskFurther(Url),
}

impl PollBoards {
    /// Asks a claimed board and reads what it answers.
    pub async fn ask(&self, board: &ClaimedBoard) -> Result<Polled, FetchError> {
        let first = self.fetch(board, &board.url, &board.validators).await?;
        let at = self.base.now();
        let Fetched::Body { body, content_type, validators } = first else {
            let validators = board.validators.clone();
            return Ok(Polled { at, read: ReadBoard::default(), anew: false, validators });
        };
        let (kind, url) = (board.kind, board.url.clone());
        let said = parse(board, url, body, content_type, move |reading, response, context| {
            let next = context.base.map(|url| boards::next_address(kind, response, url));
            Ok(match next.transpose()?.flatten() {
                Some(further) => Said::AskFurther(further),
                None => Said::Read(boards::read(reading, response, context)?),
            })
        });
        match said.await? {
            Said::Read(read) => Ok(Polled { at, read, anew: true, validators }),
            Said::AskFurther(url) => self.ask_further(board, url).await,
        }
    }

    /// The second of two requests. Neither is conditional, and nothing is kept to make the next so:
    /// a first answer that stays the same must not hide what is new in the second, and validators
    /// of the second say nothing once the first names another address.
    async fn ask_further(&self, board: &ClaimedBoard, url: Url) -> Result<Polled, FetchError> {
        self.wait_for_turn(board).await?;
        let further = self.fetch(board, &url, &Validators::default()).await?;
        let at = self.base.now();
        let Fetched::Body { body, content_type, .. } = further else {
            return Err("answered 304 to a request without conditions".to_owned().into());
        };
        let read = parse(board, url, body, content_type, boards::read).await?;
        Ok(Polled { at, read, anew: true, validators: Validators::default() })
    }

    async fn fetch(
        &self,
        board: &ClaimedBoard,
        url: &Url,
        validators: &Validators,
    ) -> Result<Fetched, FetchError> {
        let ClaimedBoard { kind, visibility, .. } = *board;
        self.fetcher
            .fetch(Request { url, kind, visibility, validators, now: self.base.now() })
            .await
    }

    /// One request after the other to a host, whoever asks.
    async fn wait_for_turn(&self, board: &ClaimedBoard) -> Result<(), FetchError> {
        let now = self.base.now();
        let turn = db::boards::take_turn(&self.base.pool, board, now, self.host_gap).await;
        let turn = turn.map_err(|error| format!("no turn at its host: {error}"))?;
        let wait = (turn - now).to_std().unwrap_or_default();
        if wait > LONGEST_WAIT {
            return Err("its host asks to be left alone".to_owned().into());
        }
        sleep(wait).await;
        Ok(())
    }
}

/// Reads a response where it may take long. A parser that panics is a fault of this board alone.
async fn parse<T: Send + 'static>(
    board: &ClaimedBoard,
    url: Url,
    body: Vec<u8>,
    content_type: Option<String>,
    read: impl FnOnce(Reading<'_>, Response<'_>, &BoardContext<'_>) -> Result<T, Unreadable>
    + Send
    + 'static,
) -> Result<T, FetchError> {
    let (kind, rules, slug) = (board.kind, board.rules.clone(), board.slug.clone());
    let company = kind.shows_one_company().then(|| board.name.clone());
    let read = tokio::task::spawn_blocking(move || {
        let response = Response { body: &body, content_type: content_type.as_deref() };
        // Dates without a zone are taken as UTC.
        let zone = FixedOffset::east_opt(0).expect("zero is an offset");
        let context =
            BoardContext { slug: &slug, company: company.as_deref(), base: Some(&url), zone };
        read(Reading { kind, rules: rules.as_ref() }, response, &context)
    });
    let read = read.await.map_err(|_| "its response broke the parser".to_owned())?;
    Ok(read.map_err(|error| error.to_string())?)
}
