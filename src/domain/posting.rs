//! One advertisement as one board shows it, normalised.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::pay::Pay;

/// How a posting is known again: its keys, strongest first.
///
/// A board that changes one of them still shows the same posting while another is the same, so a
/// match on any means "seen". In JSON it is the strongest key alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity(Vec<String>);

impl Identity {
    pub fn new(keys: Vec<String>) -> Self {
        Self(keys)
    }

    /// Drops the keys that are not this posting's alone; one that would have none left keeps all.
    pub fn keep_own(&mut self, is_own: impl Fn(&str) -> bool) {
        if self.0.iter().any(|key| is_own(key)) {
            self.0.retain(|key| is_own(key));
        }
    }

    /// All keys, strongest first.
    pub fn keys(&self) -> &[String] {
        &self.0
    }

    /// The strongest key; empty for a posting that was read from JSON without one.
    pub fn strongest(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
}

impl Serialize for Identity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.strongest())
    }
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|key| Self(vec![key]))
    }
}

/// Where the work is done, as far as a posting says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Remote {
    Yes,
    Hybrid,
    No,
}

impl Remote {
    /// As in `remote:hybrid` and in `postings.remote`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Hybrid => "hybrid",
            Self::No => "no",
        }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Remote {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "yes" => Ok(Self::Yes),
            "hybrid" => Ok(Self::Hybrid),
            "no" => Ok(Self::No),
            _ => Err(format!("{word:?} is none of yes, hybrid, no")),
        }
    }
}

/// A posting whose every part is clean and typed. What a board does not say is `None` or empty.
///
/// Its JSON form is what `earlybrd boards read` prints and `earlybrd filter match` reads; the
/// field names are documented in `docs/posting.md`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Posting {
    #[serde(default)]
    pub identity: Identity,
    /// The slug of the board that showed it.
    #[serde(default)]
    pub board: Option<String>,
    /// `http` or `https`, without tracking parameters.
    #[serde(default)]
    pub url: Option<String>,
    /// One line, never empty.
    pub title: String,
    #[serde(default)]
    pub company: Option<String>,
    /// As stated: "Berlin", "EU only", "Anywhere".
    #[serde(default)]
    pub location: Option<String>,
    #[serde(default)]
    pub remote: Option<Remote>,
    #[serde(default)]
    pub pay: Option<Pay>,
    #[serde(flatten)]
    pub facts: Facts,
    /// As stated, without repeats.
    #[serde(default)]
    pub tags: Vec<String>,
    /// When the board says it was posted; never our own clock.
    #[serde(default)]
    pub posted_at: Option<DateTime<Utc>>,
    /// Until when people may apply, as the board says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<DateTime<Utc>>,
    /// How often its board showed the same job before, as another posting.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reposts: u32,
    /// Plain text; paragraphs and list items on lines of their own.
    #[serde(default)]
    pub body: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
