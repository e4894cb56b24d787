//! <https://larajobs.com/feed>: RSS with elements of its own.
//!
//! Quirks, as recorded: the description is empty; the address of the namespace changes, its prefix
//! does not; `/job/<id>` leads to other hosts.

use super::xml_items::{Element, Shape, xml_board};
use super::{Kind, RawItems, Reading, Response, Unreadable};
use crate::normalize::{BoardContext, RawDate, RawPay, RawPosting};

pub struct LaraJobs;

impl Kind for LaraJobs {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        xml_board(response, Shape { root: "rss", item: "item" }, posting)
    }
}

fn posting(job: &Element) -> RawPosting {
    let tags = job.text("job:tags").into_iter().flat_map(|tags| tags.split(','));
    RawPosting {
        guid: job.string("guid"),
        url: job.string("link"),
        title: job.string("title").unwrap_or_default(),
        company: job.string("job:company").or_else(|| job.string("dc:creator")),
        location: job.string("job:location"),
        pay: job.string("job:salary").map_or(RawPay::Unknown, RawPay::Text),
        employment: job.string("job:job_type").into_iter().collect(),
        tags: tags.map(str::to_owned).collect(),
        posted_at: job.string("pubDate").map_or(RawDate::Unknown, RawDate::Text),
        body: job
            .string("content:encoded")
            .or_else(|| job.string("description"))
            .unwrap_or_default(),
        ..RawPosting::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn its_own_elements_are_read() {
        check(
            BoardKind::Larajobs,
            r#"<rss xmlns:job="https://larajobs.com"><channel><item>
              <title>Laravel Engineer</title><link>https://larajobs.com/job/3720</link>
              <pubDate>Wed, 01 Oct 2025 01:49:18 +0000</pubDate><dc:creator>Acme</dc:creator>
              <job:location><![CDATA[Calabasas, CA, USA]]></job:location>
              <job:job_type>FULL_TIME</job:job_type><job:salary>$110,000 - $140,000 USD</job:salary>
              <job:company>Acme Jets</job:company><job:tags>Backend,PHP</job:tags>
              <guid isPermaLink="false">https://larajobs.com/job/3720</guid>
              <description></description></item></channel></rss>"#,
            concat!(
                r#"{"company":"Acme Jets","identity":"guid:https://larajobs.com/job/3720","#,
                r#""location":"Calabasas, CA, USA","pay":{"currency":"USD","max":140000.0,"#,
                r#""min":110000.0,"period":"year"},"posted_at":"2025-10-01T01:49:18Z","#,
                r#""tags":["Backend","PHP"],"title":"Laravel Engineer","type":["fulltime"],"#,
                r#""url":"https://larajobs.com/job/3720"}"#,
            ),
        );
    }
}
