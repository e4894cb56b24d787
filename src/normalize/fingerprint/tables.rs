//! The tables of words, read once: `words.txt` and `cities.txt`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::domain::place::Country;

type Set = HashSet<&'static str>;
type Map = HashMap<&'static str, &'static str>;

/// See `words.txt` for what each holds.
#[derive(Default)]
pub struct Tables {
    sets: HashMap<&'static str, Set>,
    maps: HashMap<&'static str, Map>,
    /// The name of a city, and its country.
    pub cities: HashMap<&'static str, (&'static str, Country)>,
}

pub static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);

impl Tables {
    fn read() -> Self {
        let mut tables = Self::default();
        for line in include_str!("words.txt").lines() {
            let Some((what, words)) = line.split_once(" = ") else { continue };
            let words = words.split('/');
            if let Some(name) = what.strip_prefix("set ") {
                tables.sets.entry(name).or_default().extend(words);
            } else if let Some((name, means)) =
                what.strip_prefix("map ").and_then(|what| what.split_once(' '))
            {
                tables.maps.entry(name).or_default().extend(words.map(|word| (word, means)));
            }
        }
        for line in include_str!("cities.txt").lines() {
            let Some((code, names)) = line.split_once(' ') else { continue };
            let Some(country) = Country::of_code(code) else { continue };
            for names in names.split(", ") {
                let name = names.split('/').next().unwrap_or_default();
                tables.cities.extend(names.split('/').map(|other| (other, (name, country))));
            }
        }
        tables
    }
}

/// A set by its name; empty if there is none.
pub fn set(name: &str) -> &'static Set {
    static NONE: LazyLock<Set> = LazyLock::new(Set::default);
    TABLES.sets.get(name).unwrap_or(&NONE)
}

/// A map by its name; empty if there is none.
pub fn map(name: &str) -> &'static Map {
    static NONE: LazyLock<Map> = LazyLock::new(Map::default);
    TABLES.maps.get(name).unwrap_or(&NONE)
}
