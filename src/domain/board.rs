//! Sources of postings.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use url::Url;

use super::ids::{BoardId, LeaseId};
use super::rules::Rules;

/// How a board's response is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BoardKind {
    /// Any RSS or Atom feed.
    Feed,
    /// The job board API of <https://www.greenhouse.com>.
    Greenhouse,
    /// "Who is hiring?" of Hacker News, by <https://hn.algolia.com/api>.
    Hackernews,
    /// A web page, by rules.
    Html,
    /// <https://remoteok.com/api>
    Remoteok,
}

impl BoardKind {
    /// Every kind, in the order of the alphabet.
    pub const ALL: [Self; 5] =
        [Self::Feed, Self::Greenhouse, Self::Hackernews, Self::Html, Self::Remoteok];

    /// The word for `--kind`, for `boards.kind` and in the catalogue.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Greenhouse => "greenhouse",
            Self::Hackernews => "hackernews",
            Self::Html => "html",
            Self::Remoteok => "remoteok",
        }
    }
}

impl fmt::Display for BoardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word names no kind of board.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a kind of board; there are: {list}", list = kinds())]
pub struct UnknownKind(String);

fn kinds() -> String {
    BoardKind::ALL.map(BoardKind::as_str).join(", ")
}

impl FromStr for BoardKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        match word {
            "rss" | "atom" => Ok(Self::Feed),
            _ => Self::ALL
                .into_iter()
                .find(|kind| kind.as_str() == word)
                .ok_or_else(|| UnknownKind(word.to_owned())),
        }
    }
}

/// Whose filters a board's postings may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everyone's.
    Catalogue,
    /// Only those of the accounts that added it.
    Subscribed,
}

impl Visibility {
    /// The word stored in `boards.visibility`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Subscribed => "subscribed",
        }
    }
}

impl FromStr for Visibility {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "catalogue" => Ok(Self::Catalogue),
            "subscribed" => Ok(Self::Subscribed),
            _ => Err(format!("unknown visibility {word:?}")),
        }
    }
}

/// What a board sent last time, to be sent back so that it can answer "not modified".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// A board that this process has claimed to poll.
#[derive(Debug, Clone)]
pub struct ClaimedBoard {
    pub id: BoardId,
    pub lease: LeaseId,
    pub slug: String,
    pub name: String,
    pub kind: BoardKind,
    /// For a web page.
    pub rules: Option<Rules>,
    pub url: Url,
    pub visibility: Visibility,
    /// Rest between two polls that went well.
    pub interval: Duration,
    pub validators: Validators,
    /// Polls that failed since the last one that went well.
    pub failures: u32,
    /// Since when we watch it; what was posted before is no news.
    pub watched_since: DateTime<Utc>,
    /// Whether any poll has gone well yet.
    pub polled_before: bool,
}
