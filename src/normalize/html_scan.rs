//! A cheap look over HTML before it is parsed: html5ever takes time with the square of the nesting
//! depth and of a tag's attributes, so what is too deep is made flat first. Linear in its input.

use std::collections::HashMap;

use super::html_text::{Role, role};

/// Elements open at once, beyond which HTML is made flat.
const MAX_OPEN: usize = 512;
/// Attributes of one tag, likewise.
const MAX_ATTRIBUTES: usize = 1_000;

const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];
/// Closed by the next of their kind, so they nest no deeper than what stands between them.
const CLOSED_BY_THE_NEXT: [&str; 11] =
    ["dd", "dt", "li", "option", "p", "tbody", "td", "tfoot", "th", "thead", "tr"];
/// What they hold is no markup to the parser.
const RAW: [&str; 9] =
    ["iframe", "noembed", "noframes", "plaintext", "script", "style", "textarea", "title", "xmp"];
/// Has a grammar of its own, which this scan does not know.
const FOREIGN: [&str; 2] = ["math", "svg"];

/// Whether the parser would take long.
pub fn is_costly(html: &str) -> bool {
    let mut pieces = Pieces(html);
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let mut open = 0_usize;
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Open { name, attributes } => {
                let name = name.to_ascii_lowercase();
                if attributes > MAX_ATTRIBUTES || FOREIGN.contains(&name.as_str()) {
                    return true;
                }
                if RAW.contains(&name.as_str()) {
                    pieces.skip_to_close(&name);
                } else if !VOID.contains(&name.as_str())
                    && !CLOSED_BY_THE_NEXT.contains(&name.as_str())
                {
                    *by_name.entry(name).or_default() += 1;
                    open += 1;
                }
            }
            Piece::Close(name) => {
                let count = by_name.get_mut(&name.to_ascii_lowercase());
                if let Some(count) = count.filter(|count| **count > 0) {
                    *count -= 1;
                    open -= 1;
                }
            }
            Piece::Text(_) | Piece::Junk => {}
        }
        if open > MAX_OPEN {
            return true;
        }
    }
    false
}

/// The same page without what it draws and without formulas, which `is_costly` cannot judge.
pub fn without_foreign(html: &str) -> String {
    let mut pieces = Pieces(html);
    let mut kept = String::with_capacity(html.len());
    loop {
        let before = pieces.0;
        let Some(piece) = pieces.next() else { return kept };
        if let Piece::Open { name, .. } = piece {
            let lower = name.to_ascii_lowercase();
            let foreign = FOREIGN.contains(&lower.as_str());
            let tag = before.get(..before.len() - pieces.0.len()).unwrap_or_default();
            if RAW.contains(&lower.as_str()) || (foreign && !tag.ends_with("/>")) {
                pieces.skip_to_close(name);
            }
            if foreign {
                continue;
            }
        }
        kept.push_str(before.get(..before.len() - pieces.0.len()).unwrap_or_default());
    }
}

/// The same text with line breaks for its only tags.
pub fn flatten(html: &str) -> String {
    let mut pieces = Pieces(html);
    let mut flat = String::with_capacity(html.len());
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text("<") => flat.push_str("&lt;"),
            Piece::Text(text) => flat.push_str(text),
            Piece::Open { name, .. } => match role(&name.to_ascii_lowercase()) {
                Role::Dropped => pieces.skip_to_close(name),
                Role::Item => flat.push_str("<br>- "),
                Role::Break | Role::Line | Role::Paragraph | Role::Kept => flat.push_str("<br>"),
                Role::Cell => flat.push(' '),
                Role::Inline => {}
            },
            Piece::Close(name) => match role(&name.to_ascii_lowercase()) {
                Role::Line | Role::Paragraph | Role::Kept | Role::Item => flat.push_str("<br>"),
                Role::Dropped | Role::Break | Role::Cell | Role::Inline => {}
            },
            Piece::Junk => {}
        }
    }
    flat
}

enum Piece<'a> {
    Text(&'a str),
    Open {
        name: &'a str,
        attributes: usize,
    },
    Close(&'a str),
    /// A comment, a declaration.
    Junk,
}

/// What is still to be looked at.
struct Pieces<'a>(&'a str);

impl<'a> Pieces<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.0.split_at_checked(bytes).unwrap_or((self.0, ""));
        self.0 = rest;
        taken
    }

    fn take_through(&mut self, end: &str) -> &'a str {
        self.take(self.0.find(end).map_or(self.0.len(), |at| at + end.len()))
    }

    /// To the closing tag of that name, or to the end where there is none.
    fn skip_to_close(&mut self, name: &str) {
        let closes = |at: &usize| {
            let tag = self.0.get(at + 2..at + 2 + name.len());
            tag.is_some_and(|tag| tag.eq_ignore_ascii_case(name))
        };
        let close = self.0.match_indices("</").map(|(at, _)| at).find(closes);
        self.take(close.unwrap_or(self.0.len()));
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        match self.0.find('<').unwrap_or(self.0.len()) {
            0 if self.0.is_empty() => return None,
            0 => {}
            at => return Some(Piece::Text(self.take(at))),
        }
        let inside = self.0.get(1..).unwrap_or_default();
        let is_name = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
        if inside.starts_with("!--") {
            self.take(4);
            self.take_through("-->");
            return Some(Piece::Junk);
        }
        if is_name(inside) {
            let (length, attributes) = tag(inside);
            let name = name(inside);
            self.take(1 + length);
            return Some(Piece::Open { name, attributes });
        }
        match inside.strip_prefix('/') {
            Some(closing) if is_name(closing) => {
                let length = tag(closing).0;
                self.take(2 + length);
                Some(Piece::Close(name(closing)))
            }
            None if !inside.starts_with(['!', '?']) => Some(Piece::Text(self.take(1))),
            _ => {
                self.take_through(">");
                Some(Piece::Junk)
            }
        }
    }
}

fn name(tag: &str) -> &str {
    let end = tag.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
    tag.get(..end.unwrap_or(tag.len())).unwrap_or(tag)
}

/// Where a tag ends, and the most attributes that it can have.
fn tag(tag: &str) -> (usize, usize) {
    #[derive(PartialEq)]
    enum State {
        Name,
        Value,
        Quoted(u8),
    }
    let mut state = State::Name;
    let mut attributes = 0_usize;
    for (at, byte) in tag.bytes().enumerate() {
        match (byte, &state) {
            (quote, State::Quoted(open)) if quote == *open => state = State::Name,
            (_, State::Quoted(_)) => {}
            (b'>', _) => return (at + 1, attributes),
            (b'"' | b'\'', State::Value) => state = State::Quoted(byte),
            (b'=', _) => {
                attributes += 1;
                state = State::Value;
            }
            (b'/', _) => attributes += 1,
            (byte, State::Value) if !byte.is_ascii_whitespace() => state = State::Name,
            (byte, _) if byte.is_ascii_whitespace() => attributes += 1,
            _ => {}
        }
    }
    (tag.len(), attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, costly: bool) {
        assert_eq!(is_costly(html), costly, "{html:.60}");
    }

    #[test]
    fn only_what_stays_open_counts() {
        check(&"<div>".repeat(600), true);
        check(&"<DIV><span>".repeat(300), true);
        check(&"<div>x</div><br><p>one<li>two<img>".repeat(600), false);
        check(&"<b></i>".repeat(600), true);
    }

    #[test]
    fn closing_tags_that_the_parser_does_not_see_do_not_count() {
        check(&"<div title='></div>'>".repeat(600), true);
        check(&"<div><!--</div>-->".repeat(600), true);
        check(&"<div><title></div></title>".repeat(600), true);
        check(&format!("<p {}>", "a ".repeat(2_000)), true);
        check("<svg><div></svg>", true);
    }

    #[test]
    fn drawings_go_and_nothing_else_does() {
        for (html, want) in [
            ("<p>a<svg viewBox='>'><path/><title>x</title></svg>b</p>", "<p>a</svg>b</p>"),
            ("<p>a<svg/>b<math>1</MATH>c", "<p>ab</MATH>c"),
            ("<script>'<svg>'</script><i a=1>é<!-- <svg> --></i> < ", ""),
            ("<svg>never closed <p>x", "<never"),
        ] {
            let want = match want {
                "" => html,
                "<never" => "",
                want => want,
            };
            assert_eq!(without_foreign(html), want);
        }
        check(&without_foreign(&"<svg><g><path/></g></svg>".repeat(600)), false);
        check(&without_foreign(&"<svg/><div>".repeat(600)), true);
    }

    #[test]
    fn flat_html_keeps_its_text_and_its_lines() {
        let html = "<div><ul><li>a &lt; b</li></ul><script>x</script><p>1 < 2</div>3";
        assert_eq!(flatten(html), "<br><br><br>- a &lt; b<br><br><br>1 &lt; 2<br>3");
    }
}
