//! `https://api.lever.co/v0/postings/<company>?mode=json`: a JSON array with all jobs of a company.
//!
//! Quirks, as recorded: milliseconds; the body lies in several parts; an empty array is a company
//! without openings, an unknown company answers 404.

use url::Url;

use super::fields::{Fields, in_country, json_board, places};
use super::{Kind, RawItems, Reading, Response, Unreadable, part_at};
use crate::normalize::{BoardContext, RawDate, RawPosting};

pub struct Lever;

impl Kind for Lever {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        json_board(response, &["postings"], posting)
    }

    /// A company whose data lies in the European Union is named `eu/acme`.
    fn address(&self, company: &str) -> Option<String> {
        let (host, company) = match company.split_once('/') {
            Some(("eu", company)) => ("api.eu.lever.co", company),
            Some(_) => return None,
            None => ("api.lever.co", company),
        };
        Some(format!("https://{host}/v0/postings/{company}?mode=json"))
    }

    fn company(&self, seen_at: &Url) -> Option<String> {
        let here = |pages: &str, api: &str| {
            part_at(seen_at, &[pages], 0).or_else(|| part_at(seen_at, &[api], 2))
        };
        let european = || Some(format!("eu/{}", here("jobs.eu.lever.co", "api.eu.lever.co")?));
        here("jobs.lever.co", "api.lever.co").or_else(european)
    }
}

fn posting(job: Fields<'_>) -> Result<Option<RawPosting>, String> {
    let mut body = vec![job.lines(&["description", "descriptionBody"])];
    if body.concat().is_empty() {
        body = vec![job.lines(&["descriptionPlain"])];
    }
    for list in job.objects("lists") {
        let (name, items) = (list.text("text"), list.text("content"));
        body.push(format!(
            "<p>{}</p><ul>{}</ul>",
            name.unwrap_or_default(),
            items.unwrap_or_default()
        ));
    }
    body.push(
        job.string("additional").or_else(|| job.string("additionalPlain")).unwrap_or_default(),
    );
    let one = job.string("categories.location");
    let all = job.texts("categories.allLocations").into_iter();
    let others = all.filter(|place| Some(place) != one.as_ref()).collect::<Vec<_>>();
    let one = in_country(one, job.text("country"));
    Ok(Some(RawPosting {
        guid: job.id("id"),
        url: job.string("hostedUrl").or_else(|| job.string("applyUrl")),
        title: job.string("text").ok_or("no text")?,
        location: places(one.into_iter().chain(others)),
        remote: job.string("workplaceType"),
        pay: job.pay([
            "salaryRange.min",
            "salaryRange.max",
            "salaryRange.currency",
            "salaryRange.interval",
        ]),
        employment: job.texts("categories.commitment"),
        tags: [job.texts("categories.department"), job.texts("categories.team")].concat(),
        posted_at: job.whole("createdAt").map_or(RawDate::Unknown, RawDate::Millis),
        body: body.join("\n"),
        ..RawPosting::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn the_parts_of_a_job_are_joined() {
        check(
            BoardKind::Lever,
            r#"[{"id": "aaa-1", "text": "Data Scientist",
              "hostedUrl": "https://jobs.lever.co/acme/aaa-1", "createdAt": 1760000000000,
              "workplaceType": "remote", "country": "GB", "categories": {"location": "Manchester",
              "allLocations": ["Manchester", "Leeds"], "commitment": "Full-time", "team": "Data"},
              "descriptionPlain": "We are Acme.",
              "lists": [{"text": "What you need", "content": "<li>Python</li>"}],
              "additionalPlain": "Equal opportunity.",
              "salaryRange": {"min": 50000, "max": 65000, "currency": "GBP",
              "interval": "per-year-salary"}}]"#,
            concat!(
                r#"{"body":"We are Acme.\n\nWhat you need\n- Python\nEqual opportunity.","#,
                r#""identity":"guid:aaa-1","location":"Manchester, United Kingdom; Leeds","pay":{"currency":"GBP","#,
                r#""max":65000.0,"min":50000.0,"period":"year"},"#,
                r#""posted_at":"2025-10-09T08:53:20Z","remote":"yes","tags":["Data"],"#,
                r#""title":"Data Scientist","type":["fulltime"],"#,
                r#""url":"https://jobs.lever.co/acme/aaa-1"}"#,
            ),
        );
    }
}
