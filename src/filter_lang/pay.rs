//! The amount after `pay>=`: `80k`, `€600/day`, `60 usd/h`, `90000eur`.

use rust_decimal::Decimal;
use winnow::Parser;
use winnow::combinator::{opt, peek, preceded};
use winnow::stream::Location;
use winnow::token::{any, one_of, take_while};

use super::error::{ParseError, quoted};
use super::nearest::nearest;
use super::parser::{Input, Parsed, is_word, space, unexpected};
use crate::domain::filter::{Clause, Fact};
use crate::domain::pay::{Currency, Period};

/// Digits of an amount, so that the arithmetic with it cannot overflow.
const MAX_DIGITS: usize = 12;
const EXPECTED: &str = "after pay>= stands an amount such as 80k, €600/day or 60 usd/h";
const PERIODS: [(&str, Period); 17] = [
    ("h", Period::Hour),
    ("hr", Period::Hour),
    ("hour", Period::Hour),
    ("d", Period::Day),
    ("day", Period::Day),
    ("w", Period::Week),
    ("wk", Period::Week),
    ("week", Period::Week),
    ("m", Period::Month),
    ("mo", Period::Month),
    ("mon", Period::Month),
    ("month", Period::Month),
    ("y", Period::Year),
    ("yr", Period::Year),
    ("year", Period::Year),
    ("pa", Period::Year),
    ("annum", Period::Year),
];

/// Reads the rest of the clause. A bare number is US dollars a year.
pub(super) fn at_least(input: &mut Input<'_>) -> Parsed<Clause> {
    let sign = opt(one_of(['$', '€', '£'])).parse_next(input)?;
    space(input)?;
    let leading = sign.map(|sign| match sign {
        '€' => Currency::EUR,
        '£' => Currency::GBP,
        _ => Currency::USD,
    });
    let at = input.current_token_start();
    let number = number(input)?;
    let (factor, trailing) = suffix(input)?;
    let amount = number * Decimal::from(factor);
    let trailing = if trailing.is_none() { spaced_code(input)? } else { trailing };
    if leading.is_some() && trailing.is_some() {
        return ParseError::new(at, "two currencies", "an amount has one currency").stop();
    }
    let currency = leading.or(trailing);
    let period = opt(preceded((space, "/", space), period)).parse_next(input)?;
    let strict = opt("!").parse_next(input)?.is_some();
    if let Some(next) = peek(opt(any)).parse_next(input)?.filter(|next| is_word(*next)) {
        let expected =
            "an amount may be followed by k or m, a currency, and /h /day /week /month /yr";
        let at = input.current_token_start();
        return ParseError::new(at, quoted(next.encode_utf8(&mut [0; 4])), expected).stop();
    }
    space(input)?;
    let fact = Fact::PayAtLeast {
        amount: amount.normalize(),
        currency: currency.unwrap_or(Currency::USD),
        period: period.unwrap_or(Period::Year),
    };
    Ok(Clause::Fact { fact, strict })
}

fn number(input: &mut Input<'_>) -> Parsed<Decimal> {
    let at = input.current_token_start();
    let found: &str =
        take_while(0.., |c: char| c.is_ascii_digit() || c == ',' || c == '.').parse_next(input)?;
    if found.is_empty() {
        return ParseError::new(at, unexpected(input).found, EXPECTED).stop();
    }
    let (whole, fraction) = found.split_once('.').unwrap_or((found, ""));
    let digits = whole.replace(',', "");
    let mut groups = whole.split(',').rev();
    // Where a comma or a point is, people differ about what it means.
    let grouped = !whole.contains(',')
        || (groups.clone().skip(1).all(|group| (1..=3).contains(&group.len()))
            && groups.next().is_some_and(|last| last.len() == 3));
    let sound = grouped && fraction.len() <= 2 && digits.len() <= MAX_DIGITS;
    let amount = format!("{digits}.{fraction}0").parse::<Decimal>().ok();
    let amount = amount.filter(|amount| sound && !digits.is_empty() && *amount > Decimal::ZERO);
    if let Some(amount) = amount {
        return Ok(amount);
    }
    let expected = "an amount is written 90000, 90,000, 90k or 37.50, and is above zero";
    ParseError::new(at, quoted(found), expected).stop()
}

/// `k`, `m`, a currency's code, or `k` and a code, directly behind the digits.
fn suffix(input: &mut Input<'_>) -> Parsed<(u32, Option<Currency>)> {
    let at = input.current_token_start();
    let found: &str = take_while(0.., char::is_alphabetic).parse_next(input)?;
    let word = found.to_lowercase();
    let (factor, code) = match (code(&word), word.strip_prefix('k'), word.strip_prefix('m')) {
        (None, Some(rest), _) => (1_000, rest),
        (None, _, Some(rest)) => (1_000_000, rest),
        (Some(_), ..) | (None, None, None) => (1, word.as_str()),
    };
    match self::code(code) {
        None if !code.is_empty() => {
            let expected =
                "behind an amount stand k, m or a currency's code, as in 80k or 90000eur";
            ParseError::new(at, quoted(found), expected).stop()
        }
        currency => Ok((factor, currency)),
    }
}

/// A code after a space. Some codes are words of the trade (php, cad), so but for the three
/// commonest it must be followed by a period; else nobody can tell which was meant.
fn spaced_code(input: &mut Input<'_>) -> Parsed<Option<Currency>> {
    let rest: &str = input.input.as_ref();
    let word: String =
        rest.trim_start().chars().take_while(|found| is_word(*found) && *found != '/').collect();
    let Some(currency) = code(&word) else { return Ok(None) };
    space(input)?;
    let at = input.current_token_start();
    take_while(1.., char::is_alphabetic).void().parse_next(input)?;
    let rest: &str = input.input.as_ref();
    let common = [Currency::USD, Currency::EUR, Currency::GBP].contains(&currency);
    if common || rest.trim_start().starts_with('/') {
        return Ok(Some(currency));
    }
    let expected = format!(
        "it could be a currency or a word; write {word}/yr for the currency, \"{word}\" for the word"
    );
    ParseError::new(at, quoted(&word), expected).stop()
}

fn code(word: &str) -> Option<Currency> {
    word.parse().ok()
}

fn period(input: &mut Input<'_>) -> Parsed<Period> {
    let at = input.current_token_start();
    let found: &str = take_while(0.., char::is_alphabetic).parse_next(input)?;
    let word = found.to_lowercase();
    if let Some((_, period)) = PERIODS.iter().find(|(name, _)| *name == word) {
        return Ok(*period);
    }
    let near = nearest(&word, &PERIODS.map(|(name, _)| name)).filter(|name| name.len() > 2);
    let found = if found.is_empty() { unexpected(input).found } else { quoted(found) };
    ParseError::new(at, found, "after the slash stands h, day, week, month or yr")
        .or_rather(near.map(|near| quoted(&format!("/{near}"))))
        .stop()
}
