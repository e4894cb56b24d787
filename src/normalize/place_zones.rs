//! The time zones of a place to which remote work is restricted: "Germany", "EU only", "US or Canada".
//! Only where the stated place is nothing but countries and regions: behind "Berlin, Germany" may be
//! an office.

use crate::domain::facts::Zones;
use crate::domain::place::{Area, Country, Region};

/// Minutes east of UTC over the year, from the west in winter to the east in summer, and the countries
/// whose main land lies there.
const COUNTRIES: [(i32, i32, &str); 28] = [
    (-480, -300, "mx"),
    (-480, -240, "us"),
    (-480, -150, "ca"),
    (-360, -360, "cr gt hn ni sv"),
    (-300, -300, "co ec jm pa pe"),
    (-300, -180, "br"),
    (-240, -240, "bo do pr ve"),
    (-240, -180, "cl"),
    (-180, -180, "ar py uy"),
    (0, 0, "gh is sn"),
    (0, 60, "gb gg ie im je pt ma"),
    (60, 60, "dz ng tn"),
    (
        60,
        120,
        "ad al at ba be ch cz de dk es fr gi hr hu it li lu mc me mk mt nl no pl rs se si sk sm va",
    ),
    (120, 120, "bw rw za zm zw"),
    (120, 180, "bg cy ee eg fi gr il lb lt lv md ro ua"),
    (120, 720, "ru"),
    (180, 180, "bh by et iq ke kw qa sa tr tz ug"),
    (240, 240, "ae am az ge om"),
    (300, 300, "kz pk uz"),
    (330, 330, "in lk"),
    (345, 345, "np"),
    (360, 360, "bd"),
    (420, 420, "th vn"),
    (420, 540, "id"),
    (480, 480, "cn hk my ph sg tw"),
    (480, 660, "au"),
    (540, 540, "jp kr"),
    (720, 780, "nz"),
];

/// Regions whose countries are not all in the table, or lie far beyond what the name means.
const REGIONS: [(i32, i32, &str); 6] = [
    (0, 180, "eea"),
    (0, 180, "eu"),
    (0, 180, "europe"),
    (-480, -150, "north america"),
    (-480, -180, "latam"),
    (-300, -180, "south america"),
];

/// Places further apart than this leave out what is between them, in minutes.
const WIDEST_GAP: i32 = 180;

/// Words that restrict and say no place.
const GLUE: [&str; 21] = [
    "100",
    "anywhere",
    "based",
    "candidates",
    "country",
    "from",
    "fully",
    "home",
    "in",
    "located",
    "office",
    "only",
    "remote",
    "remotely",
    "residents",
    "restricted",
    "the",
    "to",
    "within",
    "work",
    "working",
];

/// The zones of a stated place that is nothing but countries and regions.
pub fn of_place(text: &str) -> Option<Zones> {
    let pieces = text.split([',', '/', '|', ';', '(', ')', '[', ']', '&', '+', '–', '—', '·', ':']);
    let pieces = pieces.flat_map(|piece| piece.split(" - ")).flat_map(|piece| piece.split(" or "));
    let mut ranges = Vec::new();
    for piece in pieces.flat_map(|piece| piece.split(" and ")) {
        let words = piece.split_whitespace().map(|word| word.trim_matches(['.', '-', '%', '!']));
        let is_glue = |word: &&str| GLUE.contains(&word.to_lowercase().as_str());
        let name: Vec<&str> = words.filter(|word| !word.is_empty() && !is_glue(word)).collect();
        if !name.is_empty() {
            ranges.push(of_area(Area::named(&name.join(" "))?)?);
        }
    }
    ranges.sort_unstable();
    let (mut from, mut to) = *ranges.first()?;
    for (west, east) in ranges {
        if west - to > WIDEST_GAP {
            return None;
        }
        (from, to) = (from.min(west), to.max(east));
    }
    Zones::new(from, to)
}

fn of_area(area: Area) -> Option<(i32, i32)> {
    match area {
        Area::Country(country) => of_country(country),
        Area::Region(Region::WORLDWIDE) => None,
        Area::Region(region) => {
            let known = REGIONS.iter().find(|(_, _, name)| *name == region.name());
            known.map(|(from, to, _)| (*from, *to)).or_else(|| {
                let countries = region.countries().iter().map(|country| of_country(*country));
                let ranges = countries.collect::<Option<Vec<_>>>()?;
                let from = ranges.iter().map(|(from, _)| *from).min()?;
                Some((from, ranges.iter().map(|(_, to)| *to).max()?))
            })
        }
    }
}

fn of_country(country: Country) -> Option<(i32, i32)> {
    let code = country.code();
    let listed = |codes: &str| codes.split(' ').any(|listed| listed == code);
    COUNTRIES.iter().find(|(_, _, codes)| listed(codes)).map(|(from, to, _)| (*from, *to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let zones = of_place(text).map(|zones| zones.to_string());
        assert_eq!(zones.unwrap_or_default(), want, "{text}");
    }

    #[test]
    fn countries_and_regions_have_zones() {
        check("Germany", "UTC+1…UTC+2");
        check("Remote, EU only", "UTC+0…UTC+3");
        check("Remote (US only)", "UTC−8…UTC−4");
        check("USA Only", "UTC−8…UTC−4");
        check("Remote - US or Canada", "UTC−8…UTC−2:30");
        check("Deutschland, Österreich, Schweiz", "UTC+1…UTC+2");
        check("DACH", "UTC+1…UTC+2");
        check("Europe", "UTC+0…UTC+3");
        check("Anywhere in the UK", "UTC+0…UTC+1");
        check("India", "UTC+5:30");
        check("New Zealand", "UTC+12…UTC+13");
        check("LATAM", "UTC−8…UTC−3");
    }

    #[test]
    fn what_is_more_or_less_than_countries_says_nothing() {
        for text in [
            "Berlin, Germany",
            "Remote",
            "Worldwide",
            "Anywhere in the World",
            "US, Australia",
            "Germany, Japan",
            "EMEA",
            "San Francisco, CA",
            "Remote (EU timezones)",
            "not Germany",
            "",
        ] {
            check(text, "");
        }
    }

    #[test]
    fn every_listed_country_exists_once() {
        let mut codes: Vec<&str> =
            COUNTRIES.iter().flat_map(|(_, _, codes)| codes.split(' ')).collect();
        let all = codes.len();
        assert!(codes.iter().all(|code| Country::of_code(code).is_some()));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
        let known = |name: &str| Region::all().any(|region| region.name() == name);
        assert!(REGIONS.iter().all(|(_, _, name)| known(name)));
    }
}
