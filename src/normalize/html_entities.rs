//! The entities that HTML has most: the others are left to the parser.

use std::borrow::Cow;

/// The most frequent first.
pub const NAMED: [(&str, &str); 60] = [
    ("amp", "&"),
    ("nbsp", "\u{a0}"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("rsquo", "’"),
    ("apos", "'"),
    ("ndash", "–"),
    ("mdash", "—"),
    ("bull", "•"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("lsquo", "‘"),
    ("hellip", "…"),
    ("euro", "€"),
    ("pound", "£"),
    ("middot", "·"),
    ("uuml", "ü"),
    ("ouml", "ö"),
    ("auml", "ä"),
    ("szlig", "ß"),
    ("Uuml", "Ü"),
    ("Ouml", "Ö"),
    ("Auml", "Ä"),
    ("eacute", "é"),
    ("egrave", "è"),
    ("ecirc", "ê"),
    ("agrave", "à"),
    ("acirc", "â"),
    ("ccedil", "ç"),
    ("ocirc", "ô"),
    ("ucirc", "û"),
    ("ugrave", "ù"),
    ("icirc", "î"),
    ("iuml", "ï"),
    ("euml", "ë"),
    ("Eacute", "É"),
    ("Egrave", "È"),
    ("Agrave", "À"),
    ("aacute", "á"),
    ("iacute", "í"),
    ("oacute", "ó"),
    ("uacute", "ú"),
    ("ntilde", "ñ"),
    ("atilde", "ã"),
    ("otilde", "õ"),
    ("igrave", "ì"),
    ("ograve", "ò"),
    ("aring", "å"),
    ("Aring", "Å"),
    ("oslash", "ø"),
    ("Oslash", "Ø"),
    ("aelig", "æ"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("bdquo", "„"),
    ("sbquo", "‚"),
    ("trade", "™"),
    ("reg", "®"),
    ("copy", "©"),
];

/// The character behind a `&`, where it is one of the frequent ones, and what comes behind it.
pub fn entity(text: &str) -> Option<(Cow<'static, str>, &str)> {
    let head = text.as_bytes().iter().take(9);
    let (name, behind) = text.split_at_checked(head.take_while(|byte| **byte != b';').count())?;
    let behind = behind.strip_prefix(';')?;
    if let Some(number) = name.strip_prefix('#') {
        let number = match number.strip_prefix(['x', 'X']) {
            Some(hex) => digits(hex, 16)?,
            None => digits(number, 10)?,
        };
        // The others are mended by the parser.
        let plain = matches!(number, 0x20..=0x7e | 0xa0..=0xd7ff | 0xe000..=0xfdcf);
        let character = char::from_u32(number).filter(|_| plain)?;
        return Some((Cow::Owned(character.to_string()), behind));
    }
    let known = NAMED.iter().find(|(known, _)| *known == name);
    let (_, character) = known?;
    Some((Cow::Borrowed(character), behind))
}

fn digits(text: &str, radix: u32) -> Option<u32> {
    let all = !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    all.then(|| u32::from_str_radix(text, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::html_text::parsed;

    #[test]
    fn each_is_what_the_parser_has_for_it() {
        for (name, character) in NAMED {
            assert_eq!(entity(&format!("{name};b")), Some((Cow::Borrowed(character), "b")));
            assert_eq!(
                parsed(&format!("a&{name};b")),
                format!("a{character}b").replace('\u{a0}', " ")
            );
        }
    }
}
