//! A filter's text, ready to be looked for.

use super::tokens::{Word, singular, words};
use crate::domain::filter::Text;

/// Words that must follow each other. Empty when the text has none, and then found nowhere.
#[derive(Debug, Clone)]
pub(super) struct Needle(pub Vec<Piece>);

#[derive(Debug, Clone)]
pub(super) enum Piece {
    Exact(String),
    /// Only as the last one.
    Prefix(String),
}

impl Needle {
    pub fn new(text: &Text) -> Self {
        let (Text::Word(written) | Text::Phrase(written) | Text::Prefix(written)) = text;
        let mut whole: Vec<Word> = words(written).into_iter().filter(|word| !word.part).collect();
        let begun = if matches!(text, Text::Prefix(_)) { whole.pop() } else { None };
        let exact = whole.iter().map(|word| Piece::Exact(singular(&word.plain).into_owned()));
        Self(exact.chain(begun.map(|word| Piece::Prefix(word.plain))).collect())
    }

    /// The longest word that whatever contains the needle contains.
    pub fn literal(&self) -> Option<&str> {
        let exact = self.0.iter().filter_map(|piece| match piece {
            Piece::Exact(term) => Some(term.as_str()),
            Piece::Prefix(_) => None,
        });
        exact.max_by_key(|term| term.len())
    }
}

impl Piece {
    pub fn fits(&self, term: &str) -> bool {
        match self {
            Self::Exact(exact) => term == exact,
            Self::Prefix(prefix) => term.starts_with(prefix),
        }
    }
}
