//! The words that a posting must have to be accepted, for a search that knows words only: what it
//! finds is looked at again.

use hashbrown::HashSet;

use super::needle::{Needle, Piece};
use super::tokens::{normal, words};
use crate::domain::filter::{Clause, Expr};
use crate::domain::posting::Posting;

/// Longer words are the same as long as they begin alike.
const MAX_BYTES: usize = 100;

/// A condition on words that every accepted posting fulfils.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outline {
    Word(String),
    /// A word that begins so.
    Prefix(String),
    All(Vec<Outline>),
    Any(Vec<Outline>),
}

impl Outline {
    /// `None` when a posting needs no word to be accepted.
    pub fn of(expr: &Expr) -> Option<Self> {
        match expr {
            Expr::Clause(Clause::Text { text, .. } | Clause::Location(text)) => {
                let pieces = Needle::new(text).0;
                let pieces: Vec<Self> = pieces.iter().map(Self::piece).collect();
                (!pieces.is_empty()).then_some(Self::All(pieces))
            }
            Expr::Clause(_) | Expr::Not(_) => None,
            Expr::All(parts) => {
                let parts: Vec<Self> = parts.iter().filter_map(Self::of).collect();
                (!parts.is_empty()).then_some(Self::All(parts))
            }
            Expr::Any(parts) => parts.iter().map(Self::of).collect::<Option<_>>().map(Self::Any),
        }
    }

    fn piece(piece: &Piece) -> Self {
        let text = head(piece.text()).to_owned();
        match piece {
            Piece::Normal(_) | Piece::Plain(_) => Self::Word(text),
            Piece::Prefix(_) => Self::Prefix(text),
        }
    }
}

/// The words of a posting that outlines ask for: as written and normal, from every field.
pub fn words_of(posting: &Posting) -> Vec<String> {
    let stated = [&posting.company, &posting.location, &posting.board].into_iter().flatten();
    let texts = [&posting.title, &posting.body].into_iter().chain(stated).chain(&posting.tags);
    let mut found: HashSet<String> = HashSet::new();
    let mut add = |plain: &str| {
        let one = normal(plain);
        if one != plain {
            found.get_or_insert_with(head(&one), str::to_owned);
        }
        found.get_or_insert_with(head(plain), str::to_owned);
    };
    let mut seen: HashSet<&str> = HashSet::new();
    for chunk in texts.flat_map(|text| text.split_ascii_whitespace()) {
        if !seen.insert(chunk) {
            continue;
        }
        match simple(chunk) {
            Some(word) if word.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                add(&word.to_ascii_lowercase());
            }
            Some(word) => add(word),
            None => words(chunk).iter().for_each(|word| add(&word.plain)),
        }
    }
    found.into_iter().collect()
}

/// The only word of what stands between blanks, where it is made of ASCII letters and digits with
/// nothing but punctuation around it that belongs to no word.
fn simple(chunk: &str) -> Option<&str> {
    let chunk = chunk.trim_start_matches(['(', '[', '"', '\'', '-', '/']);
    let word = chunk.trim_end_matches([')', ']', '"', '\'', ',', '.', ':', ';', '!', '?']);
    let plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then_some(word)
}

fn head(word: &str) -> &str {
    word.get(..word.floor_char_boundary(MAX_BYTES)).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_words_are_those_of_the_whole_text(
            parts in prop::collection::vec(
                prop::sample::select(vec!["Rust", "c++", "C#", ".NET", "node.js", "engineers", "(", ")",
                    ".", ",", " ", "  ", "\n", "\u{a0}", "é", "\u{301}", "™", "-", "/", "+", "#", "js",
                    "工", "x2", "ASP.NET", "\u{200b}", "'", "\""]), 0..24)
        ) {
            let text = parts.concat();
            let mut want: Vec<String> = Vec::new();
            for word in words(&text) {
                want.extend([normal(&word.plain).into_owned(), word.plain]);
            }
            want.sort();
            want.dedup();
            let posting = serde_json::json!({ "title": text });
            let mut got = words_of(&serde_json::from_value(posting).expect("a posting"));
            got.sort();
            prop_assert_eq!(got, want);
        }
    }
}
