//! The rest of a line behind a command's name, and how its parts are read.

use std::str::FromStr;

use chrono_tz::{TZ_VARIANTS, Tz};

use super::command::Command;
use super::email::{Place, Wanted};
use crate::domain::filter::Expr;
use crate::domain::reply::Reply;
use crate::filter_lang;
use crate::render::replies::{self, CommandHelp};

/// Longest name of a filter or a company.
const MAX_NAME: usize = 80;

/// Nobody turns more pages.
const MOST_PAGES: usize = 1_000;

/// What stands behind a command's name: the bytes `start..end` of the line.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    whole: &'a str,
    start: usize,
    end: usize,
    usage: &'static str,
    example: &'static str,
}

impl<'a> Line<'a> {
    /// What stands behind the first word.
    pub fn behind(word: &str, whole: &'a str, help: &CommandHelp) -> Self {
        let CommandHelp { usage, example, .. } = *help;
        Self { whole, start: word.len(), end: whole.len(), usage, example }.trimmed()
    }

    pub fn rest(&self) -> &'a str {
        self.whole.get(self.start..self.end).unwrap_or_default()
    }

    /// Without white space at its beginning.
    pub fn trimmed(self) -> Self {
        Self { start: self.end - self.rest().trim_start().len(), ..self }
    }

    /// An answer with a caret under the byte `at`.
    pub fn wrong_at(&self, at: usize, what: &str) -> Reply {
        let column = self.whole.get(..at).map_or(0, |before| before.chars().count());
        replies::wrong_command(self.whole, column, what, self.usage, self.example)
    }

    pub fn wrong(&self, what: &str) -> Reply {
        self.wrong_at(self.start, what)
    }

    pub fn alone(&self, command: Command) -> Result<Command, Reply> {
        if self.rest().is_empty() {
            return Ok(command);
        }
        Err(self.wrong(&format!("{} takes nothing behind it", command.name())))
    }

    pub fn number_and_rest(&self) -> Result<(i64, Self), Reply> {
        let word = self.rest().split_whitespace().next().unwrap_or_default();
        let number = word.strip_prefix('#').unwrap_or(word).parse::<i64>().ok();
        match number.filter(|number| *number > 0) {
            Some(number) => {
                Ok((number, Self { start: self.start + word.len(), ..*self }.trimmed()))
            }
            None => Err(self.wrong("here stands a number, as `list` or `boards` shows it")),
        }
    }

    pub fn number(&self) -> Result<i64, Reply> {
        let (number, rest) = self.number_and_rest()?;
        if rest.rest().is_empty() {
            return Ok(number);
        }
        Err(rest.wrong("one number is enough"))
    }

    /// What stands there as a value, whose error says how it is written.
    pub fn value<T: FromStr<Err: std::fmt::Display>>(&self) -> Result<T, Reply> {
        self.rest().parse().map_err(|error: T::Err| self.wrong(&error.to_string()))
    }

    /// A value, or nothing of the kind.
    pub fn value_or_off<T: FromStr<Err: std::fmt::Display>>(&self) -> Result<Option<T>, Reply> {
        if self.rest().eq_ignore_ascii_case("off") { Ok(None) } else { self.value().map(Some) }
    }

    /// A time zone by IANA's name, or its last part alone: `Berlin`.
    pub fn timezone(&self) -> Result<Tz, Reply> {
        let written = self.rest().replace(' ', "_");
        let is_meant = |zone: &&Tz| {
            let name = zone.name();
            let city = name.rsplit('/').next().unwrap_or(name);
            name.eq_ignore_ascii_case(&written) || city.eq_ignore_ascii_case(&written)
        };
        if let Some(zone) = TZ_VARIANTS.iter().find(is_meant) {
            return Ok(*zone);
        }
        let names: Vec<&str> = TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
        let near = filter_lang::nearest(&written, &names);
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Err(self.wrong(&format!("here stands a time zone, as in Europe/Berlin{near}")))
    }

    /// The name behind `company`.
    pub fn company(&self) -> Result<String, Reply> {
        let word = self.rest().split_whitespace().next().unwrap_or_default();
        let rest = Self { start: self.start + word.len(), ..*self }.trimmed();
        if !word.eq_ignore_ascii_case("company") {
            return Err(self.wrong("here stands company and its name"));
        }
        rest.name()
    }

    /// The number of a page, the first if none is said.
    pub fn page(&self) -> Result<usize, Reply> {
        if self.rest().is_empty() {
            return Ok(1);
        }
        let page = usize::try_from(self.number()?).ok().filter(|page| *page <= MOST_PAGES);
        page.ok_or_else(|| self.wrong("there are not so many pages"))
    }

    /// What is to be done with boards, if anything.
    pub fn boards(&self) -> Result<Command, Reply> {
        let word = self.rest().split_whitespace().next().unwrap_or_default();
        let rest = Self { start: self.start + word.len(), ..*self }.trimmed();
        match word.to_lowercase().as_str() {
            "" => Ok(Command::Boards),
            "add" if rest.rest().is_empty() => {
                Err(rest.wrong("here stands the address of a feed or of a page with jobs"))
            }
            "add" => Ok(match rest.place_at_end() {
                (url, Place::Here) => Command::AddBoard(url.rest().to_owned(), Place::Here),
                (_, Place::Own | Place::Email) => {
                    Command::AddBoard(rest.rest().to_owned(), Place::Own)
                }
            }),
            "remove" if rest.rest().starts_with(['c', 'C']) => {
                let number = Self { start: rest.start + 1, ..rest }.number()?;
                Ok(Command::RemoveBoard(number, Place::Here))
            }
            "remove" => Ok(Command::RemoveBoard(rest.number()?, Place::Own)),
            _ => Err(self.wrong("here can stand add or remove")),
        }
    }

    /// Without the word at the end that says where cards go, and that place.
    pub fn place_at_end(&self) -> (Self, Place) {
        match split_place(self.rest().trim_end()) {
            (before, Some(place)) => (Self { end: self.start + before.len(), ..*self }, place),
            (_, None) => (*self, Place::Own),
        }
    }

    pub fn place(&self) -> Result<Place, Reply> {
        place(self.rest()).ok_or_else(|| self.wrong("here stands here or email"))
    }

    /// An address, `off`, or nothing.
    pub fn email(&self) -> Result<Wanted, Reply> {
        match self.rest() {
            "" => Ok(Wanted::Show),
            off if off.eq_ignore_ascii_case("off") => Ok(Wanted::Off),
            _ => self.value().map(Wanted::Address),
        }
    }

    pub fn filter(&self) -> Result<Expr, Reply> {
        if self.rest().is_empty() {
            return Err(self.wrong("here stands a filter"));
        }
        filter_lang::parse(self.rest()).map_err(|error| {
            let before = self.rest().char_indices().nth(error.position);
            let at = before.map_or(self.end, |(at, _)| self.start + at);
            self.wrong_at(at, &error.to_string())
        })
    }

    pub fn name(&self) -> Result<String, Reply> {
        let words: Vec<&str> = self.rest().split_whitespace().collect();
        let name: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
        match name.chars().count() {
            0 => Err(self.wrong("here stands the name")),
            1..=MAX_NAME => Ok(name),
            long => {
                let what = format!("a name has {MAX_NAME} characters at most, this has {long}");
                Err(self.wrong(&what))
            }
        }
    }
}

/// A filter without the word at its end that says where cards go, and that place.
pub fn split_place(filter: &str) -> (&str, Option<Place>) {
    let last = filter.rsplit_once(char::is_whitespace);
    match last.and_then(|(before, last)| Some((before, place(last)?))) {
        Some((before, place)) => (before, Some(place)),
        None => (filter, None),
    }
}

fn place(word: &str) -> Option<Place> {
    match word.to_lowercase().as_str() {
        "here" => Some(Place::Here),
        "dm" => Some(Place::Own),
        "email" => Some(Place::Email),
        _ => None,
    }
}
