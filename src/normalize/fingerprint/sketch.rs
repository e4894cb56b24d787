//! A body in 64 bytes, so that near copies are found without keeping the text: `MinHash` of one
//! permutation with 64 bins, eight bits of each.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::words::{fold, words};

/// Words that are hashed together: longer rows break at every edit, shorter ones are in every body.
const ROW: usize = 3;
/// A shorter body says too little to be compared by.
const FEWEST_ROWS: usize = 24;
const BINS: usize = 64;

/// What is stored of a body. Its numbers are the same on every machine and in every version: they lie
/// in databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sketch([u64; 8]);

impl Sketch {
    /// Of a plain text; `None` if it is too short.
    pub fn of(body: &str) -> Option<Self> {
        let (text, ends) = spaced(&fold(body));
        if ends.len() < FEWEST_ROWS + ROW - 1 {
            return None;
        }
        let mut least = [u64::MAX; BINS];
        let starts = std::iter::once(&0).chain(&ends);
        for (start, end) in starts.zip(ends.iter().skip(ROW - 1)) {
            let hash = hash(text.get(*start..*end).unwrap_or_default());
            // The upper six bits choose the bin.
            let bin = usize::try_from(hash >> 58).unwrap_or_default();
            if let Some(least) = least.get_mut(bin) {
                *least = (*least).min(hash & (u64::MAX >> 6));
            }
        }
        fill(&mut least);
        let mut packed = [0_u64; 8];
        for (place, bins) in packed.iter_mut().zip(least.chunks(8)) {
            *place = bins.iter().fold(0, |bits, least| bits << 8 | (least & 0xff));
        }
        Some(Self(packed))
    }

    /// As it is stored.
    pub fn to_numbers(self) -> [i64; 8] {
        self.0.map(u64::cast_signed)
    }

    /// As it was stored.
    pub fn from_numbers(numbers: [i64; 8]) -> Self {
        Self(numbers.map(i64::cast_unsigned))
    }

    /// Keys of which near copies share one, nearly always.
    pub(super) fn bands(self) -> impl Iterator<Item = u64> {
        (0_u64..).zip(self.0).map(|(band, bits)| {
            let mut hasher = SipHasher13::new_with_keys(0xb0d7, band);
            hasher.write_u64(bits);
            hasher.finish()
        })
    }

    /// Whether two sketches share a band.
    pub(super) fn meets(self, other: Self) -> bool {
        self.0.iter().zip(other.0).any(|(one, other)| *one == other)
    }

    /// What part of their rows of words two bodies have in common, about: 0 to 1, ± 0.06.
    pub fn similarity(self, other: Self) -> f64 {
        let equal = self.0.iter().zip(other.0).map(|(one, other)| {
            let pairs = one.to_be_bytes().into_iter().zip(other.to_be_bytes());
            pairs.filter(|(one, other)| one == other).count()
        });
        let equal = f64::from(u32::try_from(equal.sum::<usize>()).unwrap_or_default());
        let share = equal / 64.0;
        // Of 256 values two are equal by chance once.
        ((share - 1.0 / 256.0) / (1.0 - 1.0 / 256.0)).max(0.0)
    }
}

/// The words of a folded text, each with a blank behind it, and where each ends: a row of words is one piece.
fn spaced(folded: &str) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(folded.len() + 1);
    let mut ends = Vec::with_capacity(folded.len() / 5);
    for word in words(folded) {
        text.push_str(&word);
        text.push(' ');
        ends.push(text.len());
    }
    (text, ends)
}

fn hash(row: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0x6561_726c, 0x7962_7264);
    hasher.write(row.as_bytes());
    hasher.finish()
}

/// An empty bin takes its value from the next full one, rotated by the way.
fn fill(least: &mut [u64; BINS]) {
    let full = *least;
    for (at, place) in least.iter_mut().enumerate() {
        let next = full.iter().cycle().skip(at).take(BINS).enumerate();
        let found = next.map(|(far, value)| (far, *value)).find(|(_, value)| *value != u64::MAX);
        if let Some((far, value)) = found {
            let turn = u32::try_from(far).unwrap_or_default();
            *place = value.wrapping_add(u64::from(turn)).rotate_left(turn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(range: std::ops::Range<u32>) -> String {
        range.map(|n| format!("word{}", n * 7919 % 1009)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn near_copies_are_near_and_others_far() {
        let of = |range| Sketch::of(&text(range)).unwrap();
        assert!((of(0..400).similarity(of(0..400)) - 1.0).abs() < 1e-9);
        assert!(of(0..400).similarity(of(10..400)) > 0.85);
        let half = of(0..400).similarity(of(200..600));
        assert!((0.2..0.5).contains(&half), "{half}");
        assert!(of(0..400).similarity(of(500..900)) < 0.1);
        assert_eq!(Sketch::of("too short to tell"), None);
    }

    #[test]
    fn its_numbers_never_change() {
        let sketch = Sketch::of(&text(0..100)).unwrap();
        assert_eq!(Sketch::from_numbers(sketch.to_numbers()), sketch);
        assert_eq!(sketch.to_numbers()[0], 4_909_346_630_919_333_907);
    }
}
