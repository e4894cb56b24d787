//! When a board is polled next.

use std::time::Duration;

/// Rest after the first failure; it doubles with each further one.
const FIRST_REST: Duration = Duration::from_secs(30);

/// Longest rest after failures.
const LONGEST_REST: Duration = Duration::from_hours(6);

/// What a board asks for with `Retry-After` is obeyed between these.
const ASKED: std::ops::RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(24);

/// Rest after a poll that went well: the board's interval, up to a tenth longer, so that boards
/// which came due together drift apart. `spread` is a random number in `0.0..1.0`.
pub fn after_success(interval: Duration, spread: f64) -> Duration {
    interval.mul_f64(1.0 + 0.1 * spread.clamp(0.0, 1.0))
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

    #[test]
    fn boards_that_came_due_together_drift_apart() {
        assert_eq!(after_success(MINUTE, 0.0), MINUTE);
        assert_eq!(after_success(MINUTE, 1.0), Duration::from_secs(66));
    }
}
