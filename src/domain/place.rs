//! Countries and regions: values, names, and which contains which.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::place_table::{TABLE, fold};

/// An ISO 3166-1 country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(pub(super) [u8; 2]);

impl Country {
    /// Of a code of two letters, in any case.
    pub fn of_code(code: &str) -> Option<Self> {
        let code: [u8; 2] = code.to_ascii_lowercase().into_bytes().try_into().ok()?;
        TABLE.countries.contains(&Self(code)).then_some(Self(code))
    }

    /// Its English name, as people write it.
    pub fn name(self) -> Option<&'static str> {
        TABLE.english.get(&self).copied()
    }

    /// The two letters, in lower case.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

/// A part of the world that is more than one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(pub(super) &'static str);

impl Region {
    /// All countries.
    pub const WORLDWIDE: Self = Self("worldwide");

    /// Every region there is.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.regions.keys().map(|name| Self(name))
    }

    /// In lower case, with spaces: `eu`, `north america`.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Its countries.
    pub fn countries(self) -> &'static BTreeSet<Country> {
        static NONE: BTreeSet<Country> = BTreeSet::new();
        TABLE.regions.get(self.0).unwrap_or(&NONE)
    }

    /// Whether an area lies in it. Nothing but `worldwide` itself lies in that: it is what a posting
    /// says, not a wish.
    pub fn contains(self, area: Area) -> bool {
        match area {
            Area::Region(other) if other == self => true,
            _ if self == Self::WORLDWIDE => false,
            Area::Region(other) => other.countries().is_subset(self.countries()),
            Area::Country(country) => self.countries().contains(&country),
        }
    }
}

/// What a name stands for; as it is kept, a country's code or a region's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Area {
    Country(Country),
    Region(Region),
}

impl From<Area> for String {
    fn from(area: Area) -> Self {
        match area {
            Area::Country(country) => country.code().to_owned(),
            Area::Region(region) => region.name().to_owned(),
        }
    }
}

impl TryFrom<String> for Area {
    type Error = &'static str;

    /// `eu` is a region's name and no country's code.
    fn try_from(kept: String) -> Result<Self, Self::Error> {
        let country = Country::of_code(&kept).map(Self::Country);
        let region = || TABLE.regions.get_key_value(kept.as_str());
        let area = country.or_else(|| region().map(|(name, _)| Self::Region(Region(name))));
        area.ok_or("neither a country nor a region")
    }
}

impl Area {
    /// Of a name in any of the languages of the table, or of a region.
    pub fn named(name: &str) -> Option<Self> {
        TABLE.names.get(fold(name).join(" ").as_str()).copied()
    }
}

/// The countries and regions that a stated place names: `Berlin, Germany`, `EU only`, `US / Canada`.
/// Codes of two letters count only where the text is nothing else: `CA` is California as often.
pub fn areas(text: &str) -> BTreeSet<Area> {
    let bare: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let codes: Option<BTreeSet<Area>> = bare
        .iter()
        .map(|word| {
            let code = word.len() == 2 && word.chars().all(char::is_uppercase);
            let country = Country::of_code(word).map(Area::Country);
            country.or_else(|| Area::named(word)).filter(|_| code)
        })
        .collect();
    if let Some(codes) = codes.filter(|codes| !codes.is_empty()) {
        return codes;
    }
    let words = fold(text);
    let mut found = BTreeSet::new();
    let mut at = 0;
    while at < words.len() {
        let longest = (1..=TABLE.longest).rev().find_map(|length| {
            let name = words.get(at..at + length)?.join(" ");
            // In small letters "us" is a word; "new mexico" and "new jersey" are no countries.
            let word =
                length == 1 && name.len() == 2 && !bare.contains(&name.to_uppercase().as_str());
            let new =
                at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|w| w == "new");
            let area = TABLE.names.get(name.as_str()).filter(|_| !word && !new)?;
            Some((*area, length))
        });
        if let Some((area, _)) = longest {
            found.insert(area);
        }
        at += longest.map_or(1, |(_, length)| length);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let names: Vec<String> = areas(text)
            .into_iter()
            .map(|area| match area {
                Area::Country(country) => country.to_string(),
                Area::Region(region) => region.name().to_owned(),
            })
            .collect();
        assert_eq!(names.join(", "), want, "{text}");
    }

    #[test]
    fn a_countrys_name_leads_back_to_it() {
        let named = |code: &str| Country::of_code(code).unwrap().name().unwrap();
        assert_eq!((named("US"), named("gb")), ("United States", "United Kingdom"));
        for country in &TABLE.countries {
            assert!(!areas(country.name().unwrap()).is_empty(), "{country}");
        }
    }

    #[test]
    fn stated_places_name_countries_and_regions() {
        check("Berlin, Germany", "de");
        check("Deutschland oder Österreich", "at, de");
        check("Remote - US or Canada", "ca, us");
        check("US / UK / CA", "ca, gb, us");
        check("San Francisco, CA", "");
        check("come and join us", "");
        check("EU only", "eu");
        check("Anywhere in the World", "worldwide");
        check("Papua New Guinea", "pg");
        check("Albuquerque, New Mexico", "");
        check("North America, LATAM", "latam, north america");
        check("Côte d’Ivoire; 日本", "ci, jp");
        check("", "");
    }

    #[test]
    fn what_is_kept_of_an_area_is_read_as_the_same() {
        let countries = TABLE.countries.iter().copied().map(Area::Country);
        for area in countries.chain(Region::all().map(Area::Region)) {
            assert_eq!(Area::try_from(String::from(area)), Ok(area));
        }
        assert!(Area::try_from("atlantis".to_owned()).is_err());
    }

    #[test]
    fn names_in_filters_need_no_capitals() {
        assert_eq!(Area::named("us"), Country::of_code("US").map(Area::Country));
        assert_eq!(Area::named("European  Union"), Area::named("eu"));
        assert_eq!(Area::named("berlin"), None);
        assert_eq!(Country::of_code("xx"), None);
        assert_eq!(Country::of_code("ü"), None);
    }

    #[test]
    fn regions_contain_countries_and_smaller_regions() {
        let region = |name: &str| Region::all().find(|region| region.name() == name).unwrap();
        let germany = Area::Country(Country::of_code("de").unwrap());
        for name in ["eu", "europe", "emea", "dach", "eea"] {
            assert!(region(name).contains(germany), "{name}");
        }
        assert!(region("europe").contains(Area::Region(region("eu"))));
        assert!(!region("eu").contains(Area::Region(region("europe"))));
        assert!(!region("eu").contains(Area::Country(Country::of_code("gb").unwrap())));
        assert!(!region("eu").contains(Area::Region(Region::WORLDWIDE)));
        assert!(!Region::WORLDWIDE.contains(germany));
        // The union's outermost regions have codes of their own.
        assert!((27..40).contains(&region("eu").countries().len()));
        assert!(region("latam").contains(Area::Country(Country::of_code("mx").unwrap())));
    }
}
