//! Discord as a platform: sends, edits, and looks for messages that may have arrived.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value as Json, json};
use serenity::builder::{CreateAllowedMentions, CreateMessage, EditMessage};
use serenity::model::channel::Nonce;
use sqlx::PgPool;

use super::api::{ALL, Api, Failure};
use super::content::{self, Content, Links};
use super::place::{Place, is_id};
use crate::clock::{Clock, add};
use crate::db;
use crate::domain::delivery::{Doubt, MessageRef, SentMessage, Verdict};
use crate::domain::limit::Limit;
use crate::domain::message::Message;
use crate::domain::target::{Platform, Target};
use crate::messenger::Messenger;

/// Discord lets fifty calls a second through, for all that the bot does; a message may take two.
const A_CALL: Duration = Duration::from_millis(40);
const AT_ONCE: u32 = 20;

/// And five messages in five seconds into a channel.
const A_CHANNEL: Duration = Duration::from_secs(1);

/// Discord knows a message again "for the past few minutes".
const KNOWN: Duration = Duration::from_mins(2);

/// After so long nobody looks in a history any more.
const OLD: Duration = Duration::from_hours(24);

/// Discord's clock and ours may differ so much.
const SKEW: TimeDelta = TimeDelta::minutes(2);

/// Calls that Discord takes amiss in ten minutes before we call nobody any more, so that with those on their
/// way there are five thousand at the most; at ten thousand it would answer nobody from this machine for an
/// hour.
pub const INVALID_A_WINDOW: i64 = 4_500;
const WINDOW: Duration = Duration::from_mins(10);

/// First millisecond of Discord's ids, after 1970.
const EPOCH: i64 = 1_420_070_400_000;

/// Discord.
pub struct DiscordPlatform {
    pub api: Api,
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Messenger for DiscordPlatform {
    fn platform(&self) -> Platform {
        Platform::Discord
    }

    fn fits(&self, message: &Message, now: DateTime<Utc>) -> usize {
        content::fits(message, now)
    }

    fn limits(&self, target: &Target) -> Vec<Limit> {
        let all = Limit { key: ALL.to_owned(), every: A_CALL, burst: AT_ONCE };
        vec![all, Limit { key: key(target), every: A_CHANNEL, burst: 5 }]
    }

    fn in_doubt(&self, _: &Target, tried: Duration) -> Doubt {
        match tried {
            tried if tried < KNOWN => Doubt::Same,
            tried if tried < OLD => Doubt::Ask,
            _ => Doubt::Once,
        }
    }

    async fn send(&self, target: &Target, message: &Message) -> Result<MessageRef, Verdict> {
        let channel = self.channel(target).await?;
        let path = format!("channels/{channel}/messages");
        let now = self.clock.now();
        let body = |links| new(message, content::message(message, now, links));
        let mut sent = self.post(target, &path, &body(Links::Shown)).await;
        if sent.as_ref().is_err_and(Failure::is_unwanted) {
            self.count(&sent).await?;
            sent = self.post(target, &path, &body(Links::Left)).await;
        }
        self.count(&sent).await?;
        let sent = sent.map_err(|failure| failure.verdict(&key(target)))?;
        let id = sent.pointer("/id").and_then(Json::as_str).filter(|id| is_id(id));
        id.map(|id| MessageRef(format!("{channel}/{id}"))).ok_or_else(|| Verdict::Unknown {
            why: "Discord says ok, but not which message it made".to_owned(),
        })
    }

    async fn find(
        &self,
        target: &Target,
        message: &Message,
        tried_at: DateTime<Utc>,
    ) -> Result<Option<MessageRef>, Verdict> {
        let channel = self.channel(target).await?;
        let after = ((tried_at - SKEW).timestamp_millis() - EPOCH).max(0) << 22;
        let path = format!("channels/{channel}/messages?limit=100&after={after}");
        let found = self.api.get(&path).await;
        self.count(&found).await?;
        let found = found.map_err(|failure| failure.verdict(&key(target)))?;
        let mark = content::mark(message);
        let ours = found.as_array().into_iter().flatten().find(|said| is_ours(said, &mark));
        let id = ours.and_then(|said| said.pointer("/id")?.as_str());
        Ok(id.map(|id| MessageRef(format!("{channel}/{id}"))))
    }

    fn edits(&self) -> bool {
        true
    }

    async fn edit(
        &self,
        target: &Target,
        sent: &SentMessage,
        message: &Message,
    ) -> Result<(), Verdict> {
        let lost = || Verdict::Rejected { why: "nobody knows which message it is".to_owned() };
        let (channel, id) = sent.message.0.split_once('/').ok_or_else(lost)?;
        let content = content::message(message, sent.at, Links::Shown);
        let body = EditMessage::new()
            .embeds(content.embeds)
            .components(content.rows)
            .allowed_mentions(CreateAllowedMentions::new());
        let path = format!("channels/{channel}/messages/{id}");
        let edited = self.api.call(Method::PATCH, &path, &body).await;
        self.count(&edited).await?;
        edited.map(drop).map_err(|failure| failure.verdict(&key(target)))
    }
}

impl DiscordPlatform {
    /// The channel of a target; that with a person is opened, which does nothing if it is open.
    async fn channel(&self, target: &Target) -> Result<String, Verdict> {
        let place: Place =
            target.address.parse().map_err(|error| Verdict::Gone { why: format!("{error}") })?;
        let user = match place {
            Place::Channel { channel, .. } => return Ok(channel),
            Place::Person(user) => user,
        };
        let body = json!({ "recipient_id": user });
        let opened = self.api.call(Method::POST, "users/@me/channels", &body).await;
        self.count(&opened).await?;
        let opened = opened.map_err(|failure| match failure.verdict(&key(target)) {
            // Nothing was sent yet.
            Verdict::Unknown { why } => Verdict::Retry { why, after: None },
            verdict @ (Verdict::Retry { .. }
            | Verdict::Limited { .. }
            | Verdict::Gone { .. }
            | Verdict::Rejected { .. }) => verdict,
        })?;
        let id = opened.pointer("/id").and_then(Json::as_str).filter(|id| is_id(id));
        id.map(str::to_owned).ok_or_else(|| Verdict::Retry {
            why: "Discord opened a conversation without saying which".to_owned(),
            after: None,
        })
    }

    /// Posts a message; if it was the last that the place takes for a while, the place rests in all replicas.
    async fn post(
        &self,
        target: &Target,
        path: &str,
        message: &CreateMessage,
    ) -> Result<Json, Failure> {
        let (sent, used_up) = self.api.call_counted(path, message).await?;
        if let Some(rest) = used_up {
            let rests = BTreeMap::from([(key(target), add(self.clock.now(), rest))]);
            let noted = async |tx: &mut _| db::limits::rest(tx, &rests).await;
            if let Err(error) = db::in_tx(&self.pool, noted).await {
                // The message is there; a 429 will say it again.
                tracing::warn!("a rest in Discord was not noted: {error}");
            }
        }
        Ok(sent)
    }

    /// Counts what Discord takes amiss, in all replicas together; at the limit everything rests.
    async fn count(&self, answer: &Result<Json, Failure>) -> Result<(), Verdict> {
        let Err(failure) = answer else { return Ok(()) };
        if !failure.counts_as_invalid() {
            return Ok(());
        }
        let counted = db::discord::count_invalid(&self.pool, self.clock.now(), WINDOW).await;
        match counted {
            Ok(count) if count < INVALID_A_WINDOW => Ok(()),
            Ok(_) => {
                tracing::error!("Discord refused {INVALID_A_WINDOW} calls in ten minutes: resting");
                let why = format!("too many calls were refused; the last: {failure}");
                Err(Verdict::Limited { why, after: Some(WINDOW), key: ALL.to_owned() })
            }
            Err(error) => {
                tracing::error!("a refusal of Discord's was not counted: {error}");
                Ok(())
            }
        }
    }
}

/// What a place counts by.
fn key(target: &Target) -> String {
    format!("discord/{}", target.address)
}

/// Under the delivery's number, so that Discord shows it once.
fn new(message: &Message, content: Content) -> CreateMessage {
    CreateMessage::new()
        .embeds(content.embeds)
        .components(content.rows)
        .allowed_mentions(CreateAllowedMentions::new())
        .nonce(Nonce::String(message.delivery.to_string()))
        .enforce_nonce(true)
}

fn is_ours(said: &Json, mark: &str) -> bool {
    let embeds = said.pointer("/embeds").and_then(Json::as_array).into_iter().flatten();
    embeds.filter_map(|embed| embed.pointer("/footer/text")?.as_str()).any(|text| text == mark)
}
