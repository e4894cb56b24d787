//! What a filter may not exceed and may not lack.

use super::error::ParseError;
use crate::domain::filter::{Clause, Expr};

/// Characters in a filter.
pub const MAX_CHARS: usize = 2_000;
/// Clauses in a filter.
pub const MAX_TERMS: usize = 64;
/// Parentheses within parentheses.
pub const MAX_NESTING: usize = 8;

pub(super) fn check_length(text: &str) -> Result<(), ParseError> {
    match text.chars().count() {
        0..=MAX_CHARS => Ok(()),
        chars => Err(ParseError::new(
            MAX_CHARS,
            format!("{chars} characters"),
            format!("a filter has {MAX_CHARS} at most"),
        )),
    }
}

pub(super) fn check_terms(position: usize, terms: usize) -> Result<(), ParseError> {
    if terms <= MAX_TERMS {
        return Ok(());
    }
    let expected = format!("a filter has {MAX_TERMS} terms at most");
    Err(ParseError::new(position, "one term too many", expected))
}

/// Looks at quotes and parentheses before anything recurses into them. Positions are bytes.
pub(super) fn check_brackets(text: &str) -> Result<(), ParseError> {
    let mut open = Vec::new();
    let mut quote = None;
    for (at, found) in text.char_indices() {
        match (found, quote) {
            ('"', None) => quote = Some(at),
            ('"', Some(_)) => quote = None,
            ('(', None) if open.len() == MAX_NESTING => {
                let expected = format!("parentheses nest {MAX_NESTING} deep at most");
                return Err(ParseError::new(at, "`(`", expected));
            }
            ('(', None) => open.push(at),
            (')', None) if open.pop().is_none() => {
                return Err(ParseError::new(at, "`)`", "no parenthesis is open here"));
            }
            _ => {}
        }
    }
    if let Some(at) = quote {
        return Err(ParseError::new(at, "a quote that is never closed", "add a `\"` after it"));
    }
    open.last().map_or(Ok(()), |at| {
        Err(ParseError::new(*at, "a parenthesis that is never closed", "add a `)` after it"))
    })
}

/// Refuses what could match every posting.
pub(super) fn check_required(expr: &Expr) -> Result<(), ParseError> {
    if requires_something(expr) {
        return Ok(());
    }
    Err(ParseError::new(
        0,
        "a filter that could match everything",
        "exclusions, remote, pay and the like only narrow: every alternative needs a word, phrase, \
         prefix, field or place that must be there, as in `rust remote -senior`",
    ))
}

fn requires_something(expr: &Expr) -> bool {
    match expr {
        Expr::Clause(
            Clause::Text { .. } | Clause::Location(_) | Clause::Region(_) | Clause::Country(_),
        ) => true,
        Expr::Clause(
            Clause::Remote(_) | Clause::PayStated | Clause::Repost | Clause::Fact { .. },
        )
        | Expr::Not(_) => false,
        Expr::All(parts) => parts.iter().any(requires_something),
        Expr::Any(parts) => parts.iter().all(requires_something),
    }
}
