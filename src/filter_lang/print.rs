//! An expression as text, in the one canonical form.

use rust_decimal::Decimal;

use super::clean::canonical;
use super::parser::{is_reserved, is_special};
use super::scope::Scope;
use crate::domain::filter::{Clause, Expr, Fact, Text};
use crate::domain::pay::{Currency, Period, amount};
use crate::domain::posting::Remote;

/// The canonical text, which parses to the same expression again: lower case but for `OR`,
/// parentheses only where needed, `title:(a OR b)` where alternatives share a field.
pub fn print(expr: &Expr) -> String {
    inside(expr, Scope::Anywhere, Around::Nothing)
}

/// What an expression stands directly in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    Any,
    All,
    Not,
}

fn inside(expr: &Expr, scope: Scope, around: Around) -> String {
    let open = match expr {
        Expr::Clause(clause) => return one(clause, scope),
        Expr::Not(inner) => return format!("-{}", inside(inner, scope, Around::Not)),
        Expr::Any(_) => around != Around::Nothing,
        Expr::All(_) => around == Around::Not || around == Around::All,
    };
    let shared = Scope::shared(expr).filter(|_| scope == Scope::Anywhere);
    match (expr, shared) {
        (Expr::Any(_), Some(shared)) => format!("{}({})", shared.prefix(), row(expr, shared)),
        (_, Some(shared)) if open => format!("{}({})", shared.prefix(), row(expr, shared)),
        _ if open => format!("({})", row(expr, scope)),
        _ => row(expr, scope),
    }
}

fn row(expr: &Expr, scope: Scope) -> String {
    let join = |parts: &[Expr], around, between: &str| {
        let parts: Vec<_> = parts.iter().map(|part| inside(part, scope, around)).collect();
        parts.join(between)
    };
    match expr {
        Expr::Any(parts) => join(parts, Around::Any, " OR "),
        Expr::All(parts) => join(parts, Around::All, " "),
        Expr::Clause(_) | Expr::Not(_) => inside(expr, scope, Around::Nothing),
    }
}

/// A clause, without its field where that stands before the group.
fn one(clause: &Clause, scope: Scope) -> String {
    let within = |own: Scope, text: &Text| {
        let prefix = if own == scope { String::new() } else { own.prefix() };
        format!("{prefix}{}", written(text, own))
    };
    match clause {
        Clause::Text { field, text } => within(field.map_or(Scope::Anywhere, Scope::In), text),
        Clause::Location(text) => within(Scope::Location, text),
        Clause::Region(region) => {
            let name = region.name().to_owned();
            let name = if name.contains(' ') { Text::Phrase(name) } else { Text::Word(name) };
            within(Scope::Location, &name)
        }
        Clause::Country(country) => format!("country:{country}"),
        Clause::Remote(Remote::Yes) => "remote".to_owned(),
        Clause::Remote(remote) => format!("remote:{remote}"),
        Clause::PayStated => "pay:stated".to_owned(),
        Clause::Repost => "reposts".to_owned(),
        Clause::Fact { fact, strict } => {
            format!("{}{}", fact_text(fact), if *strict { "!" } else { "" })
        }
    }
}

fn fact_text(fact: &Fact) -> String {
    match fact {
        Fact::PayAtLeast { amount, currency, period } => pay(*amount, *currency, *period),
        Fact::Employment(values) => format!("type:{}", either(values)),
        Fact::Level(values) => format!("level:{}", either(values)),
        Fact::Language(values) => format!("lang:{}", either(values)),
        Fact::Visa(wanted) => format!("visa:{}", if *wanted { "yes" } else { "no" }),
        Fact::Overlap { zone, least } => {
            format!("tz:{} overlap>={}", zone.name(), duration(*least))
        }
        Fact::Posted { within } => format!("posted<{}", duration(*within)),
    }
}

fn either<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join("|")
}

/// In the largest unit that needs no fraction.
fn duration(minutes: u32) -> String {
    match minutes {
        _ if minutes.is_multiple_of(24 * 60) => format!("{}d", minutes / (24 * 60)),
        _ if minutes.is_multiple_of(60) => format!("{}h", minutes / 60),
        _ => format!("{minutes}min"),
    }
}

fn written(text: &Text, scope: Scope) -> String {
    match text {
        Text::Word(word) if is_plain(word, scope) => word.clone(),
        Text::Word(words) | Text::Phrase(words) => format!("\"{words}\""),
        Text::Prefix(stem) => format!("{stem}*"),
        Text::Exact(word) if is_unquoted(word) => format!("={word}"),
        Text::Exact(word) => format!("=\"{word}\""),
    }
}

/// Whether a word without quotes is read as that word.
fn is_plain(word: &str, scope: Scope) -> bool {
    is_unquoted(word) && !is_reserved(word, scope)
}

fn is_unquoted(word: &str) -> bool {
    let syntax = word.contains(|found| is_special(found) || found == '*') || word.starts_with('-');
    !syntax && canonical(word) == word
}

fn pay(least: Decimal, currency: Currency, period: Period) -> String {
    let (sign, per) = (currency.sign(), period.short());
    if sign.chars().all(char::is_alphabetic) {
        // Behind the amount a code needs the slash to be told from a word, and has it here.
        format!("pay>={} {}/{per}", amount(least), sign.to_lowercase())
    } else {
        format!("pay>={sign}{}/{per}", amount(least))
    }
}
