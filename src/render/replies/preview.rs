//! What a filter would have sent, in words and cards.

use chrono::TimeDelta;

use super::{act, count, fill, say, text};
use crate::domain::ids::DraftId;
use crate::domain::message::Card;
use crate::domain::number::FilterNumber;
use crate::domain::reply::{Action, Part, Reply};
use crate::render::span::span;

/// More cards a day than this want a digest or a narrower filter.
const MANY_A_DAY: f64 = 30.0;

/// What a filter would have sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Canonical text.
    pub query: String,
    pub matches: usize,
    /// How many postings it was run over, and how far back they reach.
    pub postings: usize,
    pub span: TimeDelta,
    /// The newest matches.
    pub samples: Vec<Sample>,
    /// The part without which most would match, and how many then in the last day.
    pub removes_most: Option<(String, usize)>,
    /// For a change: how many come, how many go.
    pub change: Option<(usize, usize)>,
}

/// One match, and the clauses that decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub card: Card,
    pub because: Vec<String>,
}

pub fn test(preview: &Preview) -> Reply {
    let mut reply = shown(preview);
    reply.buttons.push(say("Watch this", format!("watch {}", preview.query)));
    reply
}

/// `place` is where the cards are to go, as it was typed.
pub fn watch(preview: &Preview, place: &str, draft: DraftId) -> Reply {
    let mut reply = shown(preview);
    reply.buttons = vec![
        act("Save", Action::Save(draft)),
        fill("Change", format!("watch {} {place}", preview.query).trim_end()),
        act("Cancel", Action::Cancel(draft)),
    ];
    reply
}

pub fn edit(number: FilterNumber, name: &str, preview: &Preview, draft: DraftId) -> Reply {
    let mut reply = shown(preview);
    reply.parts.insert(0, text(format!("Filter {number}, {name}, would become:")));
    reply.buttons = vec![
        act("Save", Action::Save(draft)),
        fill("Change", format!("edit {number} {}", preview.query)),
        act("Cancel", Action::Cancel(draft)),
    ];
    reply
}

/// The filter as it was understood, how much it would have sent, and the newest of that.
pub fn shown(preview: &Preview) -> Reply {
    let mut parts = vec![Part::Code(preview.query.clone()), text(amount(preview))];
    if let Some((gained, lost)) = preview.change {
        parts.push(text(format!("Against what it was: +{gained} / −{lost}.")));
    }
    parts.extend(preview.samples.iter().map(|sample| Part::Card {
        card: Box::new(sample.card.clone()),
        note: sample.because.join(" · "),
    }));
    Reply { parts, buttons: Vec::new() }
}

fn amount(preview: &Preview) -> String {
    let Preview { matches, postings, removes_most, .. } = preview;
    if *postings == 0 {
        return "No postings are stored yet, so nobody can tell how many it will be.".to_owned();
    }
    let over = format!("{} of the last {}", count(*postings, "posting", "postings"), back(preview));
    if *matches == 0 {
        let hint = removes_most.as_ref().map_or_else(String::new, |(part, without)| {
            format!(
                " Most are kept out by {part}: without it, it would be {without} in the last day."
            )
        });
        return format!("It would have sent nothing from {over}.{hint}");
    }
    let daily = a_day(preview);
    let rate = if daily < 1.0 { "less than one".to_owned() } else { format!("about {daily:.0}") };
    let said = format!(
        "It would have sent {} from {over}: {rate} a day.",
        count(*matches, "card", "cards")
    );
    if daily > MANY_A_DAY {
        return format!("{said} That is a lot: one more word would narrow it.");
    }
    said
}

fn back(preview: &Preview) -> String {
    span(preview.span.max(TimeDelta::minutes(1)))
}

/// Matches a day, over one day at least.
fn a_day(preview: &Preview) -> f64 {
    let matches = u32::try_from(preview.matches).unwrap_or(u32::MAX);
    let days = preview.span.as_seconds_f64() / 86_400.0;
    f64::from(matches) / days.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(matches: usize, days: i64, want: &str) {
        let preview = Preview {
            query: "rust go".to_owned(),
            matches,
            postings: 900,
            span: TimeDelta::days(days),
            samples: Vec::new(),
            removes_most: Some(("go".to_owned(), 12)),
            change: None,
        };
        let said = amount(&preview);
        assert!(said.contains(want), "{said}");
    }

    #[test]
    fn the_amount_is_said_in_words() {
        check(0, 14, "nothing from 900 postings of the last 14 d. Most are kept out by go");
        check(7, 14, "7 cards from 900 postings of the last 14 d: less than one a day.");
        check(28, 14, "about 2 a day.");
        check(600, 14, "a lot");
        check(1, 0, "1 card from");
    }
}
