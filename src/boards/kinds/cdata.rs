//! Escaped HTML in a feed, written as CDATA: to the parser each `&lt;` is an event of its own, and a
//! body has hundreds. What it reads of either form is the same text.

use memchr::{memchr, memmem};

/// Elements whose text is a body.
const BODIES: [(&str, &str); 2] =
    [("<description>", "</description>"), ("<content:encoded>", "</content:encoded>")];

/// The feed with its bodies as CDATA. A body that holds anything odd stays as it is.
pub fn with_cdata(feed: &str) -> String {
    let mut written = String::with_capacity(feed.len());
    let mut rest = feed;
    while let Some((before, tag)) = split_before(rest, b'<') {
        written.push_str(before);
        rest = if let Some(behind) = write_body(tag, &mut written) {
            behind
        } else if tag.starts_with("<![CDATA[") {
            copy_through("]]>", tag, &mut written)
        } else if tag.starts_with("<!--") {
            copy_through("-->", tag, &mut written)
        } else {
            copy_through("<", tag, &mut written)
        };
    }
    written.push_str(rest);
    written
}

/// Writes an element that is a body as CDATA; gives what comes behind its text.
fn write_body<'t>(tag: &'t str, written: &mut String) -> Option<&'t str> {
    let (open, close) = BODIES.iter().find(|(open, _)| tag.starts_with(open))?;
    let (text, behind) = split_before(tag.get(open.len()..)?, b'<')?;
    if !behind.starts_with(close) {
        return None;
    }
    let before = written.len();
    written.push_str(open);
    written.push_str("<![CDATA[");
    if write_unescaped(text, written).is_none() {
        written.truncate(before);
        return None;
    }
    written.push_str("]]>");
    Some(behind)
}

/// Copies a text to the end of what ends it, or all of it; gives what comes behind.
fn copy_through<'t>(end: &str, text: &'t str, written: &mut String) -> &'t str {
    let found = memmem::find(text.as_bytes(), end.as_bytes());
    let length = found.map_or(text.len(), |at| at + end.len());
    let (copied, behind) = text.split_at_checked(length).unwrap_or((text, ""));
    written.push_str(copied);
    behind
}

fn split_before(text: &str, end: u8) -> Option<(&str, &str)> {
    text.split_at_checked(memchr(end, text.as_bytes())?)
}

/// Writes the text behind escapes, where all of them are of the five that XML knows.
fn write_unescaped(text: &str, written: &mut String) -> Option<()> {
    let start = written.len();
    let mut rest = text;
    while let Some((before, escape)) = split_before(rest, b'&') {
        written.push_str(before);
        let (character, length) = match escape.as_bytes() {
            [_, b'l', b't', b';', ..] => ('<', 4),
            [_, b'g', b't', b';', ..] => ('>', 4),
            [_, b'a', b'm', b'p', b';', ..] => ('&', 5),
            [_, b'q', b'u', b'o', b't', b';', ..] => ('"', 6),
            [_, b'a', b'p', b'o', b's', b';', ..] => ('\'', 6),
            _ => return None,
        };
        written.push(character);
        rest = escape.get(length..)?;
    }
    written.push_str(rest);
    // That would end it.
    memmem::find(written.as_bytes().get(start..)?, b"]]>").is_none().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(feed: &str, want: &str) {
        assert_eq!(with_cdata(feed), want);
    }

    #[test]
    fn bodies_become_cdata() {
        check(
            "<item><title>a &lt; b</title><description>&lt;p&gt;x &amp;amp; y&lt;/p&gt;</description>",
            "<item><title>a &lt; b</title><description><![CDATA[<p>x &amp; y</p>]]></description>",
        );
        check(
            "<content:encoded>&quot;&apos;</content:encoded>",
            "<content:encoded><![CDATA[\"']]></content:encoded>",
        );
    }

    #[test]
    fn everything_else_stays() {
        for same in [
            "",
            "no markup",
            "<description>&#60;p&#62;</description>",
            "<description>a & b</description>",
            "<description>&nbsp;</description>",
            "<description>]]&gt;</description>",
            "<description>a <b>b</b></description>",
            "<description>never closed",
            "<!-- <description>&lt;</description> -->",
            "<![CDATA[<description>&lt;</description>]]>",
            "<description type=\"x\">&lt;</description>",
            "<a title=\"<",
        ] {
            check(same, same);
        }
    }
}
