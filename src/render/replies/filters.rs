//! Filters: listed, changed, removed.

use super::preview::shown;
use super::{Preview, act, fill, only, say, text};
use crate::domain::cadence::Cadence;
use crate::domain::reply::{Action, Part, Reply};

/// One filter as `list` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterLine<'a> {
    pub number: i64,
    pub name: &'a str,
    pub query: &'a str,
    pub cadence: Cadence,
    pub paused: bool,
    /// The plan has no room for it.
    pub by_plan: bool,
}

impl FilterLine<'_> {
    fn state(&self) -> &'static str {
        match (self.paused, self.by_plan) {
            (true, true) => "paused by the plan",
            (true, false) => "paused",
            (false, _) => "on",
        }
    }

    /// `2 Rust from home: remote rust (paused)`
    fn line(&self) -> String {
        let Self { number, name, query, cadence, .. } = self;
        let cadence = match cadence {
            Cadence::Instant => String::new(),
            Cadence::Hourly | Cadence::Daily(_) | Cadence::Weekly(..) => format!(" ({cadence})"),
        };
        let state = match self.state() {
            "on" => cadence,
            paused => format!("{cadence} ({paused})"),
        };
        if name == query {
            return format!("{number} {query}{state}");
        }
        format!("{number} {name}: {query}{state}")
    }
}

pub fn list(filters: &[FilterLine<'_>]) -> Reply {
    if filters.is_empty() {
        let mut reply = only("You have no filters yet. Watch something:");
        reply.buttons.push(say("Example", "watch remote rust"));
        return reply;
    }
    let lines = filters.iter().map(FilterLine::line).collect();
    Reply { parts: vec![Part::List(lines)], buttons: Vec::new() }
}

pub fn show(filter: &FilterLine<'_>, preview: &Preview) -> Reply {
    let mut reply = shown(preview);
    let state = filter.state();
    reply.parts.insert(0, text(format!("Filter {}, {}, is {state}.", filter.number, filter.name)));
    let number = filter.number;
    let (label, command) = if filter.paused { ("Resume", "resume") } else { ("Pause", "pause") };
    reply.buttons = vec![
        fill("Edit", format!("edit {number} {}", filter.query)),
        say(label, format!("{command} {number}")),
        say("Remove", format!("remove {number}")),
    ];
    reply
}

pub fn saved(number: i64, query: &str, changed: bool, sample: bool) -> Reply {
    let done = if changed { "changed" } else { "saved" };
    let next = if sample {
        "A card marked as a sample comes at once, so that you see that it works."
    } else {
        "There is no posting yet to make a sample card of."
    };
    only(format!("Filter {number} is {done}: {query}. It counts from now on. {next}"))
}

pub fn changed_while_paused(number: i64, query: &str) -> Reply {
    let mut reply = only(format!("Filter {number} is changed: {query}. It stays paused."));
    reply.buttons.push(say("Resume", format!("resume {number}")));
    reply
}

pub fn same_filter(number: i64, name: &str) -> Reply {
    only(format!("Filter {number}, {name}, wants the same already."))
}

pub fn too_many_filters(limit: usize) -> Reply {
    only(format!("You have {limit} filters, which is the limit. Remove one first."))
}

pub fn nothing_changes(number: i64) -> Reply {
    only(format!("Filter {number} says that already; nothing changes."))
}

pub fn no_such_filter(number: i64, numbers: &[i64]) -> Reply {
    let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let have = if list.is_empty() {
        "You have no filters yet.".to_owned()
    } else {
        format!("Yours are {}.", list.join(", "))
    };
    only(format!("You have no filter {number}. {have}"))
}

pub fn renamed(number: i64, from: &str, to: &str) -> Reply {
    only(format!("Filter {number} was {from} and is {to} now."))
}

pub fn paused(filter: &FilterLine<'_>) -> Reply {
    let already = if filter.paused { "was paused already" } else { "is paused" };
    let mut reply = only(format!("Filter {}, {}, {already}.", filter.number, filter.name));
    reply.buttons.push(say("Resume", format!("resume {}", filter.number)));
    reply
}

pub fn resumed(filter: &FilterLine<'_>) -> Reply {
    let FilterLine { number, name, paused, .. } = filter;
    if *paused {
        return only(format!("Filter {number}, {name}, is on again, for postings from now on."));
    }
    only(format!("Filter {number}, {name}, was on all the time."))
}

pub fn removed(filter: &FilterLine<'_>) -> Reply {
    let FilterLine { number, name, .. } = filter;
    let said = format!("Filter {number}, {name}, is removed. Undo works for ten minutes.");
    let buttons = vec![act("Undo", Action::Restore(*number))];
    Reply { parts: vec![text(said)], buttons }
}

pub fn restored(number: i64, name: &str, paused: bool) -> Reply {
    let how = if paused { "paused as it was" } else { "for postings from now on" };
    only(format!("Filter {number}, {name}, is back, {how}."))
}

pub fn too_late_to_restore(number: i64, query: &str) -> Reply {
    let mut reply = only(format!("Ten minutes are over for filter {number}. Make it anew:"));
    reply.buttons.push(say("Watch it again", format!("watch {query}")));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_whose_name_is_its_text_says_it_once() {
        let line = |name, paused, by_plan| {
            let (query, cadence) = ("go", Cadence::Instant);
            FilterLine { number: 2, name, query, cadence, paused, by_plan }.line()
        };
        assert_eq!(line("go", false, false), "2 go");
        assert_eq!(line("Gophers", true, false), "2 Gophers: go (paused)");
        assert_eq!(line("go", true, true), "2 go (paused by the plan)");
    }

    #[test]
    fn the_numbers_that_exist_are_said() {
        let said = format!("{:?}", no_such_filter(7, &[1, 3]));
        assert!(said.contains("no filter 7") && said.contains("1, 3"));
    }
}
