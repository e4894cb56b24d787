//! The token of a workspace: sealed in its row, or the operator's own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sqlx::PgPool;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::api::{Api, Failure};
use super::errors;
use super::methods::key;
use super::send::POST;
use crate::clock::{Clock, add};
use crate::db;
use crate::db::slack::{REMOVED, cell};
use crate::domain::delivery::Verdict;
use crate::secrets::Keys;

/// How long nothing is asked for with an operator's token that is dead.
const DEAD: Duration = Duration::from_mins(10);

/// How long it is waited for Slack to say whose a token is that serves whoever comes, and when it is asked
/// again if it did not.
const SAYS: Duration = Duration::from_secs(1);
const ASKED_AGAIN: Duration = Duration::from_mins(10);

/// Who gives tokens out.
#[derive(Clone)]
pub struct Workspaces {
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
    pub keys: Option<Arc<Keys>>,
    /// The one workspace that the operator set up.
    pub one: Option<Arc<One>>,
}

/// The operator's own token, and whose it is as soon as Slack was asked.
pub struct One {
    api: Api,
    secret: SecretString,
    serves: Serves,
    of: OnceCell<Whose>,
    /// Until when Slack is not asked, since it did not say.
    unsaid: Mutex<Option<DateTime<Utc>>>,
}

/// Whom the operator's token may serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// Whoever comes: nobody but its own workspace is brought to us.
    All,
    /// Its own workspace, since others install the app.
    ItsOwn,
}

/// Whose a token is.
#[derive(Debug, Clone, Default)]
struct Whose {
    /// `None` if Slack does not say.
    team: Option<String>,
    bot_user: Option<String>,
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
    /// The operator must set another one.
    #[error("the operator's token is dead: {why}")]
    Dead { team: String, why: String },
    #[error("nobody knows whose the operator's token is: {0}")]
    Unknown(String),
}

impl From<NoToken> for Verdict {
    fn from(why: NoToken) -> Self {
        let text = why.to_string();
        match why {
            NoToken::Removed => Self::Gone { why: text },
            NoToken::Dead { team, .. } => {
                Self::Limited { why: text, after: Some(DEAD), key: key(&team, POST) }
            }
            NoToken::Database(_) | NoToken::Unreadable(_) | NoToken::Unknown(_) => {
                Self::Retry { why: text, after: None }
            }
        }
    }
}

impl From<NoToken> for Failure {
    fn from(why: NoToken) -> Self {
        let text = why.to_string();
        match why {
            NoToken::Dead { .. } => Self::Rests { why: text, after: DEAD },
            NoToken::Removed => Self::Refused { code: "app_uninstalled".to_owned() },
            NoToken::Database(_) | NoToken::Unreadable(_) | NoToken::Unknown(_) => Self::Away(text),
        }
    }
}

impl One {
    pub fn new(api: Api, secret: SecretString, serves: Serves) -> Arc<Self> {
        Arc::new(Self { api, secret, serves, of: OnceCell::new(), unsaid: Mutex::default() })
    }

    fn is_unsaid(&self, now: DateTime<Utc>) -> bool {
        self.unsaid.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| now < until)
    }

    fn note_unsaid(&self, until: DateTime<Utc>) {
        *self.unsaid.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }
}

impl Workspaces {
    /// The token of a workspace.
    pub async fn token(&self, team: &str) -> Result<Token, NoToken> {
        let row = db::slack::workspace(&self.pool, team).await?;
        if let Some(workspace) = &row
            && let Some(sealed) = &workspace.sealed
        {
            let keys = self.keys.as_ref();
            let keys = keys.ok_or_else(|| NoToken::Unreadable("no EARLYBRD_KEYS".to_owned()))?;
            let secret = keys.open(cell(workspace.id), sealed);
            let secret = secret.map_err(|error| NoToken::Unreadable(error.to_string()))?;
            let bot_user = Some(workspace.bot_user.clone());
            let installed_at = Some(workspace.installed_at);
            return Ok(Token { secret, bot_user, installed_at });
        }
        let one = self.one.as_ref().ok_or(NoToken::Removed)?;
        let whose = self.whose(one).await.map_err(|failure| not_proved(team, &failure))?;
        if one.serves == Serves::ItsOwn && whose.team.as_ref().is_some_and(|own| own != team) {
            return Err(NoToken::Removed);
        }
        if let Some(workspace) = row.filter(|it| it.removed_at.is_some()) {
            db::slack::keep(&self.pool, workspace.id).await?;
        }
        Ok(Token { secret: one.secret.clone(), bot_user: whose.bot_user, installed_at: None })
    }

    /// Asks Slack whose the operator's token is, if there is one and that is not known.
    pub async fn prove(&self) -> Result<(), Failure> {
        match &self.one {
            Some(one) => self.asked(one).await.map(drop),
            None => Ok(()),
        }
    }

    /// Whose the operator's token is. One that serves whoever comes is used also where Slack does not say,
    /// unless it says that the token is dead.
    async fn whose(&self, one: &One) -> Result<Whose, Failure> {
        if one.serves == Serves::ItsOwn {
            return self.asked(one).await.cloned();
        }
        let now = self.clock.now();
        if one.is_unsaid(now) {
            return Ok(one.of.get().cloned().unwrap_or_default());
        }
        match timeout(SAYS, self.asked(one)).await {
            Ok(Ok(whose)) => return Ok(whose.clone()),
            Ok(Err(failure)) if failure.token_is_dead() => return Err(failure),
            Ok(Err(failure)) => tracing::warn!("nobody knows whose SLACK_BOT_TOKEN is: {failure}"),
            Err(_) => tracing::warn!("Slack does not say whose SLACK_BOT_TOKEN is"),
        }
        one.note_unsaid(add(now, ASKED_AGAIN));
        Ok(Whose::default())
    }

    /// What broke because of an older token is used again as soon as this one is known to be good.
    async fn asked<'a>(&self, one: &'a One) -> Result<&'a Whose, Failure> {
        let ask = async || -> Result<Whose, Failure> {
            let answer = match one.api.ask("auth.test", Some(&one.secret), &[]).await {
                Ok(answer) => answer,
                Err(failure @ Failure::Refused { .. }) if !failure.token_is_dead() => {
                    tracing::warn!("auth.test: {failure}");
                    return Ok(Whose::default());
                }
                Err(failure) => return Err(failure),
            };
            let of = |path| answer.text(path).map(str::to_owned);
            let whose = Whose { team: of("/team_id"), bot_user: of("/user_id") };
            let Some(team) = &whose.team else { return Ok(whose) };
            let now = self.clock.now();
            let mended = db::in_tx(&self.pool, async |tx| {
                db::slack::back(tx, team, Some(&errors::of_dead_tokens()), now).await
            });
            mended.await.map_err(|error| Failure::Away(error.to_string()))?;
            Ok(whose)
        };
        one.of.get_or_try_init(ask).await
    }

    /// What follows when a token turns out to be dead: it is erased, and nothing more is asked for its
    /// workspace; unless the app was installed again meanwhile. The operator's own rests, since only the
    /// operator can mend it.
    pub async fn is_dead(&self, team: &str, token: &Token, failure: Failure) -> Failure {
        let Some(installed_at) = token.installed_at else {
            tracing::error!(slack.team = team, "SLACK_BOT_TOKEN works no more: {failure}");
            let why = format!("the operator's token is dead: {failure}");
            return Failure::Rests { why, after: DEAD };
        };
        let now = self.clock.now();
        let removed =
            db::in_tx(&self.pool, async |tx| db::slack::remove(tx, team, installed_at, now).await);
        match removed.await {
            Ok(true) => {
                tracing::warn!(
                    slack.team = team,
                    "the token of workspace {team} is dead: {failure}"
                );
                failure
            }
            Ok(false) => Failure::Away("the app was installed again meanwhile".to_owned()),
            Err(error) => {
                tracing::error!("a dead token could not be erased: {error}");
                failure
            }
        }
    }
}

fn not_proved(team: &str, failure: &Failure) -> NoToken {
    let why = failure.to_string();
    if failure.token_is_dead() {
        tracing::error!("SLACK_BOT_TOKEN does not work: {failure}");
        return NoToken::Dead { team: team.to_owned(), why };
    }
    NoToken::Unknown(why)
}
