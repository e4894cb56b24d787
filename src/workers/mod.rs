//! Use cases that time starts. Each has a `tick`, which does a bounded amount and says whether there
//! may be more; `app` runs them.

mod ask_board;
pub mod claims;
pub mod deliver;
pub mod edit_cards;
mod failing_boards;
pub mod gather;
pub mod housekeeping;
pub mod match_postings;
pub mod outbox;
pub mod poll_boards;
pub mod quiet_filters;
pub mod reconcile;
pub mod refresh_rates;
pub mod rekey;
pub mod reseal;
pub mod subscriptions;
mod together;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::clock::Clock;

/// What every worker needs.
#[derive(Clone)]
pub struct Base {
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
}

impl Base {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}
