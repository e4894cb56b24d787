//! Expressions as formulas without NOT, and those as rows of numbers that are fast to run.

use super::features::Feature;
use super::terms::index;

/// Whether a feature must be there, or must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Test(pub u32);

impl Test {
    pub fn new(feature: Feature, wanted: bool) -> Self {
        Self(feature << 1 | u32::from(!wanted))
    }

    pub fn feature(self) -> Feature {
        self.0 >> 1
    }

    pub fn is_wanted(self) -> bool {
        self.0 & 1 == 0
    }
}

/// What a fact must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Yes,
    NotNo,
    No,
    NotYes,
}

impl Mode {
    fn bits(self) -> u32 {
        match self {
            Self::Yes => 0,
            Self::NotNo => 1,
            Self::No => 2,
            Self::NotYes => 3,
        }
    }
}

/// A formula over tests and facts. `Fact` names a row of the facts' table.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Formula {
    Test(Test),
    Fact(u32, Mode),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

const KIND: u32 = 29;
const TEST: u32 = 0;
const FACT: u32 = 1;
const ALL: u32 = 2;
const ANY: u32 = 3;
const VALUE: u32 = (1 << KIND) - 1;

/// Appends a formula's program.
pub(super) fn encode(formula: &Formula, program: &mut Vec<u32>) {
    match formula {
        Formula::Test(test) => program.push(TEST << KIND | test.0),
        Formula::Fact(fact, mode) => program.push(self::fact(*fact, *mode)),
        Formula::All(parts) => encode_parts(ALL, parts, program),
        Formula::Any(parts) => encode_parts(ANY, parts, program),
    }
}

fn encode_parts(kind: u32, parts: &[Formula], program: &mut Vec<u32>) {
    let head = program.len();
    program.push(0);
    for part in parts {
        encode(part, program);
    }
    let length = u32::try_from(program.len() - head - 1).unwrap_or(VALUE);
    if let Some(head) = program.get_mut(head) {
        *head = kind << KIND | length;
    }
}

/// A program of one fact.
pub(super) fn fact(fact: u32, mode: Mode) -> u32 {
    FACT << KIND | fact << 2 | mode.bits()
}

/// How long the program is that stands at the beginning.
pub(super) fn length(program: &[u32]) -> usize {
    match program.first() {
        Some(head) if matches!(head >> KIND, ALL | ANY) => 1 + index(head & VALUE),
        Some(_) => 1,
        None => 0,
    }
}

/// What programs ask.
pub(super) trait Posting {
    fn has(&self, feature: Feature) -> bool;
    fn fact(&mut self, fact: u32) -> Option<bool>;
}

/// Whether a program's formula holds.
pub(super) fn run(program: &[u32], posting: &mut impl Posting) -> bool {
    step(program, posting).0
}

/// Runs the first formula and gives what is behind it.
fn step<'p>(program: &'p [u32], posting: &mut impl Posting) -> (bool, &'p [u32]) {
    let Some((head, rest)) = program.split_first() else { return (true, &[]) };
    let value = head & VALUE;
    match head >> KIND {
        TEST => {
            let test = Test(value);
            (posting.has(test.feature()) == test.is_wanted(), rest)
        }
        FACT => {
            let known = posting.fact(value >> 2);
            let holds = match value & 3 {
                0 => known == Some(true),
                1 => known != Some(false),
                2 => known == Some(false),
                _ => known != Some(true),
            };
            (holds, rest)
        }
        kind => {
            let (mut parts, behind) = rest.split_at_checked(index(value)).unwrap_or((rest, &[]));
            let wanted = kind == ALL;
            while !parts.is_empty() {
                let (holds, next) = step(parts, posting);
                if holds != wanted {
                    return (!wanted, behind);
                }
                parts = next;
            }
            (wanted, behind)
        }
    }
}
