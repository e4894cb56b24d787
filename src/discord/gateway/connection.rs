//! One connection: hello, a session, heartbeats, events, and an end of which nothing is lost.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use futures_util::{SinkExt, StreamExt};
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::{WebSocketConfig, frame::coding::CloseCode};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tokio_util::sync::CancellationToken;

use super::rules::{Then, address, after_close};
use super::{End, Gateway, Held};
use crate::db;
use crate::db::discord_gateway::Session;
use crate::discord::api::Failure;
use crate::discord::line::text;

/// Largest message: a server with all its channels.
const LARGEST: usize = 16 * 1024 * 1024;

/// What we want to hear of: servers and their channels, and what people write to the bot alone. None of it is
/// privileged.
pub const INTENTS: u64 = 1 | 1 << 12;

/// What messages are.
const EVENT: u64 = 0;
const HEARTBEAT: u64 = 1;
const IDENTIFY: u64 = 2;
const RESUME: u64 = 6;
const RECONNECT: u64 = 7;
const INVALID_SESSION: u64 = 9;
const HELLO: u64 = 10;
const ACK: u64 = 11;

/// Says that the session goes on: with 1000 Discord would end it.
const GOES_ON: u16 = 4_000;

/// Heartbeats are this far apart at the most.
const SELDOM: Duration = Duration::from_mins(1);

type Line = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection while it lives.
struct Talk<'a> {
    gateway: &'a Gateway,
    held: &'a Held,
    line: Line,
    /// Where it leads to.
    base: String,
    /// The session is there.
    ready: bool,
    /// The last heartbeat was answered.
    acknowledged: bool,
}

impl Gateway {
    /// One connection, from its address to its end.
    pub(super) async fn connection(
        &self,
        held: &Held,
        stop: &CancellationToken,
    ) -> anyhow::Result<End> {
        let session = held.session();
        if session.is_none() {
            self.may_identify(stop).await?;
        }
        if stop.is_cancelled() {
            return Ok(End::Stopped);
        }
        let (mut talk, beat) = timeout(self.patience.open, self.open(held, session.as_ref()))
            .await
            .map_err(|_| anyhow!("no connection in time"))??;
        match session {
            Some(session) => talk.resume(&session).await?,
            None if talk.may_begin().await? => talk.identify().await?,
            None => return Ok(End::Again),
        }
        talk.go_on(beat, stop).await
    }

    /// Connects, and hears how often heartbeats are wanted.
    async fn open<'a>(
        &'a self,
        held: &'a Held,
        session: Option<&Session>,
    ) -> anyhow::Result<(Talk<'a>, Duration)> {
        let (base, mut line) = self.line(session).await?;
        let hello = loop {
            match line.next().await.context("the connection ended at once")?? {
                Message::Text(said) => break serde_json::from_str::<Json>(&said)?,
                Message::Close(frame) => bail!("the connection was closed at once: {frame:?}"),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        };
        let said = hello.pointer("/op").and_then(Json::as_u64) == Some(HELLO);
        let wanted = hello.pointer("/d/heartbeat_interval").and_then(Json::as_u64);
        let Some(wanted) = wanted.filter(|_| said) else { bail!("the gateway did not say hello") };
        let beat = Duration::from_millis(wanted).clamp(self.patience.beat, SELDOM);
        Ok((Talk { gateway: self, held, line, base, ready: false, acknowledged: true }, beat))
    }

    /// A connection to where the session goes on; if there is none to be had, to where one begins.
    async fn line(&self, session: Option<&Session>) -> anyhow::Result<(String, Line)> {
        if let Some(session) = session {
            match timeout(self.patience.open / 3, self.dial(&session.url)).await {
                Ok(Ok(line)) => return Ok((session.url.clone(), line)),
                Ok(Err(error)) => tracing::warn!("Discord's gateway: {error:#}"),
                Err(_) => tracing::warn!("Discord's gateway: the session's address is silent"),
            }
        }
        let base = if let Some(url) = &self.url { url.to_string() } else { self.named().await? };
        let line = self.dial(&base).await?;
        Ok((base, line))
    }

    /// Where Discord says that connections are opened. A stand-in may say so to bots alone.
    async fn named(&self) -> anyhow::Result<String> {
        let api = &self.desk.api;
        let answer = match api.get("gateway").await {
            Err(Failure::Refused { status: 404, .. }) => api.get("gateway/bot").await?,
            answer => answer?,
        };
        Ok(text(&answer, "/url").context("Discord names no gateway")?.to_owned())
    }

    async fn dial(&self, base: &str) -> anyhow::Result<Line> {
        let url =
            address(base, self.trust).context("Discord names an address that is not its own")?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        Ok(connect_async_with_config(&url, Some(config), true).await?.0)
    }
}

impl Talk<'_> {
    async fn say(&mut self, said: &Json) -> anyhow::Result<()> {
        let sent = self.line.send(Message::text(said.to_string()));
        timeout(self.gateway.patience.open, sent).await.context("nobody reads")??;
        Ok(())
    }

    async fn resume(&mut self, session: &Session) -> anyhow::Result<()> {
        let token = self.gateway.token.expose_secret();
        let of = json!({ "token": token, "session_id": session.id, "seq": session.seq });
        self.say(&json!({ "op": RESUME, "d": of })).await
    }

    /// Notes that a session is begun, before it is.
    async fn may_begin(&self) -> anyhow::Result<bool> {
        let (pool, app) = (&self.gateway.desk.context.pool, self.gateway.desk.api.app_id.as_str());
        let now = self.gateway.now();
        Ok(db::discord_gateway::identify(pool, (app, self.held.lease), now).await?)
    }

    async fn identify(&mut self) -> anyhow::Result<()> {
        let about =
            json!({ "os": std::env::consts::OS, "browser": "earlybrd", "device": "earlybrd" });
        let token = self.gateway.token.expose_secret();
        let of = json!({ "token": token, "intents": INTENTS, "properties": about });
        self.say(&json!({ "op": IDENTIFY, "d": of })).await
    }

    async fn heartbeat(&mut self) -> anyhow::Result<()> {
        let seq = self.held.session().map(|session| session.seq);
        self.say(&json!({ "op": HEARTBEAT, "d": seq })).await
    }

    /// Ends the connection, not the session.
    async fn close(&mut self) {
        let code = CloseCode::from(GOES_ON);
        let closed = self.line.close(Some(CloseFrame { code, reason: "".into() }));
        timeout(self.gateway.patience.look, closed).await.ok();
    }

    /// Takes what comes, and says that we are there.
    async fn go_on(&mut self, beat: Duration, stop: &CancellationToken) -> anyhow::Result<End> {
        let patience = self.gateway.patience;
        let ready_by = Instant::now() + patience.open;
        let mut heard = Instant::now();
        // All bots of the world do not begin at once.
        let mut next = heard + beat.mul_f64(fastrand::f64());
        loop {
            tokio::select! {
                () = stop.cancelled() => {
                    self.close().await;
                    return Ok(End::Stopped);
                }
                () = sleep_until(next) => {
                    if !self.acknowledged {
                        self.close().await;
                        bail!("a heartbeat was not answered");
                    }
                    self.acknowledged = false;
                    self.heartbeat().await?;
                    next = Instant::now() + beat;
                }
                () = sleep_until(heard + patience.silence) => {
                    self.close().await;
                    bail!("the gateway fell silent");
                }
                () = sleep_until(ready_by), if !self.ready => {
                    self.close().await;
                    bail!("no session in time");
                }
                came = self.line.next() => {
                    let message = came.context("the connection ended")??;
                    heard = Instant::now();
                    if let Some(end) = self.take(message).await? {
                        return Ok(end);
                    }
                }
            }
        }
    }

    async fn take(&mut self, message: Message) -> anyhow::Result<Option<End>> {
        let said = match message {
            Message::Text(said) => said,
            Message::Close(frame) => return Ok(Some(self.closed(frame.as_ref()))),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                return Ok(None);
            }
        };
        let Ok(mut said) = serde_json::from_str::<Json>(&said) else {
            tracing::warn!("Discord's gateway: a message is no JSON");
            return Ok(None);
        };
        let of = said.pointer_mut("/d").map(Json::take).unwrap_or_default();
        match said.pointer("/op").and_then(Json::as_u64) {
            Some(EVENT) => self.happened(&said, of).await?,
            Some(HEARTBEAT) => self.heartbeat().await?,
            Some(RECONNECT) => {
                tracing::info!("Discord's gateway wants a new connection");
                self.close().await;
                return Ok(Some(End::Again));
            }
            Some(INVALID_SESSION) => {
                if of.as_bool() != Some(true) {
                    self.held.set(None);
                }
                self.close().await;
                return Ok(Some(End::Again));
            }
            Some(ACK) => self.acknowledged = true,
            _ => {}
        }
        Ok(None)
    }

    fn closed(&self, frame: Option<&CloseFrame>) -> End {
        let code = frame.map(|frame| u16::from(frame.code));
        match after_close(code) {
            Then::Stop(why) => return End::Never(why),
            Then::Identify => self.held.set(None),
            Then::Resume => {}
        }
        tracing::info!("Discord's gateway closed the connection ({code:?})");
        End::Again
    }

    async fn happened(&mut self, said: &Json, of: Json) -> anyhow::Result<()> {
        let seq = said.pointer("/s").and_then(Json::as_i64);
        match text(said, "/t") {
            Some("READY") => {
                let (id, url) = (text(&of, "/session_id"), text(&of, "/resume_gateway_url"));
                let trust = self.gateway.trust;
                let is_good = |url: &&str| url.len() <= 500 && address(url, trust).is_some();
                let url = url.filter(is_good).unwrap_or(&self.base).to_owned();
                let id = id.filter(|id| id.len() <= 200).map(str::to_owned);
                self.held.set(id.map(|id| Session { id, seq: seq.unwrap_or(0), url }));
                // A process that ends now is to be followed by one that goes on.
                self.gateway.keep(self.held, true).await?;
                self.gateway.note_end(None).await;
                tracing::info!("Discord's gateway: a new session");
                self.ready = true;
            }
            Some("RESUMED") => {
                self.gateway.note_end(None).await;
                tracing::info!("Discord's gateway: the session goes on");
                self.ready = true;
            }
            Some(name) => {
                super::events::take(&self.gateway.desk, &self.gateway.queue, name, of);
            }
            None => {}
        }
        let session = self.held.session().zip(seq);
        if let Some((session, seq)) = session.filter(|(session, seq)| *seq > session.seq) {
            self.held.set(Some(Session { seq, ..session }));
        }
        Ok(())
    }
}
