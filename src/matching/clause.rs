//! Whether a posting fulfils an expression: true, false or unknown.

use std::ops::Not;

use rust_decimal::Decimal;
use serde::Serialize;

use super::document::Document;
use super::needle::Needle;
use crate::domain::filter::{Clause, Expr, Field};
use crate::domain::pay::{Currency, Period};
use crate::domain::posting::Remote;

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

/// An expression whose words are folded, so that a match folds nothing.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    Text(Option<Field>, Needle),
    Location(Needle),
    Remote(Remote),
    Pay(Decimal, Currency, Period),
    Not(Box<Plan>),
    All(Vec<Plan>),
    Any(Vec<Plan>),
}

impl Plan {
    pub fn new(expr: &Expr) -> Self {
        match expr {
            Expr::Clause(Clause::Text { field, text }) => Self::Text(*field, Needle::new(text)),
            Expr::Clause(Clause::Location(text)) => Self::Location(Needle::new(text)),
            Expr::Clause(Clause::Remote(remote)) => Self::Remote(*remote),
            Expr::Clause(Clause::PayAtLeast { amount, currency, period }) => {
                Self::Pay(*amount, *currency, *period)
            }
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
            Self::Text(..) | Self::Location(_) | Self::Remote(_) | Self::Pay(..) | Self::Not(_) => {
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
            Self::Remote(remote) => (document.posting.remote == Some(*remote)).into(),
            Self::Pay(amount, currency, period) => {
                let least = document.rates.usd_a_year(*amount, *currency, *period);
                document.pay.zip(least).map_or(Truth::Unknown, |(pay, least)| (pay >= least).into())
            }
            Self::Not(inner) => !inner.truth(document),
            Self::All(parts) => {
                parts.iter().map(|part| part.truth(document)).min().unwrap_or(Truth::Yes)
            }
            Self::Any(parts) => {
                parts.iter().map(|part| part.truth(document)).max().unwrap_or(Truth::No)
            }
        }
    }

    /// Words of which every accepted posting has one, or `None` when there are no such words.
    pub fn keys(&self) -> Option<Vec<&str>> {
        match self {
            Self::Text(_, needle) | Self::Location(needle) => needle.literal().map(|key| vec![key]),
            Self::Remote(_) | Self::Pay(..) | Self::Not(_) => None,
            // Few and long words are rare ones.
            Self::All(parts) => parts.iter().filter_map(Self::keys).min_by_key(|keys| {
                let shortest = keys.iter().map(|key| key.len()).min();
                (keys.len(), std::cmp::Reverse(shortest))
            }),
            Self::Any(parts) => {
                let keys: Option<Vec<_>> = parts.iter().map(Self::keys).collect();
                keys.map(|keys| keys.concat())
            }
        }
    }
}

/// Where a text is looked for: one field, or all in which words without a field count.
pub(super) fn fields(field: Option<Field>) -> impl Iterator<Item = Field> {
    let fits = move |one: &Field| field.map_or(*one != Field::Board, |field| field == *one);
    Field::ALL.into_iter().filter(fits)
}
