//! What is said to people of their own accord, without a posting.

use chrono::DateTime;
use chrono_tz::Tz;
use url::Url;

use super::replies::count;

/// What is said to a channel that lets the bot in.
pub fn introduction() -> String {
    "Hello, I am earlybrd. I tell you about new postings within seconds of a board showing them. \
     To have some shown in this channel, type: /jobs watch remote rust here"
        .to_owned()
}

/// A board that somebody added is not asked any more.
pub fn board_given_up(number: i64, name: &str, url: &Url, why: &str, gone: bool) -> String {
    let since = if gone { "is gone for good" } else { "could not be read for a week" };
    format!(
        "Your board {number}, {name}, {since} ({why}) and is not asked any more. To try again: \
         boards add {url}"
    )
}

/// A filter has matched nothing for some days; `removes_most` is the part without which most would match,
/// and how many then.
pub fn filter_is_quiet(
    number: i64,
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
    pub number: i64,
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
