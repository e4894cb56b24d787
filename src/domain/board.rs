//! Sources of postings.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use url::Url;

use super::ids::{BoardId, LeaseId};
use super::rules::Rules;

/// Declares the kinds of boards, each with the word for `--kind`, `boards.kind` and the catalogue.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal,)*) => {
        /// How a board is asked and its response read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum BoardKind { $($(#[$doc])* $kind,)* }

        impl BoardKind {
            /// Every kind, in the order of the alphabet.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The word for `--kind`, for `boards.kind` and in the catalogue.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }
        }
    };
}

kinds! {
    /// <https://www.arbeitnow.com/api/job-board-api>
    Arbeitnow = "arbeitnow",
    /// The job boards of <https://www.ashbyhq.com>.
    Ashby = "ashby",
    /// Any RSS, Atom or JSON feed.
    Feed = "feed",
    /// The job boards of <https://www.greenhouse.com>.
    Greenhouse = "greenhouse",
    /// "Who is hiring?" of Hacker News, by <https://hn.algolia.com/api>.
    Hackernews = "hackernews",
    /// <https://himalayas.app/jobs/api>
    Himalayas = "himalayas",
    /// A web page, by rules.
    Html = "html",
    /// <https://jobicy.com/api/v2/remote-jobs>
    Jobicy = "jobicy",
    /// <https://larajobs.com/feed>
    Larajobs = "larajobs",
    /// The job boards of <https://www.lever.co>.
    Lever = "lever",
    /// The job boards of <https://www.personio.com>.
    Personio = "personio",
    /// The job boards of <https://recruitee.com>.
    Recruitee = "recruitee",
    /// <https://remoteok.com/api>
    Remoteok = "remoteok",
    /// <https://remotive.com/api/remote-jobs>
    Remotive = "remotive",
    /// The job boards of <https://www.rippling.com>.
    Rippling = "rippling",
    /// The job boards of <https://www.smartrecruiters.com>.
    Smartrecruiters = "smartrecruiters",
    /// The job boards of <https://www.teamtailor.com>.
    Teamtailor = "teamtailor",
    /// <https://weworkremotely.com/remote-jobs.rss>
    Weworkremotely = "weworkremotely",
    /// The job boards of <https://www.workable.com>.
    Workable = "workable",
    /// The job boards of <https://www.workday.com>.
    Workday = "workday",
    /// <https://www.workingnomads.com/api/exposed_jobs/>
    Workingnomads = "workingnomads",
}

impl BoardKind {
    /// Whether a board of that kind may show nothing from one poll to the next and be well: a month
    /// of Hacker News begins empty, and a web page has a rule that says so.
    pub fn may_be_empty(self) -> bool {
        matches!(self, Self::Hackernews | Self::Html)
    }

    /// Whether there is one board of that kind, which everybody means.
    pub fn is_one_board(self) -> bool {
        !self.shows_one_company() && !matches!(self, Self::Feed | Self::Html)
    }

    /// Whether a whole response of that kind shows every job there is, so that what it does not show is
    /// gone. Others show the newest ones; of Teamtailor's feed it is not known.
    pub fn lists_everything(self) -> bool {
        self.shows_one_company() && self != Self::Teamtailor
    }

    /// Whether each board of that kind has the jobs of one company, whose name the board's is.
    pub fn shows_one_company(self) -> bool {
        match self {
            Self::Ashby
            | Self::Greenhouse
            | Self::Lever
            | Self::Personio
            | Self::Recruitee
            | Self::Rippling
            | Self::Smartrecruiters
            | Self::Teamtailor
            | Self::Workable
            | Self::Workday => true,
            Self::Arbeitnow
            | Self::Feed
            | Self::Hackernews
            | Self::Himalayas
            | Self::Html
            | Self::Jobicy
            | Self::Larajobs
            | Self::Remoteok
            | Self::Remotive
            | Self::Weworkremotely
            | Self::Workingnomads => false,
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
    BoardKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

impl FromStr for BoardKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        match word {
            "rss" | "atom" => Ok(Self::Feed),
            _ => Self::ALL
                .iter()
                .copied()
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
    /// The address, where that in `url` only stands for it.
    pub sealed_url: Option<Vec<u8>>,
    pub visibility: Visibility,
    /// Rest between two polls that went well.
    pub interval: Duration,
    pub validators: Validators,
    /// Polls that failed since the last one that went well.
    pub failures: u32,
    pub failing_since: Option<DateTime<Utc>>,
    /// Since when it has not answered; one that answers and shows nothing fails, too.
    pub unanswered_since: Option<DateTime<Utc>>,
    /// Answers in a row, but for failures, in which it showed nothing.
    pub empty_answers: u32,
    /// Postings that it showed when it last answered anew.
    pub shown: u32,
    /// Since when we watch it; what was posted before is no news.
    pub watched_since: DateTime<Utc>,
    /// Of its dates that state none.
    pub zone: Tz,
    /// How old a posting is before the board shows it.
    pub delay: Duration,
    /// When it last showed something new.
    pub last_new_at: Option<DateTime<Utc>>,
    /// Whether any poll has gone well yet.
    pub polled_before: bool,
}
