//! What buttons carry to Slack and back.

use std::fmt;
use std::str::FromStr;

use crate::domain::reply::{Action, Press};

/// Longest value of a button.
const LONGEST: usize = 2_000;

/// What a button of ours carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Act(Action),
    /// Says this, as if it had been typed.
    Say(String),
    /// Opens a form with this line.
    Fill(String),
}

/// No button of ours carries this.
#[derive(Debug, thiserror::Error)]
#[error("this button is not known")]
pub struct UnknownValue;

impl Value {
    pub fn of(press: &Press) -> Self {
        // A filter has 2,000 characters at most; what is longer with its command is typed again.
        let short = |line: &str| line.chars().take(LONGEST - 5).collect();
        match press {
            Press::Act(action) => Self::Act(*action),
            Press::Say(line) => Self::Say(short(line)),
            Press::Fill(line) => Self::Fill(short(line)),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Act(action) => write!(f, "act:{action}"),
            Self::Say(line) => write!(f, "say:{line}"),
            Self::Fill(line) => write!(f, "fill:{line}"),
        }
    }
}

impl FromStr for Value {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text.split_once(':') {
            Some(("act", action)) => Ok(Self::Act(action.parse().map_err(|_| UnknownValue)?)),
            Some(("say", line)) => Ok(Self::Say(line.to_owned())),
            Some(("fill", line)) => Ok(Self::Fill(line.to_owned())),
            _ => Err(UnknownValue),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::DraftId;

    #[test]
    fn what_a_button_carries_comes_back() {
        let long = "x".repeat(3_000);
        for press in [
            Press::Act(Action::Save(DraftId(1))),
            Press::Say("watch a:b".into()),
            Press::Fill(long),
        ] {
            let value = Value::of(&press);
            let text = value.to_string();
            assert!(text.chars().count() <= 2_000);
            assert_eq!(text.parse::<Value>().unwrap(), value);
        }
        for strange in ["", "act:", "act:x:1", "run:x"] {
            assert!(strange.parse::<Value>().is_err(), "{strange}");
        }
    }
}
