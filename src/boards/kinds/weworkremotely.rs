//! <https://weworkremotely.com/remote-jobs.rss>: RSS with elements of its own.
//!
//! Quirks, as recorded: the title is "Company: Role"; one without a colon names no company; `region`
//! says who may apply, `country` may hold flags, `state` is where the company sits.

use super::xml_items::{Element, Shape, xml_board};
use super::{Kind, RawItems, Reading, Response, Unreadable};
use crate::normalize::{BoardContext, RawDate, RawPosting};

pub struct WeWorkRemotely;

impl Kind for WeWorkRemotely {
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
    let title = job.text("title").unwrap_or_default();
    let (company, role) = match title.split_once(": ") {
        Some((company, role)) => (Some(company.to_owned()), role),
        None => (None, title),
    };
    let region = job.string("region").or_else(|| job.string("country"));
    RawPosting {
        guid: job.string("guid").or_else(|| job.string("link")),
        url: job.string("link"),
        title: role.to_owned(),
        company,
        location: region,
        // Every job on this board is remote.
        remote: Some("yes".to_owned()),
        employment: job.string("type").into_iter().collect(),
        tags: ["category", "skills"]
            .into_iter()
            .filter_map(|name| job.text(name))
            .flat_map(|texts| texts.split(','))
            .map(str::to_owned)
            .collect(),
        posted_at: job.string("pubDate").map_or(RawDate::Unknown, RawDate::Text),
        closes_at: job.string("expires_at").map_or(RawDate::Unknown, RawDate::Text),
        body: job.string("description").unwrap_or_default(),
        ..RawPosting::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn company_and_role_are_taken_apart() {
        check(
            BoardKind::Weworkremotely,
            r"<rss><channel><title>We</title><item>
              <title>Acme: Maths Coach: Senior</title><region>Anywhere in the World</region>
              <country></country><state>London</state><skills>Maths, Teaching</skills>
              <category>All Other Remote</category><type>Contract</type>
              <description>&lt;p&gt;Teach.&lt;/p&gt;</description>
              <pubDate>Fri, 10 Jul 2026 22:45:30 +0000</pubDate>
              <guid>https://weworkremotely.com/remote-jobs/acme</guid>
              <link>https://weworkremotely.com/remote-jobs/acme</link></item>
              <item><title>Chief Cook</title><link>https://weworkremotely.com/remote-jobs/cook</link>
              </item></channel></rss>",
            concat!(
                r#"{"body":"Teach.","company":"Acme","#,
                r#""identity":"guid:https://weworkremotely.com/remote-jobs/acme","level":"senior","#,
                r#""location":"Anywhere in the World","posted_at":"2026-07-10T22:45:30Z","#,
                r#""remote":"yes","tags":["All Other Remote","Maths","Teaching"],"#,
                r#""title":"Maths Coach: Senior","type":["contract"],"#,
                r#""url":"https://weworkremotely.com/remote-jobs/acme"}"#,
                "\n",
                r#"{"identity":"guid:https://weworkremotely.com/remote-jobs/cook","level":"lead","remote":"yes","#,
                r#""title":"Chief Cook","url":"https://weworkremotely.com/remote-jobs/cook"}"#,
            ),
        );
    }
}
