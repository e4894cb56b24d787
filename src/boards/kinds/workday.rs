//! `https://<company>.<server>.myworkdayjobs.com/wday/cxs/<company>/<site>/jobs`, asked by a POST: an
//! object with 20 jobs, without their text, and how many there are.
//!
//! Quirks, as recorded: dates are words that count days from the answer ("Posted 3 Days Ago"), and
//! "30+" of them are any number; a place may be "6 Locations", which is none; the public page of a
//! job lies at the site's name and `externalPath`.

use serde_json::Value;
use url::Url;

use super::super::pages::Page;
use super::fields::{Fields, in_country, json_board};
use super::json_items::json_document;
use super::{Kind, RawItems, Reading, Response, Unreadable, name_before};
use crate::domain::place::Area;
use crate::domain::posting::Posting;
use crate::normalize::{BoardContext, RawDate, RawPosting};

/// Jobs of one page.
const SHOWN: u64 = 20;
const QUESTION: &str = r#"{"appliedFacets":{},"limit":20,"offset":0,"searchText":""}"#;

pub struct Workday;

impl Kind for Workday {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        let site = board.base.and_then(site);
        json_board(response, &["jobPostings"], |job| posting(job, site.as_deref()))
    }

    fn next_page(&self, response: Response<'_>, asked: &Page) -> Option<Page> {
        let head = json_document(response, &["jobPostings"]).ok()?.fields;
        let asked_for = asked.question.as_deref().unwrap_or(QUESTION);
        let mut question: Value = serde_json::from_str(asked_for).ok()?;
        let next = question.get("offset")?.as_u64()? + SHOWN;
        // Later pages may say 0.
        let total = head.get("total").and_then(Value::as_u64).filter(|total| *total > 0);
        let total = asked.total.or(total)?;
        *question.get_mut("offset")? = next.into();
        let question = Some(question.to_string());
        (next < total).then(|| Page { question, total: Some(total), ..asked.next() })
    }

    /// The public page of a job, `/<site>/job/…`, tells its path here.
    fn detail_address(&self, asked: &Url, posting: &Posting) -> Option<Url> {
        let page = Url::parse(posting.url.as_deref()?).ok()?;
        let (_, path) = page.path().split_once("/job/")?;
        let list = asked.path().strip_suffix("/jobs")?;
        let mut url = asked.clone();
        url.set_query(None);
        url.set_path(&format!("{list}/job/{path}"));
        Some(url)
    }

    /// The company's name is `acme.wd5/AcmeCareers`: its host and its site.
    fn address(&self, company: &str) -> Option<String> {
        let (host, site) = company.split_once('/')?;
        let (tenant, _) = host.split_once('.')?;
        Some(format!("https://{host}.myworkdayjobs.com/wday/cxs/{tenant}/{site}/jobs"))
    }

    fn company(&self, seen_at: &Url) -> Option<String> {
        let host = name_before(seen_at, "myworkdayjobs.com")?;
        let mut parts = seen_at.path_segments()?.filter(|part| !part.is_empty());
        let is_language = |part: &str| part.len() == 5 && part.get(2..3) == Some("-");
        let site = match parts.next()? {
            "wday" => parts.nth(2)?,
            part if is_language(part) => parts.next()?,
            part => part,
        };
        Some(format!("{host}/{site}"))
    }

    fn question(&self) -> Option<&'static str> {
        Some(QUESTION)
    }
}

/// The name of the site in the address that was asked.
fn site(asked: &Url) -> Option<String> {
    let mut parts = asked.path_segments()?;
    (parts.next() == Some("wday") && parts.next() == Some("cxs")).then_some(())?;
    parts.nth(1).map(str::to_owned)
}

fn posting(job: Fields<'_>, site: Option<&str>) -> Result<Option<RawPosting>, String> {
    // A job alone stands in an object of its own.
    let alone = |name: &str| job.string(&format!("jobPostingInfo.{name}"));
    let title = job.string("title").or_else(|| alone("title")).ok_or("no title")?;
    let path = job.text("externalPath");
    if path.is_some_and(|path| !path.starts_with("/job/")) {
        return Err("externalPath leads elsewhere".to_owned());
    }
    let several = |place: &&str| place.ends_with(" Locations");
    let place = job.text("locationsText").filter(|place| !several(place)).map(str::to_owned);
    let place = place.or_else(|| alone("location"));
    let country = alone("country.descriptor");
    let marks = job.texts("bulletFields").into_iter();
    let country = country.or_else(|| marks.clone().find(|mark| is_country(mark)));
    let posted_at = posted_on(job.text("postedOn").or_else(|| job.text("jobPostingInfo.postedOn")));
    let unknown = posted_at == RawDate::Unknown;
    let posted_at = if unknown { job.date("jobPostingInfo.startDate") } else { posted_at };
    Ok(Some(RawPosting {
        guid: path.map(number_in).or_else(|| alone("jobPostingId")).or_else(|| alone("jobReqId")),
        url: alone("externalUrl").or_else(|| Some(format!("/{}{}", site?, path?))),
        title,
        location: in_country(place, country.as_deref()),
        remote: job.string("remoteType").or_else(|| alone("remoteType")),
        employment: alone("timeType").into_iter().collect(),
        posted_at,
        body: alone("jobDescription").unwrap_or_default(),
        ..RawPosting::default()
    }))
}

/// The number of a job at the end of its path, `…/Senior-Cook_R12-1`: the path holds the title and the
/// place, which change.
fn number_in(path: &str) -> String {
    let number = path.rsplit_once('_').map(|(_, number)| number);
    let number = number.filter(|it| it.contains(|c: char| c.is_ascii_digit()) && !it.contains('/'));
    number.unwrap_or(path).to_owned()
}

/// Whether one of the marks beside a job is nothing but a country.
fn is_country(mark: &str) -> bool {
    matches!(Area::named(mark), Some(Area::Country(_)))
}

/// "Posted Today", "Posted Yesterday", "Posted 3 Days Ago".
fn posted_on(words: Option<&str>) -> RawDate {
    let days = words.and_then(|words| match words.trim() {
        "Posted Today" => Some(0),
        "Posted Yesterday" => Some(1),
        words => words.strip_prefix("Posted ")?.strip_suffix(" Days Ago")?.parse().ok(),
    });
    days.map_or(RawDate::Unknown, RawDate::DaysAgo)
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;
    use crate::domain::board::BoardKind;

    #[test]
    fn a_list_is_read() {
        check(
            BoardKind::Workday,
            r#"{"total": 2, "jobPostings": [
              {"title": "Platform Engineer", "externalPath": "/job/USA/Platform-Engineer_JR1",
               "locationsText": "Remote, USA", "postedOn": "Posted Today",
               "remoteType": "Fully Remote", "bulletFields": ["JR1"]},
              {"title": "Analyst", "externalPath": "/job/Leeds/Analyst_R2",
               "locationsText": "2 Locations", "bulletFields": ["R2", "United Kingdom"], "postedOn": "Posted 30+ Days Ago"}], "facets": []}"#,
            concat!(
                r#"{"identity":"guid:JR1","location":"Remote, USA","#,
                r#""remote":"yes","title":"Platform Engineer","#,
                r#""url":"https://board.example/jobs/job/USA/Platform-Engineer_JR1","zones":{"from":-480,"to":-240}}"#,
                "\n",
                r#"{"identity":"guid:R2","location":"United Kingdom","title":"Analyst","#,
                r#""url":"https://board.example/jobs/job/Leeds/Analyst_R2"}"#,
            ),
        );
    }

    #[test]
    fn dates_are_days_before_the_answer() {
        for (words, want) in [
            ("Posted Today", RawDate::DaysAgo(0)),
            ("Posted Yesterday", RawDate::DaysAgo(1)),
            ("Posted 3 Days Ago", RawDate::DaysAgo(3)),
            ("Posted 30+ Days Ago", RawDate::Unknown),
            ("Publicado hoy", RawDate::Unknown),
            ("Posted -1 Days Ago", RawDate::Unknown),
        ] {
            assert_eq!(posted_on(Some(words)), want, "{words}");
        }
    }

    #[test]
    fn a_company_names_its_host_and_its_site() {
        let address = Workday.address("acme.wd5/AcmeCareers");
        let want = "https://acme.wd5.myworkdayjobs.com/wday/cxs/acme/AcmeCareers/jobs";
        assert_eq!(address.as_deref(), Some(want));
        assert_eq!(Workday.address("acme"), None);
    }
}
