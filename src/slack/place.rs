//! Where a message goes: one text in `targets.address`, the workspace before a person or a channel.

use std::fmt;
use std::str::FromStr;

/// A place in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub team: String,
    /// `U…` or `W…` is a person, whatever else a channel.
    pub id: String,
}

/// The text names no place.
#[derive(Debug, thiserror::Error)]
#[error("this is no place in Slack")]
pub struct NoPlace;

impl Place {
    pub fn is_person(&self) -> bool {
        self.id.starts_with(['U', 'W'])
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.team, self.id)
    }
}

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (team, id) = text.split_once('/').ok_or(NoPlace)?;
        if !(is_id(team) && is_id(id)) {
            return Err(NoPlace);
        }
        Ok(Self { team: team.to_owned(), id: id.to_owned() })
    }
}

/// Slack's ids are letters and digits.
pub fn is_id(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
