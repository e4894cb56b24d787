//! When a delivery that failed is tried again.

use std::time::Duration;

use crate::domain::delivery::{NextStep, Verdict};

/// Rests after the first, second, … failed try.
const RESTS: [Duration; 8] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
];

/// The longest rest that a platform may ask for.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// What to do after try number `attempts` (from 1) ended with this verdict.
///
/// `spread` is a random number in `0.0..1.0` chosen by the caller: rests vary by a fifth. What a
/// platform asks for is a floor, up to an hour.
pub fn next_step(verdict: &Verdict, attempts: u32, spread: f64) -> NextStep {
    let asked = match verdict {
        Verdict::Gone { .. } => return NextStep::TargetGone,
        Verdict::Rejected { .. } => return NextStep::Dead,
        Verdict::Unknown { .. } => Duration::ZERO,
        Verdict::Retry { after, .. } | Verdict::Limited { after, .. } => {
            after.unwrap_or_default().min(LONGEST_ASKED)
        }
    };
    let failures = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    match RESTS.get(failures) {
        Some(rest) => NextStep::Again(rest.mul_f64(0.8 + 0.4 * spread.clamp(0.0, 1.0)).max(asked)),
        None => NextStep::Dead,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(after: Option<u64>) -> Verdict {
        Verdict::Retry { why: String::new(), after: after.map(Duration::from_secs) }
    }

    #[track_caller]
    fn check(verdict: Verdict, attempts: u32, spread: f64, want: NextStep) {
        assert_eq!(next_step(&verdict, attempts, spread), want);
    }

    #[test]
    fn rests_grow_to_ten_hours_and_then_the_delivery_is_dead() {
        check(retry(None), 1, 0.5, NextStep::Again(Duration::from_secs(5)));
        check(retry(None), 2, 0.0, NextStep::Again(Duration::from_secs(24)));
        check(retry(None), 8, 1.0, NextStep::Again(Duration::from_hours(12)));
        check(retry(None), 9, 0.5, NextStep::Dead);
    }

    #[test]
    fn what_the_platform_asks_for_is_a_floor_up_to_an_hour() {
        check(retry(Some(90)), 1, 0.5, NextStep::Again(Duration::from_secs(90)));
        check(retry(Some(1)), 1, 0.5, NextStep::Again(Duration::from_secs(5)));
        check(retry(Some(u64::MAX)), 1, 0.5, NextStep::Again(Duration::from_hours(1)));
    }

    #[test]
    fn a_target_that_is_gone_and_a_message_that_is_refused_are_not_retried() {
        check(Verdict::Gone { why: String::new() }, 1, 0.5, NextStep::TargetGone);
        check(Verdict::Rejected { why: String::new() }, 1, 0.5, NextStep::Dead);
    }
}
