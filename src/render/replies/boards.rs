//! Boards: health and delays.

use chrono::TimeDelta;

use super::only;
use crate::domain::reply::{Part, Reply};
use crate::render::span::span;

/// One board and how it fares.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardLine {
    /// The account's own number of it, if it added the board.
    pub number: Option<i64>,
    /// It is of all who read where it was asked for.
    pub shared: bool,
    pub slug: String,
    pub name: String,
    /// How long ago it was asked.
    pub polled: Option<TimeDelta>,
    /// How long until it is asked again; may be over.
    pub next_poll: TimeDelta,
    /// How old its newest posting is.
    pub newest: Option<TimeDelta>,
    /// Why it fails, if it does.
    pub failing: Option<String>,
    /// Whether it was given up.
    pub stopped: bool,
    /// The plan has no room for it.
    pub paused: bool,
    /// How old a posting is before the board shows it to us.
    pub own_delay: Option<TimeDelta>,
    /// Postings of its last response that were too many.
    pub left_out: i64,
    /// What the board wants to be said of it.
    pub attribution: Option<String>,
    /// Where its terms stand.
    pub terms: Option<String>,
    pub postings: i64,
    /// From posted to seen, in seconds: half, and 95 %.
    pub seen: Option<(f64, f64)>,
    /// From seen to delivered, in seconds.
    pub told: Option<(f64, f64)>,
}

impl BoardLine {
    /// `works`, `not asked yet`, `fails: answered 503`, `given up: answered 410`
    pub fn health(&self) -> String {
        if self.paused {
            return "paused by the plan".to_owned();
        }
        match (&self.failing, self.polled) {
            (Some(why), _) if self.stopped => format!("given up: {why}"),
            (Some(why), _) => format!("fails: {why}"),
            (None, None) => "not asked yet".to_owned(),
            (None, Some(_)) => "works".to_owned(),
        }
    }

    /// `posted → seen 1.2 s (95 %: 3.4 s) → delivered 90 ms (95 %: 150 ms)`; empty when nothing
    /// has been measured.
    pub fn delay(&self) -> String {
        let step = |name: &str, delays: Option<(f64, f64)>| {
            delays.map(|(half, most)| format!("{name} {} (95 %: {})", seconds(half), seconds(most)))
        };
        let steps = [step("seen", self.seen), step("delivered", self.told)];
        let steps: Vec<String> = steps.into_iter().flatten().collect();
        if steps.is_empty() { String::new() } else { format!("posted → {}", steps.join(" → ")) }
    }
}

fn seconds(value: f64) -> String {
    let limit = 1e9;
    let micros = (value.clamp(0.0, limit) * 1e6).round();
    // Postgres counts microseconds; within the limit every one of them is a whole number.
    let micros: i64 = format!("{micros:.0}").parse().unwrap_or(i64::MAX);
    span(TimeDelta::microseconds(micros))
}

pub fn boards(lines: &[BoardLine]) -> Reply {
    listed(lines, |line| {
        let prefix = if line.shared { "c" } else { "" };
        let number = line.number.map_or_else(String::new, |number| format!("{prefix}{number} "));
        let newest =
            line.newest.map_or_else(String::new, |age| format!(", newest {} old", span(age)));
        let left_out = match line.left_out {
            0 => String::new(),
            more => format!(", {more} older ones not read"),
        };
        let said = line.attribution.as_ref().map_or_else(String::new, |said| format!("; {said}"));
        let terms =
            line.terms.as_ref().map_or_else(String::new, |terms| format!("; its terms: {terms}"));
        format!(
            "{number}{} ({}): {}; {} postings{newest}{left_out}{said}{terms}",
            line.name,
            line.slug,
            line.health(),
            line.postings
        )
    })
}

pub fn status(lines: &[BoardLine]) -> Reply {
    listed(lines, |line| {
        let polled = line.polled.map_or_else(
            || "not asked yet".to_owned(),
            |polled| format!("asked {} ago", span(polled)),
        );
        let delay = Some(line.delay()).filter(|delay| !delay.is_empty());
        let delay = delay.unwrap_or_else(|| "nothing new since we watch it".to_owned());
        let own = line.own_delay.map_or_else(String::new, |own| {
            format!("; the board itself shows postings {} late", span(own))
        });
        format!("{}: {}, {polled}; {delay}{own}", line.name, line.health())
    })
}

fn listed(lines: &[BoardLine], line: impl Fn(&BoardLine) -> String) -> Reply {
    if lines.is_empty() {
        return only("No boards are watched.");
    }
    Reply { parts: vec![Part::List(lines.iter().map(line).collect())], buttons: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_says_how_it_fares() {
        let mut line = BoardLine {
            number: None,
            shared: false,
            stopped: false,
            paused: false,
            own_delay: None,
            left_out: 0,
            attribution: None,
            terms: None,
            slug: "b".to_owned(),
            name: "Board".to_owned(),
            polled: None,
            next_poll: TimeDelta::zero(),
            newest: None,
            failing: None,
            postings: 0,
            seen: None,
            told: None,
        };
        assert_eq!((line.health().as_str(), line.delay().as_str()), ("not asked yet", ""));
        line.polled = Some(TimeDelta::seconds(3));
        (line.seen, line.told) = (Some((1.25, 3.4)), Some((0.09, 0.15)));
        let delay = "posted → seen 1.2 s (95 %: 3.4 s) → delivered 90 ms (95 %: 150 ms)";
        assert_eq!((line.health().as_str(), line.delay().as_str()), ("works", delay));
        line.failing = Some("answered 503".to_owned());
        assert_eq!(line.health(), "fails: answered 503");
        line.stopped = true;
        assert_eq!(line.health(), "given up: answered 503");
        line.paused = true;
        assert_eq!(line.health(), "paused by the plan");
        line.paused = false;
        (line.number, line.left_out) = (Some(3), 12);
        line.attribution = Some("by Board".to_owned());
        line.own_delay = Some(TimeDelta::hours(24));
        let said = format!("{:?}", boards(std::slice::from_ref(&line)));
        assert!(said.contains("3 Board (b): given up"), "{said}");
        assert!(said.contains("12 older ones not read; by Board"), "{said}");
        assert!(format!("{:?}", status(&[line])).contains("shows postings 24 h late"));
    }
}
