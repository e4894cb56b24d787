//! What kind of employment, which level, language and time zones a posting asks for, and whether it
//! helps with a visa: what the board states, or else what the text says beyond doubt.

use regex::Regex;

use super::labels::Labelled;
use super::{RawPosting, facts_kind, facts_lang, facts_title, facts_visa, facts_zones};
use crate::domain::facts::{Employment, Facts, Level, Zones};

const KIND: &[&str] = &[
    "Employment type",
    "Employment",
    "Type of employment",
    "Job type",
    "Position type",
    "Type",
    "Contract type",
    "Type of contract",
    "Anstellungsart",
    "Beschäftigungsart",
    "Vertragsart",
    "Type de contrat",
    "Tipo de contrato",
];

/// What a posting says, the surest word first.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// What the board states.
    pub raw: &'a RawPosting,
    pub title: &'a str,
    pub location: Option<&'a str>,
    pub body: &'a str,
    /// The lines of the body that are labelled.
    pub labelled: &'a Labelled<'a>,
}

/// The facts of a posting.
pub fn facts(said: &Said<'_>) -> Facts {
    let Said { raw, title, location, body, labelled } = *said;
    let stated = raw.employment.iter().filter_map(|word| stated_employment(word));
    let mut employment: Vec<Employment> = stated.collect();
    if employment.is_empty() {
        employment = facts_kind::employment(title);
    }
    if employment.is_empty() {
        employment = labelled.value(KIND).map(facts_kind::employment).unwrap_or_default();
    }
    employment.sort_unstable();
    employment.dedup();
    let level = lowest(raw.level.iter().filter_map(|word| stated_level(word)));
    Facts {
        employment,
        level: level.or_else(|| facts_title::level(title)),
        lang: raw
            .lang
            .as_deref()
            .and_then(facts_lang::stated)
            .or_else(|| facts_lang::of_text(body)),
        visa: facts_visa::visa(title, body),
        zones: stated_zones(&raw.zones)
            .or_else(|| facts_zones::zones(location, title, body, labelled)),
    }
}

/// A pattern that takes no notice of case. Words are made and end as ASCII words do: with the
/// letters and ends of all scripts the search is ten times as slow.
pub fn pattern(pattern: &str) -> Regex {
    let pattern = pattern.replace(r"\b", r"(?-u:\b)").replace(r"\w", "[0-9A-Za-z_]");
    Regex::new(&format!("(?i){pattern}")).expect("a valid pattern")
}

/// The letters of a board's word, small, without what stands between them.
fn letters(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// "Full-time", "Regular Full Time (Salary)", "Contract".
fn stated_employment(word: &str) -> Option<Employment> {
    let letters = letters(word);
    let has = |parts: &[&str]| parts.iter().any(|part| letters.contains(part));
    if has(&["intern", "trainee", "praktikum", "stage"]) && !has(&["internal", "international"]) {
        Some(Employment::Internship)
    } else if has(&["freelance", "freiberuf"]) {
        Some(Employment::Freelance)
    } else if has(&["parttime", "teilzeit"]) {
        Some(Employment::Parttime)
    } else if has(&["fulltime", "vollzeit", "permanent", "unbefristet", "salariedft"]) {
        Some(Employment::Fulltime)
    } else if has(&["contract", "temporary", "fixedterm", "befristet"]) {
        Some(Employment::Contract)
    } else {
        None
    }
}

/// "Senior", "Mid-Senior level", "Entry Level"; "experienced" may be any but the least.
fn stated_level(word: &str) -> Option<Level> {
    let letters = letters(word);
    let has = |parts: &[&str]| parts.iter().any(|part| letters.contains(part));
    if has(&["lead", "principal", "staff", "director", "executive", "head", "manager"]) {
        Some(Level::Lead)
    } else if has(&["midsenior"]) {
        // From the middle upwards: which of the two, only the title can say.
        None
    } else if has(&["midweight", "midlevel", "intermediate"])
        || ["mid", "middle", "associate"].contains(&letters.as_str())
    {
        Some(Level::Mid)
    } else if has(&["senior"]) {
        Some(Level::Senior)
    } else if has(&["junior", "entry", "graduate", "student", "intern"]) {
        Some(Level::Junior)
    } else {
        None
    }
}

/// Where several levels are welcome, the least that is asked for.
fn lowest(levels: impl Iterator<Item = Level>) -> Option<Level> {
    levels.min()
}

/// All hours of the shortest way round the globe that touches each, in minutes: UTC+14 is the hour of
/// UTC−10.
fn stated_zones(hours: &[f64]) -> Option<Zones> {
    let minutes = |hours: f64| {
        let minutes = (hours * 60.0).round();
        (-720..=840).find(|whole| f64::from(*whole) - minutes == 0.0)
    };
    let stated: Vec<i32> = hours.iter().filter_map(|hours| minutes(*hours)).collect();
    let mut round: Vec<i32> = stated.iter().map(|minutes| minutes.rem_euclid(DAY)).collect();
    round.sort_unstable();
    round.dedup();
    let next = round.iter().skip(1).copied().chain(round.first().map(|first| first + DAY));
    let gaps = round.iter().zip(next).map(|(at, next)| (next - at, next));
    // Of several that are widest, the last is the date line, or nearest to it.
    let (widest, from) = gaps.max_by_key(|(gap, next)| (*gap, -(next - DAY / 2).abs()))?;
    if widest <= ALL_ROUND {
        return Zones::new(*stated.iter().min()?, *stated.iter().max()?);
    }
    let to = from + DAY - widest;
    // As it was stated. Where the way crosses the date line nothing says it: then it is unknown.
    let ways = [2 * DAY, DAY, 0].into_iter().filter_map(|off| Zones::new(from - off, to - off));
    let fits = |zones: &Zones| stated.iter().filter(|at| zones.distance(**at) == 0).count();
    ways.max_by_key(fits)
}

/// Minutes of a day.
const DAY: i32 = 1_440;

/// With no wider gap than this, every hour of the globe is meant.
const ALL_ROUND: i32 = 180;

/// Texts that a pattern finds, for tests of what is asked before it.
#[cfg(test)]
pub fn found_by(pattern: &Regex) -> impl proptest::strategy::Strategy<Value = String> + use<> {
    let plain = ["(?i)", r"(?-u:\b)", "$"]
        .iter()
        .fold(pattern.as_str().to_owned(), |pattern, assertion| pattern.replace(assertion, ""));
    proptest::string::string_regex(&plain).expect("a pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: RawPosting, want: &str) {
        let labelled = &Labelled::of(&raw.body);
        let said = Said { raw: &raw, title: &raw.title, location: None, body: &raw.body, labelled };
        assert_eq!(serde_json::to_string(&facts(&said)).unwrap(), want);
    }

    #[test]
    fn what_a_board_does_not_state_is_read_from_the_text() {
        let body = "Employment type: Part-time\n\nWir suchen eine Köchin, die gerne mit Menschen arbeitet \
                    und keine Angst vor großen Töpfen hat. Wir bieten eine unbefristete Stelle in einem \
                    kleinen Haus an der Küste, freie Wochenenden und ein gutes Gehalt. Bewerbungen bitte \
                    mit Lebenslauf und Zeugnissen an unsere Küchenleitung.";
        let raw = RawPosting {
            title: "Senior Köchin".to_owned(),
            body: body.to_owned(),
            ..RawPosting::default()
        };
        check(raw.clone(), r#"{"type":["parttime"],"level":"senior","lang":"de"}"#);
        let stated = RawPosting {
            employment: vec!["Contract".to_owned()],
            level: vec!["Junior".to_owned()],
            lang: Some("en".to_owned()),
            ..raw
        };
        check(stated, r#"{"type":["contract"],"level":"junior","lang":"en"}"#);
    }

    #[test]
    fn what_boards_state_is_read_in_their_words() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        for (employment, level, want) in [
            ("full_time", "", r#"{"type":["fulltime"]}"#),
            ("Regular Full Time (Salary)", "", r#"{"type":["fulltime"]}"#),
            ("fulltime_permanent", "experienced", r#"{"type":["fulltime"]}"#),
            ("Contract", "Senior", r#"{"type":["contract"],"level":"senior"}"#),
            ("FREELANCE", "Mid-Senior Level", r#"{"type":["freelance"]}"#),
            ("Internship", "Entry Level", r#"{"type":["internship"],"level":"junior"}"#),
            ("PartTime", "Director", r#"{"type":["parttime"],"level":"lead"}"#),
            ("unbefristet", "", r#"{"type":["fulltime"]}"#),
            ("befristet", "", r#"{"type":["contract"]}"#),
            ("Internal", "", "{}"),
            ("Other", "Any", "{}"),
        ] {
            let raw = RawPosting {
                employment: words(&[employment]),
                level: words(&[level]),
                ..RawPosting::default()
            };
            check(raw, want);
        }
    }

    #[test]
    fn zones_go_the_shorter_way_round() {
        for (hours, want) in [
            (&[-10.0, -9.0, -8.0, -7.0, -6.0, -5.0, 14.0][..], Some((-600, -300))),
            (&[-10.0, -9.0, -8.0, -7.0, -6.0, -5.0, -4.0, -3.5, 14.0], Some((-600, -210))),
            (&[2.0], Some((120, 120))),
            (&[14.0], Some((840, 840))),
            (&[-10.0], Some((-600, -600))),
            (&[12.0, 13.0], Some((720, 780))),
            (&[-5.0, 1.0], Some((-300, 60))),
            (&[8.0, -8.0], None),
            (&[], None),
        ] {
            let zones = stated_zones(hours);
            assert_eq!(zones, want.and_then(|(from, to)| Zones::new(from, to)), "{hours:?}");
        }
        let all: Vec<f64> = (-12..=14).map(f64::from).collect();
        assert_eq!(stated_zones(&all), Zones::new(-720, 840));
    }

    #[test]
    fn languages_and_zones_are_read() {
        let raw = RawPosting {
            lang: Some("English (US)".to_owned()),
            zones: vec![-3.5, 1.0, 99.0],
            ..RawPosting::default()
        };
        check(raw, r#"{"lang":"en","zones":{"from":-210,"to":60}}"#);
        let raw = RawPosting { lang: Some("de-AT".to_owned()), ..RawPosting::default() };
        check(raw, r#"{"lang":"de"}"#);
    }
}
