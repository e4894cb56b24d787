//! Filters of somebody who wants the matcher to be slow, as far as the language lets them.

use fastrand::Rng;

/// The most terms of a filter.
const TERMS: usize = 64;

/// One of each kind in turn, out of common words.
pub fn filter(number: u32, rng: &mut Rng, words: &[String]) -> String {
    let mut word = || rng.choice(words).cloned().unwrap_or_default();
    let mut terms = |count: usize| (0..count).map(|_| word()).collect::<Vec<_>>();
    match number % 8 {
        0 => prefixes(&terms(TERMS)),
        1 => nested(&terms(TERMS / 4)),
        // One long row of words that stand everywhere.
        2 => format!("\"{}\"", row(&terms(TERMS * 4))),
        3 => format!("(engineer OR data) -({})", prefixes(&terms(TERMS - 2))),
        4 => terms(TERMS / 2).chunks(2).map(pair).collect::<Vec<_>>().join(" "),
        5 => terms(TERMS).join(" OR "),
        6 => invisible(&terms(TERMS)),
        _ => facts(rng),
    }
}

fn prefixes(words: &[String]) -> String {
    let prefixes = words.iter().map(|word| format!("{}*", begin(word)));
    prefixes.collect::<Vec<_>>().join(" OR ")
}

/// Three letters; the shortest prefix is of two.
fn begin(word: &str) -> String {
    let letters: String = word.chars().filter(char::is_ascii_lowercase).take(3).collect();
    if letters.len() < 3 { "pra".to_owned() } else { letters }
}

/// Eight brackets deep, with a prefix and a NOT on each floor.
fn nested(words: &[String]) -> String {
    words.chunks(2).fold("data".to_owned(), |inner, words| match words {
        [one, two] => format!("({inner} -\"{one} {two}\" OR {}*)", begin(one)),
        _ => inner,
    })
}

/// As long as a filter may be.
fn row(words: &[String]) -> String {
    let row = words.join(" ");
    row.get(..row.floor_char_boundary(1_900)).unwrap_or_default().to_owned()
}

fn pair(words: &[String]) -> String {
    format!("({})", words.join(" OR "))
}

/// Right-to-left and zero-width characters within words, and words of them alone.
fn invisible(words: &[String]) -> String {
    let dressed = words.iter().map(|word| {
        let (head, tail) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("\u{202e}{head}\u{200b}\u{200d}{tail}\u{2066}")
    });
    dressed.collect::<Vec<_>>().join(" OR ")
}

/// Everything that is not a word.
fn facts(rng: &mut Rng) -> String {
    let zone = rng.choice(["Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham"]);
    let zone = zone.unwrap_or_default();
    let parts = (0..20).map(|hours| {
        let (hour, pay) = (1 + hours % 8, rng.u32(1..999));
        format!("(tz:{zone} overlap>={hour}h OR pay>={pay} usd/h OR posted<{}d)", 1 + hours)
    });
    format!("data {}", parts.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter_lang::parse;

    #[test]
    fn every_kind_is_accepted() {
        let words: Vec<String> = ["javascript", "c++", "münchen", "pra"].map(str::to_owned).into();
        let mut rng = Rng::with_seed(1);
        for number in 0..8 {
            let filter = filter(number, &mut rng, &words);
            assert!(parse(&filter).is_ok(), "{number}: {:?} of {filter}", parse(&filter));
        }
    }
}
