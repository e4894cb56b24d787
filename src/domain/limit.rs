//! How often a platform lets something be done.

use std::time::Duration;

/// What all mail counts by.
pub const ALL_MAIL: &str = "mail";

/// A limit that all replicas share: what is counted under one key, at most `burst` at once, and on the
/// long run one `every` so often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The platform and what it counts by: `slack/T1/chat.postMessage`.
    pub key: String,
    /// Rest between two on the long run.
    pub every: Duration,
    /// How many may follow each other without that rest.
    pub burst: u32,
}
