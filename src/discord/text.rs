//! Texts as Discord takes them: nothing of a stranger's can ping, link or format, and nothing is too long.

/// What is left out at the end of a text.
const CUT: char = '…';

/// Signs that mean something in Discord's markdown.
const SIGNS: &str = r"\*_~`|>#[]<@:-";

/// A stranger's text inside markdown, of so many UTF-16 units at the most, as Discord may count them.
pub fn escaped(text: &str, most: usize) -> String {
    let (mut out, mut length) = (String::with_capacity(text.len()), 0);
    let mut begins = true;
    for c in text.chars() {
        if c != '\n' && is_hidden(c) {
            continue;
        }
        // A colon, a dash or a number sign means something only at its place.
        let quoted = match c {
            ':' => false,
            '-' | '#' | '>' => begins,
            c => SIGNS.contains(c),
        };
        // Bare addresses become links: one before whose slashes something stands does not.
        let breaks = c == '/' && out.ends_with(':');
        let more = c.len_utf16() + usize::from(quoted) + usize::from(breaks);
        if length + more + 1 > most {
            out.push(CUT);
            return out;
        }
        length += more;
        if quoted {
            out.push('\\');
        }
        if breaks {
            out.push('\u{2060}');
        }
        out.push(c);
        begins = c == '\n' || (begins && c == ' ');
    }
    out
}

/// The same for what Discord shows as it stands.
pub fn plain(text: &str, most: usize) -> String {
    cut(text.chars().filter(|c| !is_hidden(*c)), most)
}

/// As many characters as there is room for.
pub fn cut(text: impl Iterator<Item = char>, most: usize) -> String {
    let (mut out, mut length) = (String::new(), 0);
    for c in text {
        if length + c.len_utf16() + 1 > most {
            out.push(CUT);
            return out;
        }
        length += c.len_utf16();
        out.push(c);
    }
    out
}

/// An address that may be linked to.
pub fn web(url: Option<&str>) -> Option<&str> {
    let is_web = |url: &&str| {
        (url.starts_with("https://") || url.starts_with("http://"))
            && url.len() <= 512
            && !url.contains(|c: char| c.is_whitespace() || c.is_control())
    };
    url.filter(is_web)
}

/// Control characters, marks of direction, characters without width.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_of_a_stranger_pings_links_or_formats() {
        assert_eq!(escaped("@everyone <@1> **x**", 100), "\\@everyone \\<\\@1> \\*\\*x\\*\\*");
        assert_eq!(escaped("[x](javascript:alert)", 100), "\\[x\\](javascript:alert)");
        assert_eq!(escaped("see https://evil.example", 100), "see https:\u{2060}//evil.example");
        assert_eq!(escaped("# head\n- item\nC# a-b", 100), "\\# head\n\\- item\nC# a-b");
        assert_eq!(escaped("a\u{202e}b\u{0}c", 100), "abc");
        assert_eq!(escaped("abcdef", 4), "abc…");
        assert_eq!(plain("a\nb", 100), "ab");
        assert_eq!(web(Some("javascript:alert(1)")), None);
        assert_eq!(web(Some("https://a.example/ b")), None);
    }

    proptest! {
        #[test]
        fn no_text_is_too_long_or_holds_a_bare_sign(text in "\\PC{0,80}", most in 5_usize..60) {
            let out = escaped(&text, most);
            prop_assert!(out.encode_utf16().count() <= most);
            let mut before = ' ';
            for c in out.chars() {
                if "*_~`|[]<@".contains(c) {
                    prop_assert!(before == '\\', "{out}");
                }
                before = if before == '\\' { ' ' } else { c };
            }
            prop_assert!(!out.contains("://"));
        }
    }
}
