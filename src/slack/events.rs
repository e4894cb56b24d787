//! What happens in a workspace: somebody writes to the bot, opens its page, lets it in, throws it out.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::{sleep, timeout};

use super::again::tried;
use super::blocks::{self, Content};
use super::desk::Desk;
use super::event::{Event, text};
use super::people::Who;
use super::place::{Place, is_id};
use super::send::is_no_channel;
use super::workspaces::NoToken;
use crate::commands::meant;
use crate::db;
use crate::domain::account::{AccountKind, Identity};
use crate::domain::reply::Reply;
use crate::domain::target::Platform;
use crate::render::notices;

/// Every event that is asked for; the manifest asks for these.
pub const EVENTS: [&str; 14] = [
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "channel_deleted",
    "channel_rename",
    "channel_unarchive",
    "group_archive",
    "group_deleted",
    "group_rename",
    "group_unarchive",
    "member_joined_channel",
    "message.im",
    "tokens_revoked",
];

/// Why a channel is gone.
const CLOSED: &str = "the channel was closed";

/// Slack brings an event again that was not answered in three seconds, or whose answer broke off.
const IN_TIME: Duration = Duration::from_millis(2_500);

/// How often it is looked meanwhile whether what was brought again is done.
const LOOK: Duration = Duration::from_millis(250);

/// Why Slack is to bring an event again.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("whoever is at work on it has not come to an end")]
    AtWork,
}

impl Desk {
    /// Takes an event, once.
    pub async fn happened(self: &Arc<Self>, envelope: Json) -> Result<(), NotTaken> {
        let now = self.context.clock.now();
        let Some(event) = Event::read(&envelope, now) else { return Ok(()) };
        let id = text(&envelope, "/event_id");
        match event.text("/type").unwrap_or_default() {
            "message" | "app_mention" | "app_home_opened" => self.heard(envelope).await,
            kind => Ok(db::soon(self.changed(kind, &event, id)).await?),
        }
    }

    /// Notes what has changed in a workspace.
    async fn changed(
        self: &Arc<Self>,
        kind: &str,
        event: &Event<'_>,
        id: Option<&str>,
    ) -> sqlx::Result<()> {
        match kind {
            "app_uninstalled" => self.removed(event, id).await,
            "tokens_revoked" => {
                // Those of people are none of ours.
                let bots = event.envelope.pointer("/event/tokens/bot").and_then(Json::as_array);
                if bots.is_some_and(|bots| !bots.is_empty()) {
                    self.removed(event, id).await?;
                }
                Ok(())
            }
            "channel_archive" | "channel_deleted" | "group_archive" | "group_deleted" => {
                self.closed(event).await
            }
            "channel_unarchive" | "group_unarchive" => self.opened(event).await,
            "member_joined_channel" => self.joined(event, id).await,
            // A channel is known by its id, which a new name leaves as it is.
            _ => Ok(()),
        }
    }

    /// Answers what somebody said before Slack is answered, so that what ends us in between is brought again.
    async fn heard(self: &Arc<Self>, envelope: Json) -> Result<(), NotTaken> {
        let (pool, now) = (&self.context.pool, self.context.clock.now());
        let id = text(&envelope, "/event_id").map(|id| format!("event:{id:.100}"));
        if let Some(id) = &id
            && !db::soon(db::slack::begin(pool, id, now)).await?
        {
            return timeout(IN_TIME, self.others_end(id)).await.unwrap_or(Err(NotTaken::AtWork));
        }
        let desk = Arc::clone(self);
        let said = self.tasks.spawn(async move {
            desk.said(&envelope).await;
            let Some(id) = id else { return };
            let now = desk.context.clock.now();
            if let Err(error) = db::slack::done(&desk.context.pool, &id, now).await {
                tracing::error!("Slack: {error}");
            }
        });
        timeout(IN_TIME, said).await.ok();
        Ok(())
    }

    /// Waits until whoever began with an event is done with it.
    async fn others_end(&self, id: &str) -> Result<(), NotTaken> {
        while !db::slack::is_done(&self.context.pool, id).await? {
            sleep(LOOK).await;
        }
        Ok(())
    }

    async fn removed(self: &Arc<Self>, event: &Event<'_>, id: Option<&str>) -> sqlx::Result<()> {
        let now = self.context.clock.now();
        let doubtful = db::in_tx(&self.context.pool, async |tx| {
            let id = format!("event:{:.100}", id.unwrap_or_default());
            if id.len() > "event:".len() && !db::slack::hear(&mut *tx, &id, now).await? {
                return Ok(false);
            }
            let workspace = db::slack::workspace(&mut *tx, event.team).await?;
            let Some(workspace) = workspace.filter(|it| it.sealed.is_some()) else {
                return Ok(false);
            };
            if !workspace.is_ended_by(event.at) {
                return Ok(true);
            }
            db::slack::remove(tx, event.team, workspace.installed_at, now).await?;
            tracing::info!(slack.team = event.team, "workspace {} removed the app", event.team);
            Ok(false)
        })
        .await?;
        if doubtful {
            // It may be old news. Slack knows, and a token that is dead is erased then.
            let (desk, team) = (Arc::clone(self), event.team.to_owned());
            self.tasks.spawn(async move {
                if let Err(failure) = desk.caller.read(&team, "auth.test", &[]).await {
                    tracing::info!(slack.team = team, "auth.test: {failure}");
                }
            });
        }
        Ok(())
    }

    async fn closed(&self, event: &Event<'_>) -> sqlx::Result<()> {
        let Some(channel) = event.text("/channel").filter(|id| is_id(id)) else { return Ok(()) };
        let place = Place { team: event.team.to_owned(), id: channel.to_owned() };
        let (pool, now) = (&self.context.pool, self.context.clock.now());
        let (address, why) = (place.to_string(), CLOSED);
        db::broken_targets::place_is_gone(pool, Platform::Slack, (&address, why), now).await
    }

    async fn opened(&self, event: &Event<'_>) -> sqlx::Result<()> {
        let Some(channel) = event.text("/channel").filter(|id| is_id(id)) else { return Ok(()) };
        let place = Place { team: event.team.to_owned(), id: channel.to_owned() };
        let (address, now) = (place.to_string(), self.context.clock.now());
        db::in_tx(&self.context.pool, async |tx| {
            let place = (address.as_str(), CLOSED);
            db::broken_targets::place_is_back(tx, Platform::Slack, place, now).await
        })
        .await
    }

    /// The bot introduces itself, once, by a message that is owed like any other.
    async fn joined(&self, event: &Event<'_>, id: Option<&str>) -> sqlx::Result<()> {
        let (Some(user), Some(channel)) = (event.text("/user"), event.text("/channel")) else {
            return Ok(());
        };
        if !is_id(channel) || self.bot(event).await?.as_deref() != Some(user) {
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
    async fn bot(&self, event: &Event<'_>) -> sqlx::Result<Option<String>> {
        let token = match self.caller.workspaces.token(event.team).await {
            Ok(token) => token,
            Err(NoToken::Database(error)) => return Err(error),
            Err(why) => {
                tracing::debug!(slack.team = event.team, "{why}");
                return Ok(None);
            }
        };
        let known = token.bot_user.filter(|user| !user.is_empty());
        Ok(known.or_else(|| event.authorized().map(str::to_owned)))
    }

    /// Somebody wrote to the bot, or opened its page.
    async fn said(self: &Arc<Self>, envelope: &Json) {
        let Some(event) = Event::read(envelope, self.context.clock.now()) else { return };
        let Some(who) = event.who() else { return };
        match event.text("/type") {
            Some("app_home_opened") => {
                if event.text("/tab") != Some("home") {
                    self.welcome(&who).await;
                }
                if event.text("/tab") != Some("messages") {
                    self.open_home(&who).await;
                }
            }
            Some("app_mention") if event.is_by_person() => self.line(&event, &who).await,
            Some("message") if event.is_by_person() && event.is_direct() => {
                self.line(&event, &who).await;
            }
            _ => {}
        }
    }

    async fn line(&self, event: &Event<'_>, who: &Who) {
        // Whether the database is there says the answer to the line.
        let bot = self.bot(event).await.unwrap_or_default();
        let reply = self.say(who, &meant(&event.line(bot.as_deref()))).await;
        self.tell(who, &reply, event.text("/thread_ts")).await;
    }

    /// Who was never welcomed is, once.
    pub async fn welcome(&self, who: &Who) {
        let welcomed = async {
            let known = self.met(who).await?;
            if known.contact.welcomed {
                return Ok(());
            }
            if self.note_welcome(who, Some(self.context.clock.now())).await?
                && !self.tell(who, &crate::render::replies::welcome(), None).await
            {
                self.note_welcome(who, None).await?;
            }
            Ok::<(), sqlx::Error>(())
        };
        if let Err(error) = welcomed.await {
            tracing::error!("Slack: {error}");
        }
    }

    /// Says something where somebody wrote: to them alone where others read too. Whether Slack took it.
    async fn tell(&self, who: &Who, reply: &Reply, thread: Option<&str>) -> bool {
        let Content { blocks, text } = blocks::reply(reply);
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
        let mut told = tried(|| self.caller.write(&who.team, method, &body)).await;
        if who.channel.is_none()
            && told.as_ref().is_err_and(is_no_channel)
            && let Some(channel) = self.conversation(who).await
        {
            if let Some(body) = body.as_object_mut() {
                body.insert("channel".to_owned(), json!(channel));
            }
            told = tried(|| self.caller.write(&who.team, method, &body)).await;
        }
        match told {
            Ok(_) => true,
            Err(failure) => {
                tracing::warn!(slack.team = who.team, "an answer was not taken: {failure}");
                false
            }
        }
    }

    /// The conversation with somebody: not every workspace opens it by itself.
    async fn conversation(&self, who: &Who) -> Option<String> {
        let body = json!({ "users": who.user });
        let open = || self.caller.write(&who.team, "conversations.open", &body);
        let opened = tried(open).await.ok()?;
        opened.text("/channel/id").map(str::to_owned)
    }
}
