//! `https://api.smartrecruiters.com/v1/companies/<company>/postings`: an object with a hundred jobs
//! of a company, without their text, and how many there are.
//!
//! Quirks, as recorded: a company that does not exist looks like one without openings; the city may
//! be a country and the region "REMOTE".

use serde_json::Value;
use url::Url;

use super::super::pages::Page;
use super::fields::{Fields, in_country, json_board, place};
use super::json_items::json_document;
use super::{Kind, RawItems, Reading, Response, Unreadable, below, part_at};
use crate::domain::posting::Posting;
use crate::normalize::{BoardContext, RawPosting};

pub struct SmartRecruiters;

impl Kind for SmartRecruiters {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        json_board(response, &["content"], posting)
    }

    fn next_page(&self, response: Response<'_>, asked: &Page) -> Option<Page> {
        let head = json_document(response, &["content"]).ok()?.fields;
        let number = |name: &str| head.get(name).and_then(Value::as_u64);
        let next = number("offset").unwrap_or_default() + number("limit").filter(|it| *it > 0)?;
        let found = number("totalFound")?;
        let total = asked.total.or(Some(found));
        (next < found).then(|| Page { total, ..asked.next_by("offset", &next.to_string()) })
    }

    fn detail_address(&self, asked: &Url, posting: &Posting) -> Option<Url> {
        below(asked, posting)
    }

    fn address(&self, company: &str) -> Option<String> {
        Some(format!("https://api.smartrecruiters.com/v1/companies/{company}/postings?limit=100"))
    }

    fn company(&self, seen_at: &Url) -> Option<String> {
        let hosts = ["jobs.smartrecruiters.com", "careers.smartrecruiters.com"];
        part_at(seen_at, &hosts, 0).or_else(|| part_at(seen_at, &["api.smartrecruiters.com"], 2))
    }
}

fn posting(job: Fields<'_>) -> Result<Option<RawPosting>, String> {
    if job.flag("active") == Some(false) {
        return Ok(None);
    }
    let title = job.string("name").ok_or("no name")?;
    let (remote, hybrid) = (job.flag("location.remote"), job.flag("location.hybrid"));
    let remote = match (remote, hybrid) {
        (_, Some(true)) => Some("hybrid".to_owned()),
        (Some(remote), _) => Some(remote.to_string()),
        (None, _) => None,
    };
    let stated = job.string("location.fullLocation");
    let parts = ["city", "region"].map(|part| job.text(&format!("location.{part}")));
    let company = job.text("company.identifier");
    let page = company
        .zip(job.text("id"))
        .map(|(company, id)| format!("https://jobs.smartrecruiters.com/{company}/{id}"));
    Ok(Some(RawPosting {
        guid: job.id("id"),
        url: job.string("postingUrl").or(page),
        title,
        company: job.string("company.name"),
        location: in_country(stated.or_else(|| place(parts)), job.text("location.country")),
        remote,
        employment: job.texts("typeOfEmployment.label"),
        level: job.texts("experienceLevel.label"),
        lang: job.string("language.code"),
        tags: [job.texts("department.label"), job.texts("function.label")].concat(),
        posted_at: job.date("releasedDate"),
        body: sections(job),
        ..RawPosting::default()
    }))
}

/// The text of a job that was asked for alone.
fn sections(job: Fields<'_>) -> String {
    let names = ["companyDescription", "jobDescription", "qualifications", "additionalInformation"];
    let paths = names.map(|name| format!("jobAd.sections.{name}.text"));
    job.lines(&paths.each_ref().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn a_list_and_a_job_alone_are_read() {
        check(
            BoardKind::Smartrecruiters,
            r#"{"offset": 0, "limit": 100, "totalFound": 1, "content": [
              {"id": "744", "name": "Security Engineer", "refNumber": "REF1",
               "company": {"identifier": "acme", "name": "Acme Inc"},
               "releasedDate": "2026-08-12T14:04:56.128Z",
               "location": {"city": "Poland", "region": "REMOTE", "country": "pl", "remote": true,
                            "hybrid": false, "fullLocation": "Poland, REMOTE, Poland"},
               "department": {"label": "Engineering"}, "typeOfEmployment": {"label": "Full-time"},
               "experienceLevel": {"label": "Mid-Senior Level"}, "language": {"code": "en-GB"},
               "jobAd": {"sections": {"jobDescription": {"text": "<p>Guard.</p>"}}}},
              {"id": "745", "name": "Gone", "active": false}]}"#,
            concat!(
                r#"{"body":"Guard.","company":"Acme Inc","identity":"guid:744","lang":"en","#,
                r#""location":"Poland, REMOTE, Poland","#,
                r#""posted_at":"2026-08-12T14:04:56.128Z","remote":"yes","tags":["Engineering"],"#,
                r#""title":"Security Engineer","type":["fulltime"],"#,
                r#""url":"https://jobs.smartrecruiters.com/acme/744","zones":{"from":60,"to":120}}"#,
            ),
        );
    }
}
