//! The token of a workspace: sealed in its row, or the operator's own.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sqlx::PgPool;

use super::api::Failure;
use crate::clock::Clock;
use crate::db;
use crate::db::slack::{REMOVED, cell};
use crate::domain::delivery::Verdict;
use crate::secrets::Keys;

/// Who gives tokens out.
#[derive(Clone)]
pub struct Workspaces {
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
    pub keys: Option<Arc<Keys>>,
    /// The token of the one workspace that the operator set up.
    pub one: Option<SecretString>,
}

/// A token and the installation that it is of.
#[derive(Debug, Clone)]
pub struct Token {
    pub secret: SecretString,
    /// The bot's own user, where it is known.
    pub bot_user: Option<String>,
    /// `None` for the operator's own.
    installed_at: Option<DateTime<Utc>>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    #[error("{REMOVED}")]
    Removed,
    #[error("the database is away: {0}")]
    Database(#[from] sqlx::Error),
    /// A key is gone.
    #[error("the workspace's token cannot be read: {0}")]
    Unreadable(String),
}

impl From<NoToken> for Verdict {
    fn from(why: NoToken) -> Self {
        let text = why.to_string();
        match why {
            NoToken::Removed => Self::Gone { why: text },
            NoToken::Database(_) | NoToken::Unreadable(_) => Self::Retry { why: text, after: None },
        }
    }
}

impl Workspaces {
    /// The token of a workspace.
    pub async fn token(&self, team: &str) -> Result<Token, NoToken> {
        let row = db::slack::workspace(&self.pool, team).await?;
        if let Some(workspace) = row
            && let Some(sealed) = &workspace.sealed
        {
            let keys = self.keys.as_ref();
            let keys = keys.ok_or_else(|| NoToken::Unreadable("no EARLYBRD_KEYS".to_owned()))?;
            let secret = keys.open(cell(workspace.id), sealed);
            let secret = secret.map_err(|error| NoToken::Unreadable(error.to_string()))?;
            let (bot_user, installed_at) = (Some(workspace.bot_user), Some(workspace.installed_at));
            return Ok(Token { secret, bot_user, installed_at });
        }
        let one = self.one.clone().ok_or(NoToken::Removed)?;
        Ok(Token { secret: one, bot_user: None, installed_at: None })
    }

    /// Notes what a call with a token ended with: a token that is dead is erased, and nothing more is asked
    /// for its workspace.
    pub async fn note(&self, team: &str, token: &Token, failure: &Failure) {
        let Some(installed_at) = token.installed_at.filter(|_| failure.token_is_dead()) else {
            return;
        };
        let now = self.clock.now();
        let removed =
            db::in_tx(&self.pool, async |tx| db::slack::remove(tx, team, installed_at, now).await);
        match removed.await {
            Ok(_) => tracing::warn!(
                slack.team = team,
                "the token of workspace {team} is dead: {failure}"
            ),
            Err(error) => tracing::error!("a dead token could not be erased: {error}"),
        }
    }
}
