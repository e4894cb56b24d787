//! Stripe: where people pay, and what Stripe tells us of it.
//!
//! Invariant: what Stripe tells is a hint; what somebody has follows from what it answers when it is asked.

mod answers;
mod api;
mod hints;
mod http;
mod signature;
mod stripe;

pub use answers::{ACCOUNT, found};
pub use hints::hint;
pub use http::{State, UPGRADED, WEBHOOK, router};
pub use stripe::Stripe;
