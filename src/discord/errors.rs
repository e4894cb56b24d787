//! Discord's error codes, sorted by who must act. One table.

/// What a code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The person or the channel cannot be reached any more.
    PlaceIsGone,
    /// No call with this token will work again.
    TokenIsDead,
    /// We asked wrongly, and would again.
    OurMistake,
    /// What the message links to, or says, is not wanted there.
    Unwanted,
    /// Discord was asked too much.
    Limited,
    /// Nothing happened, and may the next time.
    Later,
}

use Means::{Later, Limited, OurMistake, PlaceIsGone, TokenIsDead, Unwanted};

/// Every code that is known.
pub const CODES: &[(i64, Means)] = &[
    (10_003, PlaceIsGone),  // unknown channel
    (10_004, PlaceIsGone),  // unknown server
    (10_008, OurMistake),   // unknown message: it was deleted
    (10_013, PlaceIsGone),  // unknown user
    (10_015, PlaceIsGone),  // unknown webhook
    (10_062, OurMistake),   // unknown interaction: too late
    (20_009, Unwanted),     // explicit content
    (20_028, Limited),      // the channel is written to too fast
    (20_029, Limited),      // the server is written to too fast
    (20_031, Unwanted),     // words that are not allowed there
    (30_046, Later),        // too many edits of an old message
    (40_001, TokenIsDead),  // unauthorised
    (40_002, Later),        // the account must be verified
    (40_003, Limited),      // direct messages are opened too fast
    (40_004, Later),        // sending is turned off for a while
    (40_060, OurMistake),   // answered already
    (40_062, Limited),      // the service is limited
    (40_333, OurMistake),   // the User-Agent is not taken
    (50_001, PlaceIsGone),  // missing access
    (50_005, OurMistake),   // somebody else's message
    (50_006, OurMistake),   // an empty message
    (50_007, PlaceIsGone),  // takes no direct messages
    (50_008, PlaceIsGone),  // a channel without messages
    (50_009, PlaceIsGone),  // verification keeps us out
    (50_013, PlaceIsGone),  // missing permissions
    (50_014, TokenIsDead),  // invalid token
    (50_024, PlaceIsGone),  // not in this kind of channel
    (50_027, OurMistake),   // invalid token of an interaction
    (50_033, PlaceIsGone),  // invalid recipients
    (50_035, OurMistake),   // a malformed body
    (50_083, PlaceIsGone),  // the thread is archived
    (50_278, PlaceIsGone),  // no server in common
    (110_001, Later),       // unavailable
    (130_000, Later),       // overloaded
    (160_005, PlaceIsGone), // the thread is locked
    (200_000, Unwanted),    // AutoMod
    (200_001, Unwanted),    // AutoMod, a title
    (220_003, Limited),     // webhooks
    (240_000, Unwanted),    // a link that is thought harmful
];

/// What a code means; one that is not known is tried again, and told as it is.
pub fn meaning(code: i64) -> Means {
    CODES.iter().find(|(known, _)| *known == code).map_or(Later, |(_, means)| *means)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_and_in_order() {
        assert!(CODES.is_sorted_by(|(one, _), (next, _)| one < next));
        assert_eq!(meaning(1), Later);
    }
}
