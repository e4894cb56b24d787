//! <https://www.arbeitnow.com/api/job-board-api>: an object with the newest page of jobs.
//!
//! Quirks, as recorded: the same advertisement once for each city; `job_types` holds levels, too.

use super::fields::{Fields, json_board};
use super::{Kind, RawItems, Reading, Response, Unreadable};
use crate::normalize::{BoardContext, RawPosting};

pub struct Arbeitnow;

impl Kind for Arbeitnow {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        json_board(response, &["data"], posting)
    }
}

fn posting(job: Fields<'_>) -> Result<Option<RawPosting>, String> {
    Ok(Some(RawPosting {
        guid: job.string("slug"),
        url: job.string("url"),
        title: job.string("title").ok_or("no title")?,
        company: job.string("company_name"),
        location: job.string("location"),
        remote: job.flag("remote").map(|remote| remote.to_string()),
        employment: job.texts("job_types"),
        level: job.texts("job_types"),
        tags: job.texts("tags"),
        posted_at: job.seconds("created_at"),
        body: job.string("description").unwrap_or_default(),
        ..RawPosting::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn a_page_is_read() {
        check(
            BoardKind::Arbeitnow,
            r#"{"data": [{"slug": "koch-kiel-7", "company_name": "Acme GmbH",
              "title": "Koch (m/w/d)", "description": "<p>Kochen.</a></p>", "remote": false,
              "url": "https://www.arbeitnow.com/jobs/companies/acme/koch-kiel-7",
              "tags": ["Food"], "job_types": ["Full-time permanent", "mid"],
              "location": "Kiel", "created_at": 1790594410}],
              "links": {"next": "https://www.arbeitnow.com/api/job-board-api?page=2"}}"#,
            concat!(
                r#"{"body":"Kochen.","company":"Acme GmbH","identity":"guid:koch-kiel-7","#,
                r#""level":"mid","location":"Kiel","posted_at":"2026-09-28T11:20:10Z","#,
                r#""remote":"no","tags":["Food"],"title":"Koch (m/w/d)","type":["fulltime"],"#,
                r#""url":"https://www.arbeitnow.com/jobs/companies/acme/koch-kiel-7"}"#,
            ),
        );
    }
}
