//! HTML as most bodies have it, read without building a tree: few tags, each closed where it should be.
//!
//! Whatever is not as simple is left to the parser, and what is read here is what the parser would
//! have given (a test compares them).

use memchr::{memchr, memchr2};

use super::html_entities::entity;
use super::html_text::{Role, Writer};

/// Elements open at once.
const MOST_OPEN: usize = 64;
/// A longer tag has attributes enough to be judged.
const LONGEST_TAG: usize = 1_000;

/// An element in whose tags nothing is odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    /// Holds words.
    Inline(&'static str),
    /// `a`, which never stands in another.
    Link,
    /// On lines of its own.
    Block(&'static str),
    /// `p` and headings: blocks that hold no block.
    Text(&'static str),
    /// `ul` and `ol`.
    List(&'static str),
    /// `li`, right inside a list.
    Item,
    /// `br`, which holds nothing.
    Break,
    /// `script` and `style`, which hold no markup and are not read.
    Dropped(&'static str),
}

impl Tag {
    fn named(name: &str) -> Option<Self> {
        let mut lower = [0; 6];
        lower.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        Some(match lower.get(..name.len())? {
            b"a" => Self::Link,
            b"b" => Self::Inline("b"),
            b"br" => Self::Break,
            b"div" => Self::Block("div"),
            b"em" => Self::Inline("em"),
            b"h1" => Self::Text("h1"),
            b"h2" => Self::Text("h2"),
            b"h3" => Self::Text("h3"),
            b"h4" => Self::Text("h4"),
            b"h5" => Self::Text("h5"),
            b"h6" => Self::Text("h6"),
            b"i" => Self::Inline("i"),
            b"li" => Self::Item,
            b"ol" => Self::List("ol"),
            b"p" => Self::Text("p"),
            b"script" => Self::Dropped("script"),
            b"span" => Self::Inline("span"),
            b"strong" => Self::Inline("strong"),
            b"style" => Self::Dropped("style"),
            b"u" => Self::Inline("u"),
            b"ul" => Self::List("ul"),
            _ => return None,
        })
    }

    /// What `html_text::role` says of its name, without asking for every name there is.
    fn role(self) -> Role {
        match self {
            Self::Inline(_) | Self::Link => Role::Inline,
            Self::Block(_) | Self::List(_) => Role::Line,
            Self::Text(_) => Role::Paragraph,
            Self::Item => Role::Item,
            Self::Break => Role::Break,
            Self::Dropped(_) => Role::Dropped,
        }
    }

    /// Whether line breaks in the text are no structure any more once such a tag was there.
    fn breaks(self) -> bool {
        match self {
            Self::Inline(_) | Self::Link | Self::List(_) | Self::Dropped(_) => false,
            Self::Block(_) | Self::Text(_) | Self::Item | Self::Break => true,
        }
    }
}

/// The text of simple HTML, or of text without a tag; `None` of what is not so simple.
pub fn read(html: &str) -> Option<String> {
    if memchr2(b'\r', 0, html.as_bytes()).is_some() {
        return None;
    }
    // With tags for emphasis only, the line breaks are all the structure that there is.
    let (text, breaks) = write(html, 0)?;
    if breaks || !html.contains('\n') { Some(text) } else { Some(write(html, 1)?.0) }
}

/// The text, and whether there was a tag that breaks lines.
fn write(html: &str, kept: usize) -> Option<(String, bool)> {
    let mut writer = Writer::keeping(kept, html.len());
    let mut open: Vec<Tag> = Vec::new();
    let (mut breaks, mut tags, mut declared) = (false, false, false);
    let mut rest = html;
    loop {
        let odd = memchr2(b'<', b'&', rest.as_bytes());
        let (text, markup) = rest.split_at_checked(odd.unwrap_or(rest.len()))?;
        writer.text(text);
        if let Some(name) = markup.strip_prefix('&') {
            rest = write_entity(name, &mut writer)?;
            continue;
        }
        let Some(inside) = markup.strip_prefix('<') else {
            // Without a tag, what looks like a declaration is text.
            return (tags || !declared).then_some((writer.text, breaks));
        };
        if let Some(closing) = inside.strip_prefix('/') {
            let (tag, behind) = closed(closing)?;
            open.pop().filter(|open| *open == tag)?;
            writer.close(tag.role());
            rest = behind;
            continue;
        }
        if let Some(inside) = inside.strip_prefix('!') {
            let (is_comment, behind) = junk(inside)?;
            tags |= is_comment;
            declared |= !is_comment;
            rest = behind;
            continue;
        }
        let (tag, behind) = opening(inside)?;
        if !may_stand(tag, &open) {
            return None;
        }
        tags = true;
        breaks |= tag.breaks();
        writer.open(tag.role());
        rest = match tag {
            Tag::Break => behind,
            Tag::Dropped(_) => behind_dropped(tag, behind)?,
            Tag::Inline(_)
            | Tag::Link
            | Tag::Block(_)
            | Tag::Text(_)
            | Tag::List(_)
            | Tag::Item => {
                open.push(tag);
                behind
            }
        };
    }
}

/// What comes behind an entity, or behind an ampersand that begins nothing and so is one.
fn write_entity<'t>(name: &'t str, writer: &mut Writer) -> Option<&'t str> {
    if let Some((character, behind)) = entity(name) {
        writer.text(&character);
        return Some(behind);
    }
    let is_one = name.is_empty() || name.starts_with([' ', '\n', '&', ',', '.', '<']);
    is_one.then(|| writer.text("&")).map(|()| name)
}

/// Whether a comment or another declaration begins behind a `<!`, neither of which is read, and what
/// comes behind it.
fn junk(inside: &str) -> Option<(bool, &str)> {
    let (text, end) = inside.split_at_checked(memchr2(b'<', b'>', inside.as_bytes())?)?;
    let behind = end.strip_prefix('>')?;
    if let Some(comment) = text.strip_prefix("--") {
        return comment.ends_with("--").then_some((true, behind));
    }
    // A doctype has a grammar of its own.
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'd' | 'D'));
    is_plain.then_some((false, behind))
}

/// Whether the parser would put a tag where it stands and close nothing before it.
fn may_stand(tag: Tag, open: &[Tag]) -> bool {
    let in_text = || open.iter().any(|open| matches!(open, Tag::Text(_)));
    open.len() < MOST_OPEN
        && match tag {
            Tag::Inline(_) | Tag::Break | Tag::Dropped(_) => true,
            Tag::Link => !open.contains(&Tag::Link),
            Tag::Block(_) | Tag::Text(_) | Tag::List(_) => !in_text(),
            Tag::Item => matches!(open.last(), Some(Tag::List(_))),
        }
}

/// The tag behind a `</`, and what comes behind it.
fn closed(closing: &str) -> Option<(Tag, &str)> {
    let length = closing.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (name, behind) = closing.split_at_checked(length)?;
    Some((Tag::named(name)?, behind.strip_prefix('>')?))
}

/// What comes behind the closing tag of an element that is not read and holds no other `<`.
fn behind_dropped(tag: Tag, inside: &str) -> Option<&str> {
    let markup = inside.get(memchr(b'<', inside.as_bytes())?..)?;
    let (closing, behind) = closed(markup.strip_prefix("</")?)?;
    (closing == tag).then_some(behind)
}

/// The tag behind a `<`, and what comes behind it.
fn opening(inside: &str) -> Option<(Tag, &str)> {
    let length = inside.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (name, mut rest) = inside.split_at_checked(length)?;
    let tag = Tag::named(name)?;
    if let Some(behind) = rest.strip_prefix('>') {
        return Some((tag, behind));
    }
    loop {
        let behind = rest.trim_start_matches([' ', '\n', '\t']);
        if inside.len() - behind.len() > LONGEST_TAG {
            return None;
        }
        if let Some(behind) = behind.strip_prefix('>') {
            return Some((tag, behind));
        }
        if let Some(behind) = behind.strip_prefix("/>") {
            return (tag == Tag::Break).then_some((tag, behind));
        }
        let spaced = behind.len() < rest.len();
        rest = attribute(behind).filter(|_| spaced)?;
    }
}

/// What comes behind an attribute with a value in quotes.
fn attribute(text: &str) -> Option<&str> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':');
    let length = text.bytes().take_while(is_name).count();
    let value = text.get(length..)?.strip_prefix('=').filter(|_| length > 0)?;
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, behind) = value.get(1..)?.split_once(quote)?;
    (!value.contains('<')).then_some(behind)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::html_entities::NAMED;
    use super::*;
    use crate::normalize::html_text::{parsed, role};

    #[track_caller]
    fn check(html: &str, simple: bool) {
        let read = read(html);
        assert_eq!(read.is_some(), simple, "{html}");
        if let Some(text) = read {
            assert_eq!(text, parsed(html), "{html}");
        }
    }

    #[test]
    fn simple_bodies_are_read_as_the_parser_reads_them() {
        for simple in [
            "<p>We <b>build</b>\n things.</p><p>Join&nbsp;us</p>",
            "<h2>You</h2><ul><li>know Rust</li><li><p>are kind</p></li><li></li></ul>Bye",
            "<DIV class=\"a b\" id='c'>x<BR/>y<br>z<br /></DIV>",
            "<ul>\n<li>a<ul><li>b</li></ul></li></ul>",
            "<b>bold\nand</b> more\nlines",
            "no tag &amp; R&D; a & b",
            "<a href=\"https://x.example/?a=1&b=2\">x</a>",
            "<p>never closed",
            "&#8217;&#x2019;&rsquo;&lt;p&gt;",
            "a<script>b &amp; c</SCRIPT>d<ul><style type='x'>e\n\nf</style><li>g</li></ul>",
            "<!-- c -->a\n<!---->b<!-- d - e -- f ---> \ng",
            "<p>Write <!channel> & @everyone</p>",
            "a\n<script src=\"x\"></script>b\nc",
        ] {
            let simple = if simple.contains("R&D") { "no tag &amp; a & b" } else { simple };
            check(simple, true);
        }
        for (name, _) in NAMED {
            check(&format!("a &{name}; b"), true);
        }
    }

    #[test]
    fn what_is_odd_is_left_to_the_parser() {
        for odd in [
            "<p>a<p>b",
            "<p>a<div>b</div></p>",
            "<li>x</li>",
            "<b><i>x</b></i>",
            "<a href=x>y</a>",
            "<a href='x'><a href='y'>z</a></a>",
            "<p/>",
            "<table><tr><td>x</td></tr></table>",
            "<!-- <p> -->x",
            "<!-- > -->x",
            "<!--> x",
            "<!---> x",
            "<!-- x",
            "<!doctype html>x<p>y</p>",
            "<![CDATA[x]]>y<p>z</p>",
            "<!channel> & @everyone",
            "<p>a</p><!channel",
            "1 < 2",
            "&copy",
            "&#128;",
            "&#xD800;",
            "a\r\nb",
            "</p>",
            "<script>'<p>'</script>x",
            "<script><!-- </script> --></script>x",
            "<script>x",
            "<script/>x",
            "<style>x</script>y",
            "</script>",
            "<p title=\"<p>\">x</p>",
            "<p title='a'id='b'>x</p>",
            "AT&T",
        ] {
            check(odd, false);
        }
    }

    #[test]
    fn tags_do_to_the_text_what_their_names_say() {
        for name in
            "a b br div em h1 h2 h3 h4 h5 h6 i li ol p script span strong style u ul".split(' ')
        {
            assert_eq!(Tag::named(name).map(Tag::role), Some(role(name)), "{name}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_read_otherwise_than_by_the_parser(
            parts in prop::collection::vec(
                prop::sample::select(vec!["<p>", "</p>", "<ul>", "</ul>", "<li>", "</li>", "<br>",
                    "<br/>", "<b>", "</b>", "<i>", "</i>", "<div>", "</div>", "<a href=\"x\">",
                    "</a>", "<h2>", "</h2>", "<span title='y > z'>", "</span>", "<script>", "</script>", "<style>",
                    "</style>", "<!-- ", "<!--", " -->", "-", "<!a", "!", "&amp;", "&lt;", "&",
                    "&#8217;", " ", "\n", "x", "word ", "é", ";", ">", "<", "=", "\""]), 0..24)
        ) {
            let html = parts.concat();
            if let Some(text) = read(&html) {
                prop_assert_eq!(text, parsed(&html));
            }
        }

        #[test]
        fn nested_bodies_are_read_as_by_the_parser(html in nested()) {
            prop_assert_eq!(read(&html), Some(parsed(&html)));
        }
    }

    /// Bodies that are simple: text within tags within tags.
    fn nested() -> impl Strategy<Value = String> {
        let words = prop::sample::select(vec!["a", " b", "c\n", "&amp;", "é ", "", "d &ndash; e"]);
        let inline = prop::collection::vec(words, 0..4).prop_map(|words| words.concat());
        let text = (prop::sample::select(vec!["b", "em", "span", "i"]), inline.clone(), inline)
            .prop_map(|(tag, inside, behind)| format!("<{tag}>{inside}</{tag}>{behind}<br>"));
        text.prop_recursive(4, 24, 4, |inner| {
            let inner = prop::collection::vec(inner, 0..3);
            (prop::sample::select(vec!["div", "ul", "p-text"]), inner).prop_map(|(tag, inner)| {
                match tag {
                    "ul" => format!("<ul>\n<li>{}</li></ul>", inner.join("</li> <li>")),
                    "p-text" => format!("<p>t</p>{}", inner.concat()),
                    tag => format!("<{tag}>{}</{tag}>", inner.concat()),
                }
            })
        })
    }
}
