//! What of a posting tells which opening it is of, in a form that is quick to compare. Pure.
//!
//! The company's name without its legal form, the title without decoration, the place, the address
//! without tracking, and a sketch of the body. [`same_opening`] compares two; [`Fingerprint::keys`]
//! gives the few keys by which candidates are found: two postings that are the same share one.

mod address;
mod address_number;
mod company;
mod kept;
mod place;
mod place_reader;
mod sketch;
mod tables;
mod title;
mod title_marks;
mod verdict;
mod words;

use std::hash::Hasher;

use chrono::{DateTime, Utc};
use siphasher::sip::SipHasher13;

use self::address::Address;
pub use self::address::is_employers;
use self::company::Company;
pub use self::kept::READER;
use self::place::Place;
pub use self::sketch::Sketch;
use self::title::{Around, Title};
pub use self::verdict::{
    THRESHOLD, Verdict, WINDOW, in_window, is_certain, same_opening, score, verdict,
};
use crate::domain::posting::Posting;

/// By what an opening is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub key: i64,
    /// Of a body's key, the block of the company that is named: others need not be compared, except those
    /// that name nobody.
    pub block: Option<i64>,
}

/// What is known of a posting when it is compared. The sketch is kept when the body is not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown<'a> {
    pub company: Option<&'a str>,
    pub title: &'a str,
    pub location: Option<&'a str>,
    pub url: Option<&'a str>,
    pub posted_at: Option<DateTime<Utc>>,
    pub sketch: Option<Sketch>,
}

impl<'a> From<&'a Posting> for Shown<'a> {
    fn from(posting: &'a Posting) -> Self {
        Self {
            company: posting.company.as_deref(),
            title: &posting.title,
            location: posting.location.as_deref(),
            url: posting.url.as_deref(),
            posted_at: posting.posted_at,
            sketch: Sketch::of(&posting.body),
        }
    }
}

/// A posting, ready to be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Fingerprint {
    company: Option<Company>,
    title: Title,
    place: Place,
    address: Option<Address>,
    sketch: Option<Sketch>,
    posted_at: Option<DateTime<Utc>>,
}

impl Fingerprint {
    pub fn of(shown: &Shown<'_>) -> Self {
        let company = shown.company.and_then(Company::of);
        let place = shown.location.map(Place::of).unwrap_or_default();
        let around = Around { company: company.as_ref(), place: &place };
        let title = Title::of(shown.title, &around);
        let address = shown.url.and_then(Address::of);
        let (sketch, posted_at) = (shown.sketch, shown.posted_at);
        Self { company, title, place, address, sketch, posted_at }
    }

    /// When its board says that it was posted.
    pub fn posted_at(&self) -> Option<DateTime<Utc>> {
        self.posted_at
    }

    /// Of the body, if it is long enough.
    pub fn sketch(&self) -> Option<Sketch> {
        self.sketch
    }

    /// What no two may join postings for at a time: every two postings that are [`Verdict::Same`] share
    /// one, unless one of them is [`Self::is_anonymous`]; then they share that or one of [`Self::bands`].
    pub fn blocks(&self) -> Vec<i64> {
        let ad = self.address.as_ref().and_then(Address::ad).map(|ad| key("ad", &[ad]));
        self.block().into_iter().chain(ad).collect()
    }

    /// Keys of the body.
    pub fn bands(&self) -> impl Iterator<Item = i64> {
        self.sketch.into_iter().flat_map(Sketch::bands).map(u64::cast_signed)
    }

    /// Of the company, if one is named.
    fn block(&self) -> Option<i64> {
        let named = self.company.as_ref().filter(|company| !company.is_agency())?;
        Some(key("company", &[&named.block()]))
    }

    /// Whether nobody is named whose job it is: then its body alone may tell.
    pub fn is_anonymous(&self) -> bool {
        self.company.as_ref().is_none_or(Company::is_agency)
    }

    /// Keys by which candidates are found, at most twelve: every two postings that are [`Verdict::Same`]
    /// share one. They are the same on every machine and in every version.
    pub fn keys(&self) -> Vec<Key> {
        let mut keys = Vec::with_capacity(12);
        if let Some(named) = self.company.as_ref().filter(|company| !company.is_agency()) {
            let (company, title) = (named.block(), self.title.block());
            keys.push(key("job", &[&company, &title]));
            // Among many companies that begin alike, this one's are first.
            keys.push(key("own", &[named.key(), &title]));
            // Of a chain's ads in a thousand towns, those in this one.
            keys.extend(self.place.town().map(|town| key("town", &[&company, &title, &town])));
        }
        keys.extend(self.address.as_ref().and_then(Address::ad).map(|ad| key("ad", &[ad])));
        let mut keys: Vec<Key> = keys.into_iter().map(|key| Key { key, block: None }).collect();
        let block = self.block();
        keys.extend(self.bands().map(|key| Key { key, block }));
        keys
    }

    /// Whether both are one ad of one site: what it said before says nothing against what it says now.
    pub(super) fn is_one_ad(&self, other: &Self) -> bool {
        Address::ads(self.address.as_ref(), other.address.as_ref()) == address::Ads::Same
    }

    /// Whether nothing but the time differs.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        self.company == other.company
            && self.title == other.title
            && self.place == other.place
            && self.address == other.address
            && self.sketch == other.sketch
    }
}

/// A company's name as it is compared; `None` for one that names nobody.
pub fn company_key(name: &str) -> Option<String> {
    Company::of(name).map(|company| company.key().to_owned())
}

fn key(kind: &str, parts: &[&str]) -> i64 {
    let mut hasher = SipHasher13::new_with_keys(0x6f70_656e, 0x696e_6773);
    for part in [kind].iter().chain(parts) {
        hasher.write(part.as_bytes());
        hasher.write(b"\0");
    }
    hasher.finish().cast_signed()
}
