//! Whether a posting fulfils an expression: true, false or unknown.

use std::ops::Not;

use serde::Serialize;

use super::document::Document;
use super::needle::Needle;
use crate::domain::filter::{Clause, Expr, Field};
use crate::domain::place::Area;

/// What is known about a posting and a clause. AND is the least, OR the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Truth {
    No,
    Unknown,
    Yes,
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        if known { Self::Yes } else { Self::No }
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

/// An expression whose words are folded, so that a question folds nothing.
#[derive(Debug, Clone)]
pub(super) enum Plan<'e> {
    Text(Option<Field>, Needle),
    Location(Needle),
    Other(&'e Clause),
    Not(Box<Plan<'e>>),
    All(Vec<Plan<'e>>),
    Any(Vec<Plan<'e>>),
}

impl<'e> Plan<'e> {
    pub fn new(expr: &'e Expr) -> Self {
        match expr {
            Expr::Clause(Clause::Text { field, text }) => Self::Text(*field, Needle::new(text)),
            Expr::Clause(Clause::Location(text)) => Self::Location(Needle::new(text)),
            Expr::Clause(clause) => Self::Other(clause),
            Expr::Not(inner) => Self::Not(Box::new(Self::new(inner))),
            Expr::All(parts) => Self::All(parts.iter().map(Self::new).collect()),
            Expr::Any(parts) => Self::Any(parts.iter().map(Self::new).collect()),
        }
    }

    /// Whether the posting is told to who wants this.
    pub fn accepts(&self, document: &Document<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.accepts(document)),
            Self::Any(_) => self.truth(document) == Truth::Yes,
            Self::Text(..) | Self::Location(_) | Self::Other(_) | Self::Not(_) => {
                self.truth(document) != Truth::No
            }
        }
    }

    pub fn truth(&self, document: &Document<'_>) -> Truth {
        match self {
            Self::Text(field, needle) => {
                fields(*field).any(|field| document.field(field).find(needle).is_some()).into()
            }
            Self::Location(needle) => document.location.find(needle).is_some().into(),
            Self::Other(clause) => other(clause, document),
            Self::Not(inner) => !inner.truth(document),
            Self::All(parts) => {
                parts.iter().map(|part| part.truth(document)).min().unwrap_or(Truth::Yes)
            }
            Self::Any(parts) => {
                parts.iter().map(|part| part.truth(document)).max().unwrap_or(Truth::No)
            }
        }
    }
}

fn other(clause: &Clause, document: &Document<'_>) -> Truth {
    match clause {
        Clause::Text { .. } | Clause::Location(_) => Truth::No, // They are plans of their own.
        Clause::Remote(remote) => (document.posting.remote == Some(*remote)).into(),
        Clause::Region(region) => document.areas.iter().any(|area| region.contains(*area)).into(),
        Clause::Country(country) => document.areas.contains(&Area::Country(*country)).into(),
        Clause::PayStated => document.posting.pay.is_some().into(),
        Clause::Repost => (document.posting.reposts > 0).into(),
        Clause::Fact { fact, strict } => match document.known.truth(fact) {
            Some(known) => known.into(),
            None if *strict => Truth::No,
            None => Truth::Unknown,
        },
    }
}

/// Where a text is looked for: one field, or all in which words without a field count.
pub(super) fn fields(field: Option<Field>) -> impl Iterator<Item = Field> {
    let fits = move |one: &Field| field.map_or(*one != Field::Board, |field| field == *one);
    Field::ALL.into_iter().filter(fits)
}
