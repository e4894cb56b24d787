//! Points at which this process can be told to die, for `earlybrd-chaos`: not in the shipped binary.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Signal, getpid, kill_process};

/// Points between a claim and its settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Point {
    /// Lanes are claimed, their deliveries are not read.
    Claimed,
    /// Messages are read, nothing is written.
    Loaded,
    /// Tries have begun in the database, no byte is sent.
    Begun,
    /// The platform has accepted, nobody has written it down.
    Sent,
    /// It is written down and not committed.
    Settling,
    /// It is committed.
    Settled,
}

static ARMED: OnceLock<(Point, AtomicU32)> = OnceLock::new();

/// Makes the process die when it reaches the point for the n-th time. Only the first call counts.
pub fn arm(point: Point, nth: u32) {
    ARMED.get_or_init(|| (point, AtomicU32::new(nth)));
}

/// Dies here if it was told to.
pub fn reach(point: Point) {
    let Some((armed, left)) = ARMED.get() else { return };
    if *armed == point && left.fetch_sub(1, Ordering::SeqCst) == 1 {
        // As `kill -9` would: nothing is run any more.
        kill_process(getpid(), Signal::KILL).ok();
    }
}
