//! The words that a posting must have to be accepted, for a search that knows words only: what it
//! finds is looked at again.

use std::cell::RefCell;
use std::sync::LazyLock;

use hashbrown::{HashMap, HashSet};

use super::needle::{Needle, Piece};
use super::tokens::{normal, words};
use crate::domain::filter::{Clause, Expr};
use crate::domain::posting::Posting;

/// Longer words are the same as long as they begin alike.
const MAX_BYTES: usize = 100;

/// Room for the different words of most postings.
const USUAL: usize = 320;

/// What stands between blanks is remembered if it is no longer than so many bytes, and so much of it: some ten
/// megabytes in each thread. Then all is found out anew.
const LONGEST_LUMP: usize = 32;
const MOST_LUMPS: usize = 50_000;

/// Words that nearly every text has, and that nobody looks for alone: to keep them would cost a quarter of
/// what it takes to keep words, and to search for them finds out nothing. Of `go`, `it` and `us` a search
/// does. Words may be added. None may be taken away: stored postings would lack it, and be missed.
static EVERYWHERE: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let words = "a about after all also an and any are as at be been before being but by can could do does \
        down each every for from had has have how if in into is its may more most must not of on only or \
        other our out over own should so some such than that the their them then there these they this \
        those through to two under up was we were what when where which while who will with within would \
        you your";
    words.split_whitespace().collect()
});

/// Whether a word is kept of postings, and may be searched for.
fn is_kept(word: &str) -> bool {
    !EVERYWHERE.contains(word)
}

/// A condition on words that every accepted posting fulfils.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outline {
    Word(String),
    /// A word that begins so.
    Prefix(String),
    All(Vec<Outline>),
    Any(Vec<Outline>),
}

impl Outline {
    /// `None` when a posting needs no word to be accepted.
    pub fn of(expr: &Expr) -> Option<Self> {
        match expr {
            Expr::Clause(Clause::Text { text, .. } | Clause::Location(text)) => {
                let pieces = Needle::new(text).0;
                let pieces: Vec<Self> = pieces.iter().filter_map(Self::piece).collect();
                (!pieces.is_empty()).then_some(Self::All(pieces))
            }
            Expr::Clause(_) | Expr::Not(_) => None,
            Expr::All(parts) => {
                let parts: Vec<Self> = parts.iter().filter_map(Self::of).collect();
                (!parts.is_empty()).then_some(Self::All(parts))
            }
            Expr::Any(parts) => parts.iter().map(Self::of).collect::<Option<_>>().map(Self::Any),
        }
    }

    /// `None` for what a posting may have without having kept it.
    fn piece(piece: &Piece) -> Option<Self> {
        let text = head(piece.text()).to_owned();
        match piece {
            Piece::Normal(_) | Piece::Plain(_) => is_kept(&text).then_some(Self::Word(text)),
            Piece::Prefix(_) => {
                let kept = !EVERYWHERE.iter().any(|word| word.starts_with(&text));
                kept.then_some(Self::Prefix(text))
            }
        }
    }
}

/// The words of a posting that outlines ask for: as written and normal, from every field, each once and in the
/// order of their bytes, which spares Postgres most of its sorting.
pub fn words_of(posting: &Posting, between: &str) -> String {
    thread_local! {
        static KEPT: RefCell<KeptWords> = RefCell::default();
    }
    KEPT.with_borrow_mut(|kept| kept.of(posting).join(between))
}

/// What words postings have: what is found out of one serves all that have it.
#[derive(Debug, Default)]
struct KeptWords {
    /// The words of what stands between blanks, by that in lower case.
    lumps: HashMap<String, Vec<usize>>,
    numbers: HashMap<String, usize>,
    words: Vec<KeptWord>,
    /// Those of the posting at hand that are not remembered.
    others: HashSet<String>,
    /// Postings that were read.
    postings: usize,
}

#[derive(Debug)]
struct KeptWord {
    text: String,
    begin: u64,
    /// The number of the posting in which it was found last.
    found_in: usize,
}

/// The first bytes of a word, as a number that is ordered as they are.
fn beginning(word: &str) -> u64 {
    let mut begin = [0; 8];
    begin.iter_mut().zip(word.bytes()).for_each(|(place, byte)| *place = byte);
    u64::from_be_bytes(begin)
}

/// The words of a lump as they are kept: as written and normal.
fn forms(lump: &str, is_word: bool, mut each: impl FnMut(&str)) {
    let mut both = |word: &str| {
        for form in [&*normal(word), word] {
            if is_kept(form) {
                each(head(form));
            }
        }
    };
    if is_word {
        both(lump);
    } else {
        for word in words(lump) {
            both(&word.plain);
        }
    }
}

impl KeptWords {
    fn of(&mut self, posting: &Posting) -> Vec<&str> {
        if self.lumps.len() > MOST_LUMPS {
            *self = Self::default();
        }
        self.postings += 1;
        let stated = [&posting.company, &posting.location, &posting.board].into_iter().flatten();
        let texts = [&posting.title, &posting.body].into_iter().chain(stated).chain(&posting.tags);
        let mut found: Vec<usize> = Vec::with_capacity(USUAL);
        self.others.clear();
        let mut lower = String::new();
        for lump in texts.flat_map(|text| text.split_ascii_whitespace()) {
            let word = simple(lump);
            lower.clear();
            lower.push_str(word.unwrap_or(lump));
            lower.make_ascii_lowercase();
            if lower.len() > LONGEST_LUMP {
                // As texts without blanks are.
                forms(&lower, word.is_some(), |form| {
                    self.others.get_or_insert_with(form, str::to_owned);
                });
                continue;
            }
            if !self.lumps.contains_key(&lower) {
                let words = self.learn(&lower, word.is_some());
                self.lumps.insert(lower.clone(), words);
            }
            for number in self.lumps.get(&lower).into_iter().flatten() {
                if let Some(word) = self.words.get_mut(*number)
                    && word.found_in != self.postings
                {
                    word.found_in = self.postings;
                    found.push(*number);
                }
            }
        }
        self.in_order(&found)
    }

    fn in_order(&self, found: &[usize]) -> Vec<&str> {
        let words = found.iter().filter_map(|number| self.words.get(*number));
        let words = words.map(|word| (word.begin, &*word.text));
        let others = self.others.iter().map(|word| (beginning(word), &**word));
        let mut all: Vec<(u64, &str)> = words.chain(others).collect();
        all.sort_unstable();
        // One may be among both.
        all.dedup();
        all.into_iter().map(|(_, text)| text).collect()
    }

    /// The numbers of the words that a lump holds.
    fn learn(&mut self, lump: &str, is_word: bool) -> Vec<usize> {
        let mut numbers = Vec::new();
        forms(lump, is_word, |form| {
            let number = self.number(form);
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        });
        numbers.shrink_to_fit();
        numbers
    }

    fn number(&mut self, word: &str) -> usize {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.words.len();
        let begin = beginning(word);
        self.words.push(KeptWord { text: word.to_owned(), begin, found_in: 0 });
        self.numbers.insert(word.to_owned(), number);
        number
    }
}

/// The only word of what stands between blanks, where it is made of ASCII letters and digits with
/// nothing but punctuation around it that belongs to no word.
fn simple(chunk: &str) -> Option<&str> {
    let chunk = chunk.trim_start_matches(['(', '[', '"', '\'', '-', '/']);
    let word = chunk.trim_end_matches([')', ']', '"', '\'', ',', '.', ':', ';', '!', '?']);
    let plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then_some(word)
}

fn head(word: &str) -> &str {
    word.get(..word.floor_char_boundary(MAX_BYTES)).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::filter_lang::parse;

    proptest! {
        #[test]
        fn the_words_are_those_of_the_whole_text(
            parts in prop::collection::vec(
                prop::sample::select(vec!["Rust", "c++", "C#", ".NET", "node.js", "engineers", "(", ")",
                    ".", ",", " ", "  ", "\n", "\u{a0}", "é", "\u{301}", "™", "-", "/", "+", "#", "js",
                    "工", "x2", "\0", "ASP.NET",
                    "longer.than,what/is-remembered_of-a.text", "\u{200b}", "'", "\"", "the", "Does"]), 0..24)
        ) {
            let text = parts.concat();
            let mut want: Vec<String> = Vec::new();
            for word in words(&text) {
                want.extend([normal(&word.plain).into_owned(), word.plain]);
            }
            want.retain(|word| is_kept(word));
            want.sort();
            want.dedup();
            let posting = serde_json::json!({ "title": text });
            let posting = serde_json::from_value(posting).expect("a posting");
            let mut kept = KeptWords::default();
            for _ in 0..2 {
                prop_assert_eq!(kept.of(&posting), want.clone());
            }
        }
    }

    #[test]
    fn words_that_are_everywhere_are_neither_kept_nor_asked_for() {
        let posting = serde_json::json!({ "title": "The Go of it and us, with Rust" });
        let posting = serde_json::from_value(posting).expect("a posting");
        assert_eq!(KeptWords::default().of(&posting), ["go", "it", "rust", "us"]);
        let outline = |filter: &str| Outline::of(&parse(filter).expect("a filter"));
        let word = |word: &str| Outline::Word(word.to_owned());
        assert_eq!(outline("the rust"), Some(Outline::All(vec![Outline::All(vec![word("rust")])])));
        assert_eq!(outline("\"with rust\""), Some(Outline::All(vec![word("rust")])));
        assert_eq!(outline("the"), None);
        assert_eq!(outline("the or rust"), None);
        // A posting whose only such word is "these" would be missed.
        assert_eq!(outline("thes*"), None);
        assert!(outline("theo*").is_some());
    }
}
