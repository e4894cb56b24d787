//! The table behind [`place`](super::place): from the crate `keshvar`, and from `places.txt` what
//! that lacks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use keshvar::{Continent, CountryIterator, SubRegion, WorldRegion};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::place::{Area, Country, Region};

const LINES: &str = include_str!("places.txt");

pub(super) struct Table {
    pub countries: BTreeSet<Country>,
    pub regions: BTreeMap<&'static str, BTreeSet<Country>>,
    /// The name of each in English.
    pub english: BTreeMap<Country, &'static str>,
    /// By folded name.
    pub names: HashMap<String, Area>,
    /// Words of the longest name.
    pub longest: usize,
}

pub(super) static TABLE: LazyLock<Table> = LazyLock::new(Table::read);

/// Words in lower case, without accents.
pub(super) fn fold(text: &str) -> Vec<String> {
    let plain: String = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        let bare = text.nfkd().filter(|c| !is_combining_mark(*c));
        bare.flat_map(char::to_lowercase).collect()
    };
    let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

impl Table {
    fn read() -> Self {
        let mut table = Self {
            countries: BTreeSet::new(),
            regions: BTreeMap::new(),
            english: BTreeMap::new(),
            names: HashMap::new(),
            longest: 1,
        };
        CountryIterator::new().for_each(|known| table.add(&known));
        for line in LINES.lines() {
            let (what, rest) = line.split_once(' ').unwrap_or_default();
            match (what, rest.split_once(" = "), rest.split_once(' ')) {
                ("name", _, Some((code, name))) => {
                    let country = table.country(code);
                    table.names.extend(country.map(|code| (name.to_owned(), Area::Country(code))));
                }
                ("region", Some((name, codes)), _) => {
                    let listed = codes.split(' ').filter_map(|code| table.country(code)).collect();
                    table.regions.insert(name, listed);
                }
                _ => {}
            }
        }
        for name in table.regions.keys() {
            table.names.insert((*name).to_owned(), Area::Region(Region(name)));
        }
        for line in LINES.lines().filter_map(|line| line.strip_prefix("alias ")) {
            let known = line.split_once(" = ").map(|(alias, name)| (alias, table.names.get(name)));
            if let Some((alias, Some(area))) = known {
                table.names.insert(alias.to_owned(), *area);
            }
        }
        table.longest = table.names.keys().map(|name| name.split(' ').count()).max().unwrap_or(1);
        table
    }

    fn country(&self, code: &str) -> Option<Country> {
        let code = Country(code.as_bytes().try_into().ok()?);
        self.countries.get(&code).copied()
    }

    fn add(&mut self, known: &keshvar::Country) {
        let code = known.alpha2().to_string().to_ascii_lowercase().into_bytes();
        let Ok(code) = code.try_into().map(Country) else { return };
        self.countries.insert(code);
        for region in regions_of(known) {
            self.regions.entry(region).or_default().insert(code);
        }
        let own = known.unofficial_name_list().iter().copied();
        let english = own.clone().next().unwrap_or_else(|| known.iso_short_name());
        self.english.insert(code, english);
        for name in own.chain([known.iso_short_name(), known.iso_long_name()]) {
            self.names.insert(fold(name).join(" "), Area::Country(code));
        }
    }
}

/// The regions that hold a country. The union's members count as Europe, also Cyprus in Asia.
fn regions_of(known: &keshvar::Country) -> Vec<&'static str> {
    let mut regions = vec!["worldwide"];
    regions.extend(known.eu_member().then_some("eu"));
    regions.extend(known.eea_member().then_some("eea"));
    let continent = match known.continent() {
        Continent::Africa => Some("africa"),
        Continent::Antarctica => None,
        Continent::Asia => Some("asia"),
        Continent::Australia => Some("oceania"),
        Continent::Europe => Some("europe"),
        Continent::NorthAmerica => Some("north america"),
        Continent::SouthAmerica => Some("south america"),
    };
    regions.extend(continent.filter(|name| *name != "europe" && !known.eu_member()));
    regions.extend((continent == Some("europe") || known.eu_member()).then_some("europe"));
    regions.push(match known.world_region() {
        WorldRegion::AMER => "americas",
        WorldRegion::APAC => "apac",
        WorldRegion::EMEA => "emea",
    });
    let subregion = known.maybe_subregion();
    if let Some(SubRegion::SouthAmerica | SubRegion::CentralAmerica | SubRegion::Caribbean) =
        subregion
    {
        regions.push("latam");
    }
    regions.extend(match subregion {
        Some(SubRegion::CentralAmerica) => Some("central america"),
        Some(SubRegion::Caribbean) => Some("caribbean"),
        Some(SubRegion::EasternEurope) => Some("eastern europe"),
        Some(SubRegion::NorthernEurope) => Some("northern europe"),
        Some(SubRegion::SouthernEurope) => Some("southern europe"),
        Some(SubRegion::WesternEurope) => Some("western europe"),
        Some(SubRegion::SouthEasternAsia) => Some("southeast asia"),
        Some(SubRegion::WesternAsia) => Some("middle east"),
        _ => None,
    });
    regions
}
