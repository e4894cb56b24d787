//! A strict Slack on loopback: it takes what Slack documents and nothing else, keeps a ledger of every call,
//! and fails as it is told.

mod reading;
mod shapes;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response};
use axum::routing::post;
use earlybrd::slack::SCOPES;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use url::Url;

pub use reading::{check_view, shown, value_of};

/// The token that works from the start.
pub const TOKEN: &str = "xoxb-token-1";

/// The one admin of its workspaces.
pub const ADMIN: &str = "U9";

/// A call that was made.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub token: Option<String>,
    pub arguments: Map<String, Value>,
}

impl Call {
    pub fn text(&self, name: &str) -> &str {
        self.arguments.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A message as Slack shows it.
#[derive(Debug, Clone)]
pub struct Posted {
    pub channel: String,
    pub ts: String,
    pub arguments: Map<String, Value>,
}

/// What happens instead of an ordinary answer.
#[derive(Debug, Clone)]
pub enum Trick {
    /// `ok: false`.
    Refuse(&'static str),
    /// This status, these headers, this body; nothing is done.
    Answer(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// It is done, and this is answered.
    DoneBut(u16, &'static str),
    /// It is done, and the answer never comes.
    Hang,
    /// It is done, and the answer comes so late.
    Late(Duration),
}

#[derive(Default)]
struct Inner {
    tokens: BTreeSet<String>,
    calls: Vec<Call>,
    posted: Vec<Posted>,
    /// What was sent to response addresses.
    responses: Vec<Value>,
    tricks: VecDeque<(&'static str, Trick)>,
    /// Problems with what was sent, which no test should see.
    complaints: Vec<String>,
    /// Whether a message to a person's id finds their conversation.
    only_channels: bool,
    socket: Option<String>,
}

/// The stand-in.
#[derive(Clone)]
pub struct FakeSlack {
    inner: Arc<Mutex<Inner>>,
    pub url: Url,
}

impl FakeSlack {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let url = Url::parse(&format!("http://{address}/api/")).expect("an address");
        let inner = Inner { tokens: [TOKEN.to_owned()].into(), ..Inner::default() };
        let slack = Self { inner: Arc::new(Mutex::new(inner)), url };
        let router = Router::new()
            .route("/api/{method}", post(called))
            .route("/response/{id}", post(answered))
            .with_state(slack.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        slack
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plays this at the next call of a method, or at the next answer (`response_url`).
    pub fn play(&self, method: &'static str, trick: Trick) {
        self.inner().tricks.push_back((method, trick));
    }

    /// The trick that is next at a method.
    fn trick(&self, method: &str) -> Option<Trick> {
        let mut inner = self.inner();
        let at = inner.tricks.iter().position(|(of, _)| *of == method);
        at.and_then(|at| inner.tricks.remove(at)).map(|(_, trick)| trick)
    }

    /// A token that works from now on.
    pub fn grant(&self, token: &str) {
        self.inner().tokens.insert(token.to_owned());
    }

    pub fn revoke(&self, token: &str) {
        self.inner().tokens.remove(token);
    }

    pub fn only_channels(&self) {
        self.inner().only_channels = true;
    }

    /// What `apps.connections.open` gives.
    pub fn socket_at(&self, url: &str) {
        self.inner().socket = Some(url.to_owned());
    }

    /// An address for answers.
    pub fn response_url(&self) -> String {
        self.url.join("/response/1").expect("an address").into()
    }

    /// Calls of a method.
    pub fn calls(&self, method: &str) -> Vec<Call> {
        self.inner().calls.iter().filter(|call| call.method == method).cloned().collect()
    }

    pub fn posted(&self) -> Vec<Posted> {
        let inner = self.inner();
        assert!(inner.complaints.is_empty(), "{:#?}", inner.complaints);
        inner.posted.clone()
    }

    pub fn responses(&self) -> Vec<Value> {
        let inner = self.inner();
        assert!(inner.complaints.is_empty(), "{:#?}", inner.complaints);
        inner.responses.clone()
    }

    /// The shown texts of all messages, one a line.
    pub fn shown(&self) -> String {
        let posted = self.posted();
        posted
            .iter()
            .map(|posted| shown(&posted.arguments["blocks"]))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn arguments(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, &'static str> {
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        let value: Value = serde_json::from_slice(body).map_err(|_| "invalid_json")?;
        return value.as_object().cloned().ok_or("json_not_object");
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        let pairs = url::form_urlencoded::parse(body);
        return Ok(pairs
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect());
    }
    Err("invalid_post_type")
}

async fn called(
    State(slack): State<FakeSlack>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let trick = slack.trick(&method);
    let token = headers.get("authorization").and_then(|header| header.to_str().ok());
    let token = token.and_then(|header| header.strip_prefix("Bearer ")).map(str::to_owned);
    let call = arguments(&headers, &body).map(|arguments| Call {
        method: method.clone(),
        token,
        arguments,
    });
    let done = |slack: &FakeSlack| match &call {
        Ok(call) => slack.serve(call),
        Err(code) => refuse(code),
    };
    match trick {
        None => answer(200, &[], &done(&slack).to_string()),
        Some(Trick::Refuse(code)) => {
            slack.inner().calls.extend(call.ok());
            answer(200, &[], &refuse(code).to_string())
        }
        Some(Trick::Answer(status, headers, body)) => {
            slack.inner().calls.extend(call.ok());
            answer(status, &headers, body)
        }
        Some(Trick::DoneBut(status, body)) => {
            done(&slack);
            answer(status, &[], body)
        }
        Some(Trick::Late(late)) => {
            let answered = done(&slack).to_string();
            tokio::time::sleep(late).await;
            answer(200, &[], &answered)
        }
        Some(Trick::Hang) => {
            done(&slack);
            tokio::time::sleep(Duration::from_mins(10)).await;
            answer(200, &[], "")
        }
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

fn refuse(code: &str) -> Value {
    json!({ "ok": false, "error": code })
}

async fn answered(
    State(slack): State<FakeSlack>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let trick = slack.trick("response_url");
    let Ok(arguments) = arguments(&headers, &body) else { return answer(400, &[], "") };
    let wrong = shapes::content(&arguments);
    let mut inner = slack.inner();
    inner.complaints.extend(wrong.err());
    match trick {
        Some(Trick::Answer(status, headers, body)) => return answer(status, &headers, body),
        Some(other) => inner.complaints.push(format!("nobody plays {other:?} here")),
        None => {}
    }
    inner.responses.push(Value::Object(arguments));
    answer(200, &[], "")
}

impl FakeSlack {
    fn serve(&self, call: &Call) -> Value {
        let mut inner = self.inner();
        inner.calls.push(call.clone());
        if let Err(wrong) = shapes::arguments(call) {
            inner.complaints.push(format!("{}: {wrong}", call.method));
            return refuse("invalid_arguments");
        }
        if call.method == "oauth.v2.access" {
            return install(&mut inner, call);
        }
        match &call.token {
            None => return refuse("not_authed"),
            Some(token) if token.starts_with("xapp-") => {
                let Some(url) = &inner.socket else { return refuse("internal_error") };
                return json!({ "ok": true, "url": url });
            }
            Some(token) if !inner.tokens.contains(token) => return refuse("token_revoked"),
            Some(_) => {}
        }
        // The app has what its manifest asks for.
        if shapes::scope(&call.method).is_some_and(|scope| !SCOPES.contains(&scope)) {
            return refuse("missing_scope");
        }
        match call.method.as_str() {
            "auth.test" => json!({ "ok": true, "team_id": "T1", "team": "One", "user_id": "U0" }),
            "chat.postMessage" => post_message(&mut inner, call),
            "chat.postEphemeral" => match shapes::content(&call.arguments) {
                Ok(()) => json!({ "ok": true, "message_ts": "1.1" }),
                Err(wrong) => {
                    inner.complaints.push(wrong);
                    refuse("invalid_blocks")
                }
            },
            "chat.update" => update(&mut inner, call),
            "conversations.open" => {
                json!({ "ok": true, "channel": { "id": conversation(call.text("users")) } })
            }
            "conversations.history" => history(&inner, call),
            "conversations.replies" => replies(&inner, call),
            "users.info" => {
                let admin = call.text("user") == ADMIN;
                json!({ "ok": true, "user": { "tz": "Europe/Berlin", "is_admin": admin } })
            }
            "views.open" | "views.publish" | "views.update" => {
                match shapes::view(&call.arguments) {
                    Ok(()) => json!({ "ok": true, "view": { "id": "V1" } }),
                    Err(wrong) => {
                        inner.complaints.push(wrong);
                        refuse("invalid_arguments")
                    }
                }
            }
            _ => refuse("unknown_method"),
        }
    }
}

/// The conversation with a person.
fn conversation(user: &str) -> String {
    format!("D{}", user.trim_start_matches(['U', 'W']))
}

fn install(inner: &mut Inner, call: &Call) -> Value {
    match call.text("code") {
        "org" => json!({ "ok": true, "is_enterprise_install": true, "team": null,
                         "enterprise": { "id": "E1" }, "access_token": "xoxb-org" }),
        code if code.starts_with("good") => {
            let token = format!("xoxb-installed-{code}");
            inner.tokens.insert(token.clone());
            json!({ "ok": true, "access_token": token, "token_type": "bot", "bot_user_id": "U0",
                    "scope": "chat:write,commands", "team": { "id": "T9", "name": "Nine" },
                    "is_enterprise_install": false, "authed_user": { "id": "U7" } })
        }
        _ => refuse("invalid_code"),
    }
}

fn post_message(inner: &mut Inner, call: &Call) -> Value {
    if let Err(wrong) = shapes::content(&call.arguments) {
        inner.complaints.push(wrong);
        return refuse("invalid_blocks");
    }
    let channel = match call.text("channel") {
        user if user.starts_with(['U', 'W']) && inner.only_channels => {
            return refuse("channel_not_found");
        }
        user if user.starts_with(['U', 'W']) => conversation(user),
        channel => channel.to_owned(),
    };
    let ts = format!("179{:07}.{:06}", inner.posted.len(), 100);
    let arguments = call.arguments.clone();
    inner.posted.push(Posted { channel: channel.clone(), ts: ts.clone(), arguments });
    json!({ "ok": true, "channel": channel, "ts": ts,
            "message": { "text": call.text("text"), "something_new": { "a": 1 } } })
}

fn update(inner: &mut Inner, call: &Call) -> Value {
    if let Err(wrong) = shapes::content(&call.arguments) {
        inner.complaints.push(wrong);
        return refuse("invalid_blocks");
    }
    let (channel, ts) = (call.text("channel"), call.text("ts"));
    let is_it = |posted: &&mut Posted| posted.channel == channel && posted.ts == ts;
    let Some(posted) = inner.posted.iter_mut().find(is_it) else {
        return refuse("message_not_found");
    };
    posted.arguments.clone_from(&call.arguments);
    json!({ "ok": true, "channel": channel, "ts": ts })
}

fn replies(inner: &Inner, call: &Call) -> Value {
    let all = history(inner, call);
    let below = |ts: &Value| {
        let mut posted =
            inner.posted.iter().filter(|posted| Some(posted.ts.as_str()) == ts.as_str());
        posted.any(|it| {
            let of = it.arguments.get("thread_ts").and_then(Value::as_str);
            it.ts == call.text("ts") || of == Some(call.text("ts"))
        })
    };
    let messages = all["messages"].as_array().into_iter().flatten();
    let messages: Vec<&Value> = messages.filter(|said| below(&said["ts"])).collect();
    json!({ "ok": true, "messages": messages, "has_more": false })
}

fn history(inner: &Inner, call: &Call) -> Value {
    let with_metadata = call.text("include_all_metadata") == "true";
    let of = inner.posted.iter().rev().filter(|posted| posted.channel == call.text("channel"));
    let messages: Vec<Value> = of
        .map(|posted| {
            let metadata = posted.arguments.get("metadata").filter(|_| with_metadata);
            json!({ "type": "message", "ts": posted.ts, "metadata": metadata })
        })
        .collect();
    json!({ "ok": true, "messages": messages, "has_more": false })
}
