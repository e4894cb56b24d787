//! "Who is hiring?" of Hacker News, by Algolia: first the list of the monthly stories, then the
//! comments of the newest; a posting is a comment on the story itself.
//!
//! `Company | Role | Place | REMOTE` in the first line is a habit, not a format (`hn_header`).

use serde_json::{Map, Value};
use url::Url;

use super::hn_header::Header;
use super::json_items::{self, Document, json_document};
use super::{Kind, Problem, RawItems, Reading, Response, Unreadable};
use crate::normalize::{BoardContext, RawDate, RawPay, RawPosting, one_line, plain_text};

/// Who opens the monthly stories.
const AUTHOR: &str = "whoishiring";
/// What tells the right one from "Who wants to be hired?" and "Freelancer?".
const TITLE: &str = "who is hiring?";
/// As many comments as one answer is asked for, the newest first.
const COMMENTS: u32 = 200;
/// A free-form posting has a title of its first sentence, not longer than this.
const MAX_TITLE_CHARS: usize = 120;

/// Algolia names its comments `hits`, its trees of one story `children`.
const ITEMS: [&str; 2] = ["hits", "children"];

/// From a list of stories, the address of the newest one's comments; from comments, nothing.
pub fn next_address(response: Response<'_>, url: &Url) -> Result<Option<Url>, Unreadable> {
    let Document { fields, items, faults } = json_document(response, &ITEMS)?;
    let items = items.unwrap_or_default();
    let asks_comments = url.query_pairs().any(|(_, value)| value.contains("comment"));
    if asks_comments || id(&fields, "story_id").is_some() || items.iter().any(is_comment) {
        return Ok(None);
    }
    let stories = items.iter().filter_map(Value::as_object).filter(|item| is_hiring(item));
    // Ids grow with time.
    let newest = stories.filter_map(|item| id(item, "objectID")?.parse::<u64>().ok()).max();
    let Some(story) = newest else {
        let cut = faults.first().map(|fault| format!("; {fault}")).unwrap_or_default();
        let count = items.len();
        let what = format!("no \"Who is hiring?\" among the {count} stories of the response{cut}");
        return Err(Unreadable::Format(what));
    };
    let mut next = url.clone();
    next.set_query(Some(&format!("tags=comment,story_{story}&hitsPerPage={COMMENTS}")));
    Ok(Some(next))
}

pub struct HackerNews;

impl Kind for HackerNews {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        read(response)
    }

    fn next_address(&self, response: Response<'_>, asked: &Url) -> Result<Option<Url>, Unreadable> {
        next_address(response, asked)
    }
}

/// Reads the comments; replies to them are passed over.
fn read(response: Response<'_>) -> Result<RawItems, Unreadable> {
    let Document { fields, items, faults } = json_document(response, &ITEMS)?;
    let Some(items) = items else {
        let what = faults.first().map_or("an object without hits".to_owned(), ToString::to_string);
        return Err(Unreadable::Format(what));
    };
    if !items.is_empty() && items.iter().all(|item| !is_comment(item) && is_story(item)) {
        let what = "a list of stories; the postings are the comments of one of them";
        return Err(Unreadable::Format(what.to_owned()));
    }
    let mut postings = Vec::new();
    let mut problems = faults;
    for (index, item) in items.iter().enumerate() {
        let place = format!("item {index}");
        match posting(item, &fields) {
            Ok(Some(raw)) => postings.push((place, raw)),
            Ok(None) => {}
            Err(what) => problems.push(Problem { place, what }),
        }
    }
    Ok((postings, problems))
}

fn id(of: &Map<String, Value>, name: &str) -> Option<String> {
    json_items::id(of.get(name)?)
}

fn text<'a>(of: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| of.get(*name)?.as_str()).filter(|text| !text.trim().is_empty())
}

fn is_comment(item: &Value) -> bool {
    item.get("comment_text").is_some_and(Value::is_string)
        || item.get("parent_id").is_some_and(|parent| !parent.is_null())
}

fn is_story(item: &Value) -> bool {
    item.get("title").is_some_and(Value::is_string)
}

fn is_hiring(story: &Map<String, Value>) -> bool {
    let title = text(story, &["title"]).unwrap_or_default().to_lowercase();
    title.contains(TITLE) && text(story, &["author"]).is_none_or(|author| author == AUTHOR)
}

/// `None` for what is no posting: a reply, a comment that was deleted.
fn posting(item: &Value, all: &Map<String, Value>) -> Result<Option<RawPosting>, String> {
    let item = item.as_object().ok_or("not an object")?;
    let story = id(item, "story_id").or_else(|| id(all, "story_id")).or_else(|| id(all, "id"));
    let story = story.ok_or("no story_id")?;
    if id(item, "parent_id").ok_or("no parent_id")? != story {
        return Ok(None);
    }
    let title = text(item, &["story_title"]).or_else(|| text(all, &["story_title", "title"]));
    if let Some(title) = title.filter(|title| !title.to_lowercase().contains("who is hiring")) {
        return Err(format!("a comment on {title:.80?}, not on \"Who is hiring?\""));
    }
    let body = match text(item, &["comment_text", "text"]) {
        Some(body) => body,
        None if text(item, &["author"]).is_none() => return Ok(None),
        None => return Err("no comment_text".to_owned()),
    };
    let guid = id(item, "objectID").or_else(|| id(item, "id")).ok_or("no objectID")?;
    let date = text(item, &["created_at"]).map(|date| RawDate::Text(date.to_owned()));
    let seconds = item.get("created_at_i").and_then(Value::as_i64).map(RawDate::Seconds);
    let header = first_line(body).and_then(|line| Header::read(&line));
    let raw = RawPosting {
        url: Some(format!("https://news.ycombinator.com/item?id={guid}")),
        guid: Some(guid),
        posted_at: date.or(seconds).unwrap_or_default(),
        body: body.to_owned(),
        ..RawPosting::default()
    };
    Ok(Some(match header {
        Some(Header { company, title, location, remote, pay, tags }) => RawPosting {
            title,
            company,
            location,
            remote,
            pay: pay.map_or(RawPay::Unknown, RawPay::Text),
            tags,
            ..raw
        },
        None => RawPosting { title: first_sentence(body), ..raw },
    }))
}

/// The first line with a word in it: to the first paragraph or line break.
fn first_line(body: &str) -> Option<String> {
    body.split(['\n', '\r']).flat_map(|line| line.split("<p>")).find_map(one_line)
}

fn first_sentence(body: &str) -> String {
    let text = plain_text(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut ends = line.match_indices(['.', '!', '?']).map(|(at, _)| at + 1);
    let end = ends.find(|end| {
        let mut after = line.get(*end..).unwrap_or_default().chars();
        after.next() == Some(' ') && after.next().is_some_and(|c| !c.is_lowercase())
    });
    let sentence = line.get(..end.unwrap_or(line.len())).unwrap_or(line);
    let Some((limit, _)) = sentence.char_indices().nth(MAX_TITLE_CHARS) else {
        return sentence.to_owned();
    };
    let cut = sentence.get(..limit).unwrap_or_default();
    // Not within a word, if that leaves most of it.
    let word = cut.rfind(' ').filter(|at| at * 2 > cut.len()).unwrap_or(cut.len());
    cut.get(..word).unwrap_or(cut).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boards::{read as read_board, test_context};
    use crate::domain::board::BoardKind;

    fn response(body: &str) -> Response<'_> {
        Response { body: body.as_bytes(), content_type: None }
    }

    const STORIES: &str = r#"{"hits": [
      {"objectID": "803", "title": "Ask HN: Freelancer? Seeking freelancer? (May 2031)", "author": "whoishiring"},
      {"objectID": "802", "title": "Ask HN: Who wants to be hired? (May 2031)", "author": "whoishiring"},
      {"objectID": "801", "title": "Ask HN: Who is hiring? (May 2031)", "author": "whoishiring"},
      {"objectID": "901", "title": "Ask HN: Who is hiring? Nobody", "author": "somebody"},
      {"objectID": "99", "title": "Ask HN: Who is hiring? (April 2031)", "author": "whoishiring"}], "nbHits": 5}"#;

    #[test]
    fn the_newest_hiring_story_leads_to_its_comments() {
        let url = Url::parse("https://hn.example/api/v1/search_by_date?tags=story&x=1").unwrap();
        let next = next_address(response(STORIES), &url).unwrap().unwrap();
        let want =
            "https://hn.example/api/v1/search_by_date?tags=comment,story_801&hitsPerPage=200";
        assert_eq!(next.as_str(), want);
        assert_eq!(next_address(response(COMMENTS), &url), Ok(None));
        assert_eq!(next_address(response(r#"{"hits":[]}"#), &next), Ok(None));
        for none in [r#"{"hits":[]}"#, r#"{"hits":[{"objectID":"1","title":"Show HN"}]}"#] {
            let error = next_address(response(none), &url).unwrap_err().to_string();
            assert!(error.contains("no \"Who is hiring?\" among"), "{error}");
        }
        let error = read(response(STORIES)).unwrap_err().to_string();
        assert!(error.contains("a list of stories"), "{error}");
    }

    const COMMENTS: &str = r#"{"hits": [
      {"objectID": "811", "parent_id": 801, "story_id": 801, "author": "a", "created_at": "2031-05-01T15:00:00Z",
       "story_title": "Ask HN: Who is hiring? (May 2031)",
       "comment_text": "Kelp (<a href=\"https:&#x2F;&#x2F;kelp.example\">https:&#x2F;&#x2F;kelp.example</a>) | Diver &amp; Rust Engineer | Oslo, Norway | Onsite | €70k–€90k<p>We grow kelp."},
      {"objectID": "812", "parent_id": 811, "story_id": 801, "author": "b", "created_at": "2031-05-01T15:01:00Z",
       "comment_text": "Do you take interns?"},
      {"objectID": "813", "parent_id": 801, "story_id": 801, "author": "c", "created_at_i": 1935500000,
       "comment_text": "We at Moss Inc. are looking for a gardener! Write to us.\nSecond line | with a pipe"},
      {"objectID": "814", "parent_id": 801, "story_id": 801, "author": "d", "comment_text": null},
      {"objectID": "815", "parent_id": 801, "story_id": 801, "author": null, "comment_text": null},
      {"objectID": "816", "parent_id": 802, "story_id": 802, "author": "e", "comment_text": "Me | Remote",
       "story_title": "Ask HN: Who wants to be hired? (May 2031)"}]}"#;

    #[test]
    fn top_level_comments_are_postings_and_the_rest_is_passed_over_or_reported() {
        let kind = Reading::from(BoardKind::Hackernews);
        let read = read_board(kind, response(COMMENTS), &test_context()).unwrap();
        let problems: Vec<String> = read.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("item 3: no comment_text"), "{problems:?}");
        assert!(problems[1].contains("wants to be hired"), "{problems:?}");
        assert_eq!(read.postings.len(), 2);
        let first = serde_json::to_value(&read.postings[0]).unwrap();
        let want = serde_json::json!({
            "identity": "guid:811", "board": "test",
            "url": "https://news.ycombinator.com/item?id=811", "title": "Diver & Rust Engineer",
            "company": "Kelp", "location": "Oslo, Norway", "remote": "no", "tags": [],
            "pay": {"min": 70_000.0, "max": 90_000.0, "currency": "EUR", "period": "year"},
            "posted_at": "2031-05-01T15:00:00Z", "body": first["body"],
        });
        assert_eq!(first, want);
        let second = &read.postings[1];
        assert_eq!(second.title, "We at Moss Inc. are looking for a gardener!");
        assert_eq!(second.company, None);
        assert!(second.posted_at.is_some());
    }

    #[test]
    fn a_recording_and_a_tree_of_one_story_are_read_too() {
        let recording = r#"{"story_id": 5, "story_title": "Ask HN: Who is hiring? (May)", "hits": [
            {"objectID": 6, "parent_id": 5, "comment_text": "A | Cook"}, {"objectID": 7, "pa"#;
        let (items, problems) = read(response(recording)).unwrap();
        assert_eq!((items.len(), problems.len()), (1, 1));
        let tree = r#"{"id": 5, "title": "Ask HN: Who is hiring? (May)", "children": [
            {"id": 6, "parent_id": 5, "text": "A | Cook", "children": []}]}"#;
        let (items, problems) = read(response(tree)).unwrap();
        assert_eq!((items.len(), problems.len()), (1, 0));
        assert_eq!(items[0].1.guid.as_deref(), Some("6"));
        for wrong in ["{}", "{\"hi", "<html>"] {
            assert!(read(response(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_long_first_sentence_is_cut_between_words() {
        let title = first_sentence(&"word ".repeat(100));
        assert!(title.chars().count() <= MAX_TITLE_CHARS && title.ends_with("word"), "{title}");
        assert_eq!(first_sentence(&"ü".repeat(500)).chars().count(), MAX_TITLE_CHARS);
        assert_eq!(first_sentence("<p>Rust, e.g. tokio. Yes."), "Rust, e.g. tokio.");
    }
}
