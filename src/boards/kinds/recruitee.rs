//! `https://<company>.recruitee.com/api/offers/`: an object with all jobs of a company.
//!
//! Quirks, as recorded: "2026-08-05 10:10:39 UTC"; amounts are texts; drafts are among the jobs;
//! three flags say where the work is done.

use url::Url;

use super::fields::{Fields, in_country, json_board, place, places};
use super::{Kind, RawItems, Reading, Response, Unreadable, name_before};
use crate::normalize::{BoardContext, RawPosting};

pub struct Recruitee;

impl Kind for Recruitee {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        json_board(response, &["offers"], posting)
    }

    fn address(&self, company: &str) -> Option<String> {
        Some(format!("https://{company}.recruitee.com/api/offers/"))
    }

    fn company(&self, seen_at: &Url) -> Option<String> {
        name_before(seen_at, "recruitee.com")
    }
}

fn posting(job: Fields<'_>) -> Result<Option<RawPosting>, String> {
    if job.text("status").is_some_and(|status| status != "published") {
        return Ok(None);
    }
    let title = job.string("title").ok_or("no title")?;
    let flag = |name: &str| job.flag(name) == Some(true);
    let remote = match (flag("remote"), flag("hybrid"), flag("on_site")) {
        (_, true, _) | (true, _, true) => Some("hybrid"),
        (true, ..) => Some("yes"),
        (.., true) => Some("no"),
        _ => None,
    };
    let listed = job.objects("locations").filter_map(|at| {
        let known =
            place(["city", "state"].map(|part| at.text(part))).or_else(|| at.string("name"));
        in_country(known, at.text("country").or_else(|| at.text("country_code")))
    });
    Ok(Some(RawPosting {
        guid: job.id("id"),
        url: job.string("careers_url").or_else(|| job.string("careers_apply_url")),
        title,
        company: job.string("company_name"),
        location: places(listed)
            .or_else(|| in_country(job.string("location"), job.text("country"))),
        remote: remote.map(str::to_owned),
        pay: job.pay(["salary.min", "salary.max", "salary.currency", "salary.period"]),
        employment: job.texts("employment_type_code"),
        level: job.texts("experience_code"),
        tags: [job.texts("department"), job.texts("tags")].concat(),
        posted_at: job.date("published_at"),
        closes_at: job.date("close_at"),
        body: job.lines(&["description", "requirements"]),
        ..RawPosting::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn drafts_are_not_shown() {
        check(
            BoardKind::Recruitee,
            r#"{"offers": [{"id": 501, "title": "Analyst",
              "status": "published", "careers_url": "https://acme.recruitee.com/o/analyst",
              "locations": [{"city": "Berlin", "state": "Berlin", "country": "Germany"}],
              "remote": false, "hybrid": true, "on_site": false, "department": "Operations",
              "employment_type_code": "fulltime_permanent", "experience_code": "experienced",
              "published_at": "2026-10-05 08:00:00 UTC", "close_at": "2026-11-30 23:59:00 UTC",
              "description": "<p>SQL.</p>",
              "requirements": "<ul><li>Python</li></ul>",
              "salary": {"min": "40000", "max": "48000", "period": "year", "currency": "GBP"}},
              {"id": 502, "title": "Draft Role", "status": "draft"}]}"#,
            concat!(
                r#"{"body":"SQL.\n- Python","closes_at":"2026-11-30T23:59:00Z","identity":"guid:501","#,
                r#""location":"Berlin, Germany","pay":{"currency":"GBP","max":48000.0,"#,
                r#""min":40000.0,"period":"year"},"posted_at":"2026-10-05T08:00:00Z","#,
                r#""remote":"hybrid","tags":["Operations"],"title":"Analyst","type":["fulltime"],"#,
                r#""url":"https://acme.recruitee.com/o/analyst"}"#,
            ),
        );
    }
}
