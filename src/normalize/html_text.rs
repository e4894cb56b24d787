//! HTML to plain text. Never panics, and takes time in proportion to its input.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memchr;
use regex::Regex;
use scraper::{Html, Node};

use super::chars::{head, is_hidden, plain_words};
use super::html_scan::{flatten, is_costly};
use super::html_simple;

/// More of a body is not looked at.
const MAX_INPUT_BYTES: usize = 512 * 1024;
/// The text of a body is cut here.
const MAX_TEXT_BYTES: usize = 64 * 1024;

static TAG: LazyLock<Regex> = LazyLock::new(|| {
    let names = "a|abbr|address|article|aside|b|big|blockquote|body|br|button|center|cite|code|\
        dd|del|details|div|dl|dt|em|fieldset|figcaption|figure|font|footer|form|h[1-6]|head|\
        header|hr|html|i|iframe|img|input|ins|label|li|link|main|mark|meta|nav|noscript|o:p|ol|\
        p|pre|q|s|script|section|small|span|strike|strong|style|sub|summary|sup|svg|table|\
        tbody|td|template|textarea|tfoot|th|thead|title|tr|tt|u|ul|video|wbr";
    Regex::new(&format!(r"(?i)<(?:!--|/?(?:{names})(?:[\s/][^<>]*)?>)")).expect("a valid pattern")
});
static BREAKING_TAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)<(?:p|br|div|li|h[1-6]|tr|dd|dt|section|article|blockquote)[\s/>]")
        .expect("a valid pattern")
});
static ENTITY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,8}|#[xX][[:xdigit:]]{1,8});")
        .expect("a valid pattern")
});

/// The text: paragraphs, list items, headings and table rows on lines of their own, spaces folded,
/// at most one blank line in a row, nothing hidden. Text without a tag keeps its line breaks.
///
/// Boards escape some texts twice, so what still holds markup afterwards is read once more.
pub fn plain_text(raw: &str) -> String {
    let once = read(head(raw, MAX_INPUT_BYTES));
    let holds = |byte| memchr(byte, once.as_bytes()).is_some();
    let is_markup = holds(b'<') && TAG.is_match(&once);
    let again = is_markup || (holds(b'&') && ENTITY.is_match(&once));
    let mut text = if again { read(&once) } else { once };
    text.truncate(head(&text, MAX_TEXT_BYTES).trim_end().len());
    text
}

fn read(raw: &str) -> String {
    html_simple::read(raw).unwrap_or_else(|| parsed(raw))
}

/// The text as the parser has it.
pub fn parsed(raw: &str) -> String {
    let mut writer = Writer::default();
    if !TAG.is_match(raw) {
        writer.kept = 1;
        if raw.contains('&') {
            // The parser knows every entity; without a tag it has nothing else to do.
            walk(&Html::parse_fragment(&raw.replace('<', "&lt;")), &mut writer);
        } else {
            writer.text(raw);
        }
        return writer.text;
    }
    let html = if is_costly(raw) { Cow::Owned(flatten(raw)) } else { Cow::Borrowed(raw) };
    // With tags for emphasis only, the line breaks are all the structure that there is.
    writer.kept = usize::from(!BREAKING_TAG.is_match(&html));
    walk(&Html::parse_fragment(&html), &mut writer);
    writer.text
}

/// Visits every node without recursion: a tree may be deep.
fn walk(html: &Html, writer: &mut Writer) {
    let mut node = html.tree.root();
    loop {
        let inside = match node.value() {
            Node::Text(text) => {
                writer.text(text);
                false
            }
            Node::Element(element) => writer.open(role(element.name())),
            Node::Document | Node::Fragment => true,
            Node::Doctype(_) | Node::Comment(_) | Node::ProcessingInstruction(_) => false,
        };
        if inside && let Some(child) = node.first_child() {
            node = child;
            continue;
        }
        loop {
            if let Node::Element(element) = node.value() {
                writer.close(role(element.name()));
            }
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            let Some(parent) = node.parent() else { return };
            node = parent;
        }
    }
}

/// What an element does to the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Inline,
    /// One line break.
    Break,
    /// On lines of its own.
    Line,
    /// Set apart by a blank line.
    Paragraph,
    /// On lines of its own, with the breaks it holds.
    Kept,
    Item,
    Cell,
    /// Neither it nor what it holds is text.
    Dropped,
}

pub fn role(name: &str) -> Role {
    match name {
        "script" | "style" | "template" | "noscript" | "iframe" | "svg" | "math" | "title"
        | "head" | "object" | "video" | "audio" => Role::Dropped,
        "br" => Role::Break,
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "table" | "hr" => {
            Role::Paragraph
        }
        "ul" | "ol" | "dl" | "div" | "section" | "article" | "header" | "footer" | "main"
        | "aside" | "nav" | "tr" | "dt" | "dd" | "address" | "figure" | "figcaption" | "form"
        | "fieldset" | "details" | "summary" | "center" | "option" | "caption" => Role::Line,
        "pre" => Role::Kept,
        "li" => Role::Item,
        "td" | "th" => Role::Cell,
        _ => Role::Inline,
    }
}

/// Collects text; what is between two words is decided when the second comes.
#[derive(Default)]
pub struct Writer {
    pub text: String,
    /// Line breaks due before the next word, two at most.
    breaks: u8,
    space: bool,
    bullet: bool,
    /// Above zero where line breaks in the text count.
    kept: usize,
}

impl Writer {
    /// One for a text of so many bytes, in which line breaks count where `kept` is above zero.
    pub fn keeping(kept: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), kept, ..Self::default() }
    }

    /// Says whether what the element holds is text.
    pub fn open(&mut self, role: Role) -> bool {
        match role {
            Role::Inline => {}
            Role::Break => self.one_more_break(),
            Role::Line => self.apart(1),
            Role::Paragraph => self.apart(2),
            Role::Kept => {
                self.apart(1);
                self.kept = self.kept.saturating_add(1);
            }
            Role::Item => {
                self.breaks = 1;
                self.bullet = true;
            }
            Role::Cell => self.space = true,
            Role::Dropped => return false,
        }
        true
    }

    pub fn close(&mut self, role: Role) {
        match role {
            Role::Inline | Role::Break | Role::Dropped => {}
            Role::Line => self.apart(1),
            Role::Paragraph => self.apart(2),
            Role::Kept => {
                self.apart(1);
                self.kept = self.kept.saturating_sub(1);
            }
            Role::Item => {
                self.bullet = false;
                self.apart(1);
            }
            Role::Cell => self.space = true,
        }
    }

    /// A bullet stays on the line of its first word.
    fn apart(&mut self, breaks: u8) {
        if !self.bullet {
            self.breaks = self.breaks.max(breaks);
        }
    }

    fn one_more_break(&mut self) {
        if !self.bullet {
            self.breaks = self.breaks.saturating_add(1).min(2);
        }
    }

    pub fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c == ' ' {
                self.space = true;
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            let (words, behind) = rest.split_at(plain_words(rest).max(c.len_utf8()));
            match c {
                '\n' if self.kept > 0 => self.one_more_break(),
                c if c.is_whitespace() => self.space = true,
                c if is_hidden(c) => {}
                _ => self.push(words),
            }
            rest = behind;
        }
    }

    fn push(&mut self, words: &str) {
        if self.text.is_empty() {
            // Nothing to be set apart from.
        } else if self.breaks > 0 {
            self.text.push_str(if self.breaks > 1 { "\n\n" } else { "\n" });
        } else if self.space {
            self.text.push(' ');
        }
        if self.bullet {
            self.text.push_str("- ");
        }
        (self.breaks, self.space, self.bullet) = (0, false, false);
        self.text.push_str(words);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(html: &str, want: &str) {
        assert_eq!(plain_text(html), want);
    }

    #[test]
    fn blocks_are_lines() {
        check("<p>We <b>build</b>\n things.</p><p>Join&nbsp;us</p>", "We build things.\n\nJoin us");
        check(
            "<h2>You</h2><ul><li>know Rust</li><li><p>are kind</p></li><li></li></ul>Bye",
            "You\n- know Rust\n- are kind\nBye",
        );
        check("one<br>two<br/><br><br>three", "one\ntwo\n\nthree");
        check(
            "<table><tr><th>Location:</th><td>Kiel</td></tr><tr><td>a<td>b</table>",
            "Location: Kiel\na b",
        );
        check("<div><div>a</div>\n\n<div> b</div></div>", "a\nb");
        check("<p>x</p><pre>let a\n  b</pre>", "x\n\nlet a\nb");
    }

    #[test]
    fn what_is_no_text_is_dropped() {
        check(
            "a<script>b()</script><style>p{}</style><template><p>c</p></template><!-- d -->e",
            "ae",
        );
        check(
            "<noscript>turn it on</noscript><p>hello <img src=x onerror=y> <a href='htt",
            "hello",
        );
        check("a\u{200b} \u{202e}\0 b\u{7}", "a b");
    }

    #[test]
    fn plain_text_keeps_its_line_breaks_and_its_angle_brackets() {
        check("First\r\nsecond  line\n\n\n\nthird", "First\nsecond line\n\nthird");
        check("a Vec<String> & more, 1 < 2 &amp; so", "a Vec<String> & more, 1 < 2 & so");
        check("Pay: <b>90k</b>\nPlace: here", "Pay: 90k\nPlace: here");
    }

    #[test]
    fn text_escaped_twice_is_read_twice_and_not_more() {
        check(
            "&lt;p&gt;R&amp;amp;D&lt;/p&gt;&lt;ul&gt;&lt;li&gt;x&lt;/li&gt;&lt;/ul&gt;",
            "R&D\n- x",
        );
        check("AT&amp;amp;T", "AT&T");
        check("&amp;amp;lt;b&amp;amp;gt;", "&lt;b&gt;");
    }

    #[test]
    fn impossible_entities_are_harmless() {
        check("a&#xD800;b&#99999999;c&#0;d", "a\u{fffd}b\u{fffd}c\u{fffd}d");
        check(
            "<p>&#1a2; &#x202E;&bogus; &copy</p>",
            "\u{1}a2; &bogus; ©".trim_start_matches('\u{1}'),
        );
    }

    #[test]
    fn deep_and_long_input_does_not_take_minutes() {
        let deep = format!("{}deep &amp; down", "<div>".repeat(90_000));
        check(&deep, "deep & down");
        for html in [
            "<b><p></b>",
            "<b id=1><p></p>",
            "<a href=x><table>",
            "<p><i></p>",
            "<li><b>",
            "<a ",
            "&lt;",
            "<!-",
            "</",
            "<table><tr><b>",
            "<div title='></div>'>",
        ] {
            let text = plain_text(&html.repeat(MAX_INPUT_BYTES / 4 / html.len()));
            assert!(text.len() <= MAX_TEXT_BYTES);
        }
        assert_eq!(plain_text(&"ß".repeat(MAX_INPUT_BYTES)).len(), MAX_TEXT_BYTES);
    }

    proptest! {
        #[test]
        fn words_that_go_at_once_are_written_as_characters_are(
            text in "[a-z é\u{a0}\u{ad}’\n]{0,9}([a-zé]{1,20} ){0,4}[a-zé ]{0,40}"
        ) {
            let (mut whole, mut single) = (Writer::default(), Writer::default());
            whole.text(&text);
            for c in text.chars() {
                single.text(c.encode_utf8(&mut [0; 4]));
            }
            prop_assert_eq!(whole.text, single.text);
        }

        #[test]
        fn no_markup_makes_it_panic_or_gets_anything_hidden_through(
            parts in prop::collection::vec(
                prop::sample::select(vec!["<", ">", "</", "&", ";", "\"", "'", "=", " ", "\n", "p",
                    "li", "div", "b", "table", "td", "script", "br", "svg", "<!--", "-->", "#x202e",
                    "#0", "amp", "lt", "é", "\u{301}", "\0", "x"]), 0..60)
        ) {
            let html = parts.concat();
            let text = plain_text(&html);
            prop_assert!(text.chars().all(|c| c == '\n' || c == ' ' || !is_hidden(c)));
            prop_assert!(!text.contains("\n\n\n") && !text.contains("  "));
            prop_assert_eq!(text.trim(), &text);
            plain_text(&flatten(&html));
        }
    }
}
