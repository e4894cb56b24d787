//! UTF-8 that somebody read as Latin-1 or Windows-1252 on its way to us.

use std::borrow::Cow;

use memchr::memchr_iter;

/// What Windows-1252 has from 0x80 on where Latin-1 has controls; `\0` where it has nothing either.
const WINDOWS: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘',
    '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// A run of characters that were bytes.
#[derive(Default)]
struct Run {
    bytes: Vec<u8>,
    text: String,
    /// Whether some are characters of Windows-1252 alone.
    windows: bool,
}

/// Undoes it. A text may hold sound characters beside broken ones, so each run of what may have been
/// bytes is judged alone: it is broken if the bytes are UTF-8.
pub fn repair(text: &str) -> Cow<'_, str> {
    if may_be_broken(text.as_bytes()) { Cow::Owned(repaired(text)) } else { Cow::Borrowed(text) }
}

/// The same, run by run.
fn repaired(text: &str) -> String {
    let mut repaired = String::with_capacity(text.len());
    let mut run = Run::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let plain = rest.bytes().take_while(u8::is_ascii).count();
        let (taken, behind) = rest.split_at(plain.max(c.len_utf8()));
        rest = behind;
        if plain > 0 {
            std::mem::take(&mut run).end(&mut repaired);
            repaired.push_str(taken);
            continue;
        }
        if let Some((byte, windows)) = byte(c) {
            run.bytes.push(byte);
            run.text.push(c);
            run.windows |= windows;
        } else {
            std::mem::take(&mut run).end(&mut repaired);
            repaired.push(c);
        }
    }
    run.end(&mut repaired);
    repaired
}

/// Whether some character may have been the first byte of one in UTF-8, which those from U+00C2 to
/// U+00F4 may have been, and has another beyond ASCII behind it.
fn may_be_broken(text: &[u8]) -> bool {
    let is_first = |at: usize| matches!(text.get(at + 1..at + 3), Some([0x82..=0xb4, 0x80..=0xff]));
    memchr_iter(0xc3, text).any(is_first)
}

/// The byte beyond ASCII that a character may have been, and whether in Windows-1252 alone.
fn byte(c: char) -> Option<(u8, bool)> {
    if let Ok(byte) = u8::try_from(u32::from(c)) {
        return (byte >= 0x80).then_some((byte, false));
    }
    let at = WINDOWS.iter().position(|known| *known == c)?;
    Some((u8::try_from(at).ok()? + 0x80, true))
}

impl Run {
    fn end(self, repaired: &mut String) {
        match std::str::from_utf8(&self.bytes) {
            // "Ã—" may be what somebody wrote; nobody writes "â€™".
            Ok(fixed) if !self.windows || fixed.chars().any(|c| c >= '\u{800}') => {
                repaired.push_str(fixed);
            }
            _ => repaired.push_str(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(repair(text), want);
    }

    #[test]
    fn broken_text_is_repaired() {
        check("CafÃ© in SÃ£o Paulo", "Café in São Paulo");
        check("we\u{e2}\u{80}\u{99}re", "we’re");
        check("weâ€™re – and youâ€™re", "we’re – and you’re");
        check("\u{f0}\u{9f}\u{9a}\u{80}", "🚀");
        check("We\u{c2}\u{a0}build", "We\u{a0}build");
    }

    #[test]
    fn sound_text_is_left_alone() {
        for sound in ["Café", "Škoda", "SÃO PAULO", "AMANHÃ—agora", "“Été”", "naïve", "Ã", "10 €"]
        {
            check(sound, sound);
        }
    }

    proptest! {
        #[test]
        fn what_is_not_looked_at_would_stay_as_it_is(text in "[a Ããéôõâ€™œž–\u{80}-\u{ff}]{0,12}") {
            prop_assert_eq!(repair(&text), repaired(&text));
        }
    }
}
