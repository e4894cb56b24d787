//! What happens in a workspace: somebody writes to the bot, opens its page, lets it in, throws it out.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};

use super::blocks::{self, Content};
use super::desk::{Desk, typed_text};
use super::people::Who;
use super::place::{Place, is_id};
use crate::commands::meant;
use crate::db;
use crate::domain::account::{AccountKind, Identity};
use crate::domain::reply::Reply;
use crate::domain::target::Platform;
use crate::render::notices;

/// Every event that is asked for; the manifest asks for these.
pub const EVENTS: [&str; 9] = [
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "channel_deleted",
    "channel_rename",
    "member_joined_channel",
    "message.im",
    "tokens_revoked",
];

/// An event in its envelope.
struct Event<'a> {
    envelope: &'a Json,
    team: &'a str,
    at: DateTime<Utc>,
}

impl<'a> Event<'a> {
    fn read(envelope: &'a Json, now: DateTime<Utc>) -> Option<Self> {
        let team = text(envelope, "/team_id").filter(|team| is_id(team))?;
        let at = envelope.pointer("/event_time").and_then(Json::as_i64);
        let at = at.and_then(|at| DateTime::from_timestamp(at, 0)).unwrap_or(now);
        Some(Self { envelope, team, at })
    }

    fn text(&self, path: &str) -> Option<&'a str> {
        text(self.envelope.pointer("/event")?, path)
    }

    fn who(&self) -> Option<Who> {
        Who::new(self.team, self.text("/user")?, self.text("/channel"))
    }
}

fn text<'a>(json: &'a Json, path: &str) -> Option<&'a str> {
    json.pointer(path).and_then(Json::as_str)
}

impl Desk {
    /// Takes an event. What changes rows is done, once, before Slack is answered; what only says something
    /// is done after.
    pub async fn happened(self: &Arc<Self>, envelope: Json) -> sqlx::Result<()> {
        let now = self.context.clock.now();
        let Some(event) = Event::read(&envelope, now) else { return Ok(()) };
        let id = text(&envelope, "/event_id");
        match event.text("/type").unwrap_or_default() {
            "app_uninstalled" => self.removed(&event, id).await,
            "tokens_revoked" => {
                // Those of people are none of ours.
                let bots = event.envelope.pointer("/event/tokens/bot").and_then(Json::as_array);
                if bots.is_some_and(|bots| !bots.is_empty()) {
                    return self.removed(&event, id).await;
                }
                Ok(())
            }
            "channel_archive" | "channel_deleted" => self.closed(&event).await,
            "member_joined_channel" => self.joined(&event, id).await,
            "message" | "app_mention" | "app_home_opened" => {
                if self.is_first("event", id).await? {
                    let desk = Arc::clone(self);
                    self.tasks.spawn(async move { desk.said(&envelope).await });
                }
                Ok(())
            }
            // A channel is known by its id, which a new name leaves as it is.
            _ => Ok(()),
        }
    }

    async fn removed(&self, event: &Event<'_>, id: Option<&str>) -> sqlx::Result<()> {
        let now = self.context.clock.now();
        let first = db::in_tx(&self.context.pool, async |tx| {
            let id = format!("event:{}", id.unwrap_or_default());
            let first = id.len() == "event:".len() || db::slack::hear(&mut *tx, &id, now).await?;
            Ok(first && db::slack::remove(tx, event.team, event.at, now).await?)
        })
        .await?;
        if first {
            tracing::info!(slack.team = event.team, "workspace {} removed the app", event.team);
        }
        Ok(())
    }

    async fn closed(&self, event: &Event<'_>) -> sqlx::Result<()> {
        let Some(channel) = event.text("/channel").filter(|id| is_id(id)) else { return Ok(()) };
        let place = Place { team: event.team.to_owned(), id: channel.to_owned() };
        let (pool, now) = (&self.context.pool, self.context.clock.now());
        {
            let (address, why) = (place.to_string(), "the channel was closed");
            let gone = (address.as_str(), why);
            db::broken_targets::place_is_gone(pool, Platform::Slack, gone, now).await
        }
    }

    /// The bot introduces itself, once, by a message that is owed like any other.
    async fn joined(&self, event: &Event<'_>, id: Option<&str>) -> sqlx::Result<()> {
        let (Some(user), Some(channel)) = (event.text("/user"), event.text("/channel")) else {
            return Ok(());
        };
        if !is_id(channel) || self.bot(event).await.as_deref() != Some(user) {
            return Ok(());
        }
        let place = Place { team: event.team.to_owned(), id: channel.to_owned() }.to_string();
        let now = self.context.clock.now();
        let team = Identity {
            platform: Platform::Slack,
            workspace: event.team.to_owned(),
            user: String::new(),
        };
        db::in_tx(&self.context.pool, async |tx| {
            let named = format!("event:{}", id.unwrap_or(&place));
            let first = db::slack::hear(&mut *tx, &named, now).await?;
            let account = db::accounts::of_identity(tx, &team, AccountKind::Team, now).await?;
            let target = db::accounts::target(tx, account, Platform::Slack, &place, now).await?;
            // Let in again after it was thrown out, it can be used again.
            db::broken_targets::mend(tx, target, now).await?;
            if first && db::slack::hear(&mut *tx, &format!("intro:{place}"), now).await? {
                let notice = [(target, notices::introduction())];
                db::deliveries::queue_notices(tx, &notice, now).await?;
            }
            Ok(())
        })
        .await
    }

    /// The bot's own user: of the installation, or as the envelope says.
    async fn bot(&self, event: &Event<'_>) -> Option<String> {
        let token = self.workspaces.token(event.team).await.ok()?;
        let said = event.envelope.pointer("/authorizations/0/user_id").and_then(Json::as_str);
        token.bot_user.or_else(|| said.map(str::to_owned))
    }

    /// Somebody wrote to the bot, or opened its page.
    async fn said(self: &Arc<Self>, envelope: &Json) {
        let Some(event) = Event::read(envelope, self.context.clock.now()) else { return };
        let Some(who) = event.who() else { return };
        match event.text("/type") {
            Some("app_home_opened") if event.text("/tab") == Some("messages") => {
                self.welcome(&who).await;
            }
            Some("app_home_opened") => self.open_home(&who).await,
            Some("app_mention") => {
                let line = event.text("/text").unwrap_or_default();
                let (_, line) = line.split_once('>').unwrap_or(("", line));
                let reply = self.say(&who, &meant(&typed_text(line))).await;
                self.tell(&who, &reply, event.text("/thread_ts")).await;
            }
            _ => {
                // Edits, joins, and what bots say, ours included.
                let by_person = event.text("/subtype").is_none() && event.text("/bot_id").is_none();
                if by_person && event.text("/channel_type") == Some("im") {
                    let line = typed_text(event.text("/text").unwrap_or_default());
                    let reply = self.say(&who, &meant(&line)).await;
                    self.tell(&who, &reply, None).await;
                }
            }
        }
    }

    /// Who never spoke with the bot is welcomed, once.
    async fn welcome(&self, who: &Who) {
        match self.known(who).await {
            Ok(known) if known.is_new => {
                self.adopt_zone(who, known.actor).await;
                self.tell(who, &crate::render::replies::welcome(), None).await;
            }
            Ok(_) => {}
            Err(error) => tracing::error!("Slack: {error}"),
        }
    }

    /// Says something where somebody wrote: to them alone where others read too.
    async fn tell(&self, who: &Who, reply: &Reply, thread: Option<&str>) {
        let Content { blocks, text } = blocks::reply(reply);
        let Ok(token) = self.workspaces.token(&who.team).await else { return };
        let channel = who.channel.as_deref().unwrap_or(&who.user);
        let mut body = json!({ "channel": channel, "text": text, "blocks": blocks });
        let method = if who.shared().is_some() { "chat.postEphemeral" } else { "chat.postMessage" };
        if let Some(body) = body.as_object_mut() {
            if who.shared().is_some() {
                body.insert("user".to_owned(), json!(who.user));
            } else {
                body.insert("unfurl_links".to_owned(), json!(false));
                body.insert("unfurl_media".to_owned(), json!(false));
            }
            if let Some(thread) = thread {
                body.insert("thread_ts".to_owned(), json!(thread));
            }
        }
        if let Err(failure) = self.api.call(method, &token.secret, &body).await {
            self.workspaces.note(&who.team, &token, &failure).await;
            tracing::warn!(slack.team = who.team, "an answer was not taken: {failure}");
        }
    }
}
