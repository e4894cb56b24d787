//! The words of a text, as [`words`] gives them, but fast for what most texts are made of: ASCII
//! words between blanks and simple punctuation.

use hashbrown::HashTable;

use super::terms::{PADDING, hash, hash_at};
use crate::matching::tokens::words;

/// Odd chunks that are kept.
const MAX_ODD: usize = 20_000;

/// One word: its folded text with its hash, and its place among the words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lump<'t> {
    pub text: &'t [u8],
    pub hash: u64,
    pub start: u32,
    pub end: u32,
}

/// What a byte is to a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// White space: ends whatever was begun.
    Blank,
    /// Ends a word and is nothing else.
    Between,
    Letter,
    /// May belong to a word: `.`, `+`, `#`.
    Sign,
    /// Not ASCII.
    Wide,
}

#[expect(clippy::indexing_slicing, clippy::as_conversions, reason = "a loop over all bytes")]
const CLASSES: [Class; 256] = {
    let mut classes = [Class::Between; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let one = byte as u8;
        classes[byte] = if one.is_ascii_alphanumeric() {
            Class::Letter
        } else if matches!(one, b'.' | b'+' | b'#') {
            Class::Sign
        } else if one.is_ascii_whitespace() {
            Class::Blank
        } else if one.is_ascii() {
            Class::Between
        } else {
            Class::Wide
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> Class {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Wide)
}

/// What is not simple, and which words it is.
#[derive(Debug)]
struct Odd {
    hash: u64,
    words: Vec<OddWord>,
    behind: u32,
}

#[derive(Debug)]
struct OddWord {
    text: Box<[u8]>,
    hash: u64,
    start: u32,
    end: u32,
}

/// Reads texts, and keeps what it found out about what is not simple: the same few words come
/// again and again.
#[derive(Debug, Default)]
pub(super) struct Lumps {
    odd: HashTable<Odd>,
}

impl Lumps {
    /// Gives each word of a text in order, and returns the place behind the last. The text is in
    /// small letters as far as it is ASCII, with [`PADDING`] bytes behind its end. Blanks belong to
    /// no word, so what stands between them is read on its own.
    pub fn read(&mut self, seed: u64, padded: &[u8], mut give: impl FnMut(Lump<'_>)) -> u32 {
        let bytes = padded.get(..padded.len().saturating_sub(PADDING)).unwrap_or_default();
        let mut next = 0;
        let mut at = 0;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let letters = rest.iter().position(|byte| class(*byte) != Class::Letter);
            let letters = letters.unwrap_or(rest.len());
            if rest.get(letters).is_none_or(|byte| class(*byte) == Class::Blank) {
                if letters > 0 {
                    give(plain(seed, padded.get(at..).unwrap_or_default(), letters, next));
                    next = next.saturating_add(1);
                }
                at += letters + 1;
                continue;
            }
            let end = rest.iter().position(|byte| class(*byte) == Class::Blank);
            let end = end.unwrap_or(rest.len());
            // The end of a sentence is the commonest sign, and belongs to nothing.
            let chunk = rest.get(..end).unwrap_or_default();
            let length = chunk.iter().rposition(|byte| *byte != b'.').map_or(0, |last| last + 1);
            let chunk = chunk.get(..length).unwrap_or_default();
            if is_simple(chunk) {
                let padded = padded.get(at..).unwrap_or_default();
                next = simple(seed, padded, length, next, &mut give);
            } else {
                let of_chunk = hash_at(seed, padded.get(at..).unwrap_or_default(), length);
                let odd = self.odd(seed, of_chunk, chunk);
                for OddWord { text, hash, start, end } in &odd.words {
                    let place = |at: &u32| next.saturating_add(*at);
                    give(Lump { text, hash: *hash, start: place(start), end: place(end) });
                }
                next = next.saturating_add(odd.behind);
            }
            at += end + 1;
        }
        next
    }

    fn odd(&mut self, seed: u64, of_chunk: u64, chunk: &[u8]) -> &Odd {
        if self.odd.len() > MAX_ODD {
            self.odd.clear();
        }
        let entry = self.odd.entry(of_chunk, |odd| odd.hash == of_chunk, |odd| odd.hash);
        entry
            .or_insert_with(|| {
                let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
                let words: Vec<_> = words(std::str::from_utf8(chunk).unwrap_or_default())
                    .into_iter()
                    .map(|word| OddWord {
                        hash: hash(seed, word.plain.as_bytes()),
                        text: word.plain.into_bytes().into(),
                        start: place(word.start),
                        end: place(word.end),
                    })
                    .collect();
                let behind = words.iter().map(|word| word.end).max().unwrap_or_default();
                Odd { hash: of_chunk, words, behind }
            })
            .into_mut()
    }
}

/// Whether nothing but ASCII letters and digits make words: dashes and quotes of print may stand
/// between them.
fn is_simple(chunk: &[u8]) -> bool {
    let mut rest = chunk;
    while let Some((byte, behind)) = rest.split_first() {
        rest = match class(*byte) {
            Class::Letter | Class::Between | Class::Blank => behind,
            Class::Sign => return false,
            Class::Wide => match behind {
                // U+2010…2016 and U+2018…2023: – — ‘ ’ “ ” •
                [0x80, 0x90..=0x96 | 0x98..=0xa3, rest @ ..] if *byte == 0xe2 => rest,
                _ => return false,
            },
        };
    }
    true
}

fn plain(seed: u64, padded: &[u8], length: usize, start: u32) -> Lump<'_> {
    let text = padded.get(..length).unwrap_or_default();
    Lump { text, hash: hash_at(seed, padded, length), start, end: start.saturating_add(1) }
}

/// The words of the first `length` bytes.
fn simple(
    seed: u64,
    padded: &[u8],
    length: usize,
    mut next: u32,
    give: &mut impl FnMut(Lump<'_>),
) -> u32 {
    let mut at = 0;
    while at < length {
        let rest = padded.get(at..length).unwrap_or_default();
        let letters = rest.iter().position(|byte| class(*byte) != Class::Letter);
        let letters = letters.unwrap_or(rest.len());
        if letters > 0 {
            give(plain(seed, padded.get(at..).unwrap_or_default(), letters, next));
            next = next.saturating_add(1);
        }
        at += letters + 1;
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fast(text: &str) -> Vec<(String, u32, u32)> {
        let mut found = Vec::new();
        let mut padded = text.to_ascii_lowercase().into_bytes();
        padded.extend([0; PADDING]);
        Lumps::default().read(1, &padded, |lump| {
            assert_eq!(lump.hash, hash(1, lump.text));
            let text = String::from_utf8(lump.text.to_vec()).unwrap();
            found.push((text, lump.start, lump.end));
        });
        found
    }

    fn slow(text: &str) -> Vec<(String, u32, u32)> {
        let place = |at: usize| u32::try_from(at).unwrap();
        words(text)
            .into_iter()
            .map(|word| (word.plain, place(word.start), place(word.end)))
            .collect()
    }

    #[test]
    fn both_ways_agree_where_signs_and_letters_meet() {
        for text in [
            "C++, C# and .NET at a company.net... Node.js! R&D – “Rust” • it’s café\u{301}s\u{a0}x",
            "a.b .net. x.net .net8 etc.. ..net #rust c++17 İx ﬁn™ 日本 ru\u{200b}st",
        ] {
            assert_eq!(fast(text), slow(text), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn both_ways_agree(text in "(\\PC|[a-zA-Z0-9.+# \n–’•é]|node\\.js|\\.net|s ){0,24}") {
            prop_assert_eq!(fast(&text), slow(&text));
        }
    }
}
