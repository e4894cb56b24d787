//! The words of a text about pay: numbers, currencies, units.

use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;
use rust_decimal::Decimal;

use crate::domain::pay::{Currency, Period};

/// A number, a run of letters, or one other character.
#[derive(Debug, Clone, Copy)]
pub struct Word<'a> {
    pub text: &'a str,
    /// No space stands before it.
    pub glued: bool,
}

static WORD: LazyLock<Regex> = LazyLock::new(|| {
    // Spaces and apostrophes group digits only in threes; `read_number` judges dots and commas.
    Regex::new(r"\d{1,3}(?:[ '’]\d{3})+(?:[.,]\d{1,2})?\b|\d+(?:[.,]\d+)*|\p{L}+|\S")
        .expect("a valid pattern")
});

pub fn words(text: &str) -> Vec<Word<'_>> {
    let mut end = None;
    let words = WORD.find_iter(text).map(|found| {
        let glued = end == Some(found.start());
        end = Some(found.end());
        Word { text: found.as_str(), glued }
    });
    words.collect()
}

/// `90,000`, `80.000`, `9'500.50`, `25,00,000`; `None` for what only looks so: `1.2.3`, `12.05.2026`.
pub fn read_number(text: &str) -> Option<Decimal> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let text = text.replace([' ', '\'', '’'], "");
    let Some(last) = text.rfind(['.', ',']) else { return Decimal::from_str(&text).ok() };
    let (whole, fraction) = text.split_at_checked(last)?;
    let (mark, fraction) = fraction.split_at_checked(1)?;
    let groups = whole.split(['.', ',']).skip(1);
    let is_group = fraction.len() == 3 && !whole.starts_with('0');
    let other = if mark == "." { "," } else { "." };
    if is_group && !whole.contains(other) {
        // Two digits between commas are Indian.
        let well_formed = groups.clone().all(|group| group.len() == 3)
            || (mark == "," && groups.clone().all(|group| group.len() == 2));
        return Decimal::from_str(&text.replace(mark, "")).ok().filter(|_| well_formed);
    }
    let plain = !whole.contains(mark) && groups.clone().all(|group| matches!(group.len(), 2 | 3));
    let number = format!("{}.{fraction}", whole.replace(other, ""));
    Decimal::from_str(&number).ok().filter(|_| plain && fraction.len() <= 2)
}

/// What an amount is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A dollar of any country.
    Dollar,
    Known(Currency),
}

/// A currency at the beginning of these words, and how many words it takes.
pub fn currency(words: &[Word<'_>]) -> Option<(Unit, usize)> {
    let (first, rest) = words.split_first()?;
    let next = rest.first();
    let name = first.text.to_lowercase();
    if next.is_some_and(|next| next.text == "$" && (next.glued || name.len() > 1))
        && let Some(code) = dollar_of(&name)
    {
        return Some((Unit::Known(code.parse().ok()?), 2));
    }
    let code = match name.as_str() {
        // `$CAD 90,000`
        "$" => match next.and_then(|next| named(next.text)) {
            Some(unit) if next.is_some_and(|next| next.glued) => return Some((unit, 2)),
            _ => return Some((Unit::Dollar, 1)),
        },
        "€" => "EUR",
        "£" => "GBP",
        "₹" => "INR",
        "₩" => "KRW",
        "₴" => "UAH",
        "₽" => "RUB",
        "₺" => "TRY",
        "₪" => "ILS",
        "₫" => "VND",
        "฿" => "THB",
        _ => return Some((named(first.text)?, 1)),
    };
    Some((Unit::Known(code.parse().ok()?), 1))
}

/// Every currency that a text names.
pub fn currencies(words: &[Word<'_>]) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut rest = words;
    while !rest.is_empty() {
        let found = currency(rest);
        units.extend(found.map(|(unit, _)| unit));
        rest = rest.get(found.map_or(1, |(_, taken)| taken)..).unwrap_or_default();
    }
    units
}

fn dollar_of(prefix: &str) -> Option<&'static str> {
    Some(match prefix {
        "us" | "usd" => "USD",
        "c" | "ca" | "cad" | "cdn" => "CAD",
        "a" | "au" | "aud" => "AUD",
        "nz" | "nzd" => "NZD",
        "s" | "sg" | "sgd" => "SGD",
        "hk" | "hkd" => "HKD",
        "r" => "BRL",
        "mx" | "mxn" => "MXN",
        "nt" => "TWD",
        _ => return None,
    })
}

/// Codes that are also written small, because they are no words.
const SMALL: [&str; 16] = [
    "USD", "EUR", "GBP", "CAD", "AUD", "NZD", "CHF", "SEK", "NOK", "DKK", "PLN", "INR", "CZK",
    "SGD", "JPY", "HUF",
];
/// Codes that are also words in capitals.
const WORDS: [&str; 3] = ["ALL", "TOP", "TRY"];

fn named(word: &str) -> Option<Unit> {
    let lower = word.to_lowercase();
    let code = match lower.as_str() {
        "dollar" | "dollars" => return Some(Unit::Dollar),
        "euro" | "euros" => "EUR",
        "zł" | "zl" | "złotych" => "PLN",
        "kč" => "CZK",
        "rs" | "rupees" => "INR",
        "円" => "JPY",
        _ if word.len() != 3 || WORDS.contains(&word) => return None,
        _ if SMALL.iter().any(|code| code.eq_ignore_ascii_case(word)) => word,
        _ if word.chars().all(|c| c.is_ascii_uppercase()) => word,
        _ => return None,
    };
    code.parse().ok().map(Unit::Known)
}

/// Whether this is one of the currencies called dollar.
pub fn is_dollar(currency: Currency) -> bool {
    ["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD"].contains(&currency.code())
}

/// What a suffix multiplies by: `90k`, `25 LPA`, `45 T€`.
pub fn multiplier(words: &[Word<'_>]) -> Option<Decimal> {
    let (first, rest) = words.split_first()?;
    let next_is_euro = rest.first().is_some_and(|next| next.text == "€");
    let times = match first.text.to_lowercase().as_str() {
        "k" | "tsd" | "thousand" => 1_000,
        "t" if next_is_euro => 1_000,
        "lpa" | "lakh" | "lakhs" | "lac" | "lacs" => 100_000,
        "m" if first.glued => 1_000_000,
        "mio" | "million" => 1_000_000,
        _ => return None,
    };
    Some(Decimal::from(times))
}

/// What a word says of the period of pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodWord {
    /// Needs no word before it: "monthly".
    Alone(Period),
    /// Means a period behind "per", a slash or an amount: "month".
    Behind(Period),
}

pub fn period_word(word: &str) -> Option<PeriodWord> {
    use PeriodWord::{Alone, Behind};
    Some(match word.to_lowercase().as_str() {
        "hourly" | "horaire" | "stundensatz" | "stundenlohn" | "uurtarief" => Alone(Period::Hour),
        "h" | "hr" | "hrs" | "hour" | "hours" | "std" | "stunde" | "stunden" | "heure"
        | "heures" | "hora" | "horas" | "uur" | "ora" | "godz" | "godzina" | "godzinę"
        | "timme" => Behind(Period::Hour),
        "daily" | "pd" | "tagessatz" | "tjm" | "dagtarief" | "journalier" => Alone(Period::Day),
        "d" | "day" | "days" | "tag" | "jour" | "journée" | "día" | "dia" | "dag" | "dzień"
        | "dzien" => Behind(Period::Day),
        "weekly" | "wöchentlich" => Alone(Period::Week),
        "week" | "wk" | "woche" | "semaine" | "semana" | "tydzień" => Behind(Period::Week),
        "monthly" | "pcm" | "monatlich" | "monatsgehalt" | "mensuel" | "mensuels" | "mensual"
        | "mensuales" | "maandelijks" | "miesięcznie" | "mies" | "mtl" => Alone(Period::Month),
        "m" | "mo" | "mth" | "month" | "months" | "monat" | "mois" | "mes" | "mês" | "maand"
        | "miesiąc" | "måned" | "månad" => Behind(Period::Month),
        "yearly" | "annual" | "annually" | "annum" | "yr" | "pa" | "lpa" | "jahresgehalt"
        | "jährlich" | "annuel" | "annuels" | "annuelle" | "anual" | "anuales" | "jaarlijks"
        | "rocznie" => Alone(Period::Year),
        "y" | "year" | "years" | "jahr" | "an" | "année" | "annee" | "ano" | "año" | "jaar"
        | "rok" | "år" => Behind(Period::Year),
        _ => return None,
    })
}

/// Words between an amount and its period: "€600 per day", "80.000 € pro Jahr".
pub fn is_per(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "/" | "per"
            | "a"
            | "an"
            | "each"
            | "every"
            | "pro"
            | "par"
            | "por"
            | "al"
            | "im"
            | "am"
            | "je"
            | "na"
            | "za"
            | "la"
            | "l"
            | "'"
            | "’"
            | "à"
            | "p"
            | "i"
            | "brutto"
            | "gross"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let number = read_number(text).map(|number| number.normalize().to_string());
        assert_eq!(number.unwrap_or_default(), want, "{text}");
    }

    #[test]
    fn numbers_are_read_as_their_country_writes_them() {
        for (text, want) in [
            ("90000", "90000"),
            ("90,000", "90000"),
            ("80.000", "80000"),
            ("80 000", "80000"),
            ("9'500.50", "9500.5"),
            ("1.234.567,89", "1234567.89"),
            ("25,00,000", "2500000"),
            ("7.00", "7"),
            ("37,5", "37.5"),
            ("0.500", ""),
            ("1,234,567", "1234567"),
        ] {
            check(text, want);
        }
    }

    #[test]
    fn versions_and_dates_are_no_numbers() {
        for text in ["1.2.3", "12.05.2026", "1,2345", "10,20,30", "9.9.999", "٣"] {
            check(text, "");
        }
        check(&"9".repeat(400), "");
    }
}
