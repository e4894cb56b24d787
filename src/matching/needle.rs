//! A filter's text, ready to be looked for.

use super::tokens::{Word, normal, words};
use crate::domain::filter::Text;

/// Words that must follow each other. Empty when the text has none, and then found nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Needle(pub Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Piece {
    /// Plurals and synonyms folded.
    Normal(String),
    /// Nothing but case and accents folded.
    Plain(String),
    /// Only as the last one.
    Prefix(String),
}

impl Needle {
    pub fn new(text: &Text) -> Self {
        let mut whole: Vec<Word> =
            words(text.written()).into_iter().filter(|word| !word.part).collect();
        let begun = if matches!(text, Text::Prefix(_)) { whole.pop() } else { None };
        let piece = |word: &Word| match text {
            Text::Exact(_) => Piece::Plain(word.plain.clone()),
            Text::Word(_) | Text::Phrase(_) | Text::Prefix(_) => {
                Piece::Normal(normal(&word.plain).into_owned())
            }
        };
        let begun = begun.map(|word| Piece::Prefix(word.plain));
        Self(whole.iter().map(piece).chain(begun).collect())
    }
}

impl Piece {
    pub fn text(&self) -> &str {
        let (Self::Normal(text) | Self::Plain(text) | Self::Prefix(text)) = self;
        text
    }
}
