//! Reads the text by which a place is told.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::place::Place;
use super::tables::{TABLES, map, set};
use super::words::{fold, words};
use crate::domain::place::{Area, Country, Region};

/// Countries whose states follow a city as a code, wherever the table has a city of its name.
const WITH_STATES: [&str; 3] = ["us", "ca", "au"];

/// Of these, a town's districts are written behind its name.
const WITH_DISTRICTS: [&str; 2] = ["de", "at"];

/// What was read so far, of all and of what belongs together.
#[derive(Default)]
struct Reading {
    place: Place,
    /// Of the cities that the table has.
    countries: BTreeSet<Country>,
    city_before: bool,
    /// Of that city, by the table.
    home: Option<Country>,
    /// The country that was named before.
    within: Option<Country>,
    /// A code before a city: a state or a country, as that will tell.
    pending: Option<String>,
}

/// Of a text without markup.
pub(super) fn read(text: &str) -> Place {
    let folded = fold(text);
    if set("nowhere").contains(words(&folded).collect::<Vec<_>>().join(" ").as_str()) {
        return Place::default();
    }
    let mut reading = Reading::default();
    for group in groups(text) {
        (reading.city_before, reading.home, reading.within) = (false, None, None);
        for part in parts(group) {
            reading.add(part);
        }
        reading.flush();
    }
    let Reading { mut place, countries, .. } = reading;
    place.more = ["locations", "multiple", "various", "standorte", "several", " more", "cities"]
        .iter()
        .any(|word| folded.contains(word));
    if place.areas.is_empty() && place.states.is_empty() {
        place.areas = countries.into_iter().map(Area::Country).collect();
        place.guessed = !place.areas.is_empty();
    }
    place
}

impl Reading {
    fn add(&mut self, part: &str) {
        let (part, code) = split_code(part);
        let small = part.to_ascii_lowercase();
        if self.city_before && part.len() == 2 && set("state us").contains(small.as_str()) {
            self.add_code(&small);
        } else if !part.is_empty() {
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
        let area = Area::named(code).or_else(|| Country::of_code(code).map(Area::Country));
        if self.city_before {
            return self.add_code_after(code, area);
        }
        if let Some(within) = self.within.filter(|within| is_state(within.code(), code)) {
            self.add_state(&format!("{}-{code}", within.code()));
        } else if let (Some(country), None) = (state_of(code), area) {
            self.add_state(&format!("{country}-{code}"));
        } else if is_state("us", code) {
            self.flush();
            self.pending = Some(code.to_owned());
        } else {
            self.add_area(area);
        }
    }

    /// After a city: one of its own country's states, that country, else a namesake's state or country.
    fn add_code_after(&mut self, code: &str, area: Option<Area>) {
        let home = self.home;
        if let Some(home) = home.filter(|home| is_state(home.code(), code)) {
            self.add_state(&format!("{}-{code}", home.code()));
        } else if area.is_some() && area == home.map(Area::Country) {
            self.add_area(area);
        } else if let Some(country) = state_of(code) {
            // Of a town that the table does not have: `Gary, IN` or `Jaipur, IN`. Of Canada's towns few
            // are written so, of California's all.
            if home.is_none() && code != "ca" {
                self.place.areas.extend(area);
            }
            self.add_state(&format!("{country}-{code}"));
        } else {
            self.add_area(area);
        }
    }

    /// The code stood alone: then it is a country's.
    fn flush(&mut self) {
        if let Some(code) = self.pending.take() {
            let area = Area::named(&code).or_else(|| Country::of_code(&code).map(Area::Country));
            self.place.areas.extend(area);
        }
    }

    /// The code stood before a city.
    fn resolve(&mut self) {
        let Some(code) = self.pending.take() else { return };
        let country = Country::of_code(&code);
        let (american, own) =
            (self.home.is_some_and(|home| home.code() == "us"), self.home == country);
        if american || !own || self.home.is_none() {
            self.place.states.insert(format!("us-{code}"));
        }
        if !american {
            self.place.areas.extend(country.map(Area::Country));
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
                if let Area::Country(country) = area {
                    self.within = Some(country);
                }
                self.place.areas.insert(area);
            }
            None => {}
        }
    }

    fn add_name(&mut self, part: &str) {
        let folded = fold(part);
        let said = words(&folded).collect::<Vec<_>>();
        let remote = set("remote");
        let whole = said.join(" ");
        let says_remote =
            remote.contains(whole.as_str()) || said.iter().any(|word| remote.contains(&**word));
        self.place.remote |= says_remote;
        let name = name_of(part);
        if name.is_empty() || set("nowhere").contains(whole.as_str()) {
            return;
        }
        if let Some((city, wider)) = with_wider(&name) {
            self.add_known(city);
            self.add_known(wider);
        } else {
            self.add_known(&name);
        }
    }

    fn add_known(&mut self, name: &str) {
        let is_home = |code: &str| self.home.is_some_and(|home| home.code() == code);
        if name == "georgia" && !is_home("ge") {
            if !self.city_before && self.within.is_none() {
                self.place.areas.extend(Area::named(name));
            }
            return self.add_state("us-ga");
        }
        let again = match name {
            "washington" => Some("us-wa"),
            "new york" => Some("us-ny"),
            _ => None,
        };
        let state = again.filter(|_| self.city_before);
        let country = map("country").get(name).and_then(|code| Country::of_code(code));
        if let Some(state) = state.or_else(|| map("state").get(name).copied()) {
            self.add_state(state);
        } else if let Some(metro) = map("metro").get(name) {
            let cities = set(&format!("metro {metro}"));
            self.place.cities.extend(cities.iter().map(|city| (*city).to_owned()));
        } else if let Some((city, country)) = TABLES.cities.get(name).or_else(|| district(name)) {
            self.countries.insert(*country);
            self.add_city(city, Some(*country));
        } else if let Some(area) = Area::named(name).or(country.map(Area::Country)) {
            self.add_area(Some(area));
        } else if !self.city_before {
            // After a city it is the region that the city lies in.
            self.add_city(name, None);
        }
    }

    fn add_city(&mut self, name: &str, home: Option<Country>) {
        self.place.cities.insert(name.to_owned());
        (self.city_before, self.home) = (true, home);
        self.resolve();
    }
}

/// Whether a code is one of a country's states.
fn is_state(country: &str, code: &str) -> bool {
    set(&format!("state {country}")).contains(code)
}

/// The first country that has the state.
fn state_of(code: &str) -> Option<&'static str> {
    WITH_STATES.into_iter().find(|country| is_state(country, code))
}

/// `boston massachusetts`, but not `lake oregon`.
fn with_wider(name: &str) -> Option<(&str, &str)> {
    if is_known(name) {
        return None;
    }
    let ends = name.match_indices(' ').map(|(at, _)| name.split_at(at));
    ends.map(|(city, wider)| (city, wider.trim_start()))
        .filter(|(city, _)| TABLES.cities.contains_key(city))
        .find(|(_, wider)| map("state").contains_key(wider) || Area::named(wider).is_some())
}

/// `berlin mitte` is Berlin.
fn district(name: &str) -> Option<&'static (&'static str, Country)> {
    let (city, _) = name.split_once(' ')?;
    TABLES.cities.get(city).filter(|(_, country)| WITH_DISTRICTS.contains(&country.code()))
}

fn is_known(name: &str) -> bool {
    TABLES.cities.contains_key(name)
        || map("state").contains_key(name)
        || map("metro").contains_key(name)
        || Area::named(name).is_some()
}

/// A place's folded name, without post code and "Remote", "Greater", "area".
pub(super) fn name_of(part: &str) -> String {
    let mut name: Vec<String> = words(&fold(part)).map(Cow::into_owned).collect();
    let whole = name.join(" ");
    if is_known(&whole) {
        return whole;
    }
    name.retain(|word| !word.chars().all(|c| c.is_ascii_digit()));
    let around = set("around");
    while name.last().is_some_and(|word| around.contains(word.as_str())) {
        name.pop();
    }
    let begin = name.iter().take_while(|word| around.contains(word.as_str())).count();
    name.drain(..begin);
    if name.len() > 1 {
        for word in &mut name {
            let long = match word.as_str() {
                "st" => "saint",
                "ft" => "fort",
                "mt" => "mount",
                _ => continue,
            };
            long.clone_into(word);
        }
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
