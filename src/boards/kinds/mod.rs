//! How boards are asked and read: one file a kind, each with what was recorded of it.

mod arbeitnow;
mod ashby;
mod cdata;
mod company_said;
mod feed;
mod feed_text;
mod fields;
mod greenhouse;
mod hackernews;
mod himalayas;
mod hn_header;
mod html;
pub mod html_rules;
mod jobicy;
mod json_feed;
mod json_items;
mod json_mend;
mod larajobs;
mod lever;
mod personio;
mod recruitee;
mod remoteok;
mod remotive;
mod rippling;
mod smartrecruiters;
mod teamtailor;
mod weworkremotely;
mod workable;
mod workday;
mod workingnomads;
mod xml_items;

use url::Url;

use super::pages::Page;
use super::{CUT_OFF, Problem, Reading, Response, Unreadable};
use crate::domain::board::BoardKind;
use crate::domain::posting::Posting;
use crate::normalize::{BoardContext, RawPosting};

/// Raw postings with their place, and what could not be read.
pub type RawItems = (Vec<(String, RawPosting)>, Vec<Problem>);

/// One kind of board.
pub trait Kind: Sync {
    /// Reads a response: what can be read of it, or why it is nothing like what the kind promises.
    fn read(
        &self,
        response: Response<'_>,
        reading: Reading<'_>,
        board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable>;

    /// Where a company's jobs lie, for kinds that many companies use.
    fn address(&self, _company: &str) -> Option<String> {
        None
    }

    /// The company whose jobs, or one of whose jobs, people see at an address; the other way round.
    fn company(&self, _seen_at: &Url) -> Option<String> {
        None
    }

    /// Where the jobs may lie that are not at an address.
    fn elsewhere(&self, _asked: &Url) -> Option<Url> {
        None
    }

    /// The JSON that is sent to ask; without it the address is just fetched.
    fn question(&self) -> Option<&'static str> {
        None
    }

    /// The page behind the one that was answered, where a board has several.
    fn next_page(&self, _response: Response<'_>, _asked: &Page) -> Option<Page> {
        None
    }

    /// Where the rest of a posting lies that the list shows without its text.
    fn detail_address(&self, _asked: &Url, _posting: &Posting) -> Option<Url> {
        None
    }

    /// The address that a response names and that is to be asked for the postings.
    fn next_address(
        &self,
        _response: Response<'_>,
        _asked: &Url,
    ) -> Result<Option<Url>, Unreadable> {
        Ok(None)
    }
}

/// An address below that of a list, by the board's own id of a posting.
fn below(asked: &Url, posting: &Posting) -> Option<Url> {
    let id = posting.identity.strongest().strip_prefix("guid:")?;
    let mut url = asked.clone();
    url.set_query(None);
    url.path_segments_mut().ok()?.pop_if_empty().push(id);
    Some(url)
}

/// The part of a path, from 0, at one of some hosts.
fn part_at(address: &Url, hosts: &[&str], part: usize) -> Option<String> {
    let host = address.host_str()?;
    let here = hosts.contains(&host.strip_prefix("www.").unwrap_or(host));
    let part = address.path_segments()?.nth(part).filter(|part| here && !part.is_empty());
    part.map(str::to_owned)
}

/// What stands before a host that has one name for each company.
fn name_before(address: &Url, host: &str) -> Option<String> {
    let name = address.host_str()?.strip_suffix(host)?.strip_suffix('.')?;
    let own = !name.is_empty() && !["www", "api", "app", "support", "blog"].contains(&name);
    own.then(|| name.to_owned())
}

/// How boards of a kind are asked and read.
pub fn of(kind: BoardKind) -> &'static dyn Kind {
    match kind {
        BoardKind::Arbeitnow => &arbeitnow::Arbeitnow,
        BoardKind::Ashby => &ashby::Ashby,
        BoardKind::Feed => &feed::AnyFeed,
        BoardKind::Greenhouse => &greenhouse::Greenhouse,
        BoardKind::Hackernews => &hackernews::HackerNews,
        BoardKind::Himalayas => &himalayas::Himalayas,
        BoardKind::Html => &html::WebPage,
        BoardKind::Jobicy => &jobicy::Jobicy,
        BoardKind::Larajobs => &larajobs::LaraJobs,
        BoardKind::Lever => &lever::Lever,
        BoardKind::Personio => &personio::Personio,
        BoardKind::Recruitee => &recruitee::Recruitee,
        BoardKind::Remoteok => &remoteok::RemoteOk,
        BoardKind::Remotive => &remotive::Remotive,
        BoardKind::Rippling => &rippling::Rippling,
        BoardKind::Smartrecruiters => &smartrecruiters::SmartRecruiters,
        BoardKind::Teamtailor => &teamtailor::Teamtailor,
        BoardKind::Weworkremotely => &weworkremotely::WeWorkRemotely,
        BoardKind::Workable => &workable::Workable,
        BoardKind::Workday => &workday::Workday,
        BoardKind::Workingnomads => &workingnomads::WorkingNomads,
    }
}

/// Reads a response of a kind with what the project wrote for it.
#[cfg(test)]
#[track_caller]
fn check(kind: BoardKind, body: &str, want: &str) {
    let response = Response { body: body.as_bytes(), content_type: None };
    let base = Url::parse("https://board.example/wday/cxs/acme/jobs/jobs").expect("an address");
    let context = BoardContext { base: Some(&base), ..super::test_context() };
    let read = super::read(kind.into(), response, &context).expect("a readable response");
    let mut lines = Vec::new();
    for posting in &read.postings {
        let mut value = serde_json::to_value(posting).expect("JSON");
        let fields = value.as_object_mut().expect("an object");
        fields.retain(|name, value| {
            name != "board" && !value.is_null() && *value != serde_json::json!([]) && value != ""
        });
        lines.push(value.to_string());
    }
    lines.extend(read.problems.iter().map(|problem| format!("! {problem}")));
    assert_eq!(lines.join("\n"), want);
}
