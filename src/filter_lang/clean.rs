//! What every text goes through before it is parsed: one kind of space, quote and dash.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text in which only spaces separate, and where each of its characters stood.
pub(super) struct Clean {
    pub text: String,
    origins: Vec<usize>,
    chars: usize,
}

impl Clean {
    pub fn new(raw: &str) -> Self {
        let (text, origins) = raw
            .chars()
            .enumerate()
            .filter(|(_, found)| !is_invisible(*found))
            .map(|(origin, found)| (plain(found), origin))
            .unzip();
        Self { text, origins, chars: raw.chars().count() }
    }

    /// The character of the raw text that stands at a byte of the clean one.
    pub fn origin(&self, byte: usize) -> usize {
        let place = self.text.char_indices().position(|(at, _)| at >= byte);
        place.and_then(|place| self.origins.get(place)).copied().unwrap_or(self.chars)
    }
}

/// Zero-width, directional and filler characters, which a person neither sees nor means.
pub fn is_invisible(found: char) -> bool {
    matches!(found, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{3164}'
        | '\u{FFA0}' | '\u{FEFF}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a word could be made of it: a letter or digit that stands alone.
pub(super) fn is_letter(found: char) -> bool {
    found.is_alphanumeric() && !is_combining_mark(found)
}

/// How words are kept: lower case, composed.
pub(super) fn canonical(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.to_lowercase().nfc().collect()
}

/// Phones and word processors write these for the ASCII ones.
fn plain(found: char) -> char {
    match found {
        _ if found.is_whitespace() || found.is_control() => ' ',
        '“' | '”' | '„' | '‟' | '＂' => '"',
        '‐' | '‑' | '‒' | '–' | '—' | '−' | '－' => '-',
        '（' => '(',
        '）' => ')',
        '｜' => '|',
        '：' => ':',
        '＊' => '*',
        '＜' => '<',
        '＞' => '>',
        '＝' => '=',
        other => other,
    }
}
