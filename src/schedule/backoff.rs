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

/// A target that fails for so long is given up. The last rest repeats until then.
const PATIENCE: Duration = Duration::from_hours(24);

/// Mails are tried for two days, as senders of mail owe their receivers.
const PATIENCE_OF_MAIL: Duration = Duration::from_hours(48);

/// What is refused for a reason that nobody knows is tried so often, which takes half a minute.
const TRIES_OF_STRANGE: u32 = 3;

/// The longest rest that a platform may ask for, and the shortest.
const LONGEST_ASKED: Duration = Duration::from_hours(1);
const SHORTEST_ASKED: Duration = Duration::from_secs(1);

/// The rest of a platform that is limited and did not say for how long.
const UNSAID: Duration = Duration::from_secs(30);

/// Who waits for the same rest comes back within so much of its end, not all at once.
const SPREAD: Duration = Duration::from_secs(10);

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
    /// Whether the try before ended with the same words.
    pub again: bool,
    /// What can be done should this be in doubt.
    pub doubt: Doubt,
    /// How long its target has failed.
    pub failing: Duration,
    /// How long a mail has waited; `None` for what is none.
    pub mail: Option<Duration>,
}

impl Tried {
    /// How long tries still go on. A mail is given up when both it and its target's failing are too old: what
    /// waits behind one that fails has no two days of its own, and what is new is not given up at once.
    fn patience(&self) -> Duration {
        match self.mail {
            Some(age) => PATIENCE_OF_MAIL.saturating_sub(age.min(self.failing)),
            None => PATIENCE.saturating_sub(self.failing),
        }
    }
}

/// How long a platform that is limited is left alone.
pub fn rest_of(asked: Option<Duration>) -> Duration {
    asked.map_or(UNSAID, |asked| asked.clamp(SHORTEST_ASKED, LONGEST_ASKED))
}

/// What to do after a try ended with this verdict.
///
/// `spread` is a random number in `0.0..1.0` chosen by the caller: rests vary by a fifth. What a
/// platform asks for is a floor, up to an hour. What may have arrived and cannot be asked for is sent
/// again; a mail once, since most likely it is there. A rest that is kept already is only waited for.
pub fn next_step(verdict: &Verdict, tried: Tried, spread: f64) -> NextStep {
    let (is_mail, spread) = (tried.mail.is_some(), spread.clamp(0.0, 1.0));
    let floor = match (verdict, tried.doubt) {
        (Verdict::Gone { .. }, _) => return NextStep::TargetGone,
        (Verdict::Rejected { .. }, _) => return NextStep::Refused,
        (Verdict::Strange { .. }, _) if tried.attempts >= TRIES_OF_STRANGE && tried.again => {
            return NextStep::Refused;
        }
        (Verdict::Unknown { .. }, Doubt::Same) | (Verdict::Strange { .. }, _) => Duration::ZERO,
        (Verdict::Unknown { .. }, Doubt::Ask) => BEFORE_ASKING,
        (Verdict::Unknown { .. }, Doubt::Once) if is_mail && tried.doubts > 0 => {
            return NextStep::Dead;
        }
        (Verdict::Unknown { .. }, Doubt::Once) => BEFORE_REPEATING,
        (Verdict::Retry { after, .. }, _) => after.unwrap_or_default().min(LONGEST_ASKED),
        (Verdict::Limited { after, .. }, _) => rest_of(*after),
        (Verdict::Rests { after, .. }, _) => (*after).min(LONGEST_ASKED),
    };
    let left = tried.patience();
    if left.is_zero() && !matches!(verdict, Verdict::Rests { fails: false, .. }) {
        return if is_mail { NextStep::GivenUp } else { NextStep::TargetGone };
    }
    if matches!(verdict, Verdict::Rests { .. }) {
        return NextStep::Wait(floor + SPREAD.mul_f64(spread));
    }
    let failures = usize::try_from(tried.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let rest = RESTS.get(failures).or(RESTS.last()).copied().unwrap_or_default();
    let rest = rest.mul_f64(0.8 + 0.4 * spread);
    // The last try is at the end, not before and not long after it.
    NextStep::Again(rest.min(left).max(floor))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn retry(after: Option<u64>) -> Verdict {
        Verdict::Retry { why: String::new(), after: after.map(Duration::from_secs) }
    }

    fn tried(attempts: u32) -> Tried {
        let doubt = Doubt::Once;
        Tried { attempts, doubts: 0, again: true, doubt, failing: Duration::ZERO, mail: None }
    }

    #[track_caller]
    fn check(verdict: Verdict, attempts: u32, spread: f64, want: NextStep) {
        assert_eq!(next_step(&verdict, tried(attempts), spread), want);
    }

    /// Rests until it is given up, and how.
    fn rests(mail: bool, waited: Duration) -> (Vec<Duration>, NextStep) {
        let (mut rests, mut failing) = (Vec::new(), Duration::ZERO);
        for attempts in 1.. {
            let mail = mail.then_some(waited + failing);
            match next_step(&retry(None), Tried { failing, mail, ..tried(attempts) }, 0.5) {
                NextStep::Again(rest) => rests.push(rest),
                end @ (NextStep::Refused
                | NextStep::GivenUp
                | NextStep::Dead
                | NextStep::TargetGone
                | NextStep::Wait(_)) => return (rests, end),
            }
            failing += rests.last().copied().unwrap_or_default();
        }
        unreachable!("it is given up")
    }

    #[test]
    fn rests_grow_to_ten_hours_which_repeat_until_a_day_is_over() {
        check(retry(None), 1, 0.5, NextStep::Again(Duration::from_secs(5)));
        check(retry(None), 2, 0.0, NextStep::Again(Duration::from_secs(24)));
        check(retry(None), 8, 1.0, NextStep::Again(HOUR * 12));
        check(retry(None), 99, 0.5, NextStep::Again(HOUR * 10));
        let (rests, end) = rests(false, Duration::ZERO);
        assert_eq!((rests.get(..8), end), (Some(&RESTS[..]), NextStep::TargetGone));
        assert_eq!(rests.iter().sum::<Duration>(), PATIENCE);
    }

    #[test]
    fn mails_are_tried_for_two_days() {
        let (fresh, end) = rests(true, Duration::ZERO);
        assert_eq!((fresh.iter().sum::<Duration>(), end), (PATIENCE_OF_MAIL, NextStep::GivenUp));
        // What had waited before its address failed waits no less.
        assert_eq!(rests(true, HOUR * 99).0, fresh);
    }

    #[test]
    fn a_mail_that_waited_behind_one_that_failed_goes_with_it() {
        let step = |age, failing| {
            next_step(&retry(None), Tried { failing, mail: Some(age), ..tried(1) }, 0.5)
        };
        assert_eq!(step(HOUR * 48, HOUR * 48), NextStep::GivenUp);
        assert_eq!(step(HOUR, HOUR * 90), NextStep::Again(Duration::from_secs(5)));
        assert_eq!(step(HOUR * 90, HOUR), NextStep::Again(Duration::from_secs(5)));
    }

    #[test]
    fn what_the_platform_asks_for_is_a_floor_up_to_an_hour() {
        check(retry(Some(90)), 1, 0.5, NextStep::Again(Duration::from_secs(90)));
        check(retry(Some(1)), 1, 0.5, NextStep::Again(Duration::from_secs(5)));
        check(retry(Some(u64::MAX)), 1, 0.5, NextStep::Again(HOUR));
    }

    #[test]
    fn a_target_that_is_gone_and_a_message_that_is_refused_are_not_retried() {
        check(Verdict::Gone { why: String::new() }, 1, 0.5, NextStep::TargetGone);
        check(Verdict::Rejected { why: String::new() }, 1, 0.5, NextStep::Refused);
    }

    #[test]
    fn what_is_refused_for_a_reason_that_nobody_knows_is_tried_three_times() {
        let strange = || Verdict::Strange { why: String::new() };
        check(strange(), 1, 0.5, NextStep::Again(Duration::from_secs(5)));
        check(strange(), 2, 0.5, NextStep::Again(Duration::from_secs(30)));
        check(strange(), 3, 0.5, NextStep::Refused);
        // What failed before for a reason that is known is not held against it.
        let first = Tried { again: false, ..tried(3) };
        let rest = NextStep::Again(Duration::from_mins(2));
        assert_eq!(next_step(&strange(), first, 0.5), rest);
    }

    #[test]
    fn what_may_have_arrived_is_asked_for_or_sent_again_mail_once() {
        let unknown = Verdict::Unknown { why: String::new() };
        let step = |doubt, doubts, mail| {
            next_step(&unknown, Tried { doubts, doubt, mail, ..tried(1) }, 0.5)
        };
        let again = |secs| NextStep::Again(Duration::from_secs(secs));
        let mail = Some(Duration::ZERO);
        assert_eq!(step(Doubt::Same, 5, None), again(5));
        assert_eq!(step(Doubt::Ask, 5, None), again(15));
        assert_eq!(step(Doubt::Once, 0, mail), again(60));
        assert_eq!(step(Doubt::Once, 1, mail), NextStep::Dead);
        assert_eq!(step(Doubt::Once, 9, None), again(60), "a channel is never given up for it");
    }

    #[test]
    fn what_rests_is_waited_for_and_counts_only_where_the_target_fails() {
        let step = |after, fails, mail| {
            let rests = Verdict::Rests { why: String::new(), after, fails };
            next_step(&rests, Tried { failing: HOUR * 48, mail, ..tried(9) }, 0.5)
        };
        let five = Duration::from_secs(5);
        // Not for a second at the least, as what is asked for is.
        assert_eq!(step(Duration::ZERO, false, None), NextStep::Wait(five));
        assert_eq!(step(HOUR * 9, false, Some(HOUR * 99)), NextStep::Wait(HOUR + five));
        assert_eq!(step(HOUR, true, Some(HOUR * 47)), NextStep::Wait(HOUR + five));
        assert_eq!(step(HOUR, true, Some(HOUR * 48)), NextStep::GivenUp);
    }

    #[test]
    fn a_platform_that_is_limited_rests_as_long_as_it_asks_within_reason() {
        let rest = |asked: Option<u64>| rest_of(asked.map(Duration::from_secs)).as_secs();
        assert_eq!([None, Some(0), Some(30), Some(u64::MAX)].map(rest), [30, 1, 30, 3_600]);
    }
}
