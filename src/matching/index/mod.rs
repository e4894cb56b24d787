//! Every active filter, ready for the next posting.
//!
//! Filters ask for *features* of a posting: a word anywhere or in a field, a prefix, a row of words,
//! a country. Each filter is listed under one feature that it cannot do without, the one that was
//! seen least (under one for each alternative where it has some). A posting is read once; then the
//! lists of its features are walked. Most filters are decided by what stands in the list itself, so
//! that a candidate that is not wanted costs no memory but its sixteen bytes. No accepting filter is
//! ever not a candidate: `agreement.rs` holds this against the naive evaluator.

mod compile;
mod entry;
mod features;
mod find;
mod lumps;
mod prefixes;
mod program;
mod sample;
mod scan;
mod terms;
mod vocabulary;

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashMap;

use self::compile::{Compiler, Path};
use self::entry::{Entry, KIND, NUMBER, PROGRAM, SLOT, TWINS};
use self::features::{ALWAYS, Feature};
pub use self::find::Scratch;
use self::program::Test;
use self::terms::index;
use crate::domain::filter::Expr;
use crate::domain::ids::FilterId;
use crate::domain::posting::Posting;
use crate::domain::rates::Rates;

/// An expression that some filters have.
#[derive(Debug, Default)]
struct Slot {
    /// The lists in which it stands; empty for a free slot.
    keys: Box<[Feature]>,
    hash: u128,
}

/// Whose filter a slot is. Equal filters share one.
#[derive(Debug, Clone, Copy, Default)]
enum Owner {
    #[default]
    None,
    One(FilterId),
    /// In `shared`.
    Many,
}

/// Finds the filters that accept a posting.
#[derive(Debug)]
pub struct Matcher {
    compiler: Compiler,
    rates: Rates,
    /// By feature.
    lists: Vec<Vec<Entry>>,
    programs: Vec<u32>,
    /// Places in `programs` that are free, by their length.
    free_programs: HashMap<usize, Vec<u32>>,
    slots: Vec<Slot>,
    /// By slot, apart from it: what matching looks at lies close together.
    owners: Vec<Owner>,
    shared: HashMap<u32, Vec<FilterId>>,
    free_slots: Vec<u32>,
    by_hash: HashMap<u128, u32>,
    by_filter: HashMap<FilterId, u32>,
    hashers: [RandomState; 2],
}

impl Default for Matcher {
    /// At the exchange rates that ship with the program.
    fn default() -> Self {
        Self::new(Rates::built_in().clone())
    }
}

impl Matcher {
    /// Without filters.
    pub fn new(rates: Rates) -> Self {
        let hashers = [RandomState::new(), RandomState::new()];
        let [one, _] = &hashers;
        Self {
            compiler: Compiler::new(one.hash_one(0)),
            rates,
            lists: Vec::new(),
            programs: Vec::new(),
            free_programs: HashMap::new(),
            slots: Vec::new(),
            owners: Vec::new(),
            shared: HashMap::new(),
            free_slots: Vec::new(),
            by_hash: HashMap::new(),
            by_filter: HashMap::new(),
            hashers,
        }
    }

    /// Matches at other exchange rates from now on.
    pub fn set_rates(&mut self, rates: Rates) {
        self.rates = rates;
    }

    pub fn len(&self) -> usize {
        self.by_filter.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_filter.is_empty()
    }

    /// Learns from postings what is rare, for the filters that are added from now on.
    pub fn learn<'p>(&mut self, postings: impl IntoIterator<Item = &'p Posting>) {
        postings.into_iter().for_each(|posting| self.compiler.features.sample.add(posting));
    }

    /// Adds a filter, in place of the one with the same id.
    pub fn insert(&mut self, id: FilterId, expr: &Expr) {
        self.remove(id);
        let [one, two] = &self.hashers;
        let hash = u128::from(one.hash_one(expr)) << 64 | u128::from(two.hash_one(expr));
        let known = self.by_hash.get(&hash).copied();
        let number = known.unwrap_or_else(|| self.add(expr, hash));
        let owner = self.owners.get(index(number)).copied().unwrap_or_default();
        let owner = match owner {
            Owner::None => Owner::One(id),
            Owner::One(first) => {
                self.shared.insert(number, vec![first, id]);
                Owner::Many
            }
            Owner::Many => {
                self.shared.entry(number).or_default().push(id);
                Owner::Many
            }
        };
        self.own(number, owner);
        self.by_filter.insert(id, number);
    }

    pub fn remove(&mut self, id: FilterId) {
        let Some(number) = self.by_filter.remove(&id) else { return };
        if let Some(ids) = self.shared.get_mut(&number) {
            ids.retain(|owner| *owner != id);
            if !ids.is_empty() {
                return;
            }
            self.shared.remove(&number);
        }
        let who = self.who(number);
        let slot = self.slots.get_mut(index(number)).map(std::mem::take).unwrap_or_default();
        self.by_hash.remove(&slot.hash);
        for key in slot.keys {
            self.unlist(key, who);
        }
        if let Some(owner) = self.owners.get_mut(index(number)) {
            *owner = Owner::None;
        }
        self.free_slots.push(number);
    }

    fn unlist(&mut self, key: Feature, who: u32) {
        let Some(list) = self.lists.get_mut(index(key)) else { return };
        let Some(place) = list.iter().position(|entry| entry.is_of(who)) else { return };
        let Entry { tests: [.., program], who } = list.swap_remove(place);
        if who >> KIND == PROGRAM {
            let length = program::length(self.programs.get(index(program)..).unwrap_or_default());
            self.free_programs.entry(length).or_default().push(program);
        }
    }

    /// How a slot is named in entries.
    fn who(&self, number: u32) -> u32 {
        match self.owners.get(index(number)) {
            Some(Owner::One(FilterId(id))) => {
                u32::try_from(*id).ok().filter(|id| *id <= NUMBER).unwrap_or(SLOT | number)
            }
            Some(Owner::Many | Owner::None) | None => SLOT | number,
        }
    }

    /// Gives a slot another owner, also where it is named.
    fn own(&mut self, number: u32, owner: Owner) {
        let before = self.who(number);
        if let Some(place) = self.owners.get_mut(index(number)) {
            *place = owner;
        }
        let now = self.who(number);
        let keys = self.slots.get(index(number)).map_or(&[][..], |slot| &slot.keys);
        for key in keys.iter().filter(|_| now != before) {
            // The last ones are the newest.
            let mut list = self.lists.get_mut(index(*key)).into_iter().flatten().rev();
            if let Some(entry) = list.find(|entry| entry.is_of(before)) {
                entry.who = entry.who & !(SLOT | NUMBER) | now;
            }
        }
    }

    fn add(&mut self, expr: &Expr, hash: u128) -> u32 {
        let formula = self.compiler.accepts(expr);
        let everything =
            || vec![Path { key: Test::new(ALWAYS, true), rest: vec![formula.clone()] }];
        let paths = self.compiler.paths(&formula).map_or_else(everything, |(_, paths)| paths);
        let next = u32::try_from(self.slots.len()).unwrap_or(NUMBER);
        let number = self.free_slots.pop().unwrap_or(next);
        if number == next {
            self.slots.push(Slot::default());
            self.owners.push(Owner::None);
        }
        self.lists.resize_with(self.compiler.features.len(), Vec::new);
        let twins = if paths.len() > 1 { TWINS } else { 0 };
        let mut keys = Vec::with_capacity(paths.len());
        for path in paths {
            let key = path.key.feature();
            let entry = self.entry(path.rest, twins | SLOT | number);
            if let Some(list) = self.lists.get_mut(index(key)) {
                list.push(entry);
            }
            keys.push(key);
        }
        if let Some(slot) = self.slots.get_mut(index(number)) {
            (slot.keys, slot.hash) = (keys.into_boxed_slice(), hash);
        }
        self.by_hash.insert(hash, number);
        number
    }
}
