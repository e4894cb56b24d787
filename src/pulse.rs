//! Whether the workers of this process still move.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A worker that neither ends a tick nor a rest for so long, besides its rest, is stuck: every statement,
/// request and send has a deadline far below it.
const STUCK: Duration = Duration::from_mins(10);

/// When each kind of worker was last seen to end a tick, and how long it may rest.
#[derive(Debug, Clone, Default)]
pub struct Pulse {
    beats: Arc<Mutex<BTreeMap<String, Beat>>>,
    /// When the database had no room last.
    without_room: Arc<Mutex<Option<Instant>>>,
}

/// A worker that finds no room tries again within this.
const ROOM: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy)]
struct Beat {
    at: Instant,
    rest: Duration,
}

impl Pulse {
    /// A worker of that name moved, and may rest so long.
    pub fn beat(&self, name: &str, rest: Duration) {
        self.beat_at(name, rest, Instant::now());
    }

    fn beat_at(&self, name: &str, rest: Duration, at: Instant) {
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.insert(name.to_owned(), Beat { at, rest });
    }

    /// The database's disk was full just now.
    pub fn want_of_room(&self) {
        *self.without_room.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether it was lately: reading still works, and nothing that is taken could be kept.
    pub fn is_without_room(&self) -> bool {
        let noted = *self.without_room.lock().unwrap_or_else(PoisonError::into_inner);
        noted.is_some_and(|at| at.elapsed() < ROOM)
    }

    /// Kinds of workers none of which moves any more.
    pub fn stuck(&self) -> Vec<String> {
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        let is_stuck = |beat: &Beat| beat.at.elapsed() > beat.rest * 2 + STUCK;
        beats.iter().filter(|(_, beat)| is_stuck(beat)).map(|(name, _)| name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_is_silent_for_longer_than_its_rest_allows_is_stuck() {
        let (pulse, minute) = (Pulse::default(), Duration::from_mins(1));
        let ago = |minutes| Instant::now().checked_sub(minute * minutes).unwrap();
        pulse.beat_at("slow", minute, ago(11));
        pulse.beat_at("rests", minute * 30, ago(40));
        assert_eq!(pulse.stuck(), Vec::<String>::new());
        pulse.beat_at("stuck", minute, ago(13));
        assert_eq!(pulse.stuck(), ["stuck"]);
        pulse.beat("stuck", minute);
        assert_eq!(pulse.stuck(), Vec::<String>::new());
    }
}
