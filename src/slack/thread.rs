//! What became known of a message that Slack does not let us edit any more: a reply in its thread.

use serde_json::Value;
use slack_morphism::prelude::{
    SlackApiChatPostMessageRequest, SlackMessageContent, SlackMessageMetadata,
};

use super::api::Failure;
use super::blocks;
use super::place::Place;
use super::send::{POST, SlackPlatform};
use crate::domain::message::Message;

/// What Slack says where the message is there and stays as it is.
const STAYS: [&str; 2] = ["cant_update_message", "edit_window_closed"];

/// The kind of metadata that says which version of a message a reply shows.
const METADATA: &str = "earlybrd_version";

/// Whether an edit failed because nobody may edit the message, now or ever.
pub fn stays(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused { code } if STAYS.contains(&code.as_str()))
}

/// A message of ours, by its conversation and its name there.
#[derive(Debug, Clone, Copy)]
pub struct Root<'a> {
    pub channel: &'a str,
    pub ts: &'a str,
}

impl SlackPlatform {
    /// Says in the thread of a message what it would show. Where the history may be read it is said once;
    /// in a channel, where it may not, a crash in between can say it twice.
    pub(super) async fn say_below(
        &self,
        place: &Place,
        root: Root<'_>,
        message: &Message,
    ) -> Result<(), Failure> {
        let version = version(message);
        if place.is_person() && self.is_said(place, root, &version).await? {
            return Ok(());
        }
        let content = blocks::news(message);
        let payload = [("version".to_owned(), version)].into();
        let metadata =
            SlackMessageMetadata { event_type: METADATA.to_owned(), event_payload: Some(payload) };
        let content = SlackMessageContent::new()
            .with_text(content.text)
            .with_blocks(content.blocks)
            .with_metadata(metadata);
        let mut request = SlackApiChatPostMessageRequest::new(root.channel.into(), content);
        request.thread_ts = Some(root.ts.into());
        request.unfurl_links = Some(false);
        request.unfurl_media = Some(false);
        request.link_names = Some(false);
        self.caller.write(&place.team, POST, &request).await.map(drop)
    }

    async fn is_said(&self, place: &Place, root: Root<'_>, version: &str) -> Result<bool, Failure> {
        let form = [
            ("channel", root.channel),
            ("ts", root.ts),
            ("include_all_metadata", "true"),
            ("limit", "100"),
        ];
        let replies = self.caller.read(&place.team, "conversations.replies", &form).await?;
        Ok(replies.list("/messages").iter().any(|said| version_of(said) == Some(version)))
    }
}

fn version(message: &Message) -> String {
    let version: i64 = message.cards.iter().map(|card| card.version).sum();
    format!("{}/{version}", message.delivery)
}

fn version_of(said: &Value) -> Option<&str> {
    let metadata = said.pointer("/metadata")?;
    let ours = metadata.pointer("/event_type").and_then(Value::as_str) == Some(METADATA);
    metadata.pointer("/event_payload/version").and_then(Value::as_str).filter(|_| ours)
}
