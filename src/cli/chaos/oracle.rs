//! What should have arrived against what did.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::ledger::{Arrived, KINDS, Kind};

/// A posting that was stored, and when its storing began.
#[derive(Debug, Clone)]
pub struct Posted {
    pub title: String,
    /// What the address of its targets ends with.
    pub group: u32,
    pub at: Instant,
}

/// Workspaces that Slack's people are in: each takes some messages a second.
const WORKSPACES: u32 = 40;

/// Where a kind's messages for a group go.
pub fn address(kind: Kind, group: u32) -> String {
    match kind {
        Kind::Slack => format!("T{}/U{group}", group % WORKSPACES),
        Kind::Discord => format!("@{}", group + 1),
        Kind::Key | Kind::LookUp | Kind::Mail => format!("{kind:?}-{group}"),
    }
}

/// The group of somebody in Slack.
pub fn group_of_person(id: &str) -> Option<u32> {
    id.strip_prefix('U').and_then(|group| group.parse().ok())
}

fn is_of(kind: Kind, target: &str) -> bool {
    match kind {
        Kind::Slack => target.contains("/U"),
        Kind::Discord => target.starts_with('@'),
        Kind::Key | Kind::LookUp | Kind::Mail => target.starts_with(&format!("{kind:?}-")),
    }
}

/// What became of the messages of one kind.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Fate {
    pub owed: usize,
    pub lost: usize,
    /// Postings that a target was shown more than once.
    pub doubled: usize,
    /// Of these, with another delivery's number.
    pub doubled_otherwise: usize,
    /// Of these, of deliveries that nobody was in doubt about: none was on its way when somebody died.
    pub doubled_without_doubt: usize,
    /// Messages that nobody should have got.
    pub strays: usize,
}

/// Milliseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Delays {
    pub messages: usize,
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

/// A message that took longer than this was held up by a kill.
const HELD_UP: Duration = Duration::from_secs(5);

/// Compares. `doubtful` are the deliveries that were on their way when somebody died, or an answer was lost.
pub fn fates(
    posted: &[Posted],
    arrived: &[Arrived],
    doubtful: &BTreeSet<i64>,
) -> BTreeMap<Kind, Fate> {
    let mut shown: HashMap<(String, &str), Vec<i64>> = HashMap::new();
    for Arrived { sent, .. } in arrived {
        for title in &sent.titles {
            shown.entry((sent.target.clone(), title)).or_default().push(sent.delivery);
        }
    }
    let mut fates = BTreeMap::new();
    for kind in KINDS {
        let mut fate = Fate::default();
        for posting in posted {
            let target = address(kind, posting.group);
            fate.owed += 1;
            match shown.remove(&(target, posting.title.as_str())).as_deref() {
                None => fate.lost += 1,
                Some([_]) => {}
                Some(several) => {
                    fate.doubled += several.len() - 1;
                    let numbers: BTreeSet<i64> = several.iter().copied().collect();
                    fate.doubled_otherwise += numbers.len() - 1;
                    if numbers.is_disjoint(doubtful) {
                        fate.doubled_without_doubt += several.len() - 1;
                    }
                }
            }
        }
        fates.insert(kind, fate);
    }
    // What is left in `shown` is owed to nobody.
    for ((target, _), deliveries) in shown {
        let kind = KINDS.iter().find(|kind| is_of(**kind, &target));
        if let Some(fate) = kind.and_then(|kind| fates.get_mut(kind)) {
            fate.strays += deliveries.len();
        }
    }
    fates
}

/// From the storing of postings to the arrival of their first messages; and of those that were held up, most of
/// them by the lease of a sender that died, some by those of several.
pub fn delays(posted: &[Posted], arrived: &[Arrived]) -> (Delays, Delays) {
    let mut first: HashMap<(&str, &str), Instant> = HashMap::new();
    for Arrived { sent, at } in arrived {
        for title in &sent.titles {
            first.entry((&sent.target, title)).or_insert(*at);
        }
    }
    let mut taken: Vec<Duration> = Vec::new();
    for posting in posted {
        for kind in KINDS {
            let target = address(kind, posting.group);
            let at = first.get(&(target.as_str(), posting.title.as_str()));
            taken.extend(at.map(|at| at.duration_since(posting.at)));
        }
    }
    taken.sort_unstable();
    let held_up: Vec<Duration> = taken.iter().copied().filter(|it| *it > HELD_UP).collect();
    (spread(&taken), spread(&held_up))
}

fn spread(sorted: &[Duration]) -> Delays {
    let millis = |it: &Duration| it.as_secs_f64() * 1e3;
    let at = |part: usize| sorted.get(sorted.len() * part / 100).map(millis).unwrap_or_default();
    let max = sorted.last().map(millis).unwrap_or_default();
    Delays { messages: sorted.len(), p50: at(50), p99: at(99), max }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Sent;
    use super::*;

    fn arrived(target: &str, title: &str, delivery: i64) -> Arrived {
        let (target, titles) = (target.to_owned(), vec![title.to_owned()]);
        Arrived { sent: Sent { kind: Kind::Key, delivery, target, titles }, at: Instant::now() }
    }

    #[test]
    fn what_is_lost_doubled_or_stray_is_counted() {
        let posted = ["a", "b"].map(|title| Posted {
            title: title.to_owned(),
            group: 1,
            at: Instant::now(),
        });
        let came = [
            arrived("Key-1", "a", 1),
            arrived("Key-1", "a", 1),
            arrived("Key-1", "b", 2),
            arrived("LookUp-1", "a", 3),
            arrived("LookUp-1", "a", 4),
            arrived("Mail-2", "a", 5),
        ];
        let fates = fates(&posted, &came, &BTreeSet::from([4]));
        let figures = |kind: Kind| {
            let fate = &fates[&kind];
            let unexplained = fate.doubled_without_doubt;
            [fate.owed, fate.lost, fate.doubled, fate.doubled_otherwise, unexplained, fate.strays]
        };
        assert_eq!(figures(Kind::Key), [2, 0, 1, 0, 1, 0]);
        assert_eq!(figures(Kind::LookUp), [2, 1, 1, 1, 0, 0]);
        assert_eq!(figures(Kind::Mail), [2, 2, 0, 0, 0, 1]);
    }
}
