//! Clean texts: of one line, of a body, of tags.

use memchr::memchr2;

use super::chars::{compose, first_chars, head, plain_words};
use super::html_text::plain_text;
use super::mojibake::repair;

/// More of a line is not looked at; markup may take most of it.
const MAX_RAW_LINE_BYTES: usize = 8 * 1024;
/// A line is cut here.
const MAX_LINE_CHARS: usize = 300;
/// As many as any board shows.
const MAX_TAGS: usize = 40;
/// Longer ones are cut.
const MAX_TAG_CHARS: usize = 60;

/// What boards write where they know nothing.
const NOTHING: [&str; 5] = ["n/a", "null", "undefined", "none", "nan"];

/// One line without markup, or `None` where nothing is left.
pub fn one_line(raw: &str) -> Option<String> {
    line(raw, MAX_LINE_CHARS)
}

/// One line that says something: neither "n/a" nor a dash.
pub fn stated(raw: Option<&str>) -> Option<String> {
    one_line(raw?).filter(|line| {
        line.contains(char::is_alphanumeric)
            && !NOTHING.iter().any(|nothing| line.eq_ignore_ascii_case(nothing))
    })
}

/// Plain text with its lines.
pub fn body(raw: &str) -> String {
    compose(plain_text(&repair(raw)))
}

/// As stated, without repeats in another case.
pub fn tags(raw: &[String]) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    let mut tags = Vec::new();
    for tag in raw.iter().filter_map(|tag| line(tag, MAX_TAG_CHARS)) {
        let folded = tag.to_lowercase();
        if !seen.contains(&folded) {
            seen.push(folded);
            tags.push(tag);
        }
        if tags.len() == MAX_TAGS {
            break;
        }
    }
    tags
}

fn line(raw: &str, chars: usize) -> Option<String> {
    if is_line(raw) && raw.len() <= chars {
        return Some(raw.to_owned());
    }
    cleaned_line(raw, chars)
}

/// Whether a text is a line already: words of ASCII with single blanks between them, without markup.
fn is_line(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(' ')
        && text.is_ascii()
        && plain_words(text) == text.len()
        && memchr2(b'<', b'&', text.as_bytes()).is_none()
}

fn cleaned_line(raw: &str, chars: usize) -> Option<String> {
    let text = plain_text(&repair(head(raw, MAX_RAW_LINE_BYTES)));
    let words: Vec<&str> = text.split_whitespace().collect();
    let folded = compose(words.join(" "));
    let line = first_chars(&folded, chars).trim_end();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(raw: &str, want: &str) {
        assert_eq!(one_line(raw).unwrap_or_default(), want);
    }

    #[test]
    fn a_line_holds_no_markup_and_nothing_hidden() {
        check(" Senior\n\t<b>Rust</b>&nbsp;Engineer ", "Senior Rust Engineer");
        check("Data Science &amp; Analytics", "Data Science & Analytics");
        check("C++ / Vec<T> dev", "C++ / Vec<T> dev");
        check("ab\u{202e}cd\u{200b}\0e\u{2066}\u{feff}\u{85}f", "abcde f");
        check("<!channel> & @everyone", "<!channel> & @everyone");
        check("Cafe\u{301}", "Café");
        check("<p></p>\u{200b} ", "");
        check(&format!("Z{}!", "\u{334}".repeat(99)), "Z\u{334}\u{334}\u{334}\u{334}!");
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        assert_eq!(one_line(&"ü".repeat(4_000_000)).unwrap().chars().count(), MAX_LINE_CHARS);
    }

    #[test]
    fn placeholders_say_nothing() {
        for nothing in ["-", "N/A", " null ", "—", "", "<br>"] {
            assert_eq!(stated(Some(nothing)), None, "{nothing}");
        }
        assert_eq!(stated(Some(" Åre ")).unwrap(), "Åre");
    }

    #[test]
    fn tags_are_kept_once() {
        let raw = ["Rust", " rust ", "", "C#", &"x".repeat(99)].map(str::to_owned);
        assert_eq!(tags(&raw), ["Rust", "C#", &"x".repeat(MAX_TAG_CHARS)]);
        let many: Vec<String> = (0..99).map(|n| n.to_string()).collect();
        assert_eq!(tags(&many).len(), MAX_TAGS);
    }

    proptest! {
        #[test]
        fn what_is_a_line_is_not_cleaned_otherwise(raw in "( {0,2}[a-z<>&;é\t!]{1,5}){0,4} {0,1}") {
            prop_assert_eq!(line(&raw, 12), cleaned_line(&raw, 12));
        }
    }
}
