//! Features: what is true or false of a posting and that filters ask for, each with a number.

use hashbrown::HashMap;

use super::prefixes::Prefixes;
use super::sample::Sample;
use super::terms::{TermId, Terms, index};
use crate::domain::filter::Field;
use crate::domain::place::Area;
use crate::domain::posting::Remote;
use crate::matching::needle::{Needle, Piece};

/// Number of a feature. That of 0 is true of every posting.
pub(super) type Feature = u32;

pub(super) const ALWAYS: Feature = 0;

/// Where a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Title, company, tags or body.
    Any,
    In(Field),
    Location,
}

impl Place {
    /// The bits of the places whose words count here.
    pub fn covers(self) -> u8 {
        match self {
            Self::Any => [Field::Title, Field::Company, Field::Tag, Field::Body]
                .map(|field| Self::In(field).bit())
                .into_iter()
                .fold(0, |bits, bit| bits | bit),
            Self::In(_) | Self::Location => self.bit(),
        }
    }

    /// One bit of its own.
    pub fn bit(self) -> u8 {
        match self {
            Self::Any => 1,
            Self::In(Field::Title) => 2,
            Self::In(Field::Company) => 4,
            Self::In(Field::Tag) => 8,
            Self::In(Field::Body) => 16,
            Self::In(Field::Board) => 32,
            Self::Location => 64,
        }
    }
}

/// One word of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Normal(TermId),
    Plain(TermId),
    Prefix(TermId),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Word(Place, Step),
    Row(Place, Vec<Step>),
    Remote(Remote),
    Area(Area),
    PayStated,
    Repost,
}

/// A word's feature at a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub place: Place,
    pub feature: Feature,
}

/// Words that must follow each other.
#[derive(Debug)]
pub(super) struct Row {
    pub at: At,
    pub steps: Vec<Step>,
}

/// What there is to know of a term.
#[derive(Debug, Clone, Copy, Default)]
struct OfTerm {
    /// Its features anywhere, as a normal form and as written, or 0.
    normal: Feature,
    plain: Feature,
    /// Its place in `others`, or 0.
    others: u32,
    /// Whether a row begins with it.
    begins: bool,
}

/// A term's features at other places.
#[derive(Debug, Default)]
struct Others {
    normal: Vec<At>,
    plain: Vec<At>,
}

/// All features, and how often each was seen.
#[derive(Debug)]
pub(super) struct Features {
    ids: HashMap<Key, Feature>,
    of_terms: Vec<OfTerm>,
    others: Vec<Others>,
    /// By the normal forms of the first two words; 0 for a second that is a prefix.
    rows: HashMap<(TermId, TermId), Vec<Row>>,
    pub prefixes: Prefixes,
    areas: Vec<(Area, Feature)>,
    pub pay_stated: Feature,
    pub repost: Feature,
    seen: Vec<u32>,
    /// Shares in the sample.
    priors: Vec<f32>,
    pub sample: Sample,
    postings: u32,
}

impl Features {
    pub fn new(seed: u64) -> Self {
        Self {
            ids: HashMap::new(),
            of_terms: Vec::new(),
            others: vec![Others::default()],
            rows: HashMap::new(),
            prefixes: Prefixes::new(seed),
            areas: Vec::new(),
            pay_stated: ALWAYS,
            repost: ALWAYS,
            seen: vec![0],
            priors: vec![1.0],
            sample: Sample::default(),
            postings: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// How many country and region features there are; grows when one is added.
    pub fn areas(&self) -> &[(Area, Feature)] {
        &self.areas
    }

    /// The share of postings that have it, as far as was seen.
    pub fn share(&self, feature: Feature) -> f64 {
        let place = index(feature);
        let prior = self.priors.get(place).map_or(1.0, |prior| f64::from(*prior));
        let seen = self.seen.get(place).map_or(0.0, |seen| f64::from(*seen));
        let weight = self.sample.weight();
        (seen + prior * weight) / (f64::from(self.postings) + weight)
    }

    /// Counts what a posting has.
    pub fn observe(&mut self, has: &[Feature]) {
        self.postings = self.postings.saturating_add(1);
        for feature in has {
            if let Some(seen) = self.seen.get_mut(index(*feature)) {
                *seen = seen.saturating_add(1);
            }
        }
    }

    pub fn remote(&mut self, remote: Remote) -> Feature {
        self.intern(Key::Remote(remote), |sample| sample.remote(remote))
    }

    pub fn known_remote(&self, remote: Remote) -> Feature {
        self.ids.get(&Key::Remote(remote)).copied().unwrap_or(ALWAYS)
    }

    pub fn stated_pay(&mut self) -> Feature {
        self.pay_stated = self.intern(Key::PayStated, Sample::paid);
        self.pay_stated
    }

    pub fn repost(&mut self) -> Feature {
        self.repost = self.intern(Key::Repost, Sample::reposted);
        self.repost
    }

    pub fn area(&mut self, area: Area) -> Feature {
        let before = self.len();
        let feature = self.intern(Key::Area(area), |sample| sample.area(area));
        if self.len() > before {
            self.areas.push((area, feature));
        }
        feature
    }

    /// The feature of a text at a place; `None` for one without words, which stands nowhere.
    pub fn text(&mut self, terms: &mut Terms, place: Place, needle: &Needle) -> Option<Feature> {
        let mut steps: Vec<Step> = Vec::with_capacity(needle.0.len());
        for piece in &needle.0 {
            let term = terms.intern(piece.text());
            steps.push(match piece {
                Piece::Normal(_) => Step::Normal(term),
                Piece::Plain(_) => Step::Plain(term),
                Piece::Prefix(_) => Step::Prefix(term),
            });
        }
        self.of_terms.resize(terms.len(), OfTerm::default());
        match steps.as_slice() {
            [] => None,
            [step] => Some(self.word(terms, place, *step)),
            _ => Some(self.row(terms, place, steps)),
        }
    }

    fn word(&mut self, terms: &Terms, place: Place, step: Step) -> Feature {
        let before = self.len();
        let text = |term: TermId| std::str::from_utf8(terms.text(term)).unwrap_or_default();
        let feature = self.intern(Key::Word(place, step), |sample| match step {
            Step::Prefix(term) => sample.prefix(place, text(term)),
            Step::Normal(term) | Step::Plain(term) => sample.word(place, text(term)),
        });
        if self.len() == before {
            return feature;
        }
        let at = At { place, feature };
        let (term, is_plain) = match step {
            Step::Prefix(term) => {
                self.prefixes.add(terms.text(term), Some(at));
                return feature;
            }
            Step::Normal(term) => (term, false),
            Step::Plain(term) => (term, true),
        };
        let next = u32::try_from(self.others.len()).unwrap_or_default();
        let Some(of) = self.of_terms.get_mut(index(term)) else { return feature };
        if place == Place::Any {
            *(if is_plain { &mut of.plain } else { &mut of.normal }) = feature;
            return feature;
        }
        if of.others == 0 {
            of.others = next;
            self.others.push(Others::default());
        }
        if let Some(others) = self.others.get_mut(index(of.others)) {
            if is_plain { &mut others.plain } else { &mut others.normal }.push(at);
        }
        feature
    }

    fn row(&mut self, terms: &Terms, place: Place, steps: Vec<Step>) -> Feature {
        let before = self.len();
        // A row is rarer than its rarest word.
        let feature = self.intern(Key::Row(place, steps.clone()), |sample| {
            let share = |step: &Step| match step {
                Step::Normal(term) | Step::Plain(term) => {
                    sample.word(place, std::str::from_utf8(terms.text(*term)).unwrap_or_default())
                }
                Step::Prefix(_) => 1.0,
            };
            steps.iter().map(share).fold(1.0, f64::min) / 10.0
        });
        if self.len() > before {
            let normal = |step: Option<&Step>| match step {
                Some(Step::Normal(term) | Step::Plain(term)) => terms.normal(*term),
                Some(Step::Prefix(_)) | None => 0,
            };
            let (first, second) = (normal(steps.first()), normal(steps.get(1)));
            if let Some(of) = self.of_terms.get_mut(index(first)) {
                of.begins = true;
            }
            for step in &steps {
                if let Step::Prefix(term) = step {
                    self.prefixes.add(terms.text(*term), None);
                }
            }
            let row = Row { at: At { place, feature }, steps };
            self.rows.entry((first, second)).or_default().push(row);
        }
        feature
    }

    fn intern(&mut self, key: Key, prior: impl FnOnce(&Sample) -> f64) -> Feature {
        let next = Feature::try_from(self.seen.len()).unwrap_or_default();
        let feature = *self.ids.entry(key).or_insert(next);
        if feature == next {
            self.seen.push(0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::as_conversions,
                reason = "a share between 0 and 1"
            )]
            self.priors.push(prior(&self.sample) as f32);
        }
        feature
    }

    /// Gives the features of a word at every place.
    pub fn of_word(&self, plain: TermId, normal: TermId, give: &mut impl FnMut(&At)) {
        let of = |term: TermId| self.of_terms.get(index(term)).copied().unwrap_or_default();
        let mut anywhere = |feature: Feature| {
            if feature != ALWAYS {
                give(&At { place: Place::Any, feature });
            }
        };
        let (of_normal, of_plain) = (of(normal), of(plain));
        anywhere(of_normal.normal);
        anywhere(of_plain.plain);
        let others = |of: OfTerm| self.others.get(index(of.others)).into_iter();
        others(of_normal).flat_map(|others| &others.normal).for_each(&mut *give);
        others(of_plain).flat_map(|others| &others.plain).for_each(give);
    }

    pub fn begins_row(&self, normal: TermId) -> bool {
        normal != 0 && self.of_terms.get(index(normal)).is_some_and(|of| of.begins)
    }

    /// Rows that begin with these two words.
    pub fn rows(&self, first: TermId, second: TermId) -> &[Row] {
        self.rows.get(&(first, second)).map_or(&[], Vec::as_slice)
    }
}
