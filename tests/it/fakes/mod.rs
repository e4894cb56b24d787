//! What stands on the far side of the network in tests.

pub mod board;
pub mod contract;
pub mod discord;
pub mod dns;
pub mod messenger;
pub mod proxy;
pub mod raw;
pub mod slack;
pub mod smtp;
pub mod stripe;
