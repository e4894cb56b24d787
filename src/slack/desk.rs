//! What Slack brings, whichever way it came, and the answers: commands, buttons, forms, events.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use url::Url;

use super::blocks::{self, Content};
use super::caller::Caller;
use super::people::Who;
use crate::commands::Context;
use crate::db;
use crate::domain::reply::Reply;
use crate::render::replies;

/// Slack waits three seconds, and people do not see the difference: what takes longer than this is
/// answered later, at the address that came with it.
const AT_ONCE: Duration = Duration::from_millis(200);

/// And what has no such address, or one where it may not be seen, after this.
const AT_LAST: Duration = Duration::from_millis(2_500);

/// Commands and buttons whose rows are read and written at a time. Fewer than the pages' connections: what
/// else Slack brings finds one, and none waits for one in vain. Nobody holds such a turn while Slack, or
/// anybody else, is asked.
const AT_A_TIME: usize = 4;

/// What answers share.
pub struct Desk {
    pub context: Context,
    pub caller: Caller,
    /// Work that goes on after Slack was answered.
    pub tasks: TaskTracker,
    turns: Semaphore,
}

/// A line that somebody typed behind `/jobs`.
#[derive(Debug, Clone)]
pub struct Typed {
    pub who: Who,
    pub text: String,
    pub response_url: Option<Url>,
    pub trigger: Option<String>,
}

impl Typed {
    /// As it was meant.
    pub fn line(&self) -> String {
        typed_text(&self.text)
    }

    /// What is the same when Slack brings it again, and no other time. A trigger alone may come twice.
    fn name(&self) -> Option<String> {
        let Who { team, user, channel } = &self.who;
        let trigger = self.trigger.as_deref().filter(|trigger| !trigger.is_empty())?;
        let url = self.response_url.as_ref().map(Url::as_str);
        Some(digest(&json!([trigger, team, user, channel, self.text, url])))
    }
}

/// A name for what Slack brings.
pub fn digest(brought: &Json) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(brought.to_string().as_bytes()))
}

/// An answer that only one person sees.
#[derive(Debug, Serialize)]
pub struct Ephemeral {
    response_type: &'static str,
    replace_original: bool,
    text: String,
    blocks: Vec<slack_morphism::prelude::SlackBlock>,
}

impl Ephemeral {
    pub fn of(reply: &Reply) -> Self {
        let Content { blocks, text } = blocks::reply(reply);
        Self { response_type: "ephemeral", replace_original: false, text, blocks }
    }

    /// In place of the message whose button was pressed.
    pub fn instead(self, replace_original: Instead) -> Self {
        Self { replace_original: replace_original == Instead::OfIt, ..self }
    }

    pub fn json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_else(|error| {
            tracing::error!("an answer could not be written: {error}");
            json!({ "response_type": "ephemeral", "text": "Something went wrong here." })
        })
    }
}

/// Whether an answer takes the place of the message whose button was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    OfIt,
    OfNothing,
}

impl Desk {
    pub fn new(context: Context, caller: Caller, tasks: TaskTracker) -> Arc<Self> {
        Arc::new(Self { context, caller, tasks, turns: Semaphore::new(AT_A_TIME) })
    }

    /// Answers a line. `None`: Slack brought it before, or the answer comes later.
    pub async fn typed(self: &Arc<Self>, typed: Typed) -> Option<Json> {
        let (desk, url) = (Arc::clone(self), typed.response_url.clone());
        let work = async move {
            match desk.is_first("command", typed.name().as_deref()).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(away(&error)),
            }
            let text = typed.line();
            let reply = desk.say(&typed.who, &text).await;
            if text.is_empty() {
                let (desk, who) = (Arc::clone(&desk), typed.who.clone());
                desk.tasks.clone().spawn(async move { desk.open_home(&who).await });
            }
            Some(Ephemeral::of(&reply).json())
        };
        self.in_time(url, work).await
    }

    /// Waits until there is room for one more.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// Whether something is brought for the first time. What has no name always is.
    pub async fn is_first(&self, kind: &str, name: Option<&str>) -> sqlx::Result<bool> {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(true) };
        let name: String = format!("{kind}:{name}").chars().take(200).collect();
        let _turn = self.turn().await;
        db::slack::hear(&self.context.pool, &name, self.context.clock.now()).await
    }

    /// Gives an answer if it is there in time; otherwise it goes to `url` when it is.
    async fn in_time(
        self: &Arc<Self>,
        url: Option<Url>,
        work: impl Future<Output = Option<Json>> + Send + 'static,
    ) -> Option<Json> {
        let later = url.as_ref().is_some_and(|url| self.caller.api.is_seen_at(url));
        let (answer, mut answered) = oneshot::channel();
        let desk = Arc::clone(self);
        self.tasks.spawn(async move {
            if let Err(Some(late)) = answer.send(work.await) {
                desk.respond(url.as_ref(), &late).await;
            }
        });
        let patience = if later { AT_ONCE } else { AT_LAST };
        if let Ok(answer) = timeout(patience, &mut answered).await {
            return answer.ok().flatten();
        }
        answered.close();
        answered.try_recv().ok().flatten()
    }

    /// Answers at an address that Slack gave.
    pub async fn respond(&self, url: Option<&Url>, body: &(impl Serialize + Sync)) {
        let Some(url) = url else {
            tracing::warn!("an answer came too late, and Slack gave no address for it");
            return;
        };
        if let Err(error) = self.caller.api.respond(url, body).await {
            tracing::warn!("an answer was not taken: {error}");
        }
    }
}

/// The line as it was typed: Slack writes some characters as HTML does, and links in its own way; phones
/// turn quotes.
pub fn typed_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        // `<https://example.com|example.com>`, `<#C1|jobs>`, `<@U1>`; any other is just a sign.
        let inside = after.split_once('>').filter(|(inside, _)| is_link(inside));
        let Some((inside, behind)) = inside else {
            out.push('<');
            rest = after;
            continue;
        };
        let (target, label) = inside.split_once('|').unwrap_or((inside, inside));
        out.push_str(if target.starts_with(['@', '#', '!']) { label } else { target });
        rest = behind;
    }
    out.push_str(rest);
    let out = out.replace(['\u{201c}', '\u{201d}', '\u{201e}'], "\"");
    // What we put there ourselves, copied.
    let out = out.replace('\u{200b}', "");
    let out = out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let out: String = out.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    out.trim().to_owned()
}

fn is_link(inside: &str) -> bool {
    inside.starts_with(['@', '#', '!'])
        || ["http://", "https://", "mailto:", "tel:"].iter().any(|begin| inside.starts_with(begin))
}

/// The database is away. Slack brings commands once only, so the person is told.
pub fn away(error: &sqlx::Error) -> Json {
    tracing::error!("Slack: {error}");
    Ephemeral::of(&replies::something_went_wrong()).json()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_typed() {
        assert_eq!(typed_text("watch rust pay&gt;=80k &amp;amp;"), "watch rust pay>=80k &amp;");
        assert_eq!(
            typed_text("boards add <https://a.example/feed?x&amp;y|a.example>"),
            "boards add https://a.example/feed?x&y"
        );
        assert_eq!(
            typed_text("watch \u{201c}site reliability\u{201d}\n"),
            "watch \"site reliability\""
        );
        assert_eq!(typed_text("posted<3d pay>=80k"), "posted<3d pay>=80k");
        assert_eq!(typed_text("a < b <@U1> <"), "a < b @U1 <");
    }
}
