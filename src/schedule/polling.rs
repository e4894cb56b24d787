//! When a board is polled next.

use std::time::Duration;

/// Rest between two requests to one host.
pub const HOST_GAP: Duration = Duration::from_secs(1);

/// Rest after the first failure; it doubles with each further one.
const FIRST_REST: Duration = Duration::from_secs(30);

/// Longest rest after failures.
const LONGEST_REST: Duration = Duration::from_hours(6);

/// What a board asks for with `Retry-After` is obeyed between these.
const ASKED: std::ops::RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(24);

/// A board is asked again after this part of the time for which it has shown nothing new.
const PART_OF_QUIET: u32 = 200;

/// Longest rest of a board that is quiet, or that asks for one: nobody else may silence it.
const LONGEST_INTERVAL: Duration = Duration::from_hours(6);

/// A host is left alone after so many requests in a row that it did not answer.
const HOST_FAILURES: u32 = 3;
const LONGEST_HOST_REST: Duration = Duration::from_mins(30);

/// A board that fails for so long is given up.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(24 * 7);

/// How often a board of the catalogue is asked that would be given up if it were somebody's own.
const ONCE_IN_A_WHILE: Duration = Duration::from_hours(24);

/// Boards a second that may be asked however few there are.
const LEAST_PACE: f64 = 10.0;

/// How much faster than needed boards may be asked, to catch up.
const CATCHING_UP: f64 = 1.4;

/// What is known of how a board changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// As often as its terms allow.
    pub interval: Duration,
    /// For how long it has shown nothing new, if that is known.
    pub quiet: Option<Duration>,
    /// For how long it says that it stays as it is.
    pub stays: Option<Duration>,
}

/// How long after a poll that went well a board is worth asking again.
pub fn interval(rhythm: Rhythm) -> Duration {
    let Rhythm { interval, quiet, stays } = rhythm;
    let quiet = quiet.unwrap_or_default() / PART_OF_QUIET;
    interval.max(quiet.max(stays.unwrap_or_default()).min(LONGEST_INTERVAL))
}

/// Rest after a poll that went well: up to a tenth longer than its interval, so that boards which
/// came due together drift apart. `spread` is a random number in `0.0..1.0`.
pub fn after_success(rhythm: Rhythm, spread: f64) -> Duration {
    interval(rhythm).mul_f64(1.0 + 0.1 * spread.clamp(0.0, 1.0))
}

/// How many boards a second may be asked, of those that want `demand` polls a second together: so
/// few that boards which are all due at once are spread, and enough to catch up.
pub fn pace(demand: f64) -> f64 {
    (demand * CATCHING_UP).max(LEAST_PACE)
}

/// How long a host is left alone after `failures` requests in a row that it did not answer; then one
/// request shows whether it is back.
pub fn host_rest(failures: u32) -> Option<Duration> {
    let more = failures.checked_sub(HOST_FAILURES)?;
    Some(FIRST_REST.saturating_mul(1 << more.min(16)).min(LONGEST_HOST_REST))
}

/// What becomes of a board that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// It is asked again after this.
    Again(Duration),
    /// It is not asked again.
    GivenUp,
}

/// A board that fails: `rest` is what it would rest, `unanswered_for` how long it has not answered;
/// `owned` if somebody added it, who is told.
pub fn outlook(rest: Duration, unanswered_for: Duration, gone: bool, owned: bool) -> Outlook {
    match (gone || unanswered_for >= GIVEN_UP_AFTER, owned) {
        (false, _) => Outlook::Again(rest),
        (true, true) => Outlook::GivenUp,
        (true, false) => Outlook::Again(rest.max(ONCE_IN_A_WHILE)),
    }
}

/// Rest after `failures` (from 1) failed polls in a row: never shorter than the board's own
/// interval, nor than what it asked for.
pub fn after_failure(
    interval: Duration,
    failures: u32,
    asked: Option<Duration>,
    spread: f64,
) -> Duration {
    let doubled = FIRST_REST.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let rest = doubled.min(LONGEST_REST).mul_f64(0.8 + 0.4 * spread.clamp(0.0, 1.0)).max(interval);
    rest.max(asked.map_or(Duration::ZERO, clamp_asked))
}

/// Bounds what a board may ask for.
pub fn clamp_asked(asked: Duration) -> Duration {
    asked.clamp(*ASKED.start(), *ASKED.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[track_caller]
    fn check(failures: u32, asked: Option<Duration>, want: Duration) {
        assert_eq!(after_failure(MINUTE, failures, asked, 0.5), want);
    }

    #[test]
    fn failures_double_the_rest_up_to_six_hours_and_never_below_the_interval() {
        check(1, None, MINUTE);
        check(3, None, 2 * MINUTE);
        check(4, None, 4 * MINUTE);
        check(u32::MAX, None, Duration::from_hours(6));
    }

    #[test]
    fn retry_after_is_obeyed_between_a_minute_and_a_day() {
        check(1, Some(10 * MINUTE), 10 * MINUTE);
        check(1, Some(Duration::ZERO), MINUTE);
        check(1, Some(Duration::MAX), Duration::from_hours(24));
    }

    #[track_caller]
    fn check_interval(quiet_hours: u64, stays_minutes: u64, want_minutes: u64) {
        let rhythm = Rhythm {
            interval: 15 * MINUTE,
            quiet: Some(Duration::from_hours(quiet_hours)),
            stays: Some(Duration::from_mins(stays_minutes)),
        };
        assert_eq!(interval(rhythm), Duration::from_mins(want_minutes));
    }

    #[test]
    fn a_board_is_asked_by_its_rhythm_within_its_terms() {
        check_interval(0, 0, 15);
        check_interval(24, 0, 15);
        check_interval(100, 0, 30);
        check_interval(24 * 365, 0, 360);
        check_interval(0, 5, 15);
        check_interval(0, 60, 60);
        check_interval(0, 60 * 24 * 7, 360);
        let terms = Rhythm { interval: Duration::from_hours(24), quiet: None, stays: None };
        assert_eq!(interval(terms), Duration::from_hours(24));
    }

    #[test]
    fn boards_that_came_due_together_drift_apart() {
        let rhythm = Rhythm { interval: MINUTE, quiet: None, stays: None };
        assert_eq!(after_success(rhythm, 0.0), MINUTE);
        assert_eq!(after_success(rhythm, 1.0), Duration::from_secs(66));
    }

    #[test]
    fn a_host_that_does_not_answer_is_left_alone() {
        let rests: Vec<_> = (0..12).map(host_rest).collect();
        assert_eq!(rests[..4], [None, None, None, Some(MINUTE / 2)]);
        assert_eq!(rests[4], Some(MINUTE));
        assert_eq!(rests[11], Some(30 * MINUTE));
    }

    #[test]
    fn somebodys_board_is_given_up_after_a_week_or_when_it_is_gone() {
        let (hour, week) = (Duration::from_hours(1), Duration::from_hours(24 * 7));
        assert_eq!(outlook(hour, hour, false, true), Outlook::Again(hour));
        assert_eq!(outlook(hour, week, false, true), Outlook::GivenUp);
        assert_eq!(outlook(hour, hour, true, true), Outlook::GivenUp);
        assert_eq!(outlook(hour, hour, true, false), Outlook::Again(24 * hour));
        assert_eq!(outlook(hour, week, false, false), Outlook::Again(24 * hour));
    }
}
