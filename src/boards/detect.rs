//! What somebody means who names an address: a company's job board, a board that is known, a feed, or
//! a page that leads to one of these.

use chrono_tz::Tz;
use scraper::{Html, Selector};
use url::Url;

use super::catalog::{self, Entry};
use super::kinds::of;
use super::{Reading, Response, Unreadable, address, read};
use crate::domain::board::BoardKind;
use crate::normalize::{BoardContext, is_costly};

/// A board that was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    pub kind: BoardKind,
    /// Where it is asked.
    pub url: Url,
    /// Whose jobs it shows, as the address names them.
    pub company: Option<String>,
}

impl Detected {
    /// The company's name made readable: `acme-labs` → `Acme Labs`.
    pub fn company_name(&self) -> Option<String> {
        let company = self.company.as_ref()?;
        // Where the board lies, and no part of the name.
        let company = company.trim_start_matches("eu/").trim_start_matches("com/");
        let words = company.split(['-', '_', '/']).filter(|word| !word.is_empty());
        let words = words.map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        });
        Some(words.collect::<Vec<_>>().join(" "))
    }
}

/// Parts of the names of parameters that carry what only their owner may know.
const SECRETS: [&str; 13] = [
    "token",
    "key",
    "apikey",
    "auth",
    "secret",
    "sig",
    "signature",
    "password",
    "passwd",
    "pass",
    "session",
    "jwt",
    "credential",
];

/// A value that is as long as this, with letters and digits, was hardly chosen by a person.
const LONG_VALUE: usize = 24;

/// Whether an address looks as if it opened a feed to its owner alone. Of one that names a board of a
/// service that is known, ask of the address of that board: it has no secrets.
pub fn may_be_secret(url: &Url) -> bool {
    let named = |name: &str| words_of(name).iter().any(|word| SECRETS.contains(&word.as_str()));
    !url.username().is_empty()
        || url.password().is_some()
        || url.query_pairs().any(|(name, value)| named(&name) || is_random(&value))
        || url.path_segments().is_some_and(|mut parts| parts.any(is_random))
}

/// `accessToken`, `access_token` → access, token
fn words_of(name: &str) -> Vec<String> {
    let mut apart = String::with_capacity(name.len() + 4);
    let mut small = false;
    for c in name.chars() {
        if c.is_uppercase() && small {
            apart.push('_');
        }
        small = c.is_lowercase();
        apart.extend(c.to_lowercase());
    }
    apart.split(['_', '-', '.', '[', ']']).map(str::to_owned).collect()
}

/// Whether nobody chose that: a UUID, the digits of a hash, base64. What stands behind a dot is the
/// ending of a file.
fn is_random(value: &str) -> bool {
    let value = match value.rsplit_once('.') {
        Some((name, end)) if end.len() <= 4 => name,
        _ => value,
    };
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let plain: String = value.chars().filter(|c| *c != '-' && *c != '_').collect();
    let hex = plain.len() >= LONG_VALUE && plain.chars().all(|c| c.is_ascii_hexdigit());
    let letters = || plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '=');
    // Words between dashes are a title; in random texts capitals stand inside of words.
    let mixed = || {
        let inside = value.as_bytes().windows(2);
        let rises = |two: &&[u8]| matches!(two, [small, large] if small.is_ascii_lowercase() && large.is_ascii_uppercase());
        inside.filter(rises).count() > 1
    };
    let written = value.contains('-') || value.contains('_');
    let has_both = digits > 0 && plain.contains(|c: char| c.is_ascii_alphabetic());
    has_both && (hex || (plain.len() >= LONG_VALUE && letters() && (!written || mixed())))
}

/// Recognises a board by its address alone.
pub fn by_address(seen_at: &Url) -> Option<Detected> {
    company_board(seen_at).or_else(|| known_board(seen_at))
}

fn company_board(seen_at: &Url) -> Option<Detected> {
    BoardKind::ALL.iter().find_map(|kind| {
        let company = of(*kind).company(seen_at)?;
        let url = address(*kind, &company).ok()?;
        Some(Detected { kind: *kind, url, company: Some(company) })
    })
}

/// One of the catalogue's boards that have a kind of their own; another of its feeds is read as it is.
fn known_board(seen_at: &Url) -> Option<Detected> {
    let host = |url: &Url| url.host_str().map(|host| host.trim_start_matches("www.").to_owned());
    let (known, url) = catalog::built_in()
        .ok()?
        .into_iter()
        .filter_map(|Entry { kind, url, .. }| {
            Some((kind.filter(|it| *it != BoardKind::Feed)?, url))
        })
        .find(|(_, url)| host(url) == host(seen_at))?;
    let path = seen_at.path().to_lowercase();
    if !["rss", "feed", "atom", ".xml"].iter().any(|end| path.trim_end_matches('/').ends_with(end))
    {
        return Some(Detected { kind: known, url, company: None });
    }
    // Of some boards the feed is the board; of others it is a feed like any.
    let is_xml = matches!(known, BoardKind::Weworkremotely | BoardKind::Larajobs);
    let kind = if is_xml { known } else { BoardKind::Feed };
    Some(Detected { kind, url: seen_at.clone(), company: None })
}

/// Recognises a board by what its address answers.
pub fn by_answer(response: Response<'_>, asked: &Url) -> Result<Detected, Unreadable> {
    let zone = Tz::UTC;
    let context = BoardContext { slug: "", company: None, base: Some(asked), zone, at: None };
    let page = match read(Reading::from(BoardKind::Feed), response, &context) {
        Ok(_) => {
            return Ok(Detected { kind: BoardKind::Feed, url: asked.clone(), company: None });
        }
        Err(Unreadable::WebPage(title)) => title,
        Err(Unreadable::Empty) => return Err(Unreadable::Empty),
        Err(Unreadable::Format(why)) if !looks_like_a_page(response.body) => {
            return Err(Unreadable::Format(format!(
                "neither a board of a known kind nor a page, {why}"
            )));
        }
        Err(Unreadable::Format(_)) => String::new(),
    };
    let text = String::from_utf8_lossy(response.body);
    if is_costly(&text) {
        return Err(Unreadable::Format(
            "the page is nested too deep to be looked through".to_owned(),
        ));
    }
    named_in_page(&Html::parse_document(&text), asked).ok_or_else(|| {
        let titled = if page.is_empty() { String::new() } else { format!(" ({page:?})") };
        Unreadable::Format(format!(
            "the page{titled} names no feed and no job board that is known; a page can be read by \
             rules, if the operator writes them"
        ))
    })
}

fn looks_like_a_page(body: &[u8]) -> bool {
    let head = String::from_utf8_lossy(body.get(..2_000).unwrap_or(body)).to_lowercase();
    ["<html", "<head", "<body", "<!doctype html"].iter().any(|tag| head.contains(tag))
}

/// A company's job board that the page links or embeds; or else its feed, one for jobs before others.
fn named_in_page(page: &Html, asked: &Url) -> Option<Detected> {
    let base = Selector::parse("base[href]").expect("a valid selector");
    let base = page.select(&base).next().and_then(|element| element.attr("href"));
    let base = base.and_then(|href| asked.join(href.trim()).ok()).unwrap_or_else(|| asked.clone());
    let named = |selector: &str, attribute: &str| -> Vec<Url> {
        let selector = Selector::parse(selector).expect("a valid selector");
        let found = page.select(&selector).filter_map(|element| element.attr(attribute));
        found.filter_map(|address| base.join(address.trim()).ok()).collect()
    };
    let embedded =
        [named("iframe[src]", "src"), named("script[src]", "src"), named("a[href]", "href")];
    if let Some(board) = embedded.iter().flatten().find_map(company_board) {
        return Some(board);
    }
    let types = ["application/rss+xml", "application/atom+xml", "application/feed+json"];
    let feeds = types.map(|kind| named(&format!("link[rel~=alternate][type='{kind}']"), "href"));
    let mut feeds: Vec<Url> = feeds.into_iter().flatten().collect();
    let is_of_jobs = |url: &Url| {
        ["job", "career", "vacanc", "stelle"].iter().any(|word| url.as_str().contains(word))
    };
    feeds.sort_by_key(|url| !is_of_jobs(url));
    let url = feeds.into_iter().find(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(by_address(&url).unwrap_or(Detected { kind: BoardKind::Feed, url, company: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(detected: &Detected) -> String {
        let Detected { kind, url, company } = detected;
        format!("{kind} {} {url}", company.as_deref().unwrap_or("-"))
    }

    #[track_caller]
    fn check(seen_at: &str, want: &str) {
        let found = by_address(&Url::parse(seen_at).unwrap());
        assert_eq!(found.map(|found| shown(&found)).unwrap_or_default(), want, "{seen_at}");
    }

    #[test]
    fn the_address_of_a_companys_board_or_job_names_the_company() {
        let greenhouse =
            "greenhouse acme https://boards-api.greenhouse.io/v1/boards/acme/jobs?content=true";
        for seen_at in [
            "https://boards.greenhouse.io/acme",
            "https://job-boards.greenhouse.io/acme/jobs/77?gh_src=x",
            "https://boards.greenhouse.io/embed/job_board/js?for=acme",
            "https://boards-api.greenhouse.io/v1/boards/acme/jobs",
        ] {
            check(seen_at, greenhouse);
        }
        let lever = "lever acme https://api.lever.co/v0/postings/acme?mode=json";
        check("https://jobs.lever.co/acme/33538a2f/apply", lever);
        check("https://api.lever.co/v0/postings/acme", lever);
        let ashby = "https://api.ashbyhq.com/posting-api/job-board/acme?includeCompensation=true";
        check("https://jobs.ashbyhq.com/acme", &format!("ashby acme {ashby}"));
        check(ashby, &format!("ashby acme {ashby}"));
        check(
            "https://acme.recruitee.com/o/cook",
            "recruitee acme https://acme.recruitee.com/api/offers/",
        );
        check(
            "https://acme.teamtailor.com/",
            "teamtailor acme https://acme.teamtailor.com/jobs.rss",
        );
        check(
            "https://acme.jobs.personio.de/job/1",
            "personio acme https://acme.jobs.personio.de/xml?language=en",
        );
        let workable = "https://apply.workable.com/api/v1/widget/accounts/acme?details=true";
        check("https://apply.workable.com/acme/j/ABC/", &format!("workable acme {workable}"));
        let smart = "https://api.smartrecruiters.com/v1/companies/Acme1/postings?limit=100";
        check(
            "https://careers.smartrecruiters.com/Acme1/x",
            &format!("smartrecruiters Acme1 {smart}"),
        );
        check(
            "https://acme.jobs.personio.com/",
            "personio com/acme https://acme.jobs.personio.com/xml?language=en",
        );
        check(
            "https://jobs.eu.lever.co/acme/33538a2f",
            "lever eu/acme https://api.eu.lever.co/v0/postings/acme?mode=json",
        );
        check("https://job-boards.eu.greenhouse.io/acme", greenhouse);
        let ashby =
            "https://api.ashbyhq.com/posting-api/job-board/Acme%20Inc?includeCompensation=true";
        check("https://jobs.ashbyhq.com/Acme%20Inc/0b9c", &format!("ashby Acme Inc {ashby}"));
        let rippling =
            "rippling acme https://ats.rippling.com/api/v2/board/acme/jobs?page=0&pageSize=1000";
        for seen_at in [
            "https://ats.rippling.com/acme/jobs",
            "https://ats.rippling.com/en-GB/acme/jobs/0b9c",
            "https://ats.rippling.com/api/v2/board/acme/jobs",
            "https://api.rippling.com/platform/api/ats/v1/board/acme/jobs",
        ] {
            check(seen_at, rippling);
        }
        let workday = "workday acme.wd5/Careers https://acme.wd5.myworkdayjobs.com/wday/cxs/acme/Careers/jobs";
        check("https://acme.wd5.myworkdayjobs.com/en-US/Careers/job/Oslo/Cook_R1", workday);
        check("https://acme.wd5.myworkdayjobs.com/wday/cxs/acme/Careers/jobs", workday);
    }

    #[test]
    fn a_companys_name_is_made_readable() {
        for (seen_at, want) in [
            ("https://jobs.lever.co/acme-labs", "Acme Labs"),
            ("https://jobs.eu.lever.co/acme", "Acme"),
            ("https://acme.wd5.myworkdayjobs.com/AcmeCareers", "Acme.wd5 AcmeCareers"),
        ] {
            let found = by_address(&Url::parse(seen_at).unwrap()).unwrap();
            assert_eq!(found.company_name().as_deref(), Some(want));
        }
    }

    #[test]
    fn an_address_that_carries_a_secret_is_known_by_its_look() {
        let secret = |url: &str| may_be_secret(&Url::parse(url).unwrap());
        for url in [
            "https://x.example/feed?token=abc",
            "https://x.example/feed?api_key=abc",
            "https://x.example/feed?u=0123456789abcdef0123456789abcdef",
            "https://x.example/private/0123456789abcdef0123456789abcdef/feed.xml",
            "https://x.example/private/0b9c1f7e-1111-4c2b-9f00-000000000101.rss",
            "https://x.example/private/0b9c1f7e-1111-4c2b-9f00-000000000101",
            "https://x.example/f/aB3dE-fGh1jKlMn0pQrStUv_wXyZ.xml",
            "https://x.example/feed?accessToken=abc",
            "https://x.example/feed?authKey=abc",
            "https://x.example/feed?X-Amz-Credential=abc",
            "https://me:pw@x.example/feed",
        ] {
            assert!(secret(url), "{url}");
        }
        for url in [
            "https://x.example/feed?category=monkey&count=100",
            "https://x.example/remote-senior-engineer-jobs-in-berlin-2026/feed",
            "https://x.example/Remote-Senior-Engineer-Jobs-in-Berlin-2026.rss",
            "https://x.example/feed?keyword=rust&author=acme",
            "https://x.example/accessible-and-decade-old-facade-cafe-1999/feed",
            "https://boards-api.greenhouse.io/v1/boards/acme/jobs?content=true",
        ] {
            assert!(!secret(url), "{url}");
        }
    }

    #[test]
    fn known_boards_are_recognised_and_others_are_not() {
        check("https://remoteok.com/remote-rust-jobs", "remoteok - https://remoteok.com/api");
        let category = "https://weworkremotely.com/categories/remote-programming-jobs.rss";
        check(category, &format!("weworkremotely - {category}"));
        for feed in [
            "https://remoteok.com/remote-jobs.rss",
            "https://remoteok.com/rss",
            "https://himalayas.app/jobs/rss",
            "https://jobicy.com/jobs/feed",
        ] {
            check(feed, &format!("feed - {feed}"));
        }
        check("https://larajobs.com/feed", "larajobs - https://larajobs.com/feed");
        for other in [
            "https://example.com/careers",
            "https://www.recruitee.com/pricing",
            "https://jobs.lever.co/",
            "https://jobs.lever.co.evil.example/acme",
            "https://evil.example/jobs.lever.co/acme",
            "https://jobs.lever.co/..%2f..%2fx",
        ] {
            check(other, "");
        }
    }

    fn answer(body: &str) -> Result<String, String> {
        let response = Response { body: body.as_bytes(), content_type: None };
        let asked = Url::parse("https://acme.example/careers/").unwrap();
        by_answer(response, &asked).map(|found| shown(&found)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_page_leads_to_the_board_that_it_embeds_or_to_its_feed() {
        let embeds = "<!doctype html><title>Jobs</title><link rel=alternate type=application/rss+xml \
                      href=/blog.xml><script src='//boards.greenhouse.io/embed/job_board/js?for=acme'>";
        assert!(answer(embeds).unwrap().starts_with("greenhouse acme"));
        let feeds = "<html><head><link rel='alternate' type='application/rss+xml' href='/blog.xml'>\
                     <link rel='alternate' type='application/rss+xml' href='jobs.xml'></head>";
        assert_eq!(answer(feeds).unwrap(), "feed - https://acme.example/careers/jobs.xml");
        let based = "<html><base href='https://jobs.acme.example/x/'><link rel=alternate \
                     type=application/rss+xml href=jobs.xml>";
        assert_eq!(answer(based).unwrap(), "feed - https://jobs.acme.example/x/jobs.xml");
        let feed = "<rss version='2.0'><channel><title>t</title></channel></rss>";
        assert_eq!(answer(feed).unwrap(), "feed - https://acme.example/careers/");
    }

    #[test]
    fn what_leads_nowhere_is_refused_with_the_reason() {
        let none = answer("<!doctype html><title>Just a moment...</title>").unwrap_err();
        assert!(none.contains("\"Just a moment...\"") && none.contains("names no feed"), "{none}");
        assert!(answer("{\"jobs\": []}").unwrap_err().contains("neither a board"));
        assert!(answer(" ").unwrap_err().contains("empty"));
        assert!(answer(&format!("<html>{}", "<b>".repeat(100_000))).is_err());
    }
}
