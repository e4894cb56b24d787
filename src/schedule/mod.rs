//! When things happen, as pure functions of times and random numbers that come in; and in which order.

pub mod backoff;
pub mod burst;
pub mod digest;
pub mod limits;
mod local;
pub mod polling;
pub mod quiet_hours;
pub mod rank;
pub mod reconnect;
pub mod silence;
