//! A Discord: channels and messages, commands, answers to interactions; strict about what it takes.

mod look;
mod rules;
mod shapes;
mod slow;

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use chrono::{DateTime, Utc};
use earlybrd::clock::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

pub use look::{button, choice, shown};
use rules::{KNOWN, Rules, snowflake};
pub use shapes::{body as fits, callback as is_answer};
pub use slow::Slow;
use slow::slowly;

use crate::world::TestClock;

/// The bot's token.
pub const TOKEN: &str = "bot-token-1";

/// A call that was made.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    /// Behind `/api/v10/`, with what is asked for.
    pub path: String,
    pub body: Value,
}

/// A message as Discord shows it.
#[derive(Debug, Clone)]
pub struct Posted {
    pub channel: String,
    pub id: String,
    pub body: Value,
    pub at: DateTime<Utc>,
}

/// What happens instead of an ordinary answer.
#[derive(Debug, Clone)]
pub enum Trick {
    /// This status and code; nothing is done.
    Refuse(u16, i64),
    /// This status, these headers, this body; nothing is done.
    Answer(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// It is done, and this is answered.
    DoneBut(u16, &'static str),
    /// It is done, and the answer comes so slowly that nobody waits for it.
    Slow(Slow),
    /// Nothing is done, and nothing answered.
    Hang,
}

struct Inner {
    clock: Arc<TestClock>,
    rules: Rules,
    /// The app as Discord has it.
    app: Value,
    away: Option<u16>,
    calls: Vec<Call>,
    posted: Vec<Posted>,
    /// What took the place of a promise.
    answers: Vec<Value>,
    commands: Value,
    /// Where connections are to be opened.
    gateway: String,
    /// Interactions that came over the gateway, when, and what answered them.
    issued: BTreeMap<String, (Instant, Option<Value>)>,
    /// By a part of the path.
    tricks: VecDeque<(&'static str, Trick)>,
    /// Problems with what was sent, which no test should see.
    complaints: Vec<String>,
}

/// The stand-in.
#[derive(Clone)]
pub struct FakeDiscord {
    inner: Arc<Mutex<Inner>>,
    pub url: Url,
}

impl FakeDiscord {
    pub async fn start(clock: &Arc<TestClock>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let url = Url::parse(&format!("http://{address}/api/v10/")).expect("an address");
        let (rules, calls, posted, answers, gateway, issued, tricks, complaints) =
            Default::default();
        let (clock, commands, app) = (Arc::clone(clock), json!([]), json!({ "id": "12" }));
        let inner = Inner {
            clock,
            rules,
            app,
            away: None,
            calls,
            posted,
            answers,
            commands,
            gateway,
            issued,
            tricks,
            complaints,
        };
        let discord = Self { inner: Arc::new(Mutex::new(inner)), url };
        let router = Router::new().fallback(called).with_state(discord.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        discord
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plays this at the next call whose path ends so.
    pub fn play(&self, path: &'static str, trick: Trick) {
        self.inner().tricks.push_back((path, trick));
    }

    /// Refuses all messages into a channel, or all that open a conversation with `@` and somebody; `*`
    /// stands for all of them. Without a code they are taken again.
    pub fn refuse(&self, place: &str, code: impl Into<Option<i64>>) {
        self.inner().rules.refuse(place, code.into());
    }

    /// Every call is answered with this status, and nothing is done.
    pub fn away(&self, status: Option<u16>) {
        self.inner().away = status;
    }

    /// Discord knows these commands alone; of one server's it keeps less.
    pub fn knows_commands(&self, commands: Value) {
        self.inner().commands = commands;
    }

    /// Discord says this of the app.
    pub fn app_is(&self, app: Value) {
        self.inner().app = app;
    }

    pub fn calls(&self, path: &str) -> Vec<Call> {
        self.inner().calls.iter().filter(|call| call.path.contains(path)).cloned().collect()
    }

    /// How often it was called.
    pub fn called(&self) -> usize {
        self.inner().calls.len()
    }

    pub fn posted(&self) -> Vec<Posted> {
        let inner = self.inner();
        assert!(inner.complaints.is_empty(), "{:#?}", inner.complaints);
        inner.posted.clone()
    }

    /// Connections are to be opened there.
    pub fn gateway_at(&self, url: &Url) {
        self.inner().gateway = url.to_string();
    }

    /// An interaction is brought, over the gateway or not.
    pub fn issue(&self, payload: &Value) {
        let mut inner = self.inner();
        let now = inner.clock.now();
        if let Some(token) = payload["token"].as_str() {
            inner.rules.give(token, now);
        }
        if let Some(id) = payload["id"].as_str() {
            inner.issued.insert(id.to_owned(), (Instant::now(), None));
        }
    }

    /// What answered it.
    pub fn answered(&self, payload: &Value) -> Option<Value> {
        let inner = self.inner();
        assert!(inner.complaints.is_empty(), "{:#?}", inner.complaints);
        inner.issued.get(payload["id"].as_str()?)?.1.clone()
    }

    pub fn answers(&self) -> Vec<Value> {
        let inner = self.inner();
        assert!(inner.complaints.is_empty(), "{:#?}", inner.complaints);
        inner.answers.clone()
    }
}

async fn called(State(discord): State<FakeDiscord>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let path = path.trim_start_matches("/api/v10/").to_owned();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let call = Call { method: head.method.to_string(), path, body };
    let trick = {
        let mut inner = discord.inner();
        inner.calls.push(call.clone());
        let at = inner.tricks.iter().position(|(end, _)| call.path.ends_with(end));
        let away = inner.away.map(|status| Trick::Answer(status, Vec::new(), "<html>"));
        at.and_then(|at| inner.tricks.remove(at)).map(|it| it.1).or(away)
    };
    let done = || discord.serve(&call, &head.headers);
    match trick {
        None => {
            let (status, body) = done();
            answer(status, &[], &body.to_string())
        }
        Some(Trick::Refuse(status, code)) => {
            let body = json!({ "code": code, "message": "refused" });
            answer(status, &[], &body.to_string())
        }
        Some(Trick::Answer(status, headers, body)) => answer(status, &headers, body),
        Some(Trick::DoneBut(status, body)) => {
            done();
            answer(status, &[], body)
        }
        Some(Trick::Slow(slow)) => slowly(slow, done().1.to_string()).await,
        Some(Trick::Hang) => pending().await,
    }
}

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Response<Body> {
    let mut response =
        Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).expect("an answer")
}

fn refuse(status: u16, code: i64) -> (u16, Value) {
    (status, json!({ "code": code, "message": "refused" }))
}

/// Whether Discord's description knows a body.
fn known(call: &Call, path: &[&str]) -> Result<(), String> {
    let name = match (call.method.as_str(), path) {
        ("POST", ["users", "@me", "channels"]) => {
            return shapes::body("CreatePrivateChannelRequest", &call.body);
        }
        ("POST", ["channels", _, "messages"]) => "MessageCreateRequest",
        ("PATCH", ["channels", _, "messages", _]) => "MessageEditRequestPartial",
        ("PATCH", ["webhooks", ..]) => "IncomingWebhookUpdateRequestPartial",
        ("POST", ["interactions", ..]) => return shapes::callback(&call.body),
        ("PUT", ["applications", .., "commands"]) => {
            let commands = call.body.as_array().ok_or("no list")?;
            let fits = |command| shapes::body("ApplicationCommandUpdateRequest", command);
            return commands.iter().try_for_each(fits);
        }
        _ => return Ok(()),
    };
    shapes::body(name, &shapes::trimmed(&call.body))?;
    shapes::message(&call.body)
}

impl FakeDiscord {
    fn serve(&self, call: &Call, headers: &HeaderMap) -> (u16, Value) {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let mut inner = self.inner();
        if !header("user-agent").unwrap_or_default().starts_with("DiscordBot (") {
            return refuse(403, 40_333);
        }
        let by_token = ["webhooks/", "interactions/"].iter().any(|it| call.path.starts_with(it));
        if !by_token && header("authorization") != Some(&format!("Bot {TOKEN}")) {
            return refuse(401, 0);
        }
        let path: Vec<&str> = call.path.split(['/', '?']).collect();
        if let Err(wrong) = known(call, &path) {
            inner.complaints.push(format!("{} {}: {wrong}", call.method, call.path));
            return refuse(400, 50_035);
        }
        let now = inner.clock.now();
        let into = match (call.method.as_str(), path.as_slice()) {
            ("POST", ["channels", channel, "messages"]) => Some(*channel),
            _ => None,
        };
        if !by_token && let Err(wrong) = inner.rules.call(into, now) {
            inner.complaints.push(wrong);
        }
        served(&mut inner, call, &path)
    }
}

/// What is taken is done.
fn served(inner: &mut Inner, call: &Call, path: &[&str]) -> (u16, Value) {
    let now = inner.clock.now();
    match (call.method.as_str(), path) {
        ("GET", ["applications", "@me"]) => (200, inner.app.clone()),
        ("GET", ["users", "@me"]) => (200, json!({ "id": "42", "username": "earlybrd" })),
        ("POST", ["users", "@me", "channels"]) => {
            let user = call.body["recipient_id"].as_str().unwrap_or_default();
            if let Some(code) = inner.rules.refuses(&format!("@{user}")) {
                return refuse(403, code);
            }
            (200, json!({ "id": format!("9{user}"), "type": 1, "something_new": {} }))
        }
        ("POST", ["channels", channel, "messages"]) => post(inner, channel, &call.body),
        ("PATCH", ["channels", channel, "messages", id]) => {
            let is_it = |it: &&mut Posted| it.channel == *channel && it.id == *id;
            match inner.posted.iter_mut().find(is_it) {
                Some(posted) => {
                    posted.body.clone_from(&call.body);
                    (200, json!({ "id": id }))
                }
                None => refuse(404, 10_008),
            }
        }
        ("GET", ["channels", channel, "messages", ..]) => {
            let after = call.path.split("after=").nth(1).and_then(|it| it.parse::<u64>().ok());
            let is_after = |it: &&Posted| it.id.parse::<u64>().ok() > after;
            let of = inner.posted.iter().rev().filter(|posted| posted.channel == *channel);
            let of = of.filter(is_after).take(100);
            let said = of.map(|it| json!({ "id": it.id, "embeds": it.body["embeds"] }));
            (200, said.collect())
        }
        ("GET", ["gateway"] | ["gateway", "bot"]) => (200, json!({ "url": inner.gateway })),
        ("POST", ["interactions", id, _, "callback"]) => call_back(inner, id, &call.body),
        ("PATCH", ["webhooks", "12", token, "messages", "@original"]) => {
            if let Err((status, code)) = inner.rules.takes(token, now) {
                return refuse(status, code);
            }
            inner.answers.push(call.body.clone());
            (200, json!({ "id": "1" }))
        }
        ("GET", ["applications", "12", .., "commands"]) => (200, inner.commands.clone()),
        ("PUT", ["applications", "12", .., "commands"]) => {
            inner.commands.clone_from(&call.body);
            let of_one = path.contains(&"guilds");
            for command in inner.commands.as_array_mut().into_iter().flatten() {
                let kept = |name: &String| !["contexts", "integration_types"].contains(&&**name);
                if let Some(command) = command.as_object_mut().filter(|_| of_one) {
                    command.retain(|name, _| kept(name));
                }
            }
            (200, call.body.clone())
        }
        _ => refuse(404, 0),
    }
}

/// An interaction is answered once, within three seconds.
fn call_back(inner: &mut Inner, id: &str, body: &Value) -> (u16, Value) {
    match inner.issued.get_mut(id) {
        Some((_, Some(_))) => refuse(400, 40_060),
        Some((at, answer)) if at.elapsed() < Duration::from_secs(3) => {
            *answer = Some(body.clone());
            (204, Value::Null)
        }
        _ => refuse(404, 10_062),
    }
}

/// A message of a number that is known is not shown again; for some minutes.
fn post(inner: &mut Inner, channel: &str, body: &Value) -> (u16, Value) {
    if let Some(code) = inner.rules.refuses(channel) {
        return refuse(403, code);
    }
    let now = inner.clock.now();
    let known = inner.posted.iter().find(|posted| {
        posted.channel == channel
            && now - posted.at < KNOWN
            && body["enforce_nonce"] == true
            && posted.body["nonce"] == body["nonce"]
    });
    if let Some(known) = known {
        return (200, json!({ "id": known.id, "channel_id": channel }));
    }
    if body["nonce"].as_str().is_none_or(|nonce| nonce.is_empty() || nonce.len() > 25) {
        inner.complaints.push("a nonce".to_owned());
    }
    let id = snowflake(now, inner.posted.len());
    let (channel_id, body) = (channel.to_owned(), body.clone());
    inner.posted.push(Posted { channel: channel_id, id: id.clone(), body, at: now });
    (200, json!({ "id": id, "channel_id": channel, "something_new": 1 }))
}
