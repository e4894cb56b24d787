//! Groups postings into openings, in the order in which they come. Pure.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::fingerprint::{Fingerprint, Key, THRESHOLD, Verdict, WINDOW, score, verdict};

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
        Self { live: true, ..Self::default() }
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
    /// It joins the opening that it resembles most, if nothing speaks against any of that opening's
    /// postings; so a vague one cannot tie two that differ.
    pub fn add(&mut self, print: Fingerprint) -> Place {
        let keys: Vec<i64> = print.keys().into_iter().map(|Key { key, .. }| key).collect();
        let place = self.find(&keys, &print);
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
        if self.live && !place.also.is_empty() {
            self.fold(place.number, &place.also);
        }
        place
    }

    fn find(&self, keys: &[i64], print: &Fingerprint) -> Place {
        let lists = keys.iter().filter_map(|key| self.by_key.get(key));
        let mut near: Vec<usize> =
            lists.flat_map(|list| list.iter().rev().take(CANDIDATES)).copied().collect();
        near.sort_unstable();
        near.dedup();
        let fits: Vec<(usize, Fit)> = near
            .into_iter()
            .filter_map(|number| Some((number, self.all.get(number)?.fit(print, self.live)?)))
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
        let witnesses = |number| self.all.get(number).map(|it: &Opening| &it.witnesses);
        let (Some(own), Some(others)) = (witnesses(one), witnesses(other)) else { return false };
        let mut pairs = own.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
        pairs.all(|(one, other)| verdict(score(one, other)) != Verdict::Different)
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
        }
        for listed in self.by_key.values_mut() {
            if listed.iter().any(|number| others.contains(number)) {
                listed.retain(|number| !others.contains(number) && *number != into);
                listed.push(into);
            }
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
        let mut best = 0.0_f64;
        for witness in &self.witnesses {
            let score = score(witness, print);
            if verdict(score) == Verdict::Different {
                return None;
            }
            best = best.max(score);
        }
        (best >= THRESHOLD).then_some(Fit { score: best, later })
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

#[cfg(test)]
mod tests {
    use super::super::fingerprint::Shown;
    use super::*;

    fn numbers(postings: &[(&str, &str, &str)]) -> Vec<usize> {
        let mut openings = Openings::default();
        let print = |(location, url, day): &(&str, &str, &str)| {
            Fingerprint::of(&Shown {
                company: Some("Acme GmbH"),
                title: "Rust Engineer",
                location: Some(location),
                url: Some(url),
                posted_at: format!("{day}T08:00:00Z").parse().ok(),
                sketch: None,
            })
        };
        postings.iter().map(|posting| openings.add(print(posting)).number).collect()
    }

    #[test]
    fn a_vague_posting_does_not_tie_two_cities() {
        let postings = [
            ("Berlin", "https://a.example/1", ""),
            ("Germany", "https://b.example/1", ""),
            ("Munich", "https://c.example/1", ""),
            ("Berlin, Germany", "https://d.example/1", ""),
        ];
        assert_eq!(numbers(&postings), [0, 0, 1, 0]);
    }

    #[test]
    fn a_repost_counts_from_the_last_showing() {
        let ad = |n: u32| format!("https://boards.greenhouse.io/acme/jobs/{}", 5_512_300 + n);
        let urls: Vec<String> = (0..4).map(ad).collect();
        let days = ["2026-01-01", "2026-02-10", "2026-03-20", "2026-05-20"];
        let postings: Vec<(&str, &str, &str)> =
            urls.iter().zip(days).map(|(url, day)| ("Berlin", url.as_str(), day)).collect();
        assert_eq!(numbers(&postings), [0, 0, 0, 1]);
        let mut openings = Openings::default();
        let print = |url: &str, day: &str| {
            Fingerprint::of(&Shown {
                company: Some("Acme"),
                title: "Rust Engineer",
                location: Some("Berlin"),
                url: Some(url),
                posted_at: format!("{day}T08:00:00Z").parse().ok(),
                sketch: None,
            })
        };
        let first = openings.add(print(&ad(1), "2026-01-01"));
        let second = openings.add(print(&ad(2), "2026-03-01"));
        assert_eq!((first.again_of, second.again_of), (None, Some(0)));
    }

    #[test]
    fn a_posting_may_show_that_two_openings_are_one() {
        let mut openings = Openings::default();
        let mut add = |title: &str, company: &str, url: &str, body: &str| {
            openings.add(Fingerprint::of(&Shown {
                company: Some(company),
                title,
                location: Some("Berlin"),
                url: Some(url),
                posted_at: None,
                sketch: super::super::fingerprint::Sketch::of(body),
            }))
        };
        let words: Vec<String> = (0..60).map(|n| format!("word{}", n * 7919 % 1009)).collect();
        let (body, ad) = (words.join(" "), "https://boards.greenhouse.io/acme/jobs/5512300");
        assert_eq!(add("Rust Engineer, Payments", "Acme", ad, "").number, 0);
        assert_eq!(add("Rust Engineer", "Acme", "https://a.example/x", &body).number, 1);
        let both = add("Rust Engineer", "Acme", ad, &body);
        assert!(!both.is_new);
        assert_eq!(both.also.len(), 1, "{both:?}");
    }

    #[test]
    fn ads_side_by_side_are_two_openings() {
        let ad = |n: u32| format!("https://boards.greenhouse.io/acme/jobs/{}", 5_512_300 + n);
        let (one, other) = (ad(1), ad(2));
        let postings = [
            ("Berlin", one.as_str(), "2026-01-01"),
            ("Berlin", other.as_str(), "2026-01-01"),
            ("Berlin", one.as_str(), "2026-01-02"),
        ];
        assert_eq!(numbers(&postings), [0, 1, 0]);
    }

    #[test]
    fn a_vague_posting_merges_no_two_cities() {
        let mut openings = Openings::live();
        let mut add = |title: &str, place: &str, url: &str| {
            openings.add(Fingerprint::of(&Shown {
                company: Some("Acme"),
                title,
                location: Some(place),
                url: Some(url),
                ..Shown::default()
            }))
        };
        let ad = "https://boards.greenhouse.io/acme/jobs/5512300";
        let vague = add("Rust Engineer", "Germany", ad);
        let berlin = add("Rust Engineer, Payments", "Berlin", "https://b.example/x");
        let munich = add("Rust Engineer, Payments", "Munich", "https://c.example/x");
        assert_eq!([vague.number, berlin.number, munich.number], [0, 1, 2]);
        let place = add("Rust Engineer, Payments", "Germany", ad);
        assert!(place.also.len() < 2, "{place:?}");
    }
}
