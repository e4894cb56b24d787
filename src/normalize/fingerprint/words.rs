//! Words as names and titles are compared by: in lower case, with base letters for accented ones.

use std::borrow::Cow;

use memchr::memchr;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::normalize::one_line;

/// Without markup and entities.
pub fn clean(raw: &str) -> String {
    if raw.contains(['&', '<']) { one_line(raw).unwrap_or_default() } else { raw.to_owned() }
}

/// In lower case, composed and decomposed letters alike. An accent is dropped and its letter kept:
/// Nestlé is Nestle, and Škoda is never Koda.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    // Most of a text in a European language is ASCII, which no mark changes that is kept.
    let mut rest = text;
    while !rest.is_empty() {
        let (plain, behind) = split_where(rest, |byte| !byte.is_ascii());
        let start = folded.len();
        folded.push_str(plain);
        if let Some(plain) = folded.get_mut(start..) {
            plain.make_ascii_lowercase();
        }
        let (other, behind) = split_where(behind, |byte| byte.is_ascii());
        folded.extend(folded_letters(other).nfc());
        rest = behind;
    }
    folded
}

/// Before the first byte that is so, which begins a character.
fn split_where(text: &str, is_so: impl Fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(is_so).unwrap_or(text.len()))
}

fn folded_letters(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // Only the marks of European alphabets: those of others are letters in their own right.
    for c in text.nfkd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')) {
        match c {
            'ł' | 'Ł' => folded.push('l'),
            'ø' | 'Ø' => folded.push('o'),
            'đ' | 'Đ' | 'ð' | 'Ð' => folded.push('d'),
            'ı' => folded.push('i'),
            'ß' | 'ẞ' => folded.push_str("ss"),
            'æ' | 'Æ' => folded.push_str("ae"),
            'œ' | 'Œ' => folded.push_str("oe"),
            'þ' | 'Þ' => folded.push_str("th"),
            '’' | '‘' => folded.push('\''),
            c => folded.extend(c.to_lowercase().filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))),
        }
    }
    folded
}

/// The words of a folded text; `c++`, `c#` and `workers'` are one each.
pub fn words(folded: &str) -> impl Iterator<Item = Cow<'_, str>> {
    pieces(folded).filter_map(|word| {
        let word = word.trim_start_matches(['+', '#']);
        let word = match memchr(b'\'', word.as_bytes()) {
            Some(_) => Cow::Owned(word.replace('\'', "")),
            None => Cow::Borrowed(word),
        };
        (!word.is_empty()).then_some(word)
    })
}

/// What stands between separators, some of it empty.
fn pieces(folded: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(folded);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = piece_end(text);
        let (piece, behind) = text.split_at_checked(end)?;
        let separator = behind.chars().next().map_or(0, char::len_utf8);
        rest = behind.get(separator..).filter(|_| separator > 0);
        Some(piece)
    })
}

/// Where the first separator stands, or the end. Most letters are ASCII, which a byte tells.
fn piece_end(text: &str) -> usize {
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'#' | b'\'') {
            at += 1;
        } else if byte.is_ascii() {
            break;
        } else {
            let c = text.get(at..).and_then(|text| text.chars().next()).unwrap_or(' ');
            if !c.is_alphanumeric() && !is_combining_mark(c) {
                break;
            }
            at += c.len_utf8();
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letters_are_kept_and_accents_are_not() {
        assert_eq!(fold("Škoda"), fold("S\u{30c}KODA"));
        assert_eq!(fold("Škoda"), "skoda");
        assert_eq!(fold("Łódź Straße Œuvre İstanbul"), "lodz strasse oeuvre istanbul");
        assert_ne!(fold("ガス"), fold("カス"));
        assert_eq!(fold("서울"), "서울");
        assert_eq!(fold("Café – CAFE\u{301} № ２"), "cafe – cafe no 2");
    }

    proptest! {
        #[test]
        fn a_text_is_split_by_bytes_as_by_characters(
            parts in prop::collection::vec(
                prop::sample::select(vec!["a", "9", "+", "#", "'", " ", "-", "é", "İ", "工", "\u{301}",
                    "ि", "\u{a0}", "—", "’", "\n", "🦀", "²"]), 0..16)
        ) {
            let text = parts.concat();
            let own = |c: char| {
                c.is_alphanumeric() || matches!(c, '+' | '#' | '\'') || (!c.is_ascii() && is_combining_mark(c))
            };
            let want = text.split(|c: char| !own(c)).filter_map(|word| {
                let word: String =
                    word.trim_start_matches(['+', '#']).chars().filter(|c| *c != '\'').collect();
                (!word.is_empty()).then_some(word)
            });
            prop_assert_eq!(words(&text).collect::<Vec<_>>(), want.collect::<Vec<_>>());
        }
    }

    #[test]
    fn words_keep_the_signs_of_languages() {
        let found: Vec<_> = words("c++ / c# dev, workers' rights (o'brien) — हिन्दी").collect();
        assert_eq!(found, ["c++", "c#", "dev", "workers", "rights", "obrien", "हिन्दी"]);
    }
}
