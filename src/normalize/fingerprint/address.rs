//! The address of a posting as it is compared: the site, and the number of the ad there.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use url::Url;

/// Where an ad stands and by which number it is known there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The host, with the company where many share it.
    #[serde(rename = "s")]
    site: String,
    #[serde(rename = "k")]
    kind: Site,
    /// Site and number, or the number alone where it is unique in the world.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    ad: Option<String>,
    /// The number that the company itself gave the job.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    requisition: Option<String>,
}

/// Who shows an ad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Site {
    /// Software by which companies hire: its numbers are exact.
    #[serde(rename = "h")]
    Ats,
    /// Shows other people's ads: its addresses say nothing of the job.
    #[serde(rename = "a")]
    Aggregator,
    /// Most often the company's own site.
    #[serde(rename = "o")]
    Other,
}

/// What two addresses say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ads {
    /// One ad of one ATS.
    Same,
    /// One page with a number of its own.
    SamePage,
    /// Two numbers on one site of the company.
    Siblings,
    /// Two ads of one aggregator.
    Reshown,
    /// Two requisitions of one company.
    Requisitions,
    Unrelated,
}

/// How the address of an ad is built on each ATS: the host's ending, after which part of the path the
/// number stands, and whether the number is unique beyond the company.
const SYSTEMS: &[(&str, &str, bool)] = &[
    ("greenhouse.io", "jobs", true),
    ("lever.co", "", true),
    ("ashbyhq.com", "", true),
    ("smartrecruiters.com", "", true),
    ("workable.com", "j", true),
    ("rippling.com", "jobs", true),
    ("pinpointhq.com", "postings", true),
    ("breezy.hr", "p", false),
    ("teamtailor.com", "jobs", false),
    ("personio.de", "job", false),
    ("personio.com", "job", false),
    ("bamboohr.com", "careers", false),
    ("recruitee.com", "o", false),
    ("icims.com", "jobs", false),
    ("jobvite.com", "job", false),
    ("oraclecloud.com", "job", false),
    ("paylocity.com", "Details", true),
    ("myworkdayjobs.com", "job", false),
    ("myworkdaysite.com", "job", false),
];

/// Names of parameters that hold the number of an ad.
const NUMBERS: &[&str] = &[
    "gh_jid",
    "token",
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
    "p",
    "v",
];

/// Of a host any label of which is one of these, other people's ads are shown.
const AGGREGATORS: &str = include_str!("aggregators.txt");

static REQUISITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"_([A-Za-z]{0,4}-?\d{2,}(?:-?\d{3,})*)(?:-\d{1,2})?$").expect("a valid pattern")
});
static UUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
        .expect("a valid pattern")
});
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\d{3,})(?:-|$)|-(\d{5,}|[013-9]\d{3})$").expect("a valid pattern")
});

impl Address {
    pub fn of(raw: &str) -> Option<Self> {
        let url = Url::parse(raw.trim()).ok()?;
        let host = url.host_str()?.trim_start_matches("www.").to_ascii_lowercase();
        let parameter = parameter(&url);
        if let Some((name, number)) = &parameter
            && let Some(system) = foreign(name)
        {
            return Some(Self::at(host, Site::Ats, Some(format!("{system}:{number}"))));
        }
        let segments: Vec<&str> =
            url.path_segments().map(|parts| parts.filter(|part| !part.is_empty()).collect())?;
        if let Some(system) = SYSTEMS.iter().find(|(ending, ..)| is_below(&host, ending)) {
            return Some(Self::of_ats(&host, &segments, *system, parameter));
        }
        let kind = if is_aggregator(&host) { Site::Aggregator } else { Site::Other };
        let number = parameter.map(|(_, number)| number).or_else(|| number_in(&segments));
        let number = number.or_else(|| page(&segments));
        let ad = number.map(|number| format!("{host}:{number}"));
        Some(Self::at(host, kind, ad))
    }

    fn of_ats(
        host: &str,
        segments: &[&str],
        (ending, before, unique): (&str, &str, bool),
        parameter: Option<(String, String)>,
    ) -> Self {
        let company = if unique && host.split('.').count() < 4 && !before.eq("postings") {
            segments.first().copied().unwrap_or_default()
        } else {
            host.split('.').next().unwrap_or_default()
        };
        let site = format!("{ending}:{}", company.to_ascii_lowercase());
        if ending.starts_with("myworkday") {
            let last = segments.iter().rev().find(|part| part.contains('_'));
            let number = last.and_then(|part| REQUISITION.captures(part)).and_then(|found| {
                Some(found.get(1)?.as_str().to_ascii_lowercase().replace('-', ""))
            });
            let ad = number.as_ref().map(|number| format!("{site}:{number}"));
            return Self { requisition: number, ..Self::at(site, Site::Ats, ad) };
        }
        // After the company where no word stands before the number.
        let at = segments.iter().position(|part| *part == before);
        let after = if before.is_empty() { Some(1) } else { at.map(|at| at + 1) };
        let rest = after.and_then(|after| segments.get(after..)).unwrap_or_default();
        let uuid =
            rest.iter().find_map(|part| UUID.find(part)).map(|found| found.as_str().to_owned());
        let number =
            uuid.or_else(|| ats_number(rest, before)).or(parameter.map(|(_, number)| number));
        let scope = if unique { ending } else { site.as_str() };
        let ad = number.map(|number| format!("{scope}:{number}"));
        Self::at(site, Site::Ats, ad)
    }

    fn at(site: String, kind: Site, ad: Option<String>) -> Self {
        Self { site, kind, ad, requisition: None }
    }

    /// The ad's number, where it says that two postings are one.
    pub(super) fn ad(&self) -> Option<&str> {
        self.ad.as_deref().filter(|_| self.kind != Site::Aggregator)
    }

    /// What two addresses say together.
    pub fn ads(one: Option<&Self>, other: Option<&Self>) -> Ads {
        let (Some(one), Some(other)) = (one, other) else { return Ads::Unrelated };
        match (one.ad(), other.ad()) {
            (Some(ad), Some(same)) if ad == same => {
                return if one.kind == Site::Ats { Ads::Same } else { Ads::SamePage };
            }
            _ => {}
        }
        if one.site != other.site {
            return Ads::Unrelated;
        }
        match (&one.requisition, &other.requisition) {
            (Some(own), Some(others)) if own != others => Ads::Requisitions,
            _ if one.kind == Site::Aggregator => Ads::Reshown,
            _ => Ads::Siblings,
        }
    }
}

/// Whether an address that a board shows is the employer's own: software by which companies hire, or a
/// site that is neither the board's nor known to show other people's ads.
pub fn is_employers(url: &str, board_host: &str) -> bool {
    let Some(address) = Address::of(url) else { return false };
    match address.kind {
        Site::Ats => true,
        Site::Aggregator => false,
        Site::Other => {
            let board = board_host.trim_start_matches("www.");
            !(is_below(&address.site, board) || is_below(board, &address.site))
        }
    }
}

/// Companies show an ATS's ads on pages of their own.
fn foreign(parameter: &str) -> Option<&'static str> {
    match parameter {
        "gh_jid" => Some("greenhouse.io"),
        "ashby_jid" => Some("ashbyhq.com"),
        _ => None,
    }
}

fn parameter(url: &Url) -> Option<(String, String)> {
    let found = url.query_pairs().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let number = |(name, value): &(String, std::borrow::Cow<'_, str>)| {
        NUMBERS.contains(&name.as_str()) && value.bytes().any(|byte| byte.is_ascii_digit())
    };
    // In the order of the table, whatever that of the address is.
    let place = |name: &str| NUMBERS.iter().position(|known| *known == name);
    let least = found.filter(number).min_by_key(|(name, _)| place(name));
    least.map(|(name, value)| (name, value.into_owned()))
}

/// The number of an ad in the parts of a path that follow the system's word for it.
fn ats_number(parts: &[&str], before: &str) -> Option<String> {
    let with_digit = |part: &&&str| part.bytes().any(|byte| byte.is_ascii_digit());
    let part = match before {
        // A slug is all that there is.
        "o" => parts.first(),
        _ => parts.iter().find(with_digit),
    }?;
    let head: String = part.chars().take_while(char::is_ascii_digit).collect();
    Some(if head.len() > 3 && part.len() > head.len() && before != "j" {
        head
    } else {
        part.to_ascii_lowercase()
    })
}

/// A number at the begin or end of the last part of a path, or before a slug.
fn number_in(segments: &[&str]) -> Option<String> {
    let last = segments.last()?;
    if let Some(uuid) = UUID.find(last) {
        return Some(uuid.as_str().to_owned());
    }
    let before = segments.iter().rev().nth(1).filter(|part| {
        part.len() >= 5 && part.bytes().all(|byte| byte.is_ascii_digit()) && last.contains('-')
    });
    let Some(found) = NUMBER.captures(last) else { return before.map(|part| (*part).to_owned()) };
    let number = found.get(1).or_else(|| found.get(2))?;
    Some(number.as_str().to_owned())
}

/// A page of its own without a number: `/jobs/optical-engineer`, but not `/careers/open-positions`.
fn page(segments: &[&str]) -> Option<String> {
    let words = segments.last()?.split('-');
    let lists = ["jobs", "careers", "positions", "openings", "vacancies", "us", "roles", "work"];
    let own = words.clone().count() > 1 && !words.clone().any(|word| lists.contains(&word));
    own.then(|| segments.join("/"))
}

fn is_below(host: &str, ending: &str) -> bool {
    host.strip_suffix(ending).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn is_aggregator(host: &str) -> bool {
    AGGREGATORS.lines().filter(|line| !line.starts_with('#')).any(|line| {
        // `indeed.` stands for all its countries.
        line.strip_suffix('.').map_or_else(
            || is_below(host, line),
            |name| host.split('.').rev().skip(1).any(|label| label == name),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, want: Ads) {
        let (a, b) = (Address::of(one), Address::of(other));
        assert_eq!(Address::ads(a.as_ref(), b.as_ref()), want, "{a:?} {b:?}");
    }

    #[test]
    fn one_ad_has_many_addresses() {
        for (one, other) in [
            (
                "https://boards.greenhouse.io/acme/jobs/5512345?gh_src=a",
                "https://www.acme.example/careers?utm_source=x&gh_jid=5512345",
            ),
            (
                "https://boards.greenhouse.io/embed/job_app?for=acme&token=5512345",
                "https://job-boards.greenhouse.io/acme/jobs/5512345",
            ),
            (
                "https://jobs.lever.co/a/5b1f7a0e-1111-4a4a-9c9c-abcdefabcdef",
                "https://jobs.lever.co/a/5b1f7a0e-1111-4a4a-9c9c-abcdefabcdef/apply?lever-source=z",
            ),
            (
                "https://a.wd3.myworkdayjobs.com/en-US/Careers/job/York/Engineer_R-0099?source=x",
                "https://a.wd3.myworkdayjobs.com/Careers/job/York/Engineer_R-0099-1/apply",
            ),
            (
                "https://apply.workable.com/a/j/1A2B3C4D5E/",
                "https://apply.workable.com/j/1A2B3C4D5E",
            ),
            (
                "https://jobs.smartrecruiters.com/A/744000012345678-dev",
                "https://jobs.smartrecruiters.com/A/744000012345678?trid=1",
            ),
            (
                "https://careers-a.icims.com/jobs/11872/dev/job?mode=job",
                "https://careers-a.icims.com/jobs/11872/login",
            ),
        ] {
            check(one, other, Ads::Same);
        }
        let page = "https://acme.example/jobs/dev-20391";
        check(page, "http://www.acme.example/jobs/dev-20391/?source=x", Ads::SamePage);
    }

    #[test]
    fn other_numbers_are_other_ads() {
        let slug = |id: u32| format!("https://acme.example/jobs/{id}/rust-engineer?lang=en");
        check(&slug(30_612), &slug(30_612), Ads::SamePage);
        check(&slug(30_612), &slug(30_613), Ads::Siblings);
        check("https://jobs.lever.co/360acme", "https://jobs.lever.co/360acme", Ads::Siblings);
        let greenhouse = |id: u32| format!("https://boards.greenhouse.io/acme/jobs/{id}");
        check(&greenhouse(5_512_345), &greenhouse(5_512_346), Ads::Siblings);
        let workday = |id: &str| format!("https://a.wd3.myworkdayjobs.com/C/job/York/Dev_{id}");
        check(&workday("R-0099"), &workday("R-0100"), Ads::Requisitions);
        check(&greenhouse(1), "https://jobs.lever.co/acme/1", Ads::Unrelated);
    }

    #[test]
    fn an_aggregators_address_is_no_identity() {
        let linkedin = "https://www.linkedin.com/jobs/view/4000000001";
        check(linkedin, linkedin, Ads::Reshown);
        check(
            "https://de.indeed.com/viewjob?jk=1",
            "https://de.indeed.com/viewjob?jk=2",
            Ads::Reshown,
        );
        check("https://acme.example/careers", "https://acme.example/careers", Ads::Siblings);
        assert!(Address::of("no address").is_none());
    }
}
