//! `earlybrd filter check` and `earlybrd filter match`

use std::io::BufRead;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::Value;

use super::output::{self, complain};
use crate::clock::{Clock, SharedClock};
use crate::domain::filter::Expr;
use crate::domain::posting::Posting;
use crate::domain::rates::Rates;
use crate::filter_lang;
use crate::matching::{Document, explain, tree};

/// Prints the canonical form, or the fault with a caret under it.
pub fn check(text: &str) -> anyhow::Result<ExitCode> {
    let Some(expr) = parsed(text) else { return Ok(ExitCode::FAILURE) };
    output::line(&filter_lang::print(&expr))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the lines of standard input that match. A line that is no posting is named and passed
/// over, and the command fails in the end.
pub fn match_lines(text: &str, with_reasons: bool) -> anyhow::Result<ExitCode> {
    let Some(expr) = parsed(text) else { return Ok(ExitCode::FAILURE) };
    let mut wrong = 0_usize;
    for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
        let line = line.context("cannot read standard input")?;
        if line.trim().is_empty() {
            continue;
        }
        match matched(&expr, &line, with_reasons) {
            Ok(Some(line)) => output::line(&line)?,
            Ok(None) => {}
            Err(error) => {
                wrong += 1;
                complain(&format!("line {number} is not a posting: {error}"));
            }
        }
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn parsed(text: &str) -> Option<Expr> {
    filter_lang::parse(text)
        .inspect_err(|error| complain(&format!("\n{}", error.with_caret(text))))
        .ok()
}

/// The line as it came, with an `explain` field if wanted; `None` if it does not match.
fn matched(expr: &Expr, line: &str, with_reasons: bool) -> serde_json::Result<Option<String>> {
    let posting: Posting = serde_json::from_str(line)?;
    // It is seen first now.
    let now = SharedClock::of_this_machine().now();
    let document = Document::new(&posting, Rates::built_in(), now);
    if !explain(expr, &document).matches {
        return Ok(None);
    }
    if !with_reasons {
        return Ok(Some(line.to_owned()));
    }
    let tree = tree(expr, &document);
    let branches = if matches!(expr, Expr::All(_)) { tree.parts } else { vec![tree] };
    let mut value: Value = serde_json::from_str(line)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("explain".to_owned(), serde_json::to_value(branches)?);
    }
    serde_json::to_string(&value).map(Some)
}
