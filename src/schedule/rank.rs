//! Which of many cards is shown first: an order, not words, so it stands here and not in `render`.

use std::cmp::Reverse;

use crate::domain::message::Card;

/// The best matches first: what more filters wanted, then what says more about itself, then what is
/// newer. Samples come last. Equal ones keep the order of their openings, so that a digest that is
/// built again is the same.
pub fn best_first(cards: &mut [Card]) {
    cards.sort_by_cached_key(|card| {
        let known = [
            card.pay.is_some(),
            card.company.is_some(),
            card.location.is_some() || card.remote.is_some(),
            card.url.is_some(),
        ];
        let known = known.into_iter().filter(|known| *known).count();
        let at = card.times.posted.unwrap_or(card.times.seen).min(card.times.seen);
        (card.sample, Reverse(card.filters.len()), Reverse(known), Reverse(at), card.opening)
    });
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::domain::ids::OpeningId;
    use crate::domain::message::Times;

    fn card(opening: i64, filters: usize, company: bool, hours_ago: i64) -> Card {
        let seen = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        Card {
            opening: OpeningId(opening),
            sample: false,
            version: 1,
            title: "Cook".to_owned(),
            url: None,
            company: company.then(|| "Acme".to_owned()),
            location: None,
            remote: None,
            pay: None,
            body: String::new(),
            board: "Board".to_owned(),
            also_on: Vec::new(),
            closed: false,
            posted: None,
            attribution: None,
            filters: vec!["f".to_owned(); filters],
            times: Times { posted: Some(seen - TimeDelta::hours(hours_ago)), seen, matched: seen },
        }
    }

    fn order(mut cards: Vec<Card>) -> Vec<i64> {
        best_first(&mut cards);
        cards.iter().map(|card| card.opening.0).collect()
    }

    #[test]
    fn more_filters_then_more_facts_then_newer_then_the_older_opening() {
        let cards = vec![
            card(5, 1, false, 9),
            card(4, 1, false, 1),
            card(7, 1, false, 1),
            card(3, 1, true, 9),
            card(2, 2, false, 9),
            Card { sample: true, ..card(1, 9, true, 0) },
        ];
        assert_eq!(order(cards.clone()), [2, 3, 4, 7, 5, 1]);
        assert_eq!(order(cards.into_iter().rev().collect()), [2, 3, 4, 7, 5, 1]);
    }

    #[test]
    fn a_board_that_dates_into_the_future_gains_nothing() {
        assert_eq!(order(vec![card(2, 1, false, -99), card(1, 1, false, 0)]), [1, 2]);
    }
}
