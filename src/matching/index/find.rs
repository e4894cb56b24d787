//! Finds who accepts a posting.

use chrono::{DateTime, Utc};
use hashbrown::HashSet;

use super::entry::{ALL, EITHER, Entry, FACT, KIND, NUMBER, PROGRAM, SLOT, TWINS};
use super::features::Feature;
use super::program::{self, Test, run};
use super::scan::Scan;
use super::terms::index;
use super::{Matcher, Owner};
use crate::domain::filter::Fact;
use crate::domain::ids::FilterId;
use crate::domain::posting::Posting;
use crate::matching::facts::Known;

/// Memory of one thread that matches, kept from posting to posting, and what the last one cost.
#[derive(Debug, Default)]
pub struct Scratch {
    scan: Scan,
    /// By fact: 0 not asked yet, 1 no, 2 yes, 3 unknown.
    facts: Vec<u8>,
    asked: Vec<u32>,
    /// Entries with twins that were found.
    found: HashSet<u32>,
    /// Entries whose own tests hold and that have a program.
    waiting: Vec<(u32, u32)>,
    /// What was seen at a first glance; of no use but to have looked.
    glanced: u32,
    /// Filters that were looked at.
    pub candidates: usize,
    /// Those that needed more than their entry.
    pub verified: usize,
}

impl Matcher {
    /// The filters that accept a posting that was first seen then, in no order.
    pub fn matches(
        &self,
        scratch: &mut Scratch,
        posting: &Posting,
        seen: DateTime<Utc>,
    ) -> Vec<FilterId> {
        self.read(scratch, posting);
        self.accepting(scratch, posting, seen)
    }

    /// The first half of [`Matcher::matches`]: finds the posting's words and what they lead to.
    pub fn read(&self, scratch: &mut Scratch, posting: &Posting) {
        scratch.scan.read(&self.compiler.terms, &self.compiler.features, posting);
    }

    /// The second half: who accepts the posting that was read last.
    pub fn accepting(
        &self,
        scratch: &mut Scratch,
        posting: &Posting,
        seen: DateTime<Utc>,
    ) -> Vec<FilterId> {
        scratch.forget(self.compiler.facts.len());
        let known = Known::new(posting, &self.rates, seen);
        let mut accepted = Vec::new();
        let features = std::mem::take(&mut scratch.scan.has);
        let list =
            |feature: &Feature| self.lists.get(index(*feature)).map_or(&[][..], Vec::as_slice);
        // A first glance at all lists, without a decision that could hold up the next: so their
        // memory is asked for many at a time.
        let glances = features.iter().filter_map(|feature| list(feature).first());
        scratch.glanced = glances.fold(0, |all, entry| all ^ entry.who);
        for list in features.iter().map(list) {
            scratch.candidates += list.len();
            for entry in list {
                if self.holds(scratch, &known, entry) {
                    self.take(scratch, entry.who, &mut accepted);
                }
            }
        }
        scratch.scan.has = features;
        // All together, so that the memory of the next is on its way while one is run.
        let waiting = std::mem::take(&mut scratch.waiting);
        scratch.verified = waiting.len();
        for (place, who) in &waiting {
            let program = self.programs.get(index(*place)..).unwrap_or_default();
            let asked = &mut Asked { scratch, known: &known, facts: &self.compiler.facts };
            if run(program, asked) {
                self.take(scratch, *who, &mut accepted);
            }
        }
        scratch.waiting = waiting;
        accepted
    }

    /// Whether an entry's own tests hold; one with a program is put aside.
    fn holds(&self, scratch: &mut Scratch, known: &Known<'_>, entry: &Entry) -> bool {
        let holds = |test: u32| {
            let test = Test(test);
            scratch.scan.has(test.feature()) == test.is_wanted()
        };
        let [one, two, three] = entry.tests;
        match entry.who >> KIND {
            ALL => holds(one) && holds(two) && holds(three),
            EITHER => holds(one) && (holds(two) || holds(three)),
            FACT if holds(one) && holds(two) => {
                let facts = &self.compiler.facts;
                run(&[three], &mut Asked { scratch, known, facts })
            }
            PROGRAM if holds(one) && holds(two) => {
                scratch.waiting.push((three, entry.who));
                false
            }
            _ => false,
        }
    }

    fn take(&self, scratch: &mut Scratch, who: u32, accepted: &mut Vec<FilterId>) {
        let number = who & (SLOT | NUMBER);
        if who & TWINS != 0 && !scratch.found.insert(number) {
            return;
        }
        if number & SLOT == 0 {
            accepted.push(FilterId(i64::from(number)));
            return;
        }
        let number = number & NUMBER;
        match self.owners.get(index(number)) {
            Some(Owner::One(id)) => accepted.push(*id),
            Some(Owner::Many) => accepted.extend(self.shared.get(&number).into_iter().flatten()),
            Some(Owner::None) | None => {}
        }
    }

    /// Counts what the posting that was read last had, so that filters that are added from now on
    /// are listed under what is rare.
    pub fn observe(&mut self, scratch: &Scratch) {
        self.compiler.features.observe(&scratch.scan.has);
    }
}

impl Scratch {
    fn forget(&mut self, facts: usize) {
        for fact in self.asked.drain(..) {
            if let Some(fact) = self.facts.get_mut(index(fact)) {
                *fact = 0;
            }
        }
        self.facts.resize(facts, 0);
        self.found.clear();
        self.waiting.clear();
        (self.candidates, self.verified) = (0, 0);
    }
}

/// The posting as programs ask for it.
struct Asked<'s, 'p> {
    scratch: &'s mut Scratch,
    known: &'s Known<'p>,
    facts: &'s [Fact],
}

impl program::Posting for Asked<'_, '_> {
    fn has(&self, feature: Feature) -> bool {
        self.scratch.scan.has(feature)
    }

    fn fact(&mut self, fact: u32) -> Option<bool> {
        let place = index(fact);
        let truth = match self.scratch.facts.get(place) {
            Some(1) => return Some(false),
            Some(2) => return Some(true),
            Some(3) => return None,
            _ => self.known.truth(self.facts.get(place)?),
        };
        if let Some(kept) = self.scratch.facts.get_mut(place) {
            *kept = match truth {
                Some(false) => 1,
                Some(true) => 2,
                None => 3,
            };
            self.scratch.asked.push(fact);
        }
        truth
    }
}
