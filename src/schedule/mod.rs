//! When things happen, as pure functions of times and random numbers that come in.

pub mod backoff;
pub mod polling;
