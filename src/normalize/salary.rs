//! Pay from the words in which boards state it. What is not clear stays unknown: a guess would
//! hide a posting from those who want it or show it to those who do not.

use std::sync::LazyLock;

use memchr::{memchr, memrchr};
use regex::Regex;
use rust_decimal::Decimal;

use super::salary_check::plausible;
use super::salary_offer::{Offer, period_at};
use super::salary_words::{PeriodWord, Unit, currencies, period_word, words};
use super::text::one_line;
use crate::domain::pay::{Currency, Pay, Period};

/// A longer line below a label is prose.
const MAX_VALUE_BYTES: usize = 120;

/// Pay as one text states it: `€90,000 – €110,000 a year`, `up to £550 per day`.
pub fn parse(text: &str) -> Option<Pay> {
    let line = one_line(text)?;
    let line = line.replace("p.a", "pa").replace("P.A", "pa");
    let words = words(&line);
    let mut offers = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if let Some(offer) = Offer::read(&words, at) {
            at = offer.end;
            offers.push(offer);
        } else {
            at += 1;
        }
    }
    let stated: Vec<Unit> = currencies(&words);
    let (with_currency, without): (Vec<&Offer>, Vec<&Offer>) =
        offers.iter().partition(|offer| offer.unit.is_some());
    with_currency.into_iter().chain(without).find_map(|offer| offer.pay(&words, &stated))
}

/// Pay as a board's fields state it.
pub fn from_fields(
    min: Option<Decimal>,
    max: Option<Decimal>,
    currency: Option<&str>,
    period: Option<&str>,
) -> Option<Pay> {
    let unit = currencies(&words(currency?)).into_iter().next()?;
    let currency = match unit {
        Unit::Dollar => Currency::USD,
        Unit::Known(currency) => currency,
    };
    let period = match period.map(str::trim).filter(|period| !period.is_empty()) {
        Some(word) => Some(field_period(word)?),
        None => None,
    };
    plausible(min, max, currency, period)
}

/// The one period that a text names for pay: `Annual salary`, `Rate per hour`; two are none.
pub fn stated_period(text: &str) -> Option<Period> {
    let words = words(text);
    let mut named = (0..words.len()).filter_map(|at| period_at(&words, at)).map(|(it, _)| it);
    let first = named.next()?;
    named.all(|period| period == first).then_some(first)
}

/// A period with a field of its own: `YEAR`, `annual`, `per-hour-wage`, `1 YEAR`.
fn field_period(field: &str) -> Option<Period> {
    let field = field.to_lowercase();
    if ["semi", "bi-", "biw", "bim", "fort", "quarter"].iter().any(|odd| field.contains(odd)) {
        return None;
    }
    field.split(|c: char| !c.is_alphabetic()).find_map(|word| {
        period_word(word).map(|(PeriodWord::Alone(period) | PeriodWord::Behind(period))| period)
    })
}

static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    let before = "our|the|base|annual|total|target|expected|estimated|gross|hourly|daily|monthly|\
        yearly|day|us|usa|starting|cash";
    let label = "salary|pay|compensation|remuneration|rate|wage|ote|jahresgehalt|monatsgehalt|gehalt|\
        gehaltsspanne|vergütung|stundensatz|tagessatz|salaire|rémunération|tjm|salario|sueldo|\
        salaris|wynagrodzenie|hourly";
    let after = "range|band|scale|level|for|this|the|role|position|per|hour|day|month|year|annum|in|\
        package|expectations?|rate|information|details|and|benefits|usd|eur|gbp";
    let pattern = format!(
        r"(?i)^[^\p{{L}}\d]*(?:(?:{before})\s+){{0,4}}(?:{label})(?:\s+(?:{after})){{0,4}}\s*(?:\([^)]*\))?\s*[*_]*:"
    );
    Regex::new(&pattern).expect("a valid pattern")
});

/// Pay from a line of a body that is labelled as such; a label alone on its line, as headings are,
/// labels the next if that is short.
pub fn find_in_body(body: &str) -> Option<Pay> {
    let mut rest = body;
    while let Some(colon) = memchr(b':', rest.as_bytes()) {
        let start = memrchr(b'\n', rest.as_bytes().get(..colon)?).map_or(0, |end| end + 1);
        let mut lines = rest.get(start..)?.lines().filter(|line| !line.is_empty());
        let line = lines.next()?;
        if LABEL.is_match(line) {
            let next =
                lines.next().filter(|next| line.ends_with(':') && next.len() <= MAX_VALUE_BYTES);
            if let Some(pay) = parse(line).or_else(|| parse(next?)) {
                return Some(pay);
            }
        }
        rest = rest.get(start + line.len()..)?;
    }
    None
}
