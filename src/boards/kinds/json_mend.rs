//! What boards write instead of JSON, made readable: half of an emoji that was cut, line breaks inside
//! texts, numbers beyond all bounds; and where a value ends that nothing can be made of.

use std::fmt::Write;

/// A list of numbers takes ten times its text when it is read; no item of a board is so long.
const LONGEST: usize = 8 * 1024 * 1024;

/// The text of the value at the start, found by its brackets and quotes alone; `None` where it is cut off.
pub fn value_text(text: &str) -> Option<&str> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            match (escaped, byte) {
                (true, _) => escaped = false,
                (false, b'\\') => escaped = true,
                (false, b'"') => in_string = false,
                (false, _) => {}
            }
        } else {
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' | b',' if depth == 0 => return text.get(..at),
                b'}' | b']' => depth -= 1,
                _ => continue,
            }
        }
        if depth == 0 && !in_string {
            return text.get(..=at);
        }
    }
    None
}

/// Whether a value is so long that reading it would cost more memory than a board is worth.
pub fn is_too_long(value: &str) -> bool {
    value.len() > LONGEST
}

/// The same value as JSON, as far as can be told.
pub fn mended(value: &str) -> String {
    let mut written = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '"' => string(rest, &mut written),
            c if is_of_word(c) => word(rest, &mut written),
            c => {
                written.push(c);
                rest.get(c.len_utf8()..).unwrap_or_default()
            }
        };
    }
    written
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

/// A number or a name; what JSON does not know stands for nothing.
fn word<'t>(text: &'t str, written: &mut String) -> &'t str {
    let end = text.find(|c| !is_of_word(c)).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let known = serde_json::from_str::<serde_json::Value>(word).is_ok();
    written.push_str(if known { word } else { "null" });
    rest
}

/// A text, from its quote; gives what comes behind it.
fn string<'t>(text: &'t str, written: &mut String) -> &'t str {
    written.push('"');
    let mut rest = text.strip_prefix('"').unwrap_or(text);
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '"' => {
                written.push('"');
                return behind;
            }
            '\\' => escape(behind, written),
            c if c < ' ' => {
                unit(u32::from(c), written);
                behind
            }
            c => {
                written.push(c);
                behind
            }
        };
    }
    rest
}

/// One unit of UTF-16, escaped.
fn unit(unit: u32, written: &mut String) {
    write!(written, "\\u{unit:04x}").expect("a string takes everything");
}

/// What stands behind a backslash.
fn escape<'t>(text: &'t str, written: &mut String) -> &'t str {
    let Some(c) = text.chars().next() else { return text };
    let behind = text.get(c.len_utf8()..).unwrap_or_default();
    if c != 'u' {
        if matches!(c, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') {
            written.push('\\');
        }
        written.push(c);
        return behind;
    }
    let digits = |text: &str| {
        let digits = text.get(..4).filter(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let after = |text: &'t str, length: usize| text.get(length..).unwrap_or_default();
    let Some(first) = digits(behind) else {
        written.push(char::REPLACEMENT_CHARACTER);
        return behind;
    };
    let rest = after(behind, 4);
    let low =
        rest.strip_prefix("\\u").and_then(digits).filter(|low| (0xdc00..0xe000).contains(low));
    match (first, low) {
        (0xd800..0xdc00, Some(low)) => {
            unit(first, written);
            unit(low, written);
            after(rest, 6)
        }
        (0xd800..0xe000, _) => {
            written.push(char::REPLACEMENT_CHARACTER);
            rest
        }
        (plain, _) => {
            unit(plain, written);
            rest
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, want: &str) {
        let read: serde_json::Value = serde_json::from_str(&mended(value)).expect(value);
        assert_eq!(read.to_string(), want, "{value}");
    }

    #[test]
    fn what_boards_write_instead_of_json_is_mended() {
        check(r#""cut \ud83d""#, "\"cut \u{fffd}\"");
        check(r#""cut \ud83d\n\ude00 \ud83d\ude00""#, "\"cut \u{fffd}\\n\u{fffd} \u{1f600}\"");
        check(r#""\ud83d\ud83d\ude00""#, "\"\u{fffd}\u{1f600}\"");
        check("\"a\nb\tc\u{1}\"", r#""a\nb\tc\u0001""#);
        check(r#""it\'s \x \u12 \"q\" \\""#, "\"it's x \u{fffd}12 \\\"q\\\" \\\\\"");
        check(
            r#"{"a": 1e999, "b": NaN, "c": -1.5e3, "d": true}"#,
            r#"{"a":null,"b":null,"c":-1500.0,"d":true}"#,
        );
    }

    #[test]
    fn a_value_ends_where_its_brackets_do() {
        for (text, want) in [
            (r#"{"a": "}\"]", "b": [1, {}]}, 2"#, Some(r#"{"a": "}\"]", "b": [1, {}]}"#)),
            ("nope] 1", Some("nope")),
            ("12, 3", Some("12")),
            (r#""a,b", 3"#, Some(r#""a,b""#)),
            (r#"{"a": [1}"#, None),
            (r#""open"#, None),
            ("", None),
        ] {
            assert_eq!(value_text(text), want, "{text}");
        }
    }
}
