//! Compares postings with the stored openings that they may be of, some at a time: however many a board
//! shows, few openings are in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::PgConnection;

use super::candidates::{self, Viewer, Wanted};
use super::openings::Joining;
use crate::domain::board::Visibility;
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
    /// Numbers of those that the board shows another ad of, if it shows all it has.
    beside: Option<BTreeSet<usize>>,
}

/// Compares the postings, each with those before it as well.
pub(super) async fn compare(tx: &mut PgConnection, joining: Joining<'_>) -> sqlx::Result<Compared> {
    let everybodys = joining.visibility == Visibility::Catalogue;
    let mut comparing = Comparing {
        openings: if everybodys { Openings::live() } else { Openings::live_apart() },
        found: Compared::default(),
        loaded: BTreeMap::new(),
        beside: joining.beside.map(|_| BTreeSet::new()),
    };
    let beside = candidates::shown(tx, joining.beside.unwrap_or_default()).await?;
    for prints in joining.prints.chunks(AT_ONCE) {
        comparing.forget();
        let wanted = candidates::of(tx, prints).await?;
        let latest = prints.iter().filter_map(Fingerprint::posted_at).max();
        let viewer = Viewer { board: joining.board, everybodys, latest };
        comparing.load(tx, viewer, wanted, &beside).await?;
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
        viewer: Viewer,
        mut wanted: Wanted,
        beside: &BTreeSet<i64>,
    ) -> sqlx::Result<()> {
        let known = |id: &i64| self.loaded.contains_key(id);
        let missing: Vec<i64> = wanted.keys().copied().filter(|id| !known(id)).collect();
        if !missing.is_empty() {
            for (id, opening) in candidates::read(tx, &missing, viewer).await? {
                let number = self.openings.know(opening, wanted.remove(&id).unwrap_or_default());
                self.loaded.insert(id, number);
                self.found.ids.insert(number, id);
                if let Some(numbers) = self.beside.as_mut().filter(|_| beside.contains(&id)) {
                    numbers.insert(number);
                }
            }
        }
        for (id, keys) in wanted {
            let Some(number) = self.loaded.get(&id) else { continue };
            self.openings.lead(self.openings.current(*number), keys);
        }
        self.found.most = self.found.most.max(self.loaded.len());
        Ok(())
    }

    fn place(&mut self, prints: &[Fingerprint]) {
        let none = BTreeSet::new();
        for print in prints {
            let beside = self.beside.as_ref().unwrap_or(&none);
            let mut place = self.openings.add_beside(print.clone(), beside);
            if let Some(beside) = &mut self.beside {
                beside.insert(place.number);
            }
            if !self.openings.folds() {
                place.also.clear();
            }
            self.found.places.push(place);
        }
    }
}
