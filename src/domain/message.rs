//! What is said to a target, before any platform's form is given to it.

use chrono::{DateTime, Utc};

use super::ids::{DeliveryId, OpeningId};
use super::opening;
use super::pay::Pay;
use super::posting::{Posting, Remote};
use super::target::Platform;

/// Why postings are in one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Most often one.
    #[default]
    Cards,
    /// Many at once.
    Burst,
    /// What came since the last one, the best matches first.
    Digest,
    /// None: it asks an address for its yes.
    Verify,
}

/// What a message stands in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instead {
    /// The platform that did not take it.
    pub of: Platform,
    pub why: String,
}

/// What a notice says of what somebody pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    TrialEnds,
    PaymentFailed,
    PaymentWaits,
    PlanEnded,
    PlanOn,
}

impl About {
    const ALL: [Self; 5] =
        [Self::TrialEnds, Self::PaymentFailed, Self::PaymentWaits, Self::PlanEnded, Self::PlanOn];

    /// The word stored in `deliveries.about`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrialEnds => "trial_ends",
            Self::PaymentFailed => "payment_failed",
            Self::PaymentWaits => "payment_waits",
            Self::PlanEnded => "plan_ended",
            Self::PlanOn => "plan_on",
        }
    }

    /// Another word is of another version of this program: its notice is one as any other.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|about| about.as_str() == word)
    }

    /// Whether whoever is told so would buy something, and not change what they pay for.
    pub fn sells(self) -> bool {
        matches!(self, Self::TrialEnds | Self::PlanEnded)
    }
}

impl Kind {
    /// The word stored in `deliveries.kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cards => "cards",
            Self::Burst => "burst",
            Self::Digest => "digest",
            Self::Verify => "verify",
        }
    }

    /// Another word is of another version of this program, whose message shows its cards all the same.
    pub fn of(word: &str) -> Self {
        [Self::Burst, Self::Digest, Self::Verify]
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .unwrap_or_default()
    }
}

/// Cards that a message with many shows whole.
pub const WHOLE: usize = 5;

/// One message: the cards that one delivery owes, or something that is said without a posting.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub delivery: DeliveryId,
    /// When the delivery was made.
    pub created: DateTime<Utc>,
    pub kind: Kind,
    pub instead: Option<Instead>,
    /// Plain text.
    pub notice: Option<String>,
    /// What the notice is about, if that is what somebody pays.
    pub about: Option<About>,
    pub cards: Vec<Card>,
}

impl Message {
    /// The same with the first so many of its cards.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        let cards = self.cards.get(..count).unwrap_or(&self.cards).to_vec();
        let (instead, notice) = (self.instead.clone(), self.notice.clone());
        Self {
            delivery: self.delivery,
            created: self.created,
            kind: self.kind,
            instead,
            notice,
            about: self.about,
            cards,
        }
    }

    /// The most cards, from the first on, with which it fits; at least one. `most` is known to be enough.
    pub fn most_that_fit(&self, most: usize, fits: impl Fn(&Self) -> bool) -> usize {
        let (mut least, mut most) = (1, self.cards.len().min(most));
        while least < most {
            let middle = (least + most).div_ceil(2);
            if fits(&self.first(middle)) { least = middle } else { most = middle - 1 }
        }
        least
    }

    /// The cards that are shown whole, and those of which a line is enough.
    pub fn shown(&self) -> (&[Card], &[Card]) {
        match self.kind {
            Kind::Cards | Kind::Verify => (&self.cards, &[]),
            Kind::Burst | Kind::Digest => {
                self.cards.split_at_checked(WHOLE).unwrap_or((&self.cards, &[]))
            }
        }
    }
}

/// One posting as a person sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The job behind it, for buttons.
    pub opening: OpeningId,
    /// Whether it only shows what cards look like.
    pub sample: bool,
    /// The version of the opening that it shows: a later one shows more.
    pub version: i64,
    pub title: String,
    pub url: Option<String>,
    pub company: Option<String>,
    pub location: Option<String>,
    pub remote: Option<Remote>,
    pub pay: Option<Pay>,
    pub body: String,
    /// The board's name.
    pub board: String,
    /// Names of the other boards that show the job.
    pub also_on: Vec<String>,
    /// Whether no board shows it any more.
    pub closed: bool,
    /// How often it was posted, if more than once.
    pub posted: Option<opening::Times>,
    /// What the board wants to be said of it, if anything.
    pub attribution: Option<String>,
    /// Names of the filters that wanted it.
    pub filters: Vec<String>,
    pub times: Times,
}

impl Card {
    /// A card that only shows a posting, of a board with that name, and is made at `made`.
    pub fn sample(
        opening: OpeningId,
        posting: Posting,
        board: String,
        seen: DateTime<Utc>,
        made: DateTime<Utc>,
    ) -> Self {
        Self {
            opening,
            sample: true,
            version: 0,
            title: posting.title,
            url: posting.url,
            company: posting.company,
            location: posting.location,
            remote: posting.remote,
            pay: posting.pay,
            body: posting.body,
            board,
            also_on: Vec::new(),
            closed: false,
            posted: None,
            attribution: None,
            filters: Vec::new(),
            times: Times { posted: posting.posted_at, seen, matched: made },
        }
    }
}

/// The stages of a posting up to its card. All but `posted` are our clock's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// As the board says.
    pub posted: Option<DateTime<Utc>>,
    /// First read by us.
    pub seen: DateTime<Utc>,
    pub matched: DateTime<Utc>,
}
