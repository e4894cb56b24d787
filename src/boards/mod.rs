//! Fetches boards and reads what they answer. Knows formats, not the database.

pub mod catalog;
mod feed;
mod feed_text;
pub mod fetch;
mod json_items;
mod remoteok;

use std::collections::HashMap;
use std::fmt;

use crate::domain::board::BoardKind;
use crate::domain::posting::Posting;
use crate::normalize::{BoardContext, RawPosting, normalize};

/// What was read of one response.
#[derive(Debug, Default)]
pub struct ReadBoard {
    /// In the board's own order, mostly newest first.
    pub postings: Vec<Posting>,
    /// What could not be read; the rest is good all the same.
    pub problems: Vec<Problem>,
}

/// One thing in a response that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `item 3`, `byte 1042`.
    pub place: String,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// A response that is nothing like what the board's kind promises.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unreadable {
    #[error("the response is empty")]
    Empty,
    #[error("the response is a web page, not a feed: {0:?}")]
    WebPage(String),
    #[error("{0}")]
    Format(String),
}

/// A response and what is known about how to read it.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    pub body: &'a [u8],
    /// The `Content-Type` header, if there was one.
    pub content_type: Option<&'a str>,
}

/// Reads a response. Slow for large ones and may panic on input nobody thought of: call it where
/// both are harmless.
pub fn read(
    kind: BoardKind,
    response: Response<'_>,
    board: &BoardContext<'_>,
) -> Result<ReadBoard, Unreadable> {
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::Empty);
    }
    let (raw, mut problems) = match kind {
        BoardKind::Feed => feed::read(response, board)?,
        BoardKind::Remoteok => remoteok::read(response)?,
    };
    let mut postings = Vec::with_capacity(raw.len());
    for (place, raw) in raw {
        match normalize(raw, board) {
            Ok(posting) => postings.push(posting),
            Err(error) => problems.push(Problem { place, what: error.to_string() }),
        }
    }
    tell_apart(&mut postings);
    Ok(ReadBoard { postings, problems })
}

/// A key that several postings of one response share (all link to `/careers`) tells nothing: with
/// it, all but one would count as known.
fn tell_apart(postings: &mut [Posting]) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for key in postings.iter().flat_map(|posting| posting.identity.keys()) {
        *counts.entry(key.clone()).or_default() += 1;
    }
    for posting in postings {
        posting.identity.keep_own(|key| counts.get(key) == Some(&1));
    }
}

/// What a reader of one kind gives: raw postings with their place, and what it could not read.
type RawItems = (Vec<(String, RawPosting)>, Vec<Problem>);
