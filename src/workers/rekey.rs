//! Reads postings anew that a reader before this one kept.

use std::time::Duration;

use super::Base;
use crate::db;
use crate::worker::{Tick, Worker};

/// Readers change with a start of the service only; another process may have ended on the way, and those of
/// the version before store postings until they end.
pub const LOOK: Duration = Duration::from_hours(1);

/// The worker.
#[derive(Clone)]
pub struct Rekey {
    pub base: Base,
}

impl Worker for Rekey {
    const NAME: &'static str = "rekey";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let mut tries = 1;
        loop {
            match db::in_tx(&self.base.pool, db::rekeying::some).await {
                Err(error) if db::is_tried_again(&error, tries).await => tries += 1,
                Ok(0) => return Ok(Tick::Idle),
                Ok(_) => return Ok(Tick::Busy),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
