//! Pay in the sentences of a body: "The salary is 90,000 euros per year." Counted is what names its
//! currency and its period and speaks of pay and nothing else; what two sentences state differently is
//! unknown.

use std::sync::LazyLock;

use memchr::memchr3_iter;
use regex::Regex;

use super::facts::pattern;
use super::salary::{parse, stated_period};
use super::salary_words::{currencies, words};
use crate::domain::pay::Pay;

/// A longer sentence says more than what is paid.
const MAX_BYTES: usize = 200;
/// A sentence of so few words is its amount and nothing else.
const MAX_BARE_WORDS: usize = 7;
/// Both ends of a range may name the currency.
const MAX_CURRENCIES: usize = 2;

/// Without one of these or of the names a sentence says nothing of pay.
const SIGNS: [&str; 5] = ["€", "$", "£", "¥", "₹"];
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("EUR|USD|GBP|CHF|CAD|AUD|SEK|NOK|DKK|PLN|zł|[Ee]uro|[Dd]ollar")
        .expect("a valid pattern")
});
static ABOUT_PAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bsalary\b|\bwages?\b|\bcompensation\b|\bremuneration\b|\bgehalt\b|\b(?:jahres|monats)gehalt\b|\bvergütung\b|\bsalaire\b|\brémunération\b|\bsalario\b|\bsueldo\b|\bretribuzione\b|\bsalaris\b|\bwynagrodzenie\b|\bwe pay (?:you )?(?:up|from|between|[\d€$£])|\byou(?: will|[’']ll)? earn\b",
    )
});
/// What else is counted in money, and whom else it may be about.
static OTHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bbonus|\bprovision\b|\bcommission|\bote\b|\bstipend|\bbudget|\ballowance|\bequity\b|\bshares?\b|\bstock|\brevenue|\bturnover|\barr\b|\bfund(?:s|ing|ed)?\b|\braised?\b|\bgrants?\b|\brelocation|\blearning|\btraining|\breferral|\bcustomers?\b|\bclients?\b|\bsuppliers?\b|\busers?\b|\bmembers?\b|\bdonat|\binsurance|\bsav(?:e|es|ed|ing|ings)\b|\bcosts?\b|\bfees?\b|\bprices?\b|\baverage|\btypical|\bminimum wage|\bcurrent(?:ly)?\b|\bprevious|\blast year\b|\bused to\b|\bmanag|\bprocess|\bpayroll|\bexpect(?:ation|ed from)|\bnot\b|\bno\b|\bunless\b|\bper (?:project|article|post|user|seat|ticket|test)\b|\bjunior\b|\bsenior\b|\blevels?\b|\bprobation|\bfirst (?:month|year|\w+ months)\b|\bafter\b|\bcolleagues?\b|\bteam\b",
    )
});

/// The pay that the sentences of a body state, if they agree.
pub fn find(body: &str) -> Option<Pay> {
    // Most bodies hold numbers and name no currency, which every counted sentence does.
    if !names_currency(body) {
        return None;
    }
    let has_number = |text: &&str| text.bytes().any(|byte| byte.is_ascii_digit());
    let mut found =
        body.lines().filter(has_number).flat_map(sentences).filter(has_number).filter_map(stated);
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// One look for all signs and names takes six times as long as two.
fn names_currency(text: &str) -> bool {
    // The first bytes of the signs, which other characters have too.
    let mut signs = memchr3_iter(b'$', 0xc2, 0xe2, text.as_bytes());
    let is_sign = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        SIGNS.iter().any(|sign| rest.starts_with(sign))
    };
    signs.any(is_sign) || NAMES.is_match(text)
}

/// What ends in a mark before a blank, or with the line.
fn sentences(line: &str) -> impl Iterator<Item = &str> {
    let line = line.trim_start_matches(['-', '*', '•', ' ']);
    line.split(". ").flat_map(|part| part.split(['!', '?', ';']))
}

fn stated(sentence: &str) -> Option<Pay> {
    let sentence = sentence.trim().trim_end_matches('.');
    let short = sentence.len() <= MAX_BYTES && names_currency(sentence);
    if !short || OTHER.is_match(sentence) {
        return None;
    }
    let words = words(sentence);
    let bare = words.len() <= MAX_BARE_WORDS
        && words.first().is_some_and(|word| !word.text.starts_with(char::is_lowercase));
    let numbers = words.iter().filter(|word| word.text.starts_with(|c: char| c.is_ascii_digit()));
    if currencies(&words).len() > MAX_CURRENCIES || numbers.count() > 2 {
        return None;
    }
    let pay = parse(sentence).filter(|_| bare || ABOUT_PAY.is_match(sentence))?;
    (stated_period(sentence)? == pay.period()).then_some(pay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, want: &str) {
        assert_eq!(find(body).map(|pay| pay.to_string()).unwrap_or_default(), want, "{body}");
    }

    #[test]
    fn sentences_that_say_what_is_paid_count() {
        check("We cook well. €3,400 a month. Come soon.", "€3,400/month");
        check("Your salary is 90,000 euros per year.", "€90k/yr");
        check("The salary for this role is between $120,000 and $140,000 a year.", "$120–140k/yr");
        check("- £45,000 to £50,000 per annum", "£45–50k/yr");
        check("Wir zahlen gut.\nDas Gehalt beträgt 4.200 € pro Monat.", "€4,200/month");
        check("You’ll earn $32 an hour. The salary is $32 an hour", "$32/h");
    }

    #[test]
    fn what_may_be_about_something_else_does_not() {
        for body in [
            "We raised $50,000,000.",
            "You manage a budget of €90,000 per year.",
            "€1,000 learning budget a year",
            "A salary of $120,000.",
            "Our customers pay €3,400 a month.",
            "The salary is €90,000 a year. The salary is €100,000 a year.",
            "Salary €60,000 a year for juniors, €90,000 a year for others, and €120,000 a year above.",
            "The average salary is €90,000 a year.",
            "We process $90,000 an hour.",
            "It costs $40 a month",
            "The salary is competitive. We save people 3 hours a week and $5.",
            "Your salary is reviewed twice a year, and 4,000 people earn dollars.",
            "$15,000 a year in equity",
            "",
        ] {
            check(body, "");
        }
    }
}
