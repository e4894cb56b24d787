//! Whether two postings are one opening.

use chrono::TimeDelta;

use super::address::{Address, Ads};
use super::company::{Company, Kin};
use super::place::Place;
use super::{Fingerprint, sketch::Sketch};

/// A repost later than this after the last showing is a new opening.
pub const WINDOW: TimeDelta = TimeDelta::days(45);
/// Two ads of one site that began so near to each other stand side by side: two requisitions.
const SIDE_BY_SIDE: TimeDelta = TimeDelta::days(1);
/// From this score on two postings are one opening; docs/openings.md shows what others would do.
pub const THRESHOLD: f64 = 0.66;
/// Below it they are two.
const UNLIKELY: f64 = 0.2;
/// One ad: nothing else that they say matters.
const CERTAIN: f64 = 1.0;
/// Two ads that one site tells apart, and which do not say the same.
const OTHER_AD: f64 = 0.1;
/// Two addresses of one site that tell no two ads.
const OTHER_ADDRESS: f64 = 0.3;
/// Bodies this similar are copies.
const COPY: f64 = 0.7;
/// Bodies less similar have nothing to do with each other.
const FOREIGN: f64 = 0.1;

/// What is to be done about two postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Same,
    Different,
    /// Not the same for certain; nothing speaks against it.
    Unsure,
}

/// Whether two postings are one opening, by all that is known of them.
pub fn same_opening(one: &Fingerprint, other: &Fingerprint) -> Verdict {
    if in_window(one, other) { verdict(score(one, other)) } else { Verdict::Different }
}

/// What a score means.
pub fn verdict(score: f64) -> Verdict {
    if score >= THRESHOLD {
        Verdict::Same
    } else if score < UNLIKELY {
        Verdict::Different
    } else {
        Verdict::Unsure
    }
}

/// Whether two postings are one ad, whatever else they say: its owner edited it.
pub fn is_certain(score: f64) -> bool {
    score >= CERTAIN
}

/// Whether two postings were posted near enough to each other, as far as is known.
pub fn in_window(one: &Fingerprint, other: &Fingerprint) -> bool {
    apart(one, other).is_none_or(|apart| apart <= WINDOW)
}

fn apart(one: &Fingerprint, other: &Fingerprint) -> Option<TimeDelta> {
    Some((one.posted_at? - other.posted_at?).abs())
}

/// How surely two postings are one opening, from 0 to 1, whenever they were posted.
pub fn score(one: &Fingerprint, other: &Fingerprint) -> f64 {
    let ads = Address::ads(one.address.as_ref(), other.address.as_ref());
    if ads == Ads::Same {
        return CERTAIN;
    }
    if ads == Ads::Requisitions || one.title.other_requisition(&other.title) {
        return 0.0;
    }
    let place = place(one, other);
    // A chain's ad in every town: most candidates end here.
    if place == 0.0 && ads != Ads::SamePage {
        return 0.0;
    }
    let title = one.title.agreement(&other.title);
    let kin = Company::kin(one.company.as_ref(), other.company.as_ref());
    if title > 0.99 && is_one_page(ads, kin) || is_retitled(one, other, (ads, kin), place) {
        return 0.9;
    }
    let company = match kin {
        Kin::Same => 1.0,
        Kin::Branch => 0.85,
        Kin::Part => 0.6,
        Kin::Unknown => 0.5,
        Kin::Other => return 0.0,
    };
    // Only an address makes it certain.
    let facts = (company * title * place).min(0.98);
    if facts == 0.0 {
        return 0.0;
    }
    let beside =
        ads == Ads::Siblings && apart(one, other).is_some_and(|apart| apart < SIDE_BY_SIDE);
    if beside {
        return 0.0;
    }
    // A site that shows two ads means two jobs, unless they say the same.
    let exact = title > 0.99 && place > 0.9;
    if ads == Ads::Siblings && !(exact && one.says_where(other)) {
        return facts.min(OTHER_AD);
    }
    if ads == Ads::Reshown && !exact {
        return facts.min(OTHER_ADDRESS);
    }
    // One word is soon shared by two jobs.
    let facts = if one.title.is_short() && place < 0.9 { facts * 0.9 } else { facts };
    with_bodies(facts, one.sketch.zip(other.sketch))
}

/// Whether two postings stand on one page, and on one that is of the job.
fn is_one_page(ads: Ads, kin: Kin) -> bool {
    match ads {
        Ads::SamePage => true,
        Ads::SameWords => kin != Kin::Other,
        Ads::Same | Ads::Siblings | Ads::Reshown | Ads::Requisitions | Ads::Unrelated => false,
    }
}

/// Whether one page has another title now: half of the words, or where others may stand there, a word more.
fn is_retitled(one: &Fingerprint, other: &Fingerprint, (ads, kin): (Ads, Kin), place: f64) -> bool {
    let near = kin != Kin::Other && place > 0.0 && one.title.resembles(&other.title);
    near && match ads {
        Ads::SamePage => true,
        Ads::SameWords => one.title.agreement(&other.title) > 0.0,
        Ads::Same | Ads::Siblings | Ads::Reshown | Ads::Requisitions | Ads::Unrelated => false,
    }
}

impl Fingerprint {
    /// Whether both say the same of where the work is, in whichever field: a company that shows "…" and
    /// "…, DACH", or "… (Remote)", in one city means two jobs.
    fn says_where(&self, other: &Self) -> bool {
        let beside = |print: &Self| {
            let place = &print.title.place;
            (!print.place.is_unknown() && !print.place.covers(place)).then(|| place.clone())
        };
        let remote = |print: &Self| {
            print.title.remote || print.title.place.is_remote() || print.place.is_remote()
        };
        remote(self) == remote(other) && beside(self) == beside(other)
    }
}

fn place(one: &Fingerprint, other: &Fingerprint) -> f64 {
    let (own, others) = (&one.title.place, &other.title.place);
    let titles = if own.is_unknown() || others.is_unknown() { 1.0 } else { own.agreement(others) };
    if titles == 0.0 { 0.0 } else { place_of(one).agreement(place_of(other)) }
}

/// What the board says of the place, else what the title does.
fn place_of(print: &Fingerprint) -> &Place {
    if print.place.is_unknown() { &print.title.place } else { &print.place }
}

/// Bodies decide what the facts leave open; they never outweigh a fact that differs.
fn with_bodies(facts: f64, sketches: Option<(Sketch, Sketch)>) -> f64 {
    let Some((one, other)) = sketches else { return facts };
    let similarity = one.similarity(other);
    if similarity >= COPY && one.meets(other) {
        1.0 - (1.0 - facts) * 0.3
    } else if similarity < FOREIGN {
        facts * 0.9
    } else {
        facts
    }
}
