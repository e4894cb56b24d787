//! The place of a job as it is compared: cities, states, countries and regions, whether remote.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::place_reader;
use super::tables::{TABLES, map};
use super::words::clean;
use crate::domain::place::{Area, Country};

/// Where a job is, as far as it says so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    #[serde(rename = "c", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) cities: BTreeSet<String>,
    /// `us-ca`, `ca-on`.
    #[serde(rename = "s", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) states: BTreeSet<String>,
    #[serde(rename = "a", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) areas: BTreeSet<Area>,
    /// Whether that is no more than where the city that is best known by its name lies.
    #[serde(rename = "g", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) guessed: bool,
    #[serde(rename = "r", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) remote: bool,
    /// "3 locations": some of it is not told.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) more: bool,
}

impl Place {
    pub fn of(raw: &str) -> Self {
        place_reader::read(&clean(raw))
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
        let name = place_reader::name_of(text);
        map("metro").contains_key(name.as_str())
            || TABLES.cities.contains_key(name.as_str())
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
            || area.is_some_and(|area| self.lies_in(area))
    }

    fn lies_in(&self, area: Area) -> bool {
        let known = |country| self.countries().contains(&country);
        self.areas.contains(&area) || matches!(area, Area::Country(country) if known(country))
    }

    /// Whether it says all that the other does.
    pub(super) fn covers(&self, other: &Self) -> bool {
        other.cities.is_subset(&self.cities)
            && other.states.is_subset(&self.states)
            && (other.guessed || other.areas.iter().all(|area| self.lies_in(*area)))
    }

    pub(super) fn is_remote(&self) -> bool {
        self.remote
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
        if differ {
            return 0.0;
        }
        if self.countries_apart(other) {
            // Paris may be the one in Texas.
            let namesakes = (self.guessed || other.guessed) && !self.cities.is_empty();
            return if namesakes && self.cities == other.cities { GUESSED } else { 0.0 };
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
/// Only by what is known of the name they are two places.
const GUESSED: f64 = 0.6;

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
            ("CA - San Jose", "San Jose, CA"),
            ("GA - Atlanta", "Atlanta, GA"),
            ("IL-Chicago", "Chicago, IL"),
            ("IN - Indianapolis", "Indianapolis, IN"),
            ("US, MA, Boston", "Boston, MA"),
            ("IN - Kokomo", "Kokomo, Indiana"),
            ("Toronto, ON, CA", "CA - Toronto"),
            ("Pune, MH", "Pune, India"),
            ("Berlin, DE-BE", "Berlin, BE"),
            ("Bern, BE", "Berne, Switzerland"),
            ("Chemnitz, DE", "Chemnitz, Germany"),
            ("Cambridge", "Cambridge, UK"),
            ("Cambridge", "Cambridge, MA"),
            ("Boston Massachusetts", "Boston, MA"),
            ("Ft. Meade, MD", "Fort Meade, MD"),
            ("Mt. Laurel, NJ", "Mount Laurel, NJ"),
            ("Central London", "London, UK"),
            ("Berlin-Mitte", "Berlin"),
            ("On-site, Berlin", "Berlin"),
            ("austin, tx", "Austin, TX"),
            ("Vancouver, WA", "Vancouver, Washington"),
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
            ("Vancouver, WA", "Vancouver, BC"),
            ("Paris, TX", "Paris, France"),
            ("Dublin, OH", "Dublin, Ireland"),
            ("Melbourne, FL", "Melbourne, VIC"),
            ("Athens, GA", "Athens, Greece"),
            ("St. Petersburg, FL", "Saint Petersburg, Russia"),
            ("San Jose, CR", "San Jose, CA"),
            ("IN - Springfield", "IL - Springfield"),
            ("springfield, il", "Springfield, MO"),
            ("Bay Area", "Los Angeles, CA"),
            ("Miami Beach", "Miami"),
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
        check("Bay Area", "Mountain View, CA", 0.85);
        check("Georgia", "Atlanta, GA", VAGUE);
        check("Georgia", "Tbilisi, Georgia", VAGUE);
        check("Paris", "Paris, TX", GUESSED);
        for nowhere in ["n/a", "On-site", "TBD", "Hybrid"] {
            check(nowhere, "Berlin", VAGUE);
        }
    }
}
