//! <https://jobicy.com/api/v2/remote-jobs>: an object with the newest jobs, delayed by three hours.
//!
//! Quirks, as recorded: version 2.0 had `annualSalaryMin` as a text and dates without a zone,
//! version 2.2 has `salaryMin` as a number with a period; places have two blanks between them;
//! entities in names of industries; "Any" is no level.

use super::fields::{Fields, json_board};
use super::{Kind, RawItems, Reading, Response, Unreadable};
use crate::normalize::{BoardContext, RawPay, RawPosting};

pub struct Jobicy;

impl Kind for Jobicy {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        json_board(response, &["jobs"], posting)
    }
}

fn posting(job: Fields<'_>) -> Result<Option<RawPosting>, String> {
    let place = job
        .text("jobGeo")
        .map(|place| place.split(',').map(str::trim).collect::<Vec<_>>().join(", "));
    let yearly = job.pay_in(
        "annualSalaryMin",
        "annualSalaryMax",
        job.string("salaryCurrency"),
        Some("year".to_owned()),
    );
    let pay = match job.pay(["salaryMin", "salaryMax", "salaryCurrency", "salaryPeriod"]) {
        RawPay::Unknown => yearly,
        stated @ (RawPay::Text(_) | RawPay::Stated { .. }) => stated,
    };
    Ok(Some(RawPosting {
        guid: job.id("id"),
        url: job.string("url"),
        title: job.string("jobTitle").ok_or("no jobTitle")?,
        company: job.string("companyName"),
        location: place,
        // Every job on this board is remote.
        remote: Some("yes".to_owned()),
        pay,
        employment: job.texts("jobType"),
        level: job.texts("jobLevel"),
        tags: job.texts("jobIndustry"),
        posted_at: job.date("pubDate"),
        body: job.string("jobDescription").or_else(|| job.string("jobExcerpt")).unwrap_or_default(),
        ..RawPosting::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn both_versions_are_read() {
        check(
            BoardKind::Jobicy,
            r#"{"apiVersion": "2.0", "jobs": [
              {"id": 1, "url": "https://jobicy.com/jobs/1-a", "jobTitle": "Account Manager",
               "companyName": "Acme", "jobIndustry": ["Marketing &amp; Sales"],
               "jobType": ["full-time"], "jobGeo": "LATAM,  Canada,  USA", "jobLevel": "Any",
               "jobExcerpt": "Sell.", "pubDate": "2024-11-23 04:41:22",
               "annualSalaryMin": "67500", "annualSalaryMax": "79000", "salaryCurrency": "USD"},
              {"id": 2, "jobTitle": "Engineer", "jobType": ["Contract"], "jobLevel": "Senior",
               "jobDescription": "<p>Build.</p>", "pubDate": "2026-07-10T20:00:05+00:00",
               "salaryMin": 60, "salaryCurrency": "EUR", "salaryPeriod": "hour"}]}"#,
            concat!(
                r#"{"body":"Sell.","company":"Acme","identity":"guid:1","#,
                r#""location":"LATAM, Canada, USA","pay":{"currency":"USD","max":79000.0,"#,
                r#""min":67500.0,"period":"year"},"posted_at":"2024-11-23T04:41:22Z","#,
                r#""remote":"yes","tags":["Marketing & Sales"],"title":"Account Manager","#,
                r#""type":["fulltime"],"url":"https://jobicy.com/jobs/1-a","zones":{"from":-480,"to":-150}}"#,
                "\n",
                r#"{"body":"Build.","identity":"guid:2","level":"senior","pay":{"currency":"EUR","#,
                r#""max":null,"min":60.0,"period":"hour"},"posted_at":"2026-07-10T20:00:05Z","#,
                r#""remote":"yes","title":"Engineer","type":["contract"]}"#,
            ),
        );
    }
}
