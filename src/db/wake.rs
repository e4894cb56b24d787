//! "Look now" between processes: NOTIFY and LISTEN. A lost one costs a rest, nothing else.

use secrecy::SecretString;
use sqlx::postgres::PgListener;
use sqlx::{PgExecutor, PgPool};

const CHANNEL: &str = "earlybrd";

/// The stage that has something to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// New postings, or a filter changed.
    Match,
    /// New deliveries.
    Deliver,
    /// New messages for the chat page.
    Page,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Deliver => "deliver",
            Self::Page => "page",
        }
    }
}

/// Tells every process, once this transaction commits.
pub async fn wake(executor: impl PgExecutor<'_>, stage: Stage) -> sqlx::Result<()> {
    sqlx::query!("SELECT pg_notify($1, $2)", CHANNEL, stage.as_str()).execute(executor).await?;
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

    /// The next stage that was woken; `None` when the connection was lost and made again, so that
    /// anything may have been missed.
    pub async fn next(&mut self) -> sqlx::Result<Option<Stage>> {
        let heard = self.0.try_recv().await?;
        Ok(heard.and_then(|notification| match notification.payload() {
            "match" => Some(Stage::Match),
            "deliver" => Some(Stage::Deliver),
            "page" => Some(Stage::Page),
            // From another version of this program: look everywhere.
            _ => None,
        }))
    }
}
