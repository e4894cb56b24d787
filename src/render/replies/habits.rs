//! When somebody is told, and of which companies never.

use chrono::{DateTime, Utc};

use super::{act, count, only, say};
use crate::domain::cadence::Cadence;
use crate::domain::habits::Habits;
use crate::domain::ids::OpeningId;
use crate::domain::number::FilterNumber;
use crate::domain::reply::{Action, Part, Reply};

/// What was just changed, and what follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct When {
    pub habits: Habits,
    /// Postings that wait to be told.
    pub waiting: usize,
    pub now: DateTime<Utc>,
}

impl When {
    /// `Mon 2 Nov 08:00`
    fn local(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.habits.zone).format("%a %-d %b %H:%M").to_string()
    }

    /// `, Europe/Berlin time`; somebody who said no zone has UTC, and is told how to say one.
    fn zone(&self) -> String {
        format!("{} time", self.habits.zone.name())
    }

    fn rest(&self) -> String {
        let mut rest = String::new();
        if self.waiting > 0 {
            let waiting = count(self.waiting, "posting waits", "postings wait");
            rest = format!(" {waiting}; nothing is dropped.");
        }
        if self.habits.zone == chrono_tz::UTC {
            rest.push_str(" Times are UTC until you say yours: timezone Europe/Berlin");
        }
        rest
    }
}

pub fn cadence(
    number: FilterNumber,
    name: &str,
    cadence: Cadence,
    first: Option<DateTime<Utc>>,
    when: &When,
) -> Reply {
    let how = match (cadence, first) {
        (Cadence::Instant, _) | (_, None) => "at once".to_owned(),
        (cadence, Some(first)) => {
            format!("{cadence}, next {} ({})", when.local(first), when.zone())
        }
    };
    only(format!("Filter {number}, {name}, is told {how}.{}", when.rest()))
}

pub fn timezone(when: &When) -> Reply {
    let (zone, now) = (when.habits.zone.name(), when.local(when.now));
    only(format!("Your time zone is {zone}; it is {now} there.{}", when.rest()))
}

pub fn quiet(when: &When) -> Reply {
    let said = match when.habits.quiet {
        None => "No quiet hours: you are told at any time.".to_owned(),
        Some(quiet) => {
            format!("Quiet from {} to {}, {}.", quiet.from(), quiet.to(), when.zone())
                + " What comes then waits for their end."
        }
    };
    only(said + &when.rest())
}

pub fn snooze(when: &When) -> Reply {
    let said = match when.habits.snoozed_until {
        None => "You are told again.".to_owned(),
        Some(until) => {
            format!("Nothing is told until {} ({}).", when.local(until), when.zone())
        }
    };
    let mut reply = only(said + &when.rest());
    if when.habits.snoozed_until.is_some() {
        reply.buttons.push(say("End it now", "snooze off"));
    }
    reply
}

pub fn no_company(written: &str) -> Reply {
    only(format!("{written} names no company."))
}

pub fn too_many_muted(limit: usize) -> Reply {
    only(format!("You have muted {limit} companies, which is the limit. Unmute one first."))
}

pub fn muted_now(company: &str, new: bool) -> Reply {
    let already = if new { "is muted" } else { "was muted already" };
    let mut reply = only(format!("{company} {already}: no filter of yours tells its jobs."));
    reply.buttons.push(say("Undo", format!("unmute company {company}")));
    reply
}

/// A card that others read, too.
pub fn mute_for_whom(company: &str, opening: OpeningId) -> Reply {
    let mut reply = only(format!("Mute {company} for whom?"));
    reply.buttons = vec![
        say("For me", format!("mute company {company}")),
        act("For the channels here", Action::MuteHere(opening)),
    ];
    reply
}

pub fn muted_for_all(company: &str, opening: OpeningId) -> Reply {
    let mut reply = only(format!(
        "{company} is muted for the channels here: no filter of theirs tells its jobs."
    ));
    reply.buttons.push(act("Undo", Action::UnmuteHere(opening)));
    reply
}

pub fn unmuted(company: &str, was: bool) -> Reply {
    if was {
        return only(format!("{company} is told again, for postings from now on."));
    }
    let mut reply = only(format!("{company} was not muted."));
    reply.buttons.push(say("What is muted", "muted"));
    reply
}

pub fn muted(companies: &[String]) -> Reply {
    if companies.is_empty() {
        return only("You have muted no company. mute company Acme does it.");
    }
    Reply { parts: vec![Part::List(companies.to_vec())], buttons: Vec::new() }
}
