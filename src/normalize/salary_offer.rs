//! One offer within a text about pay: an amount, or a range of two.

use rust_decimal::Decimal;

use super::salary_check::plausible;
use super::salary_words::{
    PeriodWord, Unit, Word, currency, is_dollar, is_per, multiplier, period_word, read_number,
};
use crate::domain::pay::{Currency, Pay, Period};

/// A period further behind an amount is about something else.
const PERIOD_WITHIN_WORDS: usize = 6;

/// An amount before one of these is something else.
const NOT_PAY: [&str; 11] = [
    "allowance",
    "arr",
    "bonus",
    "equity",
    "funding",
    "learning",
    "referral",
    "relocation",
    "sign",
    "signing",
    "stipend",
];
/// A number before one of these counts something else than money.
const COUNTED: [&str; 9] =
    ["days", "employees", "hours", "hrs", "months", "people", "tage", "weeks", "years"];

/// One number with what stands close to it.
#[derive(Debug, Clone, Copy)]
struct Amount {
    value: Decimal,
    times: Option<Decimal>,
    unit: Option<Unit>,
    end: usize,
}

impl Amount {
    fn read(words: &[Word<'_>], start: usize) -> Option<Self> {
        let from = |at: usize| words.get(at..).unwrap_or_default();
        let (before, mut end) = match currency(from(start)) {
            Some((unit, taken)) => (Some(unit), start + taken),
            None => (None, start),
        };
        let number = words.get(end)?;
        let in_a_word = end == start
            && number.glued
            && end.checked_sub(1).and_then(|at| words.get(at)).is_some_and(is_letters);
        let value = read_number(number.text).filter(|_| !in_a_word)?;
        end += 1;
        let mut times = multiplier(from(end));
        if times.is_some() {
            end += 1;
        }
        let mut after = currency(from(end));
        // `45 kEUR`, `45 TEUR`
        if times.is_none()
            && let Some(word) = words.get(end)
            && let Some(code) = word.text.strip_prefix(['k', 'K', 'T'])
            && let Some((unit, _)) = currency(&[Word { text: code, glued: true }])
        {
            times = Some(Decimal::from(1_000));
            after = Some((unit, 1));
        }
        end += after.map_or(0, |(_, taken)| taken);
        // 401k is a pension; 13th, 5%, 10:30 and 30 days are no amounts.
        let odd = words.get(end).is_some_and(|next| {
            let bare = before.is_none() && after.is_none();
            let a_word = next.glued && after.is_none() && is_letters(next);
            let is_unit = period_word(next.text).is_some() && !bare;
            let counted = bare && COUNTED.contains(&next.text.to_lowercase().as_str());
            (a_word && !is_unit) || counted || next.text == "%" || (next.text == ":" && bare)
        });
        let pension = value == Decimal::from(401) && before.is_none();
        let after = after.map(|(unit, _)| unit);
        let unit = match (before, after) {
            // In `$90k CAD` the code says which dollar.
            (Some(Unit::Dollar), Some(Unit::Known(code))) if is_dollar(code) => after,
            (Some(unit), _) => Some(unit),
            (None, after) => after,
        };
        (!odd && !pension).then_some(Self { value, times, unit, end })
    }
}

fn is_letters(word: &Word<'_>) -> bool {
    word.text.starts_with(char::is_alphabetic)
}

/// The least and the most.
type Bounds = (Option<Decimal>, Option<Decimal>);

/// One or two amounts that belong together.
#[derive(Debug)]
pub struct Offer {
    low: Amount,
    high: Option<Amount>,
    pub unit: Option<Unit>,
    /// The period between the two.
    period: Option<Period>,
    start: usize,
    pub end: usize,
}

impl Offer {
    pub fn read(words: &[Word<'_>], start: usize) -> Option<Self> {
        let low = Amount::read(words, start)?;
        let (period, after) = match period_at(words, low.end) {
            Some((period, end)) => (Some(period), end),
            None => (None, low.end),
        };
        let high = words
            .get(after)
            .filter(|word| joins(word.text, words, start))
            .and_then(|_| Amount::read(words, after + 1))
            // In `€60,000 - 40 h/week` the second is not money.
            .filter(|high| high.unit.is_some() || high.times.is_some() || high.value >= low.value);
        let unit = match (low.unit, high.and_then(|high| high.unit)) {
            (Some(Unit::Known(currency)), _) => Some(Unit::Known(currency)),
            (Some(Unit::Dollar), Some(Unit::Known(code))) if is_dollar(code) => {
                Some(Unit::Known(code))
            }
            (Some(unit), _) => Some(unit),
            (None, unit) => unit,
        };
        let end = high.map_or(low.end, |high| high.end);
        Some(Self { low, high, unit, period, start, end })
    }

    pub fn pay(&self, words: &[Word<'_>], stated: &[Unit]) -> Option<Pay> {
        let next = words.get(self.end).map(|word| word.text.to_lowercase()).unwrap_or_default();
        if NOT_PAY.contains(&next.as_str()) {
            return None;
        }
        let currency = self.currency(stated)?;
        let (min, max) = self.bounds(words)?;
        plausible(min, max, currency, self.period.or_else(|| self.period_around(words)))
    }

    /// Its own, else the only one that the text names. Beside a bare `$`, any code that the text
    /// names says which dollar it is.
    fn currency(&self, stated: &[Unit]) -> Option<Currency> {
        let mut known: Vec<Currency> = Vec::new();
        for unit in stated {
            if let Unit::Known(currency) = unit
                && !known.contains(currency)
            {
                known.push(*currency);
            }
        }
        match self.unit {
            Some(Unit::Known(currency)) => return Some(currency),
            Some(Unit::Dollar) => known.retain(|currency| is_dollar(*currency)),
            None if known.is_empty() && stated.contains(&Unit::Dollar) => {
                return Some(Currency::USD);
            }
            None => {}
        }
        match (known.as_slice(), self.unit) {
            ([only], _) => Some(*only),
            ([], Some(Unit::Dollar)) => Some(Currency::USD),
            _ => None,
        }
    }

    fn bounds(&self, words: &[Word<'_>]) -> Option<Bounds> {
        let thousand = Decimal::from(1_000);
        let times = |amount: Amount, times: Option<Decimal>| {
            amount.value.checked_mul(times.unwrap_or(Decimal::ONE))
        };
        let Some(high) = self.high else {
            return Some(self.bound(words, times(self.low, self.low.times)?));
        };
        // `90-110k`, `90k-110` and `50-60.000` leave out thousands on one side.
        let small = |amount: Amount| amount.times.is_none() && amount.value < thousand;
        let (low_times, high_times) = match (self.low.times, high.times) {
            (None, shared) if small(self.low) && self.low.value <= high.value => (shared, shared),
            (shared, None) if small(high) && self.low.value <= high.value => (shared, shared),
            own => own,
        };
        let max = times(high, high_times)?;
        let mut min = times(self.low, low_times)?;
        let as_thousands = min.checked_mul(thousand)?;
        if small(self.low)
            && low_times.is_none()
            && max >= Decimal::from(10_000)
            && as_thousands <= max
        {
            min = as_thousands;
        }
        Some((Some(min), Some(max)))
    }

    /// One amount: the words before it may make it a bound.
    fn bound(&self, words: &[Word<'_>], value: Decimal) -> Bounds {
        let back = |by: usize| {
            let word = self.start.checked_sub(by).and_then(|at| words.get(at));
            word.map(|word| word.text.to_lowercase()).unwrap_or_default()
        };
        let next = words.get(self.end);
        match (back(2).as_str(), back(1).as_str()) {
            ("up", "to")
            | ("bis", "zu")
            | ("'" | "’", "à")
            | (_, "bis" | "max" | "maximum" | "hasta" | "tot" | "do" | "<" | "≤") => {
                (None, Some(value))
            }
            ("starting", "at")
            | ("at", "least")
            | ("partir", "de")
            | (_, "from" | "ab" | "desde" | "vanaf" | "od" | "min" | "minimum" | ">" | "≥") => {
                (Some(value), None)
            }
            // In `$120k+` the plus means more, in `$120k + equity` it adds something else.
            _ if next.is_some_and(|next| next.text == "+" && next.glued) => (Some(value), None),
            _ => (Some(value), Some(value)),
        }
    }

    /// The period close behind the amounts, else one that the text begins with.
    fn period_around(&self, words: &[Word<'_>]) -> Option<Period> {
        if multiplies_by_lakh(words, self.end) {
            return Some(Period::Year);
        }
        let is_number = |word: &Word<'_>| word.text.starts_with(|c: char| c.is_ascii_digit());
        let ends = |word: &&Word<'_>| is_number(word) || matches!(word.text, "." | ";" | "|" | "•");
        let behind = words.get(self.end..).unwrap_or_default();
        let close = behind.iter().take_while(|word| !ends(word)).take(PERIOD_WITHIN_WORDS).count();
        let after = (self.end..self.end + close).find_map(|at| period_at(words, at));
        let before = || {
            let words = words.get(..self.start).filter(|before| !before.iter().any(is_number))?;
            (0..words.len()).find_map(|at| period_at(words, at))
        };
        after.or_else(before).map(|(period, _)| period)
    }
}

/// `12 LPA`: lakhs per annum.
fn multiplies_by_lakh(words: &[Word<'_>], end: usize) -> bool {
    let last = end.checked_sub(1).and_then(|at| words.get(at));
    last.is_some_and(|word| word.text.eq_ignore_ascii_case("lpa"))
}

/// A period that begins here, and where it ends.
pub fn period_at(words: &[Word<'_>], at: usize) -> Option<(Period, usize)> {
    let first = words.get(at)?;
    let back = at.checked_sub(1).and_then(|at| words.get(at));
    match period_word(first.text) {
        // "Paid weekly" says when it is paid.
        Some(PeriodWord::Alone(_)) if back.is_some_and(|back| back.text == "paid") => None,
        Some(PeriodWord::Alone(period)) => Some((period, at + 1)),
        // `$600 day`: right behind an amount; a single letter says too little there.
        Some(PeriodWord::Behind(period))
            if behind_amount(words, at)
                && (first.text == "h" || first.text.len() > 1)
                && !is_per(first.text) =>
        {
            Some((period, at + 1))
        }
        Some(PeriodWord::Behind(_)) | None => {
            let pers = words.get(at..)?.iter().take_while(|word| is_per(word.text)).count();
            // "An" is both: in "par an" a year, in "an hour" a word before it.
            (at + 1..=at + pers.min(3)).rev().find_map(|end| {
                let word = period_word(words.get(end)?.text)?;
                let (PeriodWord::Alone(period) | PeriodWord::Behind(period)) = word;
                Some((period, end + 1))
            })
        }
    }
}

fn behind_amount(words: &[Word<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| words.get(at..));
    before.is_some_and(|before| {
        currency(before).is_some_and(|(_, taken)| taken == 1)
            || multiplier(before).is_some()
            || before.first().is_some_and(|word| read_number(word.text).is_some())
    })
}

/// Whether a word joins two amounts to a range. "And" does so only behind "between".
fn joins(word: &str, words: &[Word<'_>], start: usize) -> bool {
    match word.to_lowercase().as_str() {
        "-" | "–" | "—" | "−" | "‐" | "‑" | "~" | "to" | "bis" | "à" | "a" | "tot" | "do"
        | "until" | "till" | "hasta" => true,
        "and" | "und" | "et" | "y" | "en" | "i" => {
            let before = start.checked_sub(1).and_then(|at| words.get(at));
            before.is_some_and(|word| {
                matches!(
                    word.text.to_lowercase().as_str(),
                    "between" | "zwischen" | "entre" | "tussen"
                )
            })
        }
        _ => false,
    }
}
