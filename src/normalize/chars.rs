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
    let odd = |byte: u8| byte >= 0xcc && byte != 0xe2;
    let any = |block: &[u8]| block.iter().fold(false, |found, byte| found | odd(*byte));
    if text.as_bytes().chunks(64).any(any) {
        return text.chars().all(is_composed);
    }
    let at = |at: usize| text.get(at..).and_then(|rest| rest.chars().next());
    memchr_iter(0xe2, text.as_bytes()).all(|found| at(found).is_some_and(is_composed))
}

/// Whether a character is what it is wherever it stands: Latin letters, and the punctuation and the
/// currencies that stand between them. Slower ways find out of others.
fn is_composed(c: char) -> bool {
    matches!(c, '\0'..'\u{300}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}'
        | '\u{20a0}'..='\u{20bf}')
}

/// The beginning of a text, at most so many bytes and never half a character.
pub fn head(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// The first characters of a text, at most so many.
pub fn first_chars(text: &str, most: usize) -> &str {
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

    use super::*;

    proptest! {
        #[test]
        fn the_first_characters_are_those_that_come_first(text in "[a-zé’🚀]{0,90}", most in 0..99_usize) {
            prop_assert_eq!(first_chars(&text, most), text.chars().take(most).collect::<String>());
        }
    }
}
