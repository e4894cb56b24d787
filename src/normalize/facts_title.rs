//! The level that a title asks for. Titles are short and say little else, so a word there counts unless
//! it is known to mean another thing: lead generation leads nobody.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::pattern;
use crate::domain::facts::Level;

static JUNIOR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bj[uú]nior\b|\bjr\b|\bentry[- ]level\b|\btrainee\b|\bapprentice\b|\bnew[- ]grad\b|\bgraduate (?:program(?:me)?|scheme|engineer|developer|trainee|analyst|software)\b|\bberufseinsteiger\w*|\bausbildung (?:zum|zur|als)\b|\bauszubildende|\bd[ée]butant",
    )
});
static MID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bmid(?:dle)?[- ]?(?:level|weight)\b|\bintermediate\b|\bmedior\b|\bsemi[- ]?senior\b|\bpleno\b|\bconfirmée?|\bmid *(?:/|-|–|to|or) *(?:senior|sr)\b|\b(?:junior|jr\.?) *(?:/|-|–|to|or) *mid\b|\bmid (?:[\w+#.-]+ ){0,2}(?:engineer|developer|designer|programmer|tester)\b|[(,/] *mid *(?:$|[),/])",
    )
});
static SENIOR: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bs[eê]nior\b|\bsr\b|\bsnr\b|\bsen\."));
static LEAD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\blead\b|\bprincipal\b|\bhead of\b|\bdirector\b|\bvp\b|\bvice president\b|\bchief\b|\bteamleit(?:er|erin|ung)\b|\bstaff (?:[\w/&+-]+ ){0,3}(?:engineer|developer|scientist|designer|sre|researcher)\b|\bstaff (?:software|solutions?|security|data|cloud) architect\b",
    )
});
/// Most titles hold none of these, and all that is looked for has one within a word.
static ANY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"j[uú]nior|jr|entry|trainee|apprentice|grad|berufseinst|ausbildung|auszubild|butant|mid|mediate|medior|s[eê]nior|pleno|confirm|sr|snr|sen\.|lead|principal|head|director|vp|president|chief|teamleit|staff",
    )
});
/// What has the name of a level and is another thing, a person who is not looked for among them.
static NO_LEVEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\blead[- ](?:gen\w*|qualif\w*|acquisition|sourcing|magnet|time|management|nurtur\w*|conversion|intake|scoring|development rep\w*|paint|abatement|acid|free|to[- ](?:cash|revenue)|the|a|our)\b|\b(?:to|will|you|we|who) lead\b|\bsenior (?:living|care|caregivers?|citizens?|housing|services|cent(?:er|re)s?|communities|companions?|high|secondary|leadership)\b|\bmid[- ]?(?:market|atlantic|west|day|shift|term|cap|wales|sized?|enterprise|funnel|stage|office|corporate|segment|tier)\b|\bchief of staff\b|\bschool principal\b|\bassistant director\b|\bjunior (?:high|school|college|achievement)\b|\bintermediate (?:school|care|goods)\b|\b(?:post|under)-graduate\b|\bgraduate program(?:me)? (?:manager|director|lead|coordinator|administrator|tutor)\b|\bstaff (?:civil|geotechnical|environmental|structural|transportation|interior)\b|\b(?:assistant|secretary|aide|ea|pa|advis[eo]r|support|reporting|reports) to\b[^|;]*|\boffice of\b[^|;]*",
    )
});
/// One of two: the lesser is asked for.
static EITHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:senior|sr\.?) *(?:/|,|or|oder|to|–) *(?:lead|staff|principal)\b|\b(?:lead|staff|principal) *(?:/|,|or|oder) *(?:senior|sr)\b|\b(?:senior|sr)\b[^,(]* or (?:\w+ )?(?:lead|staff|principal)\b",
    )
});
/// A level in brackets before the role, and the word behind.
static OPTIONAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\( *(?:(?:senior|sr\.?|junior|jr\.?|lead|mid|principal|staff)[ /,]*)+\) *(\p{L}+)")
});
/// Behind brackets they begin a place or an aside, not a role.
const NO_ROLE: [&str; 8] = ["in", "at", "for", "remote", "hybrid", "m", "w", "f"];

/// The level that a title asks for; of several, the least.
pub fn level(title: &str) -> Option<Level> {
    ANY.is_match(title).then(|| found(title))?
}

fn found(title: &str) -> Option<Level> {
    let title = NO_LEVEL.replace_all(title, " ");
    title.split(['|', ';']).filter_map(level_of_role).min()
}

fn level_of_role(role: &str) -> Option<Level> {
    let optional = OPTIONAL.captures(role).filter(|found| {
        found.get(1).is_some_and(|next| !NO_ROLE.contains(&next.as_str().to_lowercase().as_str()))
    });
    if JUNIOR.is_match(role) {
        return Some(Level::Junior);
    } else if optional.is_some() {
        // "(Senior) Cook" takes others, too, and does not say which.
        return None;
    } else if MID.is_match(role) {
        return Some(Level::Mid);
    }
    match (SENIOR.is_match(role), LEAD.is_match(role)) {
        (true, true) if EITHER.is_match(role) => Some(Level::Senior),
        (true, true) => {
            // A senior director is one person; in "Senior Cook, Kitchen Lead" nobody knows.
            let mut parts = role.split([',', '(', ')', '–']).flat_map(|part| part.split(" - "));
            let both = parts.any(|part| SENIOR.is_match(part) && LEAD.is_match(part));
            both.then_some(Level::Lead)
        }
        (true, false) => Some(Level::Senior),
        (false, true) => Some(Level::Lead),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::normalize::facts::found_by;

    #[track_caller]
    fn check(title: &str, wanted: Option<&str>) {
        assert_eq!(level(title).map(Level::as_str), wanted, "{title}");
    }

    #[test]
    fn titles_say_the_level() {
        check("Senior Rust Engineer", Some("senior"));
        check("Sr. Engineer", Some("senior"));
        check("Backend Developer (Senior)", Some("senior"));
        check("Backend Developer (Senior) in Kiel", Some("senior"));
        check("Junior/Senior Developer", Some("junior"));
        check("(Junior) Cook", Some("junior"));
        check("Graduate Software Engineer", Some("junior"));
        check("Desenvolvedor Júnior", Some("junior"));
        check("Mid-level or Senior Developer", Some("mid"));
        check("Mid/Senior Developer", Some("mid"));
        check("Mid Java Developer", Some("mid"));
        check("Semi Senior Developer", Some("mid"));
        check("Développeur confirmé", Some("mid"));
        check("Senior/Lead Engineer", Some("senior"));
        check("Lead/Senior Engineer", Some("senior"));
        check("Senior Engineer or Tech Lead", Some("senior"));
        check("Staff Engineer | Senior Engineer", Some("senior"));
        check("Senior Staff Software Engineer", Some("lead"));
        check("Senior Research and Development Lead", Some("lead"));
        check("Head of Data", Some("lead"));
        check("Staff Full-Stack Engineer", Some("lead"));
    }

    #[test]
    fn other_things_have_the_names_of_levels() {
        for other in [
            "(Senior) Accountant",
            "Senior Cook, Kitchen Lead",
            "Lead Generation Specialist",
            "Lead-Gen Manager",
            "Lead Management Specialist",
            "Lead-Acid Battery Engineer",
            "We lead the market in cooking",
            "Nurse, Senior Living",
            "Assistant to Senior Leadership",
            "Executive Assistant to the Director",
            "Mid-Market Account Executive",
            "Mid-Atlantic Sales Engineer",
            "Junior High School Teacher",
            "Intermediate School Teacher",
            "Graduate Programme Manager",
            "Staff Accountant",
            "Staff Civil Engineer",
            "Chief of Staff",
            "Rust Engineer",
        ] {
            check(other, None);
        }
    }

    proptest! {
        /// So that whoever looks for another word adds it to those that are looked for first.
        #[test]
        fn whatever_names_a_level_is_looked_for(title in named()) {
            prop_assert!(ANY.is_match(&title));
        }

        #[test]
        fn titles_that_are_not_looked_through_ask_for_no_level(
            words in prop::collection::vec(
                prop::sample::select(vec!["Cook", "júnior", "jr", "entry", "level", "trainee",
                    "apprentice", "new", "grad", "graduate", "scheme", "berufseinsteiger", "ausbildung",
                    "zum", "auszubildende", "débutant", "middle", "weight", "intermediate", "medior",
                    "ſemi", "senior", "pleno", "confirmé", "mid", "or", "sr", "developer", "sênior",
                    "snr", "sen.", "lead", "gen", "principal", "head", "of", "director", "vp", "vice",
                    "president", "chief", "teamleiterin", "staff", "engineer", "software", "architect",
                    "(", ")", "/", ","]), 0..6),
            between in prop::sample::select(vec![" ", "-", ""]),
        ) {
            let title = words.join(between);
            prop_assert_eq!(level(&title), found(&title));
        }
    }

    fn named() -> impl Strategy<Value = String> {
        let patterns = [&*JUNIOR, &*MID, &*SENIOR, &*LEAD];
        prop::strategy::Union::new(patterns.map(|words| found_by(words).boxed()))
    }
}
