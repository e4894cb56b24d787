//! Makes a feed's bytes safe for the parser: UTF-8 without a declaration that says otherwise, no web
//! page, and, where the parser minds, not nested too deep.

use std::borrow::Cow;
use std::sync::LazyLock;

use encoding_rs::Encoding;
use memchr::{memchr, memchr_iter, memmem};
use regex::Regex;

use super::{Response, Unreadable};
use crate::normalize::any_byte;

/// More open elements than any feed needs.
const MAX_DEPTH: usize = 256;

static DECLARATION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)<\?xml\b.*?\?>").expect("a valid pattern"));
static ENCODING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^\s*(?s:<!--.*?-->\s*)*<\?xml[^>]*\bencoding\s*=\s*["']([A-Za-z0-9_.:-]+)["']"#)
        .expect("a valid pattern")
});
static TITLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?is)<title[^>]*>([^<]{0,80})").expect("a valid pattern"));

/// The feed as text. Characters that the stated encoding cannot explain are replaced.
///
/// Every XML declaration goes: the parser reads one that comes late, or twice, as an order to
/// change the encoding of text it has already taken (feed-rs 3.0, quick-xml 0.42 panic there).
pub fn feed_text(response: Response<'_>) -> Result<String, Unreadable> {
    let encoding = Encoding::for_bom(response.body)
        .map(|(encoding, _)| encoding)
        .or_else(|| declared_in_header(response.content_type))
        .or_else(|| declared_in_text(response.body))
        .unwrap_or(encoding_rs::UTF_8);
    let (text, _, _) = encoding.decode(response.body);
    let text = without_declarations(text.trim_start());
    let text = without_controls(text.trim_start());
    let start: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        let title = TITLE.captures(&text).and_then(|found| found.get(1)).map_or("", |m| m.as_str());
        return Err(Unreadable::WebPage(title.trim().to_owned()));
    }
    Ok(text)
}

fn without_declarations(text: &str) -> Cow<'_, str> {
    // Most feeds have one, where it should be.
    let first = DECLARATION.find(text).filter(|found| found.start() == 0);
    let rest = first.and_then(|found| text.get(found.end()..)).unwrap_or(text);
    match memmem::find(rest.as_bytes(), b"<?xml") {
        Some(_) => DECLARATION.replace_all(rest, ""),
        None => Cow::Borrowed(rest),
    }
}

/// Refuses what would be too deep for the parser of feeds.
pub fn check_depth(text: &str) -> Result<(), Unreadable> {
    if depth(text) > MAX_DEPTH {
        return Err(Unreadable::Format(format!("elements are nested deeper than {MAX_DEPTH}")));
    }
    Ok(())
}

/// The text without control characters but white space.
fn without_controls(text: &str) -> String {
    let kept = |c: char| !c.is_control() || c.is_whitespace();
    if may_hold_controls(text.as_bytes()) {
        text.chars().filter(|c| kept(*c)).collect()
    } else {
        text.to_owned()
    }
}

/// Of a text without any, most is passed over by blocks.
fn may_hold_controls(text: &[u8]) -> bool {
    // In UTF-8 the controls beyond ASCII are these two bytes.
    let beyond = |at: usize| text.get(at + 1).is_some_and(|next| *next < 0xa0);
    any_byte(text, is_odd_control) || memchr_iter(0xc2, text).any(beyond)
}

/// Whether a byte is a control of ASCII but not white. Ranges are compared by blocks, a list is not.
fn is_odd_control(byte: u8) -> bool {
    byte.is_ascii_control() && !(b'\t'..=b'\r').contains(&byte)
}

/// What the header says of the encoding.
pub fn declared_in_header(content_type: Option<&str>) -> Option<&'static Encoding> {
    let charset = content_type?.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })?;
    Encoding::for_label(charset.as_bytes())
}

fn declared_in_text(body: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(body.get(..1_024).unwrap_or(body));
    let label = ENCODING.captures(&head)?.get(1)?.as_str().to_owned();
    Encoding::for_label(label.as_bytes())
}

/// The deepest nesting, by a scan that takes no notice of names. CDATA and comments are passed over.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut rest = text;
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        rest = rest.get(at..).unwrap_or_default();
        let end = if rest.starts_with("<![CDATA[") {
            rest.find("]]>")
        } else if rest.starts_with("<!--") {
            rest.find("-->")
        } else {
            let end = memchr(b'>', rest.as_bytes());
            let tag = end.and_then(|end| rest.get(..end)).unwrap_or_default();
            if tag.starts_with("</") {
                depth = depth.saturating_sub(1);
            } else if !tag.ends_with('/') && !tag.starts_with("<!") && !tag.starts_with("<?") {
                depth += 1;
                deepest = deepest.max(depth);
            }
            end
        };
        rest = end.and_then(|end| rest.get(end..)).unwrap_or_default();
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &[u8], content_type: Option<&str>, want: &str) {
        assert_eq!(feed_text(Response { body, content_type }).unwrap(), want);
    }

    #[test]
    fn text_is_decoded_by_mark_header_or_declaration() {
        check(b"\xef\xbb\xbf<?xml version=\"1.0\"?><rss>\xc3\xa9</rss>", None, "<rss>é</rss>");
        check(b"<rss>\xe9</rss>", Some("text/xml; charset=ISO-8859-1"), "<rss>é</rss>");
        let latin = b"  <!-- x -->\n<?xml version='1.0' encoding='ISO-8859-1'?><rss>\xe9</rss>";
        check(latin, None, "<!-- x -->\n<rss>é</rss>");
        check(b"<rss>\xff\0</rss>", None, "<rss>\u{fffd}</rss>");
    }

    #[test]
    fn controls_are_found_by_their_bytes() {
        for c in '\0'..='\u{ff}' {
            let is_odd = c.is_control() && !c.is_whitespace();
            let found = may_hold_controls(c.to_string().as_bytes());
            // One beyond ASCII is white, and is looked at again.
            assert_eq!(found, is_odd || c == '\u{85}', "{c:?}");
        }
    }

    #[test]
    fn a_web_page_and_a_deep_nest_are_refused() {
        let page = b"<!DOCTYPE html><html><title>Just a moment</title>";
        let error = feed_text(Response { body: page, content_type: None }).unwrap_err();
        assert_eq!(error, Unreadable::WebPage("Just a moment".to_owned()));
        assert!(check_depth(&"<a>".repeat(10_000)).is_err());
        assert!(check_depth(&"<a></a>".repeat(10_000)).is_ok());
    }
}
