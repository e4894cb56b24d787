//! Values after `type:`, `level:`, `lang:`, `visa:`, `country:`, `remote:`, `tz:` and `posted<`.

use std::str::FromStr;

use chrono_tz::{TZ_VARIANTS, Tz};
use winnow::Parser;
use winnow::combinator::{opt, peek};
use winnow::stream::Location;
use winnow::token::{any, take_while};

use super::clean::canonical;
use super::error::{ParseError, quoted};
use super::nearest::nearest;
use super::parser::{Input, Parsed, is_word, or, space, unexpected};
use crate::domain::facts::{Employment, Language, Level};
use crate::domain::filter::{Clause, Fact};
use crate::domain::place::{Area, Country};
use crate::domain::posting::Remote;

/// A working day, of which an overlap is a part.
const WORKING_MINUTES: u32 = 9 * 60;

/// Nobody looks for older postings.
const OLDEST_MINUTES: u32 = 365 * 24 * 60;

/// Reads a fact whose name stood before the colon; `None` for another name.
pub(super) fn named(input: &mut Input<'_>, name: &str) -> Option<Parsed<Clause>> {
    let words = |input: &mut Input<'_>| match name {
        "type" => set(input, name, Employment::WORDS, Fact::Employment),
        "level" => set(input, name, Level::WORDS, Fact::Level),
        "lang" => language(input),
        "visa" => visa(input),
        _ => overlap(input),
    };
    ["type", "level", "lang", "visa", "tz"].contains(&name).then(|| words(input))
}

/// `yes`, `yes|hybrid` or `(yes OR hybrid)` after `remote:`.
pub(super) fn remotes(input: &mut Input<'_>) -> Parsed<Vec<Clause>> {
    let words = ["yes", "no", "hybrid"];
    let read = |word: &str| word.parse::<Remote>().ok();
    let (found, _) = Values { name: "remote", words: &words, strict: false }.read(input, read)?;
    Ok(found.into_iter().map(Clause::Remote).collect())
}

/// Codes or names after `country:`.
pub(super) fn countries(input: &mut Input<'_>) -> Parsed<Vec<Clause>> {
    let read = |word: &str| {
        Country::of_code(word).or_else(|| match Area::named(&word.replace('_', " "))? {
            Area::Country(country) => Some(country),
            Area::Region(_) => None,
        })
    };
    let words = ["a code such as de", "a name such as germany"];
    let (found, _) = Values { name: "country", words: &words, strict: false }.read(input, read)?;
    Ok(found.into_iter().map(Clause::Country).collect())
}

/// The value after `pay:`.
pub(super) fn stated(input: &mut Input<'_>) -> Parsed<Clause> {
    let read = |word: &str| (word == "stated").then_some(());
    Values { name: "pay", words: &["stated"], strict: false }.read(input, read)?;
    Ok(Clause::PayStated)
}

/// The age after `posted<`.
pub(super) fn posted(input: &mut Input<'_>) -> Parsed<Clause> {
    let within =
        minutes(input, "after posted< stands an age such as 2d, 36h or 2w", OLDEST_MINUTES)?;
    let strict = exclamation(input)?;
    Ok(Clause::Fact { fact: Fact::Posted { within }, strict })
}

fn set<T: FromStr + Ord>(
    input: &mut Input<'_>,
    name: &str,
    words: &[&str],
    fact: impl FnOnce(Vec<T>) -> Fact,
) -> Parsed<Clause> {
    let read = |word: &str| word.parse().ok();
    let (found, strict) = Values { name, words, strict: true }.read(input, read)?;
    Ok(Clause::Fact { fact: fact(found), strict })
}

fn language(input: &mut Input<'_>) -> Parsed<Clause> {
    let words = ["a code such as en", "a name such as english"];
    let values = Values { name: "lang", words: &words, strict: true };
    let (found, strict) = values.read(input, Language::named)?;
    Ok(Clause::Fact { fact: Fact::Language(found), strict })
}

fn visa(input: &mut Input<'_>) -> Parsed<Clause> {
    let read = |word: &str| ["no", "yes"].iter().position(|known| *known == word);
    let at = input.current_token_start();
    let values = Values { name: "visa", words: &["yes", "no"], strict: true };
    match values.read(input, read)? {
        (found, strict) if found.len() == 1 => {
            Ok(Clause::Fact { fact: Fact::Visa(found == [1]), strict })
        }
        _ => ParseError::new(at, "two values", "after visa: stands yes or no").stop(),
    }
}

/// `Europe/Paris overlap>=4h`
fn overlap(input: &mut Input<'_>) -> Parsed<Clause> {
    const EXPECTED: &str = "after tz: stand a zone and hours, as in tz:Europe/Paris overlap>=4h";
    let at = input.current_token_start();
    let found = take_while(0.., is_word).parse_next(input)?;
    let Some(zone) = zone(found) else {
        let names: Vec<&str> = TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
        let near = nearest(found, &names).map(|near| quoted(&format!("tz:{near}")));
        let found = if found.is_empty() { unexpected(input).found } else { quoted(found) };
        return ParseError::new(at, found, EXPECTED).or_rather(near).stop();
    };
    space(input)?;
    let at = input.current_token_start();
    let word = take_while(0.., is_word).parse_next(input)?;
    space(input)?;
    let sign = take_while(0.., ['<', '>', '=', '≥']).parse_next(input)?;
    if !word.eq_ignore_ascii_case("overlap") || !matches!(sign, ">=" | "≥") {
        let found = if word.is_empty() { unexpected(input).found } else { quoted(word) };
        return ParseError::new(at, found, EXPECTED).stop();
    }
    space(input)?;
    let least = minutes(input, "an overlap is written 4h, 9h at most", WORKING_MINUTES)?;
    let strict = exclamation(input)?;
    Ok(Clause::Fact { fact: Fact::Overlap { zone, least }, strict })
}

fn zone(name: &str) -> Option<Tz> {
    TZ_VARIANTS.into_iter().find(|zone| zone.name().eq_ignore_ascii_case(name))
}

/// A whole number and its unit, as minutes above zero.
fn minutes(input: &mut Input<'_>, expected: &str, most: u32) -> Parsed<u32> {
    let at = input.current_token_start();
    let found = take_while(0.., |c| is_word(c) && c != '!').parse_next(input)?;
    let end = found.find(|c: char| !c.is_ascii_digit()).unwrap_or(found.len());
    let (number, unit) = found.split_at_checked(end).unwrap_or_default();
    let factor = match canonical(unit).as_str() {
        "min" => Some(1),
        "h" | "hr" | "hour" | "hours" => Some(60),
        "d" | "day" | "days" => Some(24 * 60),
        "w" | "week" | "weeks" => Some(7 * 24 * 60),
        _ => None,
    };
    let minutes = factor.and_then(|factor| number.parse::<u32>().ok()?.checked_mul(factor));
    if let Some(minutes) = minutes.filter(|minutes| (1..=most).contains(minutes)) {
        return Ok(minutes);
    }
    let found = if found.is_empty() { unexpected(input).found } else { quoted(found) };
    ParseError::new(at, found, expected).stop()
}

/// Whether a `!` makes the clause strict; then the clause is over.
pub(super) fn exclamation(input: &mut Input<'_>) -> Parsed<bool> {
    let strict = opt("!").parse_next(input)?.is_some();
    if let Some(next) = peek(opt(any)).parse_next(input)?.filter(|next| is_word(*next)) {
        let at = input.current_token_start();
        let found = quoted(next.encode_utf8(&mut [0; 4]));
        return ParseError::new(at, found, "the value ends here; a space is missing").stop();
    }
    space(input)?;
    Ok(strict)
}

/// One or more values of a name.
struct Values<'w> {
    name: &'w str,
    /// What could stand there.
    words: &'w [&'w str],
    /// Whether a `!` may follow.
    strict: bool,
}

impl Values<'_> {
    /// `value`, `value|value`, `(value OR value)`; in order, without repeats.
    fn read<T: Ord>(
        &self,
        input: &mut Input<'_>,
        read: impl Fn(&str) -> Option<T>,
    ) -> Parsed<(Vec<T>, bool)> {
        let grouped = opt(("(", space)).parse_next(input)?.is_some();
        let mut found = vec![self.one(input, grouped, &read)?];
        loop {
            let more = if grouped { opt(or).parse_next(input)?.is_some() } else { bar(input)? };
            if !more {
                break;
            }
            found.push(self.one(input, grouped, &read)?);
        }
        if grouped && opt(")").parse_next(input)?.is_none() {
            return unexpected(input).stop();
        }
        input.state += found.len() - 1;
        found.sort_unstable();
        found.dedup();
        if !self.strict {
            exclaims_not(input, self.name)?;
        }
        Ok((found, exclamation(input)?))
    }

    fn one<T>(
        &self,
        input: &mut Input<'_>,
        grouped: bool,
        read: impl Fn(&str) -> Option<T>,
    ) -> Parsed<T> {
        let at = input.current_token_start();
        let written = quoted_name(input)?;
        let found = match written {
            Some(name) => name,
            None => take_while(0.., |c| is_word(c) && c != '!').parse_next(input)?,
        };
        if grouped || written.is_some() {
            space(input)?;
        }
        let word = canonical(found);
        if let Some(value) = read(&word) {
            return Ok(value);
        }
        let near = nearest(&word, self.words).map(|near| quoted(&format!("{}:{near}", self.name)));
        let expected = match self.words {
            [one] => format!("after {}: stands {one}", self.name),
            [most @ .., last] => {
                format!("after {}: stands {} or {last}", self.name, most.join(", "))
            }
            [] => String::new(),
        };
        let found = if found.is_empty() { unexpected(input).found } else { quoted(found) };
        ParseError::new(at, found, expected).or_rather(near).stop()
    }
}

/// A name of several words, in quotes.
fn quoted_name<'t>(input: &mut Input<'t>) -> Parsed<Option<&'t str>> {
    let name = ("\"", take_while(0.., |c| c != '"'), "\"").map(|(_, name, _): (_, &str, _)| name);
    opt(name).parse_next(input)
}

fn exclaims_not(input: &mut Input<'_>, name: &str) -> Parsed<()> {
    let at = input.current_token_start();
    if peek(opt("!")).parse_next(input)?.is_none() {
        return Ok(());
    }
    let expected = format!("{name}: is always strict: unknown is no");
    ParseError::new(at, "`!`", expected).stop()
}

/// A `|` with a value directly behind it.
fn bar(input: &mut Input<'_>) -> Parsed<bool> {
    let rest: &str = input.input.as_ref();
    let next = rest.strip_prefix('|').and_then(|rest| rest.chars().next());
    if !next.is_some_and(|next| is_word(next) || next == '"') {
        return Ok(false);
    }
    any.void().parse_next(input)?;
    Ok(true)
}
