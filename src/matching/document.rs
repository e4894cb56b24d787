//! A posting prepared for many filters: its words, sorted.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::facts::Known;
use super::needle::{Needle, Piece};
use super::tokens::{normal, words};
use crate::domain::filter::Field;
use crate::domain::place::{Area, areas};
use crate::domain::posting::Posting;
use crate::domain::rates::Rates;

/// One posting as filters see it.
#[derive(Debug)]
pub struct Document<'p> {
    pub(super) posting: &'p Posting,
    pub(super) known: Known<'p>,
    pub(super) areas: BTreeSet<Area>,
    title: Indexed<'p>,
    company: Indexed<'p>,
    tags: Indexed<'p>,
    body: Indexed<'p>,
    board: Indexed<'p>,
    pub(super) location: Indexed<'p>,
}

impl<'p> Document<'p> {
    /// `seen` is when it was first seen.
    pub fn new(posting: &'p Posting, rates: &'p Rates, seen: DateTime<Utc>) -> Self {
        let stated = |text: &'p Option<String>| Indexed::new(text.as_deref());
        Self {
            posting,
            known: Known::new(posting, rates, seen),
            areas: posting.location.as_deref().map(areas).unwrap_or_default(),
            title: Indexed::new([posting.title.as_str()]),
            company: stated(&posting.company),
            tags: Indexed::new(posting.tags.iter().map(String::as_str)),
            body: Indexed::new([posting.body.as_str()]),
            board: stated(&posting.board),
            location: stated(&posting.location),
        }
    }

    pub(super) fn field(&self, field: Field) -> &Indexed<'p> {
        match field {
            Field::Title => &self.title,
            Field::Company => &self.company,
            Field::Tag => &self.tags,
            Field::Body => &self.body,
            Field::Board => &self.board,
        }
    }
}

impl Token {
    fn fits(&self, piece: &Piece) -> bool {
        match piece {
            Piece::Normal(wanted) => self.normal && self.term == *wanted,
            Piece::Plain(wanted) => self.plain && self.term == *wanted,
            Piece::Prefix(wanted) => self.term.starts_with(wanted),
        }
    }
}

/// A field's text and its words.
#[derive(Debug)]
pub(super) struct Indexed<'p> {
    /// All pieces of it, separated by commas.
    pub text: Cow<'p, str>,
    /// In the order of the text.
    tokens: Vec<Token>,
    /// Places in `tokens`, in the order of their terms.
    sorted: Vec<usize>,
}

#[derive(Debug)]
struct Token {
    term: String,
    /// Whether it is the word as written, and whether it is its normal form.
    plain: bool,
    normal: bool,
    start: usize,
    end: usize,
    at: usize,
}

impl<'p> Indexed<'p> {
    /// No phrase reaches from one piece into the next.
    fn new(pieces: impl IntoIterator<Item = &'p str>) -> Self {
        let mut text = Cow::Borrowed("");
        let mut tokens = Vec::new();
        let mut next = 0;
        for piece in pieces {
            if text.is_empty() {
                text = Cow::Borrowed(piece);
            } else {
                text.to_mut().push_str(", ");
                text.to_mut().push_str(piece);
            }
            let (first, offset) = (next, text.len() - piece.len());
            for word in words(piece) {
                let (start, end, at) = (word.start + first, word.end + first, word.at + offset);
                next = end + 1;
                let term = normal(&word.plain).into_owned();
                let plain = term == word.plain;
                if !plain {
                    let term = word.plain;
                    tokens.push(Token { term, plain: true, normal: false, start, end, at });
                }
                tokens.push(Token { term, plain, normal: true, start, end, at });
            }
        }
        let mut sorted: Vec<usize> = (0..tokens.len()).collect();
        sorted.sort_by_key(|place| tokens.get(*place).map(|token: &Token| token.term.as_str()));
        Self { text, tokens, sorted }
    }

    /// The byte of the text where the needle is found.
    pub fn find(&self, needle: &Needle) -> Option<usize> {
        let (first, rest) = needle.0.split_first()?;
        // Spares the walk below when a word of a long phrase is nowhere.
        if !rest.iter().all(|piece| self.places(piece).next().is_some()) {
            return None;
        }
        self.places(first)
            .find(|place| self.continues(*place, rest))
            .and_then(|place| self.tokens.get(place).map(|token| token.at))
    }

    fn places(&self, piece: &Piece) -> impl Iterator<Item = usize> {
        let wanted = piece.text();
        let token = |place: &usize| self.tokens.get(*place);
        let term = move |place: &usize| token(place).map_or("", |token| token.term.as_str());
        let from = self.sorted.partition_point(|place| term(place) < wanted);
        let places = self.sorted.iter().skip(from).copied();
        places
            .take_while(move |place| term(place).starts_with(wanted))
            .take_while(move |place| matches!(piece, Piece::Prefix(_)) || term(place) == wanted)
            .filter(move |place| token(place).is_some_and(|token| token.fits(piece)))
    }

    /// Whether the pieces follow the token there. Few tokens share a start, so this is one walk.
    fn continues(&self, place: usize, pieces: &[Piece]) -> bool {
        let mut tokens = self.tokens.iter().skip(place);
        let mut end = tokens.next().map_or(0, |token| token.end);
        pieces.iter().all(|piece| {
            let mut here = tokens.by_ref().skip_while(|token| token.start < end);
            match here.find(|token| token.start > end || token.fits(piece)) {
                Some(token) if token.start == end => {
                    end = token.end;
                    true
                }
                _ => false,
            }
        })
    }
}
