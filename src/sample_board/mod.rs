//! The sample board: invented postings that the process itself publishes on loopback as two feeds,
//! so that the whole way from a board to a message can be seen without the network.
//!
//! What it shows is a function of the time: slot `n` begins `n` intervals after the epoch and brings
//! one posting. So a process that is started again shows what it would have shown.

mod feeds;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, TimeZone, Utc};
use serde::Deserialize;
use url::Url;

use crate::clock::Clock;
use feeds::{CareersFeed, Item, JobsFeed, PostingPage};

/// Postings that a feed shows at a time, as boards show their newest.
const WINDOW: i64 = 40;

/// One of the two boards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Feed {
    /// An RSS feed.
    Jobs,
    /// An Atom feed; much of it stands on the other board too.
    Careers,
}

impl Feed {
    pub const ALL: [Self; 2] = [Self::Jobs, Self::Careers];

    /// The board's slug.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Jobs => "sample-jobs",
            Self::Careers => "sample-careers",
        }
    }

    /// The board's name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Jobs => "Sample Jobs",
            Self::Careers => "Sample Careers",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Jobs => "/jobs.rss",
            Self::Careers => "/careers.atom",
        }
    }

    /// Its address on a board that is served at `base`.
    pub fn url(self, base: &Url) -> Result<Url, url::ParseError> {
        base.join(self.path())
    }
}

/// One invented posting of `postings.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplePosting {
    pub title: String,
    pub company: String,
    /// Empty: it does not say.
    pub location: String,
    pub remote: Option<String>,
    pub pay: Option<String>,
    pub tags: Vec<String>,
    pub language: String,
    /// HTML.
    pub body: String,
    pub boards: Vec<Feed>,
}

/// When postings appear.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Time between two postings.
    pub every: Duration,
    /// Nothing is shown from before this; the first posting of the list appears then.
    /// `None`: the board has been there for ever.
    pub opens: Option<DateTime<Utc>>,
}

/// The board.
pub struct SampleBoard {
    postings: Vec<SamplePosting>,
    schedule: Schedule,
    clock: Arc<dyn Clock>,
}

impl SampleBoard {
    pub fn new(schedule: Schedule, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        Ok(Self { postings: built_in()?, schedule, clock })
    }

    /// Its routes: the two feeds and a page for each posting.
    pub fn router(self) -> Router {
        Router::new()
            .route(Feed::Jobs.path(), get(jobs))
            .route(Feed::Careers.path(), get(careers))
            .route("/posting/{slot}", get(page))
            .with_state(Arc::new(self))
    }

    fn slot_ms(&self) -> i64 {
        i64::try_from(self.schedule.every.as_millis()).unwrap_or(i64::MAX).max(1)
    }

    fn first_slot(&self) -> i64 {
        self.schedule.opens.map_or(0, |opens| opens.timestamp_millis() / self.slot_ms() + 1)
    }

    fn newest_slot(&self) -> i64 {
        self.clock.now().timestamp_millis() / self.slot_ms()
    }

    /// What a feed shows now, newest first.
    fn items(&self, feed: Feed) -> Vec<Item<'_>> {
        let newest = self.newest_slot();
        let oldest = self.first_slot().max(newest.saturating_sub(WINDOW - 1));
        let slots = (oldest..=newest).rev();
        slots
            .filter_map(|slot| self.item(slot))
            .filter(|item| item.posting.boards.contains(&feed))
            .collect()
    }

    fn item(&self, slot: i64) -> Option<Item<'_>> {
        if slot < self.first_slot() || slot > self.newest_slot() {
            return None;
        }
        let count = i64::try_from(self.postings.len()).ok()?;
        let start = if self.schedule.opens.is_some() { self.first_slot() } else { 0 };
        let index = usize::try_from((slot - start).rem_euclid(count)).ok()?;
        let posted = Utc.timestamp_millis_opt(slot.checked_mul(self.slot_ms())?).single()?;
        Some(Item {
            id: format!("{}-{slot}", self.slot_ms()),
            slot,
            posted,
            posting: self.postings.get(index)?,
        })
    }
}

/// The invented postings.
pub fn built_in() -> anyhow::Result<Vec<SamplePosting>> {
    serde_json::from_str(include_str!("postings.json")).context("the sample postings")
}

async fn jobs(State(board): State<Arc<SampleBoard>>, headers: HeaderMap) -> Response {
    let items = board.items(Feed::Jobs);
    let tag = etag(&items);
    let feed = JobsFeed { title: Feed::Jobs.title(), base: base(&headers), items };
    answer(&headers, tag, "application/rss+xml; charset=utf-8", feed.render())
}

async fn careers(State(board): State<Arc<SampleBoard>>, headers: HeaderMap) -> Response {
    let items = board.items(Feed::Careers);
    let tag = etag(&items);
    let updated = items.first().map(|item| item.posted.to_rfc3339()).unwrap_or_default();
    let feed = CareersFeed { title: Feed::Careers.title(), base: base(&headers), updated, items };
    answer(&headers, tag, "application/atom+xml; charset=utf-8", feed.render())
}

async fn page(State(board): State<Arc<SampleBoard>>, Path(slot): Path<i64>) -> Response {
    match board.item(slot).map(|item| PostingPage { item }.render()) {
        // The bodies hold a script on purpose, to show that it stays harmless on a card.
        Some(Ok(page)) => {
            ([(header::CONTENT_SECURITY_POLICY, "default-src 'none'")], Html(page)).into_response()
        }
        Some(Err(_)) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Where the caller reached us: the port is not known before.
fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}

fn etag(items: &[Item<'_>]) -> String {
    format!("\"{}\"", items.first().map_or("", |item| &item.id))
}

/// Answers a conditional GET as a board should.
fn answer(
    headers: &HeaderMap,
    etag: String,
    content_type: &'static str,
    feed: askama::Result<String>,
) -> Response {
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    match feed {
        Ok(feed) => {
            let headers = [(header::CONTENT_TYPE, content_type.to_owned()), (header::ETAG, etag)];
            (headers, feed).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(i64);

    impl Clock for Fixed {
        fn now(&self) -> DateTime<Utc> {
            DateTime::from_timestamp_millis(self.0).unwrap()
        }
    }

    fn board(now_ms: i64, opens_ms: Option<i64>) -> SampleBoard {
        let opens = opens_ms.and_then(DateTime::from_timestamp_millis);
        let schedule = Schedule { every: Duration::from_secs(1), opens };
        SampleBoard::new(schedule, Arc::new(Fixed(now_ms))).unwrap()
    }

    #[test]
    fn there_are_enough_postings_and_some_stand_on_both_boards() {
        let postings = built_in().unwrap();
        assert!(postings.len() >= 60);
        assert!(postings.iter().filter(|posting| posting.boards.len() == 2).count() >= 10);
        assert!(postings.iter().all(|posting| !posting.boards.is_empty()));
    }

    #[test]
    fn one_posting_appears_a_slot_and_a_board_that_just_opened_shows_nothing_old() {
        let opened = board(100_000, Some(100_000));
        assert_eq!(opened.items(Feed::Jobs).len() + opened.items(Feed::Careers).len(), 0);
        let later = board(101_500, Some(100_000));
        assert!(later.item(101).is_some_and(|item| item.posting.title == later.postings[0].title));
        assert!(later.item(102).is_none());
    }

    #[test]
    fn a_board_that_was_always_there_shows_the_same_after_a_restart() {
        let ids = |board: &SampleBoard| -> Vec<String> {
            board.items(Feed::Jobs).into_iter().map(|item| item.id).collect()
        };
        let first = ids(&board(500_000_000, None));
        assert!(!first.is_empty() && first == ids(&board(500_000_000, None)));
    }
}
