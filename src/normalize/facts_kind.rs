//! The kind of employment, as a title or a line made for it says it. A kind's name that is part of a
//! trade's name says nothing: a contract manager has no contract.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::pattern;
use crate::domain::facts::Employment;

static KINDS: LazyLock<[(Employment, Regex); 5]> = LazyLock::new(|| {
    [
        (
            Employment::Contract,
            pattern(
                r"\bcontractor *(?:$|[)\],|/])|\bcontractor +[-–—] |\bmonths?[- ]contract\b|\bcontract[- ](?:to[- ]hire|role|position|basis)\b|\bfixed[- ]term\b|\bbefristet",
            ),
        ),
        (
            Employment::Freelance,
            pattern(r"\bfreelanc(?:e|er|ers|ing)\b|\bfreiberuflich\w*|\bfreie[rn]? mitarbeit\w*"),
        ),
        (
            Employment::Fulltime,
            pattern(
                r"\bfull[- ]?time\b|\bfull[- ]*(?:/|or|and|&) *part[- ]?time\b|\bvollzeit\b|\bvoll-? *(?:/|oder|und|&) *-?teilzeit\b|\btemps plein\b|\btiempo completo\b",
            ),
        ),
        (
            Employment::Internship,
            pattern(r"\binternships?\b|\binterns?\b|\bprakti(?:kum|kant\w*)\b|\bstagiaire\b"),
        ),
        (
            Employment::Parttime,
            pattern(
                r"\bpart[- ]?time\b|\bpart[- ]*(?:/|or|and|&) *full[- ]?time\b|\bteilzeit\b|\bteil-? *(?:/|oder|und|&) *-?vollzeit\b|\btemps partiel\b|\bmedio tiempo\b|\bwerkstudent(?:in)?\b|\bworking student\b",
            ),
        ),
    ]
});
/// Most titles hold none of these, and all that is looked for has one within a word.
static ANY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        "contract|fixed|befristet|freelanc|freiberuf|freie|full|voll|temp|tiempo|intern|prakti|\
         stagiaire|part|teil|student|perm",
    )
});
/// Words around which the one above means something else.
static NO_KIND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bsmart[- ]contract|\b(?:general|sub|main|prime|trade|building|electrical|mechanical|roofing|hvac|plumbing|government|defen[cs]e)[- ]contractors?\b|\bfixed[- ]term deposits?\b|\bfreelanc(?:ers?|e|ing) (?:platform|marketplace|community|network|success|operations|support|relations|talent)\b|\b(?:of|for) intern(?:ship)?s\b|\bintern(?:ship)?s?(?: program(?:me)?)? (?:coordinator|manager|recruit\w*|supervisor|director|advisor|mentor|specialist|lead)\b",
    )
});

/// A part of a line that has no other words says a kind and nothing else.
static ALONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[\s\d-]*(?:(?:contract|temporary|temp|permanent|perm|unbefristet|full|part|time|months?|weeks?|years?|fixed|short|long|term|initial|independent|remote|hybrid|role|position|employment|employee|basis|only|or|oder|and|und|to|hire|w2|c2c|b2b|vollzeit|teilzeit)[\s\d-]*)+$",
    )
});
static CONTRACT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:contract|temporary|temp)\b"));
static PERMANENT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:permanent|perm|unbefristet)\b"));

/// Every kind of employment that a title, or a line made for it, names.
pub fn employment(text: &str) -> Vec<Employment> {
    if ANY.is_match(text) { found(text) } else { Vec::new() }
}

fn found(text: &str) -> Vec<Employment> {
    let text = NO_KIND.replace_all(text, " ");
    let named = KINDS.iter().filter(|(_, words)| words.is_match(&text));
    let mut kinds: Vec<Employment> = named.map(|(kind, _)| *kind).collect();
    let parts = text.split(['(', ')', '[', ']', ',', ';', '|', '/', ':', '–', '—', '.']);
    let parts = parts.flat_map(|part| part.split(" - ")).filter(|part| ALONE.is_match(part));
    for part in parts {
        let permanent = PERMANENT.is_match(part);
        // A permanent contract is none that ends.
        if CONTRACT.is_match(part) && (!permanent || part.contains(" or ")) {
            kinds.push(Employment::Contract);
        }
        if permanent && !kinds.contains(&Employment::Parttime) {
            kinds.push(Employment::Fulltime);
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::normalize::facts::found_by;

    #[track_caller]
    fn check(title: &str, want: &[&str]) {
        let mut found = employment(title);
        found.sort_unstable();
        found.dedup();
        let found: Vec<&str> = found.into_iter().map(Employment::as_str).collect();
        assert_eq!(found, want, "{title}");
    }

    #[test]
    fn titles_and_lines_say_what_kind_it_is() {
        for contract in [
            "Rust Engineer (Contract)",
            "Rust Engineer - Contract",
            "Rust Engineer - 6 month contract",
            "Rust Engineer (6-month contract, remote)",
            "Rust Engineer (Contractor)",
            "Contract",
            "Temporary",
        ] {
            check(contract, &["contract"]);
        }
        check("Freelance Copywriter", &["freelance"]);
        check("Bookkeeper, part-time or full time", &["fulltime", "parttime"]);
        check("Koch in Voll- oder Teilzeit", &["fulltime", "parttime"]);
        check("Cook (full/part-time)", &["fulltime", "parttime"]);
        check("Full-time, contract", &["contract", "fulltime"]);
        check("Cook (permanent)", &["fulltime"]);
        check("Permanent contract", &["fulltime"]);
        check("Permanent, part-time", &["parttime"]);
        check("Werkstudent Marketing (m/w/d)", &["parttime"]);
        check("Praktikant:in Marketing", &["internship"]);
        check("Software Engineering Intern", &["internship"]);
        check("Summer Internship Program", &["internship"]);
    }

    #[test]
    fn trades_with_the_name_of_a_kind_say_nothing() {
        for other in [
            "Contract Manager",
            "QA Engineer (Contract Testing)",
            "Smart Contract Engineer (Smart Contract)",
            "Contractor Success Manager",
            "Estimator, General Contractor",
            "Internal Auditor, International Sales",
            "Internship Program Manager",
            "Freelance Platform Engineer",
            "Permanent Way Engineer",
            "Late-stage Investor",
        ] {
            check(other, &[]);
        }
    }

    proptest! {
        /// So that whoever looks for another word adds it to those that are looked for first.
        #[test]
        fn whatever_names_a_kind_is_looked_for(title in named()) {
            prop_assert!(ANY.is_match(&title));
        }

        #[test]
        fn titles_that_are_not_looked_through_name_no_kind(
            words in prop::collection::vec(
                prop::sample::select(vec!["Cook", "contractor", "month", "contract", "smart", "fixed",
                    "term", "befristet", "freelancing", "freiberuflich", "freier", "mitarbeiter", "full",
                    "time", "part", "vollzeit", "voll", "oder", "teilzeit", "teil", "temps", "plein",
                    "partiel", "tiempo", "completo", "medio", "interns", "for", "praktikum",
                    "ſtagiaire", "werkſtudent", "working", "student", "temporary", "perm", "permanent",
                    "unbefristet", "(", ")", "-", "/", "or", ","]), 0..6),
            between in prop::sample::select(vec![" ", "-", ""]),
        ) {
            let title = words.join(between);
            prop_assert_eq!(employment(&title), found(&title));
        }
    }

    fn named() -> impl Strategy<Value = String> {
        let patterns = KINDS.iter().map(|(_, words)| words).chain([&*CONTRACT, &*PERMANENT]);
        prop::strategy::Union::new(patterns.map(|words| found_by(words).boxed()))
    }
}
