//! Why a posting was or was not accepted, clause by clause.

use serde::Serialize;

use super::clause::{Plan, Truth, fields};
use super::document::{Document, Indexed};
use super::needle::Needle;
use crate::domain::filter::{Clause, Expr, Fact, Field, Text};
use crate::domain::pay::Currency;
use crate::domain::place::Area;
use crate::filter_lang::print;

/// Characters of the posting that are shown before and after the place in question.
const BEFORE: usize = 24;
const AFTER: usize = 36;

/// The decision about a posting, and the clauses that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub matches: bool,
    /// Of a match, one for each part, and of alternatives the first that holds; of a non-match,
    /// those that failed. In the filter's order.
    pub clauses: Vec<Seen>,
}

/// One clause and what the posting says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// In canonical form.
    pub clause: String,
    pub outcome: Truth,
    /// Empty for what has parts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub saw: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Seen>,
}

/// What becomes of an unknown fact.
const KEPT: &str = "kept";
const NOT_ENOUGH: &str = "not enough inside OR";
const STRICT: &str = "not enough with !";

pub fn explain(expr: &Expr, document: &Document<'_>) -> Explanation {
    let matches = Plan::new(expr).accepts(document);
    let parts = match expr {
        Expr::All(parts) => parts.as_slice(),
        Expr::Clause(_) | Expr::Not(_) | Expr::Any(_) => std::slice::from_ref(expr),
    };
    let decided = parts.iter().filter(|part| matches || !Plan::new(part).accepts(document));
    let clauses = decided.flat_map(|part| deciders(part, document, KEPT)).collect();
    Explanation { matches, clauses }
}

/// Every part of an expression with what it saw, as a tree; a filter's own parts are the branches.
pub fn tree(expr: &Expr, document: &Document<'_>) -> Seen {
    branch(expr, document, KEPT)
}

fn branch(expr: &Expr, document: &Document<'_>, unknown: &str) -> Seen {
    let outcome = Plan::new(expr).truth(document);
    let inside = if matches!(expr, Expr::Any(_)) { NOT_ENOUGH } else { unknown };
    let (saw, parts) = match expr {
        Expr::Clause(clause) => (saw(clause, document, unknown), Vec::new()),
        Expr::Not(inner) => (String::new(), vec![branch(inner, document, inside)]),
        Expr::All(parts) | Expr::Any(parts) => {
            let parts = parts.iter().map(|part| branch(part, document, inside));
            (String::new(), parts.collect())
        }
    };
    Seen { clause: print(expr), outcome, saw, parts }
}

/// The clauses that make an expression what it is.
fn deciders(expr: &Expr, document: &Document<'_>, unknown: &str) -> Vec<Seen> {
    let truth = |expr: &Expr| Plan::new(expr).truth(document);
    let outcome = truth(expr);
    let inside = |part: &Expr| deciders(part, document, NOT_ENOUGH);
    let one = |saw| vec![Seen { clause: print(expr), outcome, saw, parts: Vec::new() }];
    match expr {
        Expr::Clause(clause) => one(saw(clause, document, unknown)),
        Expr::Not(inner) => {
            let mut saw: Vec<_> =
                deciders(inner, document, unknown).into_iter().map(|seen| seen.saw).collect();
            saw.dedup();
            one(saw.join("; "))
        }
        Expr::Any(parts) if outcome == Truth::Yes => {
            parts.iter().find(|part| truth(part) == Truth::Yes).map(inside).unwrap_or_default()
        }
        Expr::All(parts) if outcome != Truth::Yes => {
            parts.iter().filter(|part| truth(part) != Truth::Yes).flat_map(inside).collect()
        }
        Expr::Any(parts) | Expr::All(parts) => parts.iter().flat_map(inside).collect(),
    }
}

fn saw(clause: &Clause, document: &Document<'_>, unknown: &str) -> String {
    match clause {
        Clause::Text { field, text } => saw_text(*field, text, document),
        Clause::Location(text) => saw_in("location", &document.location, text),
        Clause::Remote(_) => match document.posting.remote {
            Some(remote) => format!("remote: {remote}"),
            None => "remote: not stated".to_owned(),
        },
        Clause::Region(_) | Clause::Country(_) => saw_place(document),
        Clause::PayStated => match &document.posting.pay {
            Some(pay) => format!("pay: {pay}"),
            None => "pay: not stated".to_owned(),
        },
        Clause::Repost => match document.posting.reposts {
            0 => "posted for the first time, as far as we saw".to_owned(),
            1 => "posted once before".to_owned(),
            many => format!("posted {many} times before"),
        },
        Clause::Fact { fact, strict } => {
            let unknown = if *strict { STRICT } else { unknown };
            saw_fact(fact, document, unknown)
        }
    }
}

/// The stated place, and how it was read.
fn saw_place(document: &Document<'_>) -> String {
    let Some(stated) = &document.posting.location else {
        return "location: not stated".to_owned();
    };
    let read: Vec<&str> = document
        .areas
        .iter()
        .map(|area| match area {
            Area::Country(country) => country.code(),
            Area::Region(region) => region.name(),
        })
        .collect();
    let read = if read.is_empty() { "no country or region".to_owned() } else { read.join(", ") };
    format!("location: \"{stated}\", read as {read}")
}

fn saw_fact(fact: &Fact, document: &Document<'_>, unknown: &str) -> String {
    let facts = &document.posting.facts;
    let (name, stated) = match fact {
        Fact::PayAtLeast { currency, .. } => return saw_pay(fact, *currency, document, unknown),
        Fact::Employment(_) => {
            let words: Vec<&str> = facts.employment.iter().map(|one| one.as_str()).collect();
            ("type", (!words.is_empty()).then(|| words.join(", ")))
        }
        Fact::Level(_) => ("level", facts.level.map(|level| level.to_string())),
        Fact::Language(_) => ("language", facts.lang.map(|lang| lang.to_string())),
        Fact::Visa(_) => {
            ("visa", facts.visa.map(|visa| if visa { "yes" } else { "no" }.to_owned()))
        }
        Fact::Overlap { .. } => ("time zones", facts.zones.map(|zones| zones.to_string())),
        Fact::Posted { .. } => (
            "posted",
            document.posting.posted_at.map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string()),
        ),
    };
    match stated {
        Some(stated) => format!("{name}: {stated}"),
        None => format!("{name}: not stated ({unknown})"),
    }
}

/// Rates are named with their day where they decided.
fn saw_pay(fact: &Fact, wanted: Currency, document: &Document<'_>, unknown: &str) -> String {
    let Some(pay) = &document.posting.pay else {
        return format!("pay: not stated ({unknown})");
    };
    let no_rate =
        |currency: Currency| format!("pay: {pay}, no rate for {} ({unknown})", currency.code());
    if document.known.pay.is_none() {
        return no_rate(pay.currency());
    }
    if document.known.truth(fact).is_none() {
        return no_rate(wanted);
    }
    if pay.currency() == wanted {
        return format!("pay: {pay}");
    }
    let (day, age) = (document.known.rates_of(), document.known.rates_age().num_days());
    format!("pay: {pay}, at the rates of {day}, {age} days old")
}

fn saw_text(field: Option<Field>, text: &Text, document: &Document<'_>) -> String {
    if let Some(field) = field {
        return saw_in(field.as_str(), document.field(field), text);
    }
    let needle = Needle::new(text);
    let found = fields(None).find_map(|field| {
        let indexed = document.field(field);
        indexed.find(&needle).map(|at| quote(field.as_str(), &indexed.text, at))
    });
    found.unwrap_or_else(|| "not in title, company, tags or body".to_owned())
}

fn saw_in(name: &str, indexed: &Indexed<'_>, text: &Text) -> String {
    if indexed.text.is_empty() {
        return format!("{name}: not stated");
    }
    quote(name, &indexed.text, indexed.find(&Needle::new(text)).unwrap_or(0))
}

/// `title: "… Senior Rust Engineer …"`: what stands around a byte, on one line.
fn quote(name: &str, text: &str, at: usize) -> String {
    let (before, after) = text.split_at_checked(at).unwrap_or(("", text));
    let start = before.char_indices().rev().nth(BEFORE - 1).map_or(0, |(start, _)| start);
    let end = after.char_indices().nth(AFTER).map_or(after.len(), |(end, _)| end);
    let window = text.get(start..at + end).unwrap_or_default();
    let line = window.split_whitespace().collect::<Vec<_>>().join(" ");
    let left = if start > 0 { "… " } else { "" };
    let right = if end < after.len() { " …" } else { "" };
    format!("{name}: \"{left}{line}{right}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::posting::Posting;
    use crate::domain::rates::Rates;
    use crate::filter_lang::parse;

    /// Each line of `want`: clause → outcome: what was seen.
    #[track_caller]
    fn check(filter: &str, matches: bool, want: &[&str]) {
        let posting: Posting = serde_json::from_str(
            r#"{"title": "Senior Rust Engineer", "company": "Acme", "tags": ["Rust", "C++"],
                "location": "Berlin", "pay": {"min": 90000, "max": 110000, "currency": "EUR", "period": "year"},
                "body": "We write a database\nin C++ and a little Go, for those who like to wait for nothing at all."}"#,
        )
        .unwrap();
        let document =
            Document::new(&posting, Rates::built_in(), "2025-07-10T12:00:00Z".parse().unwrap());
        let explained = explain(&parse(filter).unwrap(), &document);
        let shown: Vec<String> = explained
            .clauses
            .iter()
            .map(|seen| format!("{} → {:?}: {}", seen.clause, seen.outcome, seen.saw))
            .collect();
        assert_eq!(
            (explained.matches, shown),
            (matches, want.iter().map(|s| (*s).to_owned()).collect())
        );
    }

    #[test]
    fn a_match_names_what_each_part_was_found_in() {
        check(
            "rust pay>=80k -php (zig OR go OR rust) location:berlin",
            true,
            &[
                "rust → Yes: title: \"Senior Rust Engineer\"",
                "pay>=$80k/yr → Yes: pay: €90–110k/yr, at the rates of 2025-06-30, 10 days old",
                "-php → Yes: not in title, company, tags or body",
                "go → Yes: body: \"… ase in C++ and a little Go, for those who like to wait for n …\"",
                "location:berlin → Yes: location: \"Berlin\"",
            ],
        );
    }

    #[test]
    fn a_non_match_names_what_failed() {
        check(
            "rust -(senior OR lead) remote pay>=200k (php OR board:remoteok) tag:go",
            false,
            &[
                "-(senior OR lead) → No: title: \"Senior Rust Engineer\"",
                "remote → No: remote: not stated",
                "pay>=$200k/yr → No: pay: €90–110k/yr, at the rates of 2025-06-30, 10 days old",
                "php → No: not in title, company, tags or body",
                "board:remoteok → No: board: not stated",
                "tag:go → No: tag: \"Rust, C++\"",
            ],
        );
    }

    #[test]
    fn the_unknown_says_what_became_of_it() {
        check(
            "rust pay>=9 xau/yr",
            true,
            &[
                "rust → Yes: title: \"Senior Rust Engineer\"",
                "pay>=9 xau/yr → Unknown: pay: €90–110k/yr, no rate for XAU (kept)",
            ],
        );
        check(
            "php OR (rust pay>=9 xau/yr)",
            false,
            &[
                "php → No: not in title, company, tags or body",
                "pay>=9 xau/yr → Unknown: pay: €90–110k/yr, no rate for XAU (not enough inside OR)",
            ],
        );
    }

    #[test]
    fn it_serializes_with_small_words() {
        let posting: Posting = serde_json::from_str(r#"{"title": "Rust"}"#).unwrap();
        let seen = "2026-01-01T00:00:00Z".parse().unwrap();
        let document = Document::new(&posting, Rates::built_in(), seen);
        let json = serde_json::to_value(tree(&parse("rust (go OR pay>=1k)").unwrap(), &document));
        let want = serde_json::json!({
            "clause": "rust (go OR pay>=$1,000/yr)", "outcome": "unknown", "parts": [
                {"clause": "rust", "outcome": "yes", "saw": "title: \"Rust\""},
                {"clause": "go OR pay>=$1,000/yr", "outcome": "unknown", "parts": [
                    {"clause": "go", "outcome": "no", "saw": "not in title, company, tags or body"},
                    {"clause": "pay>=$1,000/yr", "outcome": "unknown",
                     "saw": "pay: not stated (not enough inside OR)"},
                ]},
            ],
        });
        assert_eq!(json.unwrap(), want);
    }
}
