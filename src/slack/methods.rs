//! Every method that is called for a workspace, and how often Slack lets that be. One table.
//!
//! `oauth.v2.access` and `apps.connections.open` are of no workspace: installations that begin are counted
//! instead, and connections rest longer each time.

use std::time::Duration;

use crate::domain::limit::Limit;

/// How often Slack lets a method be called for one workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Fifty times a minute.
    Three,
    /// A hundred times a minute.
    Four,
    /// Several hundred times a minute.
    Special,
}

use Tier::{Four, Special, Three};

/// By docs.slack.dev/reference/methods.
pub const METHODS: [(&str, Tier); 11] = [
    ("auth.test", Special),
    ("chat.postEphemeral", Four),
    // Beside one a second into a channel.
    ("chat.postMessage", Special),
    ("chat.update", Three),
    ("conversations.history", Three),
    ("conversations.open", Three),
    ("conversations.replies", Three),
    ("users.info", Four),
    ("views.open", Four),
    ("views.publish", Four),
    ("views.update", Four),
];

impl Tier {
    /// Rest between two calls on the long run, and how many may follow each other without it. Together they
    /// are in no minute more than Slack lets.
    fn pace(self) -> (Duration, u32) {
        match self {
            Three => (Duration::from_millis(1_500), 10),
            Four => (Duration::from_millis(750), 20),
            Special => (Duration::from_millis(150), 20),
        }
    }
}

/// What calls of a method for a workspace count by.
pub fn key(team: &str, method: &str) -> String {
    format!("slack/{team}/{method}")
}

/// How often a method may be called for a workspace, by all replicas together.
pub fn limit(team: &str, method: &str) -> Limit {
    let known = METHODS.iter().find(|(known, _)| *known == method);
    let (every, burst) = known.map_or(Three, |(_, tier)| *tier).pace();
    Limit { key: key(team, method), every, burst }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::schedule::limits;

    /// Calls that pass in the fullest minute of three, if somebody tries all the time.
    fn in_a_minute(tier: Tier) -> usize {
        let (every, burst) = tier.pace();
        let limits = [Limit { key: String::new(), every, burst }];
        let mut buckets = BTreeMap::new();
        let at = |step: i64| DateTime::UNIX_EPOCH + TimeDelta::milliseconds(step * 50);
        let may = |step: &i64| limits::take(&mut buckets, &limits, at(*step)).is_ok();
        // After a minute in which nobody tried, all that was saved up comes at once.
        let steps = std::iter::once(0).chain(1_200..3_600);
        let passed: Vec<i64> = steps.flat_map(|step| [step; 40]).filter(may).collect();
        let from = |first: i64| {
            passed.iter().filter(|step| (first..first + 1_200).contains(*step)).count()
        };
        passed.iter().map(|first| from(*first)).max().unwrap_or_default()
    }

    #[test]
    fn no_minute_has_more_calls_than_slack_lets() {
        for (tier, most, fewest) in [(Three, 50, 40), (Four, 100, 80), (Special, 420, 400)] {
            let calls = in_a_minute(tier);
            assert!((fewest..=most).contains(&calls), "{tier:?}: {calls}");
        }
    }

    #[test]
    fn each_method_stands_once_in_the_table_and_counts_by_itself() {
        let keys: std::collections::BTreeSet<_> =
            METHODS.iter().map(|(method, _)| limit("T1", method).key).collect();
        assert_eq!(keys.len(), METHODS.len());
        assert_eq!(limit("T1", "chat.update").key, "slack/T1/chat.update");
    }
}
