//! Marks that boards put into titles: genders, pay, workloads, numbers of requisitions.

use std::sync::LazyLock;

use regex::Regex;

/// A title without its marks.
pub struct Stripped {
    pub text: String,
    /// The number that the company gave the job, its letters and digits alone.
    pub requisition: Option<String>,
}

static REQUISITION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix) [\(\[\#\-–|,\ ]* (?:
            \b(?:req(?:uisition)?|ref(?:erence)?|kennziffer|referenz(?:nummer)?|job|vacancy|stellen-?id|position)
            [\ .:\#-]*(?:id|no|nr|number|nummer)?[\ .:\#-]* (?P<a>[a-z]{0,4}[-_]?\d[\d-]{2,}\b)
          | \b(?P<b>(?:JR|REQ|R)[-_]?\d{3,})\b
          | [\(\[\#]\s*(?:id[\ :\#]*)?(?P<c>\d{5,})\b
          | \s[-–|]\s*(?:id[\ :\#]*)?(?P<d>\d{5,})$
        ) [\)\]]?",
    )
});
/// (m/w/d), H/F, (all genders).
static GENDERS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix) [\(\[]? \b(?:m|w|f|h|d|x|v|k|i|n|div|divers|gn)
            (?:\s?[/|:*,]\s?(?:m|w|f|h|d|x|v|k|i|n|div|divers|gn)\b){1,4} \s*[\)\]]?
          | [\(\[]\s*(?:mwd|wmd|gn|all\ genders?|alle\ geschlechter|divers|h\s?-\s?f)\s*[\)\]]",
    )
});
/// Entwickler:in, Développeur·se, Chargé(e), Médico/a.
static ENDINGS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x) (?P<stem>\p{L}{3,}) (?:[/:*·•_]-?|\()
            (?:innen|in|r|euse|se|rice|trice|ne|ère|as|a|os|o|fe|ive|es|e)\b \)?",
    )
});
/// €90k–€110k, $22–$26/hr, 80–100%.
static PAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix) [$€£]\s?\d[\d.,]*\s?k?\b (?:\s?[-–]\s?[$€£]?\s?\d[\d.,]*\s?k?\b)?
            (?:\s?(?:/|per)\s?(?:hour|hr|h|year|yr|month|mo|week|day|annum))?
          | \b\d{2,3}\s?(?:[-–]\s?\d{2,3}\s?)?%",
    )
});
/// Where a part of a title ends.
static BREAK: LazyLock<Regex> = LazyLock::new(|| pattern(r"\s[-–—/]+\s|[,|()\[\]:;•*!@—]|\s-|-\s"));

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// Takes the marks out.
pub fn strip(title: &str) -> Stripped {
    let mut text = title.to_owned();
    let mut requisition = None;
    if text.bytes().any(|byte| byte.is_ascii_digit()) {
        if let Some(found) = REQUISITION.captures(title) {
            let number = ["a", "b", "c", "d"].into_iter().find_map(|name| found.name(name));
            requisition = number.map(|number| number_of(number.as_str()));
            text = REQUISITION.replace(title, " | ").into_owned();
        }
        text = PAY.replace_all(&text, " ").into_owned();
    }
    if text.contains(['/', '|', ':', '*', ',', '(', '[']) {
        text = GENDERS.replace_all(&text, " ").into_owned();
    }
    if text.contains(['/', ':', '*', '·', '•', '_', '(']) {
        text = ENDINGS.replace_all(&text, "$stem ").into_owned();
    }
    Stripped { text, requisition }
}

fn number_of(number: &str) -> String {
    let plain = number.chars().filter(char::is_ascii_alphanumeric);
    plain.map(|c| c.to_ascii_lowercase()).collect()
}

/// The parts of a title that stand for themselves.
pub fn segments(text: &str) -> impl Iterator<Item = &str> {
    BREAK.split(text).map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(title: &str, text: &str, requisition: Option<&str>) {
        let found = strip(title);
        let words: Vec<&str> = found.text.split_whitespace().collect();
        assert_eq!((words.join(" ").as_str(), found.requisition.as_deref()), (text, requisition));
    }

    #[test]
    fn marks_are_taken_out() {
        check("Clerk (m/w/d)", "Clerk", None);
        check("Clerk F/H - CDI", "Clerk - CDI", None);
        check("Entwickler*in Backend", "Entwickler Backend", None);
        check("Chargé(e) de clientèle", "Chargé de clientèle", None);
        check("Chef ($22–$26/hr)", "Chef ( )", None);
        check("Webdesigner 80–100%", "Webdesigner", None);
        check("Clerk (Req #20331)", "Clerk |", Some("20331"));
        check("GIS Analyst [R-1188]", "GIS Analyst |", Some("r1188"));
        check("Clerk (ID 12345)", "Clerk |", Some("12345"));
        check("Clerk - 12345", "Clerk |", Some("12345"));
        check("Business Analyst (Ref: BA-771)", "Business Analyst |", Some("ba771"));
        check("Caregiver / CNA, Top 500", "Caregiver / CNA, Top 500", None);
    }
}
