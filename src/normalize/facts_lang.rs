//! The language that a text is in, where it is long enough to tell beyond doubt.

use super::chars::first_chars;
use super::function_words::SmallWords;
use crate::domain::facts::Language;

/// Letters of a text from which its language can be told, and of which it is.
const FEWEST_LETTERS: usize = 200;
const ENOUGH_CHARS: usize = 800;

/// "en", "en-GB", "English (US)".
pub fn stated(word: &str) -> Option<Language> {
    let end = word.find(['-', '_', '(']).unwrap_or(word.len());
    Language::named(word.get(..end)?.trim())
}

/// The language that a text is in beyond doubt: both of its halves are.
pub fn of_text(text: &str) -> Option<Language> {
    let (first, second) = halves(text)?;
    // Most texts tell it by their small words; to compare languages takes a hundred times as long.
    let words = (SmallWords::of(first), SmallWords::of(second));
    let (one, other, its_words) = match (words.0.language(), words.1.language()) {
        (Some(one), Some(other)) => return (one == other).then(|| Language::named(one))?,
        (Some(told), None) => (told, second, words.1),
        (None, Some(told)) => (told, first, words.0),
        (None, None) => return compared(first, second),
    };
    if its_words.go_on_in(one) {
        return Language::named(one);
    }
    let compared = Language::named(whatlang::detect(other)?.lang().code());
    compared.filter(|compared| Some(*compared) == Language::named(one))
}

/// The language of two texts by their letters, if it is the same and sure.
fn compared(first: &str, second: &str) -> Option<Language> {
    let (first, second) = (whatlang::detect(first)?, whatlang::detect(second)?);
    let sure = first.lang() == second.lang() && (first.is_reliable() || second.is_reliable());
    sure.then(|| Language::named(first.lang().code()))?
}

/// The two halves of the beginning of a text that has letters enough.
fn halves(text: &str) -> Option<(&str, &str)> {
    let text = first_chars(text, ENOUGH_CHARS);
    // Those of ASCII are counted first: mostly they are enough.
    let plain = text.bytes().filter(u8::is_ascii_alphabetic).take(FEWEST_LETTERS).count();
    let letters = || text.chars().filter(|c| c.is_alphabetic()).count();
    if plain < FEWEST_LETTERS && letters() < FEWEST_LETTERS {
        return None;
    }
    text.split_at_checked(first_chars(text, text.chars().count() / 2).len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GERMAN: &str = "Wir suchen eine Köchin, die gerne mit Menschen arbeitet und keine Angst vor \
                          großen Töpfen hat. Wir bieten eine Stelle in einem kleinen Haus an der \
                          Küste, freie Wochenenden und ein gutes Gehalt. Bitte mit Lebenslauf. ";
    const ENGLISH: &str = "We are looking for a cook who likes to work with people and is not afraid \
                           of large pots. We offer a job in a small house by the sea, free weekends \
                           and good pay. Please write to us and tell us what you like to cook. ";

    #[track_caller]
    fn check(text: &str, want: Option<&str>) {
        assert_eq!(of_text(text).map(Language::code), want, "{text}");
    }

    #[test]
    fn long_texts_in_one_language_tell_it() {
        check(&GERMAN.repeat(2), Some("de"));
        check(&ENGLISH.repeat(2), Some("en"));
        check(&"我们正在寻找一位有经验的厨师加入我们的团队。您将负责做饭。".repeat(9), Some("zh"));
    }

    #[test]
    fn short_and_mixed_texts_and_lists_of_names_do_not() {
        check("Wir suchen eine Köchin.", None);
        check(&format!("{ENGLISH}{GERMAN}"), None);
        check(
            &"Rust, Python, Kubernetes, Docker, Terraform, AWS, Azure, Redis, Kafka. ".repeat(5),
            None,
        );
        check("", None);
    }

    #[test]
    fn boards_state_codes_and_names() {
        for (word, want) in
            [("en-GB", "en"), ("English (US)", "en"), ("de_AT", "de"), ("cmn", "zh")]
        {
            assert_eq!(stated(word).map(Language::code), Some(want), "{word}");
        }
    }
}
