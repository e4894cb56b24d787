//! The time zones that a posting allows: in which of its words they are looked for.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::pattern;
use super::labels::Labelled;
use super::zone_words::{listed, names_zone, several};
use crate::domain::facts::Zones;

const LABELS: &[&str] =
    &["Timezone", "Timezones", "Time zone", "Time zones", "Time-zone", "Zeitzone", "Zeitzonen"];

/// Hours in common are no place to be in, and a wish is no condition.
static VAGUE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\boverlap|\bcore hours\b|\bmeetings?\b|\bprefer|\bideal|\bflexib|\bsimilar\b|\bcompatible\b|\bnot?\b|\bexcept|\bexclud|\boutside\b",
    )
});
static ABOUT_ZONES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\btime[- ]?zones?\b|\bzeitzonen?\b"));
static ANYWHERE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bremote|\btime|\bzeit|\banywhere\b|\bworldwide\b|\bhours\b"));
/// Where somebody has to be.
static ASKED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:must|should|need to|have to) be\b|\blocated\b|\bbased\b|\breside|\blive\b|\bliving\b|\bcandidates?\b|\bapplicants?\b|\bhir(?:e|es|ing)\b|\bonly\b|\brestrict|\beligible\b|\bopen to\b",
    )
});
/// Where others are.
static OTHERS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bour\b|\bteams?\b|\bcustomers?\b|\bclients?\b|\busers?\b|\bcolleagues\b|\bhq\b|\bheadquarter|\boffices?\b|\bspread\b|\bspan|\bcompany\b|\bwe(?:[’']re| are) (?:an?|based|located|in|all|distributed)\b",
    )
});

/// What is found first: in the place, on a line for it, in the title, in a sentence about time zones.
pub fn zones(
    location: Option<&str>,
    title: &str,
    body: &str,
    labelled: &Labelled<'_>,
) -> Option<Zones> {
    let clear = |text: &&str| names_zone(text) && !VAGUE.is_match(text);
    let body_line = labelled.value(LABELS).filter(clear);
    // A zone's name is quicker to find, or not to find, than what else a sentence needs.
    let about = names_zone(body) && ABOUT_ZONES.is_match(body);
    let body = if about { body } else { "" };
    let sentences = body
        .split(['.', '\n', ';', '•', '!', '?'])
        .filter(|it| ABOUT_ZONES.is_match(it) && ASKED.is_match(it) && !OTHERS.is_match(it))
        .filter(clear);
    let title = Some(title).filter(clear);
    let read = |text: &str, bare| several(text).or_else(|| listed(text, bare));
    location
        .filter(clear)
        .and_then(|text| read(text, ANYWHERE.is_match(text)))
        .or_else(|| body_line.and_then(|text| read(text, true)))
        .or_else(|| title.and_then(|text| read(text, ABOUT_ZONES.is_match(text))))
        .or_else(|| sentences.into_iter().find_map(|text| read(text, true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(location: &str, body: &str, want: &str) {
        let found =
            zones(Some(location), "Cook", body, &Labelled::of(body)).map(|zones| zones.to_string());
        assert_eq!(found.unwrap_or_default(), want, "{location} {body}");
    }

    #[test]
    fn ranges_offsets_and_hours_around_a_zone_are_read() {
        check("Remote (UTC-5 to UTC+1)", "", "UTC−5…UTC+1");
        check("Remote, UTC −3…+3", "", "UTC−3…UTC+3");
        check("GMT+0 - GMT+3", "", "UTC+0…UTC+3");
        check("Remote (UTC+3)", "", "UTC+3");
        check("UTC+5:30", "", "UTC+5:30");
        check("Remote (CET ± 2h)", "", "UTC−1…UTC+3");
        check("", "Timezone: EST", "UTC−5");
        check("", "Time zones: CET +/- 3 hours", "UTC−2…UTC+4");
        check("Remote (within 3 hours of CET)", "", "UTC−2…UTC+4");
        check("Remote (EST or PST)", "", "UTC−8…UTC−5");
        check("CET +1/-3", "", "UTC−2…UTC+2");
        check("UTC 0 to +3", "", "UTC+0…UTC+3");
        check("", "Timezone: PST, EST, or CST", "UTC−8…UTC−5");
        check("", "Candidates must be located in the CET time zone.", "UTC+1");
        check("", "You live in a time zone between UTC-8 and UTC+3. Good.", "UTC−8…UTC+3");
    }

    #[test]
    fn what_only_looks_like_a_zone_is_none() {
        check("Berlin", "All timestamps are UTC-based", "");
        check("Berlin", "Timezone: overlap with EST of 4 hours", "");
        check("Remote (4h overlap with CET)", "", "");
        check("Berlin", "We meet at 10:00 CET in every time zone", "");
        check("UTC-99", "", "");
        check("UTC-5 to UTC+99", "", "");
        check("UTC+5.5", "", "");
        check("Grand Est, France", "", "");
        check("GRAND EST", "", "");
        check("San Diego - UTC", "", "");
        check("Remote (CST)", "", "");
        check("Remote (CET, IST)", "", "");
        check("Remote, CET preferred", "", "");
        check("UTC+9 to UTC-8", "", "");
        check("", "Timezone: any, but not EST", "");
        check("", "Timezone: 9-5 EST", "");
        check("", "Timezone: CET ± 1 to 2 hours", "");
        check("", "You must convert EST time zone data", "");
        check("", "Our team is spread across time zones from UTC-8 to UTC+10.", "");
        check("", "You fix time zone bugs of UTC-5 to UTC+1.", "");
        check("Invest in Westend", "", "");
    }
}
