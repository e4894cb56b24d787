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
    for word in texts.flat_map(|text| words(text)) {
        let one = normal(&word.plain);
        if one != word.plain {
            found.get_or_insert_with(head(&one), str::to_owned);
        }
        found.get_or_insert_with(head(&word.plain), str::to_owned);
    }
    found.into_iter().collect()
}

fn head(word: &str) -> &str {
    word.get(..word.floor_char_boundary(MAX_BYTES)).unwrap_or(word)
}
