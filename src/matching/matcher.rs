//! Every active filter, ready for the next posting.

use std::collections::{BTreeSet, HashMap};

use super::clause::Plan;
use super::document::Document;
use crate::domain::filter::Expr;
use crate::domain::ids::FilterId;

/// Finds the filters that accept a posting. Candidates are those one of whose key words the
/// posting has, and those that have no key words; no accepting filter is ever not a candidate.
#[derive(Debug, Default)]
pub struct Matcher {
    filters: HashMap<FilterId, Plan>,
    by_word: HashMap<String, BTreeSet<FilterId>>,
    /// Filters without key words.
    rest: BTreeSet<FilterId>,
}

impl Matcher {
    /// Adds a filter, in place of the one with the same id.
    pub fn insert(&mut self, id: FilterId, expr: &Expr) {
        self.remove(id);
        let plan = Plan::new(expr);
        match plan.keys() {
            Some(keys) => {
                for key in keys {
                    self.by_word.entry(key.to_owned()).or_default().insert(id);
                }
            }
            None => {
                self.rest.insert(id);
            }
        }
        self.filters.insert(id, plan);
    }

    pub fn remove(&mut self, id: FilterId) {
        let Some(plan) = self.filters.remove(&id) else { return };
        self.rest.remove(&id);
        for key in plan.keys().unwrap_or_default() {
            if let Some(ids) = self.by_word.get_mut(key) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by_word.remove(key);
                }
            }
        }
    }

    pub fn len(&self) -> usize {
        self.filters.len()
    }

    pub fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// The filters that accept the posting, in the order of their ids.
    pub fn matches(&self, document: &Document<'_>) -> Vec<FilterId> {
        let terms = document.terms();
        let keyed = terms.into_iter().filter_map(|term| self.by_word.get(term)).flatten();
        let candidates: BTreeSet<FilterId> = keyed.chain(&self.rest).copied().collect();
        let accepts =
            |id: &FilterId| self.filters.get(id).is_some_and(|plan| plan.accepts(document));
        candidates.into_iter().filter(accepts).collect()
    }
}
