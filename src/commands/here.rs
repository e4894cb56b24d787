//! Where others read too: the filters of a channel, and whose they are.

use super::Actor;
use crate::domain::ids::{AccountId, TargetId};
use crate::domain::reply::{Action, Press, Reply};

/// A channel, and the account of all who are in its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Here {
    pub account: AccountId,
    pub target: TargetId,
}

impl Actor {
    /// Whoever acts for all who read here; themselves where nobody else does.
    #[must_use]
    pub fn for_all_here(self) -> Self {
        match self.here {
            Some(Here { account, target }) => Self { account, target, here: None },
            None => self,
        }
    }
}

/// A line about a filter of the channel, `pause c1`: who it is for, and as it is read.
pub fn line(actor: Actor, text: &str) -> Option<(Actor, String)> {
    actor.here?;
    let mut words = text.trim().trim_start_matches("/jobs").splitn(3, char::is_whitespace);
    // Of two spaces in a row one is an empty word; such a line is answered as any wrong one.
    let mut words = words.by_ref().skip_while(|word| word.is_empty());
    let (command, number) = (words.next()?, words.next()?);
    let number = number.strip_prefix(['c', 'C'])?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let rest = words.next().unwrap_or_default();
    is_number.then(|| (actor.for_all_here(), format!("{command} {number} {rest}")))
}

/// What that line is answered: its buttons act for the channel, too.
pub fn answered(mut reply: Reply) -> Reply {
    for button in &mut reply.buttons {
        if let Press::Act(Action::Restore(number)) = button.press {
            button.press = Press::Act(Action::RestoreHere(number));
        }
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_a_c_is_the_channels() {
        let here = Here { account: AccountId(2), target: TargetId(2) };
        let actor = Actor { account: AccountId(1), target: TargetId(1), here: Some(here) };
        let line_of = |text| line(actor, text).map(|(team, line)| (team.account.0, line));
        assert_eq!(line_of("pause c12"), Some((2, "pause 12 ".to_owned())));
        assert_eq!(line_of("/jobs edit C1 rust go"), Some((2, "edit 1 rust go".to_owned())));
        assert_eq!(line_of("pause 1"), None);
        assert_eq!(line_of("watch c++ here"), None);
        assert_eq!(line_of("watch c"), None);
        assert_eq!(line(Actor { here: None, ..actor }, "pause c1"), None);
    }
}
