//! What a board says, made clean and typed: `RawPosting` to `Posting`. Pure: no clock, no network;
//! the same posting read twice gives the same result.

mod chars;
mod dates;
mod euro_rates;
mod facts;
mod facts_kind;
mod facts_lang;
mod facts_title;
mod facts_visa;
mod facts_zones;
pub mod fingerprint;
mod function_words;
mod html_entities;
mod html_scan;
mod html_simple;
mod html_text;
mod identity;
mod labels;
mod link;
mod mojibake;
pub mod openings;
#[cfg(test)]
mod openings_tests;
mod place;
mod place_zones;
mod salary;
mod salary_check;
mod salary_offer;
mod salary_sentence;
#[cfg(test)]
mod salary_tests;
mod salary_words;
mod text;
mod zone_words;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use url::Url;

pub use self::chars::{any_byte, printable};
pub use self::dates::moment;
pub use self::euro_rates::euro_rates;
pub use self::html_scan::{is_costly, without_foreign};
pub use self::html_text::plain_text;
use self::labels::Labelled;
pub use self::link::canonical;
pub use self::place::place as stated_remote;
pub use self::salary::{find_in_body, stated_period};
pub use self::text::one_line;
use crate::domain::pay::Pay;
use crate::domain::posting::{Identity, Posting, Remote};

/// A longer first line of a body is no title.
const MAX_TITLE_FROM_BODY_CHARS: usize = 120;

/// What a board said, as it said it; `boards/` fills it in.
#[derive(Debug, Clone, Default)]
pub struct RawPosting {
    pub guid: Option<String>,
    /// Maybe relative.
    pub url: Option<String>,
    /// May hold entities and markup.
    pub title: String,
    pub company: Option<String>,
    pub location: Option<String>,
    /// The board's own word: "fully", "hybrid", "onsite", "true", …
    pub remote: Option<String>,
    pub pay: RawPay,
    /// The board's words for the kind of employment: "Full-time", "Contract".
    pub employment: Vec<String>,
    /// Its words for the experience that is asked for.
    pub level: Vec<String>,
    /// The language of the text, as a code or a name.
    pub lang: Option<String>,
    /// The time zones that are allowed, in hours east of UTC; all between them are, too.
    pub zones: Vec<f64>,
    pub tags: Vec<String>,
    pub posted_at: RawDate,
    /// Until when people may apply.
    pub closes_at: RawDate,
    /// HTML or text.
    pub body: String,
}

/// Pay as a board states it.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum RawPay {
    #[default]
    Unknown,
    Text(String),
    Stated {
        min: Option<Decimal>,
        max: Option<Decimal>,
        currency: Option<String>,
        period: Option<String>,
    },
}

/// A date as a board states it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RawDate {
    #[default]
    Unknown,
    Text(String),
    /// Since 1970.
    Seconds(i64),
    /// Since 1970.
    Millis(i64),
    At(DateTime<Utc>),
    /// Whole days before the response.
    DaysAgo(u32),
}

/// What is known of a board beside what it sends.
#[derive(Debug, Clone, Copy)]
pub struct BoardContext<'a> {
    pub slug: &'a str,
    /// Whose jobs it shows, where they are one company's.
    pub company: Option<&'a str>,
    /// What relative links are relative to.
    pub base: Option<&'a Url>,
    /// The zone of its dates without one.
    pub zone: Tz,
    /// When the response was here, if that is known.
    pub at: Option<DateTime<Utc>>,
}

/// Nothing that a person could be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither a title nor a text")]
pub struct Unreadable;

/// Makes a posting of what a board said. What cannot be read of it stays unknown.
pub fn normalize(raw: RawPosting, board: &BoardContext<'_>) -> Result<Posting, Unreadable> {
    let body = text::body(&raw.body);
    let title = one_line(&raw.title).or_else(|| title_of(&body)).ok_or(Unreadable)?;
    let labelled = Labelled::of(&body);
    let in_body = |labels| text::stated(labelled.value(labels));
    let company = text::stated(raw.company.as_deref())
        .or_else(|| text::stated(board.company))
        .or_else(|| in_body(labels::COMPANY));
    let location = text::stated(raw.location.as_deref()).or_else(|| in_body(labels::LOCATION));
    let tags = text::tags(&raw.tags);
    let remote = place::remote(place::Said {
        stated: raw.remote.as_deref(),
        location: location.as_deref(),
        title: &title,
        tags: &tags,
        labelled: &labelled,
    });
    let mut facts = facts::facts(&facts::Said {
        raw: &raw,
        title: &title,
        location: location.as_deref(),
        body: &body,
        labelled: &labelled,
    });
    if remote == Some(Remote::Yes) {
        let of_place = || place_zones::of_place(location.as_deref()?);
        facts.zones = facts.zones.or_else(of_place);
    }
    let mut posting = Posting {
        identity: Identity::default(),
        board: Some(board.slug.to_owned()),
        url: link_of(&raw, board),
        title,
        company,
        location,
        remote,
        pay: pay_of(&raw.pay).or_else(|| in_text(&body)),
        facts,
        tags,
        posted_at: dates::past(&raw.posted_at, board.zone, board.at),
        closes_at: moment(&raw.closes_at, board.zone, board.at),
        reposts: 0,
        body,
    };
    posting.identity = identity::identity(raw.guid.as_deref(), &posting);
    Ok(posting)
}

/// The first line of a body, for boards whose postings have no title.
fn title_of(body: &str) -> Option<String> {
    let line = body.lines().map(str::trim).find(|line| !line.is_empty())?;
    let end = line.char_indices().nth(MAX_TITLE_FROM_BODY_CHARS).map_or(line.len(), |(at, _)| at);
    line.get(..end).map(|line| line.trim_end().to_owned())
}

/// In feeds an id that is an address is the link of an item without one.
fn link_of(raw: &RawPosting, board: &BoardContext<'_>) -> Option<String> {
    let link = raw.url.as_deref().and_then(|url| canonical(url, board.base));
    link.or_else(|| canonical(raw.guid.as_deref()?, None))
}

/// On a line that is labelled as pay, or else in a sentence.
fn in_text(body: &str) -> Option<Pay> {
    find_in_body(body).or_else(|| salary_sentence::find(body))
}

fn pay_of(raw: &RawPay) -> Option<Pay> {
    match raw {
        RawPay::Unknown => None,
        RawPay::Text(text) => salary::parse(text),
        RawPay::Stated { min, max, currency, period } => {
            salary::from_fields(*min, *max, currency.as_deref(), period.as_deref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: RawPosting) -> Result<Posting, Unreadable> {
        let base = Url::parse("https://board.example/").unwrap();
        let board = BoardContext {
            slug: "example",
            company: None,
            base: Some(&base),
            zone: Tz::UTC,
            at: None,
        };
        normalize(raw, &board)
    }

    #[test]
    fn a_posting_is_clean_in_every_part() {
        let raw = RawPosting {
            guid: Some("7".to_owned()),
            url: Some("/jobs/7?utm_source=rss".to_owned()),
            title: "Senior <b>Rust</b> &amp; C++\u{202e}\0".to_owned(),
            company: Some(" Acme\n".to_owned()),
            remote: Some("fully".to_owned()),
            pay: RawPay::Text("€90k – €110k".to_owned()),
            tags: vec!["Rust".to_owned(), "rust".to_owned()],
            posted_at: RawDate::Seconds(1_790_945_581),
            body: "&lt;p&gt;Standort: Kiel&lt;/p&gt;&lt;p&gt;Salary: $1m&lt;/p&gt;".to_owned(),
            ..RawPosting::default()
        };
        let json = serde_json::to_value(read(raw).unwrap()).unwrap();
        let want = serde_json::json!({
            "identity": "guid:7", "board": "example", "url": "https://board.example/jobs/7",
            "title": "Senior Rust & C++", "company": "Acme", "location": "Kiel", "remote": "yes",
            "pay": {"min": 90_000.0, "max": 110_000.0, "currency": "EUR", "period": "year"},
            "level": "senior", "tags": ["Rust"], "posted_at": "2026-10-02T12:53:01Z",
            "body": "Standort: Kiel\n\nSalary: $1m",
        });
        assert_eq!(json, want);
    }

    #[test]
    fn what_is_missing_is_taken_from_where_the_posting_says_it() {
        let raw = RawPosting {
            guid: Some("https://board.example/jobs/8".to_owned()),
            body: "<p>Acme hires a baker</p><p>Company: Acme<br>Pay: $30 an hour<br>Remote: no"
                .to_owned(),
            ..RawPosting::default()
        };
        let posting = read(raw).unwrap();
        assert_eq!(posting.title, "Acme hires a baker");
        assert_eq!(posting.url.as_deref(), Some("https://board.example/jobs/8"));
        assert_eq!(posting.company.as_deref(), Some("Acme"));
        assert_eq!(posting.remote.map(|remote| remote.to_string()).as_deref(), Some("no"));
        assert_eq!(posting.pay.map(|pay| pay.to_string()).as_deref(), Some("$30/h"));
    }

    #[test]
    fn remote_work_that_is_restricted_to_a_country_has_its_zones() {
        for (remote, location, want) in [
            ("yes", "Germany", Some("UTC+1…UTC+2")),
            ("no", "Germany", None),
            ("yes", "Germany (CET ± 3 h)", Some("UTC−2…UTC+4")),
            ("yes", "Kiel, Germany", None),
        ] {
            let raw = RawPosting {
                title: "Cook".to_owned(),
                location: Some(location.to_owned()),
                remote: Some(remote.to_owned()),
                ..RawPosting::default()
            };
            let zones = read(raw).unwrap().facts.zones.map(|zones| zones.to_string());
            assert_eq!(zones.as_deref(), want, "{location}");
        }
    }

    #[test]
    fn nothing_to_say_is_unreadable() {
        let raw = RawPosting { title: " &nbsp;\u{200b}".to_owned(), ..RawPosting::default() };
        assert_eq!(read(raw), Err(Unreadable));
    }
}
