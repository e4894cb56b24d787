//! Slack as a platform: sends, edits, and looks for messages that may have arrived.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use slack_morphism::prelude::{
    SlackApiChatPostMessageRequest, SlackApiChatUpdateRequest, SlackMessageContent,
    SlackMessageMetadata,
};

use super::api::{Answer, Failure};
use super::blocks::{self, Content};
use super::caller::Caller;
use super::methods::{key, limit};
use super::place::Place;
use super::thread::{self, Root};
use super::workspaces::Token;
use crate::domain::delivery::{Doubt, MessageRef, SentMessage, Verdict};
use crate::domain::ids::DeliveryId;
use crate::domain::limit::Limit;
use crate::domain::message::Message;
use crate::domain::target::{Platform, Target};
use crate::messenger::Messenger;

/// The kind of metadata that names a delivery.
const METADATA: &str = "earlybrd_delivery";

/// Slack lets one message a second into a channel.
const A_CHANNEL: Duration = Duration::from_secs(1);

/// Slack's clock and ours may differ so much.
const SKEW: TimeDelta = TimeDelta::minutes(2);

/// Messages looked at, the newest first: what we sent since a try cannot be more.
const HISTORY: &str = "100";

/// After so long nobody looks in a history any more.
const OLD: Duration = Duration::from_hours(24);

/// Messages that follow each other without a rest in a workspace: fewer than answers to people do, which
/// count by the same limit and find room beside a long queue.
const CARDS_AT_ONCE: u32 = 10;

/// Slack.
pub struct SlackPlatform {
    pub caller: Caller,
}

#[async_trait]
impl Messenger for SlackPlatform {
    fn platform(&self) -> Platform {
        Platform::Slack
    }

    fn fits(&self, message: &Message, now: DateTime<Utc>) -> usize {
        blocks::fits(message, now)
    }

    fn limits(&self, target: &Target) -> Vec<Limit> {
        let Ok(place) = target.address.parse::<Place>() else { return Vec::new() };
        let channel = Limit { key: format!("slack/{place}"), every: A_CHANNEL, burst: 1 };
        vec![Limit { burst: CARDS_AT_ONCE, ..limit(&place.team, POST) }, channel]
    }

    /// Only the history of direct messages may be read.
    fn in_doubt(&self, target: &Target, tried: Duration) -> Doubt {
        let person = target.address.parse::<Place>().is_ok_and(|place| place.is_person());
        if person && tried < OLD { Doubt::Ask } else { Doubt::Once }
    }

    async fn send(&self, target: &Target, message: &Message) -> Result<MessageRef, Verdict> {
        let place = place(target)?;
        let token = self.caller.workspaces.token(&place.team).await?;
        let content = blocks::message(message, self.caller.workspaces.clock.now());
        let mut request = SlackApiChatPostMessageRequest::new(
            place.id.clone().into(),
            marked(content, message.delivery),
        );
        // Nothing of a posting may show more than we do, or call anybody.
        request.unfurl_links = Some(false);
        request.unfurl_media = Some(false);
        request.link_names = Some(false);
        let mut sent = self.post(&place, &token, &request).await;
        if place.is_person() && sent.as_ref().is_err_and(is_no_channel) {
            // Not every workspace opens a conversation by itself.
            request.channel = self.conversation(&place).await?.into();
            sent = self.post(&place, &token, &request).await;
        }
        let answer = sent.map_err(|failure| failure.verdict(&key(&place.team, POST)))?;
        named(&answer).ok_or_else(|| Verdict::Unknown {
            why: "Slack says ok, but not which message it made".to_owned(),
        })
    }

    async fn find(
        &self,
        target: &Target,
        message: &Message,
        tried_at: DateTime<Utc>,
    ) -> Result<Option<MessageRef>, Verdict> {
        let place = place(target)?;
        let channel = self.conversation(&place).await?;
        let oldest = (tried_at - SKEW).timestamp().to_string();
        let form = [
            ("channel", channel.as_str()),
            ("oldest", &oldest),
            ("inclusive", "true"),
            ("include_all_metadata", "true"),
            ("limit", HISTORY),
        ];
        let history = match self.caller.read(&place.team, HISTORY_OF, &form).await {
            Ok(history) => history,
            // Sent again once then, as where nobody can be asked.
            Err(Failure::Refused { code }) if code == "missing_scope" => {
                let why = "the app may not read direct messages (im:history)".to_owned();
                return Err(Verdict::Rejected { why });
            }
            Err(failure) => return Err(failure.verdict(&key(&place.team, HISTORY_OF))),
        };
        let wanted = message.delivery.to_string();
        let ours = history.list("/messages").iter().find(|said| delivery_of(said) == Some(&wanted));
        let ts = ours.and_then(|said| said.pointer("/ts")).and_then(Value::as_str);
        Ok(ts.map(|ts| MessageRef(format!("{channel}/{ts}"))))
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
        let place = place(target)?;
        let lost = || Verdict::Rejected { why: "nobody knows which message it is".to_owned() };
        let (channel, ts) = sent.message.0.split_once('/').ok_or_else(lost)?;
        let content = marked(blocks::message(message, sent.at), message.delivery);
        let mut request = SlackApiChatUpdateRequest::new(channel.into(), content, ts.into());
        request.link_names = Some(false);
        match self.caller.write(&place.team, UPDATE, &request).await {
            Err(failure) if thread::stays(&failure) => {
                let said = self.say_below(&place, Root { channel, ts }, message).await;
                said.map_err(|failure| failure.verdict(&key(&place.team, POST)))
            }
            updated => {
                updated.map(drop).map_err(|failure| failure.verdict(&key(&place.team, UPDATE)))
            }
        }
    }
}

pub(super) const POST: &str = "chat.postMessage";
const UPDATE: &str = "chat.update";
const HISTORY_OF: &str = "conversations.history";

impl SlackPlatform {
    /// Posts what the limits of this place let pass.
    async fn post(
        &self,
        place: &Place,
        token: &Token,
        request: &SlackApiChatPostMessageRequest,
    ) -> Result<Answer, Failure> {
        self.caller.write_with(token, &place.team, POST, request).await
    }

    /// The conversation with a person.
    async fn conversation(&self, place: &Place) -> Result<String, Verdict> {
        const OPEN: &str = "conversations.open";
        let body = json!({ "users": place.id });
        let opened = self.caller.write(&place.team, OPEN, &body).await;
        let opened = opened.map_err(|failure| match failure.verdict(&key(&place.team, OPEN)) {
            // Nothing was sent yet.
            Verdict::Unknown { why } => Verdict::Retry { why, after: None },
            verdict @ (Verdict::Retry { .. }
            | Verdict::Limited { .. }
            | Verdict::Rests { .. }
            | Verdict::Gone { .. }
            | Verdict::Strange { .. }
            | Verdict::Rejected { .. }) => verdict,
        })?;
        let channel = opened.text("/channel/id").map(str::to_owned);
        channel.ok_or_else(|| Verdict::Retry {
            why: "Slack opened a conversation without saying which".to_owned(),
            after: None,
        })
    }
}

fn place(target: &Target) -> Result<Place, Verdict> {
    target.address.parse().map_err(|error| Verdict::Gone { why: format!("{error}") })
}

pub(super) fn is_no_channel(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { code } if code == "channel_not_found")
}

fn marked(content: Content, delivery: DeliveryId) -> SlackMessageContent {
    let payload = [("id".to_owned(), delivery.to_string())].into();
    let metadata =
        SlackMessageMetadata { event_type: METADATA.to_owned(), event_payload: Some(payload) };
    SlackMessageContent::new()
        .with_text(content.text)
        .with_blocks(content.blocks)
        .with_metadata(metadata)
}

fn delivery_of(said: &Value) -> Option<&str> {
    let metadata = said.pointer("/metadata")?;
    let ours = metadata.pointer("/event_type").and_then(Value::as_str) == Some(METADATA);
    metadata.pointer("/event_payload/id").and_then(Value::as_str).filter(|_| ours)
}

/// Only a message with a name was sent.
fn named(answer: &Answer) -> Option<MessageRef> {
    let (channel, ts) = (answer.text("/channel")?, answer.text("/ts")?);
    Some(MessageRef(format!("{channel}/{ts}")))
}
