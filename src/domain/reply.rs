//! What a command answers, before any platform's form is given to it.

use std::fmt;
use std::str::FromStr;

use super::ids::{DraftId, OpeningId};
use super::message::Card;

/// An answer to the person who typed or pressed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    pub parts: Vec<Part>,
    pub buttons: Vec<Button>,
}

/// One piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A paragraph.
    Text(String),
    /// Shown as it stands, in one width: filters, and carets under them.
    Code(String),
    /// Short lines.
    List(Vec<String>),
    /// An address of ours to open, under these words.
    Link { label: String, url: String },
    /// A posting, and why it is shown.
    Card { card: Box<Card>, note: String },
}

/// Something to press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    pub label: String,
    pub press: Press,
}

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    Act(Action),
    /// Says this, as if it had been typed.
    Say(String),
    /// Puts this into the line where the person types.
    Fill(String),
}

/// What the server does when a button is pressed. Its text is what the button carries: at most a
/// hundred characters on any platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Saves a filter that was shown.
    Save(DraftId),
    /// Drops it.
    Cancel(DraftId),
    /// Brings a removed filter back.
    Restore(i64),
    /// Brings a removed filter of a channel back.
    RestoreHere(i64),
    /// Notes what somebody makes of a posting.
    Mark(OpeningId, Mark),
    /// Takes that back.
    Unmark(OpeningId),
    /// Says why a posting was dismissed.
    Because(OpeningId, Reason),
    /// Tells no more of a posting's company; where others read too, asks for whom.
    Mute(OpeningId),
    /// Mutes it for the channels here.
    MuteHere(OpeningId),
    /// Takes that back.
    UnmuteHere(OpeningId),
    /// Why a posting was told.
    Why(OpeningId),
}

/// What somebody made of a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Saved,
    Applied,
    Dismissed,
}

impl Mark {
    pub const ALL: [Self; 3] = [Self::Saved, Self::Applied, Self::Dismissed];

    /// The word stored in `marks.mark`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Applied => "applied",
            Self::Dismissed => "dismissed",
        }
    }
}

/// Why somebody dismissed a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Pay,
    Place,
    Level,
    Company,
    /// The same job was shown before.
    Duplicate,
    /// It is not open any more.
    Expired,
    Other,
}

impl Reason {
    pub const ALL: [Self; 7] = [
        Self::Pay,
        Self::Place,
        Self::Level,
        Self::Company,
        Self::Duplicate,
        Self::Expired,
        Self::Other,
    ];

    /// The word stored in `marks.reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Place => "place",
            Self::Level => "level",
            Self::Company => "company",
            Self::Duplicate => "duplicate",
            Self::Expired => "expired",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Save(draft) => write!(f, "save:{draft}"),
            Self::Cancel(draft) => write!(f, "cancel:{draft}"),
            Self::Restore(number) => write!(f, "restore:{number}"),
            Self::RestoreHere(number) => write!(f, "restore-here:{number}"),
            Self::Mark(opening, mark) => write!(f, "{}:{opening}", mark.as_str()),
            Self::Unmark(opening) => write!(f, "unmark:{opening}"),
            Self::Because(opening, reason) => write!(f, "because-{}:{opening}", reason.as_str()),
            Self::Mute(opening) => write!(f, "mute:{opening}"),
            Self::MuteHere(opening) => write!(f, "mute-here:{opening}"),
            Self::UnmuteHere(opening) => write!(f, "unmute-here:{opening}"),
            Self::Why(opening) => write!(f, "why:{opening}"),
        }
    }
}

/// No button of ours carries this.
#[derive(Debug, thiserror::Error)]
#[error("this button is not known")]
pub struct UnknownAction;

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        let (name, number) = text.split_once(':').ok_or(UnknownAction)?;
        let number: i64 = number.parse().map_err(|_| UnknownAction)?;
        let mark = Mark::ALL.into_iter().find(|mark| mark.as_str() == name);
        if let Some(why) = name.strip_prefix("because-") {
            let reason = Reason::ALL.into_iter().find(|reason| reason.as_str() == why);
            return Ok(Self::Because(OpeningId(number), reason.ok_or(UnknownAction)?));
        }
        match (name, mark) {
            (_, Some(mark)) => Ok(Self::Mark(OpeningId(number), mark)),
            ("save", _) => Ok(Self::Save(DraftId(number))),
            ("cancel", _) => Ok(Self::Cancel(DraftId(number))),
            ("restore", _) => Ok(Self::Restore(number)),
            ("restore-here", _) => Ok(Self::RestoreHere(number)),
            ("unmark", _) => Ok(Self::Unmark(OpeningId(number))),
            ("mute", _) => Ok(Self::Mute(OpeningId(number))),
            ("mute-here", _) => Ok(Self::MuteHere(OpeningId(number))),
            ("unmute-here", _) => Ok(Self::UnmuteHere(OpeningId(number))),
            ("why", _) => Ok(Self::Why(OpeningId(number))),
            _ => Err(UnknownAction),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_survives_its_button() {
        let opening = OpeningId(i64::MAX);
        let actions = [
            Action::Save(DraftId(1)),
            Action::Cancel(DraftId(2)),
            Action::Restore(3),
            Action::RestoreHere(4),
            Action::Mark(opening, Mark::Saved),
            Action::Mark(opening, Mark::Applied),
            Action::Mark(opening, Mark::Dismissed),
            Action::Unmark(opening),
            Action::Mute(opening),
            Action::MuteHere(opening),
            Action::UnmuteHere(opening),
            Action::Why(opening),
        ];
        let reasons = Reason::ALL.map(|reason| Action::Because(opening, reason));
        for action in actions.into_iter().chain(reasons) {
            let text = action.to_string();
            assert!(text.len() <= 100);
            assert_eq!(text.parse::<Action>().unwrap(), action);
        }
    }

    #[test]
    fn what_no_button_carries_is_refused() {
        for text in
            ["", "save", "save:", "save:x", "drop:1", "save:99999999999999999999", "because-x:1"]
        {
            assert!(text.parse::<Action>().is_err(), "{text}");
        }
    }
}
