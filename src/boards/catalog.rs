//! The catalogue: boards that everybody's filters see.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use chrono_tz::Tz;
use serde::Deserialize;
use url::Url;

use super::{Reading, address, check_rules};
use crate::domain::board::BoardKind;
use crate::domain::rules::Rules;

/// Shortest rest between two polls that an entry may ask for.
const SHORTEST: f64 = 1.0 / 60.0;

/// One board of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What `board:` in a filter names: lower-case letters, digits, `-`.
    pub slug: String,
    pub name: String,
    /// How it is read; a board that nobody can read yet is off.
    pub kind: Option<BoardKind>,
    /// For a web page.
    pub rules: Option<Rules>,
    pub url: Url,
    /// Rest between two polls.
    pub interval: Duration,
    /// How old a posting is, as the board says, before it shows it to anybody but its own visitors.
    pub delay: Duration,
    /// What the board wants to be said on each card.
    pub attribution: Option<String>,
    /// Address of the board's terms.
    pub terms: Option<Url>,
    /// Of its dates that state none.
    pub zone: Tz,
    /// Why it is off; `None` is on.
    pub off: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    board: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    slug: String,
    name: String,
    kind: Option<String>,
    rules: Option<Rules>,
    url: Option<Url>,
    company: Option<String>,
    minutes: f64,
    #[serde(default)]
    delay_minutes: u32,
    attribution: Option<String>,
    terms: Option<Url>,
    #[serde(default)]
    zone: Option<String>,
    off: Option<String>,
}

/// The catalogue inside the binary.
pub fn built_in() -> anyhow::Result<Vec<Entry>> {
    parse(include_str!("catalog.toml")).context("the built-in catalogue")
}

/// Reads a catalogue file.
pub fn parse(text: &str) -> anyhow::Result<Vec<Entry>> {
    let file: File = toml::from_str(text)?;
    let mut entries: Vec<Entry> = Vec::new();
    for row in file.board {
        let slug = row.slug.clone();
        ensure!(entries.iter().all(|known| known.slug != slug), "board {slug:?} stands twice");
        entries.push(entry(row).with_context(|| format!("board {slug:?}"))?);
    }
    Ok(entries)
}

/// Reads the rules for a web page from a file of their own.
pub fn parse_rules(text: &str) -> anyhow::Result<Rules> {
    let rules: Rules = toml::from_str(text)?;
    check_rules(Reading { kind: BoardKind::Html, rules: Some(&rules) })?;
    Ok(rules)
}

fn entry(row: Row) -> anyhow::Result<Entry> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ensure!(
        (1..=80).contains(&row.slug.len()) && row.slug.chars().all(plain),
        "a slug is made of lower-case letters, digits and -"
    );
    let kind: Option<BoardKind> = row.kind.as_deref().map(str::parse).transpose()?;
    ensure!(kind.is_some() || row.off.is_some(), "a board without a kind must be off");
    let has_company = row.company.is_some();
    let url = match (row.url, row.company.zip(kind)) {
        (Some(url), None) if !has_company => url,
        (None, Some((company, kind))) => address(kind, &company)?,
        _ => bail!("a board has either a url or, where the kind says where it lies, a company"),
    };
    ensure!(matches!(url.scheme(), "http" | "https"), "url must be http or https");
    ensure!(url.as_str().len() <= 2_000, "url is longer than 2,000 characters");
    ensure!(
        row.minutes >= SHORTEST && row.minutes <= 60.0 * 24.0 * 7.0,
        "minutes must be between a second and a week"
    );
    if let Some(kind) = kind {
        check_rules(Reading { kind, rules: row.rules.as_ref() })?;
    }
    let zone = row.zone.as_deref().map_or(Ok(Tz::UTC), str::parse);
    let zone = zone.context("zone must be a name such as Europe/Berlin")?;
    Ok(Entry {
        slug: row.slug,
        name: row.name,
        kind,
        rules: row.rules,
        url,
        interval: Duration::from_secs_f64((row.minutes * 60.0).round()),
        delay: Duration::from_mins(row.delay_minutes.into()),
        attribution: row.attribution,
        terms: row.terms,
        zone,
        off: row.off,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_is_sound() {
        let entries = built_in().unwrap();
        assert!(entries.iter().any(|entry| entry.off.is_none()));
        assert!(entries.iter().all(|entry| entry.interval >= Duration::from_mins(10)));
        for entry in entries.iter().filter(|entry| entry.off.is_none()) {
            assert!(entry.terms.is_some(), "{} is on, and its terms are not known", entry.slug);
            assert!(entry.attribution.is_some(), "{}", entry.slug);
        }
        let unread = entries.iter().filter(|entry| entry.kind.is_none());
        assert!(unread.count() > 20, "those of which no response was recorded");
    }

    #[track_caller]
    fn check_refused(text: &str, want: &str) {
        let error = format!("{:#}", parse(text).unwrap_err());
        assert!(error.contains(want), "{error}");
    }

    #[test]
    fn a_wrong_entry_is_named() {
        let row = |slug: &str, kind: &str, url: &str, minutes: &str| {
            format!(
                "[[board]]\nslug = \"{slug}\"\nname = \"x\"\nkind = \"{kind}\"\nurl = \"{url}\"\n\
                 minutes = {minutes}\n"
            )
        };
        let good = row("a", "feed", "https://example.com/", "10.0");
        assert_eq!(parse(&good).unwrap().len(), 1);
        check_refused(&format!("{good}{good}"), "\"a\" stands twice");
        check_refused(&row("A b", "feed", "https://example.com/", "10.0"), "slug");
        check_refused(
            &row("a", "fax", "https://example.com/", "10.0"),
            "there are: arbeitnow, ashby, feed",
        );
        check_refused(&row("a", "feed", "file:///etc/passwd", "10.0"), "http");
        check_refused(&row("a", "feed", "https://example.com/", "0.0"), "minutes");
        check_refused(&format!("{good}zone = \"Mars\""), "Europe/Berlin");
        let berlin = parse(&format!("{good}zone = \"Europe/Berlin\"")).unwrap();
        assert_eq!(berlin[0].zone, Tz::Europe__Berlin);
        let unread = good.replace("kind = \"feed\"\n", "");
        check_refused(&unread, "without a kind must be off");
        assert_eq!(parse(&format!("{unread}off = \"unverified\"")).unwrap()[0].kind, None);
        check_refused("board = 3", "board");
    }

    #[test]
    fn a_company_stands_for_an_address() {
        let row = |lines: &str| {
            let head = "[[board]]\nslug = \"a\"\nname = \"x\"\nminutes = 60\n";
            format!("{head}{lines}")
        };
        let url = |lines: &str| parse(&row(lines)).unwrap()[0].url.to_string();
        let lever = url("kind = \"lever\"\ncompany = \"acme\"");
        assert_eq!(lever, "https://api.lever.co/v0/postings/acme?mode=json");
        let workday = url("kind = \"workday\"\ncompany = \"acme.wd5/Careers\"");
        assert_eq!(workday, "https://acme.wd5.myworkdayjobs.com/wday/cxs/acme/Careers/jobs");
        for (lines, want) in [
            ("kind = \"feed\"\ncompany = \"acme\"", "feed does not say where"),
            ("kind = \"workday\"\ncompany = \"acme\"", "give its url"),
            ("kind = \"lever\"\ncompany = \"a/../b?c\"", "letters, digits"),
            ("kind = \"lever\"\ncompany = \"evil.example/#\"", "letters, digits"),
            ("kind = \"recruitee\"\ncompany = \"evil.example/x\"", "letters, digits"),
            ("kind = \"lever\"", "either a url or"),
        ] {
            check_refused(&row(lines), want);
        }
    }

    #[test]
    fn rules_go_with_web_pages_only_and_a_wrong_one_is_named() {
        let row = |kind: &str, rules: &str| {
            format!(
                "[[board]]\nslug = \"a\"\nname = \"x\"\nkind = \"{kind}\"\n\
                 url = \"https://example.com/\"\nminutes = 60\n{rules}"
            )
        };
        let rules = "[board.rules]\nitem = \"li\"\ntitle = \"h3\"\n";
        let entries = parse(&row("html", rules)).unwrap();
        assert_eq!(entries[0].rules.as_ref().unwrap().item, "li");
        check_refused(&row("html", ""), "needs rules");
        check_refused(&row("feed", rules), "without rules");
        check_refused(&row("html", &format!("{rules}pay = \"b[\"")), "the rule for pay");
        check_refused(&row("html", &format!("{rules}titel = \"b\"")), "titel");
        assert!(parse_rules("item = 'li'").unwrap_err().to_string().contains("title"));
    }
}
