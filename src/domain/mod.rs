//! Plain data and its laws: no I/O, no `async`, no clock, no database.

pub mod account;
pub mod board;
pub mod cadence;
pub mod delivery;
pub mod email;
pub mod facts;
pub mod filter;
pub mod habits;
pub mod ids;
pub mod limit;
pub mod message;
pub mod number;
pub mod opening;
pub mod pay;
pub mod place;
mod place_table;
pub mod plan;
pub mod posting;
pub mod rates;
pub mod reply;
pub mod role;
pub mod rules;
pub mod target;
