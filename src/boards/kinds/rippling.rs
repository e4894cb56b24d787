//! `https://ats.rippling.com/api/v1/board/<company>/jobs`: an object with all jobs of a company,
//! without dates and text; a job alone has both. The host is not verified.

use super::fields::{Fields, json_board, place, places};
use super::{Kind, RawItems, Reading, Response, Unreadable};
use crate::normalize::{BoardContext, RawPay, RawPosting};

pub struct Rippling;

impl Kind for Rippling {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        json_board(response, &["items"], posting)
    }
}

fn posting(job: Fields<'_>) -> Result<Option<RawPosting>, String> {
    let listed = job.objects("locations").filter_map(|at| {
        at.string("name").or_else(|| place(["city", "state", "country"].map(|part| at.text(part))))
    });
    let listed: Vec<String> = listed.chain(job.texts("workLocations")).collect();
    let kinds = job.texts_of("locations", "workplaceType");
    let ranges: Vec<Fields<'_>> = job.objects("payRangeDetails").collect();
    let pay =
        ranges.first().map(|range| range.pay(["rangeStart", "rangeEnd", "currency", "frequency"]));
    Ok(Some(RawPosting {
        guid: job.id("id").or_else(|| job.id("uuid")),
        url: job.string("url"),
        title: job.string("name").ok_or("no name")?,
        location: places(listed),
        remote: kinds.first().cloned(),
        pay: pay.unwrap_or(RawPay::Unknown),
        employment: job.texts("employmentType.label"),
        lang: job.string("language"),
        tags: job.texts("department.name"),
        posted_at: job.date("createdOn"),
        body: job.lines(&["description.company", "description.role"]),
        ..RawPosting::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn a_list_is_read() {
        check(
            BoardKind::Rippling,
            r#"{"items": [{"id": "0b9c", "name": "Pricing Analyst",
              "url": "https://ats.rippling.com/acme/jobs/0b9c", "language": "en",
              "department": {"name": "Finance"}, "locations": [{"name": "Leeds",
              "country": "United Kingdom", "workplaceType": "ON_SITE"}]}], "totalItems": 1}"#,
            concat!(
                r#"{"identity":"guid:0b9c","lang":"en","location":"Leeds","remote":"no","#,
                r#""tags":["Finance"],"title":"Pricing Analyst","#,
                r#""url":"https://ats.rippling.com/acme/jobs/0b9c"}"#,
            ),
        );
    }

    #[test]
    fn a_job_alone_is_read() {
        check(
            BoardKind::Rippling,
            r#"{"uuid": "0b9c", "name": "Pricing Analyst",
              "createdOn": "2026-09-30T10:00:00-04:00", "employmentType": {"label": "Full time"},
              "workLocations": ["Leeds"], "payRangeDetails": [{"rangeStart": 45000,
              "rangeEnd": 52000, "currency": "GBP", "frequency": "ANNUAL"}],
              "description": {"company": "<p>Acme.</p>", "role": "<p>Price.</p>"}}"#,
            concat!(
                r#"{"body":"Acme.\n\nPrice.","identity":"guid:0b9c","location":"Leeds","#,
                r#""pay":{"currency":"GBP","max":52000.0,"min":45000.0,"period":"year"},"#,
                r#""posted_at":"2026-09-30T14:00:00Z","title":"Pricing Analyst","#,
                r#""type":["fulltime"]}"#,
            ),
        );
    }
}
