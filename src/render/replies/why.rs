//! Why a posting was told or not.

use chrono::TimeDelta;

use super::{only, say, text};
use crate::domain::number::FilterNumber;
use crate::domain::plan::Plan;
use crate::domain::reply::{Part, Reply};
use crate::render::span::span;

/// What became of one posting.
#[derive(Debug, Clone, PartialEq)]
pub struct Why<'a> {
    pub title: &'a str,
    pub board: &'a str,
    /// How long ago it was first seen.
    pub seen: TimeDelta,
    /// `None` when nothing was ever owed.
    pub became: Option<Became>,
    /// The plan that has no room for its board.
    pub paused: Option<Plan>,
    /// Its company, if that is muted.
    pub muted: Option<&'a str>,
    pub opinions: Vec<Opinion>,
}

/// What was owed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Became {
    /// `owed`, `told` or `dead`.
    pub state: String,
    /// How long it still waits for its message: a digest, the end of quiet hours.
    pub waits: Option<TimeDelta>,
    /// How long ago that was settled.
    pub settled: Option<TimeDelta>,
    /// The board whose posting of the same job the message shows, where it is not this one.
    pub instead: Option<String>,
    pub trouble: Option<String>,
}

/// Who paused a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PausedBy {
    Owner,
    /// It has no room for it.
    Plan,
}

/// What one filter, as it is now, says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    pub number: FilterNumber,
    pub name: String,
    pub accepts: bool,
    /// `None`: it is on.
    pub paused: Option<PausedBy>,
    /// Whether it counts only from a time after the posting was first seen.
    pub later: bool,
    /// The clauses that decided, with what each saw.
    pub because: Vec<String>,
}

pub fn why(why: &Why<'_>) -> Reply {
    let seen = format!("{} on {}, first seen {} ago.", why.title, why.board, span(why.seen));
    let mut parts = vec![text(seen), text(became(why))];
    for opinion in &why.opinions {
        parts.push(text(opinion_line(opinion)));
        parts.push(Part::List(opinion.because.clone()));
    }
    if let Some(company) = why.muted {
        let said =
            format!("You muted {company}: none of its jobs is told. unmute company {company}");
        parts.insert(2, text(said));
    }
    if why.opinions.is_empty() {
        parts.push(text("You have no filters."));
    }
    let mut buttons = Vec::new();
    if let Some(plan) = why.paused {
        let said = format!(
            "{} is paused: the plan {} has no room for it, and nothing new of it is told.",
            why.board,
            plan.as_str()
        );
        parts.insert(2, text(said));
        buttons.push(say("Plan", "plan"));
    }
    Reply { parts, buttons }
}

fn became(why: &Why<'_>) -> String {
    let Some(Became { state, waits, settled, instead, trouble }) = &why.became else {
        return "It was not told to you.".to_owned();
    };
    let it = match instead {
        None => "It".to_owned(),
        Some(board) => {
            format!("It is the same job as one on {board}, of which you hear once. That one")
        }
    };
    let trouble = trouble.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    match (state.as_str(), settled) {
        ("told", Some(settled)) => format!("{it} was told to you {} ago.", span(*settled)),
        ("told", None) => format!("{it} was told to you."),
        ("dead", _) => format!("{it} was given up{trouble}."),
        _ if waits.is_some_and(|waits| waits > TimeDelta::zero()) => {
            format!("{it} waits, and is told in {}.", span(waits.unwrap_or_default()))
        }
        _ => format!("{it} is on its way to you{trouble}."),
    }
}

fn opinion_line(opinion: &Opinion) -> String {
    let Opinion { number, name, accepts, paused, later, .. } = opinion;
    let says = if *accepts { "accepts it" } else { "does not accept it" };
    let but = match (*accepts, *paused, *later) {
        (true, Some(PausedBy::Plan), _) => ", but is paused by the plan",
        (true, Some(PausedBy::Owner), _) => ", but is paused",
        (true, None, true) => ", but counts only for postings seen later",
        _ => "",
    };
    format!("Filter {number}, {name}, as it is now, {says}{but}:")
}

pub fn not_an_address() -> Reply {
    only("After why stands the address of a posting, as in why https://example.com/jobs/1")
}

/// Some boards may be paused by the plan: their numbers and names.
pub fn never_seen(paused: &[(i64, String)]) -> Reply {
    let mut reply =
        only("No posting with this address was seen on the boards that are watched for you.");
    if !paused.is_empty() {
        let boards = paused.iter().map(|(number, name)| format!("{number} ({name})"));
        let boards = boards.collect::<Vec<_>>().join(", ");
        reply.parts.push(text(format!("Not read, since the plan has no room for them: {boards}.")));
        reply.buttons.push(say("Plan", "plan"));
    }
    reply
}
