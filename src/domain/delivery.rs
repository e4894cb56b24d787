//! One message owed to one target, and what became of trying to send it.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ids::{DeliveryId, TargetId};

/// A delivery that a sender has claimed together with its lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    pub id: DeliveryId,
    pub target: TargetId,
    pub created: DateTime<Utc>,
    /// Tries that were begun before this one.
    pub attempts: u32,
    /// How often the platform left us in doubt whether it arrived.
    pub doubts: u32,
    /// What was said when it failed last.
    pub last_error: Option<String>,
    /// When the first try began of which nobody knows whether it arrived.
    pub doubt_since: Option<DateTime<Utc>>,
    /// The message that it brings up to date, instead of sending one.
    pub edits: Option<SentMessage>,
}

/// A message that was sent before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    pub delivery: DeliveryId,
    pub message: MessageRef,
    pub at: DateTime<Utc>,
    /// A hash of what it shows, if it is known.
    pub content: Option<i64>,
}

/// The platform's own name of a message that it accepted, for editing it later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRef(pub String);

/// Why a message was not accepted, sorted by what the sender must do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Try again; not before `after`, if the platform asked for that.
    Retry { why: String, after: Option<Duration> },
    /// Too much was asked: nothing that is counted under this key may be asked before the rest is over
    /// (a while, if the platform did not say). It says nothing of the message.
    Limited { why: String, after: Option<Duration>, key: String },
    /// Nothing was asked: what it takes rests already, for so long yet. `fails` if that is the target's doing,
    /// which counts as failing meanwhile. It says nothing of the message.
    Rests { why: String, after: Duration, fails: bool },
    /// The target is gone for good.
    Gone { why: String },
    /// The platform will never take this message: our mistake.
    Rejected { why: String },
    /// Nobody can tell whether it arrived.
    Unknown { why: String },
    /// The platform refused it for a reason that nobody knows: it may pass, or be our mistake.
    Strange { why: String },
}

impl Verdict {
    /// The reason, for `deliveries.last_error`.
    pub fn why(&self) -> &str {
        match self {
            Self::Retry { why, .. }
            | Self::Limited { why, .. }
            | Self::Rests { why, .. }
            | Self::Gone { why }
            | Self::Rejected { why }
            | Self::Unknown { why }
            | Self::Strange { why } => why,
        }
    }
}

/// What can be done about a message that may have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Sending it again shows it once: the platform knows it by the number of its delivery.
    Same,
    /// The platform can be asked.
    Ask,
    /// Nobody can tell: it is sent again after a minute, mail once.
    Once,
}

/// What to do with a delivery after a try that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Send again after this rest.
    Again(Duration),
    /// Nothing was tried: see again after this rest.
    Wait(Duration),
    /// The target will never take it; another place may.
    Refused,
    /// The target has failed for too long; another place may take it.
    GivenUp,
    /// Keep it where the operator sees it: most likely it arrived.
    Dead,
    /// Keep it owed and stop using the target.
    TargetGone,
}
