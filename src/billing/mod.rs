//! Stripe: where people pay, and what Stripe tells us of it.
//!
//! Invariant: what Stripe tells is a hint; what somebody has follows from what it answers when it is asked.

mod hints;
mod http;
mod signature;
mod stripe;

pub use http::{State, UPGRADED, WEBHOOK, router};
pub use stripe::{ACCOUNT, Stripe};
