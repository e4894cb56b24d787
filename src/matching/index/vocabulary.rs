//! The words that one thread has read, and what each leads to. The same few thousand make up most
//! postings, so each is looked up among the terms, prefixes and features once and not per posting.

use super::features::{At, Feature, Features, Step};
use super::terms::{TermId, Terms, index};
use crate::matching::tokens::normal;

/// Words that are kept before all are forgotten; one posting may go beyond.
const MAX_WORDS: usize = 100_000;

/// Places for words at first.
const FEW: usize = 1_024;

/// The number of all words that lead nowhere.
pub(super) const DULL: u32 = u32::MAX;

/// What a word is, and where it stands in the posting that is being read.
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    /// The posting in which it was read last, and the bits of the places where it stood there.
    round: u32,
    places: u8,
    /// Whether a row begins with it.
    begins: bool,
    /// Its features in `gives`.
    given: u16,
    gives: u32,
    plain: TermId,
    normal: TermId,
    /// Its text in `texts`.
    start: u32,
    end: u32,
}

/// A feature of a word that stands at one of some places.
#[derive(Debug, Clone, Copy)]
struct Give {
    feature: Feature,
    places: u8,
}

/// Where a word may be found: its hash and its number; 0 is free.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    hash: u64,
    word: u32,
}

/// Words by number, and the posting that is being read as a set of them.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    words: Vec<Word>,
    texts: Vec<u8>,
    gives: Vec<Give>,
    /// By hash, with open addressing.
    slots: Vec<Slot>,
    taken: usize,
    round: u32,
    /// The words of this posting.
    heard: Vec<u32>,
    /// Of the terms and features that the words were looked up in.
    version: (u64, usize, usize),
}

impl Vocabulary {
    /// Begins a posting.
    pub fn begin(&mut self, terms: &Terms, features: &Features) {
        self.heard.clear();
        self.round = self.round.wrapping_add(1);
        let version = (terms.seed, terms.len(), features.len());
        if self.version != version || self.taken > MAX_WORDS || self.round == 0 {
            self.version = version;
            self.round = 1;
            self.words.clear();
            self.words.push(Word::default()); // Number 0 is no word.
            self.texts.clear();
            self.gives.clear();
            self.slots.clear();
            self.slots.resize(FEW, Slot::default());
            self.taken = 0;
        }
    }

    /// Looks at where a word would be found, without a decision that could hold up the next look:
    /// so the memory of many words is asked for at a time.
    pub fn glance(&self, hash: u64) -> u32 {
        self.slots.get(self.place(hash)).map_or(0, |slot| slot.word)
    }

    /// The number of a word that was read before.
    pub fn number(&self, hash: u64) -> Option<u32> {
        let mut at = self.place(hash);
        while let Some(slot) = self.slots.get(at).filter(|slot| slot.word != 0) {
            if slot.hash == hash {
                return Some(slot.word);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }

    /// Keeps a word that was not read before, and gives its number.
    pub fn learn(&mut self, terms: &Terms, features: &Features, hash: u64, text: &[u8]) -> u32 {
        let number = match self.look_up(terms, features, hash, text) {
            Some(word) => {
                self.words.push(word);
                short(self.words.len() - 1)
            }
            None => DULL,
        };
        if (self.taken + 1) * 2 > self.slots.len() {
            self.grow();
        }
        self.put(Slot { hash, word: number });
        self.taken += 1;
        number
    }

    /// What a word leads to; `None` when nothing.
    fn look_up(
        &mut self,
        terms: &Terms,
        features: &Features,
        hash: u64,
        text: &[u8],
    ) -> Option<Word> {
        let (plain, one) = terms.resolve(hash, text);
        let first = self.gives.len();
        let mut give = |at: &At| {
            self.gives.push(Give { feature: at.feature, places: at.place.covers() });
        };
        features.of_word(plain, one, &mut give);
        let mut continues = features.prefixes.of_word(text, &mut give);
        // A singular that is not the plural's own beginning begins otherwise.
        if plain != one || text.ends_with(b"ies") {
            let one = std::str::from_utf8(text).map(normal).unwrap_or_default();
            continues |= features.prefixes.of_word(one.as_bytes(), &mut give);
        }
        if plain == 0 && one == 0 && !continues {
            return None;
        }
        let start = short(self.texts.len());
        self.texts.extend_from_slice(text);
        Some(Word {
            given: u16::try_from(self.gives.len() - first).unwrap_or(u16::MAX),
            gives: short(first),
            begins: features.begins_row(one),
            plain,
            normal: one,
            start,
            end: short(self.texts.len()),
            ..Word::default()
        })
    }

    /// Notes that a word stands at a place of this posting.
    pub fn hear(&mut self, number: u32, place: u8) {
        if let Some(word) = self.words.get_mut(index(number)) {
            if word.round == self.round {
                word.places |= place;
            } else {
                (word.round, word.places) = (self.round, place);
                self.heard.push(number);
            }
        }
    }

    /// Where the search for a hash begins.
    fn place(&self, hash: u64) -> usize {
        usize::try_from(hash).unwrap_or(0) & (self.slots.len() - 1)
    }

    fn put(&mut self, slot: Slot) {
        let mut at = self.place(slot.hash);
        while self.slots.get(at).is_some_and(|taken| taken.word != 0) {
            at = (at + 1) & (self.slots.len() - 1);
        }
        if let Some(free) = self.slots.get_mut(at) {
            *free = slot;
        }
    }

    fn grow(&mut self) {
        let larger = vec![Slot::default(); self.slots.len() * 4];
        let slots = std::mem::replace(&mut self.slots, larger);
        slots.into_iter().filter(|slot| slot.word != 0).for_each(|slot| self.put(slot));
    }

    /// Gives the features of the posting's words; some more than once.
    pub fn features(&self, mut set: impl FnMut(Feature)) {
        for word in self.heard.iter().filter_map(|number| self.words.get(index(*number))) {
            let first = index(word.gives);
            let gives = self.gives.get(first..first + usize::from(word.given));
            for give in gives.unwrap_or_default() {
                if give.places & word.places != 0 {
                    set(give.feature);
                }
            }
        }
    }

    pub fn normal(&self, word: u32) -> TermId {
        self.words.get(index(word)).map_or(0, |word| word.normal)
    }

    pub fn begins_row(&self, word: u32) -> bool {
        self.words.get(index(word)).is_some_and(|word| word.begins)
    }

    /// Whether a word is what a row has at one step.
    pub fn fits(&self, terms: &Terms, word: u32, step: Step) -> bool {
        let Some(word) = self.words.get(index(word)) else { return false };
        match step {
            Step::Normal(term) => word.normal == term,
            Step::Plain(term) => word.plain == term,
            Step::Prefix(term) => {
                let text = self.texts.get(index(word.start)..index(word.end));
                let (text, begin) = (text.unwrap_or_default(), terms.text(term));
                text.starts_with(begin)
                    || std::str::from_utf8(text)
                        .is_ok_and(|text| normal(text).as_bytes().starts_with(begin))
            }
        }
    }
}

fn short(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
