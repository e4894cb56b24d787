//! Who typed or pressed in Slack, as commands know them.

use super::desk::Desk;
use super::place::{Place, is_id};
use crate::commands::{self, Actor, Here};
use crate::db;
use crate::domain::account::{AccountKind, Identity};
use crate::domain::reply::{Action, Reply};
use crate::domain::target::Platform;
use crate::render::replies;

/// Somebody at a place in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub team: String,
    pub user: String,
    /// Where it was typed or pressed.
    pub channel: Option<String>,
}

/// Who it is for us.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub actor: Actor,
    /// They were never heard of before.
    pub is_new: bool,
}

impl Who {
    /// `None` if Slack could not have said so.
    pub fn new(team: &str, user: &str, channel: Option<&str>) -> Option<Self> {
        let channel = channel.filter(|id| is_id(id)).map(str::to_owned);
        let sound = is_id(team) && is_id(user) && user.starts_with(['U', 'W']);
        sound.then(|| Self { team: team.to_owned(), user: user.to_owned(), channel })
    }

    fn place(&self, id: &str) -> String {
        Place { team: self.team.clone(), id: id.to_owned() }.to_string()
    }

    /// The channel, if others read it too.
    pub fn shared(&self) -> Option<&str> {
        self.channel.as_deref().filter(|id| id.starts_with(['C', 'G']))
    }
}

impl Desk {
    /// Looks somebody up, or makes their account: by default cards go to them alone, and where others read
    /// too, the workspace's own account is at hand.
    pub async fn known(&self, who: &Who) -> sqlx::Result<Known> {
        let now = self.context.clock.now();
        let person = Identity {
            platform: Platform::Slack,
            workspace: who.team.clone(),
            user: who.user.clone(),
        };
        let team = Identity { user: String::new(), ..person.clone() };
        db::in_tx(&self.context.pool, async |tx| {
            let is_new = !db::accounts::is_known(&mut *tx, &person).await?;
            let account = db::accounts::of_identity(tx, &person, AccountKind::Person, now).await?;
            let address = who.place(&who.user);
            let target = db::accounts::target(tx, account, Platform::Slack, &address, now).await?;
            let here = match who.shared() {
                None => None,
                Some(channel) => {
                    let account =
                        db::accounts::of_identity(tx, &team, AccountKind::Team, now).await?;
                    let address = who.place(channel);
                    let target =
                        db::accounts::target(tx, account, Platform::Slack, &address, now).await?;
                    Some(Here { account, target })
                }
            };
            Ok(Known { actor: Actor { account, target, here }, is_new })
        })
        .await
    }

    /// Answers a line; who is new is welcomed.
    pub async fn say(&self, who: &Who, text: &str) -> Reply {
        match self.known(who).await {
            Ok(known) if known.is_new && text.is_empty() => replies::welcome(),
            Ok(known) => commands::say(&self.context, known.actor, text).await,
            Err(error) => failed(&error),
        }
    }

    /// Answers a button.
    pub async fn press(&self, who: &Who, action: Action) -> Reply {
        match self.known(who).await {
            Ok(known) => commands::press(&self.context, known.actor, action).await,
            Err(error) => failed(&error),
        }
    }
}

fn failed(error: &sqlx::Error) -> Reply {
    tracing::error!("Slack: {error}");
    replies::something_went_wrong()
}
