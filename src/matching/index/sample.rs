//! How common words and places are, as postings were seen to have them before the first filter came.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::features::Place;
use crate::domain::filter::Field;
use crate::domain::place::{Area, areas};
use crate::domain::posting::{Posting, Remote};
use crate::matching::tokens::{normal, words};

/// Postings that an unseen feature counts as much as, so that the first ones do not decide alone.
const UNSEEN: f64 = 50.0;

/// Counts over some postings.
#[derive(Debug, Default)]
pub(super) struct Sample {
    postings: u32,
    /// By the bit of the place and the word, as written and normal.
    words: BTreeMap<(u8, String), u32>,
    areas: HashMap<Area, u32>,
    remote: HashMap<Remote, u32>,
    paid: u32,
    reposted: u32,
}

impl Sample {
    pub fn add(&mut self, posting: &Posting) {
        self.postings += 1;
        let mut found: BTreeSet<(u8, String)> = BTreeSet::new();
        let mut add = |place: Place, text: &str| {
            for word in words(text) {
                let one = normal(&word.plain).into_owned();
                for term in [word.plain, one] {
                    if Place::Any.covers() & place.bit() != 0 {
                        found.insert((Place::Any.bit(), term.clone()));
                    }
                    found.insert((place.bit(), term));
                }
            }
        };
        add(Place::In(Field::Title), &posting.title);
        add(Place::In(Field::Company), posting.company.as_deref().unwrap_or_default());
        posting.tags.iter().for_each(|tag| add(Place::In(Field::Tag), tag));
        add(Place::In(Field::Body), &posting.body);
        add(Place::In(Field::Board), posting.board.as_deref().unwrap_or_default());
        let location = posting.location.as_deref().unwrap_or_default();
        add(Place::Location, location);
        for word in found {
            *self.words.entry(word).or_default() += 1;
        }
        for area in areas(location) {
            *self.areas.entry(area).or_default() += 1;
        }
        if let Some(remote) = posting.remote {
            *self.remote.entry(remote).or_default() += 1;
        }
        self.paid += u32::from(posting.pay.is_some());
        self.reposted += u32::from(posting.reposts > 0);
    }

    /// As how many postings the shares below count.
    pub fn weight(&self) -> f64 {
        f64::from(self.postings) + UNSEEN
    }

    /// What was never seen is as common as `otherwise`.
    fn share(&self, count: u32, otherwise: f64) -> f64 {
        ((f64::from(count) + UNSEEN * otherwise) / self.weight()).min(1.0)
    }

    pub fn word(&self, place: Place, word: &str) -> f64 {
        let count = self.words.get(&(place.bit(), word.to_owned())).copied();
        self.share(count.unwrap_or_default(), 0.001)
    }

    pub fn prefix(&self, place: Place, prefix: &str) -> f64 {
        let from = (place.bit(), prefix.to_owned());
        let words = self
            .words
            .range(from..)
            .take_while(|((bit, word), _)| *bit == place.bit() && word.starts_with(prefix));
        self.share(words.map(|(_, count)| *count).sum(), 0.02)
    }

    pub fn remote(&self, remote: Remote) -> f64 {
        self.share(self.remote.get(&remote).copied().unwrap_or_default(), 0.4)
    }

    pub fn paid(&self) -> f64 {
        self.share(self.paid, 0.5)
    }

    pub fn reposted(&self) -> f64 {
        self.share(self.reposted, 0.1)
    }

    pub fn area(&self, wanted: Area) -> f64 {
        let lies_in = |area: &Area| match wanted {
            Area::Country(_) => *area == wanted,
            Area::Region(region) => region.contains(*area),
        };
        let count = self.areas.iter().filter(|(area, _)| lies_in(area)).map(|(_, count)| *count);
        self.share(count.sum(), 0.1)
    }
}
