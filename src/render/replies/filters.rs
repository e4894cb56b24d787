//! Filters: listed, changed, removed.

use super::preview::shown;
use super::{Preview, act, count, fill, only, say, text};
use crate::domain::account::AccountKind;
use crate::domain::cadence::Cadence;
use crate::domain::number::FilterNumber;
use crate::domain::reply::{Action, Part, Reply};

/// One filter as `list` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterLine<'a> {
    pub number: FilterNumber,
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

/// The filters of the channel in which somebody asks, and how many others its workspace has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelLines<'a> {
    pub filters: &'a [FilterLine<'a>],
    pub elsewhere: usize,
}

pub fn list(own: &[FilterLine<'_>], channel: Option<ChannelLines<'_>>) -> Reply {
    let lines =
        |filters: &[FilterLine<'_>]| Part::List(filters.iter().map(FilterLine::line).collect());
    let mut reply = if own.is_empty() {
        let mut reply = only("You have no filters yet. Watch something:");
        reply.buttons.push(say("Example", "watch remote rust"));
        reply
    } else {
        Reply { parts: vec![lines(own)], buttons: Vec::new() }
    };
    let Some(ChannelLines { filters, elsewhere }) = channel else { return reply };
    if !own.is_empty() {
        reply.parts.insert(0, text("Your own filters:"));
    }
    if filters.is_empty() {
        reply.parts.push(text("This channel has none. To make one: watch remote rust here"));
    } else {
        reply.parts.extend([text("Those of this channel:"), lines(filters)]);
    }
    if elsewhere > 0 {
        let more = count(elsewhere, "filter", "filters");
        reply.parts.push(text(format!("Other channels have {more}; list shows them there.")));
    }
    reply
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

pub fn saved(number: FilterNumber, query: &str, changed: bool, sample: bool) -> Reply {
    let done = if changed { "changed" } else { "saved" };
    let next = if sample {
        "A card marked as a sample comes at once, so that you see that it works."
    } else {
        "There is no posting yet to make a sample card of."
    };
    only(format!("Filter {number} is {done}: {query}. It counts from now on. {next}"))
}

/// Where nobody can tell whether we may write in the channel.
pub fn if_none_comes() -> Part {
    text("If none comes, I am not in this channel yet: /invite @earlybrd")
}

pub fn changed_while_paused(number: FilterNumber, query: &str) -> Reply {
    let mut reply = only(format!("Filter {number} is changed: {query}. It stays paused."));
    reply.buttons.push(say("Resume", format!("resume {number}")));
    reply
}

pub fn same_filter(number: FilterNumber, name: &str) -> Reply {
    only(format!("Filter {number}, {name}, wants the same already."))
}

pub fn too_many_filters(limit: usize) -> Reply {
    only(format!("You have {limit} filters, which is the limit. Remove one first."))
}

pub fn nothing_changes(number: FilterNumber) -> Reply {
    only(format!("Filter {number} says that already; nothing changes."))
}

pub fn no_such_filter(number: FilterNumber, numbers: &[FilterNumber]) -> Reply {
    let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let have = if list.is_empty() {
        "You have no filters yet.".to_owned()
    } else {
        format!("Yours are {}.", list.join(", "))
    };
    only(format!("You have no filter {number}. {have}"))
}

pub fn renamed(number: FilterNumber, from: &str, to: &str) -> Reply {
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
    let undo = match number.of {
        AccountKind::Person => Action::Restore(number.number),
        AccountKind::Team => Action::RestoreHere(number.number),
    };
    let buttons = vec![act("Undo", undo)];
    Reply { parts: vec![text(said)], buttons }
}

pub fn restored(number: FilterNumber, name: &str, paused: bool) -> Reply {
    let how = if paused { "paused as it was" } else { "for postings from now on" };
    only(format!("Filter {number}, {name}, is back, {how}."))
}

pub fn too_late_to_restore(number: FilterNumber, query: &str) -> Reply {
    let mut reply = only(format!("Ten minutes are over for filter {number}. Make it anew:"));
    let place = match number.of {
        AccountKind::Person => "",
        AccountKind::Team => " here",
    };
    reply.buttons.push(say("Watch it again", format!("watch {query}{place}")));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_whose_name_is_its_text_says_it_once() {
        let line = |name, paused, by_plan| {
            let (query, cadence) = ("go", Cadence::Instant);
            let number = FilterNumber { of: AccountKind::Person, number: 2 };
            FilterLine { number, name, query, cadence, paused, by_plan }.line()
        };
        assert_eq!(line("go", false, false), "2 go");
        assert_eq!(line("Gophers", true, false), "2 Gophers: go (paused)");
        assert_eq!(line("go", true, true), "2 go (paused by the plan)");
    }

    #[test]
    fn the_numbers_that_exist_are_said() {
        let of = |number| FilterNumber { of: AccountKind::Team, number };
        let said = format!("{:?}", no_such_filter(of(7), &[of(1), of(3)]));
        assert!(said.contains("no filter c7") && said.contains("c1, c3"), "{said}");
    }
}
