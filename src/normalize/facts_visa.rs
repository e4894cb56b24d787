//! Whether somebody is helped with a visa, where a posting says so in a sentence of its own.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::pattern;

static ABOUT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\bvisas?\b|\bsponsor|\bwork permits?\b|\bimmigration\b"));
/// The company, its cards and its payments.
static CARD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bvisa(?:,? inc|/|,| and| &| or)? ?(?:mastercard|master card|cards?|amex|payments?|debit|inc)\b|\bmastercard\b",
    )
});
static NO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:no|not|cannot|can[’']?t|unable to|won[’']?t|don[’']?t|doesn[’']?t|isn[’']?t|without|neither|unavailable)\b.{0,60}\b(?:sponsor\w*|visas?|work permits?|available|provided|offered|possible)\b|\bsponsorship\b.{0,40}\b(?:unavailable|not)\b|^visas?(?: sponsorship)?: *(?:no|nein)\b",
    )
});
static YES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:we|can|will|able to|happy to|offer\w*|provid\w*|support\w*|with|help\w*)\b.{0,40}\b(?:visas?|work permits?|immigration)\b.{0,20}\b(?:sponsor\w*|support|assistance|process\w*|applications?)\b|\b(?:we|can|will|able to|happy to)\b.{0,20}\bsponsor\b.{0,30}\b(?:visas?|work permits?|candidates?)\b|\bvisa (?:and relocation )?(?:sponsorship|support|assistance)\b.{0,20}\b(?:available|provided|offered|possible|included)\b|\brelocation(?: and| &|,|/| \+) ?visa\b|\bvisa(?: and| &|,|/| \+) ?relocation\b|^visas?(?: sponsorship)?: *(?:yes|ja|available|possible)\b|^visa sponsorship$",
    )
});
static NEEDS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\brequir|\bneed|\bdo you\b|\bwill you\b"));

/// `None` where nothing is said, or both.
pub fn visa(title: &str, body: &str) -> Option<bool> {
    let segment = |text: &str| text.trim().to_lowercase();
    let first = body.lines().next().unwrap_or_default();
    let segments: Vec<String> = [title, first]
        .into_iter()
        .filter(|line| line.contains('|'))
        .flat_map(|line| line.split('|').map(segment))
        .collect();
    let (mut yes, mut no) =
        (segments.iter().any(|it| it == "visa"), segments.iter().any(|it| it == "no visa"));
    let body = if ABOUT.is_match(body) { body } else { "" };
    for sentence in body.split_inclusive(['.', '!', '?', ';', '\n', '•']) {
        let is_question = sentence.ends_with('?');
        let sentence = sentence.trim_matches(|c: char| !c.is_alphanumeric());
        if is_question || !ABOUT.is_match(sentence) || CARD.is_match(sentence) {
            continue;
        }
        if NO.is_match(sentence) {
            no = true;
        } else if YES.is_match(sentence) && !NEEDS.is_match(sentence) {
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
        ] {
            check(yes, Some(true));
        }
        for no in [
            "We are unable to sponsor visas at this time.",
            "No visa sponsorship.",
            "Visa sponsorship is not available for this role.",
            "You must be authorised to work in the US without sponsorship.",
            "We do not provide visa support.",
        ] {
            check(no, Some(false));
        }
        for unknown in [
            "We process Visa and Mastercard payments. Not all cards are supported.",
            "Do you require visa sponsorship?",
            "You sponsor projects and lead people.",
            "We sponsor visas. We do not sponsor visas for juniors.",
            "",
        ] {
            check(unknown, None);
        }
    }
}
