//! <https://remotive.com/api/remote-jobs>: an object with all jobs, delayed by a day.
//!
//! Quirks, as recorded: dates without a zone, names with spaces behind them, pay as free text
//! ("$20k -$35k").

use super::fields::{Fields, json_board};
use super::{Kind, RawItems, Reading, Response, Unreadable};
use crate::normalize::{BoardContext, RawPay, RawPosting};

pub struct Remotive;

impl Kind for Remotive {
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
    Ok(Some(RawPosting {
        guid: job.id("id"),
        url: job.string("url"),
        title: job.string("title").ok_or("no title")?,
        company: job.string("company_name"),
        location: job.string("candidate_required_location"),
        // Every job on this board is remote.
        remote: Some("yes".to_owned()),
        pay: job.string("salary").map_or(RawPay::Unknown, RawPay::Text),
        employment: job.texts("job_type"),
        tags: [job.texts("category"), job.texts("tags")].concat(),
        posted_at: job.date("publication_date"),
        body: job.string("description").unwrap_or_default(),
        ..RawPosting::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn jobs_are_read_and_one_without_a_title_is_reported() {
        check(
            BoardKind::Remotive,
            r#"{"0-legal-notice": "link back", "job-count": 2, "jobs": [
              {"id": 5, "url": "https://remotive.com/remote-jobs/x-5", "title": "Copywriter",
               "company_name": "Acme ", "category": "Writing", "tags": ["seo "],
               "job_type": "freelance", "publication_date": "2026-10-02T20:01:00",
               "candidate_required_location": "Europe, USA", "salary": "$20k -$35k",
               "description": "<p>Write.</p>"},
              {"id": 6, "title": " "}]}"#,
            concat!(
                r#"{"body":"Write.","company":"Acme","identity":"guid:5","location":"Europe, USA","#,
                r#""pay":{"currency":"USD","max":35000.0,"min":20000.0,"period":"year"},"#,
                r#""posted_at":"2026-10-02T20:01:00Z","remote":"yes","tags":["Writing","seo"],"#,
                r#""title":"Copywriter","type":["freelance"],"#,
                r#""url":"https://remotive.com/remote-jobs/x-5"}"#,
                "\n! item 1: no title",
            ),
        );
    }
}
