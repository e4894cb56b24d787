//! What stands on the far side of the network in tests.

pub mod board;
pub mod messenger;
pub mod raw;
