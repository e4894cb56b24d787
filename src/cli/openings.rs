//! `earlybrd openings group`

use std::io::{BufRead, Read};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};

use super::output::{self, complain};
use crate::normalize::fingerprint::{Fingerprint, Shown, Sketch};
use crate::normalize::openings::Openings;
use crate::normalize::{RawDate, moment};

/// A longer line is no posting: a body has 64 KiB at most.
const MAX_LINE: usize = 1024 * 1024;

/// What others than `boards read` call the fields; the first that is there counts.
const TITLE: [&str; 3] = ["title", "position", "job_title"];
const COMPANY: [&str; 2] = ["company", "company_name"];
const LOCATION: [&str; 3] = ["location", "locations", "place"];
const URL: [&str; 3] = ["url", "address", "link"];
const POSTED: [&str; 2] = ["posted_at", "date_posted"];
const BODY: [&str; 2] = ["body", "description"];

/// Prints the postings of standard input with the number of the opening that each is of, one by one as
/// they come. A line that is no posting is named and passed over, and the command fails in the end.
pub fn group() -> anyhow::Result<ExitCode> {
    let mut input = std::io::stdin().lock();
    let mut openings = Openings::default();
    let mut wrong = 0_usize;
    for number in 1_usize.. {
        let Some(line) = next_line(&mut input).context("cannot read standard input")? else {
            break;
        };
        match line.and_then(|line| numbered(&mut openings, line.trim())) {
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

/// The next line; `None` at the end. Of one that is too long no more is kept than the limit.
fn next_line(input: &mut impl BufRead) -> std::io::Result<Option<anyhow::Result<String>>> {
    let mut line = Vec::new();
    let most = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    if input.take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() == MAX_LINE && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
        return Ok(Some(Err(anyhow!("it is longer than {MAX_LINE} bytes"))));
    }
    Ok(Some(String::from_utf8(line).map_err(|_| anyhow!("it is not UTF-8"))))
}

/// The line as it came with an `opening` field; `None` for an empty one.
fn numbered(openings: &mut Openings, line: &str) -> anyhow::Result<Option<String>> {
    if line.is_empty() {
        return Ok(None);
    }
    let mut fields: Map<String, Value> = serde_json::from_str(line)?;
    let print = fingerprint(&fields)?;
    let opening = openings.add(print).number + 1;
    if fields.contains_key("opening") {
        fields.insert("opening".to_owned(), opening.into());
        return Ok(Some(serde_json::to_string(&fields)?));
    }
    // Not written anew, so that nothing of it changes: an object that was parsed ends with a brace.
    let rest = line.strip_suffix('}').context("no object")?.trim_end();
    Ok(Some(format!("{rest},\"opening\":{opening}}}")))
}

fn fingerprint(fields: &Map<String, Value>) -> anyhow::Result<Fingerprint> {
    let title = text(fields, &TITLE).filter(|title| !title.trim().is_empty());
    let Some(title) = title else { bail!("it has no title") };
    let (company, location) = (text(fields, &COMPANY), text(fields, &LOCATION));
    let (url, body) = (text(fields, &URL), text(fields, &BODY));
    Ok(Fingerprint::of(&Shown {
        company: company.as_deref(),
        title: &title,
        location: location.as_deref(),
        url: url.as_deref(),
        posted_at: posted_at(fields),
        sketch: body.as_deref().and_then(Sketch::of),
    }))
}

/// A field under any of its names; several places are one text.
fn text(fields: &Map<String, Value>, names: &[&str]) -> Option<String> {
    match names.iter().find_map(|name| fields.get(*name).filter(|value| !value.is_null()))? {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            Some(parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// A date that cannot be read is unknown.
fn posted_at(fields: &Map<String, Value>) -> Option<DateTime<Utc>> {
    let value = POSTED.iter().find_map(|name| fields.get(*name))?;
    let date = match (value.as_str(), value.as_i64()) {
        (Some(text), _) => RawDate::Text(text.to_owned()),
        // Later than the year 5000 in seconds.
        (None, Some(number)) if number > 100_000_000_000 => RawDate::Millis(number),
        (None, Some(number)) => RawDate::Seconds(number),
        (None, None) => RawDate::Unknown,
    };
    moment(&date, Tz::UTC, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &str) -> Vec<Result<String, String>> {
        let (mut input, mut openings) = (input.as_bytes(), Openings::default());
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut input).unwrap() {
            let line = line.and_then(|line| numbered(&mut openings, line.trim()));
            lines.extend(line.map_err(|error| error.to_string()).transpose());
        }
        lines
    }

    #[test]
    fn lines_keep_what_they_hold() {
        let input = concat!(
            "{\"title\": \"Dev\", \"company\": \"Acme\", \"location\": \"Bonn\", \"id\": 1.50, \"x\": {}}\n",
            "\n",
            "{\"position\": \"Dev (m/w/d)\", \"company_name\": \"ACME GmbH\", \"locations\": [\"Bonn\"] }\r\n",
            "{\"title\": \"Dev\", \"company\": \"Acme\", \"place\": \"Kiel\", \"opening\": 77}",
        );
        let want = [
            "{\"title\": \"Dev\", \"company\": \"Acme\", \"location\": \"Bonn\", \"id\": 1.50, \"x\": {},\"opening\":1}",
            "{\"position\": \"Dev (m/w/d)\", \"company_name\": \"ACME GmbH\", \"locations\": [\"Bonn\"],\"opening\":1}",
            "{\"company\":\"Acme\",\"opening\":2,\"place\":\"Kiel\",\"title\":\"Dev\"}",
        ];
        assert_eq!(lines(input), want.map(|line| Ok(line.to_owned())));
    }

    #[test]
    fn what_is_no_posting_is_an_error_and_the_rest_goes_on() {
        let long = format!("{{\"title\": \"{}\"}}\n", "x".repeat(MAX_LINE));
        let input = format!("{long}[]\n{{}}\n{{\"title\": \"Dev\"}}\n");
        let found = lines(&input);
        assert_eq!(
            found.iter().map(Result::is_ok).collect::<Vec<_>>(),
            [false, false, false, true]
        );
        assert!(lines("{\"title\": \"\"}")[0].is_err());
    }

    #[test]
    fn dates_are_read_as_boards_write_them() {
        let at = |date: &str| {
            let fields = serde_json::from_str(&format!("{{\"posted_at\": {date}}}")).unwrap();
            posted_at(&fields).map(|at| at.timestamp())
        };
        for date in ["\"2026-10-02T12:53:01Z\"", "1790945581", "1790945581000"] {
            assert_eq!(at(date), Some(1_790_945_581), "{date}");
        }
        assert_eq!(at("null"), None);
        assert_eq!(at("\"soon\""), None);
    }
}
