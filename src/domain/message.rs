//! What is said to a target, before any platform's form is given to it.

use chrono::{DateTime, Utc};

use super::ids::{DeliveryId, OpeningId};
use super::pay::Pay;
use super::posting::Remote;

/// One message: the cards that one delivery owes, or something that is said without a posting.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub delivery: DeliveryId,
    /// Plain text.
    pub notice: Option<String>,
    pub cards: Vec<Card>,
}

/// One posting as a person sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The job behind it, for buttons.
    pub opening: OpeningId,
    /// Whether it only shows what cards look like.
    pub sample: bool,
    pub title: String,
    pub url: Option<String>,
    pub company: Option<String>,
    pub location: Option<String>,
    pub remote: Option<Remote>,
    pub pay: Option<Pay>,
    pub body: String,
    /// The board's name.
    pub board: String,
    /// What the board wants to be said of it, if anything.
    pub attribution: Option<String>,
    /// Names of the filters that wanted it.
    pub filters: Vec<String>,
    pub times: Times,
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
