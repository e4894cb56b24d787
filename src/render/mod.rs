//! From facts to words: pure functions, no platform, no I/O.

pub mod card;
pub mod email;
pub mod message;
pub mod notices;
pub mod replies;
pub mod span;
