//! What happened in Discord: interactions are answered by calls of their own, servers and channels come and
//! go.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value as Json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep, timeout_at};

use crate::discord::api::Failure;
use crate::discord::choices;
use crate::discord::desk::{Answer, Desk, TYPING, unknown, went_wrong};
use crate::discord::line::{Who, text};
use crate::discord::place::{is_id, is_token};

/// What is not noted for a while is tried again so often.
const TRIES: u32 = 5;
const REST: Duration = Duration::from_secs(1);

/// Discord waits three seconds for an answer; one that did not arrive is brought again meanwhile.
const ANSWERED: Duration = Duration::from_millis(2_500);
const AGAIN: Duration = Duration::from_millis(200);

/// What becomes of servers and channels, in the order in which it was brought.
pub struct Queue(UnboundedSender<(String, Json)>);

impl Queue {
    /// Notes what is brought until nobody can bring anything any more.
    pub fn new(desk: &Arc<Desk>) -> Self {
        let (sender, receiver) = unbounded_channel();
        desk.tasks.spawn(note_all(Arc::clone(desk), receiver));
        Self(sender)
    }
}

async fn note_all(desk: Arc<Desk>, mut brought: UnboundedReceiver<(String, Json)>) {
    while let Some((name, event)) = brought.recv().await {
        for tried in 1.. {
            match note(&desk, &name, &event).await {
                Ok(()) => break,
                Err(error) if tried < TRIES => {
                    tracing::warn!("Discord's {name} is not noted yet: {error}");
                    sleep(REST).await;
                }
                Err(error) => {
                    tracing::error!("Discord's {name} was not noted: {error}");
                    break;
                }
            }
        }
    }
}

async fn note(desk: &Desk, name: &str, event: &Json) -> sqlx::Result<()> {
    let id = |path: &str| text(event, path).filter(|id| is_id(id));
    match (name, id("/id"), id("/guild_id")) {
        // A server that is unavailable has trouble of its own.
        ("GUILD_DELETE", Some(guild), _) => {
            let is_away = event.pointer("/unavailable").and_then(Json::as_bool) == Some(true);
            if is_away { Ok(()) } else { desk.left(guild).await }
        }
        ("GUILD_CREATE", Some(guild), _) => desk.came(guild, event).await,
        ("CHANNEL_DELETE", Some(channel), Some(guild)) => desk.closed(guild, channel).await,
        ("CHANNEL_UPDATE", Some(channel), Some(guild)) => desk.changed(guild, Some(channel)).await,
        ("GUILD_ROLE_UPDATE", _, Some(guild)) => desk.changed(guild, None).await,
        _ => Ok(()),
    }
}

/// Takes an event; what is to be done about it is done beside the connection.
pub fn take(desk: &Arc<Desk>, queue: &Queue, name: &str, event: Json) {
    let ours = Arc::clone(desk);
    match name {
        "INTERACTION_CREATE" => {
            desk.tasks.spawn(async move { answer(&ours, event).await });
        }
        "MESSAGE_CREATE" => {
            desk.tasks.spawn(async move { written(&ours, &event).await });
        }
        // Whoever takes it out ends with the process.
        name => drop(queue.0.send((name.to_owned(), event))),
    }
}

/// Somebody wrote to the bot alone. What bots write is none of ours, our own least of all.
async fn written(desk: &Desk, event: &Json) {
    let id = |path: &str| text(event, path).filter(|id| is_id(id));
    let by_bot = event.pointer("/author/bot").and_then(Json::as_bool) == Some(true);
    // An ordinary message, or a reply to one.
    let kind = event.pointer("/type").and_then(Json::as_u64).unwrap_or(0);
    if by_bot || event.pointer("/guild_id").is_some() || !matches!(kind, 0 | 19) {
        return;
    }
    let names = id("/id").zip(id("/channel_id"));
    if let Some((user, names)) = id("/author/id").zip(names) {
        let content = text(event, "/content").unwrap_or_default();
        desk.written(&Who::alone(user), names, content).await;
    }
}

/// Answers an interaction, within three seconds.
async fn answer(desk: &Arc<Desk>, payload: Json) {
    let by = Instant::now() + ANSWERED;
    let id = text(&payload, "/id").filter(|id| is_id(id)).map(str::to_owned);
    let token = text(&payload, "/token").filter(|token| is_token(token)).map(str::to_owned);
    let Some((id, token)) = id.zip(token) else {
        return tracing::warn!("Discord brought an interaction that cannot be answered");
    };
    let is_typing = payload.pointer("/type").and_then(Json::as_u64) == Some(TYPING);
    let mut answer = match desk.interaction(payload).await {
        Some(Answer::This(answer)) => answer,
        Some(Answer::Again(_)) => return,
        None => unknown(),
    };
    let mut is_plain = false;
    let path = format!("interactions/{id}/{token}/callback");
    loop {
        let called = timeout_at(by, desk.api.call(Method::POST, &path, &answer)).await;
        let failure = match called {
            // The second: another replica, or a try before, answered it.
            Ok(Ok(_) | Err(Failure::Refused { code: 40_060, .. })) => return,
            Ok(Err(failure)) => failure,
            Err(_) => return tracing::warn!("an answer was not taken in time"),
        };
        tracing::warn!("an answer was not taken: {failure}");
        if matches!(failure, Failure::Refused { code: 50_035, .. }) && !is_plain {
            answer = if is_typing { choices::answer(&[]) } else { went_wrong() };
            is_plain = true;
        } else if failure.may_pass() && Instant::now() + AGAIN < by {
            sleep(AGAIN).await;
        } else {
            return;
        }
    }
}
