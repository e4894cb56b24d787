//! Words as numbers, so that matching compares no text.

use hashbrown::HashTable;

use crate::matching::tokens::{by_rule, irregular, normal};

/// Number of a word that some filter has; 0 is none of them.
pub(super) type TermId = u32;

/// The hash of a word, 64 bits of it. Equal hashes are equal words: the seed is secret and differs
/// in each process, so nobody can prepare two words with one hash, and by chance it takes longer
/// than the machine lasts.
pub(super) fn hash(seed: u64, word: &[u8]) -> u64 {
    let mut padded = word.to_vec();
    padded.extend([0; PADDING]);
    hash_at(seed, &padded, word.len())
}

/// Bytes behind a word that [`hash_at`] may look at.
pub(super) const PADDING: usize = 8;

/// As [`hash`], of the first `length` bytes of a text.
pub(super) fn hash_at(seed: u64, text: &[u8], length: usize) -> u64 {
    let block = |at: usize| {
        let block = text.get(at..).and_then(<[u8]>::first_chunk::<8>);
        block.map_or(0, |block| u64::from_le_bytes(*block))
    };
    let (mut state, mut at) = (seed, 0);
    while length - at > 8 {
        state = fold(state ^ block(at), 0x9e37_79b9_7f4a_7c15);
        at += 8;
    }
    let last = match length - at {
        0 => 0,
        rest => block(at) & u64::MAX >> (64 - 8 * rest),
    };
    let length = u64::try_from(length).unwrap_or_default();
    fold(state ^ last, 0xd6e8_feb8_6659_fd93 ^ length << 32)
}

/// A number as a place in a list.
pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Both halves of a product.
fn fold(one: u64, two: u64) -> u64 {
    let product = u128::from(one) * u128::from(two);
    let [low, high] = [product, product >> 64].map(|half| half & u128::from(u64::MAX));
    u64::try_from(low ^ high).unwrap_or_default()
}

/// The words of all filters, and those whose normal form no rule gives.
#[derive(Debug)]
pub(super) struct Terms {
    pub seed: u64,
    table: HashTable<(u64, TermId)>,
    bytes: Vec<u8>,
    /// By number: where its text ends in `bytes`, and the number of its normal form.
    ends: Vec<u32>,
    normals: Vec<TermId>,
}

impl Terms {
    pub fn new(seed: u64) -> Self {
        let (ends, normals) = (vec![0], vec![0]);
        let mut terms = Self { seed, table: HashTable::new(), bytes: Vec::new(), ends, normals };
        for word in irregular() {
            terms.intern(word);
        }
        terms
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn text(&self, term: TermId) -> &[u8] {
        let at = |term: usize| self.ends.get(term).map_or(0, |end| index(*end));
        let place = index(term);
        self.bytes.get(place.checked_sub(1).map_or(0, at)..at(place)).unwrap_or_default()
    }

    fn find(&self, hash: u64) -> TermId {
        self.table.find(hash, |(known, _)| *known == hash).map_or(0, |(_, term)| *term)
    }

    pub fn normal(&self, term: TermId) -> TermId {
        self.normals.get(index(term)).copied().unwrap_or_default()
    }

    /// The number of a word; its normal form gets one as well.
    pub fn intern(&mut self, word: &str) -> TermId {
        let hash = hash(self.seed, word.as_bytes());
        let known = self.find(hash);
        if known != 0 {
            return known;
        }
        let term = TermId::try_from(self.ends.len()).unwrap_or_default();
        self.bytes.extend_from_slice(word.as_bytes());
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        self.normals.push(term);
        self.table.insert_unique(hash, (hash, term), |(hash, _)| *hash);
        let one = normal(word);
        if one != word {
            let one = self.intern(&one);
            if let Some(normal) = self.normals.get_mut(index(term)) {
                *normal = one;
            }
        }
        term
    }

    /// The numbers of a posting's word as written and of its normal form.
    pub fn resolve(&self, hash: u64, word: &[u8]) -> (TermId, TermId) {
        let plain = self.find(hash);
        if plain != 0 {
            return (plain, self.normal(plain));
        }
        // What is irregular is known, so only a plural can have another normal form.
        if word.last() != Some(&b's') {
            return (0, 0);
        }
        let Ok(word) = std::str::from_utf8(word) else { return (0, 0) };
        let one = by_rule(word);
        (0, self.normal(self.find(self::hash(self.seed, one.as_bytes()))))
    }
}
