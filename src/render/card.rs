//! A card as plain text, for a terminal.

use chrono::{DateTime, Datelike, Utc};

use super::span::span;
use crate::domain::message::{self, Card};
use crate::domain::opening::Times;
use crate::domain::posting::Remote;

/// Width at which the body's excerpt is broken, in characters.
const WIDTH: usize = 88;

/// What marks a sample.
pub const SAMPLE: &str = "Sample: this is what a card looks like";

/// What marks a job that is over.
pub const CLOSED: &str = "Closed: no board shows this job any more";

/// Other boards that a card names.
const ALSO: usize = 3;

/// Lines of the body that a card shows.
const LINES: usize = 2;

/// The whole card, several lines without a newline at the end. `delivered` is when it is shown.
pub fn text(card: &Card, delivered: DateTime<Utc>) -> String {
    let mut lines = Vec::new();
    if card.sample {
        lines.push(SAMPLE.to_owned());
    }
    lines.extend(card.closed.then(|| CLOSED.to_owned()));
    lines.push(card.title.clone());
    lines.extend(facts(card));
    lines.extend(excerpt(&card.body).into_iter().map(|line| format!("  {line}")));
    lines.push(origin(card, delivered));
    lines.extend(card.url.clone());
    lines.extend(card.attribution.clone());
    lines.push(delays(&card.times, delivered));
    lines.join("\n")
}

/// `Acme · Remote, EU only · €90–110k/yr`; nothing when nothing is known.
pub fn facts(card: &Card) -> Option<String> {
    let remote = match card.remote {
        Some(Remote::Yes) => Some("remote"),
        Some(Remote::Hybrid) => Some("hybrid"),
        Some(Remote::No) | None => None,
    };
    let place = match (&card.location, remote) {
        (Some(place), Some(remote)) if !place.to_lowercase().contains(remote) => {
            Some(format!("{place} ({remote})"))
        }
        (Some(place), _) => Some(place.clone()),
        (None, remote) => remote.map(str::to_owned),
    };
    let pay = card.pay.map(|pay| pay.to_string());
    let facts: Vec<String> = [card.company.clone(), place, pay].into_iter().flatten().collect();
    (!facts.is_empty()).then(|| facts.join(" · "))
}

/// `posted 3 min ago on RemoteOK, also on Hacker News · posted 3 times since June · filter "remote rust"`
pub fn origin(card: &Card, delivered: DateTime<Utc>) -> String {
    let posted = card.times.posted.map_or_else(
        || "no date given".to_owned(),
        |posted| format!("posted {} ago", span(delivered - posted)),
    );
    let names: Vec<String> = card.filters.iter().map(|name| format!("\"{name}\"")).collect();
    let filters = match names.len() {
        0 => None,
        1 => Some(format!("filter {}", names.join(", "))),
        _ => Some(format!("filters {}", names.join(", "))),
    };
    let on = format!("{posted} on {}{}", card.board, also_on(&card.also_on));
    let again = card.posted.map(|times| again(times, delivered));
    [Some(on), again, filters].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn also_on(boards: &[String]) -> String {
    let (named, rest) = boards.split_at_checked(ALSO).unwrap_or((boards, &[]));
    match (named.join(", "), rest.len()) {
        (none, 0) if none.is_empty() => String::new(),
        (named, 0) => format!(", also on {named}"),
        (named, rest) => format!(", also on {named} and {rest} more"),
    }
}

/// `posted 3 times since June`
fn again(times: Times, delivered: DateTime<Utc>) -> String {
    let this_year = times.since.year() == delivered.year();
    let since = times.since.format(if this_year { "%B" } else { "%B %Y" });
    let count =
        if times.count == 2 { "twice".to_owned() } else { format!("{} times", times.count) };
    format!("posted {count} since {since}")
}

/// `posted → seen 1.2 s → matched 8 ms → delivered 5 ms`: each step's own time.
pub fn delays(times: &message::Times, delivered: DateTime<Utc>) -> String {
    let start = times.posted.map_or_else(
        || "seen".to_owned(),
        |posted| format!("posted → seen {}", span(times.seen - posted)),
    );
    let matched = span(times.matched - times.seen);
    format!("{start} → matched {matched} → delivered {}", span(delivered - times.matched))
}

/// The first words of the body, on a few lines; without the facts that many bodies begin with,
/// which the card shows already.
pub fn excerpt(body: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let text = body.lines().skip_while(|line| line.trim().is_empty() || is_fact(line));
    for word in text.flat_map(str::split_whitespace) {
        let room = WIDTH.saturating_sub(line.chars().count() + 1);
        if !line.is_empty() && word.chars().count() > room {
            if lines.len() + 1 == LINES {
                line.push('…');
                break;
            }
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(WIDTH));
    }
    lines.push(line);
    lines.retain(|line| !line.is_empty());
    lines
}

/// `Location: Berlin`, `Salary: €90k`: a short line with one word before the colon.
fn is_fact(line: &str) -> bool {
    let label = line.split_once(": ").map(|(label, _)| label.trim());
    label.is_some_and(|label| !label.is_empty() && label.chars().all(char::is_alphanumeric))
        && line.chars().count() <= WIDTH
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::ids::OpeningId;
    use crate::domain::pay::{Currency, Pay, Period};

    fn card() -> Card {
        let seen = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        Card {
            opening: OpeningId(1),
            sample: false,
            version: 1,
            title: "Senior Rust Engineer".to_owned(),
            url: Some("https://example.com/1".to_owned()),
            company: Some("Acme".to_owned()),
            location: Some("EU only".to_owned()),
            remote: Some(Remote::Yes),
            pay: Pay::new(Some(90_000.into()), Some(110_000.into()), Currency::EUR, Period::Year),
            body: "We build a board.\nYou know Rust.".to_owned(),
            board: "Sample Jobs".to_owned(),
            also_on: Vec::new(),
            closed: false,
            posted: None,
            attribution: None,
            filters: vec!["remote rust".to_owned()],
            times: message::Times {
                posted: Some(seen - TimeDelta::seconds(3)),
                seen,
                matched: seen + TimeDelta::milliseconds(8),
            },
        }
    }

    #[test]
    fn a_card_says_what_where_how_much_and_how_early() {
        let card = card();
        let shown = text(&card, card.times.matched + TimeDelta::milliseconds(5));
        let want = "Senior Rust Engineer\n\
                    Acme · EU only (remote) · €90–110k/yr\n  \
                    We build a board. You know Rust.\n\
                    posted 3.0 s ago on Sample Jobs · filter \"remote rust\"\n\
                    https://example.com/1\n\
                    posted → seen 3.0 s → matched 8 ms → delivered 5 ms";
        assert_eq!(shown, want);
    }

    #[test]
    fn other_boards_reposts_and_the_end_are_said() {
        let mut card = card();
        let delivered = card.times.matched;
        card.also_on = ["A", "B"].map(str::to_owned).to_vec();
        card.posted = Some(Times { count: 3, since: delivered - TimeDelta::days(100) });
        card.closed = true;
        let want = "posted 3.0 s ago on Sample Jobs, also on A, B · posted 3 times since August · \
                    filter \"remote rust\"";
        assert_eq!(origin(&card, delivered), want);
        assert!(text(&card, delivered).starts_with("Closed: "));
        card.also_on.extend(["C", "D", "E"].map(str::to_owned));
        card.posted = Some(Times { count: 2, since: delivered - TimeDelta::days(400) });
        let want = "also on A, B, C and 2 more · posted twice since October 2022";
        assert!(origin(&card, delivered).contains(want), "{}", origin(&card, delivered));
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let mut card = card();
        (card.company, card.location, card.remote, card.pay, card.url) =
            (None, None, None, None, None);
        (card.body, card.times.posted) = (String::new(), None);
        card.filters.clear();
        let shown = text(&card, card.times.matched);
        let want = "Senior Rust Engineer\n\
                    no date given on Sample Jobs\n\
                    seen → matched 8 ms → delivered 0 ms";
        assert_eq!(shown, want);
    }

    #[test]
    fn a_long_body_is_cut_after_two_lines_and_one_long_word_does_not_break_the_card() {
        let lines = excerpt(&"word ".repeat(100));
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…') && lines.iter().all(|line| line.chars().count() <= 89));
        assert_eq!(excerpt(&"x".repeat(5_000)), ["x".repeat(88)]);
        assert_eq!(excerpt("Location: Oslo\n\nPay: $1\nWe build: boats."), ["We build: boats."]);
    }
}
