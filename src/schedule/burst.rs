//! How many messages one target gets within a minute.

use chrono::{DateTime, TimeDelta, Utc};

/// Messages for new postings within a minute; more become one.
pub const MOST: usize = 5;

/// The minute.
const SPAN: TimeDelta = TimeDelta::seconds(60);

/// What a target got in its last minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Burst {
    pub since: Option<DateTime<Utc>>,
    pub count: usize,
}

/// How new postings are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// The first so many in messages of their own.
    pub alone: usize,
    /// The others in one message, at once or then.
    pub together_at: DateTime<Utc>,
    /// What the target has got afterwards.
    pub burst: Burst,
}

/// Splits new postings: many at once are one message at once; what comes after a few within a minute is
/// one at its end.
pub fn split(burst: Burst, new: usize, now: DateTime<Utc>) -> Split {
    let since = burst.since.filter(|since| now - *since < SPAN);
    let count = if since.is_some() { burst.count } else { 0 };
    if count == 0 && new > MOST {
        return Split { alone: 0, together_at: now, burst: Burst { since: Some(now), count: new } };
    }
    let since = since.unwrap_or(now);
    let alone = new.min(MOST.saturating_sub(count));
    let burst = Burst { since: Some(since), count: count + alone };
    Split { alone, together_at: since + SPAN, burst }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
    }

    #[test]
    fn a_few_are_told_one_by_one_and_many_at_once_together() {
        let few = split(Burst::default(), 5, at(0));
        assert_eq!((few.alone, few.burst), (5, Burst { since: Some(at(0)), count: 5 }));
        let many = split(Burst::default(), 6, at(0));
        assert_eq!((many.alone, many.together_at, many.burst.count), (0, at(0), 6));
    }

    #[test]
    fn what_is_too_much_within_a_minute_waits_for_its_end() {
        let mut burst = Burst::default();
        for second in 0..4 {
            let one = split(burst, 1, at(second));
            assert_eq!(one.alone, 1);
            burst = one.burst;
        }
        let two = split(burst, 2, at(30));
        assert_eq!((two.alone, two.together_at), (1, at(60)));
        assert_eq!(split(two.burst, 1, at(59)).alone, 0);
        let next = split(two.burst, 1, at(60));
        assert_eq!((next.alone, next.burst.since), (1, Some(at(60))));
        // A clock that is put back does not hold anything up for long.
        assert_eq!(split(two.burst, 1, at(-5)).together_at, at(60));
    }
}
