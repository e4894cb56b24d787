//! Why a board could not be read, and whose fault that is.

use std::error::Error;
use std::time::Duration;

use crate::http::Refused;

/// Why a board could not be read, in words for its users.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct FetchError {
    pub why: String,
    /// How long the board asks to be left alone.
    pub asked: Option<Duration>,
    pub whose: Whose,
}

/// Whose fault it is that a board could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The board's alone.
    Board,
    /// The board's: there is nothing at its address, and may be something again.
    Missing,
    /// Its host's: other boards there will fare no better.
    Host,
    /// Its host's, to which there was not even a connection.
    Unreached,
    /// That of whoever chose the address: it is not to be asked.
    Refused,
    /// Nobody's: the board says that it is gone for good.
    Gone,
}

impl From<String> for FetchError {
    fn from(why: String) -> Self {
        Self { why, asked: None, whose: Whose::Board }
    }
}

impl FetchError {
    pub(super) fn of_host(why: String) -> Self {
        Self { why, asked: None, whose: Whose::Host }
    }

    /// Whether it is the fault of the board's host.
    pub fn is_of_host(&self) -> bool {
        matches!(self.whose, Whose::Host | Whose::Unreached)
    }
}

impl From<Refused> for FetchError {
    fn from(refused: Refused) -> Self {
        Self { why: refused.to_string(), asked: None, whose: Whose::Refused }
    }
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        unanswered(&error)
    }
}

/// The innermost cause says most: "dns error: …" rather than "error sending request".
fn unanswered(error: &reqwest::Error) -> FetchError {
    let mut causes = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            // In the words for an address in digits: what a name leads to is not told.
            return refused.clone().into();
        }
        causes.push(cause.to_string());
        source = cause.source();
    }
    let last = causes.pop().unwrap_or_default();
    let (kind, whose) = match (error.is_timeout(), error.is_connect()) {
        (true, true) => ("timed out", Whose::Unreached),
        (true, false) => ("timed out", Whose::Host),
        (false, true) => ("cannot be reached", Whose::Unreached),
        (false, false) => ("the connection failed", Whose::Host),
    };
    FetchError { why: format!("{kind}: {last}"), asked: None, whose }
}
