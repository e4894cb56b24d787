//! Escaped HTML in a feed, written as CDATA: to the parser each `&lt;` is an event of its own, and a
//! body has hundreds. What it reads of either form is the same text.

use memchr::memchr;

/// Elements whose text is a body.
const BODIES: [(&str, &str); 2] =
    [("<description>", "</description>"), ("<content:encoded>", "</content:encoded>")];

/// The feed with its bodies as CDATA. A body that holds anything odd stays as it is.
pub fn with_cdata(feed: &str) -> String {
    let mut written = String::with_capacity(feed.len());
    let mut rest = feed;
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        let (before, tag) = rest.split_at_checked(at).unwrap_or((rest, ""));
        written.push_str(before);
        let body = BODIES.iter().find_map(|(open, close)| {
            let (text, behind) = split_before(tag.strip_prefix(open)?, b'<')?;
            Some((*open, unescaped(text).filter(|_| behind.starts_with(close))?, behind))
        });
        rest = match body {
            Some((open, text, behind)) => {
                written.extend([open, "<![CDATA[", &text, "]]>"]);
                behind
            }
            None if tag.starts_with("<![CDATA[") => copy_through("]]>", tag, &mut written),
            None if tag.starts_with("<!--") => copy_through("-->", tag, &mut written),
            None => copy_through("<", tag, &mut written),
        };
    }
    written.push_str(rest);
    written
}

/// Copies a text to the end of what ends it, or all of it; gives what comes behind.
fn copy_through<'t>(end: &str, text: &'t str, written: &mut String) -> &'t str {
    let length = text.find(end).map_or(text.len(), |at| at + end.len());
    let (copied, behind) = text.split_at_checked(length).unwrap_or((text, ""));
    written.push_str(copied);
    behind
}

fn split_before(text: &str, end: u8) -> Option<(&str, &str)> {
    text.split_at_checked(memchr(end, text.as_bytes())?)
}

/// The text behind its escapes, where all of them are of the five that XML knows.
fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = split_before(rest, b'&') {
        plain.push_str(before);
        let behind = behind.strip_prefix('&')?;
        let known = [("lt;", '<'), ("gt;", '>'), ("amp;", '&'), ("quot;", '"'), ("apos;", '\'')];
        let known = known.iter().find_map(|(name, c)| Some((behind.strip_prefix(name)?, *c)));
        let (behind, character) = known?;
        plain.push(character);
        rest = behind;
    }
    plain.push_str(rest);
    (!plain.contains("]]>")).then_some(plain)
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
