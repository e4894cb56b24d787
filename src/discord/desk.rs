//! What Discord brings, and the answers: commands, buttons, forms, what is typed.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde::Serialize;
use serde_json::{Value as Json, json};
use serenity::builder::{CreateAllowedMentions, CreateInteractionResponseMessage, CreateMessage};
use serenity::model::channel::Nonce;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use super::api::Api;
use super::choices;
use super::content::{self, Content};
use super::line::{self, Who, text};
use super::people::failed;
use super::place::{Place, is_token};
use super::press::{self, Value};
use crate::commands::{Context, meant};
use crate::db;
use crate::domain::reply::Reply;
use crate::render::replies;

/// Discord waits three seconds. What takes longer than this is answered later.
const AT_ONCE: Duration = Duration::from_millis(1_500);

/// An answer that is not taken is brought again after these: its promise may still be on its way to Discord.
const TAKEN_AFTER: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(4)];

/// Nobody waits for an answer for longer.
const TOO_LATE: Duration = Duration::from_secs(15);

/// Only whoever typed or pressed sees it.
const EPHEMERAL: u64 = 1 << 6;

/// The kind of interaction in which somebody still types.
pub const TYPING: u64 = 4;

/// Kinds of answers.
const PONG: u64 = 1;
const MESSAGE: u64 = 4;
const LATER: u64 = 5;
const LATER_IN_PLACE: u64 = 6;
const IN_PLACE: u64 = 7;
const FORM: u64 = 9;

/// Longest line of a form.
const LINE: usize = 2_900;

/// What answers share.
pub struct Desk {
    pub context: Context,
    pub api: Api,
    /// Work that goes on after Discord was answered.
    pub tasks: TaskTracker,
}

/// What somebody wants done.
#[derive(Debug, Clone)]
enum Wanted {
    Line(String),
    Press(Value),
}

/// Whether the answer takes the place of the message whose button was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instead {
    OfIt,
    OfNothing,
}

/// What Discord is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    This(Json),
    /// Where there must be an answer: what was brought before is answered by whoever it was brought to.
    Again(Json),
}

impl Desk {
    /// Answers an interaction; `None` if it is none that we know.
    pub async fn interaction(self: &Arc<Self>, payload: Json) -> Option<Answer> {
        let data = payload.pointer("/data").cloned().unwrap_or_default();
        let who = Who::read(&payload);
        match (payload.pointer("/type").and_then(Json::as_u64)?, who) {
            (PONG, _) => Some(Answer::This(json!({ "type": PONG }))),
            (2, Some(who)) => {
                let wanted = line::of(&data).map_or(Wanted::Line("help".to_owned()), Wanted::Line);
                self.work(&payload, who, wanted, Instead::OfNothing).await
            }
            (3, Some(who)) => self.pressed(&payload, who).await,
            // Nothing but choices may answer it.
            (TYPING, who) => Some(Answer::This(match who.zip(line::typing(&data)) {
                Some((who, (choices, typed))) => self.choose(&who, choices, &typed).await,
                None => choices::answer(&[]),
            })),
            (5, Some(who)) => {
                let line = text(&data, "/components/0/components/0/value")
                    .or_else(|| text(&data, "/components/0/component/value"));
                let line = in_one(line.unwrap_or_default());
                self.work(&payload, who, Wanted::Line(line), Instead::OfNothing).await
            }
            _ => None,
        }
    }

    /// Answers what somebody wrote to the bot alone; a line that names no command is a filter.
    pub async fn written(&self, who: &Who, (id, channel): (&str, &str), content: &str) {
        let (pool, now) = (&self.context.pool, self.context.clock.now());
        match db::discord::hear(pool, &format!("message:{id:.60}"), now).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return tracing::error!("Discord: {error}"),
        }
        let address = Place::Person(who.user.clone()).to_string();
        if let Err(error) = db::discord::keep_conversation(pool, &address, Some(channel)).await {
            tracing::warn!("a conversation in Discord was not remembered: {error}");
        }
        let reply = self.say(who, &meant(&in_one(content))).await;
        let Content { embeds, rows } = content::reply(&reply);
        let message = CreateMessage::new()
            .embeds(embeds)
            .components(rows)
            .allowed_mentions(CreateAllowedMentions::new())
            .nonce(Nonce::String(id.to_owned()))
            .enforce_nonce(true);
        let path = format!("channels/{channel}/messages");
        self.bring(Method::POST, &path, &message).await;
    }

    async fn pressed(self: &Arc<Self>, payload: &Json, who: Who) -> Option<Answer> {
        let name = payload.pointer("/data").and_then(press::pressed).unwrap_or_default();
        let message = payload.pointer("/message").cloned().unwrap_or_default();
        let only_theirs = message.pointer("/flags").and_then(Json::as_u64);
        let only_theirs = only_theirs.is_some_and(|flags| flags & EPHEMERAL != 0);
        let instead = if only_theirs { Instead::OfIt } else { Instead::OfNothing };
        match press::read(name, &message) {
            Some(Value::Fill(line)) => Some(Answer::This(form(&line))),
            Some(value) => self.work(payload, who, Wanted::Press(value), instead).await,
            None => Some(Answer::This(answer(MESSAGE, &replies::unknown_button()))),
        }
    }

    /// Does what is wanted, once, and answers in time: if it takes longer, with a promise that is kept.
    async fn work(
        self: &Arc<Self>,
        payload: &Json,
        who: Who,
        wanted: Wanted,
        instead: Instead,
    ) -> Option<Answer> {
        let id = text(payload, "/id").unwrap_or_default().to_owned();
        let token = text(payload, "/token").unwrap_or_default().to_owned();
        let (sender, mut answered) = oneshot::channel::<Option<Reply>>();
        let desk = Arc::clone(self);
        self.tasks.spawn(async move {
            let reply = desk.done(&id, &who, wanted).await;
            if let Err(Some(late)) = sender.send(reply) {
                desk.follow_up(&token, &late).await;
            }
        });
        let (now, later) = match instead {
            Instead::OfIt => (IN_PLACE, LATER_IN_PLACE),
            Instead::OfNothing => (MESSAGE, LATER),
        };
        let promise = json!({ "type": later, "data": { "flags": EPHEMERAL } });
        let reply = if let Ok(reply) = timeout(AT_ONCE, &mut answered).await {
            reply.ok()
        } else {
            answered.close();
            answered.try_recv().ok()
        };
        Some(match reply {
            Some(Some(reply)) => Answer::This(answer(now, &reply)),
            Some(None) => Answer::Again(promise),
            None => Answer::This(promise),
        })
    }

    /// `None` for what was brought before.
    async fn done(&self, id: &str, who: &Who, wanted: Wanted) -> Option<Reply> {
        let now = self.context.clock.now();
        match db::discord::hear(&self.context.pool, &format!("interaction:{id:.60}"), now).await {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(failed(&error)),
        }
        Some(match wanted {
            Wanted::Line(line) | Wanted::Press(Value::Say(line) | Value::Fill(line)) => {
                self.say(who, &line).await
            }
            Wanted::Press(Value::Act(action)) => self.press(who, action).await,
        })
    }

    /// Puts an answer where its promise stands.
    async fn follow_up(&self, token: &str, reply: &Reply) {
        if !is_token(token) {
            return tracing::warn!("an answer came too late, and Discord gave no token for it");
        }
        let path = format!("webhooks/{}/{token}/messages/@original", self.api.app_id);
        self.bring(Method::PATCH, &path, &message(content::reply(reply), false)).await;
    }

    /// Brings an answer, again where that may help. What bears a number is shown once all the same.
    async fn bring(&self, method: Method, path: &str, body: &(impl Serialize + Sync)) {
        for rest in TAKEN_AFTER.into_iter().map(Some).chain([None]) {
            let Err(failure) = self.api.call(method.clone(), path, body).await else { return };
            let rest = rest.filter(|_| failure.may_pass()).map(|rest| rest.max(failure.rest()));
            match rest.filter(|rest| *rest < TOO_LATE) {
                Some(rest) => sleep(rest).await,
                None => return tracing::warn!("an answer was not taken: {failure}"),
            }
        }
    }
}

/// The answer to an interaction.
pub fn answer(kind: u64, reply: &Reply) -> Json {
    json!({ "type": kind, "data": message(content::reply(reply), true) })
}

/// The answer to what we cannot read.
pub fn unknown() -> Json {
    tracing::warn!("Discord brought an interaction that is not known");
    went_wrong()
}

/// The answer that Discord takes where it took no other.
pub fn went_wrong() -> Json {
    answer(MESSAGE, &replies::something_went_wrong())
}

/// Text as one line.
fn in_one(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn message(Content { embeds, rows }: Content, ephemeral: bool) -> CreateInteractionResponseMessage {
    let message = CreateInteractionResponseMessage::new()
        .embeds(embeds)
        .components(rows)
        .allowed_mentions(CreateAllowedMentions::new());
    if ephemeral { message.ephemeral(true) } else { message }
}

/// A form with one line, as it would be typed behind `/jobs`.
fn form(line: &str) -> Json {
    let line: String = line.chars().take(LINE).collect();
    let input = json!({
        "type": 4, "custom_id": "line", "style": 2, "required": true, "max_length": 3_000,
        "label": "As you would type it behind /jobs", "value": line,
    });
    let rows = json!([{ "type": 1, "components": [input] }]);
    json!({ "type": FORM, "data": { "custom_id": "line", "title": "earlybrd", "components": rows } })
}
