//! Socket Mode: Slack's requests over a connection that we open, so that nobody needs to reach us.
//!
//! The connection of slack-morphism comes back at once, for ever, when it drops; this one waits longer each
//! time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendError;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::body::typed;
use super::desk::Desk;
use super::interact::Interaction;
use crate::schedule::reconnect::rest;

/// A connection that held so long was a good one.
const GOOD: Duration = Duration::from_secs(30);

/// How long a connection may take to open.
const OPEN: Duration = Duration::from_secs(10);

/// Slack pings every few seconds; when nothing comes for so long, it is asked, and then given up.
pub const SILENCE: Duration = Duration::from_secs(30);

/// What gives the address of a connection.
pub const OPEN_METHOD: &str = "apps.connections.open";

/// Largest message.
const LARGEST: usize = 1024 * 1024;

/// What keeps the connection.
pub struct Socket {
    pub desk: Arc<Desk>,
    pub app_token: SecretString,
    /// After which a connection is asked whether it is there.
    pub silence: Duration,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Slack wants a new one, or this one broke.
    Again,
    /// We stop.
    Stopped,
}

impl Socket {
    /// Keeps a connection until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            let began = Instant::now();
            match self.connection(&stop).await {
                Ok(End::Stopped) => return,
                Ok(End::Again) => {}
                Err(error) => tracing::warn!("Socket Mode: {error:#}"),
            }
            failures = if began.elapsed() > GOOD { 0 } else { failures + 1 };
            let rest = rest(failures, fastrand::f64());
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(rest) => {}
            }
        }
    }

    /// One connection, from its address to its end.
    async fn connection(&self, stop: &CancellationToken) -> anyhow::Result<End> {
        // Whose token it is, and so whose targets work again, is asked before anything is brought.
        if let Err(failure) = self.desk.caller.workspaces.prove().await {
            tracing::warn!("Socket Mode: nothing can be sent: {failure}");
        }
        let opened = self.desk.caller.api.ask(OPEN_METHOD, Some(&self.app_token), &[]).await?;
        let url = opened.text("/url").ok_or_else(|| anyhow::anyhow!("Slack gave no address"))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        let connected = connect_async_with_config(url, Some(config), true);
        // The address holds a ticket: it stands in no log.
        let connected = timeout(OPEN, connected).await;
        let Ok(Ok((socket, _))) = connected else { anyhow::bail!("no connection to Slack") };
        tracing::info!("Socket Mode: connected");
        let (mut write, mut read) = socket.split();
        let (answers, mut ready) = mpsc::channel::<Json>(64);
        let mut asked = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => {
                    timeout(OPEN, write.send(Message::Close(None))).await.ok();
                    return Ok(End::Stopped);
                }
                Some(answer) = ready.recv() => {
                    write.send(Message::text(answer.to_string())).await?;
                }
                came = timeout(self.silence, read.next()) => match came {
                    Ok(Some(Ok(message))) => {
                        asked = false;
                        if self.took(message, &answers) == Some(End::Again) {
                            return Ok(End::Again);
                        }
                    }
                    Ok(Some(Err(error))) => return Err(error.into()),
                    Ok(None) => return Ok(End::Again),
                    Err(_) if asked => anyhow::bail!("Slack fell silent"),
                    Err(_) => {
                        asked = true;
                        write.send(Message::Ping(Vec::new().into())).await?;
                    }
                },
            }
        }
    }

    /// Takes a message; its answer goes to `answers` when it is there.
    fn took(&self, message: Message, answers: &mpsc::Sender<Json>) -> Option<End> {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Some(End::Again),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                return None;
            }
        };
        let Ok(envelope) = serde_json::from_str::<Json>(&text) else {
            tracing::warn!("Socket Mode: a message is no JSON");
            return None;
        };
        let of =
            |name: &str| envelope.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        if of("type") == "disconnect" {
            tracing::info!("Socket Mode: Slack wants a new connection ({})", of("reason"));
            return Some(End::Again);
        }
        let (kind, id) = (of("type"), of("envelope_id"));
        if id.is_empty() {
            return None;
        }
        let (desk, answers) = (Arc::clone(&self.desk), answers.clone());
        let payload = envelope.get("payload").cloned().unwrap_or_default();
        self.desk.tasks.spawn(async move {
            let url = payload.get("response_url").and_then(Json::as_str);
            let url = url.and_then(|url| Url::parse(url).ok());
            let Some(answer) = answered(&desk, &kind, id, payload).await else { return };
            // The connection may be gone. Slack brings it again on the next, where it is known; what was to
            // be answered goes elsewhere.
            if let Err(SendError(answer)) = answers.send(answer).await
                && let Some(body) = answer.get("payload")
            {
                desk.respond(url.as_ref(), body).await;
            }
        });
        None
    }
}

/// What an envelope is answered; `None` when Slack is to bring it again.
async fn answered(desk: &Arc<Desk>, kind: &str, id: String, payload: Json) -> Option<Json> {
    let answer = match kind {
        "slash_commands" => match typed(|name| payload.get(name).and_then(Json::as_str)) {
            Some(typed) => desk.typed(typed).await,
            None => None,
        },
        "interactive" => match Interaction::read(payload) {
            Some(interaction) => desk.did(interaction).await,
            None => None,
        },
        "events_api" => match desk.happened(payload).await {
            Ok(()) => None,
            Err(error) => {
                tracing::error!("Slack: {error}");
                return None;
            }
        },
        _ => None,
    };
    Some(match answer {
        Some(payload) => json!({ "envelope_id": id, "payload": payload }),
        None => json!({ "envelope_id": id }),
    })
}
