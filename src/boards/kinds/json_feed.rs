//! JSON Feed (<https://www.jsonfeed.org>): an object with `items`.
//!
//! Read leniently: ids are numbers in some feeds, versions have other addresses than the standard's,
//! and version 1.0 has one `author` where 1.1 has `authors`.

use serde_json::Value;

use super::company_said::by_author;
use super::fields::Fields;
use super::json_items::{Document, json_document};
use super::{RawItems, Response, Unreadable};
use crate::normalize::{RawDate, RawPosting};

/// Reads a feed.
pub fn read(response: Response<'_>) -> Result<RawItems, Unreadable> {
    let Document { fields, items, faults } = json_document(response, &["items"])?;
    let version = fields.get("version").and_then(Value::as_str).unwrap_or_default();
    let Some(items) = items.filter(|_| version.to_lowercase().contains("jsonfeed")) else {
        let what = "not a JSON feed: an object without its version, or without items";
        return Err(Unreadable::Format(what.to_owned()));
    };
    let items = items.iter().enumerate();
    let postings = items.map(|(index, item)| (format!("item {index}"), posting(Fields(item))));
    Ok((postings.collect(), faults))
}

fn posting(item: Fields<'_>) -> RawPosting {
    let first = |names: &[&str]| names.iter().find_map(|name| item.string(name));
    let title = item.string("title").unwrap_or_default();
    let body = first(&["content_html", "content_text", "summary"]).unwrap_or_default();
    let authors = item.texts_of("authors", "name").into_iter().chain(item.string("author.name"));
    RawPosting {
        guid: item.id("id"),
        url: first(&["url", "external_url"]),
        company: by_author(authors, &title, &body),
        tags: item.texts("tags"),
        posted_at: first(&["date_published", "date_modified"])
            .map_or(RawDate::Unknown, RawDate::Text),
        lang: item.string("language"),
        title,
        body,
        ..RawPosting::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::boards::{Reading, Response, read, test_context};
    use crate::domain::board::BoardKind;

    #[test]
    fn feeds_of_both_versions_are_read_with_ids_of_any_type() {
        check(
            BoardKind::Feed,
            r#"{"version": "https://jsonfeed.org/version/1.1", "title": "Jobs", "language": "en",
              "items": [{"id": 17, "url": "https://a.example/17", "title": "Cook at Acme",
               "content_html": "<p>If x &lt; <b>3</b></p>", "date_published": "2026-10-02T10:00:00Z",
               "tags": ["food"], "authors": [{"name": "admin"}, {"name": "Acme"}]},
               {"id": "18", "external_url": "https://b.example/18", "title": "Baker",
                "content_text": "Bread.", "date_modified": "2026-10-01T10:00:00+02:00"}]}"#,
            concat!(
                r#"{"body":"If x < 3","company":"Acme","identity":"guid:17","#,
                r#""posted_at":"2026-10-02T10:00:00Z","tags":["food"],"title":"Cook at Acme","#,
                r#""url":"https://a.example/17"}"#,
                "\n",
                r#"{"body":"Bread.","identity":"guid:18","posted_at":"2026-10-01T08:00:00Z","#,
                r#""title":"Baker","url":"https://b.example/18"}"#,
            ),
        );
        check(
            BoardKind::Feed,
            r#"{"version": "http://jsonfeed.org/version/1", "items": [{"id": "1", "title": "Cook",
              "author": {"name": "Jane"}, "summary": "Soup."}, {"title": "cut \ud83d", "id": 2}, {}]}"#,
            concat!(
                r#"{"body":"Soup.","identity":"guid:1","title":"Cook"}"#,
                "\n{\"identity\":\"guid:2\",\"title\":\"cut \u{fffd}\"}",
                "\n! item 2: neither a title nor a text",
            ),
        );
        check(
            BoardKind::Feed,
            r#"{"items": [], "version": "https://jsonfeed.org/version/1.1"}"#,
            "",
        );
    }

    /// Markup in its texts once counted as elements that were never closed.
    #[test]
    fn a_long_feed_with_markup_is_read_whole() {
        let item = r#"{"id": 1, "title": "Cook", "content_html": "<p>a<br>b<br>c<hr>d</p>"}"#;
        let items = vec![item; 400].join(",");
        let body = format!(
            r#"{{"version": "https://www.jsonfeed.org/version/1.1/", "items": [{items}]}}"#
        );
        let response = Response { body: body.as_bytes(), content_type: None };
        let read = read(Reading::from(BoardKind::Feed), response, &test_context()).unwrap();
        assert_eq!((read.postings.len(), read.problems.len()), (400, 0));
    }

    #[test]
    fn other_json_is_no_feed() {
        for body in [r#"{"items": [{"id": 1, "title": "Cook"}]}"#, r#"{"items": []}"#, "{}"] {
            let response = Response { body: body.as_bytes(), content_type: None };
            assert!(
                read(Reading::from(BoardKind::Feed), response, &test_context()).is_err(),
                "{body}"
            );
        }
    }
}
