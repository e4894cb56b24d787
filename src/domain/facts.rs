//! What postings state beside their text, as values; what a posting does not say is unknown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Declares an enum of words, with its text form in filters, columns and JSON.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($variant,)* }

        impl $name {
            pub const WORDS: &[&str] = &[$($word,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(format!("{word:?} is none of {}", Self::WORDS.join(", "))),
                }
            }
        }
    };
}

words! {
    /// How somebody is employed.
    Employment {
        Contract = "contract",
        Freelance = "freelance",
        Fulltime = "fulltime",
        Internship = "internship",
        Parttime = "parttime",
    }
}

words! {
    /// How much experience is asked for.
    Level {
        Junior = "junior",
        Mid = "mid",
        Senior = "senior",
        Lead = "lead",
    }
}

/// A language by its ISO 639-1 code, or 639-3 where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Language(isolang::Language);

impl Language {
    /// Of a code, or an English name. A language with one written form of its own is the one that
    /// people ask for: Mandarin is Chinese, Bokmål Norwegian.
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.to_lowercase();
        let found = isolang::Language::from_639_1(&lower)
            .or_else(|| isolang::Language::from_639_3(&lower))
            .or_else(|| isolang::Language::from_name_lowercase(&lower))?;
        let asked_for = match found.to_639_3() {
            "cmn" => "zho",
            "nob" | "nno" => "nor",
            "pes" => "fas",
            _ => return Some(Self(found)),
        };
        isolang::Language::from_639_3(asked_for).map(Self)
    }

    pub fn code(self) -> &'static str {
        self.0.to_639_1().unwrap_or_else(|| self.0.to_639_3())
    }
}

impl fmt::Display for Language {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

impl PartialOrd for Language {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Language {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl Serialize for Language {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::named(&code)
            .ok_or_else(|| serde::de::Error::custom(format!("{code:?} is not a language")))
    }
}

/// The time zones that a posting allows, as minutes east of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Bounds")]
pub struct Zones {
    from: i32,
    to: i32,
}

#[derive(Deserialize)]
struct Bounds {
    from: i32,
    to: i32,
}

impl TryFrom<Bounds> for Zones {
    type Error = &'static str;

    fn try_from(Bounds { from, to }: Bounds) -> Result<Self, Self::Error> {
        Self::new(from, to).ok_or("time zones are minutes between -720 and 840")
    }
}

impl Zones {
    /// `None` outside of UTC−12…UTC+14. Swapped bounds are put in order.
    pub fn new(one: i32, other: i32) -> Option<Self> {
        let (from, to) = (one.min(other), one.max(other));
        (from >= -720 && to <= 840).then_some(Self { from, to })
    }

    /// Minutes between somebody's zone and the nearest that is allowed.
    pub fn distance(self, offset: i32) -> u32 {
        offset.abs_diff(offset.clamp(self.from, self.to))
    }
}

impl fmt::Display for Zones {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = |minutes: i32| {
            let sign = if minutes < 0 { '−' } else { '+' };
            let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
            if rest == 0 {
                format!("UTC{sign}{hours}")
            } else {
                format!("UTC{sign}{hours}:{rest:02}")
            }
        };
        if self.from == self.to {
            return out.write_str(&offset(self.from));
        }
        write!(out, "{}…{}", offset(self.from), offset(self.to))
    }
}

/// The facts of one posting. Empty and `None` are unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// One of these, whichever is agreed on.
    #[serde(default, rename = "type", skip_serializing_if = "Vec::is_empty")]
    pub employment: Vec<Employment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Language of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<Language>,
    /// Whether somebody is helped with a visa.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visa: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zones: Option<Zones>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_form_holds_only_what_is_known() {
        let json =
            r#"{"type":["contract"],"level":"senior","lang":"en","zones":{"from":-60,"to":180}}"#;
        let facts: Facts = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&facts).unwrap(), json);
        assert_eq!(serde_json::to_string(&Facts::default()).unwrap(), "{}");
        for wrong in
            [r#"{"level":"boss"}"#, r#"{"lang":"klingonese"}"#, r#"{"zones":{"from":0,"to":9999}}"#]
        {
            assert!(serde_json::from_str::<Facts>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn zones_print_and_measure() {
        let zones = Zones::new(180, -60).unwrap();
        assert_eq!(zones.to_string(), "UTC−1…UTC+3");
        assert_eq!(Zones::new(330, 330).unwrap().to_string(), "UTC+5:30");
        assert_eq!([zones.distance(60), zones.distance(-300), zones.distance(540)], [0, 240, 360]);
    }

    #[test]
    fn languages_have_codes_and_names() {
        assert_eq!(Language::named("German"), Language::named("de"));
        assert_eq!(Language::named("de").unwrap().code(), "de");
        assert_eq!(Language::named("nothing"), None);
        for (name, code) in [("cmn", "zh"), ("nb", "no"), ("pes", "fa"), ("Chinese", "zh")] {
            assert_eq!(Language::named(name).map(Language::code), Some(code), "{name}");
        }
    }
}
