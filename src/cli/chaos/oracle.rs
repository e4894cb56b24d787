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
    /// How often messages were on their way when somebody died, or just so.
    pub in_flight: usize,
    /// Copies of messages, whatever they show.
    pub copies: usize,
    /// Of these, more than their message was on its way for.
    pub copies_beyond: usize,
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

impl Fate {
    /// Whether no more was doubled than cannot be helped where nobody knows a message again: what was on its
    /// way when somebody died, once for each of them, under its own number.
    pub fn is_bounded(&self) -> bool {
        self.doubled_otherwise == 0 && self.doubled_without_doubt == 0 && self.copies_beyond == 0
    }
}

/// What was on its way when somebody died.
#[derive(Debug, Clone, Default)]
pub struct InFlight {
    /// Deliveries of which nobody knew whether they had arrived.
    pub doubtful: BTreeSet<i64>,
    /// Under how many leases each delivery was seen on its way: that of a sender that dies stays until it ends,
    /// so none of those is missed.
    pub leases: BTreeMap<i64, usize>,
}

/// A message that took longer than this was held up by a kill.
const HELD_UP: Duration = Duration::from_secs(5);

/// Compares.
pub fn fates(posted: &[Posted], arrived: &[Arrived], in_flight: &InFlight) -> BTreeMap<Kind, Fate> {
    let mut shown: HashMap<(String, &str), Vec<i64>> = HashMap::new();
    for Arrived { sent, .. } in arrived {
        for title in &sent.titles {
            shown.entry((sent.target.clone(), title)).or_default().push(sent.delivery);
        }
    }
    let mut fates = BTreeMap::new();
    for kind in KINDS {
        let mut fate = copies(kind, arrived, in_flight);
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
                    if numbers.is_disjoint(&in_flight.doubtful) {
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

/// How often the messages of one kind came again.
fn copies(kind: Kind, arrived: &[Arrived], in_flight: &InFlight) -> Fate {
    let mut times: BTreeMap<i64, usize> = BTreeMap::new();
    for Arrived { sent, .. } in arrived.iter().filter(|it| it.sent.kind == kind) {
        *times.entry(sent.delivery).or_default() += 1;
    }
    let mut fate = Fate::default();
    for (delivery, times) in times {
        let leases = in_flight.leases.get(&delivery).copied().unwrap_or_default();
        fate.in_flight += leases;
        fate.copies += times - 1;
        fate.copies_beyond += (times - 1).saturating_sub(leases);
    }
    fate
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
        let kind = KINDS.into_iter().find(|kind| is_of(*kind, target)).unwrap();
        let (target, titles) = (target.to_owned(), vec![title.to_owned()]);
        Arrived { sent: Sent { kind, delivery, target, titles }, at: Instant::now() }
    }

    /// Of the mails 1, 2 and 3 nobody knew whether they had arrived: once of the first two, twice of the third.
    #[test]
    fn mails_that_come_again_are_as_many_as_were_on_their_way_at_the_most() {
        let check = |mails: &[(i64, &str)], want: bool| {
            let posted = Posted { title: "a".to_owned(), group: 1, at: Instant::now() };
            let came: Vec<Arrived> =
                mails.iter().map(|(mail, title)| arrived("Mail-1", title, *mail)).collect();
            let leases = BTreeMap::from([(1, 1), (2, 1), (3, 2)]);
            let in_flight = InFlight { doubtful: leases.keys().copied().collect(), leases };
            let fates = fates(&[posted], &came, &in_flight);
            assert_eq!(fates[&Kind::Mail].is_bounded(), want, "{mails:?}");
        };
        check(&[(1, "a")], true);
        check(&[(1, "a"), (1, "a")], true);
        check(&[(1, "a"), (1, "a"), (2, "b"), (2, "b")], true);
        check(&[(3, "a"), (3, "a"), (3, "a")], true);
        // One too often, one without any doubt, one under another number, one that is nobody's.
        check(&[(1, "a"), (1, "a"), (1, "a"), (2, "b")], false);
        check(&[(4, "a"), (4, "a")], false);
        check(&[(1, "a"), (2, "a")], false);
        check(&[(4, "c"), (4, "c")], false);
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
        let in_flight = InFlight { doubtful: BTreeSet::from([4]), ..InFlight::default() };
        let fates = fates(&posted, &came, &in_flight);
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
