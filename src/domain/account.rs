//! Who owns filters and pays, and the identities that lead to them.

use std::fmt;
use std::str::FromStr;

use super::ids::AccountId;

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
    /// Those with this role of a server, and its admins.
    Role(u64),
}

/// As it is typed, and stored in `accounts.channel_filters`.
impl fmt::Display for ChannelFilters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("anyone"),
            Self::Admins => f.write_str("admins"),
            Self::Role(role) => write!(f, "role {role}"),
        }
    }
}

impl FromStr for ChannelFilters {
    type Err = &'static str;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        let words = words.to_lowercase();
        let role = words.strip_prefix("role ").and_then(|role| role.trim().parse().ok());
        match (words.as_str(), role) {
            ("anyone", _) => Ok(Self::Anyone),
            ("admins", _) => Ok(Self::Admins),
            (_, Some(role)) => Ok(Self::Role(role)),
            (_, None) => Err("here stands anyone or admins"),
        }
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

/// Whose something is, as we write it on what is made there: others may count their accounts from one, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountMark {
    /// Which of us it is.
    pub installation: String,
    pub account: AccountId,
}

impl fmt::Display for AccountMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.installation, self.account)
    }
}

impl FromStr for AccountMark {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (installation, account) = text.split_once(':').ok_or("no mark of ours")?;
        let account = account.parse().map(AccountId).map_err(|_| "no mark of ours")?;
        Ok(Self { installation: installation.to_owned(), account })
    }
}
