//! Compares postings with the stored openings that they may be of, some at a time: however many a board
//! shows, few openings are in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::PgConnection;

use super::candidates::{self, Wanted};
use crate::normalize::fingerprint::Fingerprint;
use crate::normalize::openings::{Openings, Place};

/// Postings whose candidates are loaded together. Each has sixteen of them at the most.
const AT_ONCE: usize = 100;

/// Where postings belong.
#[derive(Default)]
pub(super) struct Compared {
    pub places: Vec<Place>,
    /// The stored openings, by the numbers in `places`; what has none is new.
    pub ids: HashMap<usize, i64>,
    /// Stored openings that were in memory at once, at the most.
    pub most: usize,
}

/// On the way there.
struct Comparing {
    openings: Openings,
    found: Compared,
    /// Numbers of the stored openings that are in memory.
    loaded: BTreeMap<i64, usize>,
    /// Numbers that turned out to be others.
    folded: HashMap<usize, usize>,
}

/// Compares the postings, each with those before it as well.
pub(super) async fn compare(
    tx: &mut PgConnection,
    prints: &[Fingerprint],
) -> sqlx::Result<Compared> {
    let mut comparing = Comparing {
        openings: Openings::live(),
        found: Compared::default(),
        loaded: BTreeMap::new(),
        folded: HashMap::new(),
    };
    for prints in prints.chunks(AT_ONCE) {
        comparing.forget();
        let wanted = candidates::of(tx, prints).await?;
        comparing.load(tx, prints, wanted).await?;
        comparing.place(prints);
    }
    Ok(comparing.found)
}

impl Comparing {
    /// Lets go of those that no posting joined.
    fn forget(&mut self) {
        let places = self.found.places.iter();
        let joined: BTreeSet<usize> =
            places.flat_map(|place| place.also.iter().chain([&place.number])).copied().collect();
        let (kept, idle) = self.loaded.iter().partition(|(_, number)| joined.contains(number));
        self.loaded = kept;
        let idle: BTreeMap<i64, usize> = idle;
        if !idle.is_empty() {
            self.openings.forget(&idle.into_values().collect());
        }
    }

    async fn load(
        &mut self,
        tx: &mut PgConnection,
        prints: &[Fingerprint],
        mut wanted: Wanted,
    ) -> sqlx::Result<()> {
        let known = |id: &i64| self.loaded.contains_key(id);
        let missing: Vec<i64> = wanted.keys().copied().filter(|id| !known(id)).collect();
        if !missing.is_empty() {
            let latest = prints.iter().filter_map(Fingerprint::posted_at).max();
            for (id, opening) in candidates::read(tx, &missing, latest).await? {
                let number = self.openings.know(opening, wanted.remove(&id).unwrap_or_default());
                self.loaded.insert(id, number);
                self.found.ids.insert(number, id);
            }
        }
        for (id, keys) in wanted {
            let Some(mut number) = self.loaded.get(&id) else { continue };
            while let Some(into) = self.folded.get(number) {
                number = into;
            }
            self.openings.lead(*number, keys);
        }
        self.found.most = self.found.most.max(self.loaded.len());
        Ok(())
    }

    fn place(&mut self, prints: &[Fingerprint]) {
        for print in prints {
            let place = self.openings.add(print.clone());
            self.folded.extend(place.also.iter().map(|other| (*other, place.number)));
            self.found.places.push(place);
        }
    }
}
