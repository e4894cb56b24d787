//! Groups postings into openings, in the order in which they come. Pure.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::fingerprint::{
    Fingerprint, Key, THRESHOLD, Verdict, WINDOW, is_certain, score, verdict,
};

/// Postings of an opening that newcomers are compared with: the first ones that differ in more than
/// their time.
const WITNESSES: usize = 8;
/// Openings with one key that a posting is compared with, the latest ones: a chain's ad in every town.
const CANDIDATES: usize = 1_000;

/// Openings so far.
#[derive(Debug, Default)]
pub struct Openings {
    all: Vec<Opening>,
    by_key: HashMap<i64, Vec<usize>>,
    /// Openings that turned out to be others.
    folded: HashMap<usize, usize>,
    folds: bool,
    live: bool,
}

/// What is known of one opening.
#[derive(Debug, Default)]
pub struct Opening {
    witnesses: Vec<Fingerprint>,
    /// From when to when it was shown, as far as is known.
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
}

/// Where a posting belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The number of its opening, from 0 on.
    pub number: usize,
    pub is_new: bool,
    /// The opening that a new one repeats, too late to be the same.
    pub again_of: Option<usize>,
    /// Other openings that it is of as well: they turn out to be one.
    pub also: Vec<usize>,
}

/// How a posting fits an opening.
#[derive(Debug, Clone, Copy)]
struct Fit {
    score: f64,
    /// Shown again when the opening was over.
    later: bool,
}

impl Openings {
    /// Openings of postings that are all shown when they are added, however far back they are dated.
    pub fn live() -> Self {
        Self { live: true, ..Self::folding() }
    }

    /// The same, of which none turn out to be one.
    pub fn live_apart() -> Self {
        Self { live: true, ..Self::default() }
    }

    /// Whether several may turn out to be one.
    pub fn folds(&self) -> bool {
        self.folds
    }

    /// Openings of which several become one as soon as a posting shows it.
    pub fn folding() -> Self {
        Self { folds: true, ..Self::default() }
    }

    /// The opening that one is now.
    pub fn current(&self, mut number: usize) -> usize {
        while let Some(into) = self.folded.get(&number) {
            number = *into;
        }
        number
    }

    /// Takes over an opening that is known already, with the keys that lead to it.
    pub fn know(&mut self, opening: Opening, keys: impl IntoIterator<Item = i64>) -> usize {
        let number = self.all.len();
        self.all.push(opening);
        self.lead(number, keys);
        number
    }

    /// Lets more keys lead to an opening.
    pub fn lead(&mut self, number: usize, keys: impl IntoIterator<Item = i64>) {
        for key in keys {
            let listed = self.by_key.entry(key).or_default();
            if !listed.contains(&number) {
                listed.push(number);
            }
        }
    }

    /// Lets go of openings that are not looked for any more; their numbers stay taken.
    pub fn forget(&mut self, numbers: &BTreeSet<usize>) {
        for number in numbers {
            self.all.get_mut(*number).map(std::mem::take);
        }
        self.by_key.retain(|_, listed| {
            listed.retain(|number| !numbers.contains(number));
            !listed.is_empty()
        });
    }

    /// Finds the opening that a posting is of, or makes one.
    ///
    /// It joins the opening that it resembles most, if none of that opening's postings is certainly another
    /// job; so a vague one cannot tie two that differ. The same ad is the same job, whatever it says now.
    pub fn add(&mut self, print: Fingerprint) -> Place {
        self.add_beside(print, &BTreeSet::new())
    }

    /// As [`Self::add`]: of the openings `beside` the posting's board shows another ad now, which is
    /// another job.
    pub fn add_beside(&mut self, print: Fingerprint, beside: &BTreeSet<usize>) -> Place {
        let keys: Vec<i64> = print.keys().into_iter().map(|Key { key, .. }| key).collect();
        let place = self.find(&keys, &print, beside);
        if place.is_new {
            self.all.push(
                // Most openings are shown once.
                Opening { witnesses: Vec::with_capacity(1), ..Opening::default() },
            );
        }
        for key in keys {
            let listed = self.by_key.entry(key).or_default();
            // A new one is in no list yet; lists are long.
            if place.is_new || !listed.contains(&place.number) {
                listed.push(place.number);
            }
        }
        if let Some(opening) = self.all.get_mut(place.number) {
            opening.show(print);
        }
        if self.folds && !place.also.is_empty() {
            self.fold(place.number, &place.also);
        }
        place
    }

    fn find(&self, keys: &[i64], print: &Fingerprint, beside: &BTreeSet<usize>) -> Place {
        let current = |number: &usize| self.current(*number);
        let lists = keys.iter().filter_map(|key| self.by_key.get(key));
        let mut near: Vec<usize> =
            lists.flat_map(|list| list.iter().rev().take(CANDIDATES)).map(current).collect();
        near.sort_unstable();
        near.dedup();
        let fits: Vec<(usize, Fit)> = near
            .into_iter()
            .filter_map(|number| Some((number, self.all.get(number)?.fit(print, self.live)?)))
            .filter(|(number, fit)| is_certain(fit.score) || !beside.contains(number))
            .collect();
        // Of equal ones the latest.
        let best = |later: bool| {
            let fits = fits.iter().filter(|(_, fit)| fit.later == later);
            fits.max_by(|(_, one), (_, other)| one.score.total_cmp(&other.score))
                .map(|(number, _)| *number)
        };
        let Some(number) = best(false) else {
            let (number, also) = (self.all.len(), Vec::new());
            return Place { number, is_new: true, again_of: best(true), also };
        };
        let mut others: Vec<(usize, Fit)> =
            fits.into_iter().filter(|(other, fit)| *other != number && !fit.later).collect();
        others.sort_by(|(_, one), (_, other)| other.score.total_cmp(&one.score));
        // Each must go with all that were taken before it, not with the posting's opening alone.
        let mut one = vec![number];
        for (other, _) in others {
            if one.iter().all(|taken| self.may_be_one(*taken, other)) {
                one.push(other);
            }
        }
        Place { number, is_new: false, again_of: None, also: one.split_off(1) }
    }

    /// Whether nothing speaks against two openings being one.
    fn may_be_one(&self, one: usize, other: usize) -> bool {
        let (Some(one), Some(other)) = (self.all.get(one), self.all.get(other)) else {
            return false;
        };
        if one.is_over_before(other) || other.is_over_before(one) {
            return false;
        }
        let (own, others) = (&one.witnesses, &other.witnesses);
        let pairs = own.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
        let mut may = true;
        for (one, other) in pairs {
            let score = score(one, other);
            if is_certain(score) {
                return true;
            }
            may &= verdict(score) != Verdict::Different;
        }
        may
    }

    /// Makes openings one, under the number of the first: its witnesses are those of all, and all keys
    /// lead to it. So whoever comes next is compared with what they are together.
    fn fold(&mut self, into: usize, others: &[usize]) {
        for other in others {
            let Some(from) = self.all.get_mut(*other).map(std::mem::take) else { continue };
            let Some(one) = self.all.get_mut(into) else { continue };
            one.shown(from.first, from.last);
            for witness in from.witnesses {
                one.witness(witness);
            }
            self.folded.insert(*other, into);
        }
    }
}

impl Opening {
    /// How well a posting fits, if it may join; one that is live is shown now, so not before the opening.
    fn fit(&self, print: &Fingerprint, live: bool) -> Option<Fit> {
        let at = print.posted_at();
        if !live && self.first.zip(at).is_some_and(|(first, at)| at < first - WINDOW) {
            return None;
        }
        let later = self.last.zip(at).is_some_and(|(last, at)| at > last + WINDOW);
        let (mut best, mut may) = (0.0_f64, true);
        for witness in &self.witnesses {
            let score = score(witness, print);
            if is_certain(score) {
                return Some(Fit { score, later });
            }
            // What an ad said before says nothing against what it says now.
            may &= verdict(score) != Verdict::Different || self.says_otherwise(witness, print);
            best = best.max(score);
        }
        (best >= THRESHOLD && may).then_some(Fit { score: best, later })
    }

    /// Whether a witness's ad is here in other words as well, which fit.
    fn says_otherwise(&self, witness: &Fingerprint, print: &Fingerprint) -> bool {
        let mut others = self.witnesses.iter().filter(|other| other.is_one_ad(witness));
        others.any(|other| verdict(score(other, print)) == Verdict::Same)
    }

    fn is_over_before(&self, other: &Self) -> bool {
        self.last.zip(other.first).is_some_and(|(last, first)| first > last + WINDOW)
    }

    /// Adds a posting that is of it.
    pub fn show(&mut self, print: Fingerprint) {
        self.shown(print.posted_at(), print.posted_at());
        self.witness(print);
    }

    fn witness(&mut self, print: Fingerprint) {
        let known = self.witnesses.iter().any(|witness| witness.says_the_same(&print));
        if !known && self.witnesses.len() < WITNESSES {
            self.witnesses.push(print);
        }
    }

    /// Boards showed it from then to then.
    pub fn shown(&mut self, first: Option<DateTime<Utc>>, last: Option<DateTime<Utc>>) {
        self.first = self.first.into_iter().chain(first).min();
        self.last = self.last.max(last);
    }
}
