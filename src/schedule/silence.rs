//! When somebody is told that a filter of theirs has become quiet.

use chrono::{DateTime, TimeDelta, Utc};

use super::digest::next_digest;
use super::quiet_hours::may_go;
use crate::domain::habits::Habits;

/// A filter without a match for so long is quiet.
pub const QUIET: TimeDelta = TimeDelta::days(7);

/// What is to be done about a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Tell,
    /// To be looked at again then.
    Again(DateTime<Utc>),
}

/// What is to be done about a filter that matched last, or began to, at `since`, and whose owner was last
/// told at `told` that it is quiet: said once, and when its postings would be.
pub fn look(
    since: DateTime<Utc>,
    told: Option<DateTime<Utc>>,
    habits: &Habits,
    now: DateTime<Utc>,
) -> Look {
    let quiet = since + QUIET;
    if quiet > now {
        return Look::Again(quiet);
    }
    if told.is_some_and(|told| told >= since) {
        return Look::Again(now + QUIET);
    }
    goes(habits, quiet, now)
}

/// Whether what could be said from then on may be said now: digests and nights are waited for.
pub fn goes(habits: &Habits, ready: DateTime<Utc>, now: DateTime<Utc>) -> Look {
    let ready = next_digest(habits.cadence, habits.zone, ready).unwrap_or(ready);
    let at = may_go(habits, ready.max(now));
    if at > now { Look::Again(at) } else { Look::Tell }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(cadence: &str, now: &str, want: Look) {
        let habits = Habits {
            cadence: cadence.parse().unwrap(),
            zone: chrono_tz::Tz::UTC,
            quiet: "22:00-07:00".parse().ok(),
            snoozed_until: None,
            delay: Duration::ZERO,
        };
        assert_eq!(look(at("2026-03-02T12:00:00Z"), None, &habits, at(now)), want);
    }

    #[test]
    fn a_week_and_the_next_digest_or_morning_are_waited_for() {
        check("instant", "2026-03-09T11:59:00Z", Look::Again(at("2026-03-09T12:00:00Z")));
        check("instant", "2026-03-09T12:00:00Z", Look::Tell);
        check("instant", "2026-03-09T23:00:00Z", Look::Again(at("2026-03-10T07:00:00Z")));
        check("daily 08:00", "2026-03-09T12:00:00Z", Look::Again(at("2026-03-10T08:00:00Z")));
        check("daily 08:00", "2026-03-10T08:00:00Z", Look::Tell);
        check("weekly fri 09:00", "2026-03-12T12:00:00Z", Look::Again(at("2026-03-13T09:00:00Z")));
    }
}
