//! Discord as a platform: sends, edits, and looks for messages that may have arrived.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value as Json, json};
use serenity::builder::{CreateAllowedMentions, CreateMessage, EditMessage};
use serenity::model::channel::Nonce;
use sqlx::PgPool;

use super::api::{Api, Failure, TOKEN};
use super::content::{self, Content, Links};
use super::counted::{Call, Route, all};
use super::place::{Place, is_id};
use crate::clock::Clock;
use crate::db;
use crate::domain::delivery::{Doubt, MessageRef, SentMessage, Verdict};
use crate::domain::limit::Limit;
use crate::domain::message::Message;
use crate::domain::target::{Platform, Target};
use crate::messenger::Messenger;

/// Discord knows a message again "for the past few minutes".
const KNOWN: Duration = Duration::from_mins(2);

/// After so long nobody looks in a history any more.
const OLD: Duration = Duration::from_hours(24);

/// Discord's clock and ours may differ so much.
const SKEW: TimeDelta = TimeDelta::minutes(2);

/// Behind the name of a message that links to nothing.
const BARE: &str = "/bare";

/// First millisecond of Discord's ids, after 1970.
const EPOCH: i64 = 1_420_070_400_000;

/// Discord.
pub struct DiscordPlatform {
    pub api: Api,
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
    /// Discord's names of what routes count under, as far as it told them.
    pub buckets: Mutex<BTreeMap<Route, String>>,
}

/// The channel of a place.
struct Channel {
    id: String,
    /// Opened some time ago.
    remembered: bool,
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
        // Nothing is counted under the last, it rests.
        let token = Limit { key: TOKEN.to_owned(), every: Duration::ZERO, burst: 1 };
        vec![all(), token, Route::Message.limit(target)]
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
        let now = self.clock.now();
        let body = |links| new(message, content::message(message, now, links));
        let mut links = Links::Shown;
        let mut sent = self.post(target, &channel, &body(links)).await?;
        if sent.as_ref().is_err_and(Failure::is_unwanted) {
            let limits = vec![all(), Route::Message.limit(target)];
            self.may(target, Route::Message, limits).await?;
            links = Links::Left;
            sent = self.post(target, &channel, &body(links)).await?;
        }
        let sent = match sent {
            Ok(sent) => sent,
            Err(failure) if channel.remembered && failure.is_of_nowhere() => {
                self.keep(target, None).await;
                return Err(Verdict::Retry { why: failure.to_string(), after: None });
            }
            Err(failure) => return Err(self.verdict(target, Route::Message, failure).await),
        };
        let id = sent.pointer("/id").and_then(Json::as_str).filter(|id| is_id(id));
        id.map(|id| named(&channel, id, links)).ok_or_else(|| Verdict::Unknown {
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
        let limits = vec![all(), Route::History.limit(target)];
        self.may(target, Route::History, limits).await?;
        let after = ((tried_at - SKEW).timestamp_millis() - EPOCH).max(0) << 22;
        let path = format!("channels/{}/messages?limit=100&after={after}", channel.id);
        let call = Call { route: Route::History, method: Method::GET, path: &path, body: None };
        let found = match self.call(target, call).await? {
            Ok(found) => found,
            Err(failure) => return Err(self.verdict(target, Route::History, failure).await),
        };
        let mark = content::mark(message);
        let ours = found.as_array().into_iter().flatten().find(|said| is_ours(said, &mark));
        let Some(ours) = ours else { return Ok(None) };
        let links = if has_links(ours) { Links::Shown } else { Links::Left };
        let id = ours.pointer("/id").and_then(Json::as_str);
        Ok(id.map(|id| named(&channel, id, links)))
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
        let (name, links) = match sent.message.0.strip_suffix(BARE) {
            Some(name) => (name, Links::Left),
            None => (sent.message.0.as_str(), Links::Shown),
        };
        let (channel, id) = name.split_once('/').ok_or_else(lost)?;
        let path = format!("channels/{channel}/messages/{id}");
        self.may(target, Route::Edit, vec![Route::Edit.limit(target)]).await?;
        let content = |links| content::message(message, sent.at, links);
        let mut edited = self.patch(target, &path, content(links)).await?;
        if links == Links::Shown && edited.as_ref().is_err_and(Failure::is_unwanted) {
            self.may(target, Route::Edit, vec![all(), Route::Edit.limit(target)]).await?;
            edited = self.patch(target, &path, content(Links::Left)).await?;
        }
        match edited {
            Ok(_) => Ok(()),
            Err(failure) => Err(self.verdict(target, Route::Edit, failure).await),
        }
    }
}

impl DiscordPlatform {
    /// The channel of a target; that with a person is opened once and remembered.
    async fn channel(&self, target: &Target) -> Result<Channel, Verdict> {
        let place: Place =
            target.address.parse().map_err(|error| Verdict::Gone { why: format!("{error}") })?;
        let known = db::discord::place(&self.pool, &target.address, self.clock.now()).await;
        let known =
            known.map_err(|error| Verdict::Retry { why: error.to_string(), after: None })?;
        if known.refuses {
            return Err(Verdict::Gone { why: "it refused three times within a day".to_owned() });
        }
        let user = match (place, known.channel) {
            (Place::Channel { channel, .. }, _) => {
                return Ok(Channel { id: channel, remembered: false });
            }
            (Place::Person(_), Some(id)) => return Ok(Channel { id, remembered: true }),
            (Place::Person(user), None) => user,
        };
        self.may(target, Route::Open, vec![all(), Route::Open.limit(target)]).await?;
        let body = json!({ "recipient_id": user });
        let path = "users/@me/channels";
        let call = Call { route: Route::Open, method: Method::POST, path, body: Some(&body) };
        let opened = match self.call(target, call).await? {
            Ok(opened) => opened,
            Err(failure) => {
                return Err(match self.verdict(target, Route::Open, failure).await {
                    // Nothing was sent yet.
                    Verdict::Unknown { why } => Verdict::Retry { why, after: None },
                    verdict @ (Verdict::Retry { .. }
                    | Verdict::Limited { .. }
                    | Verdict::Rests { .. }
                    | Verdict::Gone { .. }
                    | Verdict::Strange { .. }
                    | Verdict::Rejected { .. }) => verdict,
                });
            }
        };
        let id = opened.pointer("/id").and_then(Json::as_str).filter(|id| is_id(id));
        let id = id.ok_or_else(|| Verdict::Retry {
            why: "Discord opened a conversation without saying which".to_owned(),
            after: None,
        })?;
        self.keep(target, Some(id)).await;
        Ok(Channel { id: id.to_owned(), remembered: false })
    }

    /// Remembers a conversation, or forgets it.
    async fn keep(&self, target: &Target, channel: Option<&str>) {
        let kept = db::discord::keep_conversation(&self.pool, &target.address, channel).await;
        if let Err(error) = kept {
            tracing::warn!("a conversation in Discord was not remembered: {error}");
        }
    }

    async fn post(
        &self,
        target: &Target,
        channel: &Channel,
        message: &CreateMessage,
    ) -> Result<Result<Json, Failure>, Verdict> {
        let (body, path) = (written(message)?, format!("channels/{}/messages", channel.id));
        let (route, method) = (Route::Message, Method::POST);
        self.call(target, Call { route, method, path: &path, body: Some(&body) }).await
    }

    async fn patch(
        &self,
        target: &Target,
        path: &str,
        content: Content,
    ) -> Result<Result<Json, Failure>, Verdict> {
        let message = EditMessage::new()
            .embeds(content.embeds)
            .components(content.rows)
            .allowed_mentions(CreateAllowedMentions::new());
        let body = written(&message)?;
        let (route, method) = (Route::Edit, Method::PATCH);
        self.call(target, Call { route, method, path, body: Some(&body) }).await
    }

    /// What rested for a token that was not taken goes on at once with one that is.
    pub async fn look_at_token(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let rests = db::limits::rests_until(&self.pool, TOKEN, now).await?;
        if rests.is_some() && self.api.get("users/@me").await.is_ok() {
            db::in_tx(&self.pool, async |tx| {
                db::limits::end_rest(&mut *tx, TOKEN).await?;
                db::discord::try_at_once(tx, now).await
            })
            .await?;
        }
        Ok(())
    }
}

fn written(message: &impl serde::Serialize) -> Result<Json, Verdict> {
    serde_json::to_value(message).map_err(|error| Verdict::Rejected { why: error.to_string() })
}

/// How a message is called later.
fn named(channel: &Channel, id: &str, links: Links) -> MessageRef {
    let bare = if links == Links::Left { BARE } else { "" };
    MessageRef(format!("{}/{id}{bare}", channel.id))
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

fn has_links(said: &Json) -> bool {
    let embeds = said.pointer("/embeds").and_then(Json::as_array).into_iter().flatten();
    embeds.into_iter().any(|embed| embed.pointer("/url").is_some_and(Json::is_string))
}

fn is_ours(said: &Json, mark: &str) -> bool {
    let embeds = said.pointer("/embeds").and_then(Json::as_array).into_iter().flatten();
    embeds.filter_map(|embed| embed.pointer("/footer/text")?.as_str()).any(|text| text == mark)
}
