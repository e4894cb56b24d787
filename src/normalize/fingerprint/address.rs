//! The address of a posting as it is compared: the site, and the number of the ad there.

use serde::{Deserialize, Serialize};
use url::Url;

use super::address_number::{self, Known};
use crate::normalize::link;

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
    /// Whether that is a number that nothing else of the site has, and not the words of the address.
    #[serde(rename = "e", default, skip_serializing_if = "std::ops::Not::not")]
    exact: bool,
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
    /// Shows other people's ads: its addresses say little of the job.
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
    /// One page of a site with a number of its own.
    SamePage,
    /// One page by its words, or one of an aggregator: other jobs may stand there, too.
    SameWords,
    /// Two numbers on one site of the company, or of one ATS.
    Siblings,
    /// Two addresses of one site that tell no two ads: an aggregator's, or no number is known.
    Reshown,
    /// Two requisitions of one company.
    Requisitions,
    Unrelated,
}

/// An ATS, as its addresses are built.
struct System {
    /// Of the host.
    ending: &'static str,
    /// After which part of the path the number stands; at the begin of it, if that is empty.
    before: &'static str,
    /// Whether the number is unique beyond the company.
    unique: bool,
}

const fn system(ending: &'static str, before: &'static str, unique: bool) -> System {
    System { ending, before, unique }
}

const SYSTEMS: &[System] = &[
    system("greenhouse.io", "jobs", true),
    system("lever.co", "", true),
    system("ashbyhq.com", "", true),
    system("smartrecruiters.com", "", true),
    system("workable.com", "j", true),
    system("rippling.com", "jobs", true),
    system("pinpointhq.com", "postings", true),
    system("breezy.hr", "p", false),
    system("teamtailor.com", "jobs", false),
    system("personio.de", "job", false),
    system("personio.com", "job", false),
    system("bamboohr.com", "careers", false),
    system("recruitee.com", "o", false),
    system("icims.com", "jobs", false),
    system("jobvite.com", "job", false),
    system("oraclecloud.com", "job", false),
    system("paylocity.com", "Details", true),
    system(WORKDAY[0], "job", false),
    system(WORKDAY[1], "job", false),
];

/// Its addresses end with the company's own number.
const WORKDAY: [&str; 2] = ["myworkdayjobs.com", "myworkdaysite.com"];

/// First labels of hosts that all companies of a system share, and first parts of its paths that name
/// none: then the next part does.
const SHARED: &[&str] = &["boards", "job-boards", "jobs", "apply", "ats", "app", "api", "careers"];

/// Sites that show other people's ads.
const AGGREGATORS: &str = include_str!("aggregators.txt");

impl Address {
    pub fn of(raw: &str) -> Option<Self> {
        let raw = raw.trim();
        let url = Url::parse(raw).or_else(|_| Url::parse(&format!("https://{raw}"))).ok()?;
        let host = url.host_str()?.trim_start_matches("www.").to_ascii_lowercase();
        if !host.contains('.') {
            return None;
        }
        if let Some(number) = address_number::foreign(&url) {
            return Some(Self::at(host, Site::Ats, Some((number, true))));
        }
        let parts: Vec<&str> =
            url.path_segments().map(|parts| parts.filter(|part| !part.is_empty()).collect())?;
        if let Some(system) = SYSTEMS.iter().find(|system| is_below(&host, system.ending)) {
            return Some(Self::of_ats(&host, &parts, system, &url));
        }
        let kind = if is_aggregator(&host) { Site::Aggregator } else { Site::Other };
        let ad = match address_number::of_page(&parts, &url) {
            Some(Known::Number(number)) => Some((format!("{host}:{number}"), true)),
            Some(Known::Short(number)) => Some((format!("{host}:{number}"), false)),
            Some(Known::Words(words)) => Some((format!("{host}/{words}"), false)),
            Some(Known::Whole) => {
                link::canonical(url.as_str(), None).map(|canonical| (link::key(&canonical), false))
            }
            None => None,
        };
        Some(Self::at(host, kind, ad))
    }

    fn of_ats(host: &str, parts: &[&str], system: &System, url: &Url) -> Self {
        let label = host.split('.').next().unwrap_or_default();
        let company = if host == system.ending || SHARED.contains(&label) {
            parts.iter().copied().find(|part| !SHARED.contains(part)).unwrap_or_default()
        } else {
            label
        };
        let site = format!("{}:{}", system.ending, company.to_ascii_lowercase());
        if WORKDAY.contains(&system.ending) {
            let number = address_number::of_workday(parts);
            let ad = number.as_ref().map(|number| (format!("{site}:{number}"), true));
            return Self { requisition: number, ..Self::at(site, Site::Ats, ad) };
        }
        // After the company where no word stands before the number.
        let at = parts.iter().position(|part| *part == system.before);
        let after = if system.before.is_empty() { Some(1) } else { at.map(|at| at + 1) };
        let rest = after.and_then(|after| parts.get(after..)).unwrap_or_default();
        let number = address_number::of_ats(rest, system.before)
            .or_else(|| address_number::parameter(url, true));
        let scope = if system.unique { system.ending } else { site.as_str() };
        let ad = number.map(|number| (format!("{scope}:{number}"), true));
        Self::at(site, Site::Ats, ad)
    }

    fn at(site: String, kind: Site, ad: Option<(String, bool)>) -> Self {
        let (ad, exact) = ad.map_or((None, false), |(ad, exact)| (Some(ad), exact));
        Self { site, kind, ad, exact, requisition: None }
    }

    /// The ad's number, or what else it is known by.
    pub(super) fn ad(&self) -> Option<&str> {
        self.ad.as_deref()
    }

    /// The ATS, if its numbers are unique beyond the company.
    fn system(&self) -> Option<&str> {
        let (system, number) = self.ad()?.split_once(':')?;
        (self.kind == Site::Ats && !number.contains(':')).then_some(system)
    }

    /// What two addresses say together.
    pub fn ads(one: Option<&Self>, other: Option<&Self>) -> Ads {
        let (Some(one), Some(other)) = (one, other) else { return Ads::Unrelated };
        match (one.ad(), other.ad()) {
            (Some(ad), Some(same)) if ad == same => {
                return match one.kind {
                    Site::Ats => Ads::Same,
                    Site::Other if one.exact => Ads::SamePage,
                    Site::Other | Site::Aggregator => Ads::SameWords,
                };
            }
            (Some(_), Some(_)) if one.system().is_some() && one.system() == other.system() => {
                return Ads::Siblings;
            }
            _ => {}
        }
        if one.site != other.site {
            return Ads::Unrelated;
        }
        match (&one.requisition, &other.requisition) {
            (Some(own), Some(others)) if own != others => Ads::Requisitions,
            _ if one.kind == Site::Aggregator || one.ad.is_none() || other.ad.is_none() => {
                Ads::Reshown
            }
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

fn is_below(host: &str, ending: &str) -> bool {
    host.strip_suffix(ending).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn is_aggregator(host: &str) -> bool {
    AGGREGATORS.lines().filter(|line| !line.starts_with('#')).any(|line| {
        // `indeed.` stands for all its countries.
        line.strip_suffix('.').map_or_else(|| is_below(host, line), |name| registered(host) == name)
    })
}

/// The label that somebody registered: `seek` of `nz.seek.co.nz`, `lowes` of `talent.lowes.com`.
fn registered(host: &str) -> &str {
    let mut labels = host.rsplit('.').skip(1);
    let label = labels.next().unwrap_or_default();
    match label {
        "co" | "com" | "org" | "net" => labels.next().unwrap_or(label),
        _ => label,
    }
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
        check("https://jobs.lever.co/360acme", "https://jobs.lever.co/360acme", Ads::Reshown);
        let greenhouse = |id: u32| format!("https://boards.greenhouse.io/acme/jobs/{id}");
        check(&greenhouse(5_512_345), &greenhouse(5_512_346), Ads::Siblings);
        let workday = |id: &str| format!("https://a.wd3.myworkdayjobs.com/C/job/York/Dev_{id}");
        check(&workday("R-0099"), &workday("R-0100"), Ads::Requisitions);
        check(&greenhouse(1), "https://jobs.lever.co/acme/1", Ads::Unrelated);
    }

    #[test]
    fn numbers_of_one_system_are_other_ads_on_any_site() {
        let own = "https://acme.example/careers?gh_jid=5512346";
        check("https://boards.greenhouse.io/acme/jobs/5512345", own, Ads::Siblings);
        let embedded = "https://boards.greenhouse.io/embed/job_app?for=acme&token=5512346";
        check(embedded, own, Ads::Same);
        check(embedded, "https://job-boards.eu.greenhouse.io/acme/jobs/5512345", Ads::Siblings);
        check("https://a.breezy.hr/p/0a1b2c", "https://b.breezy.hr/p/0a1b2d", Ads::Unrelated);
    }

    #[test]
    fn the_company_is_read_where_many_share_a_host() {
        for (url, site) in [
            ("boards.greenhouse.io/acme/jobs/1", "greenhouse.io:acme"),
            ("https://boards.eu.greenhouse.io/acme/jobs/4012345101", "greenhouse.io:acme"),
            ("https://jobs.eu.lever.co/acme/5b1f7a0e", "lever.co:acme"),
            ("https://jobs.jobvite.com/acme/job/oAbCdfwX", "jobvite.com:acme"),
            ("https://jobs.jobvite.com/careers/acme/job/oAbCdfwX", "jobvite.com:acme"),
            ("https://acme.wd5.myworkdayjobs.com/Ext/job/X_R-1", "myworkdayjobs.com:acme"),
            ("https://www.smartrecruiters.com/Acme/744000012345678", "smartrecruiters.com:acme"),
        ] {
            assert_eq!(Address::of(url).unwrap().site, site, "{url}");
        }
    }

    #[test]
    fn a_page_is_known_by_its_number_then_its_words() {
        let page = |path: &str| format!("https://acme.example/{path}");
        for (one, other, want) in [
            ("position/7234567/detail", "position/7234567/detail?src=x", Ads::SamePage),
            ("position/7234/detail", "position/7234/detail?utm_source=x", Ads::SameWords),
            ("job/1812345/SWE", "en/job/1812345/Software", Ads::SamePage),
            ("details/200554359/swe", "details/200554359-0836/swe?team=SFTWR", Ads::SamePage),
            ("careers/cook-berlin?v=2", "careers/cook-munich?v=2", Ads::Siblings),
            ("careers/cook-berlin?v=2", "careers/cook-berlin?p=3", Ads::SameWords),
            ("apply?p=1&job=cook", "apply?p=1&job=waiter", Ads::Reshown),
            ("job-detail?jobId=12345", "job-detail?jobId=12346", Ads::Siblings),
            ("internship-program", "internship-program", Ads::Reshown),
            ("software-internship", "software-internship", Ads::SameWords),
            ("job-detail?jobId=12345&x=1", "job-detail?jobid=12345", Ads::SamePage),
        ] {
            check(&page(one), &page(other), want);
        }
    }

    #[test]
    fn an_aggregators_address_is_no_identity() {
        let linkedin = "https://www.linkedin.com/jobs/view/4000000001";
        check(linkedin, &format!("{linkedin}?trk=x"), Ads::SameWords);
        check(
            "https://de.indeed.com/viewjob?jk=1",
            "https://de.indeed.com/viewjob?jk=2",
            Ads::Reshown,
        );
        for list in ["https://acme.example/careers", "https://www.linkedin.com/jobs/search?geoId=1"]
        {
            check(list, list, Ads::Reshown);
        }
        check("https://talent.lowes.example/us/job/JR-7", "https://lowes.example/", Ads::Unrelated);
        let employers = |url| is_employers(url, "board.example");
        assert!(
            employers("https://talent.lowes.com/us/en/job/JR-0123")
                && employers("https://seek.acme.com/1")
        );
        assert!(
            !employers("https://nz.seek.co.nz/job/1")
                && !employers("https://www.seek.com.au/job/1")
        );
        assert!(Address::of("no address").is_none());
    }
}
