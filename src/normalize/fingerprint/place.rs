//! The place of a job as it is compared: cities, states, countries and regions, whether remote.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::tables::{TABLES, map, set};
use super::words::{clean, fold, words};
use crate::domain::place::{Area, Country, Region};

/// Where a job is, as far as it says so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    #[serde(rename = "c", default, skip_serializing_if = "BTreeSet::is_empty")]
    cities: BTreeSet<String>,
    /// `us-ca`, `ca-on`.
    #[serde(rename = "s", default, skip_serializing_if = "BTreeSet::is_empty")]
    states: BTreeSet<String>,
    #[serde(rename = "a", default, skip_serializing_if = "BTreeSet::is_empty")]
    areas: BTreeSet<Area>,
    #[serde(rename = "r", default, skip_serializing_if = "std::ops::Not::not")]
    remote: bool,
    /// "3 locations": some of it is not told.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

/// What is being read: the city that a part may belong to.
#[derive(Default)]
struct Reading {
    place: Place,
    /// Of the city before, if the table has it.
    countries: BTreeSet<Country>,
    city_before: bool,
}

impl Place {
    pub fn of(raw: &str) -> Self {
        let text = clean(raw);
        let mut reading = Reading::default();
        for group in groups(&text) {
            reading.city_before = false;
            for part in parts(group) {
                reading.add(part);
            }
        }
        let Reading { mut place, countries, .. } = reading;
        let folded = fold(&text);
        place.more =
            ["locations", "multiple", "various", "standorte", "several", " more", "cities"]
                .iter()
                .any(|word| folded.contains(word));
        if place.areas.is_empty() && place.states.is_empty() {
            place.areas = countries.into_iter().map(Area::Country).collect();
        }
        place
    }

    /// Whether nothing is said.
    pub fn is_unknown(&self) -> bool {
        self.cities.is_empty() && self.states.is_empty() && self.areas.is_empty() && !self.remote
    }

    /// The cities that are named, in one.
    pub(super) fn town(&self) -> Option<String> {
        (!self.cities.is_empty())
            .then(|| self.cities.iter().map(String::as_str).collect::<Vec<_>>().join(","))
    }

    /// Whether a part of a title is nothing but the name of a place.
    pub fn is_name(text: &str) -> bool {
        let name = name_of(text);
        TABLES.cities.contains_key(name.as_str())
            || map("state").contains_key(name.as_str())
            || Area::named(&name).is_some()
    }

    /// Whether a word, or two, at the end of a title repeats this place.
    pub fn repeats(&self, name: &str) -> bool {
        let city = TABLES.cities.get(name).map_or(name, |(city, _)| city);
        let area = Area::named(name).or_else(|| Country::of_code(name).map(Area::Country));
        self.cities.contains(city)
            || map("state").get(name).is_some_and(|state| self.states.contains(*state))
            || self.states.iter().any(|state| state.split('-').nth(1) == Some(name))
            || area.is_some_and(|area| self.areas.contains(&area))
    }

    /// How well two places may be one, from 1 to 0: for certain not.
    pub fn agreement(&self, other: &Self) -> f64 {
        if self.is_unknown() && other.is_unknown() {
            return 0.92;
        }
        if self == other {
            return 1.0;
        }
        if self.is_unknown() || other.is_unknown() || self.more || other.more {
            return VAGUE;
        }
        let differ = apart(&self.cities, &other.cities) || apart(&self.states, &other.states);
        if differ || self.countries_apart(other) {
            return 0.0;
        }
        match (self.cities.is_empty(), other.cities.is_empty()) {
            (false, false) => overlap(&self.cities, &other.cities),
            (true, true) => self.wide_agreement(other),
            // One names the city and the other a wider place, or none.
            _ => VAGUE,
        }
    }

    /// Neither names a city.
    fn wide_agreement(&self, other: &Self) -> f64 {
        if self.areas.is_empty() != other.areas.is_empty() {
            return VAGUE;
        }
        if self.states.is_empty() != other.states.is_empty() {
            return VAGUE;
        }
        if self.areas == other.areas { 1.0 } else { overlap(&self.areas, &other.areas).max(VAGUE) }
    }

    /// Whether no country of one is one of the other's.
    fn countries_apart(&self, other: &Self) -> bool {
        let (own, others) = (self.countries(), other.countries());
        apart(&own, &others)
    }

    fn countries(&self) -> BTreeSet<Country> {
        let of_states = self.states.iter().filter_map(|state| Country::of_code(state.get(..2)?));
        let of_areas = self.areas.iter().flat_map(|area| match area {
            Area::Country(country) => BTreeSet::from([*country]),
            Area::Region(region) => region.countries().clone(),
        });
        of_states.chain(of_areas).collect()
    }
}

/// One side says less than the other: it may be the same place.
const VAGUE: f64 = 0.72;

/// Both say something and have nothing in common.
fn apart<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> bool {
    !one.is_empty() && !other.is_empty() && one.is_disjoint(other)
}

fn overlap<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> f64 {
    if one == other {
        1.0
    } else if one.is_subset(other) || other.is_subset(one) {
        0.85
    } else if one.is_disjoint(other) {
        0.0
    } else {
        0.75
    }
}

impl Reading {
    fn add(&mut self, part: &str) {
        let (part, code) = split_code(part);
        if !part.is_empty() {
            self.add_name(part);
        }
        let Some(code) = code else { return };
        let lower = code.to_ascii_lowercase();
        // `NYC`, but `LA` after a city is Louisiana.
        if TABLES.cities.contains_key(lower.as_str()) && !self.city_before {
            self.add_name(code);
        } else {
            self.add_code(&lower);
        }
    }

    fn add_code(&mut self, code: &str) {
        let american = self.countries.iter().all(|country| country.code() == "us");
        let state = ["us", "ca", "au"].into_iter().find(|country| {
            let fits = *country != "us" || american;
            fits && set(&format!("state {country}")).contains(code)
        });
        let area = Area::named(code).or_else(|| Country::of_code(code).map(Area::Country));
        match state.filter(|_| self.city_before || area.is_none()) {
            Some(country) => self.add_state(&format!("{country}-{code}")),
            None => self.add_area(area),
        }
    }

    /// What follows a state or a country belongs to the city before no more.
    fn add_state(&mut self, state: &str) {
        self.place.states.insert(state.to_owned());
        self.city_before = false;
    }

    fn add_area(&mut self, area: Option<Area>) {
        self.city_before &= area.is_none();
        match area {
            Some(Area::Region(Region::WORLDWIDE)) => self.place.remote = true,
            Some(area) => {
                self.place.areas.insert(area);
            }
            None => {}
        }
    }

    fn add_name(&mut self, part: &str) {
        let said = words(&fold(part)).collect::<Vec<_>>();
        let remote = set("remote");
        let says_remote = remote.contains(said.join(" ").as_str())
            || said.iter().any(|word| remote.contains(word.as_str()));
        self.place.remote |= says_remote;
        let name = name_of(part);
        if name.is_empty() {
            return;
        }
        let again = match name.as_str() {
            "georgia" => Some("us-ga"),
            "washington" => Some("us-wa"),
            "new york" => Some("us-ny"),
            _ => None,
        };
        let state = again.filter(|_| self.city_before);
        let country = map("country").get(name.as_str()).and_then(|code| Country::of_code(code));
        if let Some(state) = state.or_else(|| map("state").get(name.as_str()).copied()) {
            self.add_state(state);
        } else if let Some((city, country)) = TABLES.cities.get(name.as_str()) {
            self.countries.insert(*country);
            self.add_city(city);
        } else if let Some(area) = Area::named(&name).or(country.map(Area::Country)) {
            self.add_area(Some(area));
        } else if !self.city_before {
            // After a city it is the region that the city lies in.
            self.add_city(&name);
        }
    }

    fn add_city(&mut self, name: &str) {
        self.place.cities.insert(name.to_owned());
        self.city_before = true;
    }
}

/// A place's folded name, without post code and "Remote", "Greater", "area".
fn name_of(part: &str) -> String {
    let mut name: Vec<String> = words(&fold(part)).collect();
    let whole = name.join(" ");
    if TABLES.cities.contains_key(whole.as_str()) || Area::named(&whole).is_some() {
        return whole;
    }
    name.retain(|word| !word.chars().all(|c| c.is_ascii_digit()));
    let around = set("around");
    while name.last().is_some_and(|word| around.contains(word.as_str())) {
        name.pop();
    }
    let begin = name.iter().take_while(|word| around.contains(word.as_str())).count();
    name.drain(..begin);
    if let Some(first) = name.first_mut().filter(|first| *first == "st") {
        "saint".clone_into(first);
    }
    name.join(" ")
}

/// What stands for itself: `New York / San Francisco`.
fn groups(text: &str) -> impl Iterator<Item = &str> {
    let strong = |c: char| matches!(c, ';' | '|' | '/' | '•' | '·' | '\n' | '+' | '&');
    text.split(strong).flat_map(|group| group.split(" or ")).flat_map(|group| group.split(" and "))
}

/// What belongs together: `Berlin, Germany (Remote)`, `US-CA-Irvine`.
fn parts(group: &str) -> impl Iterator<Item = &str> {
    let weak = |c: char| matches!(c, ',' | '(' | ')' | '[' | ']' | ':' | '–' | '—');
    group.split(weak).flat_map(|part| part.split(" - ")).flat_map(|part| {
        let codes = part.split('-').any(|piece| is_code(piece) || fold(piece.trim()) == "remote");
        part.split(move |c| codes && c == '-').map(str::trim).filter(|part| !part.is_empty())
    })
}

fn is_code(text: &str) -> bool {
    (2..=3).contains(&text.len()) && text.chars().all(|c| c.is_ascii_uppercase())
}

/// `Melbourne VIC`, `CA 94105`: a name and the code after it.
fn split_code(part: &str) -> (&str, Option<&str>) {
    let part = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
    if is_code(part) {
        return ("", Some(part));
    }
    match part.rsplit_once(' ') {
        Some((name, code))
            if is_code(code) && !TABLES.cities.contains_key(name_of(part).as_str()) =>
        {
            (name, Some(code))
        }
        _ => (part, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, want: f64) {
        let (a, b) = (Place::of(one), Place::of(other));
        for agreement in [a.agreement(&b), b.agreement(&a)] {
            assert!((agreement - want).abs() < 1e-9, "{agreement}: {one} {a:?}, {other} {b:?}");
        }
    }

    #[test]
    fn one_place_in_many_spellings() {
        for (one, other) in [
            ("Berlin", "10115 Berlin, Germany"),
            ("München", "Munich, Bavaria, Germany"),
            ("San Francisco, CA", "San Francisco, California, United States"),
            ("NYC", "New York, New York"),
            ("Remote (US)", "USA Only"),
            ("Remote", "Anywhere in the World"),
            ("Washington, D.C.", "Washington, DC"),
            ("Melbourne VIC", "Melbourne, Victoria, Australia"),
            ("US-CA-Irvine", "Irvine, CA"),
            ("Remote - US/Canada", "Canada, United States"),
            ("Boston, MA / New York, NY", "New York, NY; Boston, MA"),
            ("St. Louis, MO", "Saint Louis, Missouri"),
            ("Atlanta, Georgia", "Atlanta, GA"),
            ("Berlin, DE", "Berlin"),
            ("Winston-Salem, NC", "Winston-Salem, North Carolina"),
            ("東京", "Tokyo, Japan"),
        ] {
            check(one, other, 1.0);
        }
    }

    #[test]
    fn siblings_are_apart() {
        for (one, other) in [
            ("Hildesheim", "Hannover"),
            ("Portland, OR", "Portland, ME"),
            ("Cambridge, MA", "Cambridge, UK"),
            ("London, Ontario, Canada", "London, UK"),
            ("Remote (Poland)", "Remote (Portugal)"),
            ("EMEA", "APAC"),
            ("Berlin", "Remote - US"),
            ("São Paulo - SP", "Curitiba - PR"),
        ] {
            check(one, other, 0.0);
        }
    }

    #[test]
    fn less_said_is_not_sure() {
        check("Remote", "Remote, US", VAGUE);
        check("Germany", "Leipzig", VAGUE);
        check("", "Berlin", VAGUE);
        check("3 Locations", "Boston, MA", VAGUE);
        check("Boston", "Boston / New York", 0.85);
        check("", "", 0.92);
    }
}
