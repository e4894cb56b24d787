//! From expressions to entries of the index: which feature leads to a filter, and what is left to
//! be asked then.

use std::collections::HashMap;

use super::features::{Features, Place};
use super::program::{Formula, Mode, Test};
use super::terms::Terms;
use crate::domain::filter::{Clause, Expr, Fact};
use crate::domain::place::Area;
use crate::matching::needle::Needle;

/// Everything that expressions are compiled with.
#[derive(Debug)]
pub(super) struct Compiler {
    pub terms: Terms,
    pub features: Features,
    pub facts: Vec<Fact>,
    fact_ids: HashMap<Fact, u32>,
}

/// One way into a filter: a posting that has the key and fulfils the rest is accepted.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub key: Test,
    pub rest: Vec<Formula>,
}

impl Compiler {
    pub fn new(seed: u64) -> Self {
        Self {
            terms: Terms::new(seed),
            features: Features::new(seed),
            facts: Vec::new(),
            fact_ids: HashMap::new(),
        }
    }

    /// Whether a posting is told to who wants this, as a formula: the meaning of
    /// [`matching`](crate::matching) without unknowns.
    pub fn accepts(&mut self, expr: &Expr) -> Formula {
        match expr {
            Expr::All(parts) => Formula::All(parts.iter().map(|part| self.accepts(part)).collect()),
            Expr::Any(_) => self.holds(expr, Mode::Yes),
            Expr::Clause(_) | Expr::Not(_) => self.holds(expr, Mode::NotNo),
        }
    }

    fn holds(&mut self, expr: &Expr, mode: Mode) -> Formula {
        let all = matches!(mode, Mode::Yes | Mode::NotNo);
        match expr {
            Expr::Not(inner) => self.holds(inner, opposite(mode)),
            Expr::All(parts) | Expr::Any(parts) => {
                let formulas = parts.iter().map(|part| self.holds(part, mode)).collect();
                if all == matches!(expr, Expr::All(_)) {
                    Formula::All(formulas)
                } else {
                    Formula::Any(formulas)
                }
            }
            Expr::Clause(Clause::Fact { fact, strict }) => {
                let mode = match mode {
                    Mode::Yes | Mode::NotNo if *strict => Mode::Yes,
                    Mode::No | Mode::NotYes if *strict => Mode::NotYes,
                    Mode::Yes | Mode::NotNo | Mode::No | Mode::NotYes => mode,
                };
                Formula::Fact(self.fact(fact), mode)
            }
            Expr::Clause(clause) => self.clause(clause, all),
        }
    }

    fn clause(&mut self, clause: &Clause, wanted: bool) -> Formula {
        let Self { terms, features, .. } = self;
        let feature = match clause {
            Clause::Text { field, text } => {
                let place = field.map_or(Place::Any, Place::In);
                features.text(terms, place, &Needle::new(text))
            }
            Clause::Location(text) => features.text(terms, Place::Location, &Needle::new(text)),
            Clause::Remote(remote) => Some(features.remote(*remote)),
            Clause::Region(region) => Some(features.area(Area::Region(*region))),
            Clause::Country(country) => Some(features.area(Area::Country(*country))),
            Clause::PayStated => Some(features.stated_pay()),
            Clause::Repost => Some(features.repost()),
            Clause::Fact { .. } => None, // Never comes here.
        };
        match feature {
            Some(feature) => Formula::Test(Test::new(feature, wanted)),
            // True of nothing.
            None if wanted => Formula::Any(Vec::new()),
            None => Formula::All(Vec::new()),
        }
    }

    fn fact(&mut self, fact: &Fact) -> u32 {
        if let Some(id) = self.fact_ids.get(fact) {
            return *id;
        }
        let id = u32::try_from(self.facts.len()).unwrap_or(u32::MAX);
        self.facts.push(fact.clone());
        self.fact_ids.insert(fact.clone(), id);
        id
    }

    /// The cheapest ways into a formula, one of which leads to every posting that fulfils it, and
    /// the share of postings that they lead to. `None` when nothing has to be there.
    pub fn paths(&self, formula: &Formula) -> Option<(f64, Vec<Path>)> {
        match formula {
            Formula::Test(test) if test.is_wanted() => {
                let path = Path { key: *test, rest: Vec::new() };
                Some((self.features.share(test.feature()), vec![path]))
            }
            Formula::Test(_) | Formula::Fact(..) => None,
            Formula::All(parts) => {
                let ways = parts.iter().enumerate().filter_map(|(place, part)| {
                    let (share, paths) = self.paths(part)?;
                    Some((share, place, paths))
                });
                let (share, chosen, mut paths) =
                    ways.min_by(|one, other| one.0.total_cmp(&other.0))?;
                for path in &mut paths {
                    let others = parts.iter().enumerate().filter(|(place, _)| *place != chosen);
                    path.rest.extend(others.map(|(_, part)| part.clone()));
                }
                Some((share, paths))
            }
            Formula::Any(parts) => {
                let ways: Option<Vec<_>> = parts.iter().map(|part| self.paths(part)).collect();
                let (shares, paths): (Vec<f64>, Vec<Vec<Path>>) = ways?.into_iter().unzip();
                Some((shares.iter().sum(), paths.concat()))
            }
        }
    }
}

fn opposite(mode: Mode) -> Mode {
    match mode {
        Mode::Yes => Mode::No,
        Mode::NotNo => Mode::NotYes,
        Mode::No => Mode::Yes,
        Mode::NotYes => Mode::NotNo,
    }
}
