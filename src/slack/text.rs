//! Texts as Slack takes them: nothing of a stranger's can ping, link or format, and nothing is too long.

/// Longest text of a section, in characters.
pub const SECTION: usize = 3_000;

/// Longest label of a button.
pub const LABEL: usize = 75;

/// What is left out at the end of a text.
const CUT: &str = "…";

/// Shown nowhere, and ends what Slack would take for formatting.
const APART: char = '\u{200b}';

/// A stranger's text inside mrkdwn, of so many characters at the most, as Slack counts them.
pub fn escaped(text: &str, most: usize) -> String {
    written(text, most, Signs::Apart)
}

/// The same where Slack formats nothing: between three backticks.
pub fn code(text: &str, most: usize) -> String {
    written(text, most, Signs::AsTheyAre)
}

/// What becomes of signs that Slack would format by; it knows no way to write them as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signs {
    Apart,
    AsTheyAre,
}

fn written(text: &str, most: usize, signs: Signs) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut count, mut before) = (0, None);
    for (at, c) in text.char_indices() {
        let (mut one, mut apart) = ([0; 4], false);
        let piece: &str = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            // They would turn what follows round, or hide it.
            c if c != '\n' && (c.is_control() || is_invisible(c)) => continue,
            c => {
                let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
                apart = signs == Signs::Apart && begins_format(before, c, rest);
                c.encode_utf8(&mut one)
            }
        };
        let length = if piece.starts_with('&') { piece.len() } else { 1 } + usize::from(apart);
        if count + length + CUT.chars().count() > most {
            out.push_str(CUT);
            return out;
        }
        (count, before) = (count + length, Some(c));
        out.push_str(piece);
        out.extend(apart.then_some(APART));
    }
    out
}

/// Whether Slack would take a sign for the beginning of something bold, slanted, struck out or of code, or of
/// the name of an emoji.
fn begins_format(before: Option<char>, c: char, rest: &str) -> bool {
    match c {
        '`' => true,
        '*' | '_' | '~' => {
            let begins = before.is_none_or(|before| !before.is_alphanumeric());
            begins && rest.chars().next().is_some_and(|next| !next.is_whitespace())
        }
        ':' => {
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '\'');
            let name = rest.split_once(':').map_or("", |(name, _)| name);
            !name.is_empty() && name.chars().all(is_name)
        }
        _ => false,
    }
}

/// The same for what Slack shows as it stands.
pub fn plain(text: &str, most: usize) -> String {
    let clean = text.chars().filter(|c| *c == '\n' || !(c.is_control() || is_invisible(*c)));
    let mut clean = clean.peekable();
    let mut out: String = clean.by_ref().take(most.saturating_sub(1)).collect();
    if let Some(last) = clean.next() {
        out.push_str(if clean.peek().is_none() { "" } else { CUT });
        if clean.peek().is_none() {
            out.push(last);
        }
    }
    out
}

/// A link; only the text without an address that can be followed.
pub fn link(url: Option<&str>, text: &str, most: usize) -> String {
    let url = url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    let Some(address) = url.map(address) else { return escaped(text, most) };
    let around = address.chars().count() + "<|>".len();
    if around + 40 > most {
        return escaped(text, most);
    }
    // An empty label would show the address.
    let text = if text.trim().is_empty() { "untitled" } else { text };
    format!("<{address}|{}>", escaped(&text.replace('\n', " "), most - around))
}

/// An address inside a link: its end and its label's beginning stand for nothing else.
fn address(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '|' => out.push_str("%7C"),
            c if c.is_control() || c.is_whitespace() || is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Marks of direction and characters without width.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_of_a_stranger_pings_or_links() {
        assert_eq!(escaped("<!channel> a&b", 100), "&lt;!channel&gt; a&amp;b");
        assert_eq!(escaped("a\u{202e}b\u{0}c", 100), "abc");
        assert_eq!(link(Some("javascript:alert(1)"), "x", 100), "x");
        assert_eq!(
            link(Some("http://evil|google.com>x"), "<b>", 100),
            "<http://evil%7Cgoogle.com%3Ex|&lt;b&gt;>"
        );
        assert_eq!(
            link(Some("https://a.example/?b&c"), "", 100),
            "<https://a.example/?b&amp;c|untitled>"
        );
    }

    #[test]
    fn nothing_of_a_stranger_is_formatted() {
        let shown = |text| escaped(text, 100).replace('\u{200b}', "|");
        assert_eq!(shown("*bold* and _slanted_ ~out~"), "*|bold* and _|slanted_ ~|out~");
        assert_eq!(shown("`code` :tada: :+1:"), "`|code`| :|tada: :|+1:");
        for plain in ["dev* -(php*)", "snake_case_name 2 * 3", "remote:yes tz:x", "10:30 - 11:30"] {
            assert_eq!(escaped(plain, 100), plain);
        }
        assert_eq!(code("*a* `b` <c>", 100), "*a* `b` &lt;c&gt;");
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!(escaped("abcdef", 4), "abc…");
        assert_eq!(escaped("a<<<", 6), "a&lt;…");
        assert_eq!(plain("abcd", 4), "abcd");
        assert_eq!(plain("abcde", 4), "abc…");
        assert_eq!(link(Some(&format!("https://{}", "a".repeat(200))), "b", 100), "b");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_place(text in any::<String>(), url in any::<String>(), most in 60_usize..200) {
            let shown = escaped(&text, most);
            prop_assert!(shown.chars().count() <= most);
            prop_assert!(!shown.contains(['<', '>']));
            prop_assert!(plain(&text, most).chars().count() <= most);
            let linked = link(Some(&format!("https://{url}")), &text, most);
            prop_assert!(linked.chars().count() <= most);
            prop_assert!(linked.matches('<').count() <= 1 && linked.matches('>').count() <= 1);
            prop_assert!(linked.matches('|').count() <= 1 + text.matches('|').count());
        }
    }
}
