//! `earlybrd openings group`

use std::collections::HashMap;
use std::fmt;
use std::io::BufRead;
use std::process::ExitCode;
use std::sync::LazyLock;

use anyhow::Context;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use regex::{Captures, Regex};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::output::{self, complain};
use crate::normalize::fingerprint::{Fingerprint, Shown, Sketch};
use crate::normalize::openings::Openings;
use crate::normalize::{RawDate, moment};

/// What others than `boards read` call the fields; the first that says something counts.
const TITLE: &[&str] = &["title", "position", "job_title"];
const COMPANY: &[&str] = &["company", "company_name", "employer", "organization"];
const LOCATION: &[&str] = &["location", "locations", "place"];
const URL: &[&str] = &["url", "address", "link"];
const POSTED: &[&str] = &["posted_at", "date_posted"];
const BODY: &[&str] = &["body", "description"];
/// Where a line's opening is written.
const OPENING: &str = "opening";

/// What of an object says its name; else its parts do, in this order.
const NAME: &[&str] = &["name", "display_name", "label"];
const PARTS: &[&str] = &["city", "region", "state", "country"];

/// Half of a letter that needs two: a text cannot hold it.
static SURROGATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\\(?:\\|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2}))")
        .expect("a valid pattern")
});

/// Prints the postings of standard input with the number of the opening that each is of. A line that is no
/// object is named and left out, and the command fails in the end.
pub fn group() -> anyhow::Result<ExitCode> {
    let (mut input, mut read) = (std::io::stdin().lock(), Vec::new());
    let mut wrong = 0_usize;
    for number in 1_usize.. {
        let Some(text) = next_line(&mut input).context("cannot read standard input")? else {
            break;
        };
        if text.trim().is_empty() {
            continue;
        }
        match Line::of(text.trim()) {
            Ok(line) => read.push(line),
            Err(error) => {
                wrong += 1;
                complain(&format!("line {number} is not a posting: {error}"));
            }
        }
    }
    for line in numbered(read) {
        output::line(&line)?;
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The next line, without what some programs put before a text; `None` at the end.
fn next_line(input: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    if input.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&line);
    Ok(Some(text.trim_start_matches('\u{feff}').to_owned()))
}

/// A posting as it came, and what tells which opening it is of.
struct Line {
    text: String,
    has_opening: bool,
    print: Fingerprint,
}

impl Line {
    fn of(text: &str) -> serde_json::Result<Self> {
        let fields: Fields = read(text)?;
        Ok(Self {
            text: text.to_owned(),
            has_opening: fields.0.contains_key(OPENING),
            print: fingerprint(&fields),
        })
    }

    /// With its number; nothing else of it changes, unless it has one already.
    fn with(self, opening: usize) -> String {
        if self.has_opening
            && let Ok(mut fields) = read::<Map<String, Value>>(&self.text)
        {
            fields.insert(OPENING.to_owned(), opening.into());
            return Value::Object(fields).to_string();
        }
        // An object that was parsed ends with a brace.
        let rest = self.text.strip_suffix('}').unwrap_or(&self.text).trim_end();
        let comma = if rest.ends_with('{') { "" } else { "," };
        format!("{rest}{comma}\"{OPENING}\":{opening}}}")
    }
}

/// The lines with their numbers. They are compared in the order in which they were posted, and numbered in
/// that in which they came.
fn numbered(lines: Vec<Line>) -> impl Iterator<Item = String> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    // Those without a date stay behind the line that they follow.
    let mut last = None;
    let dates: Vec<Option<DateTime<Utc>>> = lines
        .iter()
        .map(|line| {
            last = line.print.posted_at().or(last);
            last
        })
        .collect();
    order.sort_by_key(|at| dates.get(*at).copied());
    let (mut openings, mut found) = (Openings::folding(), HashMap::new());
    for at in order {
        let Some(line) = lines.get(at) else { continue };
        found.insert(at, openings.add(line.print.clone()).number);
    }
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    lines.into_iter().enumerate().map(move |(at, line)| {
        let opening = found.get(&at).map(|number| openings.current(*number)).unwrap_or_default();
        let next = numbers.len() + 1;
        line.with(*numbers.entry(opening).or_insert(next))
    })
}

/// A lone half of a letter is read as one that is not known.
fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text).or_else(|error| {
        let whole = |found: &Captures<'_>| match found.name("lone") {
            Some(_) => "\\ufffd".to_owned(),
            None => found.get(0).map(|all| all.as_str().to_owned()).unwrap_or_default(),
        };
        serde_json::from_str(&SURROGATE.replace_all(text, whole)).map_err(|_| error)
    })
}

/// The fields that are asked for; what else a line holds is not looked at.
struct Fields(HashMap<String, Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let asked = [TITLE, COMPANY, LOCATION, URL, POSTED, BODY, &[OPENING]].concat();
                let mut fields = HashMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if asked.contains(&name.as_str()) {
                        fields.insert(name, map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn fingerprint(fields: &Fields) -> Fingerprint {
    let text = |names: &[&str]| names.iter().find_map(|name| text(fields.0.get(*name)?));
    let (company, location) = (text(COMPANY), text(LOCATION));
    let (url, body) = (text(URL), text(BODY));
    Fingerprint::of(&Shown {
        company: company.as_deref(),
        title: &text(TITLE).unwrap_or_default(),
        location: location.as_deref(),
        url: url.as_deref(),
        posted_at: posted_at(fields),
        sketch: body.as_deref().and_then(Sketch::of),
    })
}

/// What a field says, if anything; several places are one text.
fn text(value: &Value) -> Option<String> {
    let said = match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(text).collect::<Vec<_>>().join("; "),
        Value::Object(fields) => {
            let named = |names: &[&str]| -> Vec<String> {
                names.iter().filter_map(|name| text(fields.get(*name)?)).collect()
            };
            named(NAME).into_iter().next().unwrap_or_else(|| named(PARTS).join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    };
    Some(said).filter(|said| !said.trim().is_empty())
}

/// A date that cannot be read is unknown.
fn posted_at(fields: &Fields) -> Option<DateTime<Utc>> {
    let value =
        POSTED.iter().find_map(|name| fields.0.get(*name).filter(|date| !date.is_null()))?;
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

    /// What is printed, and how many lines were no postings.
    fn lines(input: &[u8]) -> (Vec<String>, usize) {
        let (mut input, mut read, mut wrong) = (input, Vec::new(), 0);
        while let Some(text) = next_line(&mut input).unwrap() {
            match Line::of(text.trim()) {
                Ok(line) => read.push(line),
                Err(_) => wrong += usize::from(!text.trim().is_empty()),
            }
        }
        (numbered(read).collect(), wrong)
    }

    #[track_caller]
    fn openings(input: &str) -> Vec<u64> {
        let (lines, wrong) = lines(input.as_bytes());
        assert_eq!(wrong, 0);
        let number =
            |line: &String| serde_json::from_str::<Value>(line).unwrap()[OPENING].as_u64().unwrap();
        lines.iter().map(number).collect()
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
        assert_eq!(lines(input.as_bytes()), (want.map(str::to_owned).to_vec(), 0));
    }

    #[test]
    fn every_object_has_a_number_and_what_is_none_is_named() {
        let long = format!("{{\"title\": \"{}\"}}", "x".repeat(2 << 20));
        let other = "{\"title\": \"Dev\", \"x\": \"\\ud800 \\ud83d\\ude80 \\\\ud800\"}";
        for object in ["{}", "{\"title\": \"\"}", "{\"title\": null, \"n\": 1e999}", &long, other] {
            let (printed, wrong) = lines(object.as_bytes());
            assert_eq!(wrong, 0, "{}", &object[..object.len().min(60)]);
            let rest = object.strip_suffix('}').unwrap();
            let comma = if rest == "{" { "" } else { "," };
            assert_eq!(printed, [format!("{rest}{comma}\"opening\":1}}")]);
        }
        assert_eq!(lines(b"\xef\xbb\xbf{\"x\":\"\xff\"}\n").1, 0);
        let (printed, wrong) = lines(b"[]\nno\n\n{\"title\": \"Dev\"}\n7");
        assert_eq!((printed.len(), wrong), (1, 3));
    }

    #[test]
    fn what_says_no_title_is_the_same_by_its_ad_alone() {
        let ad = "https://boards.greenhouse.io/acme/jobs/5512300";
        let input = format!(
            "{{\"company\": \"Acme\"}}\n{{\"company\": \"Acme\"}}\n\
             {{\"company\": \"Acme\", \"url\": \"{ad}\"}}\n\
             {{\"company\": \"Acme\", \"url\": \"{ad}\", \"title\": \"Dev\"}}"
        );
        assert_eq!(openings(&input), [1, 2, 3, 3]);
    }

    #[test]
    fn fields_may_be_empty_under_one_name_and_objects() {
        let input = concat!(
            "{\"title\": \"\", \"position\": \"Dev\", \"company\": {\"name\": \"Acme\"}, \"location\": [{\"city\": \"Bonn\", \"country\": \"Germany\"}]}\n",
            "{\"title\": \"Dev\", \"company\": \"\", \"company_name\": \"Acme\", \"location\": {\"name\": \"Bonn\"}}\n",
            "{\"title\": \"Dev\", \"company\": {\"name\": \"Beta\"}, \"location\": {\"name\": \"Bonn\"}}\n",
        );
        assert_eq!(openings(input), [1, 1, 2]);
    }

    #[test]
    fn lines_are_compared_in_the_order_of_their_dates() {
        let line = |day: &str| {
            format!(
                "{{\"title\": \"Dev\", \"company\": \"Acme\", \"posted_at\": \"2026-{day}\"}}\n"
            )
        };
        let all = ["06-20", "01-01", "05-10", "04-01", "02-10"].map(line).concat();
        assert_eq!(openings(&all), [1, 2, 1, 1, 2], "51 days lie between the second and the first");
    }

    #[test]
    fn dates_are_read_as_boards_write_them() {
        let at = |date: &str| {
            let fields: Fields = read(&format!("{{\"posted_at\": {date}}}")).unwrap();
            posted_at(&fields).map(|at| at.timestamp())
        };
        for date in ["\"2026-10-02T12:53:01Z\"", "1790945581", "1790945581000"] {
            assert_eq!(at(date), Some(1_790_945_581), "{date}");
        }
        assert_eq!(at("null"), None);
        assert_eq!(at("\"soon\""), None);
    }
}
