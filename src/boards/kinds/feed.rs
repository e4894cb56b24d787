//! Any RSS or Atom feed, by feed-rs; JSON feeds by `json_feed`.
//!
//! feed-rs panics on some ordinary feeds and gives up a whole feed for one broken item, so a feed
//! it cannot read is read again, item by item, and an item it cannot read without what kills it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use feed_rs::model::{Entry, Feed};
use memchr::memmem;
use regex::Regex;

use super::cdata::with_cdata;
use super::company_said::by_author;
use super::feed_text::{check_depth, feed_text};
use super::json_feed;
use super::xml_items::{Shape, xml_items};
use super::{CUT_OFF, Kind, Problem, RawItems, Reading, Response, Unreadable};
use crate::normalize::{BoardContext, RawDate, RawPay, RawPosting};

/// More items than a broken feed is read for, which takes its head again for each.
const MAX_ITEMS: usize = 500;

static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)<(item|entry)(?:\s[^>]*)?>.*?(?:</item\s*>|</entry\s*>|\z)").expect("valid")
});
/// What the parser dies of and no posting needs.
static KILLERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)<(?:author|itunes:\w+)(?:\s[^>]*)?>.*?</(?:author|itunes:\w+)\s*>")
        .expect("valid")
});

pub struct AnyFeed;

impl Kind for AnyFeed {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        read(response, board)
    }
}

/// Reads a feed.
fn read(response: Response<'_>, board: &BoardContext<'_>) -> Result<RawItems, Unreadable> {
    let text = feed_text(response)?;
    if text.starts_with('{') {
        return json_feed::read(response);
    }
    check_depth(&text)?;
    let base = board.base.map(url::Url::as_str);
    match parse(&with_cdata(&text), base) {
        Ok(feed) => Ok(all(feed, &text)),
        Err(error) => one_by_one(&text, base, &error),
    }
}

fn all(feed: Feed, text: &str) -> RawItems {
    let mut entries: Vec<RawPosting> = feed.entries.into_iter().map(raw).collect();
    add_own_elements(text, &mut entries);
    let entries = entries.into_iter().enumerate();
    (entries.map(|(index, entry)| (format!("item {}", index + 1), entry)).collect(), Vec::new())
}

/// Elements of job boards' own, which feed-rs does not know: those of WP Job Manager, and some like
/// them.
const OWN: [&str; 3] = ["job_listing:", "job:", ""];

/// Takes company, place and kind of employment from a feed's own elements, where it has some.
fn add_own_elements(text: &str, entries: &mut [RawPosting]) {
    let tags = ["<job_listing:", "<job:", "<company>"];
    if !tags.iter().any(|tag| memmem::find(text.as_bytes(), tag.as_bytes()).is_some()) {
        return;
    }
    let Ok(own) = xml_items(text, Shape { root: "rss", item: "item" }) else { return };
    // Otherwise nobody knows which is which.
    if own.items.len() != entries.len() {
        return;
    }
    for (entry, item) in entries.iter_mut().zip(&own.items) {
        let named = |name: &str| OWN.iter().find_map(|own| item.string(&format!("{own}{name}")));
        entry.company = named("company").or(entry.company.take());
        entry.location = named("location");
        entry.employment = named("job_type").into_iter().collect();
    }
}

/// Parses each item alone, between what stands before the first and what closes it.
fn one_by_one(text: &str, base: Option<&str>, error: &str) -> Result<RawItems, Unreadable> {
    let whole = || Unreadable::Format(format!("not an RSS or Atom feed: {error}"));
    let first = ITEM.find(text).ok_or_else(whole)?;
    let head = text.get(..first.start()).unwrap_or_default();
    let tail = if head.contains("<feed") { "</feed>" } else { "</channel></rss>" };
    let mut items = Vec::new();
    let mut problems = Vec::new();
    for (index, item) in ITEM.find_iter(text).take(MAX_ITEMS).enumerate() {
        let place = format!("item {}", index + 1);
        let alone = |item: &str| parse(&format!("{head}{item}{tail}"), base);
        let read = alone(item.as_str())
            .or_else(|error| alone(&KILLERS.replace_all(item.as_str(), "")).map_err(|_| error));
        match read.map(|feed| feed.entries.into_iter().next()) {
            Ok(Some(entry)) => items.push((place, raw(entry))),
            Ok(None) => problems.push(Problem { place, what: "no item could be read".to_owned() }),
            Err(what) => problems.push(Problem { place, what }),
        }
    }
    if let Some(more) = ITEM.find_iter(text).nth(MAX_ITEMS) {
        let what = format!("of a broken feed the first {MAX_ITEMS} items are read");
        problems.push(Problem { place: format!("byte {}", more.start()), what });
    }
    if items.is_empty() {
        return Err(whole());
    }
    if problems.is_empty() && !text.trim_end().ends_with('>') {
        problems.push(Problem { place: "end".to_owned(), what: CUT_OFF.to_owned() });
    }
    Ok((items, problems))
}

/// One call of the parser; its panic is an error like any other.
fn parse(text: &str, base: Option<&str>) -> Result<Feed, String> {
    let parser = feed_rs::parser::Builder::new()
        .base_uri(base)
        // Its own ids are random for an item without guid and link: every poll would tell it anew.
        .id_generator(|_, _, _| String::new())
        .build();
    catch_unwind(AssertUnwindSafe(|| parser.parse(text.as_bytes())))
        .map_err(|_| "the feed parser gave up".to_owned())?
        .map_err(|error| error.to_string())
}

fn raw(entry: Entry) -> RawPosting {
    let link = entry
        .links
        .iter()
        .find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"))
        .or(entry.links.first());
    let content =
        entry.content.and_then(|content| content.body).filter(|body| !body.trim().is_empty());
    let summary = entry.summary.map(|summary| summary.content);
    let title = entry.title.map(|title| title.content).unwrap_or_default();
    let body = content.or(summary).unwrap_or_default();
    let authors = entry.authors.into_iter().filter_map(|person| person.name);
    RawPosting {
        guid: Some(entry.id).filter(|id| !id.is_empty()),
        url: link.map(|link| link.href.clone()),
        company: by_author(authors, &title, &body),
        title,
        location: None,
        remote: None,
        pay: RawPay::Unknown,
        tags: entry.categories.into_iter().map(|tag| tag.label.unwrap_or(tag.term)).collect(),
        posted_at: entry.published.or(entry.updated).map_or(RawDate::Unknown, RawDate::At),
        body,
        ..RawPosting::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::board::BoardKind;

    #[test]
    fn a_feed_with_its_bodies_as_cdata_is_the_same_feed() {
        for body in [
            "&lt;p&gt;Tea &amp;amp; cake&lt;/p&gt;\r\n &lt;b&gt;x&lt;/b&gt; ",
            " \n",
            "",
            "plain",
            "&lt;![CDATA[x]]&gt;",
            "&lt;!-- &lt;item&gt; --&gt;",
            "&amp;#8217; &amp;nbsp; &quot;&apos;",
        ] {
            let feed = format!(
                "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\
                 <channel><item><title>a &lt; b</title><description>{body}</description>\
                 <content:encoded>{body}</content:encoded></item></channel></rss>"
            );
            let read = |feed: &str| {
                let entries = parse(feed, None).expect("a feed").entries.into_iter();
                entries.map(|entry| (entry.summary, entry.content)).collect::<Vec<_>>()
            };
            assert_eq!(read(&with_cdata(&feed)), read(&feed), "{body}");
        }
    }

    #[test]
    fn a_boards_own_elements_say_whose_job_it_is_and_where() {
        super::super::check(
            BoardKind::Feed,
            "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>t</title>\
             <item><title>Cook</title><guid>1</guid><dc:creator>admin</dc:creator>\
             <job_listing:company><![CDATA[Acme & Co]]></job_listing:company>\
             <job_listing:location>Kiel, Germany</job_listing:location>\
             <job_listing:job_type>Full Time</job_listing:job_type></item>\
             <item><title>Baker at Bun Ltd</title><guid>2</guid><dc:creator>Bun Ltd</dc:creator></item>\
             <item><title>Chef</title><guid>3</guid><dc:creator>Jane Doe</dc:creator></item>\
             </channel></rss>",
            concat!(
                r#"{"company":"Acme & Co","identity":"guid:1","location":"Kiel, Germany","title":"Cook","type":["fulltime"]}"#,
                "\n",
                r#"{"company":"Bun Ltd","identity":"guid:2","title":"Baker at Bun Ltd"}"#,
                "\n",
                r#"{"identity":"guid:3","title":"Chef"}"#,
            ),
        );
    }
}
