//! The first line of a posting on Hacker News: `Company | Role | Place | REMOTE | Pay`, in whatever
//! order and with whatever else. Each part is known by what it says.

use std::sync::LazyLock;

use regex::Regex;

use crate::normalize::stated_remote;

/// A longer part is prose.
const MAX_PART_CHARS: usize = 120;

/// What a header says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Header {
    pub company: Option<String>,
    pub title: String,
    pub location: Option<String>,
    pub remote: Option<String>,
    pub pay: Option<String>,
    pub tags: Vec<String>,
}

/// What a part is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Role,
    Pay,
    /// Remote or not, maybe with a place.
    Remote,
    Employment,
    Place,
    /// Visas, funding, addresses.
    Other,
    Unknown,
}

fn pattern(words: &str) -> Regex {
    Regex::new(&format!("(?i){words}")).expect("a valid pattern")
}

static ROLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:engineers?|engineering|developers?|devs?|programmers?|designers?|architects?|managers?|scientists?|analysts?|directors?|head of|vp|cto|ceo|coo|cfo|cpo|founders?|co-?founders?|sres?|swes?|sdes?|devops|researchers?|specialists?|recruiters?|writers?|consultants?|interns?|internships?|testers?|administrators?|sysadmins?|technicians?|operators?|advocates?|evangelists?|executives?|accountants?|coordinators?|strategists?|officers?|counsel|editors?|associates?|assistants?|hackers?|generalists?|leads?|full[ -]?stack|front[ -]?end|back[ -]?end|product owner|data entry|entwickler\w*|cooks?|nurses?|teachers?|marketer|sales|support|qa)\b",
    )
});
/// Says that there is work, and not which.
static OPENING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:roles?|positions?|openings?|jobs?|stellen?)\b"));
static MONEY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[$€£¥₹]\s?\d|\b\d{2,3}\s?k\b|\d\s?(?:usd|eur|gbp|chf|cad|aud|sek|pln|inr)\b|\b(?:usd|eur|gbp|chf|cad|aud|sek|pln|inr)\s?\d|\b(?:salary|compensation|pay|rate)\b.*\d",
    )
});
/// Money that nobody is paid.
static FUNDING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\d\s?(?:mm?|bn?|million|billion)\b|\b(?:raised|funding|funded|series [a-f]|seed|arr|mrr|revenue|valuation|401)",
    )
});
static EMPLOYMENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:full[ -]?time|part[ -]?time|contract(?:or|ors|s)?|permanent|perm|freelance|temporary|temp|fte|w2|c2c|ft|pt)\b",
    )
});
static OTHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"https?://|\bwww\.|\b\w+@\w|\b(?:visas?|sponsor\w*|equity|relocation|benefits|stealth|bootstrapped|profitable|startup|yc|apply|hiring|bonus|options)\b",
    )
});
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        ,\s*[A-Z]{2}\b | \b(?:USA?|U\.S\.A?\.?|UK|EU|EEA|EMEA|APAC|LATAM|DACH|NYC|SF|LA|DC|BC)\b
        | (?i:\b(?:
            bay\ area | worldwide | anywhere | global(?:ly)? | international | americas? | europe(?:an)?
            | asia | africa | north\ america | latin\ america | united\ (?:states|kingdom) | england
            | scotland | ireland | canada | mexico | brazil | argentina | chile | colombia | germany
            | deutschland | austria | switzerland | france | spain | portugal | italy | netherlands
            | belgium | luxembourg | denmark | sweden | norway | finland | iceland | estonia | latvia
            | lithuania | poland | czech\w* | slovakia | hungary | romania | bulgaria | greece
            | turkey | ukraine | serbia | croatia | slovenia | cyprus | israel | india | pakistan
            | singapore | japan | china | hong\ kong | taiwan | korea | vietnam | thailand
            | indonesia | malaysia | philippines | australia | new\ zealand | south\ africa
            | nigeria | kenya | egypt | dubai | uae
            | new\ york | brooklyn | manhattan | san\ francisco | palo\ alto | mountain\ view
            | san\ jose | san\ mateo | san\ diego | los\ angeles | oakland | seattle | portland
            | austin | dallas | houston | denver | boulder | chicago | boston | cambridge
            | philadelphia | pittsburgh | atlanta | miami | washington | toronto | vancouver
            | montr[eé]al | ottawa | waterloo | london | manchester | edinburgh | dublin | berlin
            | munich | m[uü]nchen | hamburg | cologne | k[oö]ln | frankfurt | stuttgart | vienna
            | z[uü]rich | geneva | paris | lyon | madrid | barcelona | lisbon | milan | rome
            | amsterdam | rotterdam | utrecht | eindhoven | brussels | copenhagen | stockholm
            | gothenburg | oslo | helsinki | tallinn | riga | vilnius | warsaw | krak[oó]w | prague
            | budapest | bucharest | sofia | athens | istanbul | tel\ aviv | bangalore | bengaluru
            | mumbai | delhi | tokyo | osaka | seoul | shanghai | beijing | shenzhen | sydney
            | melbourne | brisbane | auckland | wellington | california | texas | florida
        )\b)",
    )
    .expect("a valid pattern")
});
/// What a part about remote work says besides a place.
static NO_PLACE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:remote(?:ly)?|on[ -]?site|in[ -]?office|in[ -]?person|hybrid|home|office|wfh|work|from|fully|full|100|first|only|friendly|ok|okay|possible|preferred|optional|allowed|welcome|also|or|and|in|the|a|of|partial(?:ly)?|within|team|company|distributed|days?|weeks?|per|x|time|part|contract\w*|permanent|roles?|positions?|jobs?|no|not|non|yes)\b|\W|\d",
    )
});
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\s*[(\[<]?\s*(?:https?://|www\.)[^\s)\]>]*\s*[)\]>]?|\s*\((?:[a-z0-9-]+\.)+[a-z]{2,}\)",
    )
});

impl Header {
    /// `None` for a line that is no header.
    pub fn read(line: &str) -> Option<Self> {
        let mut parts = line.split('|').map(str::trim);
        let company = parts.next()?;
        let parts: Vec<(About, &str)> =
            parts.filter(|part| !part.is_empty()).map(|part| (about(part), part)).collect();
        if parts.is_empty() || company.chars().nth(MAX_PART_CHARS).is_some() {
            return None;
        }
        let all = |which: About| -> Vec<&str> {
            parts.iter().filter(|(about, _)| *about == which).map(|(_, part)| *part).collect()
        };
        let unknown = all(About::Unknown);
        let mut roles = all(About::Role);
        let mut places: Vec<&str> =
            parts.iter().filter(|(about, part)| is_place(*about, part)).map(|it| it.1).collect();
        if roles.is_empty() {
            // What is nothing else is most likely what is looked for.
            roles.extend(unknown.first());
        } else if places.is_empty() {
            let last = parts.iter().position(|(about, _)| *about == About::Role).unwrap_or(0);
            let behind = parts.iter().skip(last).filter(|(about, _)| *about == About::Unknown);
            places.extend(behind.map(|(_, part)| *part).find(|part| is_name(part)));
        }
        let company = ADDRESS.replace_all(company, "");
        let company = company.trim().trim_end_matches([',', '-', '–', ':']).trim_end();
        let in_role = || roles.iter().copied().find(|role| is_pay(role));
        let pay = all(About::Pay).first().copied().or_else(in_role).map(str::to_owned);
        let joined = |parts: &[&str], by: &str| (!parts.is_empty()).then(|| parts.join(by));
        Some(Self {
            title: joined(&roles, " | ").unwrap_or_else(|| line.to_owned()),
            company: (!company.is_empty()).then(|| company.to_owned()),
            location: joined(&places, "; "),
            remote: joined(&all(About::Remote), " or "),
            tags: all(About::Employment).into_iter().map(str::to_owned).collect(),
            pay,
        })
    }
}

fn about(part: &str) -> About {
    let prose = part.chars().nth(MAX_PART_CHARS).is_some();
    if ROLE.is_match(part) && !prose && !ADDRESS.is_match(part.get(..8).unwrap_or(part)) {
        About::Role
    } else if is_pay(part) {
        About::Pay
    } else if prose || FUNDING.is_match(part) {
        About::Other
    } else if stated_remote(part).is_some() && !is_only_place(part) {
        About::Remote
    } else if EMPLOYMENT.is_match(part) {
        About::Employment
    } else if OTHER.is_match(part) {
        About::Other
    } else if OPENING.is_match(part) {
        About::Role
    } else if PLACE.is_match(part) {
        About::Place
    } else {
        About::Unknown
    }
}

fn is_pay(part: &str) -> bool {
    MONEY.is_match(part) && !FUNDING.is_match(part)
}

/// "Anywhere" is remote and a place; as a word of its own it is said as the place.
fn is_only_place(part: &str) -> bool {
    let words = ["anywhere", "worldwide"];
    words.iter().any(|word| part.eq_ignore_ascii_case(word))
}

/// A place, or a word on remote work that names one: "Remote (EU)".
fn is_place(about: About, part: &str) -> bool {
    match about {
        About::Place => true,
        About::Remote => !NO_PLACE.replace_all(part, "").is_empty(),
        About::Role | About::Pay | About::Employment | About::Other | About::Unknown => false,
    }
}

/// A few words that begin as names do.
fn is_name(part: &str) -> bool {
    let words: Vec<&str> = part.split_whitespace().collect();
    let capital = |word: &&str| word.starts_with(|c: char| c.is_uppercase() || !c.is_alphabetic());
    words.len() <= 5 && words.iter().all(capital) && !part.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Company, title, location, remote, pay, tags; `-` for what is not said.
    #[track_caller]
    fn check(line: &str, want: [&str; 6]) {
        let header = Header::read(line).unwrap();
        let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let Header { company, title, location, remote, pay, tags } = &header;
        let tags = if tags.is_empty() { "-".to_owned() } else { tags.join(", ") };
        let got = [or(company), title.clone(), or(location), or(remote), or(pay), tags];
        assert_eq!(got, want.map(str::to_owned), "{line}");
    }

    #[test]
    fn parts_are_known_by_what_they_say() {
        check(
            "Fjord | Platform Engineer | Bergen, Norway | Onsite | Full-time | €80k-€95k + equity",
            [
                "Fjord",
                "Platform Engineer",
                "Bergen, Norway",
                "Onsite",
                "€80k-€95k + equity",
                "Full-time",
            ],
        );
        check(
            "Fjord | REMOTE (Europe) | Contract | Designer | Salary up to $90,000",
            [
                "Fjord",
                "Designer",
                "REMOTE (Europe)",
                "REMOTE (Europe)",
                "Salary up to $90,000",
                "Contract",
            ],
        );
        check(
            "Fjord (YC S29) (https://fjord.example) | Senior Dev | Sales Lead | REMOTE",
            ["Fjord (YC S29)", "Senior Dev | Sales Lead", "-", "REMOTE", "-", "-"],
        );
        check(
            "Fjord|Data Scientist ($150k-$170k)|NYC or Remote|Series A, $20M raised|https://fjord.example/jobs",
            [
                "Fjord",
                "Data Scientist ($150k-$170k)",
                "NYC or Remote",
                "NYC or Remote",
                "Data Scientist ($150k-$170k)",
                "-",
            ],
        );
        check(
            "Fjord | Engineer | Ulm | Remote first | Visa possible",
            ["Fjord", "Engineer", "Ulm", "Remote first", "-", "-"],
        );
        check(
            "Fjord | Kelp farming for everybody | Engineer | Anywhere",
            ["Fjord", "Engineer", "Anywhere", "-", "-", "-"],
        );
    }

    #[test]
    fn a_header_without_a_known_role_still_has_a_title() {
        check("Fjord | Kelp Diver | Oslo", ["Fjord", "Kelp Diver", "Oslo", "-", "-", "-"]);
        check(
            "Fjord | Oslo | Remote",
            ["Fjord", "Fjord | Oslo | Remote", "Oslo", "Remote", "-", "-"],
        );
        check("| Engineer |", ["-", "Engineer", "-", "-", "-", "-"]);
    }

    #[test]
    fn that_there_is_work_is_a_title_where_nothing_else_is() {
        check(
            "Fjord | Remote full-time position | Multiple Roles | Worldwide",
            ["Fjord", "Multiple Roles", "Worldwide", "Remote full-time position", "-", "-"],
        );
    }

    #[test]
    fn what_has_no_pipes_is_no_header() {
        for line in ["We look for a cook.", "Fjord |", "", &format!("{} | x", "y".repeat(200))] {
            assert_eq!(Header::read(line), None, "{line}");
        }
    }
}
