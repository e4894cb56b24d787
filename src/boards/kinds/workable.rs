//! `https://apply.workable.com/api/v1/widget/accounts/<company>?details=true`: an object with all jobs
//! of a company, whose name stands beside them.
//!
//! Quirks, as recorded: dates without a time; `telecommuting` is remote unless `workplace_type` says
//! more; no pay; more than two requests at a time are refused.

use url::Url;

use super::fields::{Fields, json_board_of, place, places};
use super::{Kind, RawItems, Reading, Response, Unreadable, part_at};
use crate::normalize::{BoardContext, RawPosting};

pub struct Workable;

impl Kind for Workable {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        json_board_of(response, &["jobs"], |account, job| {
            let company = account.string("name").filter(|_| account.text("title").is_none());
            Ok(posting(job)?.map(|job| RawPosting { company, ..job }))
        })
    }

    fn address(&self, company: &str) -> Option<String> {
        Some(format!("https://apply.workable.com/api/v1/widget/accounts/{company}?details=true"))
    }

    fn company(&self, seen_at: &Url) -> Option<String> {
        part_at(seen_at, &["apply.workable.com"], 0).filter(|part| part != "api" && part != "j")
    }
}

fn posting(job: Fields<'_>) -> Result<Option<RawPosting>, String> {
    let stated = job.string("workplace_type");
    let remote = stated.or_else(|| job.flag("telecommuting").map(|remote| remote.to_string()));
    let listed = job
        .objects("locations")
        .filter_map(|at| place(["city", "region", "country"].map(|part| at.text(part))));
    let own = place(["city", "state", "country"].map(|part| job.text(part)));
    Ok(Some(RawPosting {
        guid: job.id("shortcode"),
        url: job.string("url").or_else(|| job.string("application_url")),
        title: job.string("title").ok_or("no title")?,
        location: places(listed).or(own),
        remote,
        employment: job.texts("employment_type"),
        level: job.texts("experience"),
        tags: [job.texts("department"), job.texts("function")].concat(),
        posted_at: job.date("published_on"),
        body: job.string("description").unwrap_or_default(),
        ..RawPosting::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn places_and_telecommuting_are_read() {
        check(
            BoardKind::Workable,
            r#"{"name": "Acme", "jobs": [{"title": "Planner",
              "shortcode": "ABC123", "employment_type": "Full-time", "telecommuting": false,
              "workplace_type": "hybrid", "department": "Operations",
              "url": "https://apply.workable.com/acme/j/ABC123", "country": "United Kingdom",
              "state": "England", "city": "Leeds", "published_on": "2026-10-03",
              "experience": "Mid-Senior level", "description": "<p>Plan.</p>"},
              {"title": "Engineer", "shortcode": "DEF456", "telecommuting": true,
               "locations": [{"country": "Spain", "city": "", "region": null}]}]}"#,
            concat!(
                r#"{"body":"Plan.","company":"Acme","identity":"guid:ABC123","#,
                r#""location":"Leeds, England, United Kingdom","posted_at":"2026-10-03T00:00:00Z","#,
                r#""remote":"hybrid","tags":["Operations"],"title":"Planner","type":["fulltime"],"#,
                r#""url":"https://apply.workable.com/acme/j/ABC123"}"#,
                "\n",
                r#"{"company":"Acme","identity":"guid:DEF456","location":"Spain","remote":"yes","title":"Engineer","zones":{"from":60,"to":120}}"#,
            ),
        );
    }
}
