//! What stands in the lists of the index.

use super::Matcher;
use super::features::ALWAYS;
use super::program::{self, Formula, Test, encode};
use super::terms::index;

/// Tests that stand in an entry.
pub(super) const INLINE: usize = 3;

/// What the tests of an entry are: all required; the first and one of the others; two and a fact;
/// two and the place of a program.
pub(super) const ALL: u32 = 0;
pub(super) const EITHER: u32 = 1;
pub(super) const FACT: u32 = 2;
pub(super) const PROGRAM: u32 = 3;

/// Flags beside a number in an entry: it stands in several lists; the number is that of a slot
/// with several owners, or one too large to stand here, and not that of the filter itself.
pub(super) const TWINS: u32 = 1 << 29;
pub(super) const SLOT: u32 = 1 << 28;
pub(super) const NUMBER: u32 = SLOT - 1;

/// Where the kind of an entry's tests begins.
pub(super) const KIND: u32 = 30;

/// One filter's place in a list: what a posting is asked that has the list's feature, and whose
/// filter it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub tests: [u32; INLINE],
    /// What the tests are, flags, number.
    pub who: u32,
}

impl Entry {
    /// Whether it is that of a filter or slot.
    pub fn is_of(&self, who: u32) -> bool {
        self.who & (SLOT | NUMBER) == who
    }
}

impl Matcher {
    /// The tests that most postings fail come first; what does not fit becomes a program.
    pub(super) fn entry(&mut self, rest: Vec<Formula>, who: u32) -> Entry {
        let mut tests: Vec<Test> = Vec::new();
        let mut others: Vec<Formula> = Vec::new();
        flatten(rest, &mut tests, &mut others);
        let share = |test: &Test| {
            let share = self.compiler.features.share(test.feature());
            if test.is_wanted() { share } else { 1.0 - share }
        };
        tests.sort_by(|one, other| share(one).total_cmp(&share(other)));
        tests.dedup();
        let always = Test::new(ALWAYS, true);
        let first = tests.first().copied().unwrap_or(always).0;
        let second = tests.get(1).copied().unwrap_or(always).0;
        let (kind, tests) = match (tests.as_slice(), others.as_slice()) {
            (tests, []) if tests.len() <= INLINE => {
                (ALL, [first, second, tests.get(2).copied().unwrap_or(always).0])
            }
            (tests, [Formula::Any(parts)]) if tests.len() <= 1 => match parts.as_slice() {
                [Formula::Test(one), Formula::Test(two)] => (EITHER, [first, one.0, two.0]),
                _ => (PROGRAM, [first, second, self.keep(&[], &others)]),
            },
            (tests, [Formula::Fact(fact, mode)]) if tests.len() <= 2 => {
                (FACT, [first, second, program::fact(*fact, *mode)])
            }
            (tests, others) => {
                let late = tests.get(2..).unwrap_or_default();
                (PROGRAM, [first, second, self.keep(late, others)])
            }
        };
        Entry { tests, who: kind << KIND | who }
    }

    /// Keeps a program, and gives its place.
    fn keep(&mut self, tests: &[Test], others: &[Formula]) -> u32 {
        let parts = tests.iter().map(|test| Formula::Test(*test)).chain(others.iter().cloned());
        let mut program = Vec::new();
        encode(&Formula::All(parts.collect()), &mut program);
        let free = self.free_programs.get_mut(&program.len()).and_then(Vec::pop);
        let at = free.unwrap_or_else(|| {
            let end = self.programs.len();
            self.programs.resize(end + program.len(), 0);
            u32::try_from(end).unwrap_or(u32::MAX)
        });
        let place = self.programs.get_mut(index(at)..).unwrap_or_default();
        place.iter_mut().zip(program).for_each(|(place, word)| *place = word);
        at
    }
}

/// Takes ANDs apart.
fn flatten(formulas: Vec<Formula>, tests: &mut Vec<Test>, others: &mut Vec<Formula>) {
    for formula in formulas {
        match formula {
            Formula::Test(test) => tests.push(test),
            Formula::All(parts) => flatten(parts, tests, others),
            Formula::Fact(..) | Formula::Any(_) => others.push(formula),
        }
    }
}
