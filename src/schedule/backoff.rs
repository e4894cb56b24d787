//! When a delivery that failed is tried again.

use std::time::Duration;

use crate::domain::delivery::{Doubt, NextStep, Verdict};

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

/// Mails are tried so often more, with the longest rest between: two days in all.
const MORE_FOR_MAIL: usize = 3;

/// The longest rest that a platform may ask for, and the shortest.
const LONGEST_ASKED: Duration = Duration::from_hours(1);
const SHORTEST_ASKED: Duration = Duration::from_secs(1);

/// The rest of a platform that is limited and did not say for how long.
const UNSAID: Duration = Duration::from_secs(30);

/// What may have arrived can be asked for only once it is there.
const BEFORE_ASKING: Duration = Duration::from_secs(15);

/// What may have arrived and cannot be asked for is not sent again before this.
const BEFORE_REPEATING: Duration = Duration::from_mins(1);

/// What is known of a delivery when a try has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// Tries, with this one.
    pub attempts: u32,
    /// How often the platform left us in doubt before.
    pub doubts: u32,
    /// What can be done should this be in doubt.
    pub doubt: Doubt,
    /// Whether tries go on for two days, as senders of mail owe their receivers.
    pub is_mail: bool,
}

/// How long a platform that is limited is left alone.
pub fn rest_of(asked: Option<Duration>) -> Duration {
    asked.map_or(UNSAID, |asked| asked.clamp(SHORTEST_ASKED, LONGEST_ASKED))
}

/// What to do after a try ended with this verdict.
///
/// `spread` is a random number in `0.0..1.0` chosen by the caller: rests vary by a fifth. What a
/// platform asks for is a floor, up to an hour. What may have arrived and cannot be asked for is sent
/// again once.
pub fn next_step(verdict: &Verdict, tried: Tried, spread: f64) -> NextStep {
    let floor = match (verdict, tried.doubt) {
        (Verdict::Gone { .. }, _) => return NextStep::TargetGone,
        (Verdict::Rejected { .. }, _) => return NextStep::Dead,
        (Verdict::Unknown { .. }, Doubt::Same) => Duration::ZERO,
        (Verdict::Unknown { .. }, Doubt::Ask) => BEFORE_ASKING,
        (Verdict::Unknown { .. }, Doubt::Once) if tried.doubts > 0 => return NextStep::Dead,
        (Verdict::Unknown { .. }, Doubt::Once) => BEFORE_REPEATING,
        (Verdict::Retry { after, .. }, _) => after.unwrap_or_default().min(LONGEST_ASKED),
        (Verdict::Limited { after, .. }, _) => rest_of(*after),
    };
    let failures = usize::try_from(tried.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let more = failures < RESTS.len() + MORE_FOR_MAIL && tried.is_mail;
    match RESTS.get(failures).or(RESTS.last().filter(|_| more)) {
        Some(rest) => NextStep::Again(rest.mul_f64(0.8 + 0.4 * spread.clamp(0.0, 1.0)).max(floor)),
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
        let tried = Tried { attempts, doubts: 0, doubt: Doubt::Once, is_mail: false };
        assert_eq!(next_step(&verdict, tried, spread), want);
    }

    #[test]
    fn rests_grow_to_ten_hours_and_then_the_delivery_is_dead() {
        check(retry(None), 1, 0.5, NextStep::Again(Duration::from_secs(5)));
        check(retry(None), 2, 0.0, NextStep::Again(Duration::from_secs(24)));
        check(retry(None), 8, 1.0, NextStep::Again(Duration::from_hours(12)));
        check(retry(None), 9, 0.5, NextStep::Dead);
    }

    #[test]
    fn mails_are_tried_for_two_days() {
        let step = |attempts| {
            let tried = Tried { attempts, doubts: 0, doubt: Doubt::Once, is_mail: true };
            next_step(&retry(None), tried, 0.5)
        };
        let rests = (1..).map_while(|attempts| match step(attempts) {
            NextStep::Again(rest) => Some(rest),
            NextStep::Dead | NextStep::TargetGone => None,
        });
        let hours = rests.sum::<Duration>().as_secs() / 3_600;
        assert_eq!(hours, 47);
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

    #[test]
    fn what_may_have_arrived_is_asked_for_or_sent_again_once() {
        let unknown = Verdict::Unknown { why: String::new() };
        let tried = |doubt, doubts| Tried { attempts: 1, doubts, doubt, is_mail: false };
        let step = |doubt, doubts| next_step(&unknown, tried(doubt, doubts), 0.5);
        let again = |secs| NextStep::Again(Duration::from_secs(secs));
        assert_eq!(step(Doubt::Same, 5), again(5));
        assert_eq!(step(Doubt::Ask, 5), again(15));
        assert_eq!(step(Doubt::Once, 0), again(60));
        assert_eq!(step(Doubt::Once, 1), NextStep::Dead);
    }

    #[test]
    fn a_platform_that_is_limited_rests_as_long_as_it_asks_within_reason() {
        let rest = |asked: Option<u64>| rest_of(asked.map(Duration::from_secs)).as_secs();
        assert_eq!([None, Some(0), Some(30), Some(u64::MAX)].map(rest), [30, 1, 30, 3_600]);
    }
}
