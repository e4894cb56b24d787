//! Where messages go.

use std::fmt;
use std::str::FromStr;

use super::ids::{AccountId, TargetId};

/// A place that can show a message. Each platform brings a `Messenger`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// The terminal of `earlybrd try`.
    Console,
    /// The chat page that this service shows itself.
    Playground,
    /// A confirmed address.
    Email,
    /// A person or a channel of a Slack workspace.
    Slack,
    /// A person, or a channel of a server.
    Discord,
}

impl Platform {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Console => "the terminal",
            Self::Playground => "the chat page",
            Self::Email => "e-mail",
            Self::Slack => "Slack",
            Self::Discord => "Discord",
        }
    }

    /// The word stored in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Playground => "playground",
            Self::Email => "email",
            Self::Slack => "slack",
            Self::Discord => "discord",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word names no platform that this build knows.
#[derive(Debug, thiserror::Error)]
#[error("unknown platform {0:?}")]
pub struct UnknownPlatform(String);

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(word: &str) -> Result<Self, UnknownPlatform> {
        match word {
            "console" => Ok(Self::Console),
            "playground" => Ok(Self::Playground),
            "email" => Ok(Self::Email),
            "slack" => Ok(Self::Slack),
            "discord" => Ok(Self::Discord),
            _ => Err(UnknownPlatform(word.to_owned())),
        }
    }
}

/// A target as the sender needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub id: TargetId,
    pub account: AccountId,
    pub platform: Platform,
    /// The platform's own name of the place: a channel id, a user id.
    pub address: String,
}
