//! What stands around the cards of a message with many.

use super::card;
use crate::domain::message::{Card, Instead, Kind, Message};

/// What stands above them; nothing above one card.
pub fn heading(message: &Message) -> Option<String> {
    let count = message.cards.len();
    match message.kind {
        Kind::Digest if count == 1 => Some("1 new posting".to_owned()),
        Kind::Digest => Some(format!("{count} new postings, the best matches first")),
        Kind::Burst => Some(format!("{count} new postings at once")),
        Kind::Cards | Kind::Verify => None,
    }
}

/// What stands before all else in a message that is not for this place.
pub fn instead(message: &Message) -> Option<String> {
    let Instead { of, why } = message.instead.as_ref()?;
    Some(format!("This comes here because {} did not take it: {why}.", of.name()))
}

/// What stands above those of which a line is enough.
pub fn more(lines: usize) -> String {
    format!("and {lines} more:")
}

/// `Cook · Acme · Berlin · €30/h`: a card in a line, without its address.
pub fn line(card: &Card) -> String {
    let closed = card.closed.then(|| "closed".to_owned());
    let parts = [closed, Some(card.title.clone()), card::facts(card)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
