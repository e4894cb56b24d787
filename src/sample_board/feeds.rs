//! The forms of the sample board's feeds. Templates escape whatever they show.

use askama::Template;
use chrono::{DateTime, Utc};

use super::SamplePosting;

/// A posting in its slot.
pub struct Item<'a> {
    pub id: String,
    pub slot: i64,
    pub posted: DateTime<Utc>,
    pub posting: &'a SamplePosting,
}

impl Item<'_> {
    /// The body as feeds carry it: what has no element of its own stands in labelled lines first.
    fn description(&self) -> String {
        let SamplePosting { location, remote, pay, body, .. } = self.posting;
        let place = Some(location).filter(|place| !place.is_empty());
        let lines = [("Location", place), ("Remote", remote.as_ref()), ("Pay", pay.as_ref())];
        let lines = lines.into_iter().filter_map(|(label, value)| {
            let value = html_escape(value?);
            Some(format!("<p>{label}: {value}</p>"))
        });
        lines.chain([body.clone()]).collect()
    }
}

fn html_escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[derive(Template)]
#[template(
    ext = "xml",
    source = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>{{ title }}</title>
<link>{{ base }}/jobs.rss</link>
<description>Invented postings</description>
{% for item in items %}<item>
<title>{{ item.posting.title }}</title>
<link>{{ base }}/posting/{{ item.slot }}</link>
<guid isPermaLink="false">{{ item.id }}</guid>
<dc:creator>{{ item.posting.company }}</dc:creator>
<pubDate>{{ item.posted.to_rfc2822() }}</pubDate>
{% for tag in item.posting.tags %}<category>{{ tag }}</category>
{% endfor %}<description>{{ item.description() }}</description>
</item>
{% endfor %}</channel></rss>
"#
)]
pub struct JobsFeed<'a> {
    pub title: &'a str,
    pub base: String,
    pub items: Vec<Item<'a>>,
}

#[derive(Template)]
#[template(
    ext = "xml",
    source = r#"<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title>{{ title }}</title>
<id>{{ base }}/careers.atom</id>
<updated>{{ updated }}</updated>
{% for item in items %}<entry xml:lang="{{ item.posting.language }}">
<title>{{ item.posting.title }}</title>
<id>{{ item.id }}</id>
<link rel="alternate" href="{{ base }}/posting/{{ item.slot }}?utm_source=careers"/>
<author><name>{{ item.posting.company }}</name></author>
<published>{{ item.posted.to_rfc3339() }}</published>
<updated>{{ item.posted.to_rfc3339() }}</updated>
{% for tag in item.posting.tags %}<category term="{{ tag }}"/>
{% endfor %}<content type="html">{{ item.description() }}</content>
</entry>
{% endfor %}</feed>
"#
)]
pub struct CareersFeed<'a> {
    pub title: &'a str,
    pub base: String,
    pub updated: String,
    pub items: Vec<Item<'a>>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="{{ item.posting.language }}">
<meta charset="utf-8">
<title>{{ item.posting.title }}</title>
<h1>{{ item.posting.title }}</h1>
<p>{{ item.posting.company }} (invented for the sample board)</p>
{{ item.description()|safe }}
</html>
"#
)]
pub struct PostingPage<'a> {
    pub item: Item<'a>,
}
