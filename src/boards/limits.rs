//! How much of a board is read, by its kind and by who chose its address.

use std::time::Duration;

use crate::domain::board::{BoardKind, Visibility};

/// The bounds of one request and of what is taken from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest response, after decompression.
    pub bytes: usize,
    /// Deadline of the whole answer, redirects included.
    pub deadline: Duration,
    /// Postings that are kept, the newest.
    pub postings: usize,
}

const MIB: usize = 1024 * 1024;

/// Anybody's feed or page.
const SMALL: Limits = Limits { bytes: 5 * MIB, deadline: Duration::from_secs(20), postings: 500 };

/// The interface of a service that is known: a large company's jobs come in one response.
const LARGE: Limits =
    Limits { bytes: 64 * MIB, deadline: Duration::from_mins(2), postings: 20_000 };

impl Limits {
    /// For a board of a kind whose address somebody chose.
    pub fn of(kind: BoardKind, visibility: Visibility) -> Self {
        if !matches!(kind, BoardKind::Feed | BoardKind::Html) {
            return LARGE;
        }
        match visibility {
            Visibility::Catalogue => Self { postings: LARGE.postings, ..SMALL },
            Visibility::Subscribed => SMALL,
        }
    }
}
