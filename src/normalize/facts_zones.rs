//! The time zones that a posting allows, where it states them as offsets, as a range, or as a zone and
//! some hours around it.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::facts::pattern;
use super::labels::labelled;
use crate::domain::facts::Zones;

const LABELS: &[&str] =
    &["Timezone", "Timezones", "Time zone", "Time zones", "Time-zone", "Zeitzone", "Zeitzonen"];

/// Zones whose letters mean one thing only. IST is three of them, CST two.
const NAMED: [(&str, i32); 14] = [
    ("utc", 0),
    ("gmt", 0),
    ("wet", 0),
    ("bst", 60),
    ("cet", 60),
    ("cest", 120),
    ("eet", 120),
    ("eest", 180),
    ("est", -300),
    ("edt", -240),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
];

const ZONE: &str = r"(?:utc|gmt|wet|bst|cest|cet|eest|eet|est|edt|mst|mdt|pst|pdt)";

static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b({ZONE}) ?(?:([+\-−–]) ?(\d{{1,2}})(?::?([0-5]\d))?)? ?(?:to|and|until|through|bis|und|…|\.\.+|–|—|-|/) ?(?:({ZONE}) ?)?(?:([+\-−–]) ?(\d{{1,2}})(?::?([0-5]\d))?)?\b"
    ))
});
static AROUND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b({ZONE}) ?(?:([+\-−–]) ?(\d{{1,2}})(?::?([0-5]\d))?)? ?(?:\(?±|\(?\+ ?/ ?[-−–]|plus or minus|plus/minus) ?(\d{{1,2}}) ?(?:h\b|hrs?\b|hours?\b|std\b|stunden\b)?"
    ))
});
static ONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"\b({ZONE})(?: ?([+\-−–]) ?(\d{{1,2}})(?::?([0-5]\d))?)?\b"))
});
/// Hours in common are no place to be in.
static OVERLAP: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\boverlap|\bcore hours\b|\bmeetings?\b"));
static ABOUT_ZONES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\btime[- ]?zones?\b|\bzeitzonen?\b"));

/// What is found first: in the place, on a line for it, in the title, in a sentence about time zones.
pub fn zones(location: Option<&str>, title: &str, body: &str) -> Option<Zones> {
    let stated = [location, labelled(body, LABELS)].into_iter().flatten();
    let stated = stated.filter(|text| !OVERLAP.is_match(text));
    let body = if ABOUT_ZONES.is_match(body) { body } else { "" };
    let sentences = body.split(['.', '\n', ';', '•', '!', '?']);
    let sentences = sentences.filter(|it| ABOUT_ZONES.is_match(it) && !OVERLAP.is_match(it));
    stated
        .clone()
        .find_map(|text| several(text).or_else(|| one(text)))
        .or_else(|| several(title))
        .or_else(|| sentences.into_iter().find_map(several))
}

/// "UTC-5 to UTC+1", "CET ± 3 hours".
fn several(text: &str) -> Option<Zones> {
    let around = AROUND.captures(text).and_then(|found| {
        let middle = offset(&found, 1)?;
        let hours: i32 = found.get(5)?.as_str().parse().ok()?;
        (hours <= 12).then_some((middle - hours * 60, middle + hours * 60))
    });
    let range = || {
        RANGE.captures(text).and_then(|found| {
            // One of the two must be a zone of its own: in "UTC-5" the dash belongs to the number.
            found.get(5).or(found.get(6))?;
            Some((offset(&found, 1)?, offset(&found, 5)?))
        })
    };
    let (from, to) = around.or_else(range)?;
    Zones::new(from.max(-720), to.min(840))
}

fn one(text: &str) -> Option<Zones> {
    let found = ONE.captures(text)?;
    let minutes = offset(&found, 1)?;
    Zones::new(minutes, minutes)
}

/// The minutes of a zone's name, sign, hours and minutes, from a group on. A name may be missing
/// behind one that was said.
fn offset(found: &Captures<'_>, first: usize) -> Option<i32> {
    let text = |group: usize| found.get(first + group).map(|found| found.as_str().to_lowercase());
    let base = match text(0) {
        Some(name) => NAMED.iter().find(|(known, _)| *known == name)?.1,
        None => 0,
    };
    let number = |group: usize| text(group).and_then(|digits| digits.parse::<i32>().ok());
    let minutes = number(2).unwrap_or_default() * 60 + number(3).unwrap_or_default();
    Some(if text(1).as_deref() == Some("+") { base + minutes } else { base - minutes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(location: &str, body: &str, want: &str) {
        let found = zones(Some(location), "Cook", body).map(|zones| zones.to_string());
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
        check("", "You live in a time zone between UTC-8 and UTC+3. Good.", "UTC−8…UTC+3");
    }

    #[test]
    fn what_only_looks_like_a_zone_is_none() {
        check("Berlin", "All timestamps are UTC-based", "");
        check("Berlin", "Timezone: overlap with EST of 4 hours", "");
        check("Remote (4h overlap with CET)", "", "");
        check("Berlin", "We meet at 10:00 CET in every time zone", "");
        check("UTC-99", "", "");
        check("Invest in Westend", "", "");
    }
}
