//! One posting's features, found in one walk over its text. Keeps its memory from posting to posting.

use hashbrown::HashMap;

use super::features::{Feature, Features, Place, Row, Step};
use super::lumps::Lumps;
use super::terms::{PADDING, TermId, Terms, index};
use crate::domain::filter::Field;
use crate::domain::place::{Area, areas};
use crate::domain::posting::Posting;
use crate::matching::tokens::normal;

/// Stated places whose meaning is kept.
const MAX_PLACES: usize = 4_096;

/// A word of the posting, whichever times it stands there.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    hash: u64,
    /// Its text in `texts`.
    start: u32,
    end: u32,
    plain: TermId,
    normal: TermId,
    /// Bits of the places where it stands.
    places: u8,
}

/// Where a word of this round may be found.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    hash: u64,
    round: u32,
    word: u32,
}

/// One standing of a word in a field.
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
    lumps: Lumps,
    /// One piece of text in small letters.
    lower: Vec<u8>,
    texts: Vec<u8>,
    words: Vec<Known>,
    /// By hash, with open addressing.
    slots: Vec<Slot>,
    round: u32,
    standings: Vec<Standing>,
    /// Each field and where its standings end.
    fields: Vec<(Place, usize)>,
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
        self.set(0);
        let seed = terms.seed;
        self.read_field(seed, Place::In(Field::Title), [posting.title.as_str()]);
        self.read_field(seed, Place::In(Field::Company), posting.company.as_deref());
        self.read_field(seed, Place::In(Field::Tag), posting.tags.iter().map(String::as_str));
        self.read_field(seed, Place::In(Field::Body), [posting.body.as_str()]);
        self.read_field(seed, Place::In(Field::Board), posting.board.as_deref());
        self.read_field(seed, Place::Location, posting.location.as_deref());
        self.resolve(terms);
        self.give(features);
        self.read_rows(terms, features);
        if let Some(remote) = posting.remote {
            self.set(features.known_remote(remote));
        }
        if posting.pay.is_some() {
            self.set(features.pay_stated);
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
        self.texts.clear();
        self.words.clear();
        self.standings.clear();
        self.fields.clear();
        self.round = self.round.wrapping_add(1);
        if self.slots.is_empty() || self.round == 0 {
            self.slots = vec![Slot::default(); 1_024];
            self.round = 1;
        }
    }

    /// Pieces of one field; no row reaches from one into the next.
    fn read_field<'t>(
        &mut self,
        seed: u64,
        place: Place,
        pieces: impl IntoIterator<Item = &'t str>,
    ) {
        let mut lumps = std::mem::take(&mut self.lumps);
        let mut lower = std::mem::take(&mut self.lower);
        let mut next = 0;
        for piece in pieces {
            lower.clear();
            lower.extend_from_slice(piece.as_bytes());
            lower.make_ascii_lowercase();
            lower.extend([0; PADDING]);
            let behind = lumps.read(seed, &lower, |lump| {
                let word = self.word(lump.hash, lump.text, place);
                let (start, end) = (next + lump.start, next + lump.end);
                self.standings.push(Standing { word, start, end });
            });
            next += behind + 1;
        }
        self.fields.push((place, self.standings.len()));
        (self.lumps, self.lower) = (lumps, lower);
    }

    /// The number of a word.
    fn word(&mut self, hash: u64, text: &[u8], place: Place) -> u32 {
        let mask = self.slots.len() - 1;
        let mut at = usize::try_from(hash).unwrap_or(0) & mask;
        while let Some(slot) = self.slots.get(at).filter(|slot| slot.round == self.round) {
            if slot.hash == hash {
                let number = slot.word;
                if let Some(known) = self.words.get_mut(index(number)) {
                    known.places |= place.bit();
                }
                return number;
            }
            at = (at + 1) & mask;
        }
        let short = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let word = short(self.words.len());
        if let Some(free) = self.slots.get_mut(at) {
            *free = Slot { hash, round: self.round, word };
        }
        let start = short(self.texts.len());
        self.texts.extend_from_slice(text);
        self.words.push(Known {
            hash,
            start,
            end: short(self.texts.len()),
            places: place.bit(),
            ..Known::default()
        });
        if self.words.len() * 2 > self.slots.len() {
            self.grow();
        }
        word
    }

    fn resolve(&mut self, terms: &Terms) {
        let Self { words, texts, .. } = self;
        for known in words {
            let text = texts.get(index(known.start)..index(known.end)).unwrap_or_default();
            (known.plain, known.normal) = terms.resolve(known.hash, text);
        }
    }

    /// Sets the features of all words.
    fn give(&mut self, features: &Features) {
        for number in 0..self.words.len() {
            let Some(known) = self.words.get(number).copied() else { return };
            features.of_word(known.plain, known.normal, known.places, |feature| self.set(feature));
        }
        if features.prefixes.is_empty() {
            return;
        }
        let texts = std::mem::take(&mut self.texts);
        for number in 0..self.words.len() {
            let Some(known) = self.words.get(number).copied() else { break };
            let text = texts.get(index(known.start)..index(known.end)).unwrap_or_default();
            let mut give = |prefix: u32| {
                for at in features.prefixes.at(prefix) {
                    if at.place.covers_any(known.places) {
                        self.set(at.feature);
                    }
                }
            };
            features.prefixes.of_word(text, &mut give);
            // A singular that is not the plural's own beginning begins otherwise.
            if known.plain != known.normal || text.ends_with(b"ies") {
                let one = std::str::from_utf8(text).map(normal).unwrap_or_default();
                features.prefixes.of_word(one.as_bytes(), &mut give);
            }
        }
        self.texts = texts;
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 4 - 1;
        let mut slots = vec![Slot::default(); mask + 1];
        for slot in self.slots.iter().filter(|slot| slot.round == self.round) {
            let mut place = usize::try_from(slot.hash).unwrap_or(0) & mask;
            while slots.get(place).is_some_and(|taken| taken.round == self.round) {
                place = (place + 1) & mask;
            }
            if let Some(free) = slots.get_mut(place) {
                *free = *slot;
            }
        }
        self.slots = slots;
    }

    fn read_rows(&mut self, terms: &Terms, features: &Features) {
        let mut from = 0;
        for field in 0..self.fields.len() {
            let Some((place, to)) = self.fields.get(field).copied() else { return };
            for first in from..to {
                let Some(standing) = self.standings.get(first).copied() else { return };
                let one = self.normal(standing.word);
                if !features.begins_row(one) {
                    continue;
                }
                let span = Span { first, to, place };
                self.try_rows(terms, features.rows(one, 0), span);
                for next in first + 1..to {
                    match self.standings.get(next).copied() {
                        Some(next) if next.start == standing.end => {
                            let two = self.normal(next.word);
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
            if row.at.place.covers_any(span.place.bit())
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
                && self.fits(terms, standing.word, *step)
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

    fn fits(&self, terms: &Terms, word: u32, step: Step) -> bool {
        let Some(known) = self.words.get(index(word)) else { return false };
        match step {
            Step::Normal(term) => known.normal == term,
            Step::Plain(term) => known.plain == term,
            Step::Prefix(term) => {
                let text = self.texts.get(index(known.start)..index(known.end));
                let (text, begin) = (text.unwrap_or_default(), terms.text(term));
                text.starts_with(begin)
                    || std::str::from_utf8(text)
                        .is_ok_and(|text| normal(text).as_bytes().starts_with(begin))
            }
        }
    }

    fn normal(&self, word: u32) -> TermId {
        self.words.get(index(word)).map_or(0, |known| known.normal)
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
