//! Text to words that compare equal whatever their case, accents and plural.
//!
//! A word is a run of letters and digits. `++` or `#` behind it belong to it (`c++`, `f#`), as does
//! `.js`; what else has punctuation in it is listed in `words.txt`. Text without spaces (Han,
//! kana) is one word for each character, so that a word there is compared as a phrase. Synonyms are
//! words of `words.txt` that are read as another one.

use std::borrow::Cow;
use std::sync::LazyLock;

use hashbrown::{HashMap, HashSet};
use unicode_normalization::char::{
    canonical_combining_class, decompose_compatible, is_combining_mark,
};

use crate::filter_lang::is_invisible;

/// A word of a text, folded but for its plural.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub plain: String,
    /// Its place among the words; `node.js` takes two, since its parts are words as well.
    pub start: usize,
    /// The place of what follows.
    pub end: usize,
    /// The byte of the text where it begins.
    pub at: usize,
    /// Whether it lies within a longer word.
    pub part: bool,
}

struct Table {
    special: Vec<(&'static str, Vec<&'static str>)>,
    keep: HashSet<&'static str>,
    plurals: HashMap<&'static str, &'static str>,
    synonyms: HashMap<&'static str, &'static str>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("words.txt")));

impl Table {
    fn read(text: &'static str) -> Self {
        let mut table = Self {
            special: Vec::new(),
            keep: HashSet::new(),
            plurals: HashMap::new(),
            synonyms: HashMap::new(),
        };
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("word"), Some(word)) => table.special.push((word, words.collect())),
                (Some("keep"), first) => table.keep.extend(first.into_iter().chain(words)),
                (Some("plural"), Some(word)) => {
                    table.plurals.extend(words.next().map(|one| (word, one)));
                }
                (Some("same"), Some(word)) => table.synonyms.extend(words.map(|same| (same, word))),
                _ => {}
            }
        }
        table
    }
}

/// The words of a text in order; of a word with parts, the whole first.
pub(super) fn words(text: &str) -> Vec<Word> {
    let (folded, origins) = fold(text);
    let mut rest = folded.as_str();
    let mut found = Vec::new();
    let mut start = 0;
    let mut last = ' ';
    while let Some(next) = rest.chars().next() {
        let (length, parts) = if is_word(last) && next == '.' { (0, vec![]) } else { lump(rest) };
        let (lump, behind) =
            rest.split_at_checked(length.max(next.len_utf8())).unwrap_or((rest, ""));
        if length > 0 {
            let place = folded.len() - rest.len();
            let origin = origins.partition_point(|(folded, _)| *folded <= place).saturating_sub(1);
            let at = origins.get(origin).map_or(0, |(_, source)| *source);
            let end = start + parts.len().max(1);
            found.push(Word { plain: lump.to_owned(), start, end, at, part: false });
            for (offset, part) in parts.into_iter().enumerate() {
                let start = start + offset;
                found.push(Word { plain: part.to_owned(), start, end: start + 1, at, part: true });
            }
            start = end;
        }
        last = lump.chars().last().unwrap_or(' ');
        rest = behind;
    }
    found
}

/// How many bytes of a folded text, from its beginning, are one word, and the parts of that word.
fn lump(text: &str) -> (usize, Vec<&str>) {
    let before = |text: &str, ends: fn(char) -> bool| !text.chars().next().is_some_and(ends);
    let first = text.as_bytes().first();
    let alike = |(special, _): &&(&str, _)| special.as_bytes().first() == first;
    for (special, parts) in TABLE.special.iter().filter(alike) {
        // A digit may follow: .NET8 is .NET, too.
        if text.strip_prefix(special).is_some_and(|rest| before(rest, char::is_alphabetic)) {
            return (special.len(), parts.clone());
        }
    }
    let word = run(text);
    let rest = text.strip_prefix(word).unwrap_or_default();
    if word.is_empty() {
        return (0, vec![]);
    }
    if rest.strip_prefix(".js").is_some_and(|rest| before(rest, is_word)) {
        return (word.len() + 3, vec![word, "js"]);
    }
    for tail in ["++", "#"] {
        if rest.strip_prefix(tail).is_some_and(|rest| before(rest, char::is_alphabetic)) {
            return (word.len() + tail.len(), vec![]);
        }
    }
    (word.len(), vec![])
}

/// The letters and digits at the beginning; of a script without spaces, one character.
fn run(text: &str) -> &str {
    let alone = text.chars().next().is_some_and(is_unspaced);
    let ends = |(place, found): &(usize, char)| {
        !is_word(*found)
            || (*place > 0 && is_unspaced(*found))
            || (*place > 0 && alone && !is_combining_mark(*found))
    };
    let begins = text.chars().next().is_some_and(char::is_alphanumeric);
    let end = text.char_indices().find(ends).map_or(text.len(), |(end, _)| end);
    text.get(..end).filter(|_| begins).unwrap_or_default()
}

fn is_word(found: char) -> bool {
    found.is_alphanumeric() || is_combining_mark(found)
}

fn is_unspaced(found: char) -> bool {
    matches!(found, '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{3098}' | '\u{309D}'..='\u{30FF}'
        | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// The text without case and accents, and for each of its source's characters where it stands in
/// the folded text and where in the source.
fn fold(text: &str) -> (String, Vec<(usize, usize)>) {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return (text.to_ascii_lowercase(), (0..text.len()).map(|at| (at, at)).collect());
    }
    let mut folded = String::with_capacity(text.len());
    let mut origins = Vec::new();
    for (at, found) in text.char_indices().filter(|(_, found)| !is_invisible(*found)) {
        origins.push((folded.len(), at));
        if found.is_ascii() {
            folded.push(found.to_ascii_lowercase());
            continue;
        }
        if matches!(found, '™' | '℠') {
            folded.push(' '); // Else "Rust™" would read "rusttm".
            continue;
        }
        decompose_compatible(found, |part| fold_char(part, &mut folded));
    }
    (folded, origins)
}

fn fold_char(found: char, folded: &mut String) {
    // Marks of lower classes are no accents: they tell が from か and build syllables in Indic.
    if canonical_combining_class(found) >= 10 {
        return;
    }
    for lower in found.to_lowercase().filter(|lower| canonical_combining_class(*lower) < 10) {
        match lower {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            '♯' => folded.push('#'),
            other => folded.push(other),
        }
    }
}

/// A word as it is compared: without its plural, and the one that its synonyms stand for.
pub(super) fn normal(word: &str) -> Cow<'_, str> {
    let one = singular(word);
    match TABLE.synonyms.get(one.as_ref()) {
        Some(same) => Cow::Borrowed(same),
        None => one,
    }
}

/// The words whose normal form no rule gives: `words.txt` has it.
pub(super) fn irregular() -> impl Iterator<Item = &'static str> {
    let tables = TABLE.plurals.keys().chain(TABLE.synonyms.keys());
    tables.chain(&TABLE.keep).copied()
}

/// The word for one of what a word names. English and simple, and the same for filters and
/// postings: -ies becomes -y; -sses, -xes, -ches, -shes lose -es; other -s is dropped, but not
/// from -ss, -us, -is, from three letters or fewer, or from what `words.txt` keeps. Twice is once.
pub(super) fn singular(word: &str) -> Cow<'_, str> {
    if let Some(known) = TABLE.plurals.get(word) {
        return Cow::Borrowed(known);
    }
    if TABLE.keep.contains(word) { Cow::Borrowed(word) } else { by_rule(word) }
}

/// The singular of a word that `words.txt` does not have.
pub(super) fn by_rule(word: &str) -> Cow<'_, str> {
    let kept = word.len() <= 3
        || !word.bytes().all(|letter| letter.is_ascii_lowercase())
        || ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending));
    if kept {
        return Cow::Borrowed(word);
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return Cow::Owned(format!("{stem}y"));
    }
    let es = ["sses", "xes", "ches", "shes"].iter().any(|ending| word.ends_with(ending));
    Cow::Borrowed(word.strip_suffix(if es { "es" } else { "s" }).unwrap_or(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whole words in order, with their parts in brackets.
    #[track_caller]
    fn check(text: &str, want: &str) {
        let show = |word: Word| {
            let one = singular(&word.plain);
            if word.part { format!("[{one}]") } else { one.into_owned() }
        };
        let shown: Vec<String> = words(text).into_iter().map(show).collect();
        assert_eq!(shown.join(" "), want, "of {text}");
    }

    #[test]
    fn case_accents_and_simple_plurals_fold() {
        check("Café MÜNCHEN Straße Łódź Ærø ﬁnance", "cafe munchen strasse lodz aero finance");
        check(
            "engineers companies boxes classes databases searches",
            "engineer company box class database search",
        );
        check(
            "business status analysis news Rails iOS AWS K8s ties",
            "business status analysis news rails ios aws k8s tie",
        );
        check("APIs caches GPUs sales", "api cache gpu sales");
        check("ΑΣ ας İstanbul ru\u{AD}st e\u{200B}x", "ασ ασ istanbul rust ex");
    }

    #[test]
    fn synonyms_are_one_word_and_lead_nowhere_else() {
        for (word, want) in [("js", "javascript"), ("k8s", "kubernetes"), ("golangs", "go")] {
            assert_eq!(normal(word), want);
        }
        for (word, same) in &TABLE.synonyms {
            assert_eq!(normal(same), *same, "{word}");
            assert_eq!(words(word).iter().filter(|word| !word.part).count(), 1, "{word}");
        }
    }

    #[test]
    fn no_listed_word_has_signs_that_always_end_one() {
        let belongs = |found: char| found.is_alphanumeric() || matches!(found, '.' | '+' | '#');
        assert!(TABLE.special.iter().all(|(word, _)| word.chars().all(belongs)));
    }

    #[test]
    fn punctuation_belongs_to_some_words_only() {
        check("C++, C# F#; c/c++17 Notepad++", "c++ c# f# c c++ 17 notepad++");
        check("front-end R&D #rust page#top a++b 50+", "front end r d rust page top a b 50");
        check(
            ".NET (.net8) example.net ASP.NET .network",
            ".net .net 8 example net asp.net [asp] [.net] network",
        );
        check(
            "Node.js, vue.js. index.json C♯",
            "node.js [node] [js] vue.js [vue] [js] index json c#",
        );
        check("Rust™ developer’s", "rust developer s");
    }

    #[test]
    fn scripts_without_spaces_are_words_of_one_character() {
        check("Rustエンジニア募集", "rust エ ン シ\u{3099} ニ ア 募 集");
        check("パグ ﾊﾞｸﾞ", "ハ\u{309A} ク\u{3099} ハ\u{3099} ク\u{3099}");
        check("Разработчик हिन्दी", "разработчик हिन्दी");
    }

    #[test]
    fn hostile_text_is_taken_in_one_pass() {
        assert_eq!(words(&"a".repeat(65_536)).len(), 1);
        assert_eq!(words(&"+#.-*".repeat(13_000)).len(), 0);
        assert_eq!(words(&"a.js".repeat(16_000)).len(), 16_002);
        assert!(words("\u{202E}\u{200D}\u{FEFF}").is_empty());
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "(\\PC|[a-zA-Z.+# ]|s|es|ies){0,12}") {
            for word in words(&text) {
                let one = normal(&word.plain).into_owned();
                prop_assert_eq!(normal(&one), one.as_str());
                prop_assert!(word.start < word.end && text.is_char_boundary(word.at));
            }
        }
    }
}
