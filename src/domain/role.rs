//! What a replica of the service does.

use std::collections::BTreeSet;

/// One part of the work; every replica keeps the clock and answers health checks besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Serves pages and webhooks.
    Web,
    /// Asks boards, and for exchange rates.
    Poll,
    /// Matches postings.
    Match,
    /// Sends messages, builds digests, edits cards, and removes what has lived its time.
    Deliver,
    /// Keeps the connections over which chats bring what people type.
    Gateway,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Web, Self::Poll, Self::Match, Self::Deliver, Self::Gateway];

    /// The word of `serve --roles`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Poll => "poll",
            Self::Match => "match",
            Self::Deliver => "deliver",
            Self::Gateway => "gateway",
        }
    }
}

/// The parts that one replica does; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

/// The words name no roles.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRoles {
    #[error("{0:?} is no role; there are web, poll, match, deliver and gateway")]
    Unknown(String),
    #[error("there must be a role: web, poll, match, deliver or gateway")]
    None,
}

impl Roles {
    pub fn all() -> Self {
        Self(Role::ALL.into())
    }

    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl std::str::FromStr for Roles {
    type Err = BadRoles;

    /// Words with commas between.
    fn from_str(words: &str) -> Result<Self, BadRoles> {
        let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
        let roles = words.map(|word| {
            let role = Role::ALL.into_iter().find(|role| role.as_str() == word);
            role.ok_or_else(|| BadRoles::Unknown(word.to_owned()))
        });
        let roles = roles.collect::<Result<BTreeSet<Role>, BadRoles>>()?;
        if roles.is_empty() { Err(BadRoles::None) } else { Ok(Self(roles)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_words_with_commas_between() {
        let roles: Roles = "web, match".parse().unwrap();
        assert_eq!(Role::ALL.map(|role| roles.has(role)), [true, false, true, false, false]);
        assert_eq!("web,cook".parse::<Roles>(), Err(BadRoles::Unknown("cook".to_owned())));
        assert_eq!(" ,".parse::<Roles>(), Err(BadRoles::None));
    }
}
