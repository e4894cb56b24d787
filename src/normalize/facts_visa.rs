//! Whether somebody is helped with a visa, where a posting says so in a sentence of its own.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::pattern;

static ABOUT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bvisas?\b|\bsponsor|\bwork permits?\b|\bimmigration\b"));
/// The company, its cards and its payments, and what else is sponsored.
static OTHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bvisa(?:,? inc|/|,| and| &| or)? ?(?:mastercard|master card|cards?|amex|payments?|debit|inc)\b|\bmastercard\b|\bsponsor(?:s|ship|ing)?(?: of)? (?:\w+ )?(?:events?|conferences?|meetups?|open|trials?)\b",
    )
});
/// What is said of some is said of nobody.
static SOME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bguarantee|\bnot only\b|\bcase[- ]by[- ]case\b|\bbut not\b|\bnot (?:for |available for )?(?:all|every)\b|\b(?:every|all) (?:\w+ )?(?:roles?|positions?|candidates?)\b|\bcertain\b|\bdepend",
    )
});
const NOT: &str = r"(?:cannot|can not|can[’']?t|unable to|not|won[’']?t|don[’']?t|doesn[’']?t|aren[’']?t|isn[’']?t|no longer|neither|never)";
const HELP: &str =
    r"(?:sponsorship|visas|visa (?:sponsorship|support|assistance|transfers?)|work permits?)";

static NO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b{NOT} (?:(?:be|able|to|currently|presently|directly|successfully|in|a|position) ){{0,6}}sponsor(?:ing)?(?: *$| (?:\w+[ /]){{0,8}}(?:visas?|permits?)\b| (?:\w+[ /]){{0,3}}(?:candidates?|applicants?|employees?|individuals|people|anyone|you|h-?1b|at this time|for this|now)\b)|\b{NOT} (?:\w+ ){{0,3}}(?:offer|provide|give|support|consider|accept|arrange|eligible for|assist with|help with)(?:ing)? (?:[\w-]+,? ){{0,5}}{HELP}\b|\bno (?:(?:visa|work|employment|immigration|employer|relocation|h-?1b|c2c|or|and|nor) ){{0,4}}(?:sponsorship|visa (?:support|assistance))\b|\b{HELP}(?: [\w-]+){{0,5}} not(?: \w+){{0,2}} (?:available|provided|offered|possible|supported|considered)\b|\bsponsorship(?: \w+){{0,3}} unavailable\b|(?:^|[^r]) without (?:[\w/]+,? ){{0,9}}sponsorship\b|\b(?:must|should|who (?:do|will)) not (?:now or in the future )?(?:require|need) (?:\w+ ){{0,5}}sponsorship\b|^visas?(?: sponsorship)?: *(?:no|nein|none)\b|^no visas?$"
    ))
});
/// Said of the employer, whatever somebody needs.
static WE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:we(?:[’']ll)?(?: (?:do|also|can|will|gladly|happily|always))*|can|will|able to|happy to|willing to) sponsor(?: [\w-]+){0,4} (?:visas?|work permits?)\b",
    )
});
static YES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:offer|provid|includ|support|with|get|receiv)\w* (?:[\w-]+,? (?:& )?){0,5}visa (?:sponsorship|support|assistance)\b|\bvisa (?:and relocation )?(?:sponsorship|support|assistance)(?: \w+){0,3} (?:available|provided|offered|possible|included)\b|\b(?:help|assist|support) (?:you )?(?:with|in) (?:getting |obtaining )?your (?:visa|work permit)\b|\brelocation(?: and| &|,|/| \+) ?visa\b|\bvisa(?: and| &|,|/| \+) ?relocation\b|^visas?(?: sponsorship)?: *(?:yes|ja|available|possible)\b|^(?:full )?visa (?:sponsorship|support|assistance)(?: (?:and|&|\+|/) relocation(?: \w+)?)?$",
    )
});
/// Questions to candidates, and what the work is about.
static ELSE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\brequir|\bneed|\bdo you\b|\bwill you\b|\bmay\b|\bmight\b|\b(?:customers?|clients?|travell?ers?|students?|applicants?)\b",
    )
});

/// `None` where nothing is said, or both.
pub fn visa(title: &str, body: &str) -> Option<bool> {
    let (mut yes, mut no) = (false, false);
    for line in [title, body.lines().next().unwrap_or_default()] {
        // A header's first part is the company, and one is called Visa.
        for part in line.split('|').skip(1).flat_map(|part| part.split([',', '(', ')', '/'])) {
            let part = part.trim().to_lowercase();
            yes |= ["visa", "visas", "visa sponsorship", "visa: yes"].contains(&part.as_str());
            no |= ["no visa", "no visas", "no sponsorship"].contains(&part.as_str());
        }
    }
    let body = if ABOUT.is_match(body) { body } else { "" };
    for sentence in body.split_inclusive(['.', '!', '?', ';', '\n', '•']) {
        let is_question = sentence.ends_with('?');
        let sentence = sentence.trim_matches(|c: char| !c.is_alphanumeric());
        if is_question || !ABOUT.is_match(sentence) {
            continue;
        }
        if OTHER.is_match(sentence) || SOME.is_match(sentence) {
            continue;
        }
        if NO.is_match(sentence) {
            no = true;
        } else if WE.is_match(sentence) || (YES.is_match(sentence) && !ELSE.is_match(sentence)) {
            yes = true;
        }
    }
    (yes != no).then_some(yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, want: Option<bool>) {
        assert_eq!(visa("Cook", body), want, "{body}");
    }

    #[test]
    fn sentences_about_visas_say_yes_or_no() {
        for yes in [
            "We can sponsor visas for the right person.",
            "Visa sponsorship is available.",
            "Benefits: relocation and visa support",
            "We offer full visa sponsorship and a budget.",
            "- Visa sponsorship: yes",
            "Acme | Cook | Oslo | VISA\nWe cook.",
            "Acme | Cook | ONSITE, VISA | Oslo",
            "If you do not have a work permit, we can sponsor your visa.",
            "We do sponsor visas! However, we cannot sponsor visas for every role.",
        ] {
            check(yes, Some(true));
        }
        for no in [
            "We are unable to sponsor visas at this time.",
            "No visa sponsorship.",
            "Visa sponsorship is not available for this role.",
            "You must be authorised to work in the US without sponsorship.",
            "We do not provide visa support.",
            "We are unable to sponsor or take over sponsorship of an employment visa at this time.",
            "This role is not eligible for visa sponsorship.",
            "Must be legally authorized to work without the need for current or future sponsorship",
        ] {
            check(no, Some(false));
        }
        for unknown in [
            "We process Visa and Mastercard payments. Not all cards are supported.",
            "Do you require visa sponsorship?",
            "Visa | Cook | Oslo",
            "Duties include but are not limited to working with sponsors of trials",
            "You will not have an executive sponsor.",
            "Company-sponsored insurance is not available to interns.",
            "Visa sponsorship is available, but not for all roles.",
            "You will help customers with their visa applications.",
            "You sponsor projects and lead people.",
            "We sponsor visas. We do not sponsor visas for juniors.",
            "",
        ] {
            check(unknown, None);
        }
    }
}
