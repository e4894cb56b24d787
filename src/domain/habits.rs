//! When a person wants to be told.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::cadence::{Cadence, QuietHours};

/// How a person wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    pub cadence: Cadence,
    pub zone: Tz,
    pub quiet: Option<QuietHours>,
    pub snoozed_until: Option<DateTime<Utc>>,
    /// How much later than others their plan tells them; digests come when they come.
    pub delay: Duration,
}
