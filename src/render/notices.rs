//! What is said to people of their own accord, without a posting.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use url::Url;

use super::replies::count;
use crate::domain::account::AccountKind;
use crate::domain::number::FilterNumber;
use crate::domain::plan::{Limits, Plan};

/// What is said to a channel that lets the bot in.
pub fn introduction() -> String {
    "Hello, I am earlybrd. I tell you about new postings within seconds of a board showing them. \
     To have some shown in this channel, type: /jobs watch remote rust here"
        .to_owned()
}

/// The same in Discord, to whoever let it in.
pub fn introduction_in_discord() -> String {
    "Hello, I am earlybrd. I tell you about new postings within seconds of a board showing them. Say \
     what you look for with /jobs watch, such as: remote rust. Whoever manages a server can have cards \
     shown in a channel: type it there, with where: here"
        .to_owned()
}

/// A workspace that had removed the app has it again, with so many filters.
pub fn workspace_is_back(filters: usize) -> String {
    let filters = count(filters, "filter", "filters");
    format!(
        "Welcome back. All of this workspace is as it was, with {filters}. What came within the last week \
         and waited comes now, as a digest."
    )
}

/// Mails to somebody's address ended, and these filters went there.
pub fn mail_ended(why: &str, filters: &[i64]) -> String {
    let numbers: Vec<String> = filters.iter().map(ToString::to_string).collect();
    let moved = match numbers.as_slice() {
        [] => String::new(),
        [one] => format!(" Filter {one}, which went there, comes here from now on."),
        some => format!(" Filters {}, which went there, come here from now on.", some.join(", ")),
    };
    format!(
        "No more mails go to your address: {why}.{moved} To be written to again: email you@example.com"
    )
}

/// A channel takes nothing any more; its filters are those that whoever is told made, by number and name.
pub fn channel_is_gone(filters: &[(i64, String)], why: &str) -> String {
    let shown = |number| FilterNumber { of: AccountKind::Team, number };
    let names = filters.iter().map(|(number, name)| format!("{} ({name})", shown(*number)));
    let filters = if filters.len() == 1 { "filter" } else { "filters" };
    format!(
        "Nothing reaches the channel of your {filters} {}: {why}. What comes waits for a week. Let me in there \
         (in Slack: /invite @earlybrd), then type a command there: /jobs list",
        names.collect::<Vec<_>>().join(", ")
    )
}

/// A board that somebody added is not asked any more; `url` where it may be shown.
pub fn board_given_up(number: i64, name: &str, url: Option<&Url>, why: &str, gone: bool) -> String {
    let since = if gone { "is gone for good" } else { "could not be read for a week" };
    // An address that nobody may read is known to its owner alone.
    let address = url.map_or("and its address", Url::as_str);
    format!(
        "Your board {number}, {name}, {since} ({why}) and is not asked any more. To try again: \
         boards add {address}"
    )
}

/// A filter has matched nothing for some days; `removes_most` is the part without which most would match,
/// and how many then.
pub fn filter_is_quiet(
    number: FilterNumber,
    name: &str,
    days: i64,
    removes_most: Option<(String, usize)>,
) -> String {
    let hint = removes_most.map_or_else(
        || "No part of it alone keeps anything out.".to_owned(),
        |(part, without)| {
            let matched = count(without, "posting", "postings");
            format!(
                "Most are kept out by {part}: without it, {matched} of the last days would match."
            )
        },
    );
    format!(
        "Filter {number}, {name}, has matched nothing for {days} days. {hint} To see it at work, or to \
         change it: show {number}"
    )
}

/// A filter is quiet because a board shows nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silence<'a> {
    pub number: FilterNumber,
    pub name: &'a str,
    pub board: &'a str,
    /// Since the board showed something new.
    pub days: i64,
    /// How many it showed a day before.
    pub usually: i64,
    /// As clocks of the filter's owner show it.
    pub failing_since: DateTime<Tz>,
    pub why: &'a str,
}

pub fn board_is_silent(silence: &Silence<'_>) -> String {
    let Silence { number, name, board, days, usually, failing_since, why } = silence;
    let usually = if *usually > 0 { format!(", usually {usually} a day") } else { String::new() };
    let days = count(usize::try_from(*days).unwrap_or_default(), "day", "days");
    let since = failing_since.format("%-d %b %H:%M");
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    format!(
        "Filter {number}, {name}, is quiet: 0 postings from {board} for {days}{usually}; {board} has been \
         failing since {since}{why}. It is asked again by itself."
    )
}

/// An account has another plan than before, or another number of filters on.
#[derive(Debug, Clone, Copy)]
pub struct PlanChange<'a> {
    pub before: Plan,
    pub now: Plan,
    /// It was paid for just now, maybe while it was tried.
    pub paid: bool,
    /// Filters that the plan has no room for, by number and name.
    pub paused: &'a [(i64, String)],
    /// Filters that it has room for again.
    pub woken: &'a [(i64, String)],
    /// So with boards.
    pub paused_boards: &'a [(i64, String)],
    pub woken_boards: &'a [(i64, String)],
    pub limits: Limits,
    pub kind: AccountKind,
    pub again: Again,
}

/// What somebody types who wants to keep what they had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    Buy(Plan),
    /// A payment is open.
    Pay,
    /// It cannot be bought here.
    Never,
}

impl Again {
    fn typed(self) -> Option<String> {
        match self {
            Self::Buy(plan) => Some(format!("upgrade {}", plan.as_str())),
            Self::Pay => Some("billing".to_owned()),
            Self::Never => None,
        }
    }
}

pub fn plan_changed(change: &PlanChange<'_>) -> String {
    let PlanChange { before, now, limits, kind, .. } = *change;
    let mut said = match now {
        _ if now == before && !change.paid => String::new(),
        Plan::Free => format!("Your plan {} has ended; nothing was deleted.", before.as_str()),
        Plan::Pro | Plan::Team => format!("You have the plan {} now. Thank you!", now.as_str()),
    };
    let mut add = |text: String| {
        if !said.is_empty() {
            said.push(' ');
        }
        said.push_str(&text);
    };
    let list = |filters: &[(i64, String)]| {
        let shown = |number| FilterNumber { of: kind, number };
        let names = filters.iter().map(|(number, name)| format!("{} ({name})", shown(*number)));
        names.collect::<Vec<_>>().join(", ")
    };
    if !change.paused.is_empty() {
        let room = limits.filters_of(kind);
        add(format!(
            "It has room for {}, so the newest are paused: {}.",
            count(usize::try_from(room).unwrap_or(usize::MAX), "filter", "filters"),
            list(change.paused)
        ));
    }
    if !change.woken.is_empty() {
        add(format!("These filters go on from now: {}.", list(change.woken)));
    }
    let boards = |boards: &[(i64, String)]| {
        let names = boards.iter().map(|(number, name)| format!("{number} ({name})"));
        names.collect::<Vec<_>>().join(", ")
    };
    if !change.paused_boards.is_empty() {
        add(format!(
            "It has room for {} of your own, so the newest are not read: {}.",
            count(usize::try_from(limits.boards).unwrap_or(usize::MAX), "board", "boards"),
            boards(change.paused_boards)
        ));
    }
    if !change.woken_boards.is_empty() {
        add(format!("These boards are read again from now: {}.", boards(change.woken_boards)));
    }
    let is_less = !change.paused.is_empty() || !change.paused_boards.is_empty();
    if now == Plan::Free && (now != before || is_less) {
        if limits.delay_minutes > 0 {
            add(format!("Cards come {} minutes later now.", limits.delay_minutes));
        }
        if change.again == Again::Pay {
            add("A payment is open; to settle it and have it all back, type: billing".to_owned());
        } else if let Some(typed) = change.again.typed() {
            add(format!("To have it all back, type: {typed}"));
        }
    }
    said
}

/// A trial ends soon.
pub fn trial_ends(plan: Plan, until: DateTime<Utc>, again: Again) -> String {
    let keep =
        again.typed().map_or_else(String::new, |typed| format!(" To keep it, type: {typed}"));
    format!(
        "Your trial of {} ends on {}. Nothing is deleted then, but filters above the limit of the free plan \
         are paused and cards come later.{keep}",
        plan.as_str(),
        until.format("%-d %B")
    )
}

/// A payment failed; the plan stays until then.
pub fn payment_failed(plan: Plan, until: DateTime<Utc>) -> String {
    format!(
        "A payment for your plan {} failed. It stays on until {}; to mend it, type: billing",
        plan.as_str(),
        until.format("%-d %B")
    )
}

/// A payment waits for whoever pays.
pub fn payment_waits() -> String {
    "Your bank wants you to confirm a payment for your plan. Stripe has written to you how; the bill is here, \
     too, if you type: billing"
        .to_owned()
}
