//! What a person wants, as an expression over a posting.

use chrono::TimeDelta;
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::facts::{Employment, Language, Level};
use super::pay::{Currency, Period};
use super::place::{Country, Region};
use super::posting::Remote;

/// How long the removal of a filter can be undone.
pub const UNDO: TimeDelta = TimeDelta::minutes(10);

/// The expression of one filter. `filter_lang` reads and prints it; only it makes sure that a
/// filter requires something, so that none can match everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Expr {
    Clause(Clause),
    Not(Box<Expr>),
    /// Two or more, all required.
    All(Vec<Expr>),
    /// Two or more alternatives.
    Any(Vec<Expr>),
}

/// The smallest part of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Clause {
    /// Words in one field, or anywhere in title, company, tags and body.
    Text {
        field: Option<Field>,
        text: Text,
    },
    Remote(Remote),
    /// Words in the stated place.
    Location(Text),
    /// The stated place lies in it.
    Region(Region),
    Country(Country),
    /// Pay is stated at all.
    PayStated,
    /// Its board showed the same job before.
    Repost,
    /// Unknown where the posting does not say; with `strict` that is no.
    Fact {
        fact: Fact,
        strict: bool,
    },
}

/// What a posting may state or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fact {
    /// At least this much, compared with the top of the stated range.
    PayAtLeast {
        amount: Decimal,
        currency: Currency,
        period: Period,
    },
    /// One of these; in order, without repeats, never empty. So are the others.
    Employment(Vec<Employment>),
    Level(Vec<Level>),
    Language(Vec<Language>),
    Visa(bool),
    /// So many minutes of a working day (09–18) in common with that zone.
    Overlap {
        zone: Tz,
        least: u32,
    },
    /// Posted less than so many minutes before it was first seen.
    Posted {
        within: u32,
    },
}

/// A field that text can be looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Title,
    Company,
    Tag,
    Body,
    Board,
}

impl Field {
    pub const ALL: [Self; 5] = [Self::Title, Self::Company, Self::Tag, Self::Body, Self::Board];

    /// As written before the colon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Company => "company",
            Self::Tag => "tag",
            Self::Body => "body",
            Self::Board => "board",
        }
    }
}

/// Text to look for. Lower case; accents, plurals and synonyms are folded when it is compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Text {
    /// One word as a person writes it: `rust`, `c++`, `node.js`, `front-end`.
    Word(String),
    /// Words in a row, separated by one space.
    Phrase(String),
    /// The beginning of a word, three letters at least.
    Prefix(String),
    /// One word exactly as written but for case and accents: no plural, no synonym.
    Exact(String),
}

impl Text {
    /// What was written, without its signs.
    pub fn written(&self) -> &str {
        let (Self::Word(text) | Self::Phrase(text) | Self::Prefix(text) | Self::Exact(text)) = self;
        text
    }
}
