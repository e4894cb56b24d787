//! Groups postings into openings, in the order in which they come. Pure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::fingerprint::{Fingerprint, THRESHOLD, Verdict, WINDOW, score, verdict};

/// Postings of an opening that newcomers are compared with: the first ones that differ in more than
/// their time.
const WITNESSES: usize = 8;
/// Openings with one key that a posting is compared with, the latest ones: a chain's ad in every town.
const CANDIDATES: usize = 1_000;

/// Openings so far.
#[derive(Debug, Default)]
pub struct Openings {
    openings: Vec<Opening>,
    by_key: HashMap<i64, Vec<usize>>,
}

#[derive(Debug)]
struct Opening {
    witnesses: Vec<Fingerprint>,
    /// From when to when it was posted, as far as is known.
    shown: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Openings {
    /// The number of the opening that a posting is of, from 0 on.
    ///
    /// It joins the opening that it resembles most, if nothing speaks against any of that opening's
    /// postings; so a vague one cannot tie two that differ.
    pub fn add(&mut self, print: Fingerprint) -> usize {
        let keys = print.keys();
        let number = self.find(&keys, &print).unwrap_or(self.openings.len());
        let is_new = number == self.openings.len();
        if is_new {
            self.openings.push(
                // Most openings are shown once.
                Opening { witnesses: Vec::with_capacity(1), shown: None },
            );
        }
        for key in keys {
            let listed = self.by_key.entry(key).or_default();
            // A new one is in no list yet; lists are long.
            if is_new || !listed.contains(&number) {
                listed.push(number);
            }
        }
        if let Some(opening) = self.openings.get_mut(number) {
            opening.take(print);
        }
        number
    }

    fn find(&self, keys: &[i64], print: &Fingerprint) -> Option<usize> {
        let lists = keys.iter().filter_map(|key| self.by_key.get(key));
        let mut near: Vec<usize> =
            lists.flat_map(|list| list.iter().rev().take(CANDIDATES)).copied().collect();
        near.sort_unstable();
        near.dedup();
        let fits = near
            .into_iter()
            .filter_map(|number| Some((number, self.openings.get(number)?.fit(print)?)));
        // Of equal ones the latest.
        fits.max_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(number, _)| number)
    }
}

impl Opening {
    /// How well a posting fits, if it may join.
    fn fit(&self, print: &Fingerprint) -> Option<f64> {
        if let (Some((first, last)), Some(at)) = (self.shown, print.posted_at())
            && (at > last + WINDOW || at < first - WINDOW)
        {
            return None;
        }
        let mut best = 0.0_f64;
        for witness in &self.witnesses {
            let score = score(witness, print);
            if verdict(score) == Verdict::Different {
                return None;
            }
            best = best.max(score);
        }
        (best >= THRESHOLD).then_some(best)
    }

    fn take(&mut self, print: Fingerprint) {
        if let Some(at) = print.posted_at() {
            let (first, last) = self.shown.unwrap_or((at, at));
            self.shown = Some((first.min(at), last.max(at)));
        }
        let known = self.witnesses.iter().any(|witness| witness.says_the_same(&print));
        if !known && self.witnesses.len() < WITNESSES {
            self.witnesses.push(print);
        }
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
        postings.iter().map(|posting| openings.add(print(posting))).collect()
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
}
