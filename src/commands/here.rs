//! Where others read too: the filters of a channel, and whose they are.

use super::Actor;
use crate::domain::ids::{AccountId, TargetId};

/// A channel, and the account of all who are in its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Here {
    pub account: AccountId,
    pub target: TargetId,
    /// Whether whoever acts is an admin there, as far as that was asked.
    pub is_admin: bool,
    /// Whether they have the role that may change the channels' filters; `None` where the platform has no
    /// roles.
    pub in_role: Option<bool>,
    /// Whether we may write there; `None` where the platform does not say.
    pub open: Option<bool>,
}

impl Actor {
    /// Whoever acts for all who read here; themselves where nobody else does.
    #[must_use]
    pub fn for_all_here(self) -> Self {
        match self.here {
            Some(Here { account, target, .. }) => {
                Self { account, target, here: None, acts_for_all: Some(self.target) }
            }
            None => self,
        }
    }
}

/// A line about a filter of the channel, `pause c1`: who it is for, and as it is read.
pub fn line(actor: Actor, text: &str) -> Option<(Actor, String)> {
    actor.here?;
    let text = text.trim().trim_start_matches("/jobs").trim_start();
    let (command, behind) = text.split_once(char::is_whitespace)?;
    let behind = behind.trim_start();
    let (number, rest) = behind.split_once(char::is_whitespace).unwrap_or((behind, ""));
    let number = number.strip_prefix(['c', 'C'])?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| (actor.for_all_here(), format!("{command} {number} {rest}")))
}

/// Whether a line looks only.
pub fn only_looks(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("show"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_a_c_is_the_channels() {
        let (account, target) = (AccountId(2), TargetId(2));
        let here = Here { account, target, is_admin: false, in_role: None, open: None };
        let actor = Actor { here: Some(here), ..Actor::alone(AccountId(1), TargetId(1)) };
        let line_of = |text| line(actor, text).map(|(team, line)| (team.account.0, line));
        assert_eq!(line_of("pause c12"), Some((2, "pause 12 ".to_owned())));
        assert_eq!(line_of("/jobs edit C1 rust go"), Some((2, "edit 1 rust go".to_owned())));
        assert_eq!(line_of("  edit   c1  rust "), Some((2, "edit 1  rust".to_owned())));
        assert_eq!(line_of("pause 1"), None);
        assert_eq!(line_of("watch c++ here"), None);
        assert_eq!(line_of("watch c"), None);
        assert_eq!(line(Actor { here: None, ..actor }, "pause c1"), None);
    }
}
