//! The meaning of a filter, told as plainly as possible: no index, nothing prepared. Tests and
//! benchmarks hold the [`Matcher`](super::Matcher) against it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::facts::Known;
use super::tokens::{Word, normal, words};
use crate::domain::filter::{Clause, Expr, Field, Text};
use crate::domain::place::{Area, areas};
use crate::domain::posting::Posting;
use crate::domain::rates::Rates;

pub fn matches(expr: &Expr, posting: &Posting, rates: &Rates, seen: DateTime<Utc>) -> bool {
    match expr {
        Expr::All(parts) => parts.iter().all(|part| matches(part, posting, rates, seen)),
        Expr::Any(_) => truth(expr, posting, &Known::new(posting, rates, seen)) == Some(true),
        Expr::Clause(_) | Expr::Not(_) => {
            truth(expr, posting, &Known::new(posting, rates, seen)) != Some(false)
        }
    }
}

/// `None` is unknown.
fn truth(expr: &Expr, posting: &Posting, known: &Known<'_>) -> Option<bool> {
    let truths = |parts: &[Expr]| -> Vec<_> {
        parts.iter().map(|part| truth(part, posting, known)).collect()
    };
    match expr {
        Expr::Not(inner) => truth(inner, posting, known).map(|known| !known),
        Expr::All(parts) => match truths(parts) {
            truths if truths.contains(&Some(false)) => Some(false),
            truths if truths.contains(&None) => None,
            _ => Some(true),
        },
        Expr::Any(parts) => match truths(parts) {
            truths if truths.contains(&Some(true)) => Some(true),
            truths if truths.contains(&None) => None,
            _ => Some(false),
        },
        Expr::Clause(Clause::Text { field, text }) => {
            Some(texts(posting, *field).into_iter().any(|found| contains(found, text)))
        }
        Expr::Clause(Clause::Location(text)) => {
            Some(posting.location.as_ref().is_some_and(|found| contains(found, text)))
        }
        Expr::Clause(Clause::Remote(remote)) => Some(posting.remote == Some(*remote)),
        Expr::Clause(Clause::Region(region)) => {
            Some(places(posting).into_iter().any(|area| region.contains(area)))
        }
        Expr::Clause(Clause::Country(country)) => {
            Some(places(posting).contains(&Area::Country(*country)))
        }
        Expr::Clause(Clause::PayStated) => Some(posting.pay.is_some()),
        Expr::Clause(Clause::Repost) => Some(posting.reposts > 0),
        Expr::Clause(Clause::Fact { fact, strict: true }) => Some(known.truth(fact) == Some(true)),
        Expr::Clause(Clause::Fact { fact, strict: false }) => known.truth(fact),
    }
}

fn places(posting: &Posting) -> BTreeSet<Area> {
    posting.location.as_deref().map(areas).unwrap_or_default()
}

fn texts(posting: &Posting, field: Option<Field>) -> Vec<&str> {
    match field {
        Some(Field::Title) => vec![&posting.title],
        Some(Field::Company) => posting.company.as_deref().into_iter().collect(),
        Some(Field::Tag) => posting.tags.iter().map(String::as_str).collect(),
        Some(Field::Body) => vec![&posting.body],
        Some(Field::Board) => posting.board.as_deref().into_iter().collect(),
        None => [Field::Title, Field::Company, Field::Tag, Field::Body]
            .into_iter()
            .flat_map(|field| texts(posting, Some(field)))
            .collect(),
    }
}

fn contains(found: &str, text: &Text) -> bool {
    let wanted: Vec<Word> = words(text.written()).into_iter().filter(|word| !word.part).collect();
    let found = words(found);
    !wanted.is_empty() && found.iter().any(|word| row(&found, word.start, &wanted, text))
}

/// Whether the wanted words stand in a row from that place on.
fn row(found: &[Word], start: usize, wanted: &[Word], text: &Text) -> bool {
    let Some((first, rest)) = wanted.split_first() else { return true };
    found.iter().filter(|word| word.start == start).any(|word| {
        let fits = match text {
            Text::Exact(_) => word.plain == first.plain,
            Text::Prefix(_) if rest.is_empty() => {
                word.plain.starts_with(&first.plain)
                    || normal(&word.plain).starts_with(&first.plain)
            }
            Text::Word(_) | Text::Phrase(_) | Text::Prefix(_) => {
                normal(&word.plain) == normal(&first.plain)
            }
        };
        fits && row(found, word.end, rest, text)
    })
}
