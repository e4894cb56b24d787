//! The meaning of a filter, told as plainly as possible: no index, nothing prepared. Tests and
//! benchmarks hold the [`Matcher`](super::Matcher) against it.

use super::tokens::{Word, singular, words};
use crate::domain::filter::{Clause, Expr, Field, Text};
use crate::domain::posting::Posting;
use crate::domain::rates::Rates;

pub fn matches(expr: &Expr, posting: &Posting, rates: &Rates) -> bool {
    match expr {
        Expr::All(parts) => parts.iter().all(|part| matches(part, posting, rates)),
        Expr::Any(_) => truth(expr, posting, rates) == Some(true),
        Expr::Clause(_) | Expr::Not(_) => truth(expr, posting, rates) != Some(false),
    }
}

/// `None` is unknown.
fn truth(expr: &Expr, posting: &Posting, rates: &Rates) -> Option<bool> {
    let truths = |parts: &[Expr]| -> Vec<_> {
        parts.iter().map(|part| truth(part, posting, rates)).collect()
    };
    match expr {
        Expr::Not(inner) => truth(inner, posting, rates).map(|known| !known),
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
        Expr::Clause(Clause::PayAtLeast { amount, currency, period }) => {
            let stated = rates.top_usd_a_year(&posting.pay?)?;
            Some(stated >= rates.usd_a_year(*amount, *currency, *period)?)
        }
    }
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
    let (Text::Word(written) | Text::Phrase(written) | Text::Prefix(written)) = text;
    let wanted: Vec<Word> = words(written).into_iter().filter(|word| !word.part).collect();
    let prefix = matches!(text, Text::Prefix(_));
    let found = words(found);
    !wanted.is_empty() && found.iter().any(|word| row(&found, word.start, &wanted, prefix))
}

/// Whether the wanted words stand in a row from that place on.
fn row(found: &[Word], start: usize, wanted: &[Word], prefix: bool) -> bool {
    let Some((first, rest)) = wanted.split_first() else { return true };
    found.iter().filter(|word| word.start == start).any(|word| {
        let fits = if prefix && rest.is_empty() {
            word.plain.starts_with(&first.plain) || singular(&word.plain).starts_with(&first.plain)
        } else {
            singular(&word.plain) == singular(&first.plain)
        };
        fits && row(found, word.end, rest, prefix)
    })
}
