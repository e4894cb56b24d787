//! <https://himalayas.app/jobs/api>: an object with 20 jobs, newest first, and a cursor
//! to the next 20.
//!
//! Quirks, as recorded: a job without pay still has a period; time zones are numbers such as −3.5.
//! Its documentation has texts for these, objects for countries, and milliseconds.

use serde_json::Value;

use super::super::pages::Page;
use super::fields::{Fields, json_board};
use super::json_items::json_document;
use super::{Kind, RawItems, Reading, Response, Unreadable};
use crate::normalize::{BoardContext, RawPosting};

/// Pages that are read: of a hundred thousand jobs the newest hundred.
const PAGES: usize = 5;

pub struct Himalayas;

impl Kind for Himalayas {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        json_board(response, &["jobs"], posting)
    }

    /// The newest hundred, of a hundred thousand.
    fn next_page(&self, response: Response<'_>, asked: &Page) -> Option<Page> {
        let head = json_document(response, &["jobs"]).ok()?.fields;
        let cursor = head.get("nextCursor").and_then(Value::as_str)?;
        (asked.number < PAGES).then(|| asked.next_by("cursor", cursor))
    }
}

fn posting(job: Fields<'_>) -> Result<Option<RawPosting>, String> {
    let places = job.texts("locationRestrictions").into_iter();
    let places = places.chain(job.texts_of("locationRestrictions", "name")).collect::<Vec<_>>();
    let place = places.join("; ");
    let zones = job.texts("timezoneRestrictions");
    let zones = zones.iter().filter_map(|zone| hours(zone)).collect::<Vec<_>>();
    Ok(Some(RawPosting {
        guid: job.string("guid").or_else(|| job.string("applicationLink")),
        url: job.string("applicationLink"),
        title: job.string("title").ok_or("no title")?,
        company: job.string("companyName"),
        location: Some(place).filter(|place| !place.is_empty()),
        // Every job on this board is remote.
        remote: Some("yes".to_owned()),
        pay: job.pay(["minSalary", "maxSalary", "currency", "salaryPeriod"]),
        employment: job.texts("employmentType"),
        level: job.texts("seniority"),
        zones: [job.numbers("timezoneRestrictions"), zones].concat(),
        tags: job.texts("categories"),
        posted_at: job.seconds("pubDate"),
        closes_at: job.seconds("expiryDate"),
        body: job.string("description").unwrap_or_default(),
        ..RawPosting::default()
    }))
}

/// "UTC-10", "+5:30"
fn hours(zone: &str) -> Option<f64> {
    let plain = zone.trim().replace('\u{2212}', "-");
    let zone = plain.trim_start_matches("UTC").trim_start_matches("GMT").trim();
    let (hours, minutes) = zone.split_once(':').unwrap_or((zone, "0"));
    let (whole, part): (f64, f64) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(if hours.starts_with('-') { whole - part / 60.0 } else { whole + part / 60.0 })
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn zones_and_pay_are_read() {
        check(
            BoardKind::Himalayas,
            r#"{"totalCount": 2, "jobs": [
              {"title": "Writer", "companyName": "Acme", "employmentType": "Full Time",
               "minSalary": null, "maxSalary": null, "salaryPeriod": "annual", "currency": null,
               "seniority": ["Senior", "Mid-level"], "locationRestrictions": ["Spain", "Portugal"],
               "timezoneRestrictions": [-3.5, 0, 1], "categories": ["Content-Marketing"],
               "description": "<h3>Write</h3>", "pubDate": 1783731532,
               "applicationLink": "https://himalayas.app/companies/acme/jobs/writer",
               "guid": "https://himalayas.app/companies/acme/jobs/writer"},
              {"title": "Cook", "guid": "g3", "pubDate": 1783731532000,
               "locationRestrictions": [{"alpha2": "ES", "name": "Spain", "slug": "spain"}],
               "timezoneRestrictions": ["UTC-3:30", "+1"]},
              {"title": "Editor", "minSalary": 50000, "maxSalary": 60000, "salaryPeriod": "annual",
               "currency": "EUR", "locationRestrictions": [], "guid": "g2"}]}"#,
            concat!(
                r#"{"body":"Write","company":"Acme","#,
                r#""identity":"guid:https://himalayas.app/companies/acme/jobs/writer","#,
                r#""level":"mid","location":"Spain; Portugal","posted_at":"2026-07-11T00:58:52Z","#,
                r#""remote":"yes","tags":["Content-Marketing"],"title":"Writer","#,
                r#""type":["fulltime"],"url":"https://himalayas.app/companies/acme/jobs/writer","#,
                r#""zones":{"from":-210,"to":60}}"#,
                "\n",
                r#"{"identity":"guid:g3","location":"Spain","posted_at":"2026-07-11T00:58:52Z","#,
                r#""remote":"yes","title":"Cook","zones":{"from":-210,"to":60}}"#,
                "\n",
                r#"{"identity":"guid:g2","pay":{"currency":"EUR","max":60000.0,"min":50000.0,"#,
                r#""period":"year"},"remote":"yes","title":"Editor"}"#,
            ),
        );
    }
}
