//! Fetches boards and reads what they answer. Knows formats, not the database.

pub mod ask;
pub mod catalog;
mod details;
pub mod detect;
pub mod fetch;
mod fetch_error;
pub mod find;
mod kinds;
pub mod limits;
pub mod pages;
mod rhythm;

use std::collections::HashMap;
use std::fmt;

use url::Url;

pub use self::kinds::html_rules::WrongRule;
use self::kinds::{html_rules, of};
use self::pages::Page;
use crate::domain::board::BoardKind;
use crate::domain::posting::Posting;
use crate::domain::rules::Rules;
use crate::normalize::{BoardContext, normalize};

/// What was read of one response.
#[derive(Debug, Default)]
pub struct ReadBoard {
    /// In the board's own order, mostly newest first.
    pub postings: Vec<Posting>,
    /// What could not be read; the rest is good all the same.
    pub problems: Vec<Problem>,
    /// Postings that were too many to be kept.
    pub left_out: usize,
    /// Whether it has more than is read of it: pages that were not asked for.
    pub more: bool,
    /// Whether some of what is read of it is missing this time: what moved between two pages, and what
    /// waits for the next poll to be asked for alone.
    pub missing: bool,
    /// Whether some is missing by a fault of this answer: it ended in the middle, or a page could not be had.
    pub cut: bool,
}

impl ReadBoard {
    /// Whether all that the board shows was read.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty() && !self.missing && !self.has_more()
    }

    /// Whether the newest postings were read, and others would be in the place of one that goes.
    pub fn has_more(&self) -> bool {
        self.left_out > 0 || self.more
    }

    /// Keeps the newest postings: by their dates if all have one, or else those that come first.
    fn keep_newest(&mut self, most: usize) {
        if self.postings.len() <= most {
            return;
        }
        if self.postings.iter().all(|posting| posting.posted_at.is_some()) {
            self.postings.sort_by_key(|posting| std::cmp::Reverse(posting.posted_at));
        }
        self.left_out = self.postings.len() - most;
        self.postings.truncate(most);
    }
}

/// What is wrong with a response that was cut off.
const CUT_OFF: &str = "the response ends in the middle";

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

/// How to read a board.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    pub kind: BoardKind,
    /// For a web page.
    pub rules: Option<&'a Rules>,
}

impl From<BoardKind> for Reading<'_> {
    /// A kind that has no rules.
    fn from(kind: BoardKind) -> Self {
        Self { kind, rules: None }
    }
}

/// Where a company's jobs lie, for a kind that many companies use.
pub fn address(kind: BoardKind, company: &str) -> Result<Url, WrongCompany> {
    let blanks = kind == BoardKind::Ashby;
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') || (blanks && c == ' ');
    let is_name = |part: &str| !part.trim_matches(['.', ' ']).is_empty() && part.chars().all(plain);
    let two = matches!(kind, BoardKind::Lever | BoardKind::Personio | BoardKind::Workday);
    let most = if two { 2 } else { 1 };
    let parts: Vec<&str> = company.split('/').collect();
    if company.len() > 200 || parts.len() > most || !parts.into_iter().all(is_name) {
        return Err(WrongCompany::Name(company.to_owned()));
    }
    let address = of(kind).address(company).and_then(|address| Url::parse(&address).ok());
    address.ok_or(WrongCompany::Kind(kind))
}

/// Nothing that leads to a company's jobs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongCompany {
    #[error(
        "{0:?} is not the name of a company: it is made of letters, digits, - _ . and, for workday, \
         like acme.wd5/AcmeCareers"
    )]
    Name(String),
    #[error("a board of kind {0} does not say where that company's jobs lie: give its url")]
    Kind(BoardKind),
}

/// Whether boards of that kind can be read with those rules.
pub fn check_rules(reading: Reading<'_>) -> Result<(), WrongRules> {
    match (reading.kind, reading.rules) {
        (BoardKind::Html, Some(rules)) => Ok(html_rules::Compiled::new(rules).map(drop)?),
        (BoardKind::Html, None) => Err(WrongRules::Missing),
        (kind, Some(_)) => Err(WrongRules::Useless(kind)),
        (_, None) => Ok(()),
    }
}

/// Rules that do not fit the kind of board, or that are wrong themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongRules {
    #[error("a board of kind html needs rules: which elements of the page are what")]
    Missing,
    #[error("a board of kind {0} is read without rules")]
    Useless(BoardKind),
    #[error(transparent)]
    Wrong(#[from] WrongRule),
}

/// The further address that a response names and that is to be asked for the postings, with the
/// same care; `None` where the response holds the postings. Always of the origin of `url`.
///
/// What validates the first response says nothing of the further one, whose content changes while
/// the first stays: neither may be asked with the validators of the other.
pub fn next_address(
    kind: BoardKind,
    response: Response<'_>,
    url: &Url,
) -> Result<Option<Url>, Unreadable> {
    let next = of(kind).next_address(response, url)?;
    Ok(next.filter(|next| next.origin() == url.origin()))
}

/// The page behind the one that was answered, where a board has several.
pub fn next_page(kind: BoardKind, response: Response<'_>, asked: &Page) -> Option<Page> {
    of(kind).next_page(response, asked)
}

/// Reads a response. Slow for large ones and may panic on input nobody thought of: call it where
/// both are harmless.
pub fn read(
    reading: Reading<'_>,
    response: Response<'_>,
    board: &BoardContext<'_>,
) -> Result<ReadBoard, Unreadable> {
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::Empty);
    }
    let (raw, mut problems) = of(reading.kind).read(response, reading, board)?;
    let mut postings = Vec::with_capacity(raw.len());
    for (place, raw) in raw {
        match normalize(raw, board) {
            Ok(posting) => postings.push(posting),
            Err(error) => problems.push(Problem { place, what: error.to_string() }),
        }
    }
    tell_apart(&mut postings);
    let cut = problems.iter().any(|problem| problem.what == CUT_OFF);
    Ok(ReadBoard { postings, problems, cut, ..ReadBoard::default() })
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

/// A board that readers are tested with.
#[cfg(test)]
fn test_context() -> BoardContext<'static> {
    let zone = chrono_tz::Tz::UTC;
    BoardContext { slug: "test", company: None, base: None, zone, at: None }
}
