//! `https://<company>.teamtailor.com/jobs.rss`: RSS with elements of its own.
//!
//! Quirks, as recorded: `remoteStatus` says "fully", "hybrid", "temporary" or "none"; a place has a
//! name of the company's making beside its city and country.

use url::Url;

use super::feed_text::feed_text;
use super::fields::{place, places};
use super::xml_items::{Element, Shape, xml_items};
use super::{Kind, RawItems, Reading, Response, Unreadable, name_before};
use crate::normalize::{BoardContext, RawDate, RawPosting};

pub struct Teamtailor;

impl Kind for Teamtailor {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        let read = xml_items(&feed_text(response)?, Shape { root: "rss", item: "item" })?;
        // Nothing else in the response says whose jobs these are.
        let company = board.company.map_or_else(|| company_of(&read.title), str::to_owned);
        let company = Some(company).filter(|company| !company.is_empty());
        Ok(read.postings(|job| RawPosting { company: company.clone(), ..posting(job) }))
    }

    fn address(&self, company: &str) -> Option<String> {
        Some(format!("https://{company}.teamtailor.com/jobs.rss"))
    }

    fn company(&self, seen_at: &Url) -> Option<String> {
        name_before(seen_at, "teamtailor.com")
    }
}

/// "Acme jobs" → "Acme"
fn company_of(title: &str) -> String {
    let title = title.trim();
    let jobs = [" jobs", " careers", " career"].iter().find_map(|end| {
        let at = title.len().checked_sub(end.len())?;
        let (name, last) = title.split_at_checked(at)?;
        last.eq_ignore_ascii_case(end).then_some(name)
    });
    jobs.unwrap_or(title).trim().to_owned()
}

fn posting(job: &Element) -> RawPosting {
    let listed = job.all("tt:locations/tt:location").filter_map(|at| {
        let parts = ["tt:city", "tt:country"].map(|part| at.text(part));
        place(parts).or_else(|| at.string("tt:name"))
    });
    let remote = job.text("remoteStatus").map(|status| match status {
        "none" => "no",
        "temporary" => "hybrid",
        stated => stated,
    });
    RawPosting {
        guid: job.string("guid"),
        url: job.string("link"),
        title: job.string("title").unwrap_or_default(),
        location: places(listed),
        remote: remote.map(str::to_owned),
        tags: ["tt:department", "tt:role"]
            .into_iter()
            .filter_map(|name| job.string(name))
            .collect(),
        posted_at: job.string("pubDate").map_or(RawDate::Unknown, RawDate::Text),
        body: job.string("description").unwrap_or_default(),
        ..RawPosting::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn places_and_remote_are_read() {
        check(
            BoardKind::Teamtailor,
            r"<rss><channel><title>Acme jobs</title><item>
              <title>Data Analyst</title><description>&lt;p&gt;Forecast.&lt;/p&gt;</description>
              <pubDate>Tue, 06 Oct 2026 09:30:00 +0100</pubDate>
              <link>https://acme.teamtailor.com/jobs/101-data-analyst</link>
              <remoteStatus>hybrid</remoteStatus><guid>0b9c-1</guid>
              <tt:locations><tt:location><tt:name>North office</tt:name><tt:city>Leeds</tt:city>
              <tt:country>United Kingdom</tt:country></tt:location></tt:locations>
              <tt:department>Analytics</tt:department></item>
              <item><title>Clerk</title><guid>0b9c-2</guid><remoteStatus>none</remoteStatus>
              <tt:locations><tt:location><tt:name>Remote hub</tt:name></tt:location></tt:locations>
              </item></channel></rss>",
            concat!(
                r#"{"body":"Forecast.","company":"Acme","identity":"guid:0b9c-1","#,
                r#""location":"Leeds, United Kingdom","posted_at":"2026-10-06T08:30:00Z","#,
                r#""remote":"hybrid","tags":["Analytics"],"title":"Data Analyst","#,
                r#""url":"https://acme.teamtailor.com/jobs/101-data-analyst"}"#,
                "\n",
                r#"{"company":"Acme","identity":"guid:0b9c-2","location":"Remote hub","remote":"no","title":"Clerk"}"#,
            ),
        );
    }
}
