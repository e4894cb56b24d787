//! The prefixes of all filters, found on the way along a word.

use hashbrown::HashTable;

use super::features::At;
use super::terms::index;

/// Bits of the sieve for each prefix.
const BITS_EACH: usize = 16;

/// A hash that is that of every beginning on the way (FNV-1a), so that prefixes cost one walk.
#[derive(Debug, Clone, Copy)]
struct Rolling(u64);

impl Rolling {
    fn push(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
}

#[derive(Debug)]
struct Prefix {
    hash: u64,
    text: Box<[u8]>,
    at: Vec<At>,
}

/// Prefixes by the hash of their text.
#[derive(Debug)]
pub(super) struct Prefixes {
    seed: u64,
    all: Vec<Prefix>,
    by_hash: HashTable<u32>,
    /// One bit for each hash that is there: most beginnings of words fail here.
    sieve: Vec<u64>,
    shortest: usize,
    longest: usize,
}

impl Prefixes {
    pub fn new(seed: u64) -> Self {
        let (all, by_hash) = (Vec::new(), HashTable::new());
        Self { seed, all, by_hash, sieve: vec![0; 16], shortest: usize::MAX, longest: 0 }
    }

    fn start(&self) -> Rolling {
        Rolling(0xcbf2_9ce4_8422_2325 ^ self.seed)
    }

    /// Adds a prefix; without a feature of its own where it only stands in rows.
    pub fn add(&mut self, text: &[u8], at: Option<At>) {
        let mut hash = self.start();
        for byte in text {
            hash.push(*byte);
        }
        let Rolling(hash) = hash;
        if let Some(prefix) = self.find(hash, text).and_then(|id| self.all.get_mut(index(id))) {
            prefix.at.extend(at);
            return;
        }
        let id = u32::try_from(self.all.len()).unwrap_or_default();
        self.all.push(Prefix { hash, text: text.into(), at: at.into_iter().collect() });
        let all = &self.all;
        let hash_of = |id: &u32| all.get(index(*id)).map_or(0, |known| known.hash);
        self.by_hash.insert_unique(hash, id, hash_of);
        self.shortest = self.shortest.min(text.len());
        self.longest = self.longest.max(text.len());
        if self.all.len() * BITS_EACH > self.sieve.len() * 64 {
            self.sieve = vec![0; self.sieve.len() * 4];
            self.all.iter().for_each(|known| mark(&mut self.sieve, known.hash));
        }
        mark(&mut self.sieve, hash);
    }

    fn find(&self, hash: u64, text: &[u8]) -> Option<u32> {
        let same = |id: &u32| self.all.get(index(*id)).is_some_and(|known| *known.text == *text);
        self.by_hash.find(hash, same).copied()
    }

    /// Gives the features of each prefix of the word, and says whether there is any prefix.
    pub fn of_word(&self, word: &[u8], give: &mut impl FnMut(&At)) -> bool {
        if word.len() < self.shortest {
            return false;
        }
        let mut begins = false;
        let mut hash = self.start();
        let (unasked, rest) = word.split_at_checked(self.shortest - 1).unwrap_or((word, &[]));
        for byte in unasked {
            hash.push(*byte);
        }
        for (byte, length) in rest.iter().zip(self.shortest..=self.longest) {
            hash.push(*byte);
            if is_marked(&self.sieve, hash.0)
                && let Some(prefix) = word.get(..length).and_then(|text| self.find(hash.0, text))
                && let Some(prefix) = self.all.get(index(prefix))
            {
                prefix.at.iter().for_each(&mut *give);
                begins = true;
            }
        }
        begins
    }
}

fn mark(sieve: &mut [u64], hash: u64) {
    let (word, bit) = place(sieve.len(), hash);
    if let Some(word) = sieve.get_mut(word) {
        *word |= bit;
    }
}

fn is_marked(sieve: &[u64], hash: u64) -> bool {
    let (word, bit) = place(sieve.len(), hash);
    sieve.get(word).is_some_and(|word| word & bit != 0)
}

/// `words` is a power of two.
fn place(words: usize, hash: u64) -> (usize, u64) {
    let word = usize::try_from(hash >> 32).unwrap_or(0) & (words - 1);
    (word, 1 << (hash >> 26 & 63))
}
