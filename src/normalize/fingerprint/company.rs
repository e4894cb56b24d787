//! The name of a company as it is compared: without legal form, article and punctuation.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::tables::set;
use super::words::{clean, fold, words};
use crate::domain::place::Area;

/// A shorter name is too little to be the beginning of another.
const SHORTEST_PART: usize = 3;
/// Letters by which candidates are found.
const BLOCK: usize = 3;

/// A company's name, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    #[serde(rename = "w")]
    words: Vec<String>,
    /// The words in one, umlauts and their spellings alike.
    #[serde(rename = "j")]
    joined: String,
    #[serde(rename = "a", default, skip_serializing_if = "std::ops::Not::not")]
    agency: bool,
}

/// What two names have to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kin {
    Same,
    /// One is the beginning of the other: "Acme" and "Acme Technologies".
    Part,
    /// One adds no more than a country or "Group".
    Branch,
    /// One is missing, or hides who hires: an agency.
    Unknown,
    Other,
}

impl Company {
    /// `None` where no company is named.
    pub fn of(raw: &str) -> Option<Self> {
        let text = fold(&clean(raw));
        let mut words: Vec<String> = outside_brackets(&text).flat_map(chunk_words).collect();
        words.retain(|word| !matches!(word.as_str(), "and" | "und" | "et"));
        if words.len() > 1 && words.first().is_some_and(|word| word == "the") {
            words.remove(0);
        }
        strip_forms(&mut words);
        let all = words.join(" ");
        if words.is_empty()
            || set("nameless").contains(all.as_str())
            || words.first().is_some_and(|word| word == "stealth")
        {
            return None;
        }
        let agency = is_agency(&words);
        let joined = plain_umlauts(&words.concat());
        Some(Self { words, joined, agency })
    }

    /// A company that hires for others.
    pub fn is_agency(&self) -> bool {
        self.agency
    }

    /// The name in one, without legal form, accents and signs.
    pub(super) fn key(&self) -> &str {
        &self.joined
    }

    /// The words of the name.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// The same for all names that may be the same or a part of each other.
    pub(super) fn block(&self) -> String {
        self.joined.chars().take(BLOCK).collect()
    }

    pub fn kin(one: Option<&Self>, other: Option<&Self>) -> Kin {
        let (Some(one), Some(other)) = (one, other) else { return Kin::Unknown };
        if one.agency || other.agency {
            return Kin::Unknown;
        }
        if one.joined == other.joined {
            return Kin::Same;
        }
        let (short, long) =
            if one.words.len() <= other.words.len() { (one, other) } else { (other, one) };
        let begins = short.words.first() == long.words.first()
            && short.words.iter().all(|word| long.words.contains(word))
            || long.begins_with(&short.joined)
            || short.begins_with(&long.joined);
        let enough = short.joined.chars().count().min(long.joined.chars().count()) >= SHORTEST_PART;
        if !(begins && enough) {
            return Kin::Other;
        }
        let added = long.words.strip_prefix(short.words.as_slice()).unwrap_or_default();
        let branch =
            |word: &String| set("branch").contains(word.as_str()) || Area::named(word).is_some();
        if !added.is_empty() && added.iter().all(branch) { Kin::Branch } else { Kin::Part }
    }

    /// Whether its first words in one are this: "jpmorgan" of J.P. Morgan Chase.
    fn begins_with(&self, joined: &str) -> bool {
        let ends = 1..self.words.len();
        ends.map(|end| plain_umlauts(&self.words.get(..end).unwrap_or_default().concat()))
            .any(|begin| begin == joined)
    }
}

/// The parts of a name that stand outside brackets, cut at white space.
fn outside_brackets(text: &str) -> impl Iterator<Item = &str> {
    let text = text.split(", powered by ").next().unwrap_or_default();
    let (before, rest) = text.split_once('(').unwrap_or((text, ""));
    let after = rest.split_once(')').map_or("", |(_, after)| after);
    // A name that is all in brackets is the name.
    let parts = if before.trim().is_empty() { [text, ""] } else { [before, after] };
    parts.into_iter().flat_map(str::split_whitespace)
}

/// `s.r.o.` and `A/S` are one word; of `lemon.io` the ending says nothing.
fn chunk_words(chunk: &str) -> Vec<String> {
    let mut chunk = chunk.to_owned();
    for form in ["株式会社", "有限会社", "合同会社", "有限公司", "주식회사"] {
        chunk = chunk.replace(form, " ");
    }
    let letters: Vec<&str> = chunk.split(['.', '/']).filter(|part| !part.is_empty()).collect();
    if letters.len() > 1 && letters.iter().all(|part| part.trim_matches(',').chars().count() == 1) {
        return vec![letters.concat().replace(',', "")];
    }
    let host = ["com", "io", "ai", "co", "net", "org", "app", "dev"];
    let bare = chunk.trim_end_matches(',').rsplit_once('.');
    let name = bare.filter(|(name, end)| !name.is_empty() && host.contains(end));
    words(name.map_or(chunk.as_str(), |(name, _)| name)).map(Cow::into_owned).collect()
}

/// Takes away what the law adds to a name; never the whole of it.
fn strip_forms(words: &mut Vec<String>) {
    let (after, before) = (set("form"), set("form before"));
    while words.len() > 1 && words.last().is_some_and(|word| after.contains(word.as_str())) {
        words.pop();
    }
    if words.len() > 1 && words.first().is_some_and(|word| before.contains(word.as_str())) {
        words.remove(0);
    }
}

fn is_agency(words: &[String]) -> bool {
    let (agencies, tail) = (set("agency"), set("agency tail"));
    let named = (1..=words.len()).any(|end| {
        let (name, rest) = words.split_at(end);
        let rest_is_no_name =
            |word: &String| tail.contains(word.as_str()) || Area::named(word).is_some();
        agencies.contains(name.join(" ").as_str()) && rest.iter().all(rest_is_no_name)
    });
    let tool = words.last().is_some_and(|word| set("tool").contains(word.as_str()));
    let says = |word: &String| set("agency word").iter().any(|part| word.starts_with(part));
    let ends = words.last().is_some_and(|word| set("agency end").contains(word.as_str()));
    named || (!tool && (ends || words.iter().any(says)))
}

/// `mueller` and `müller`, which folding made `muller`, alike.
fn plain_umlauts(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c != 'e' || !plain.ends_with(['a', 'o', 'u']) {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, want: Kin) {
        let (one, other) = (Company::of(one), Company::of(other));
        assert_eq!(Company::kin(one.as_ref(), other.as_ref()), want, "{one:?} {other:?}");
        assert_eq!(Company::kin(other.as_ref(), one.as_ref()), want, "{other:?} {one:?}");
        if matches!(want, Kin::Same | Kin::Branch | Kin::Part) {
            assert_eq!(one.unwrap().block(), other.unwrap().block());
        }
    }

    #[test]
    fn one_company_in_many_spellings() {
        for (one, other) in [
            ("Acme GmbH & Co. KG", "ACME"),
            ("The Acme Company, Inc.", "Acme Company"),
            ("Škoda Auto a.s.", "S\u{30c}koda Auto"),
            ("Nestlé S.A.", "Nestle"),
            ("Żubr Sp. z o.o.", "Zubr"),
            ("Delft Optics B.V.", "Delft Optics BV"),
            ("Rook &amp; Raven", "Rook and Raven Ltd"),
            ("Lemoncake.io", "Lemoncake"),
            ("WorkWhile", "Work While"),
            ("J.P. Morgan", "JP Morgan"),
            ("Müller", "Mueller GmbH"),
            ("Havn Kaffe A/S", "Havn Kaffe"),
            ("Volcán S.A. de C.V.", "Volcan"),
            ("ООО Северный Код", "Северный код"),
            ("株式会社みなと", "みなと"),
            ("Acme (YC S21)", "Acme"),
            ("Al-Noor", "Al Noor"),
        ] {
            check(one, other, Kin::Same);
        }
    }

    #[test]
    fn near_names_are_other_companies() {
        check("Škoda", "Koda", Kin::Other);
        check("Ørsted", "Rsted", Kin::Other);
        check("Müller", "Möller", Kin::Other);
        check("Notion", "Motion", Kin::Other);
        check("Orion Labs", "Orion Health", Kin::Other);
        check("Helix", "Helixa", Kin::Other);
    }

    #[test]
    fn a_beginning_is_not_sure_and_an_agency_is_nobody() {
        check("Acme", "Acme Technologies", Kin::Part);
        check("Deloitte", "Deloitte France", Kin::Branch);
        check("JPMorgan", "J.P. Morgan Chase", Kin::Part);
        check("Ferncliff Hospital", "Ferncliff University Hospital", Kin::Part);
        check("Robert Half", "Robert Half", Kin::Unknown);
        check("Brightway Staffing", "Brightway Staffing", Kin::Unknown);
        check("Adequat Interim", "Adequat Interim", Kin::Unknown);
        for name in ["Recruitee", "Recruit Holdings", "Interim HealthCare"] {
            check(name, name, Kin::Same);
        }
        check("Marble Recruiting Software", "Marble Recruiting Software", Kin::Same);
        check("Confidential", "Acme", Kin::Unknown);
        check("AG", "AG", Kin::Same);
    }
}
