//! Words as names and titles are compared by: in lower case, with base letters for accented ones.

use unicode_normalization::UnicodeNormalization;

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
    for run in text.as_bytes().chunk_by(|one, next| one.is_ascii() == next.is_ascii()) {
        let run = str::from_utf8(run).unwrap_or_default();
        if run.is_ascii() {
            folded.extend(run.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            folded.extend(folded_letters(run).nfc());
        }
    }
    folded
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
pub fn words(folded: &str) -> impl Iterator<Item = String> {
    let own = |c: char| c.is_alphanumeric() || matches!(c, '+' | '#' | '\'') || is_mark(c);
    folded.split(move |c: char| !own(c)).filter_map(|word| {
        let word = word.trim_start_matches(['+', '#']);
        let word: String = word.chars().filter(|c| *c != '\'').collect();
        (!word.is_empty()).then_some(word)
    })
}

/// Vowel signs of Indian and other scripts: neither letters nor separators.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn words_keep_the_signs_of_languages() {
        let found: Vec<String> = words("c++ / c# dev, workers' rights (o'brien) — हिन्दी").collect();
        assert_eq!(found, ["c++", "c#", "dev", "workers", "rights", "obrien", "हिन्दी"]);
    }
}
