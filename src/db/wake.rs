//! "Look now" between processes: NOTIFY and LISTEN. A lost one costs a rest, nothing else.

use std::fmt;

use secrecy::SecretString;
use sqlx::postgres::PgListener;
use sqlx::{PgExecutor, PgPool};

use crate::domain::ids::AccountId;

const CHANNEL: &str = "earlybrd";

/// The stage that has something to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// New postings, or a filter changed.
    Match,
    /// New deliveries.
    Deliver,
    /// New messages on the chat page of an account.
    Page(AccountId),
}

impl fmt::Display for Stage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Match => out.write_str("match"),
            Self::Deliver => out.write_str("deliver"),
            Self::Page(account) => write!(out, "page {account}"),
        }
    }
}

impl Stage {
    /// `None` is from another version of this program.
    fn read(payload: &str) -> Option<Self> {
        match payload {
            "match" => Some(Self::Match),
            "deliver" => Some(Self::Deliver),
            _ => Some(Self::Page(AccountId(payload.strip_prefix("page ")?.parse().ok()?))),
        }
    }
}

/// Tells every process, once this transaction commits.
pub async fn wake(executor: impl PgExecutor<'_>, stage: Stage) -> sqlx::Result<()> {
    sqlx::query!("SELECT pg_notify($1, $2)", CHANNEL, stage.to_string()).execute(executor).await?;
    Ok(())
}

/// Hears what [`wake`] says.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Listens on a connection of its own, outside of any pool's limit.
    pub async fn connect(url: &SecretString) -> sqlx::Result<Self> {
        let pool: PgPool = super::connect(url, 1).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// The next stage that was woken; `None` when anything may have been: the connection was lost
    /// and made again, or the word is not known.
    pub async fn next(&mut self) -> sqlx::Result<Option<Stage>> {
        let heard = self.0.try_recv().await?;
        Ok(heard.and_then(|notification| Stage::read(notification.payload())))
    }
}
