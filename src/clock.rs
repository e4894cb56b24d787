//! What time it is: Postgres' time, so that every replica agrees, carried by the monotonic clock.

use std::sync::RwLock;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// The one source of `now`. Read once for each tick or request and handed on as a value.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> DateTime<Utc>;
}

/// A time that was true at an instant; in between the machine's wall clock does not matter.
#[derive(Debug)]
pub struct SharedClock {
    mark: RwLock<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    time: DateTime<Utc>,
    at: Instant,
}

impl SharedClock {
    /// Starts from a time measured just now (see [`SharedClock::correct`]).
    pub fn starting_at(time: DateTime<Utc>) -> Self {
        Self { mark: RwLock::new(Mark { time, at: Instant::now() }) }
    }

    /// Starts from this machine's wall clock, for commands that have no database.
    #[expect(clippy::disallowed_methods, reason = "the one permitted call")]
    pub fn of_this_machine() -> Self {
        Self::starting_at(Utc::now())
    }

    /// Takes over the server's `time`, asked `round_trip` ago: by now it is between `time` and
    /// `time + round_trip`. A clock that says so stays, another is moved as little as it takes.
    /// Never goes back by less than a second, so that order survives jitter.
    pub fn correct(&self, time: DateTime<Utc>, round_trip: Duration) {
        let (now, latest) = (self.now(), add(time, round_trip));
        let measured = if now < time {
            time
        } else if now >= latest + TimeDelta::seconds(1) {
            latest
        } else {
            return;
        };
        let mut mark = self.mark.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        *mark = Mark { time: measured, at: Instant::now() };
    }
}

impl Clock for SharedClock {
    fn now(&self) -> DateTime<Utc> {
        let mark = *self.mark.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        add(mark.time, mark.at.elapsed())
    }
}

/// `time + span`, at the end of time where that does not exist. In whole microseconds, which is
/// what Postgres keeps.
pub fn add(time: DateTime<Utc>, span: Duration) -> DateTime<Utc> {
    let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    time.checked_add_signed(TimeDelta::microseconds(micros)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_correction_backwards_is_ignored_and_a_large_one_is_taken() {
        let start = DateTime::from_timestamp(1_000, 0).unwrap();
        let clock = SharedClock::starting_at(start);
        clock.correct(start - TimeDelta::milliseconds(300), Duration::ZERO);
        assert!(clock.now() >= start);
        clock.correct(start - TimeDelta::hours(1), Duration::ZERO);
        assert!(clock.now() < start);
        clock.correct(start + TimeDelta::hours(1), Duration::from_secs(2));
        assert!(clock.now() >= start + TimeDelta::hours(1));
    }

    #[test]
    fn a_slow_answer_moves_nothing_that_it_does_not_contradict() {
        let start = DateTime::from_timestamp(1_000, 0).unwrap();
        let clock = SharedClock::starting_at(start);
        clock.correct(start - TimeDelta::seconds(1), Duration::from_secs(30));
        assert!(clock.now() - start < TimeDelta::seconds(10), "{}", clock.now());
    }
}
