//! The words of a text about time zones: offsets, ranges, and a zone with some hours around it.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::facts::pattern;
use crate::domain::facts::Zones;

/// What zones are called, and minutes east of UTC. CST counts where it cannot be China's.
const NAMED: [(&str, i32); 16] = [
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("BST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
];
/// The widest list that is read as all between: the zones of the United States.
const LIST_MINUTES: i32 = 180;

/// Case matters: in French, "est" is a word.
const ZONE: &str =
    r"(?-i:UTC|Utc|utc|GMT|Gmt|gmt|WET|BST|CEST|CET|EEST|EET|EST|EDT|CST|CDT|MST|MDT|PST|PDT)";
const OFFSET: &str = r"(?: ?([+\-−–]) ?(\d{1,2})(?::?([0-5]\d))?\b| ?[±]?0\b)?";
const HOURS: &str = r"(\d{1,2}) ?(?:hours?|hrs?|h|stunden|std)?\b";

static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b({ZONE}){OFFSET} ?(to|and|or|until|through|bis|und|…|\.\.+|–|—|-|/) ?(?:({ZONE}) ?)?(?:([+\-−–]) ?(\d{{1,2}})(?::?([0-5]\d))?)?\b"
    ))
});
static AROUND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b({ZONE}){OFFSET} ?\(?(?:±|\+ ?/ ?[-−–]|plus or minus|plus/minus) ?{HOURS}"
    ))
});
static WITHIN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?:\bwithin|±|\+ ?/ ?[-−–]|\bup to) ?{HOURS}(?: (?:of|from|to|around|the|difference|time|zone))* ({ZONE}){OFFSET}"
    ))
});
static ONE: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\b({ZONE}){OFFSET}\b")));
/// What the other zones of a list leave, if they are all: no number, no zone that is not known.
static LEFT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[\d±+]|\b(?:to|until|through|bis|between|zwischen|within|from|ahead|behind)\b|\b(?-i:IST|MSK|SGT|AEST|AEDT|AWST|JST|KST|HKT|PHT|NZST|NZDT|AST|AKST|HST|BRT|ART|WAT|CAT|EAT|SAST|PKT|ICT|GST|GRAND|ET|CT|MT|PT)\b",
    )
});
static AMERICA: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:e[sd]t|m[sd]t|p[sd]t|usa?|america|americas|canada)\b"));
static BETWEEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:between|zwischen|from|von)\b"));
static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(ZONE).expect("a valid pattern"));

/// Whether a text has the name of a zone, without which nothing can be read of it.
pub fn names_zone(text: &str) -> bool {
    NAME.is_match(text)
}

/// "UTC-5 to UTC+1", "CET ± 3 hours", "within 3 hours of CET".
pub fn several(text: &str) -> Option<Zones> {
    let around = |middle: i32, hours: i32| {
        let (from, to) = (middle - hours * 60, middle + hours * 60);
        (hours <= 12).then(|| Zones::new(from.max(-720), to.min(840)))?
    };
    let hours = |found: &Captures<'_>, group: usize| -> Option<i32> {
        found.get(group)?.as_str().parse().ok()
    };
    if let Some(found) = AROUND.captures(text) {
        // "CET ± 1 to 2 hours"
        let mut after = text.get(found.get(0)?.end()..)?.chars().take(5);
        if after.any(|c| c.is_ascii_digit()) {
            return None;
        }
        return around(offset(&found, 1, text)?, hours(&found, 5)?);
    }
    if let Some(found) = WITHIN.captures(text) {
        return around(offset(&found, 2, text)?, hours(&found, 1)?);
    }
    let found = RANGE.captures(text)?;
    let all = found.get(0)?;
    let rest = [text.get(..all.start())?, text.get(all.end()..)?];
    if rest.iter().any(|rest| ONE.is_match(rest)) {
        return None;
    }
    let from = offset(&found, 1, text)?;
    let to = match (found.get(6), found.get(7)) {
        (Some(_), _) => offset(&found, 6, text)?,
        // In "CET +1/-3" the name is said once.
        (None, Some(_)) if found.get(2).is_some() || from == 0 => {
            let name = found.get(1)?.as_str();
            base(name, text)? + signed(&found, 7)?
        }
        (None, _) => return None,
    };
    let is_list = matches!(found.get(5)?.as_str(), "/" | "or" | "and" | "und");
    let is_list = is_list && found.get(6).is_some() && !BETWEEN.is_match(text);
    // Round the far side of the earth, or two that have nothing between them.
    let apart = from.abs_diff(to) > LIST_MINUTES.unsigned_abs();
    if (is_list && apart) || from - to >= 720 {
        return None;
    }
    Zones::new(from, to)
}

/// "UTC+3", "EST or PST": zones that are named, and nothing else that could change them. A bare name
/// counts only where zones are talked of, or where it stands alone.
pub fn listed(text: &str, bare: bool) -> Option<Zones> {
    let found: Vec<Captures<'_>> = ONE.captures_iter(text).collect();
    let rest = ONE.replace_all(text, " ");
    let alone = !rest.contains(char::is_alphabetic);
    let named = bare || alone || found.iter().all(|found| found.get(2).is_some());
    if !named || LEFT.is_match(&rest) {
        return None;
    }
    let minutes: Option<Vec<i32>> = found.iter().map(|found| offset(found, 1, text)).collect();
    let minutes = minutes?;
    let (from, to) = (*minutes.iter().min()?, *minutes.iter().max()?);
    (to - from <= LIST_MINUTES).then(|| Zones::new(from, to))?
}

/// The minutes of a zone's name, sign, hours and minutes, from a group on.
fn offset(found: &Captures<'_>, first: usize, text: &str) -> Option<i32> {
    let base = base(found.get(first)?.as_str(), text)?;
    Some(base + if found.get(first + 1).is_some() { signed(found, first + 1)? } else { 0 })
}

fn base(name: &str, text: &str) -> Option<i32> {
    let name = name.to_uppercase();
    if ["CST", "CDT"].contains(&name.as_str()) && !AMERICA.is_match(text) {
        return None;
    }
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, minutes)| *minutes)
}

/// A sign, hours and maybe minutes, from a group on.
fn signed(found: &Captures<'_>, first: usize) -> Option<i32> {
    let number = |group: usize| found.get(group).map_or(Some(0), |it| it.as_str().parse().ok());
    let hours: i32 = number(first + 1).filter(|hours| *hours <= 14)?;
    let minutes = hours * 60 + number(first + 2)?;
    Some(if found.get(first)?.as_str() == "+" { minutes } else { -minutes })
}
