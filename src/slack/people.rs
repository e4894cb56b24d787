//! Who typed or pressed in Slack, as commands know them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use sqlx::PgConnection;
use tokio::time::timeout;

use super::api::{Answer, Failure};
use super::desk::Desk;
use super::place::{Place, is_id};
use crate::commands::{self, Actor, Here};
use crate::db;
use crate::db::accounts::Contact;
use crate::domain::account::{AccountKind, ChannelFilters, Identity};
use crate::domain::ids::{AccountId, TargetId};
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
    /// What was done for them at first contact.
    pub contact: Contact,
}

impl Who {
    /// `None` if Slack could not have said so.
    pub fn new(team: &str, user: &str, channel: Option<&str>) -> Option<Self> {
        let channel = channel.filter(|id| is_id(id)).map(str::to_owned);
        let sound = is_id(team) && is_id(user) && user.starts_with(['U', 'W']);
        sound.then(|| Self { team: team.to_owned(), user: user.to_owned(), channel })
    }

    fn identity(&self) -> Identity {
        let (workspace, user) = (self.team.clone(), self.user.clone());
        Identity { platform: Platform::Slack, workspace, user }
    }

    /// The workspace itself.
    pub fn workspace(&self) -> Identity {
        Identity { user: String::new(), ..self.identity() }
    }

    /// Their own account, and where cards go to them alone.
    pub async fn own(
        &self,
        tx: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> sqlx::Result<(AccountId, TargetId)> {
        let identity = self.identity();
        let account = db::accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
        let address = self.place(&self.user);
        let target = db::accounts::target(tx, account, Platform::Slack, &address, now).await?;
        Ok((account, target))
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
        let person = who.identity();
        let team = who.workspace();
        db::in_tx(&self.context.pool, async |tx| {
            let (account, target) = who.own(tx, now).await?;
            let contact = db::accounts::contact(&mut *tx, &person).await?;
            let here = match who.shared() {
                None => None,
                Some(channel) => {
                    let account =
                        db::accounts::of_identity(tx, &team, AccountKind::Team, now).await?;
                    let address = who.place(channel);
                    let target =
                        db::accounts::target(tx, account, Platform::Slack, &address, now).await?;
                    Some(Here { account, target, is_admin: false, in_role: None, open: None })
                }
            };
            Ok(Known { actor: Actor { here, ..Actor::alone(account, target) }, contact })
        })
        .await
    }

    /// Looks somebody up whose time zone is to be known. Slack is asked for it once.
    pub async fn met(&self, who: &Who) -> sqlx::Result<Known> {
        let known = {
            let _turn = self.turn().await;
            self.known(who).await?
        };
        if !known.contact.zone_asked {
            self.adopt_zone(who, known.actor).await;
        }
        Ok(known)
    }

    /// Answers a line; who is new is welcomed.
    pub async fn say(&self, who: &Who, text: &str) -> Reply {
        let known = match self.met(who).await {
            Ok(known) => known,
            Err(error) => return failed(&error),
        };
        if !known.contact.welcomed && text.is_empty() {
            match self.note_welcome(who, Some(self.context.clock.now())).await {
                Ok(true) => return replies::welcome(),
                Ok(false) => {}
                Err(error) => return failed(&error),
            }
        }
        let word = text.trim_start_matches("/jobs").split_whitespace().next().unwrap_or_default();
        let decides =
            ["channels", "billing", "upgrade"].iter().any(|it| it.eq_ignore_ascii_case(word));
        let actor = self.ranked(who, known.actor, decides).await;
        // Strangers' servers are slow as they like.
        let _turn = if commands::asks_others(text) { None } else { self.turn().await };
        commands::say(&self.context, actor, text).await
    }

    /// Answers a button.
    pub async fn press(&self, who: &Who, action: Action) -> Reply {
        let known = match self.met(who).await {
            Ok(known) => known,
            Err(error) => return failed(&error),
        };
        let actor = if commands::changes_filters(action) {
            self.ranked(who, known.actor, false).await
        } else {
            known.actor
        };
        let _turn = self.turn().await;
        commands::press(&self.context, actor, action).await
    }

    /// Notes that somebody is welcomed, or was not after all; whether that changes anything.
    pub async fn note_welcome(&self, who: &Who, at: Option<DateTime<Utc>>) -> sqlx::Result<bool> {
        let _turn = self.turn().await;
        db::accounts::welcome(&self.context.pool, &who.identity(), at).await
    }

    /// Whether somebody is an admin, where that matters: Slack is asked only then.
    pub async fn ranked(&self, who: &Who, mut actor: Actor, decides: bool) -> Actor {
        let Some(here) = &mut actor.here else { return actor };
        let rule = db::accounts::channel_filters(&self.context.pool, here.account).await;
        let matters = decides || !matches!(rule, Ok(ChannelFilters::Anyone));
        if matters && let Ok(user) = self.user(who).await {
            let is = |flag| user.0.pointer(flag).and_then(Value::as_bool) == Some(true);
            here.is_admin = is("/user/is_admin") || is("/user/is_owner");
        }
        actor
    }

    /// Takes over the time zone of a profile: it can be changed by `timezone`.
    async fn adopt_zone(&self, who: &Who, actor: Actor) {
        // Whoever waits for an answer does not wait for this; then it is asked again.
        let zone = match timeout(PROFILE, self.user(who)).await {
            Ok(Ok(user)) => user.text("/user/tz").and_then(|zone| zone.parse::<Tz>().ok()),
            Ok(Err(Failure::Refused { .. })) => None,
            Ok(Err(_)) | Err(_) => return,
        };
        let (now, identity) = (self.context.clock.now(), who.identity());
        let _turn = self.turn().await;
        let adopted = db::in_tx(&self.context.pool, async |tx| {
            if let Some(zone) = zone {
                db::habits::adopt_zone(&mut *tx, actor.account, zone, now).await?;
            }
            db::accounts::zone_asked(tx, &identity, now).await
        });
        if let Err(error) = adopted.await {
            tracing::error!("a time zone was not kept: {error}");
        }
    }

    /// What Slack says of somebody.
    async fn user(&self, who: &Who) -> Result<Answer, Failure> {
        let form = [("user", who.user.as_str())];
        let user = self.caller.read(&who.team, "users.info", &form).await;
        if let Err(failure) = &user {
            tracing::warn!(slack.team = who.team, "users.info: {failure}");
        }
        user
    }
}

fn failed(error: &sqlx::Error) -> Reply {
    tracing::error!("Slack: {error}");
    replies::something_went_wrong()
}
