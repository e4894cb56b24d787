//! The title of a job as it is compared: what it is, at which level, and nothing of how boards
//! decorate it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::company::Company;
use super::place::Place;
use super::tables::{map, set};
use super::title_marks::{self, Stripped};
use super::words::{clean, fold, words};

/// A job's title, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Title {
    /// What the job is, its words in the order of the title in one.
    #[serde(rename = "j")]
    joined: String,
    /// The same words, each once and in order of the alphabet.
    #[serde(rename = "w")]
    words: Vec<String>,
    #[serde(rename = "l", default, skip_serializing_if = "BTreeSet::is_empty")]
    levels: BTreeSet<Word>,
    /// Part-time, freelance, …
    #[serde(rename = "k", default, skip_serializing_if = "BTreeSet::is_empty")]
    kinds: BTreeSet<Word>,
    /// Season and year of an internship.
    #[serde(rename = "t", default, skip_serializing_if = "BTreeSet::is_empty")]
    terms: BTreeSet<String>,
    /// The number that the company gave the job.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    requisition: Option<String>,
    /// A place that only the title names.
    #[serde(rename = "p", default)]
    pub(super) place: Place,
    /// Whether it says that the work is remote.
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) remote: bool,
}

/// Of the tables, or read from what was kept.
type Word = Cow<'static, str>;

/// The level that boards leave out as often as not.
const MID: &str = "mid";
/// The lowest of several is left out as well, or is another job's than that without a number.
const FIRST: &str = "grade1";

/// Words that say that work is remote.
const REMOTE: [&str; 8] =
    ["remote", "remoto", "remotely", "homeoffice", "wfh", "teletravail", "anywhere", "worldwide"];

/// Words beside them by which it may be remote.
const PERHAPS: [&str; 7] = ["possible", "optional", "option", "friendly", "ok", "hybrid", "office"];

/// What may be left out or in the same words.
pub struct Around<'a> {
    pub company: Option<&'a Company>,
    pub place: &'a Place,
}

impl Title {
    pub fn of(raw: &str, around: &Around<'_>) -> Self {
        if raw.trim().is_empty() {
            return Self::default();
        }
        let Stripped { text, requisition } = title_marks::strip(&clean(raw));
        let mut title = Self { requisition, ..Self::default() };
        let mut places = flags(raw);
        for segment in title_marks::segments(&text) {
            if Place::is_name(segment) {
                places.push(segment.to_owned());
                continue;
            }
            title.add(&join_rows(words(&fold(segment)).map(Cow::into_owned).collect()), around);
        }
        if title.words.is_empty() && title.levels.is_empty() {
            // A title that is nothing but decoration, or a place's name.
            title.push(&fold(raw));
        } else {
            title.place = Place::of(&places.join("; "));
        }
        title
    }

    fn add(&mut self, segment: &[String], around: &Around<'_>) {
        let own = around.company.map_or(&[][..], Company::words);
        let segment = without_company(segment, own);
        let noise = set("noise");
        if segment.iter().all(|word| noise.contains(word.as_str())) {
            let says = |words: &[&str]| segment.iter().any(|word| words.contains(&word.as_str()));
            self.remote |= says(&REMOTE) && !says(&PERHAPS);
            self.kinds
                .extend(segment.iter().find(|word| *word == "contract").map(|_| "fixed".into()));
            return;
        }
        let job = without_remote(segment);
        let is_remote = |word: &String| REMOTE.contains(&word.as_str());
        self.remote |= segment.iter().filter(|word| is_remote(word)).count()
            > job.iter().filter(|word| is_remote(word)).count();
        let segment = without_place(job, around.place);
        let year =
            |word: &str| word.len() == 4 && word.starts_with("20") && word.parse::<u16>().is_ok();
        for (at, word) in segment.iter().enumerate() {
            let word = word.as_str();
            if let Some(level) =
                map("level").get(word).filter(|level| at > 0 || !level.starts_with("grade"))
            {
                self.levels.insert(Cow::Borrowed(level));
            } else if let Some(kind) = map("kind").get(word) {
                self.kinds.insert(Cow::Borrowed(kind));
            } else if year(word) || map("season").contains_key(word) {
                self.terms.insert(map("season").get(word).map_or(word, |season| season).to_owned());
            } else if !set("stop").contains(word) {
                self.add_word(word);
            }
        }
    }

    fn add_word(&mut self, word: &str) {
        if let Some(long) = map("expand").get(word) {
            for word in long.split(' ') {
                match map("level").get(word) {
                    Some(level) => self.levels.extend([Cow::Borrowed(*level)]),
                    None => self.push(word),
                }
            }
            return;
        }
        let same = map("same").get(word).copied().unwrap_or(word);
        let plural = same.len() > 3 && same.ends_with('s') && !same.ends_with("ss");
        self.push(same.strip_suffix('s').filter(|_| plural).unwrap_or(same));
    }

    /// A word that is said twice is one.
    fn push(&mut self, word: &str) {
        if let Err(place) = self.words.binary_search_by(|known| known.as_str().cmp(word)) {
            self.words.insert(place, word.to_owned());
            self.joined.push_str(word);
        }
    }

    /// The same for all titles that are equal.
    pub(super) fn block(&self) -> String {
        let mut letters: Vec<char> = self.joined.chars().collect();
        letters.sort_unstable();
        let levels = self.levels.iter().filter(|level| **level != MID);
        letters.into_iter().chain(levels.flat_map(|level| level.chars())).collect()
    }

    /// Whether both give the job a number, and not the same.
    pub fn other_requisition(&self, other: &Self) -> bool {
        matches!((&self.requisition, &other.requisition), (Some(one), Some(other)) if one != other)
    }

    /// How well two titles may mean one job, from 1 to 0: for certain not.
    pub fn agreement(&self, other: &Self) -> f64 {
        if self.is_missing() || other.is_missing() {
            return 0.0;
        }
        let contrary = |one: &BTreeSet<_>, other: &BTreeSet<_>| {
            !one.is_empty() && !other.is_empty() && one.is_disjoint(other)
        };
        if contrary(&self.kinds, &other.kinds) || terms_differ(&self.terms, &other.terms) {
            return 0.0;
        }
        let levels = match self.levels == other.levels {
            true => 1.0,
            false if self.differ_by(other, &[MID]) => 0.95,
            false if self.differ_by(other, &[MID, FIRST]) => 0.6,
            false if self.levels.is_disjoint(&other.levels) => return 0.0,
            false => 0.4,
        };
        let untold = |same: bool| if same { 1.0 } else { 0.97 };
        let told = untold(self.kinds == other.kinds) * untold(self.terms == other.terms);
        levels * told * self.words_agree(other)
    }

    /// Whether no other levels than these are one title's alone.
    fn differ_by(&self, other: &Self, levels: &[&str]) -> bool {
        let mut alone = self.levels.symmetric_difference(&other.levels);
        alone.all(|level| levels.contains(&level.as_ref()))
    }

    /// Whether it may be an edit of the other: the same level, and half of the words.
    pub(super) fn resembles(&self, other: &Self) -> bool {
        let shared = self.words.iter().filter(|word| other.words.contains(word)).count();
        let most = self.words.len().max(other.words.len());
        shared > 0 && self.levels == other.levels && shared * 2 >= most
    }

    /// Whether nothing is said; then only its address tells a job.
    fn is_missing(&self) -> bool {
        self.words.is_empty() && self.levels.is_empty()
    }

    fn words_agree(&self, other: &Self) -> f64 {
        if self.words == other.words || self.joined == other.joined {
            return 1.0;
        }
        let shared = self.words.iter().filter(|word| other.words.contains(word)).count();
        if shared < self.words.len().min(other.words.len()) {
            return 0.0;
        }
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        0.4 + 0.25 * number(shared) / number(self.words.len().max(other.words.len()))
    }

    /// Whether one word is all there is: "Controller".
    pub(super) fn is_short(&self) -> bool {
        self.words.len() + self.levels.len() < 2
    }
}

/// Summer and autumn, 2026 and 2027: one of either kind that differs is enough.
fn terms_differ(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    [true, false].into_iter().any(|years| {
        let of = |terms: &BTreeSet<String>| -> BTreeSet<String> {
            terms.iter().filter(|term| term.starts_with("20") == years).cloned().collect()
        };
        let (one, other) = (of(one), of(other));
        !one.is_empty() && !other.is_empty() && one.is_disjoint(&other)
    })
}

/// "front end" is "frontend".
fn join_rows(words: Vec<String>) -> Vec<String> {
    let rows = set("row");
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    let mut rest = words.as_slice();
    while let Some((word, after)) = rest.split_first() {
        let row = [3, 2].into_iter().find_map(|length| {
            let (row, after) = rest.split_at_checked(length)?;
            rows.contains(row.join(" ").as_str()).then(|| (row.concat(), after))
        });
        let (word, after) = row.unwrap_or_else(|| (word.clone(), after));
        joined.push(word);
        rest = after;
    }
    joined
}

/// Flags as the codes of their countries.
fn flags(text: &str) -> Vec<String> {
    let letter = |c: char| u32::from(c).checked_sub(0x1f1e6).filter(|at| *at < 26);
    let letters: Vec<u8> =
        text.chars().filter_map(letter).filter_map(|at| u8::try_from(at).ok()).collect();
    let code = |pair: &[u8]| pair.iter().map(|at| char::from(b'A' + at)).collect();
    letters.chunks_exact(2).map(code).collect()
}

/// "Acme is hiring", "Acme hiring Engineer", "Engineer at Acme", "Acme" alone.
fn without_company<'a>(segment: &'a [String], company: &[String]) -> &'a [String] {
    if company.is_empty() {
        return segment;
    }
    if let Some(rest) = segment.strip_prefix(company)
        && (rest.is_empty() || rest.iter().all(|word| set("noise").contains(word.as_str())))
    {
        return rest;
    }
    if let Some([hires, rest @ ..]) = segment.strip_prefix(company)
        && hires == "hiring"
    {
        return rest;
    }
    let joined = company.concat();
    if segment.concat() == joined {
        return &[];
    }
    let at = ["at", "bei", "chez", "en", "hos", "w"];
    match segment.strip_suffix(company).and_then(|rest| rest.split_last()) {
        Some((last, rest)) if at.contains(&last.as_str()) => rest,
        _ => segment,
    }
}

/// "Engineer remote" but not "Remote Sensing Engineer".
fn without_remote(segment: &[String]) -> &[String] {
    let noise = ["remote", "remoto", "hybrid", "onsite", "homeoffice"];
    let last_words = set("last");
    let mut segment = segment;
    while let Some((last, rest)) = segment.split_last()
        && (noise.contains(&last.as_str()) || last_words.contains(last.as_str()))
        && !rest.is_empty()
    {
        segment = rest;
    }
    match segment {
        [first, next, ..] if first == "remote" && !set("thing").contains(next.as_str()) => {
            segment.get(1..).unwrap_or_default()
        }
        _ => segment,
    }
}

/// Without the place at the end that is told beside the title.
fn without_place<'a>(segment: &'a [String], place: &Place) -> &'a [String] {
    let mut segment = segment;
    while segment.len() > 1 {
        let last = |count: usize| {
            segment.len().checked_sub(count).and_then(|at| segment.split_at_checked(at))
        };
        let repeated = [2, 1]
            .into_iter()
            .filter_map(last)
            .find(|(before, end)| !before.is_empty() && place.repeats(&end.join(" ")));
        match repeated {
            Some((before, _)) => segment = before,
            None => break,
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(raw: &str) -> Title {
        let company = Company::of("Acme GmbH");
        let place = Place::of("Berlin, Germany");
        Title::of(raw, &Around { company: company.as_ref(), place: &place })
    }

    #[track_caller]
    fn check(one: &str, other: &str, want: std::ops::RangeInclusive<f64>) {
        let (a, b) = (title(one), title(other));
        let agreement = a.agreement(&b);
        assert!(want.contains(&agreement), "{agreement}: {a:?} {b:?}");
        if (agreement - 1.0).abs() < 1e-9 {
            assert_eq!(a.block(), b.block());
        }
    }

    #[test]
    fn decoration_says_nothing() {
        for (one, other) in [
            ("Senior Rust Engineer (m/w/d)", "🚀 Sr. Rust Engineer – Berlin"),
            ("Softwareentwickler:in Backend", "Softwareentwickler/in Back-End (w/m/x)"),
            ("Acme is hiring: Rust Engineer", "Rust Engineer at Acme (Remote)"),
            ("UI/UX Designer", "UX/UI Designer"),
            ("Engineer, Software", "Software Engineering"),
            ("Développeur·se Front-End", "Développeur Frontend (H/F)"),
            ("SRE II", "Site Reliability Engineer 2"),
            ("VP, Operations", "Vice President Operations"),
            ("Rust Engineer | €90k–€110k | 100% Remote", "Rust Engineer"),
            ("Webdesigner 80–100% (m/w)", "Webdesigner/in"),
            ("Data Scientist Germany", "Data Scientist"),
            ("Intern, Data", "Data Internship"),
            ("Snr Data Engineer", "Senior Data Engineer"),
            ("Team Lead", "Team Leader"),
            ("Node.js Developer", "NodeJS Developer"),
            ("ReactJS Developer", "React.js Developer"),
            ("Q.A. Engineer", "QA Engineer"),
            ("SDE II", "Software Engineer 2"),
            ("Clerk (ID 12345)", "Clerk - 12345"),
            ("Acme hiring Rust Engineer in Berlin, Germany", "Rust Engineer"),
            ("Rust Engineer (EU timezone)", "Rust Engineer"),
        ] {
            check(one, other, 0.9..=1.0);
        }
    }

    #[test]
    fn what_tells_jobs_apart_is_kept() {
        for (one, other) in [
            ("Rust Engineer", "Senior Rust Engineer"),
            ("Rust Engineer II", "Rust Engineer III"),
            ("Rust Engineer", "Rust Engineer Intern"),
            ("C Engineer", "C++ Engineer"),
            ("Engineer, Payments", "Engineer, Search"),
            ("Barista (part-time)", "Barista (full time)"),
            ("Intern, Summer 2026", "Intern, Summer 2027"),
            ("Sales (French)", "Sales (German)"),
        ] {
            check(one, other, 0.0..=0.0);
        }
        check("Software Engineer", "Software Engineer, Payments", 0.4..=0.7);
        check("Software Engineer", "Software Engineer I", 0.3..=0.65);
        let (american, german) = (title("Rust Engineer 🇺🇸"), title("Rust Engineer 🇩🇪"));
        assert!(american.place.agreement(&german.place) == 0.0, "{american:?} {german:?}");
        assert!(title("Rust Engineer - Remote").remote && !title("Remote Sensing Clerk").remote);
        check("🚀🚀", "Remote", 0.0..=0.0);
        check("", " ", 0.0..=0.0);
        check("Berlin", "(m/w/d)", 0.0..=0.0);
        assert!(title("Clerk (Req #20331)").other_requisition(&title("Clerk (Req #20412)")));
    }
}
