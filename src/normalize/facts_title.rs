//! Kind of employment and level as a title says them. Titles are short and say little else, so a word
//! there counts unless it is known to mean another thing: lead generation leads nobody.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::pattern;
use crate::domain::facts::{Employment, Level};

static KINDS: LazyLock<[(Employment, Regex); 5]> = LazyLock::new(|| {
    [
        (
            Employment::Contract,
            pattern(
                r"\([^)]*\bcontract\b[^)]*\)|[-–—|,/:] *(?:\d+[- ]months? )?contract *$|\bcontractor\b|\bmonths? contract\b|\bcontract[- ](?:to[- ]hire|role|position|basis)\b|\bfixed[- ]term\b|\bbefristet",
            ),
        ),
        (
            Employment::Freelance,
            pattern(r"\bfreelanc(?:e|er|ers|ing)\b|\bfreiberuflich\w*|\bfreie[rn]? mitarbeit\w*"),
        ),
        (
            Employment::Fulltime,
            pattern(r"\bfull[- ]?time\b|\bvollzeit\b|\btemps plein\b|\btiempo completo\b"),
        ),
        (
            Employment::Internship,
            pattern(r"\binternships?\b|\binterns?\b|\bprakti(?:kum|kant|kantin)\b|\bstagiaire\b"),
        ),
        (
            Employment::Parttime,
            pattern(
                r"\bpart[- ]?time\b|\bteilzeit\b|\btemps partiel\b|\bmedio tiempo\b|\bwerkstudent(?:in)?\b|\bworking student\b",
            ),
        ),
    ]
});
/// Words around which the one above means something else.
static NO_KIND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bsmart[- ]contract|\bfreelanc(?:e|er|ing) (?:platform|marketplace)|\bintern(?:al|ational)\b",
    )
});

/// Every kind of employment that a title, or a line made for it, names.
pub fn employment(text: &str) -> Vec<Employment> {
    let text = NO_KIND.replace_all(text, " ");
    KINDS.iter().filter(|(_, words)| words.is_match(&text)).map(|(kind, _)| *kind).collect()
}

static JUNIOR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bjunior\b|\bjr\b|\bentry[- ]level\b|\btrainee\b|\bapprentice\b|\bnew[- ]grad\b|\bgraduate (?:program(?:me)?|scheme|engineer|developer|trainee|analyst|software)\b|\bberufseinsteiger\w*",
    )
});
static MID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\bmid(?:dle)?[- ]?(?:level|weight)\b|\bintermediate\b|\bmedior\b|\bmid\b")
});
static SENIOR: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bsenior\b|\bsr\b|\bsnr\b"));
static LEAD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\blead\b|\bprincipal\b|\bhead of\b|\bdirector\b|\bvp\b|\bvice president\b|\bchief\b|\bteamleit(?:er|erin|ung)\b|\bstaff (?:\w+ )?(?:engineer|developer|scientist|designer|architect|sre|researcher)\b",
    )
});
static NO_LEVEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\blead (?:gen\w*|qualif\w*|acquisition|sourcing|magnet|time)\b|\bsenior (?:living|care|citizens?|housing|services)\b|\bmid[- ]?market\b|\bchief of staff\b|\bschool principal\b|\bassistant director\b",
    )
});
/// One of two: the lesser is asked for, or nobody knows.
static EITHER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bsenior *(?:/|or|oder|to|–) *(?:lead|staff|principal)\b"));
static OPTIONAL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\((?:senior|sr\.?|junior|jr\.?|lead|mid|principal)\)"));

/// The level that a title asks for; of several, the least.
pub fn level(title: &str) -> Option<Level> {
    let title = NO_LEVEL.replace_all(title, " ");
    let asked = OPTIONAL.replace_all(&title, " ");
    let optional = asked != title;
    let levels = [
        (JUNIOR.is_match(&asked), Level::Junior),
        (MID.is_match(&asked), Level::Mid),
        (
            SENIOR.is_match(&asked) && (!LEAD.is_match(&asked) || EITHER.is_match(&asked)),
            Level::Senior,
        ),
        (LEAD.is_match(&asked), Level::Lead),
    ];
    let found = levels.into_iter().find(|(says, _)| *says).map(|(_, level)| level);
    // "(Senior) Cook" takes others, too, and does not say which.
    found.filter(|_| !optional)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(title: &str, kinds: &[&str], wanted: Option<&str>) {
        let found: Vec<&str> = employment(title).into_iter().map(Employment::as_str).collect();
        assert_eq!((found.as_slice(), level(title).map(Level::as_str)), (kinds, wanted), "{title}");
    }

    #[test]
    fn titles_say_what_kind_of_employment_it_is() {
        check("Rust Engineer (Contract)", &["contract"], None);
        check("Rust Engineer - 6 month contract", &["contract"], None);
        check("Freelance Copywriter", &["freelance"], None);
        check("Bookkeeper, part-time or full time", &["fulltime", "parttime"], None);
        check("Werkstudent Marketing (m/w/d)", &["parttime"], None);
        check("Software Engineering Intern", &["internship"], None);
        for other in [
            "Contract Manager",
            "Smart Contract Engineer (Smart Contract)",
            "Internal Auditor, International Sales",
            "Freelance Platform Engineer",
            "Late-stage Investor",
        ] {
            check(other, &[], None);
        }
    }

    #[test]
    fn titles_say_the_level() {
        check("Senior Rust Engineer", &[], Some("senior"));
        check("Sr. Engineer", &[], Some("senior"));
        check("Junior/Senior Developer", &[], Some("junior"));
        check("Mid-level or Senior Developer", &[], Some("mid"));
        check("Senior Staff Software Engineer", &[], Some("lead"));
        check("Senior/Lead Engineer", &[], Some("senior"));
        check("Head of Data", &[], Some("lead"));
        check("Staff Data Engineer", &[], Some("lead"));
        check("Graduate Software Engineer", &[], Some("junior"));
        for other in [
            "(Senior) Accountant",
            "Lead Generation Specialist",
            "Nurse, Senior Living",
            "Mid-Market Account Executive",
            "Staff Accountant",
            "Chief of Staff",
            "Rust Engineer",
        ] {
            check(other, &[], None);
        }
    }
}
