//! The number of an ad in its address, on an ATS and elsewhere.

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

/// By what a page is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// A number that is long enough to be of this page alone.
    Number(String),
    /// A number of few digits.
    Short(String),
    /// The path, whose words tell one ad from others.
    Words(String),
    /// Nothing but all of it.
    Whole,
}

/// Names of parameters that hold the number of an ad.
const NUMBERS: &[&str] = &[
    "ashby_jid",
    "jobid",
    "job_id",
    "job",
    "jid",
    "id",
    "jk",
    "reqid",
    "req",
    "requisitionid",
    "positionid",
    "opportunityid",
    "pid",
    "vacancyid",
    "career_job_req_id",
];

/// Fewer digits are soon shared by two pages.
const LONG: usize = 5;

/// Words of addresses under which all jobs of a company stand.
const LISTS: &[&str] = &[
    "jobs",
    "careers",
    "career",
    "positions",
    "openings",
    "vacancies",
    "us",
    "roles",
    "work",
    "search",
    "results",
    "apply",
];

/// Words of which alone no job is named: `/early-talent/internship-program`.
const GENERIC: &[&str] = &[
    "join",
    "our",
    "team",
    "teams",
    "internship",
    "internships",
    "student",
    "students",
    "program",
    "programs",
    "university",
    "campus",
    "recruiting",
    "early",
    "talent",
    "graduate",
    "graduates",
    "opportunities",
    "open",
    "current",
    "all",
    "now",
    "hiring",
    "and",
];

static UUID: LazyLock<Regex> =
    LazyLock::new(|| pattern("(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(\d{3,}(?:-\d{5,})?)(?:-|$)|-(\d{5,}|[013-9]\d{3})$"));
static LONG_NUMBER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(\d{5,}(?:-\d{5,})?)(?:-|$)|-(\d{5,})$"));
/// What Workday adds where one requisition is shown once more. After a year it is the number itself.
static AGAIN: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d{4,})-\d{1,2}$"));

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// Companies show an ATS's ads on pages of their own.
pub(super) fn foreign(url: &Url) -> Option<String> {
    let number = |wanted: &str| {
        let mut pairs = url.query_pairs();
        let (_, number) = pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        has_digit(&number).then(|| number.into_owned())
    };
    let greenhouse = number("gh_jid").map(|number| format!("greenhouse.io:{number}"));
    greenhouse.or_else(|| Some(format!("ashbyhq.com:{}", number("ashby_jid")?)))
}

/// The number among the parameters; on an ATS its forms have theirs.
pub(super) fn parameter(url: &Url, ats: bool) -> Option<String> {
    // In the order of the table, whatever that of the address is.
    let place = |name: &str| match name {
        "token" if ats => Some(0),
        _ => NUMBERS.iter().position(|known| *known == name).map(|place| place + 1),
    };
    let found = url.query_pairs().filter_map(|(name, value)| {
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        Some((place(&name.to_ascii_lowercase())?, value)).filter(|_| digits >= 3)
    });
    found.min_by_key(|(place, _)| *place).map(|(_, value)| value.into_owned())
}

/// The number in the parts of a path that follow the system's word for it.
pub(super) fn of_ats(parts: &[&str], before: &str) -> Option<String> {
    if let Some(uuid) = parts.iter().find_map(|part| UUID.find(part)) {
        return Some(uuid.as_str().to_ascii_lowercase());
    }
    let part = match before {
        // A slug, or letters, are all that there is.
        "o" => parts.first(),
        _ => {
            parts.iter().find(|part| has_digit(part)).or(parts.first().filter(|_| before == "job"))
        }
    }?;
    let head: String = part.chars().take_while(char::is_ascii_digit).collect();
    Some(if head.len() > 3 && part.len() > head.len() && before != "j" {
        head
    } else {
        part.to_ascii_lowercase()
    })
}

/// The requisition at the end of a Workday address, its letters and digits alone.
pub(super) fn of_workday(parts: &[&str]) -> Option<String> {
    let mut ends = parts.iter().rev().filter_map(|part| Some(part.rsplit_once('_')?.1));
    let number = ends.find(|end| has_digit(end))?;
    let cut =
        AGAIN.captures(number).and_then(|found| found.get(1)).filter(|run| !is_year(run.as_str()));
    let number = cut.and_then(|run| number.get(..run.end())).unwrap_or(number);
    let plain = number.chars().filter(char::is_ascii_alphanumeric);
    Some(plain.map(|c| c.to_ascii_lowercase()).collect())
}

fn is_year(number: &str) -> bool {
    number.len() == 4 && number.starts_with("20")
}

/// What tells a page from the others of its site; nothing, if it shows all jobs.
pub(super) fn of_page(parts: &[&str], url: &Url) -> Option<Known> {
    if let Some(number) = at_end(parts) {
        return Some(of_length(number));
    }
    if let Some(number) = parameter(url, false) {
        return Some(of_length(number));
    }
    let number = parts.iter().rev().find_map(|part| {
        let found = LONG_NUMBER.captures(part)?;
        found.get(1).or_else(|| found.get(2))
    });
    if let Some(number) = number {
        return Some(Known::Number(number.as_str().to_owned()));
    }
    let last = parts.last()?;
    if UUID.is_match(last) {
        // Of the board.
        return None;
    }
    let is = |word: &str, of: &[&str]| of.iter().any(|known| known.eq_ignore_ascii_case(word));
    let words = || last.split(['-', '_']);
    if words().any(|word| is(word, LISTS)) || words().all(|word| is(word, GENERIC)) {
        return None;
    }
    if last.contains('-') {
        return Some(Known::Words(parts.join("/").to_ascii_lowercase()));
    }
    // A word alone is a list as often: `/careers/students`.
    parts.iter().any(|part| has_digit(part)).then_some(Known::Whole)
}

fn of_length(number: String) -> Known {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if digits >= LONG { Known::Number(number) } else { Known::Short(number) }
}

/// A number at the begin or end of the last part of a path, or an identifier in any part.
fn at_end(parts: &[&str]) -> Option<String> {
    let uuid = |part: &&str| UUID.find(part).map(|found| found.as_str().to_ascii_lowercase());
    // A board may have an identifier, whose ads have theirs.
    let boards = parts.iter().position(|part| part.eq_ignore_ascii_case("jobboard"));
    let own =
        parts.iter().enumerate().filter(|(at, _)| boards.is_none_or(|board| *at != board + 1));
    if let Some(uuid) = own.rev().find_map(|(_, part)| uuid(part)) {
        return Some(uuid);
    }
    let found = NUMBER.captures(parts.last()?)?;
    let number = found.get(1).or_else(|| found.get(2))?;
    Some(number.as_str().to_owned())
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requisition_is_what_follows_the_last_line() {
        let number = |last: &str| of_workday(&["Ext_2", "job", "York", &format!("Dev_{last}")]);
        for (last, want) in [
            ("R-0099", "r0099"),
            ("R-0099-1", "r0099"),
            ("JR2024-01234-2", "jr202401234"),
            ("2025-45", "202545"),
            ("2025-46", "202546"),
            ("R-25-87", "r2587"),
            ("R-25-88", "r2588"),
            ("JOBREQ12345", "jobreq12345"),
            ("24WD77001", "24wd77001"),
            ("2025-1234A", "20251234a"),
            ("REQ_12345", "12345"),
        ] {
            assert_eq!(number(last).as_deref(), Some(want), "{last}");
        }
    }

    #[test]
    fn a_board_has_an_identifier_of_its_own() {
        let board = "5b1f7a0e-1111-4a4a-9c9c-abcdefabcdef";
        let parts = ["ACM1000", "JobBoard", board];
        let url = |query: &str| Url::parse(&format!("https://x.example/{query}")).unwrap();
        assert_eq!(of_page(&parts, &url("")), None);
        let ad = board.replace("5b1f", "6b1f");
        let of_ad = of_page(&parts, &url(&format!("?opportunityId={ad}")));
        assert_eq!(of_ad, Some(Known::Number(ad)));
    }
}
