//! `https://<company>.jobs.personio.de/xml`: a document with all jobs of a company.
//!
//! Quirks, as recorded: no address of a job, which lies at `/job/<id>`; the body comes in parts, each
//! with a name; offsets without a colon.

use url::Url;

use super::xml_items::{Element, Shape, xml_board};
use super::{Kind, RawItems, Reading, Response, Unreadable, name_before};
use crate::normalize::{BoardContext, RawDate, RawPosting};

/// Where companies are.
const DE: &str = "jobs.personio.de";
const COM: &str = "jobs.personio.com";

pub struct Personio;

impl Kind for Personio {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        xml_board(response, Shape { root: "workzag-jobs", item: "position" }, posting)
    }

    /// A company is at one of two domains, neither of which leads to the other; at the second one it is `com/acme`.
    fn address(&self, company: &str) -> Option<String> {
        let (end, company) = match company.split_once('/') {
            Some(("com", company)) => ("com", company),
            Some(_) => return None,
            None => ("de", company),
        };
        Some(format!("https://{company}.jobs.personio.{end}/xml?language=en"))
    }

    fn company(&self, seen_at: &Url) -> Option<String> {
        name_before(seen_at, DE).or_else(|| Some(format!("com/{}", name_before(seen_at, COM)?)))
    }

    fn elsewhere(&self, asked: &Url) -> Option<Url> {
        let other = match name_before(asked, DE) {
            Some(company) => format!("{company}.{COM}"),
            None => format!("{}.{DE}", name_before(asked, COM)?),
        };
        let mut url = asked.clone();
        url.set_host(Some(&other)).ok()?;
        Some(url)
    }
}

fn posting(job: &Element) -> RawPosting {
    let parts = job.all("jobDescriptions/jobDescription").map(|part| {
        let (name, text) = (part.text("name"), part.text("value"));
        format!("<p>{}</p>{}", name.unwrap_or_default(), text.unwrap_or_default())
    });
    let named = |names: &[&str]| names.iter().filter_map(|name| job.string(name)).collect();
    RawPosting {
        guid: job.string("id"),
        url: job.text("id").map(|id| format!("/job/{id}")),
        title: job.string("name").unwrap_or_default(),
        company: job.string("subcompany"),
        location: job.string("office"),
        employment: named(&["employmentType", "schedule"]),
        level: named(&["seniority"]),
        tags: named(&["department", "recruitingCategory"]),
        posted_at: job.string("createdAt").map_or(RawDate::Unknown, RawDate::Text),
        body: parts.collect(),
        ..RawPosting::default()
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::super::{check, of};
    use crate::domain::board::BoardKind;

    #[test]
    fn who_is_not_at_one_domain_may_be_at_the_other() {
        let elsewhere = |asked: &str| {
            let other = of(BoardKind::Personio).elsewhere(&Url::parse(asked).unwrap());
            other.map(String::from).unwrap_or_default()
        };
        let de = "https://acme.jobs.personio.de/xml?language=en";
        let com = "https://acme.jobs.personio.com/xml?language=en";
        assert_eq!((elsewhere(de), elsewhere(com)), (com.to_owned(), de.to_owned()));
        assert_eq!(elsewhere("https://jobs.acme.example/xml"), "");
    }

    #[test]
    fn the_parts_of_a_job_are_joined() {
        check(
            BoardKind::Personio,
            r#"<?xml version="1.0" encoding="UTF-8"?><workzag-jobs>
              <position><id>4101</id><office>Leeds</office><department>Analytics</department>
              <name>Demand Planner</name><jobDescriptions><jobDescription><name>The role</name>
              <value><![CDATA[<p>Plan.</p>]]></value></jobDescription></jobDescriptions>
              <employmentType>permanent</employmentType><seniority>experienced</seniority>
              <schedule>full-time</schedule><createdAt>2026-09-28T10:14:07+0200</createdAt></position>
              <position><id>4102</id><office>Remote (UK)</office><name>Engineer</name>
              <employmentType>freelance</employmentType></position></workzag-jobs>"#,
            concat!(
                r#"{"body":"The role\n\nPlan.","identity":"guid:4101","#,
                r#""location":"Leeds","posted_at":"2026-09-28T08:14:07Z","tags":["Analytics"],"#,
                r#""title":"Demand Planner","type":["fulltime"],"#,
                r#""url":"https://board.example/job/4101"}"#,
                "\n",
                r#"{"identity":"guid:4102","location":"Remote (UK)","remote":"yes","#,
                r#""title":"Engineer","type":["freelance"],"url":"https://board.example/job/4102","zones":{"from":0,"to":60}}"#,
            ),
        );
    }
}
