//! Seals with the newest key what an older one wrote, so that the older one can go one day.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use super::Base;
use crate::db;
use crate::db::sealed::Old;
use crate::domain::email::EmailAddress;
use crate::domain::ids::{AccountId, BoardId};
use crate::secrets::{Cell, Keys, Subject};
use crate::worker::{Tick, Worker};

/// Keys change with a start of the service only.
pub const LOOK: Duration = Duration::from_hours(6);

/// The worker. Several may run side by side: a row that changed since it was read is left alone.
#[derive(Clone)]
pub struct Reseal {
    base: Base,
    keys: Arc<Keys>,
    /// The last address, token and board that were looked at. What does not open stays as it is.
    after: (i64, i64, i64),
}

impl Reseal {
    pub fn new(base: Base, keys: Arc<Keys>) -> Self {
        Self { base, keys, after: (0, 0, 0) }
    }

    /// A text sealed anew, and the text itself for whoever must digest it.
    fn anew(&self, cell: Cell, old: &Old) -> Option<(Vec<u8>, String)> {
        let opened = self.keys.open(cell, &old.sealed);
        let opened = opened.inspect_err(|error| {
            tracing::error!(row = old.id, "{} {}: {error}", cell.table, old.id);
        });
        let text = opened.ok()?;
        let sealed = self.keys.seal(cell, text.expose_secret()).ok()?;
        Some((sealed, text.expose_secret().to_owned()))
    }

    async fn addresses(&mut self) -> sqlx::Result<usize> {
        let pool = &self.base.pool;
        let found = db::sealed::addresses(pool, &self.keys.mark(), self.after.0).await?;
        for old in &found {
            let cell = db::emails::cell(AccountId(old.owner));
            let Some((sealed, text)) = self.anew(cell, old) else { continue };
            let Ok(address) = text.parse::<EmailAddress>() else { continue };
            let digest = self.keys.digest(Subject::Address, &address.folded());
            db::sealed::put_address(pool, old, &sealed, &digest).await?;
        }
        self.after.0 = found.last().map_or(0, |old| old.id);
        Ok(found.len())
    }

    async fn tokens(&mut self) -> sqlx::Result<usize> {
        let pool = &self.base.pool;
        let found = db::sealed::tokens(pool, &self.keys.mark(), self.after.1).await?;
        for old in &found {
            let Some((sealed, _)) = self.anew(db::slack::cell(old.owner), old) else { continue };
            db::sealed::put_token(pool, old, &sealed).await?;
        }
        self.after.1 = found.last().map_or(0, |old| old.id);
        Ok(found.len())
    }

    async fn boards(&mut self) -> sqlx::Result<usize> {
        let pool = &self.base.pool;
        let found = db::sealed::boards(pool, &self.keys.mark(), self.after.2).await?;
        for old in &found {
            let cell = db::secret_boards::cell(BoardId(old.owner));
            let Some((sealed, text)) = self.anew(cell, old) else { continue };
            let Ok(url) = text.parse::<Url>() else { continue };
            let digest = self.keys.digest(Subject::Board, url.as_str());
            let stand_in = db::secret_boards::stand_in(&url, &digest);
            db::sealed::put_board(pool, old, &sealed, stand_in.as_str()).await?;
        }
        self.after.2 = found.last().map_or(0, |old| old.id);
        Ok(found.len())
    }
}

impl Worker for Reseal {
    const NAME: &'static str = "reseal";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let found = self.addresses().await? + self.tokens().await? + self.boards().await?;
        if found == 0 {
            return Ok(Tick::Idle);
        }
        tracing::info!(rows = found, "looked at {found} texts that an older key sealed");
        Ok(Tick::Busy)
    }
}
