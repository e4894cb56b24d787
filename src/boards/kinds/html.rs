//! Any web page, by CSS rules. A page on which the rules find nothing has changed or is another
//! page, and that is an error: it must not look like a board without postings.

use encoding_rs::Encoding;
use regex::Regex;
use scraper::{ElementRef, Html};
use std::sync::LazyLock;
use url::Url;

use super::feed_text::declared_in_header;
use super::html_rules::{Compiled, Finder};
use super::{Kind, Problem, RawItems, Reading, Response, Unreadable};
use crate::boards::WrongRules;
use crate::domain::rules::Rules;
use crate::normalize::{
    BoardContext, RawDate, RawPay, RawPosting, is_costly, one_line, without_foreign,
};

/// More items than a page is read for: the newest come first.
const MAX_ITEMS: usize = 1_000;
/// Where a page says its encoding.
const HEAD: usize = 4_096;

static CHARSET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)<meta[^>]+charset\s*=\s*["']?([A-Za-z0-9_.:-]+)"#).expect("a valid pattern")
});
static TITLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?is)<title[^>]*>([^<]{0,80})").expect("a valid pattern"));

pub struct WebPage;

impl Kind for WebPage {
    fn read(
        &self,
        response: Response<'_>,
        reading: Reading<'_>,
        board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        let missing = || Unreadable::Format(WrongRules::Missing.to_string());
        read(response, reading.rules.ok_or_else(missing)?, board)
    }
}

/// Reads every item that the rules find.
fn read(
    response: Response<'_>,
    rules: &Rules,
    board: &BoardContext<'_>,
) -> Result<RawItems, Unreadable> {
    let rules = Compiled::new(rules).map_err(|wrong| Unreadable::Format(wrong.to_string()))?;
    let page = without_foreign(&text(response));
    if is_costly(&page) {
        let what = "elements are nested too deep, or have too many attributes";
        return Err(Unreadable::Format(what.to_owned()));
    }
    let html = Html::parse_document(&page);
    let items: Vec<ElementRef<'_>> = html.select(&rules.item).take(MAX_ITEMS + 1).collect();
    if items.is_empty() {
        return match &rules.empty {
            Some(empty) if html.select(empty).next().is_some() => Ok(RawItems::default()),
            _ => Err(changed("no element fits the rule for item", &page)),
        };
    }
    let base = base(&html, board);
    let mut postings = Vec::new();
    let mut problems = Vec::new();
    for (index, item) in items.iter().take(MAX_ITEMS).enumerate() {
        let place = format!("item {}", index + 1);
        match posting(*item, &rules, base.as_ref()) {
            Some(raw) => postings.push((place, raw)),
            None => problems.push(Problem { place, what: "no title".to_owned() }),
        }
    }
    if postings.is_empty() {
        return Err(changed("nothing in any item fits the rule for title", &page));
    }
    if rules.link.is_some() && postings.iter().all(|(_, raw)| raw.url.is_none()) {
        let what = "nothing in any item fits the rule for link".to_owned();
        problems.push(Problem { place: "link".to_owned(), what });
    }
    if items.len() > MAX_ITEMS {
        let what = format!("the page shows more items; the first {MAX_ITEMS} are read");
        problems.push(Problem { place: format!("item {}", MAX_ITEMS + 1), what });
    }
    Ok((postings, problems))
}

fn changed(what: &str, page: &str) -> Unreadable {
    let title = TITLE.captures(page).and_then(|found| one_line(found.get(1)?.as_str()));
    let title = title.map(|title| format!(" ({title:?})")).unwrap_or_default();
    Unreadable::Format(format!("{what}: the page{title} has changed, or is not the board"))
}

fn posting(item: ElementRef<'_>, rules: &Compiled, base: Option<&Url>) -> Option<RawPosting> {
    let one = |finder: &Option<Finder>| finder.as_ref()?.first(item);
    let line = |finder: &Option<Finder>| one(finder).as_deref().and_then(one_line);
    let title = rules.title.first(item).filter(|title| one_line(title).is_some())?;
    Some(RawPosting {
        guid: None,
        url: one(&rules.link).map(|url| match base.and_then(|base| base.join(url.trim()).ok()) {
            Some(whole) => whole.into(),
            None => url,
        }),
        title,
        company: one(&rules.company),
        location: one(&rules.location),
        remote: line(&rules.remote),
        pay: line(&rules.pay).map_or(RawPay::Unknown, RawPay::Text),
        tags: rules.tags.as_ref().map(|finder| finder.all(item)).unwrap_or_default(),
        posted_at: line(&rules.date).map_or(RawDate::Unknown, RawDate::Text),
        body: one(&rules.body).unwrap_or_default(),
        ..RawPosting::default()
    })
}

/// What links are relative to: the page may say so itself.
fn base(html: &Html, board: &BoardContext<'_>) -> Option<Url> {
    let elements = html.root_element().descendent_elements();
    let mut stated = elements.filter(|element| element.value().name() == "base");
    let stated = stated.find_map(|element| element.attr("href"));
    match (stated, board.base) {
        (Some(href), Some(url)) => url.join(href).ok().or_else(|| Some(url.clone())),
        (Some(href), None) => Url::parse(href).ok(),
        (None, url) => url.cloned(),
    }
}

/// The page in the encoding of its mark, its header or its head.
fn text(response: Response<'_>) -> String {
    let declared = || {
        let head = response.body.get(..HEAD).unwrap_or(response.body);
        let head = String::from_utf8_lossy(head);
        Encoding::for_label(CHARSET.captures(&head)?.get(1)?.as_str().as_bytes())
    };
    let encoding = Encoding::for_bom(response.body)
        .map(|(encoding, _)| encoding)
        .or_else(|| declared_in_header(response.content_type))
        .or_else(declared)
        .unwrap_or(encoding_rs::UTF_8);
    encoding.decode(response.body).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boards::{ReadBoard, read as read_board, test_context};
    use crate::domain::board::BoardKind;

    fn rules(text: &str) -> Rules {
        toml::from_str(text).unwrap()
    }

    const RULES: &str = r#"
        item = "ul#jobs > li"
        title = "h3"
        link = "a@href"
        company = ".who"
        location = ".place"
        remote = ":scope@data-remote"
        pay = ".pay"
        date = "time@datetime"
        body = ".text"
        tags = ".tag"
        empty = "p.none"
    "#;

    const PAGE: &str = r#"<!doctype html><html><head><meta charset="iso-8859-1"><title>Jobs</title>
        <script>if (a < b) document.write("<svg><li>")</script></head><body>
        <svg width="1"><path d="M0"/><g><circle/></g></svg>
        <ul id=jobs>
        <li data-remote="fully"><h3>Rust &amp; <b>Go</b> engineer</h3><a href="/jobs/1?utm_source=x">more</a>
          <span class=who>K#lp</span><span class=place>Kiel</span><span class=pay>&euro;90k - &euro;100k a year</span>
          <time datetime="2031-05-01">yesterday</time><i class=tag>rust</i><i class=tag>go</i>
          <div class=text><p>We build.<ul><li>Rust</ul></div>
        <li><h3> </h3><a href="/jobs/2">more</a></li>
        <li><h3>Cook</h3></li></ul></body></html>"#;

    fn check(page: &[u8], text: &str) -> Result<ReadBoard, Unreadable> {
        let rules = rules(text);
        let reading = Reading { kind: BoardKind::Html, rules: Some(&rules) };
        let base = Url::parse("https://kelp.example/en/jobs").unwrap();
        let response = Response { body: page, content_type: None };
        read_board(reading, response, &BoardContext { base: Some(&base), ..test_context() })
    }

    #[test]
    fn every_part_is_found_by_its_rule() {
        let page: Vec<u8> = PAGE.bytes().map(|b| if b == b'#' { 0xe9 } else { b }).collect();
        let read = check(&page, RULES).unwrap();
        let problems: Vec<String> = read.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, ["item 2: no title"]);
        let first = serde_json::to_value(&read.postings[0]).unwrap();
        let want = serde_json::json!({
            "identity": "url:kelp.example/jobs/1", "board": "test",
            "url": "https://kelp.example/jobs/1", "title": "Rust & Go engineer",
            "company": "Kélp", "location": "Kiel", "remote": "yes", "tags": ["rust", "go"],
            "pay": {"min": 90_000.0, "max": 100_000.0, "currency": "EUR", "period": "year"},
            "posted_at": "2031-05-01T00:00:00Z", "body": "We build.\n- Rust",
        });
        assert_eq!(first, want);
        assert_eq!(read.postings[1].title, "Cook");
    }

    #[test]
    fn a_page_may_say_what_its_links_are_relative_to() {
        let page = b"<base href='https://cdn.example/x/'><a class=job href='7'>Cook</a>";
        let rules = "item = 'a.job'\ntitle = ':scope'\nlink = '@href'";
        let read = check(page, rules).unwrap();
        assert_eq!(read.postings[0].url.as_deref(), Some("https://cdn.example/x/7"));
    }

    #[test]
    fn a_page_that_has_changed_is_an_error_and_an_empty_board_is_none() {
        let changed = |page: &str| check(page.as_bytes(), RULES).unwrap_err().to_string();
        let error = changed("<title>Just a\nmoment</title><p>");
        assert!(error.contains("no element fits the rule for item"), "{error}");
        assert!(error.contains("(\"Just a moment\")"), "{error}");
        let error = changed("<ul id=jobs><li><h2>Cook</h2></ul>");
        assert!(error.contains("the rule for title"), "{error}");
        let none = check(b"<p class=none>No openings</p>", RULES).unwrap();
        assert!(none.postings.is_empty() && none.problems.is_empty());
        let read = check(b"<ul id=jobs><li><h3>Cook</h3></ul>", RULES).unwrap();
        assert_eq!(read.problems[0].place, "link");
    }

    #[test]
    fn a_nesting_bomb_is_refused_before_it_is_parsed() {
        for bomb in ["<div>", "<svg/><b>", "<ul id=jobs><li><h3>x</h3><b>"] {
            let error = check(bomb.repeat(100_000).as_bytes(), RULES).unwrap_err().to_string();
            assert!(error.contains("nested too deep"), "{error}");
        }
    }
}
