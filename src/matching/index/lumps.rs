//! The words of a text, as [`words`] gives them, but fast for what most texts are made of: ASCII
//! words between blanks and simple punctuation.

use hashbrown::HashTable;

use super::terms::{PADDING, hash, hash_at, index};
use crate::matching::tokens::words;

/// Odd chunks that are kept.
const MAX_ODD: usize = 20_000;

/// One word: the hash of its folded text, its place among the words, and where its text is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lump {
    pub hash: u64,
    pub start: u32,
    pub end: u32,
    at: u32,
    length: u32,
    is_odd: bool,
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

/// How many small letters and digits stand from a byte on: eight bytes at a time, each in its part
/// of a number, the upper bit of which says "no letter".
fn letters(padded: &[u8], at: usize) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const UPPER: u64 = EACH * 0x80;
    let mut found = 0;
    while let Some(block) = padded.get(at + found..).and_then(<[u8]>::first_chunk::<8>) {
        let block = u64::from_le_bytes(*block);
        let low = block & !UPPER;
        // The upper bit of the sum is set from a byte on.
        let from = |byte: u8| low + EACH * u64::from(0x80 - byte);
        let letter = from(b'a') & !from(b'z' + 1) | from(b'0') & !from(b'9' + 1);
        let other = (!letter | block) & UPPER;
        if other != 0 {
            return found + usize::try_from(other.trailing_zeros() / 8).unwrap_or_default();
        }
        found += 8;
    }
    found
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
    /// The odd words of one posting.
    odd_text: Vec<u8>,
}

impl Lumps {
    /// Begins a posting.
    pub fn begin(&mut self) {
        self.odd_text.clear();
        if self.odd.len() > MAX_ODD {
            self.odd.clear();
        }
    }

    /// The text of a word that was found in a text.
    pub fn text<'t>(&'t self, text: &'t [u8], lump: &Lump) -> &'t [u8] {
        let text = if lump.is_odd { &self.odd_text } else { text };
        text.get(index(lump.at)..index(lump.at) + index(lump.length)).unwrap_or_default()
    }

    /// Adds each word of a text from a byte on, in order, and returns the place behind the last.
    /// The text is in small letters as far as it is ASCII, with [`PADDING`] bytes behind its end.
    /// Some signs belong to no word, so what stands between them is read on its own.
    pub fn read(&mut self, seed: u64, padded: &[u8], from: usize, found: &mut Vec<Lump>) -> u32 {
        let bytes = padded.get(..padded.len().saturating_sub(PADDING)).unwrap_or_default();
        let mut out = Output { seed, padded, next: 0, found };
        let mut at = from;
        while at < bytes.len() {
            let end = at + letters(padded, at);
            let behind = |at: usize| bytes.get(at).map_or(Class::Blank, |byte| class(*byte));
            let ends = match behind(end) {
                Class::Blank | Class::Between => true,
                // The end of a sentence is the commonest sign, and belongs to nothing.
                Class::Sign => bytes.get(end) == Some(&b'.') && behind(end + 1) == Class::Blank,
                Class::Letter | Class::Wide => false,
            };
            if ends {
                out.plain(at, end - at);
                at = end + 1;
            } else {
                at = self.read_chunk(bytes, at, &mut out);
            }
        }
        out.next
    }

    /// The words from a byte to the next that belongs to none, and where to go on.
    fn read_chunk(&mut self, bytes: &[u8], at: usize, out: &mut Output<'_>) -> usize {
        let rest = bytes.get(at..).unwrap_or_default();
        let ends = |byte: &u8| matches!(class(*byte), Class::Blank | Class::Between);
        let end = rest.iter().position(ends).unwrap_or(rest.len());
        let chunk = rest.get(..end).unwrap_or_default();
        let length = chunk.iter().rposition(|byte| *byte != b'.').map_or(0, |last| last + 1);
        let chunk = chunk.get(..length).unwrap_or_default();
        if is_simple(chunk) {
            out.simple(at, length);
        } else {
            let of_chunk = hash_at(out.seed, out.padded.get(at..).unwrap_or_default(), length);
            self.read_odd(of_chunk, chunk, out);
        }
        at + end + 1
    }

    fn read_odd(&mut self, of_chunk: u64, chunk: &[u8], out: &mut Output<'_>) {
        let mut odd_text = std::mem::take(&mut self.odd_text);
        let odd = self.odd(out.seed, of_chunk, chunk);
        for OddWord { text, hash, start, end } in &odd.words {
            out.found.push(Lump {
                hash: *hash,
                start: out.next.saturating_add(*start),
                end: out.next.saturating_add(*end),
                at: short(odd_text.len()),
                length: short(text.len()),
                is_odd: true,
            });
            odd_text.extend_from_slice(text);
        }
        out.next = out.next.saturating_add(odd.behind);
        self.odd_text = odd_text;
    }

    fn odd(&mut self, seed: u64, of_chunk: u64, chunk: &[u8]) -> &Odd {
        let entry = self.odd.entry(of_chunk, |odd| odd.hash == of_chunk, |odd| odd.hash);
        entry
            .or_insert_with(|| {
                let words: Vec<_> = words(std::str::from_utf8(chunk).unwrap_or_default())
                    .into_iter()
                    .map(|word| OddWord {
                        hash: hash(seed, word.plain.as_bytes()),
                        text: word.plain.into_bytes().into(),
                        start: short(word.start),
                        end: short(word.end),
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

/// Where words go.
struct Output<'o> {
    seed: u64,
    padded: &'o [u8],
    /// The place of the next word.
    next: u32,
    found: &'o mut Vec<Lump>,
}

impl Output<'_> {
    /// A word of letters and digits, if there are any.
    fn plain(&mut self, at: usize, length: usize) {
        if length > 0 {
            let hash = hash_at(self.seed, self.padded.get(at..).unwrap_or_default(), length);
            let (start, end) = (self.next, self.next.saturating_add(1));
            let (at, length) = (short(at), short(length));
            self.found.push(Lump { hash, start, end, at, length, is_odd: false });
            self.next = end;
        }
    }

    /// The words of some bytes without signs.
    fn simple(&mut self, from: usize, length: usize) {
        let (mut at, end) = (from, from + length);
        while at < end {
            let letters = letters(self.padded, at).min(end - at);
            self.plain(at, letters);
            at += letters + 1;
        }
    }
}

fn short(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fast(text: &str) -> Vec<(String, u32, u32)> {
        let mut found = Vec::new();
        let mut padded = text.to_ascii_lowercase().into_bytes();
        padded.extend([0; PADDING]);
        let mut lumps = Lumps::default();
        lumps.read(1, &padded, 0, &mut found);
        let shown = found.iter().map(|lump| {
            let text = lumps.text(&padded, lump);
            assert_eq!(lump.hash, hash(1, text));
            (String::from_utf8(text.to_vec()).unwrap(), lump.start, lump.end)
        });
        shown.collect()
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
