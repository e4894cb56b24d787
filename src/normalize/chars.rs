//! Which characters a clean text may hold.

use memchr::memchr_iter;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Marks kept on one letter; more is a picture, not writing.
const MAX_MARKS: u32 = 4;

/// Characters without a shape of their own: controls, those that turn the direction of writing
/// round, and those of no width. White space is not among them.
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii_graphic() || c.is_whitespace() {
        return false;
    }
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A stranger's text on one line that any terminal and any database can take.
pub fn printable(text: &str) -> String {
    let shown = text.chars().filter(|c| !is_hidden(*c));
    shown.map(|c| if c.is_whitespace() { ' ' } else { c }).collect()
}

/// Composes letters with their marks (NFC), so that equal words are equal texts.
pub fn compose(text: impl Into<String>) -> String {
    let text = text.into();
    if text.is_ascii() || is_all_composed(&text) {
        return text;
    }
    let mut marks = 0_u32;
    let few_marks = text.chars().filter(|c| {
        marks = if is_combining_mark(*c) { marks.saturating_add(1) } else { 0 };
        marks <= MAX_MARKS
    });
    few_marks.nfc().collect()
}

/// The same as asking for each character, but by blocks of bytes where that tells it: those below U+0300
/// begin with a byte below 0xcc, and those of punctuation and currencies with 0xe2.
fn is_all_composed(text: &str) -> bool {
    if any_byte(text.as_bytes(), |byte| byte >= 0xcc && byte != 0xe2) {
        return text.chars().all(is_composed);
    }
    let at = |at: usize| text.get(at..).and_then(|rest| rest.chars().next());
    memchr_iter(0xe2, text.as_bytes()).all(|found| at(found).is_some_and(is_composed))
}

/// Whether there is such a byte. It looks at a block of them at once, of a length that the compiler
/// knows, where it can; with a branch for each it takes several times as long.
pub fn any_byte(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> bool {
    let any = |block: &[u8]| block.iter().fold(false, |found, byte| found | is_such(*byte));
    let (blocks, rest) = bytes.as_chunks::<32>();
    blocks.iter().any(|block| any(block)) || any(rest)
}

/// How much of a text's beginning is words with single blanks between them, which most of most texts
/// is: that goes at once. It never ends within a character.
pub fn plain_words(text: &str) -> usize {
    let bytes = text.as_bytes();
    // Each byte beside the next, by blocks: with a branch for each it takes five times as long.
    let (blocks, _) = bytes.as_chunks::<16>();
    let (nexts, _) = bytes.get(1..).unwrap_or_default().as_chunks::<16>();
    let is_plain = |(block, next): &(&[u8; 16], &[u8; 16])| {
        let odd = |(byte, next): (&u8, &u8)| !is_of_words(*byte) | are_blank(*byte, *next);
        !block.iter().zip(*next).fold(false, |found, pair| found | odd(pair))
    };
    let mut start = 16 * blocks.iter().zip(nexts).take_while(is_plain).count();
    // What is left of them at the end is looked at with bytes before it, as one more.
    let (last, _) = bytes.split_at(bytes.len().saturating_sub(1));
    if start + 17 >= bytes.len()
        && let Some(last) = last.last_chunk().zip(bytes.last_chunk())
        && is_plain(&last)
    {
        start = bytes.len() - 1;
    }
    let before = start.checked_sub(1).and_then(|before| bytes.get(before));
    let mut end = start - usize::from(before == Some(&b' '));
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        if is_of_word(*byte) {
            end = at + 1;
        } else if *byte != b' ' || end < at {
            break;
        }
    }
    end
}

fn is_of_words(byte: u8) -> bool {
    is_of_word(byte) | matches!(byte, b' ')
}

/// Whether both are blanks; neither is zero.
fn are_blank(byte: u8, next: u8) -> bool {
    byte | next == b' '
}

/// Whether a byte is of a character that is neither white nor hidden: visible ASCII, and the letters
/// and marks from U+00C0 to U+033F. The bytes below 0xc0 go on in a character that another begins.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_graphic() | (0x80..0xc0).contains(&byte) | (0xc3..=0xcc).contains(&byte)
}

/// Whether a character is what it is wherever it stands: Latin letters, the punctuation and the
/// currencies that stand between them, Japanese and Chinese, and pictures. Slower ways find out of
/// others.
fn is_composed(c: char) -> bool {
    matches!(c, '\0'..'\u{300}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}'
        | '\u{20a0}'..='\u{20bf}' | '\u{2190}'..='\u{21ff}' | '\u{2500}'..='\u{27bf}'
        | '\u{3000}'..='\u{3029}' | '\u{3041}'..='\u{3096}' | '\u{30a0}'..='\u{30ff}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff5e}' | '\u{1f300}'..='\u{1f6ff}')
}

/// The beginning of a text, at most so many bytes and never half a character.
pub fn head(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// The first characters of a text, at most so many.
pub fn first_chars(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let Some(last) = most.checked_sub(1) else { return "" };
    let mut chars = text.chars();
    match chars.nth(last) {
        Some(_) => text.strip_suffix(chars.as_str()).unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::{IsNormalized, is_nfc_quick};

    use super::*;

    #[test]
    fn what_goes_at_once_holds_nothing_white_or_hidden() {
        for c in '\0'..='\u{ffff}' {
            let text = format!("é{c}");
            let at_once = plain_words(&text) == text.len();
            assert!(!at_once || !(is_hidden(c) || c.is_whitespace()), "{c:?}");
        }
    }

    #[test]
    fn what_is_composed_stands_for_itself_and_joins_nothing_before_it() {
        for c in ('\0'..=char::MAX).filter(|c| is_composed(*c)) {
            let alone = is_nfc_quick(std::iter::once(c)) == IsNormalized::Yes;
            assert!(alone && !is_combining_mark(c), "{c:?}");
        }
    }

    #[test]
    fn a_byte_is_found_wherever_it_is() {
        for at in 0..99 {
            let mut bytes = [0; 99];
            assert!(!any_byte(&bytes, |byte| byte == 7));
            bytes[at] = 7;
            assert!(any_byte(&bytes, |byte| byte == 7));
        }
    }

    fn by_bytes(text: &str) -> usize {
        let mut end = 0;
        for (at, byte) in text.bytes().enumerate() {
            if is_of_word(byte) {
                end = at + 1;
            } else if byte != b' ' || end < at {
                break;
            }
        }
        end
    }

    #[test]
    fn words_end_where_they_do_wherever_a_block_does() {
        for length in 0..50 {
            for behind in [" ", "  a", " \t", " \0a", "\t", " é", " a b"] {
                let text = format!("{}{behind}", "x".repeat(length));
                assert_eq!(plain_words(&text), by_bytes(&text), "{text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn words_by_blocks_are_words_by_bytes(
            parts in prop::collection::vec(
                prop::sample::select(vec!["a", "word", "longer-words", " ", "  ", "\t", "\0", "é", "’", "🚀",
                    "\u{a0}"]), 0..16)
        ) {
            let text = parts.concat();
            prop_assert_eq!(plain_words(&text), by_bytes(&text));
        }

        #[test]
        fn the_first_characters_are_those_that_come_first(text in "[a-zé’🚀]{0,90}", most in 0..99_usize) {
            prop_assert_eq!(first_chars(&text, most), text.chars().take(most).collect::<String>());
        }
    }
}
