//! Who typed or pressed in Discord, as commands know them.

use super::desk::Desk;
use super::line::Who;
use super::place::Place;
use crate::commands::{self, Actor, Here};
use crate::db;
use crate::domain::account::{AccountKind, ChannelFilters, Identity};
use crate::domain::reply::{Action, Reply};
use crate::domain::target::Platform;
use crate::render::replies;

impl Desk {
    /// Looks somebody up, or makes their account: by default cards go to them alone, and where others read
    /// too, the server's own account is at hand.
    pub async fn known(&self, who: &Who) -> sqlx::Result<Actor> {
        let now = self.context.clock.now();
        let (platform, user) = (Platform::Discord, who.user.clone());
        let person = Identity { platform, workspace: String::new(), user };
        db::in_tx(&self.context.pool, async |tx| {
            let account = db::accounts::of_identity(tx, &person, AccountKind::Person, now).await?;
            let address = Place::Person(who.user.clone()).to_string();
            let target = db::accounts::target(tx, account, platform, &address, now).await?;
            let here = match &who.shared {
                None => None,
                Some((guild, channel)) => {
                    let (workspace, user) = (guild.clone(), String::new());
                    let team = Identity { platform, workspace, user };
                    let account =
                        db::accounts::of_identity(tx, &team, AccountKind::Team, now).await?;
                    let (guild, channel) = (guild.clone(), channel.clone());
                    let address = Place::Channel { guild, channel }.to_string();
                    let target = db::accounts::target(tx, account, platform, &address, now).await?;
                    // Discord tells nobody that a permission was given back.
                    if who.open && db::broken_targets::is_broken(&mut *tx, target).await? {
                        db::broken_targets::mend(tx, target, now).await?;
                    }
                    let rule = db::accounts::channel_filters(&mut *tx, account).await?;
                    let is_theirs =
                        matches!(rule, ChannelFilters::Role(theirs) if who.roles.contains(&theirs));
                    let in_role = Some(is_theirs);
                    let (is_admin, open) = (who.manages, Some(who.open));
                    Some(Here { account, target, is_admin, in_role, open })
                }
            };
            Ok(Actor { here, ..Actor::alone(account, target) })
        })
        .await
    }

    /// Answers a line.
    pub async fn say(&self, who: &Who, text: &str) -> Reply {
        match self.known(who).await {
            Ok(actor) => commands::say(&self.context, actor, text).await,
            Err(error) => failed(&error),
        }
    }

    /// Answers a button.
    pub async fn press(&self, who: &Who, action: Action) -> Reply {
        match self.known(who).await {
            Ok(actor) => commands::press(&self.context, actor, action).await,
            Err(error) => failed(&error),
        }
    }
}

pub fn failed(error: &sqlx::Error) -> Reply {
    tracing::error!("Discord: {error}");
    replies::something_went_wrong()
}
