//! A service with the Slack app, a Slack, and people who type and press there.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use earlybrd::commands::Context;
use earlybrd::config::{SlackApp, SlackConfig};
use earlybrd::db::accounts;
use earlybrd::domain::account::{AccountKind, Identity};
use earlybrd::domain::target::Platform;
use earlybrd::secrets::Keys;
use earlybrd::slack::Slack;
use earlybrd::{http, web};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use ring::hmac;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::slack::{FakeSlack, TOKEN, shown, value_of};
use crate::process::binary::seconds;
use crate::world::{Person, World, drain};

pub const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// A service with the app, one workspace that installed it, and a Slack.
pub struct Office {
    pub world: World,
    pub slack: FakeSlack,
    pub base: Url,
    pub client: Client,
    tasks: TaskTracker,
    ours: Slack,
}

/// Somebody's next trigger; no two are the same.
pub fn trigger() -> String {
    uuid::Uuid::new_v4().to_string()
}

impl Office {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Where commands work with something else, too.
    pub async fn with(change: impl FnOnce(&mut Context)) -> Self {
        let office = Self::made(change).await;
        office.installed("T1", TOKEN).await;
        office
    }

    /// Without a workspace.
    pub async fn empty() -> Self {
        Self::made(|_| {}).await
    }

    async fn made(change: impl FnOnce(&mut Context)) -> Self {
        let (world, slack) = (World::new().await, FakeSlack::start().await);
        let mut context: Context = world.context();
        change(&mut context);
        let client = http::for_operator("test").unwrap();
        let tasks = TaskTracker::new();
        let (base, ours) = replica((&world, &slack), context, &tasks).await;
        Self { world, slack, base, client, tasks, ours }
    }

    /// Another replica of it; gives its address.
    pub async fn replica(&self) -> Url {
        replica((&self.world, &self.slack), self.world.context(), &self.tasks).await.0
    }

    pub async fn installed(&self, team: &str, token: &str) {
        install(&self.world.pool, self.world.now(), team, token).await;
    }

    /// Somebody of the workspace, with their direct messages.
    pub async fn person(&self, user: &str) -> Person {
        let (platform, workspace) = (Platform::Slack, "T1".to_owned());
        let (address, now) = (format!("T1/{user}"), self.world.now());
        let identity = Identity { platform, workspace, user: user.to_owned() };
        earlybrd::db::in_tx(&self.world.pool, async |tx| {
            let account = accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
            let target = accounts::target(tx, account, platform, &address, now).await?;
            Ok(Person { account, target })
        })
        .await
        .unwrap()
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.base.join(path).unwrap())
    }

    pub fn signed(&self, path: &str, kind: &str, body: String) -> RequestBuilder {
        let at = self.world.now().timestamp().to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let tag = hmac::sign(&key, format!("v0:{at}:{body}").as_bytes());
        let hex = tag.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        self.client
            .post(self.base.join(path).unwrap())
            .header("content-type", kind)
            .header("x-slack-request-timestamp", at)
            .header("x-slack-signature", format!("v0={hex}"))
            .body(body)
    }

    pub fn form(&self, path: &str, pairs: &[(&str, &str)]) -> RequestBuilder {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(pairs);
        self.signed(path, "application/x-www-form-urlencoded", body.finish())
    }

    pub fn command(
        &self,
        (user, channel): (&str, &str),
        text: &str,
        trigger: &str,
    ) -> RequestBuilder {
        let url = self.slack.response_url();
        let pairs = [
            ("token", "old"),
            ("team_id", "T1"),
            ("user_id", user),
            ("channel_id", channel),
            ("command", "/jobs"),
            ("text", text),
            ("response_url", url.as_str()),
            ("trigger_id", trigger),
        ];
        self.form("/slack/commands", &pairs)
    }

    /// Types a line in a conversation with the bot, and gives the answer.
    pub async fn types(&self, user: &str, text: &str) -> Value {
        self.types_in((user, "D1"), text).await
    }

    pub async fn types_in(&self, at: (&str, &str), text: &str) -> Value {
        let before = self.slack.responses().len();
        let answer = self.command(at, text, &trigger()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let answer = match said(answer).await {
            // It took longer, and comes at the address that was given.
            later if later.is_empty() => {
                self.quiet().await;
                self.slack.responses().get(before).cloned().expect("an answer")
            }
            at_once => serde_json::from_str(&at_once).unwrap(),
        };
        assert_eq!(answer["response_type"], "ephemeral");
        assert!(!shown(&answer["blocks"]).contains("Something went wrong"), "{text}: {answer}");
        answer
    }

    /// Presses a button of a form that is open.
    pub async fn presses_in_form(&self, user: &str, view: &Value, label: &str) -> Value {
        let value = value_of(view, label).unwrap_or_else(|| panic!("no {label}: {}", shown(view)));
        let payload = json!({
            "type": "block_actions",
            "team": { "id": "T1" },
            "user": { "id": user },
            "container": { "type": "view", "view_id": "V1" },
            "trigger_id": trigger(),
            "view": { "id": "V1", "hash": "1.a", "type": "modal",
                      "private_metadata": view["private_metadata"], "blocks": view["blocks"] },
            "actions": [{ "type": "button", "action_id": "press:1", "value": value }],
        });
        assert_eq!(self.interacts(&payload).await, "");
        self.quiet().await;
        let shown = self.slack.calls("views.update").pop().expect("the form shows something else");
        assert_eq!(shown.text("view_id"), "V1");
        shown.arguments["view"].clone()
    }

    /// Presses a button of a message, and gives the answer.
    pub async fn presses(
        &self,
        (user, channel): (&str, &str),
        blocks: &Value,
        label: &str,
    ) -> Value {
        let value =
            value_of(blocks, label).unwrap_or_else(|| panic!("no {label}: {}", shown(blocks)));
        let before = self.slack.responses().len();
        let payload = json!({
            "type": "block_actions",
            "team": { "id": "T1", "something": 1 },
            "user": { "id": user },
            "channel": { "id": channel },
            "container": { "type": "message", "is_ephemeral": false },
            "trigger_id": trigger(),
            "response_url": self.slack.response_url(),
            "actions": [{ "type": "button", "action_id": "press:1", "value": value }],
        });
        assert_eq!(self.interacts(&payload).await, "");
        self.quiet().await;
        self.slack.responses().get(before).cloned().unwrap_or_default()
    }

    pub async fn interacts(&self, payload: &Value) -> String {
        let payload = payload.to_string();
        let answer = self.form("/slack/interactivity", &[("payload", payload.as_str())]);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        said(answer).await
    }

    pub fn event(&self, id: &str, event: &Value) -> RequestBuilder {
        let envelope = json!({
            "type": "event_callback",
            "team_id": "T1",
            "api_app_id": "A1",
            "event_id": id,
            "event_time": self.world.now().timestamp(),
            "authorizations": [{ "team_id": "T1", "user_id": "U0", "is_bot": true }],
            "event": event,
        });
        self.signed("/slack/events", "application/json", envelope.to_string())
    }

    pub async fn happens(&self, event: Value) {
        let answer = self.event(&trigger(), &event).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        self.quiet().await;
    }

    /// Waits until nothing is at work any more.
    pub async fn quiet(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    pub async fn deliver(&self) {
        drain(&mut self.world.sender_of(Arc::new(self.ours.platform()))).await;
    }

    /// A board with nothing on it.
    pub async fn board(&self) -> FakeBoard {
        let board = FakeBoard::start().await;
        self.world.board("b", &board.url).await;
        self.world.poll().await;
        board
    }

    pub async fn show(&self, board: &FakeBoard, title: &str) {
        board.show(&[Item { body: "Company: Acme\nWe build boats.", ..Item::titled(title) }]);
        self.world.poll_again().await;
        self.world.match_all().await;
        self.deliver().await;
    }
}

/// Serves the app; gives its address.
async fn replica(
    (world, slack): (&World, &FakeSlack),
    context: Context,
    tasks: &TaskTracker,
) -> (Url, Slack) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let app = SlackApp {
        signing_secret: SECRET.into(),
        client_id: "1.2".to_owned(),
        client_secret: "client-secret".into(),
        public_url: base.clone(),
    };
    let config = SlackConfig { api: slack.url.clone(), app: Some(app), one: None };
    let client = http::for_operator("test").unwrap();
    let ours = Slack::new(&config, client, &context, Some(Arc::new(keys())));
    let desk = ours.desk(context, tasks.clone());
    let router = web::router(world.health(), None, None, None, ours.router(&desk).unwrap());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(web::serve(listener, router, CancellationToken::new()));
    (base, ours)
}

/// As if a workspace had installed the app just now.
pub async fn install(pool: &PgPool, now: DateTime<Utc>, team: &str, token: &str) {
    let new = earlybrd::db::slack::Installed { team, name: "One", bot_user: "U0", scopes: "" };
    earlybrd::db::in_tx(pool, async |tx| {
        let id = earlybrd::db::slack::install(tx, new, now).await?;
        let sealed = keys().seal(earlybrd::db::slack::cell(id), token).unwrap();
        earlybrd::db::slack::keep_token(tx, id, &sealed).await
    })
    .await
    .unwrap();
}

pub fn keys() -> Keys {
    format!("k1:{}", "A".repeat(43)).parse().unwrap()
}

/// A request as Slack signs it, to a process.
pub fn signed_now(request: RequestBuilder, kind: &str, body: String) -> RequestBuilder {
    let now = seconds().to_string();
    let signature = earlybrd::slack::sign(&SECRET.into(), &now, body.as_bytes());
    request
        .header("content-type", kind)
        .header("x-slack-request-timestamp", now)
        .header("x-slack-signature", signature)
        .body(body)
}

/// What a page or an answer says.
pub async fn said(answer: Response) -> String {
    let said = http::read_capped(answer, 1 << 20).await.unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

pub fn text(answer: &Value) -> String {
    shown(&answer["blocks"])
}
