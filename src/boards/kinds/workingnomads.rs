//! <https://www.workingnomads.com/api/exposed_jobs/>: a JSON array.
//!
//! Quirks, as recorded: no id, the address is one; tags are one text with commas.

use super::fields::{Fields, json_board};
use super::{Kind, RawItems, Reading, Response, Unreadable};
use crate::normalize::{BoardContext, RawPosting};

pub struct WorkingNomads;

impl Kind for WorkingNomads {
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
    let tags = job.text("tags").into_iter().flat_map(|tags| tags.split(','));
    Ok(Some(RawPosting {
        guid: job.string("url"),
        url: job.string("url"),
        title: job.string("title").ok_or("no title")?,
        company: job.string("company_name"),
        location: job.string("location"),
        // Every job on this board is remote.
        remote: Some("yes".to_owned()),
        tags: job.texts("category_name").into_iter().chain(tags.map(str::to_owned)).collect(),
        posted_at: job.date("pub_date"),
        body: job.string("description").unwrap_or_default(),
        ..RawPosting::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn tags_are_taken_apart() {
        check(
            BoardKind::Workingnomads,
            r#"[{"url": "https://www.workingnomads.com/job/go/17/", "title": "Data Analyst",
              "description": "<p>Maps.</p>", "company_name": "Acme", "category_name": "Development",
              "tags": "data analyst,english", "location": "Canada",
              "pub_date": "2026-07-10T09:22:56-04:00"}]"#,
            concat!(
                r#"{"body":"Maps.","company":"Acme","#,
                r#""identity":"guid:https://www.workingnomads.com/job/go/17/","location":"Canada","#,
                r#""posted_at":"2026-07-10T13:22:56Z","remote":"yes","tags":["Development","#,
                r#""data analyst","english"],"title":"Data Analyst","#,
                r#""url":"https://www.workingnomads.com/job/go/17/","zones":{"from":-480,"to":-150}}"#,
            ),
        );
    }
}
