//! Who typed or pressed in Slack, as commands know them.

use std::time::Duration;

use chrono_tz::Tz;
use serde_json::Value;
use tokio::time::timeout;

use super::api::Answer;
use super::desk::Desk;
use super::place::{Place, is_id};
use crate::commands::{self, Actor, Here};
use crate::db;
use crate::db::habits::Change;
use crate::domain::account::{AccountKind, ChannelFilters, Identity};
use crate::domain::reply::{Action, Reply};
use crate::domain::target::Platform;
use crate::render::replies;

/// Slack may take so long to say which time zone somebody is in.
const PROFILE: Duration = Duration::from_secs(2);

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
                    Some(Here { account, target, is_admin: false, in_role: None })
                }
            };
            Ok(Known { actor: Actor { account, target, here }, is_new })
        })
        .await
    }

    /// Answers a line; who is new is welcomed.
    pub async fn say(&self, who: &Who, text: &str) -> Reply {
        let known = match self.known(who).await {
            Ok(known) => known,
            Err(error) => return failed(&error),
        };
        if known.is_new {
            self.adopt_zone(who, known.actor).await;
        }
        if known.is_new && text.is_empty() {
            return replies::welcome();
        }
        let word = text.trim_start_matches("/jobs").split_whitespace().next().unwrap_or_default();
        let decides =
            ["channels", "billing", "upgrade"].iter().any(|it| it.eq_ignore_ascii_case(word));
        let actor = self.ranked(who, known.actor, decides).await;
        commands::say(&self.context, actor, text).await
    }

    /// Answers a button.
    pub async fn press(&self, who: &Who, action: Action) -> Reply {
        match self.known(who).await {
            Ok(known) if commands::changes_filters(action) => {
                let actor = self.ranked(who, known.actor, false).await;
                commands::press(&self.context, actor, action).await
            }
            Ok(known) => commands::press(&self.context, known.actor, action).await,
            Err(error) => failed(&error),
        }
    }

    /// Whether somebody is an admin, where that matters: Slack is asked only then.
    async fn ranked(&self, who: &Who, mut actor: Actor, decides: bool) -> Actor {
        let Some(here) = &mut actor.here else { return actor };
        let rule = db::accounts::channel_filters(&self.context.pool, here.account).await;
        let matters = decides || !matches!(rule, Ok(ChannelFilters::Anyone));
        if matters && let Some(user) = self.user(who).await {
            let is = |flag| user.0.pointer(flag).and_then(Value::as_bool) == Some(true);
            here.is_admin = is("/user/is_admin") || is("/user/is_owner");
        }
        actor
    }

    /// Takes over the time zone of a newcomer's profile: it can be changed by `timezone`.
    pub async fn adopt_zone(&self, who: &Who, actor: Actor) {
        // Whoever waits for an answer does not wait for this.
        let Ok(Some(user)) = timeout(PROFILE, self.user(who)).await else { return };
        let zone = user.text("/user/tz").and_then(|zone| zone.parse::<Tz>().ok());
        let Some(zone) = zone else { return };
        let (now, change) = (self.context.clock.now(), Change::Timezone(zone));
        let changed = db::in_tx(&self.context.pool, async |tx| {
            db::habits::change(tx, actor.account, change, now).await
        });
        if let Err(error) = changed.await {
            tracing::error!("a time zone was not kept: {error}");
        }
    }

    /// What Slack says of somebody; nothing if it does not.
    async fn user(&self, who: &Who) -> Option<Answer> {
        let token = self.workspaces.token(&who.team).await.ok()?;
        let form = [("user", who.user.as_str())];
        match self.api.ask("users.info", Some(&token.secret), &form).await {
            Ok(user) => Some(user),
            Err(failure) => {
                self.workspaces.note(&who.team, &token, &failure).await;
                tracing::warn!(slack.team = who.team, "users.info: {failure}");
                None
            }
        }
    }
}

fn failed(error: &sqlx::Error) -> Reply {
    tracing::error!("Slack: {error}");
    replies::something_went_wrong()
}
