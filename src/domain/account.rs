//! Who owns filters and pays, and the identities that lead to them.

use std::str::FromStr;

/// What kind of account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// One person, reached by any of their linked identities.
    Person,
    /// One Slack workspace or one Discord server.
    Team,
}

impl AccountKind {
    /// The word stored in `accounts.kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Team => "team",
        }
    }
}

/// Who may make and change the filters of a workspace's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelFilters {
    /// Everybody who may write there.
    Anyone,
    /// Those whom the platform names as admins of the workspace or server.
    Admins,
}

impl ChannelFilters {
    /// The word stored in `accounts.channel_filters`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Admins => "admins",
        }
    }
}

impl FromStr for ChannelFilters {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let rules = [Self::Anyone, Self::Admins];
        let found = rules.into_iter().find(|rule| rule.as_str().eq_ignore_ascii_case(word));
        found.ok_or("here stands anyone or admins")
    }
}

/// Somebody on a platform, who belongs to one account.
///
/// Linking two accounts moves rows of this, so it is a value of its own from the first day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub platform: super::target::Platform,
    /// The Slack workspace or Discord server; empty where the platform has none.
    pub workspace: String,
    /// The platform's id of the user; empty for a team's own identity.
    pub user: String,
}
