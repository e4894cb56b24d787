//! Whether work is remote, as far as a posting says so; what it does not say stays unknown.

use std::sync::LazyLock;

use regex::Regex;

use super::labels::{self, Labelled};
use crate::domain::posting::Remote;

/// What a posting says of the place, the surest word first.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The board's own field.
    pub stated: Option<&'a str>,
    pub location: Option<&'a str>,
    pub title: &'a str,
    pub tags: &'a [String],
    /// Of a body only that counts.
    pub labelled: &'a Labelled<'a>,
}

/// The first part that says something decides.
pub fn remote(said: Said<'_>) -> Option<Remote> {
    let label = || said.labelled.value(labels::REMOTE).and_then(field);
    said.stated
        .and_then(field)
        .or_else(|| said.location.and_then(place))
        .or_else(|| line(said.title))
        .or_else(|| (!said.tags.is_empty()).then(|| line(&said.tags.join(", ")))?)
        .or_else(label)
}

const NOT_REMOTE_WORDS: &str = r"\b(?:no|not|non|kein|keine|pas de|sans|sin|geen|niet|bez)[ -]+(?:(?:a|an|fully|100 ?%|full) )?(?:remote|remoto|home ?office|télétravail|teletrabajo)|\bremote(?: work)?(?: is|:)? ?(?:no\b|not\b)";
const HYBRID_WORDS: &str = r"\bh[yí]brid[aeo]?s?\b|\bhibrid[ao]\b|\bhybrydow\w*|\b(?:partly|partially|teilweise|partial) (?:remote|home ?office)|\btélétravail partiel";
const REMOTE_WORDS: &str = r"\bremote(?:ly)?\b|\bremot[oa]\b|\bt[ée]l[ée]travail\b|\bteletrabajo\b|\bteletrabalho\b|\bhome-?office\b|\bwork from (?:home|anywhere)\b|\bwfh\b|\btelecommut\w+|\bthuiswerk\w*|\bzdaln\w+|\bà distance\b|\bortsunabhängig\b";
const ON_SITE_WORDS: &str = r"\bon[ -]?site\b|\bin[ -]office\b|\bin[ -]person\b|\bvor ort\b|\bsur site\b|\bprésentiel\b|\bpresencial\b|\bop locatie\b|\bstacjonarn\w+";

static NOT_REMOTE: LazyLock<Regex> = LazyLock::new(|| pattern(NOT_REMOTE_WORDS));
static HYBRID: LazyLock<Regex> = LazyLock::new(|| pattern(HYBRID_WORDS));
static REMOTE: LazyLock<Regex> = LazyLock::new(|| pattern(REMOTE_WORDS));
static ON_SITE: LazyLock<Regex> = LazyLock::new(|| pattern(ON_SITE_WORDS));
/// All of these, wherever they begin and end: most lines hold none, which one look tells.
static ANY: LazyLock<Regex> = LazyLock::new(|| {
    let all = [NOT_REMOTE_WORDS, HYBRID_WORDS, REMOTE_WORDS, ON_SITE_WORDS].join("|");
    pattern(&format!("(?:{})", all.replace(r"\b", "")))
});
static EITHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\bremote ?(?:or|oder|ou|/) ?on[ -]?site\b|\bon[ -]?site ?(?:or|oder|ou|/) ?remote\b")
});
/// What means remote work where a place is expected, and something else in a title.
static ANYWHERE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\banywhere\b|\bworldwide\b|\bweltweit\b|\bhome office\b"));

fn pattern(pattern: &str) -> Regex {
    Regex::new(&format!("(?i){pattern}")).expect("a valid pattern")
}

/// Remote sensing is a trade and a hybrid cloud a machine: after these words no place is meant.
const THINGS: [&str; 26] = [
    "sensing",
    "desktop",
    "access",
    "control",
    "controlled",
    "monitoring",
    "procedure",
    "cloud",
    "app",
    "apps",
    "mobile",
    "vehicle",
    "vehicles",
    "electric",
    "infrastructure",
    "it",
    "search",
    "data",
    "integration",
    "rf",
    "threat",
    "systems",
    "pilot",
    "sales",
    "casualty",
    "identity",
];

/// A field made for the question: a bare yes or no will do.
fn field(text: &str) -> Option<Remote> {
    let text = text.to_lowercase().replace('_', " ");
    match text.trim() {
        "true" | "yes" | "y" | "1" | "fully" | "full" | "ja" | "oui" | "sí" | "si" | "100%" => {
            Some(Remote::Yes)
        }
        "false" | "no" | "n" | "0" | "office" | "nein" | "non" | "nee" => Some(Remote::No),
        "partial" | "partially" | "partly" | "teilweise" => Some(Remote::Hybrid),
        text => place(text),
    }
}

/// What a text about a place says of remote work.
pub fn place(text: &str) -> Option<Remote> {
    line(text).or_else(|| ANYWHERE.is_match(text).then_some(Remote::Yes))
}

fn line(text: &str) -> Option<Remote> {
    ANY.is_match(text).then(|| found(text))?
}

fn found(text: &str) -> Option<Remote> {
    if NOT_REMOTE.is_match(text) {
        return Some(Remote::No);
    }
    match (says(&HYBRID, text), says(&REMOTE, text), says(&ON_SITE, text)) {
        (false, true, true) if EITHER.is_match(text) => Some(Remote::Yes),
        (true, _, _) | (false, true, true) => Some(Remote::Hybrid),
        (false, true, false) => Some(Remote::Yes),
        (false, false, true) => Some(Remote::No),
        (false, false, false) => None,
    }
}

fn says(words: &Regex, text: &str) -> bool {
    words.find_iter(text).any(|found| {
        let after = text.get(found.end()..).unwrap_or_default();
        let next = after.strip_prefix([' ', '-']).unwrap_or_default();
        let next = next.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        !THINGS.contains(&next.to_lowercase().as_str())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTHING: Said<'_> = Said {
        stated: None,
        location: None,
        title: "",
        tags: &[],
        labelled: &Labelled(Vec::new()),
    };

    #[track_caller]
    fn check(said: Said<'_>, want: &str) {
        assert_eq!(remote(said).map_or("", Remote::as_str), want, "{said:?}");
    }

    #[test]
    fn the_boards_own_word_comes_first() {
        for (stated, want) in [
            ("fully", "yes"),
            ("TRUE", "yes"),
            ("Remote", "yes"),
            ("REMOTE_ONLY", "yes"),
            ("hybrid", "hybrid"),
            ("onsite", "no"),
            ("On-site", "no"),
            ("false", "no"),
            ("no", "no"),
            ("TELECOMMUTE", "yes"),
            ("unspecified", ""),
            ("", ""),
        ] {
            check(Said { stated: Some(stated), ..NOTHING }, want);
        }
        check(Said { stated: Some("no"), location: Some("Remote"), ..NOTHING }, "no");
        check(Said { stated: Some("?"), location: Some("Remote"), ..NOTHING }, "yes");
    }

    #[test]
    fn places_say_it() {
        for (location, want) in [
            ("Remote, EU only", "yes"),
            ("Anywhere in the World", "yes"),
            ("Japan - Remote", "yes"),
            ("Hybrid remote, Berlin", "hybrid"),
            ("Berlin", ""),
            ("Berlin (kein Homeoffice)", "no"),
            ("No remote", "no"),
            ("not remote", "no"),
            ("Paris, télétravail partiel", "hybrid"),
            ("Télétravail", "yes"),
            ("Remoto", "yes"),
            ("Remote not possible", "no"),
            ("Onsite or remote", "yes"),
            ("Kiel, home office", "yes"),
            ("Kiel, on-site, some remote", "hybrid"),
            ("Worldwide", "yes"),
            ("North Remotica", ""),
        ] {
            check(Said { location: Some(location), ..NOTHING }, want);
        }
    }

    #[test]
    fn titles_and_tags_say_it_too() {
        for (title, want) in [
            ("Rust Engineer (100% remote)", "yes"),
            ("Dev - on-site", "no"),
            ("Remote Sensing Engineer", ""),
            ("Remote-Access Specialist", ""),
            ("Hybrid Cloud Engineer", ""),
            ("Hybrid Cloud Engineer, remote", "yes"),
            ("Head of Worldwide Sales", ""),
            ("Entwickler, teilweise Homeoffice", "hybrid"),
        ] {
            check(Said { title, ..NOTHING }, want);
        }
        let tags = ["rust".to_owned(), "Remote".to_owned(), "sales".to_owned()];
        check(Said { tags: &tags, ..NOTHING }, "yes");
    }

    #[test]
    fn of_a_body_only_a_label_counts() {
        for (body, want) in [
            ("Our remote team\nis hybrid", ""),
            ("Remote: yes", "yes"),
            ("Remote: No", "no"),
            ("Workplace: hybrid, 2 days", "hybrid"),
        ] {
            check(Said { labelled: &Labelled::of(body), ..NOTHING }, want);
        }
    }

    proptest! {
        #[test]
        fn lines_that_are_not_looked_through_say_nothing(
            words in prop::collection::vec(
                prop::sample::select(vec!["Kiel", "no", "kein", "fully", "remote", "remoto", "home",
                    "office", "télétravail", "TELETRABAJO", "not", "híbrido", "hybrid", "hybrydowo",
                    "partly", "partiel", "remotely", "work", "from", "anywhere", "wfh", "telecommuter",
                    "thuiswerken", "zdalna", "à", "distance", "ortsunabhängig", "on", "ſite", "in",
                    "person", "vor", "ort", "sur", "présentiel", "presencial", "op", "locatie",
                    "stacjonarna", "Sensing"]), 0..6),
            between in prop::sample::select(vec![" ", "-", ""]),
        ) {
            let text = words.join(between);
            prop_assert_eq!(line(&text), found(&text));
        }
    }
}
