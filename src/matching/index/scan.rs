//! One posting's features, found in one walk over its text. Keeps its memory from posting to posting.

use hashbrown::HashMap;

use super::features::{ALWAYS, Feature, Features, Place, Row, Step};
use super::lumps::{Lump, Lumps};
use super::terms::{PADDING, Terms, index};
use super::vocabulary::{DULL, Vocabulary};
use crate::domain::filter::Field;
use crate::domain::place::{Area, areas};
use crate::domain::posting::Posting;

/// Stated places whose meaning is kept.
const MAX_PLACES: usize = 4_096;

/// One standing of a word that leads somewhere.
#[derive(Debug, Clone, Copy)]
struct Standing {
    word: u32,
    start: u32,
    end: u32,
}

/// Standings of one field, from one of them on.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: usize,
    to: usize,
    place: Place,
}

/// What is found in a posting. In steps that each run over all its words, so that the memory they
/// wait for is asked for many words at a time.
#[derive(Debug, Default)]
pub(super) struct Scan {
    bits: Vec<u64>,
    /// Features that it has, each once.
    pub has: Vec<Feature>,
    /// All fields in small letters.
    text: Vec<u8>,
    lumps: Lumps,
    words: Vec<Lump>,
    /// Each field and where its words end, then where its standings do.
    fields: Vec<(Place, usize)>,
    vocabulary: Vocabulary,
    /// What was seen at a first glance; of no use but to have looked.
    glanced: u32,
    standings: Vec<Standing>,
    areas: HashMap<Box<str>, Vec<Feature>>,
    /// Area features that `areas` knows of.
    areas_known: usize,
}

impl Scan {
    pub fn has(&self, feature: Feature) -> bool {
        let word = self.bits.get(index(feature) / 64);
        word.is_some_and(|word| word >> (feature % 64) & 1 == 1)
    }

    fn set(&mut self, feature: Feature) {
        if let Some(word) = self.bits.get_mut(index(feature) / 64) {
            let bit = 1 << (feature % 64);
            if *word & bit == 0 {
                *word |= bit;
                self.has.push(feature);
            }
        }
    }

    /// Finds what a posting has.
    pub fn read(&mut self, terms: &Terms, features: &Features, posting: &Posting) {
        self.forget(features);
        self.vocabulary.begin(terms, features);
        self.set(ALWAYS);
        let seed = terms.seed;
        self.read_field(seed, Place::In(Field::Title), [posting.title.as_str()]);
        self.read_field(seed, Place::In(Field::Company), posting.company.as_deref());
        self.read_field(seed, Place::In(Field::Tag), posting.tags.iter().map(String::as_str));
        self.read_field(seed, Place::In(Field::Body), [posting.body.as_str()]);
        self.read_field(seed, Place::In(Field::Board), posting.board.as_deref());
        self.read_field(seed, Place::Location, posting.location.as_deref());
        let glances = self.words.iter().map(|word| self.vocabulary.glance(word.hash));
        self.glanced = glances.fold(0, |all, glance| all ^ glance);
        self.hear(terms, features);
        let vocabulary = std::mem::take(&mut self.vocabulary);
        vocabulary.features(|feature| self.set(feature));
        self.vocabulary = vocabulary;
        self.read_rows(terms, features);
        if let Some(remote) = posting.remote {
            self.set(features.known_remote(remote));
        }
        if posting.pay.is_some() {
            self.set(features.pay_stated);
        }
        if posting.reposts > 0 {
            self.set(features.repost);
        }
        if let Some(location) = &posting.location {
            self.read_areas(features, location);
        }
    }

    fn forget(&mut self, features: &Features) {
        for feature in self.has.drain(..) {
            if let Some(word) = self.bits.get_mut(index(feature) / 64) {
                *word = 0;
            }
        }
        self.bits.resize(features.len() / 64 + 1, 0);
        self.text.clear();
        self.words.clear();
        self.fields.clear();
        self.standings.clear();
        self.lumps.begin();
    }

    /// Pieces of one field; no row reaches from one into the next.
    fn read_field<'t>(
        &mut self,
        seed: u64,
        place: Place,
        pieces: impl IntoIterator<Item = &'t str>,
    ) {
        let mut next = 0;
        for piece in pieces {
            let (from, words) = (self.text.len(), self.words.len());
            self.text.extend_from_slice(piece.as_bytes());
            self.text.get_mut(from..).unwrap_or_default().make_ascii_lowercase();
            self.text.extend([0; PADDING]);
            let behind = self.lumps.read(seed, &self.text, from, &mut self.words);
            for word in self.words.get_mut(words..).unwrap_or_default() {
                (word.start, word.end) = (next + word.start, next + word.end);
            }
            next += behind + 1;
        }
        self.fields.push((place, self.words.len()));
    }

    /// Finds the words among those that are known. What leads nowhere counts no more: rows are told
    /// by places, so what follows it does not move up.
    fn hear(&mut self, terms: &Terms, features: &Features) {
        let Self { vocabulary, words, standings, .. } = self;
        let mut from = 0;
        for (place, to) in &mut self.fields {
            for lump in words.get(from..*to).unwrap_or_default() {
                let number = vocabulary.number(lump.hash);
                let number = number.unwrap_or_else(|| {
                    let text = self.lumps.text(&self.text, lump);
                    vocabulary.learn(terms, features, lump.hash, text)
                });
                if number != DULL {
                    vocabulary.hear(number, place.bit());
                    standings.push(Standing { word: number, start: lump.start, end: lump.end });
                }
            }
            from = *to;
            *to = standings.len();
        }
    }

    fn read_rows(&mut self, terms: &Terms, features: &Features) {
        let mut from = 0;
        for field in 0..self.fields.len() {
            let Some((place, to)) = self.fields.get(field).copied() else { return };
            for first in from..to {
                let Some(standing) = self.standings.get(first).copied() else { return };
                if !self.vocabulary.begins_row(standing.word) {
                    continue;
                }
                let one = self.vocabulary.normal(standing.word);
                let span = Span { first, to, place };
                self.try_rows(terms, features.rows(one, 0), span);
                for next in first + 1..to {
                    match self.standings.get(next).copied() {
                        Some(next) if next.start == standing.end => {
                            let two = self.vocabulary.normal(next.word);
                            if two != 0 {
                                self.try_rows(terms, features.rows(one, two), span);
                            }
                        }
                        Some(next) if next.start < standing.end => {}
                        _ => break,
                    }
                }
            }
            from = to;
        }
    }

    fn try_rows(&mut self, terms: &Terms, rows: &[Row], span: Span) {
        for row in rows {
            if row.at.place.covers() & span.place.bit() != 0
                && !self.has(row.at.feature)
                && self.goes_on(terms, &row.steps, span, None)
            {
                self.set(row.at.feature);
            }
        }
    }

    /// Whether the steps stand in a row from a standing on: from that one, or from one of those
    /// that begin at `start`.
    fn goes_on(&self, terms: &Terms, steps: &[Step], span: Span, start: Option<u32>) -> bool {
        let Some((step, rest)) = steps.split_first() else { return true };
        for at in span.first..span.to {
            let Some(standing) = self.standings.get(at) else { return false };
            if start.is_some_and(|start| standing.start > start) {
                return false;
            }
            if start.is_none_or(|start| standing.start == start)
                && self.vocabulary.fits(terms, standing.word, *step)
                && self.goes_on(terms, rest, Span { first: at + 1, ..span }, Some(standing.end))
            {
                return true;
            }
            if start.is_none() {
                return false;
            }
        }
        false
    }

    fn read_areas(&mut self, features: &Features, location: &str) {
        if self.areas_known != features.areas().len() || self.areas.len() > MAX_PLACES {
            self.areas.clear();
            self.areas_known = features.areas().len();
        }
        if !self.areas.contains_key(location) {
            let stated = areas(location);
            let lies_in = |wanted: &Area| match wanted {
                Area::Region(region) => stated.iter().any(|area| region.contains(*area)),
                Area::Country(_) => stated.contains(wanted),
            };
            let known = features.areas().iter().filter(|(wanted, _)| lies_in(wanted));
            let known = known.map(|(_, feature)| *feature).collect();
            self.areas.insert(location.into(), known);
        }
        let known = std::mem::take(&mut self.areas);
        known.get(location).into_iter().flatten().for_each(|feature| self.set(*feature));
        self.areas = known;
    }
}
