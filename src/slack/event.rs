//! What an event says, as Slack's envelope brings it.

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use super::desk::typed_text;
use super::people::Who;
use super::place::is_id;

/// An event in its envelope.
pub struct Event<'a> {
    pub(super) envelope: &'a Json,
    pub(super) team: &'a str,
    pub(super) at: DateTime<Utc>,
}

impl<'a> Event<'a> {
    pub fn read(envelope: &'a Json, now: DateTime<Utc>) -> Option<Self> {
        let team = text(envelope, "/team_id").filter(|team| is_id(team))?;
        let at = envelope.pointer("/event_time").and_then(Json::as_i64);
        let at = at.and_then(|at| DateTime::from_timestamp(at, 0)).unwrap_or(now);
        Some(Self { envelope, team, at })
    }

    pub(super) fn text(&self, path: &str) -> Option<&'a str> {
        text(self.envelope.pointer("/event")?, path)
    }

    pub fn who(&self) -> Option<Who> {
        Who::new(self.team, self.text("/user")?, self.text("/channel"))
    }

    /// What was said, without the bot's own name.
    pub fn line(&self, bot: Option<&str>) -> String {
        typed_text(&without_mention(self.text("/text").unwrap_or_default(), bot))
    }

    /// Not an edit, a note of Slack's, or what a bot says, ours included.
    pub(super) fn is_by_person(&self) -> bool {
        self.text("/subtype").is_none() && self.text("/bot_id").is_none()
    }

    /// Whether only one person reads it, and the bot.
    pub(super) fn is_direct(&self) -> bool {
        match self.text("/channel_type") {
            Some("im") => true,
            Some("app_home") | None => self.text("/channel").is_some_and(|id| id.starts_with('D')),
            Some(_) => false,
        }
    }

    /// Whom the envelope says that it is for.
    pub(super) fn authorized(&self) -> Option<&'a str> {
        ["/authorizations/0/user_id", "/authed_users/0"]
            .into_iter()
            .find_map(|path| text(self.envelope, path))
    }
}

pub(super) fn text<'a>(json: &'a Json, path: &str) -> Option<&'a str> {
    json.pointer(path).and_then(Json::as_str)
}

/// What was said to the bot, without its own name; where that is not known, without the first.
fn without_mention(text: &str, bot: Option<&str>) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut first) = (text, true);
    while let Some((before, after)) = rest.split_once("<@") {
        let Some((user, behind)) = after.split_once('>') else { break };
        let id = user.split('|').next().unwrap_or(user);
        out.push_str(before);
        if !bot.map_or(first, |bot| bot == id) {
            out.extend(["<@", user, ">"]);
        }
        (rest, first) = (behind, false);
    }
    out.push_str(rest);
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bots_own_name_is_no_part_of_a_line() {
        let bot = Some("U0");
        assert_eq!(without_mention("<@U0> list", bot), "list");
        assert_eq!(without_mention("remote rust <@U0|earlybrd>", bot), "remote rust");
        assert_eq!(without_mention("ask <@U1> <@U0>", bot), "ask <@U1>");
        assert_eq!(without_mention("<@U0> list <@U1>", None), "list <@U1>");
        assert_eq!(without_mention("a <@", bot), "a <@");
        assert_eq!(without_mention("a <b", bot), "a <b");
    }
}
