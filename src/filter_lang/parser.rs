//! Text to expression. Every failure stops at once, so the first one is the one that is shown.

use winnow::Parser;
use winnow::combinator::{alt, delimited, eof, not, opt, peek, preceded, repeat, separated};
use winnow::error::{ErrMode, ModalResult};
use winnow::stream::{LocatingSlice, Location, Stateful};
use winnow::token::{any, one_of, take_till, take_while};

use super::clean::{Clean, canonical, is_letter};
use super::error::{ParseError, quoted};
use super::nearest::nearest;
use super::scope::Scope;
use super::{facts, limits, pay, print};
use crate::domain::filter::{Clause, Expr, Text};
use crate::domain::posting::Remote;

/// Letters that a prefix must have, so that it stays a word's beginning.
const PREFIX_LETTERS: usize = 3;

const NAMES: [&str; 18] = [
    "title:",
    "company:",
    "tag:",
    "body:",
    "board:",
    "location:",
    "country:",
    "remote",
    "remote:",
    "pay>=",
    "pay:stated",
    "type:",
    "level:",
    "lang:",
    "visa:",
    "tz:",
    "posted<",
    "reposts",
];
const EXPECTED: &str =
    "a word, a \"phrase\", a prefix*, a field such as title: or a ( could stand here";

/// The text that is left, and how many clauses were read before it.
pub(super) type Input<'t> = Stateful<LocatingSlice<&'t str>, usize>;
pub(super) type Parsed<T> = ModalResult<T, ParseError>;

/// Reads a filter. Groups in groups are flattened and double exclusions removed, so that filters
/// that differ only in these are equal.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    limits::check_length(text)?;
    let clean = Clean::new(text);
    read(&clean.text)
        .map_err(|error| ParseError { position: clean.origin(error.position), ..error })
}

/// Positions in its errors are bytes of the clean text.
fn read(text: &str) -> Result<Expr, ParseError> {
    limits::check_brackets(text)?;
    if text.trim().is_empty() {
        let expected = "say what to look for, as in `rust remote -senior`";
        return Err(ParseError::new(0, "nothing", expected));
    }
    let mut input = Stateful { input: LocatingSlice::new(text), state: 0 };
    let expr = preceded(space, |input: &mut Input<'_>| alternatives(input, Scope::Anywhere))
        .parse_next(&mut input)
        .map_err(inner)?;
    if !input.is_empty() {
        return Err(unexpected(&input));
    }
    limits::check_required(&expr)?;
    // What is stored is the canonical form, which may be longer and must be readable again.
    let canonical = print(&expr);
    limits::check_length(&canonical)
        .and_then(|()| limits::check_brackets(&canonical))
        .map_err(|error| ParseError { position: 0, ..error })?;
    Ok(expr)
}

fn alternatives(input: &mut Input<'_>, scope: Scope) -> Parsed<Expr> {
    separated(1.., |input: &mut Input<'_>| together(input, scope), or).map(either).parse_next(input)
}

fn together(input: &mut Input<'_>, scope: Scope) -> Parsed<Expr> {
    let end = || alt((eof.void(), peek(")").void(), peek(or)));
    let mut parts = vec![term(input, scope)?];
    let more: Vec<Expr> = repeat(
        0..,
        alt((
            preceded(keyword("and"), |input: &mut Input<'_>| term(input, scope)),
            preceded(not(end()), |input: &mut Input<'_>| term(input, scope)),
        )),
    )
    .parse_next(input)?;
    parts.extend(more);
    Ok(all(parts))
}

fn term(input: &mut Input<'_>, scope: Scope) -> Parsed<Expr> {
    let negations: usize = repeat(0.., alt((dash, keyword("not")))).parse_next(input)?;
    let expr = operand(input, scope)?;
    Ok(if negations.is_multiple_of(2) { expr } else { exclude(expr) })
}

fn operand(input: &mut Input<'_>, scope: Scope) -> Parsed<Expr> {
    match peek(opt(any)).parse_next(input)? {
        Some('(') => delimited(
            ("(", space),
            |input: &mut Input<'_>| alternatives(input, scope),
            (")", space),
        )
        .parse_next(input),
        Some('"') => phrase(input, scope),
        _ => word_or_name(input, scope),
    }
}

fn word_or_name(input: &mut Input<'_>, scope: Scope) -> Parsed<Expr> {
    let at = input.current_token_start();
    let found = take_while(0.., is_word).parse_next(input)?;
    // Behind any other word a space ends the term, and the sign would belong to the next one.
    if ["pay", "posted"].iter().any(|name| found.eq_ignore_ascii_case(name)) {
        opt((take_while(1.., ' '), peek(one_of(['<', '>', '≥', '≤'])))).parse_next(input)?;
    }
    if found.is_empty() && opt("=").parse_next(input)?.is_some() {
        return exact(input, scope, at);
    }
    let operator = alt((":", ">=", "<=", "≥", "≤", ">", "<", "=", "")).parse_next(input)?;
    if operator.is_empty() && found.is_empty() {
        return unexpected(input).stop();
    }
    if operator.is_empty() {
        space(input)?;
        return word(input, scope, at, found);
    }
    space(input)?;
    let name = canonical(found);
    if scope != Scope::Anywhere {
        let expected = format!("after {} stand words, phrases and prefixes only", scope.prefix());
        return ParseError::new(at, quoted(&format!("{name}{operator}")), expected).stop();
    }
    match (name.as_str(), operator, Scope::named(&name)) {
        (_, ":", Some(scope)) => operand(input, scope),
        ("remote", ":", _) => facts::remotes(input).and_then(|found| any_of(input, at, found)),
        ("country", ":", _) => facts::countries(input).and_then(|found| any_of(input, at, found)),
        ("pay", ":", _) => facts::stated(input).and_then(|stated| clause(input, at, stated)),
        ("pay", ">=" | "≥", _) => pay::at_least(input).and_then(|pay| clause(input, at, pay)),
        ("posted", "<", _) => facts::posted(input).and_then(|posted| clause(input, at, posted)),
        (_, ":", _) => match facts::named(input, &name) {
            Some(fact) => fact.and_then(|fact| clause(input, at, fact)),
            None => unknown(at, &format!("{name}{operator}")).stop(),
        },
        _ => unknown(at, &format!("{name}{operator}")).stop(),
    }
}

fn any_of(input: &mut Input<'_>, at: usize, clauses: Vec<Clause>) -> Parsed<Expr> {
    let found: Parsed<Vec<Expr>> = clauses.into_iter().map(|one| clause(input, at, one)).collect();
    found.map(either)
}

/// The word after `=`.
fn exact(input: &mut Input<'_>, scope: Scope, at: usize) -> Parsed<Expr> {
    let quoted_word = delimited("\"", take_till(0.., '"'), "\"");
    let found = alt((quoted_word, take_while(0.., is_word))).parse_next(input)?;
    let expected = "directly after = stands one word, as in =go";
    if found.is_empty() || found.trim().contains(' ') {
        let found = if found.is_empty() { unexpected(input).found } else { quoted(found) };
        return ParseError::new(at, found, expected).stop();
    }
    space(input)?;
    text(input, scope, at, Text::Exact(canonical(found.trim())))
}

fn unknown(at: usize, name: &str) -> ParseError {
    let expected = format!(
        "it is not known; known are {}; a word with such a sign is put in quotes",
        NAMES.join(" ")
    );
    let near = nearest(name, &NAMES).map(quoted);
    ParseError::new(at, quoted(name), expected).or_rather(near)
}

fn word(input: &mut Input<'_>, scope: Scope, at: usize, found: &str) -> Parsed<Expr> {
    let word = canonical(found);
    if is_keyword(&word) {
        let expected = format!("{EXPECTED}; as a word it is written \"{word}\"");
        return ParseError::new(at, quoted(found), expected).stop();
    }
    if word.starts_with('-') {
        let expected = "an exclusion stands before the field, as in -title:senior";
        return ParseError::new(at, quoted(found), expected).stop();
    }
    match word.split_once('*') {
        None if is_reserved(&word, scope) => clause(input, at, reserved(&word)),
        None => text(input, scope, at, Text::Word(word)),
        Some((stem, "")) => prefix(input, scope, at, stem),
        Some(_) => ParseError::new(at, quoted(found), "a `*` stands only at a word's end").stop(),
    }
}

fn prefix(input: &mut Input<'_>, scope: Scope, at: usize, stem: &str) -> Parsed<Expr> {
    let letters = stem.chars().rev().take_while(|found| found.is_alphanumeric()).count();
    if letters < PREFIX_LETTERS {
        let expected = format!("a prefix has {PREFIX_LETTERS} letters at least before its `*`");
        return ParseError::new(at, quoted(&format!("{stem}*")), expected).stop();
    }
    text(input, scope, at, Text::Prefix(stem.to_owned()))
}

fn phrase(input: &mut Input<'_>, scope: Scope) -> Parsed<Expr> {
    let at = input.current_token_start();
    let found = delimited("\"", take_till(0.., '"'), ("\"", space)).parse_next(input)?;
    let words: Vec<String> = found.split_whitespace().map(canonical).collect();
    let one = words.len() == 1;
    let words = words.join(" ");
    text(input, scope, at, if one { Text::Word(words) } else { Text::Phrase(words) })
}

fn text(input: &mut Input<'_>, scope: Scope, at: usize, text: Text) -> Parsed<Expr> {
    let written = text.written();
    if !written.contains(is_letter) {
        let expected = "a word has at least one letter or digit";
        return ParseError::new(at, quoted(written), expected).stop();
    }
    clause(input, at, scope.clause(text))
}

fn clause(input: &mut Input<'_>, at: usize, clause: Clause) -> Parsed<Expr> {
    input.state += 1;
    limits::check_terms(at, input.state).map_err(ErrMode::Cut)?;
    Ok(Expr::Clause(clause))
}

pub(super) fn all(parts: Vec<Expr>) -> Expr {
    let flat = parts.into_iter().flat_map(|part| match part {
        Expr::All(inner) => inner,
        Expr::Clause(_) | Expr::Not(_) | Expr::Any(_) => vec![part],
    });
    single(flat.collect()).unwrap_or_else(Expr::All)
}

pub(super) fn either(parts: Vec<Expr>) -> Expr {
    let flat = parts.into_iter().flat_map(|part| match part {
        Expr::Any(inner) => inner,
        Expr::Clause(_) | Expr::Not(_) | Expr::All(_) => vec![part],
    });
    single(flat.collect()).unwrap_or_else(Expr::Any)
}

fn single(parts: Vec<Expr>) -> Result<Expr, Vec<Expr>> {
    <[Expr; 1]>::try_from(parts).map(|[part]| part)
}

pub(super) fn exclude(expr: Expr) -> Expr {
    match expr {
        Expr::Not(inner) => *inner,
        Expr::Clause(_) | Expr::All(_) | Expr::Any(_) => Expr::Not(Box::new(expr)),
    }
}

pub(super) fn or(input: &mut Input<'_>) -> Parsed<()> {
    alt((("|", space).void(), keyword("or"))).parse_next(input)
}

fn keyword<'t>(name: &'static str) -> impl Parser<Input<'t>, (), ErrMode<ParseError>> {
    (take_while(1.., is_word).verify(move |found: &str| found.eq_ignore_ascii_case(name)), space)
        .void()
}

fn dash(input: &mut Input<'_>) -> Parsed<()> {
    let at = input.current_token_start();
    "-".parse_next(input)?;
    match peek(opt(any)).parse_next(input)? {
        Some(' ') | None => {
            let expected = "it stands directly before what it excludes, as in -senior";
            ParseError::new(at, "`-` alone", expected).stop()
        }
        Some(_) => Ok(()),
    }
}

pub(super) fn space(input: &mut Input<'_>) -> Parsed<()> {
    take_while(0.., ' ').void().parse_next(input)
}

/// The error for whatever stands next.
pub(super) fn unexpected(input: &Input<'_>) -> ParseError {
    let rest: &str = input.input.as_ref();
    let lump: String = rest.chars().take_while(|found| is_word(*found)).collect();
    let found = match rest.chars().next() {
        None => "the end".to_owned(),
        Some(next) if lump.is_empty() => quoted(next.encode_utf8(&mut [0; 4])),
        Some(_) => quoted(&lump),
    };
    ParseError::new(input.current_token_start(), found, EXPECTED)
}

fn inner(error: ErrMode<ParseError>) -> ParseError {
    error.into_inner().unwrap_or_else(|_| ParseError::new(0, "half a filter", EXPECTED))
}

fn is_keyword(word: &str) -> bool {
    ["or", "and", "not"].contains(&word)
}

/// Whether a word without quotes means something else there.
pub(super) fn is_reserved(word: &str, scope: Scope) -> bool {
    is_keyword(word) || (scope == Scope::Anywhere && ["remote", "reposts"].contains(&word))
}

/// What a reserved word means.
fn reserved(word: &str) -> Clause {
    if word == "reposts" { Clause::Repost } else { Clause::Remote(Remote::Yes) }
}

/// Whether it ends a word.
pub(super) fn is_special(found: char) -> bool {
    found.is_whitespace() || matches!(found, '(' | ')' | '|' | '"') || is_operator(found)
}

fn is_operator(found: char) -> bool {
    matches!(found, ':' | '<' | '>' | '=' | '≥' | '≤')
}

pub(super) fn is_word(found: char) -> bool {
    !is_special(found)
}
