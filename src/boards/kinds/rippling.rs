//! `https://ats.rippling.com/api/v2/board/<company>/jobs`: an object with up to a thousand jobs of a
//! company, without dates and text, and how many pages there are; a job alone has both. The older
//! `https://api.rippling.com/platform/api/ats/v1/board/<company>/jobs` is a list with other names.
//!
//! Quirks, as read in public code: a job stands once for each of its places, under the same id.

use std::collections::HashMap;

use serde_json::Value;
use url::Url;

use super::super::pages::Page;
use super::fields::{Fields, in_country, json_board, place, places};
use super::json_items::json_document;
use super::{Kind, RawItems, Reading, Response, Unreadable, below, part_at};
use crate::domain::posting::Posting;
use crate::normalize::{BoardContext, RawPay, RawPosting};

pub struct Rippling;

impl Kind for Rippling {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        let (jobs, problems) = json_board(response, &["items", "jobs"], posting)?;
        Ok((each_once(jobs), problems))
    }

    fn next_page(&self, response: Response<'_>, asked: &Page) -> Option<Page> {
        let head = json_document(response, &["items", "jobs"]).ok()?.fields;
        let number = |name: &str| head.get(name).and_then(Value::as_u64);
        let next = number("page").unwrap_or_default() + 1;
        let pages = number("totalPages")?;
        (next < pages).then(|| asked.next_by("page", &next.to_string()))
    }

    fn detail_address(&self, asked: &Url, posting: &Posting) -> Option<Url> {
        below(asked, posting)
    }

    fn address(&self, company: &str) -> Option<String> {
        Some(format!("https://ats.rippling.com/api/v2/board/{company}/jobs?page=0&pageSize=1000"))
    }

    fn company(&self, seen_at: &Url) -> Option<String> {
        let hosts = ["ats.rippling.com", "ats.us1.rippling.com"];
        let part = |part: usize| part_at(seen_at, &hosts, part);
        let is_language = |part: &str| part.len() == 5 && part.get(2..3) == Some("-");
        match part(0) {
            Some(first) if first == "api" => {
                part(3).filter(|_| part(2).as_deref() == Some("board"))
            }
            Some(first) if is_language(&first) => part(1),
            Some(first) => Some(first),
            None => part_at(seen_at, &["api.rippling.com"], 5),
        }
    }
}

/// A job with all of its places.
fn each_once(jobs: Vec<(String, RawPosting)>) -> Vec<(String, RawPosting)> {
    let mut once: Vec<(String, RawPosting)> = Vec::with_capacity(jobs.len());
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, job) in jobs {
        let twin = job.guid.as_ref().and_then(|guid| known.get(guid)).copied();
        if let Some((_, twin)) = twin.and_then(|twin| once.get_mut(twin)) {
            twin.location = places(twin.location.take().into_iter().chain(job.location));
        } else {
            known.extend(job.guid.clone().map(|guid| (guid, once.len())));
            once.push((at, job));
        }
    }
    once
}

fn posting(job: Fields<'_>) -> Result<Option<RawPosting>, String> {
    let listed: Vec<String> = job
        .objects("locations")
        .chain(job.objects("workLocations"))
        .chain(job.object("workLocation"))
        .filter_map(place_of)
        .chain(job.texts("workLocations"))
        .chain(job.texts("workLocation"))
        .collect();
    let kinds = job.texts_of("locations", "workplaceType");
    let ranges: Vec<Fields<'_>> = job.objects("payRangeDetails").collect();
    let pay =
        ranges.first().map(|range| range.pay(["rangeStart", "rangeEnd", "currency", "frequency"]));
    Ok(Some(RawPosting {
        guid: job.id("id").or_else(|| job.id("uuid")),
        url: job.string("url"),
        title: job.string("name").ok_or("no name")?,
        company: job.string("companyName"),
        location: places(listed),
        remote: kinds.first().cloned(),
        pay: pay.unwrap_or(RawPay::Unknown),
        employment: [job.texts("employmentType"), job.texts("employmentType.label")].concat(),
        lang: job.string("language"),
        tags: [
            job.texts("department"),
            job.texts("department.name"),
            job.texts("department.label"),
        ]
        .concat(),
        posted_at: job.date("createdOn"),
        body: job.lines(&[
            "description.company",
            "description.role",
            "description.requirements",
            "description",
        ]),
        ..RawPosting::default()
    }))
}

/// What people call the place, and its country.
fn place_of(at: Fields<'_>) -> Option<String> {
    let name = at.string("name").or_else(|| at.string("label"));
    let name = name.or_else(|| place(["city", "state"].map(|part| at.text(part))));
    in_country(name, at.text("country").or_else(|| at.text("countryCode")))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;
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
                r#"{"identity":"guid:0b9c","lang":"en","location":"Leeds, United Kingdom","remote":"no","#,
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

    #[test]
    fn the_older_list_is_read_and_a_job_of_two_places_is_one() {
        check(
            BoardKind::Rippling,
            r#"[{"uuid": "0b9d", "name": "Cook", "url": "https://ats.rippling.com/acme/jobs/0b9d",
              "department": {"id": "K", "label": "Kitchen"},
              "workLocation": {"id": "L", "label": "Leeds, United Kingdom"}},
              {"uuid": "0b9d", "name": "Cook", "url": "https://ats.rippling.com/acme/jobs/0b9d",
              "department": {"id": "K", "label": "Kitchen"},
              "workLocation": {"id": "K", "label": "Kiel, Germany"}}]"#,
            concat!(
                r#"{"identity":"guid:0b9d","location":"Leeds, United Kingdom; Kiel, Germany","#,
                r#""tags":["Kitchen"],"title":"Cook","url":"https://ats.rippling.com/acme/jobs/0b9d"}"#,
            ),
        );
    }

    #[test]
    fn pages_are_counted_from_zero() {
        let asked = Page::first(&Url::parse(&Rippling.address("acme").unwrap()).unwrap());
        let next = |body: &str| {
            let response = Response { body: body.as_bytes(), content_type: None };
            Rippling.next_page(response, &asked).map(|page| page.url.to_string())
        };
        let more = next(r#"{"items": [], "page": 0, "totalPages": 2}"#).unwrap();
        assert_eq!(more, "https://ats.rippling.com/api/v2/board/acme/jobs?pageSize=1000&page=1");
        assert_eq!(next(r#"{"items": [], "page": 1, "totalPages": 2}"#), None);
        assert_eq!(next("[]"), None);
    }
}
