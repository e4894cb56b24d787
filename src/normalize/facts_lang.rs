//! The language that a text is in, where it is long enough to tell beyond doubt.

use crate::domain::facts::Language;

/// Letters of a text from which its language can be told, and of which it is.
const FEWEST_LETTERS: usize = 200;
const ENOUGH_CHARS: usize = 800;

/// "en", "en-GB", "English (US)".
pub fn stated(word: &str) -> Option<Language> {
    let end = word.find(['-', '_', '(']).unwrap_or(word.len());
    Language::named(word.get(..end)?.trim())
}

/// Words that make a text English where a sixth of it is made of them: in English job
/// advertisements a third is, in those of other languages at most a sixteenth.
const ENGLISH: [&str; 66] = [
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "do", "each", "every", "for", "from", "have", "has", "help", "how", "if", "into", "is", "it",
    "its", "more", "need", "new", "not", "of", "on", "one", "or", "our", "out", "over", "own",
    "so", "than", "that", "the", "their", "them", "they", "this", "to", "two", "up", "us", "we",
    "what", "when", "where", "which", "who", "will", "with", "work", "would", "you", "your",
    "you’ll", "you’re",
];
const FEWEST_WORDS: usize = 25;

/// Most texts are, and this takes a hundredth of the time that it takes to compare languages.
fn is_english(text: &str) -> bool {
    let mut words = 0_usize;
    let mut english = 0_usize;
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '’') {
        words += usize::from(!word.is_empty());
        let is_one = |known: &&str| word.eq_ignore_ascii_case(known);
        english += usize::from(word.len() <= 8 && ENGLISH.iter().any(is_one));
    }
    words >= FEWEST_WORDS && english * 6 >= words
}

/// The language that a text is in beyond doubt: both of its halves are.
pub fn of_text(text: &str) -> Option<Language> {
    let chars = text.chars().take(ENOUGH_CHARS).count();
    if text.chars().take(chars).filter(|c| c.is_alphabetic()).count() < FEWEST_LETTERS {
        return None;
    }
    let end = |count: usize| text.char_indices().nth(count).map_or(text.len(), |(end, _)| end);
    let (middle, end) = (end(chars / 2), end(chars));
    let (first, second) = (text.get(..middle)?, text.get(middle..end)?);
    if is_english(first) && is_english(second) {
        return Language::named("en");
    }
    let (first, second) = (whatlang::detect(first)?, whatlang::detect(second)?);
    let sure = first.lang() == second.lang() && (first.is_reliable() || second.is_reliable());
    sure.then(|| Language::named(first.lang().code()))?
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
