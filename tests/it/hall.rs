//! A service with the Discord app, a Discord, and people who type and press there.

use std::sync::Arc;

use earlybrd::clock::Clock;
use earlybrd::config::{DiscordConfig, DiscordGateway};
use earlybrd::discord::{Discord, DiscordPlatform};
use earlybrd::{http, web};
use reqwest::{Client, RequestBuilder, StatusCode};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::discord::{FakeDiscord, TOKEN, button, choice, is_answer, shown};
use crate::office::said;
use crate::world::{TestClock, World, drain};

/// A service with the app, and a Discord.
pub struct Hall {
    pub world: World,
    pub discord: FakeDiscord,
    pub base: Url,
    pub client: Client,
    pub ours: Discord,
    pair: Ed25519KeyPair,
    tasks: TaskTracker,
}

/// Somebody, alone with the bot or in a server's channel.
#[derive(Debug, Clone, Copy)]
pub struct At {
    pub user: &'static str,
    pub guild: Option<&'static str>,
    /// As Discord says what they may do.
    pub may: &'static str,
}

pub const ANN: At = At { user: "1", guild: None, may: "0" };
pub const BEN: At = At { user: "2", guild: None, may: "0" };

impl At {
    /// In a server's channel.
    pub fn within(self, guild: &'static str) -> Self {
        Self { guild: Some(guild), ..self }
    }

    /// Who may manage the server.
    pub fn managing(self) -> Self {
        Self { may: "32", ..self }
    }
}

fn new_id() -> String {
    (uuid::Uuid::new_v4().as_u128() % 1_000_000_000_000_000_000).to_string()
}

async fn serve(ours: &Discord, world: &World, tasks: &TaskTracker) -> Url {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let chats = ours.router(&ours.desk(world.context(), tasks.clone())).unwrap();
    let router = web::router(world.health(), None, None, None, chats);
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(web::serve(listener, router, CancellationToken::new()));
    base
}

impl Hall {
    pub async fn new() -> Self {
        let world = World::new().await;
        let discord = FakeDiscord::start(&world.clock).await;
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let config = DiscordConfig {
            api: discord.url.clone(),
            app_id: "12".to_owned(),
            token: TOKEN.into(),
            public_key: Some(pair.public_key().as_ref().try_into().unwrap()),
            gateway: DiscordGateway::Closed,
        };
        let client = http::for_operator("test").unwrap();
        let ours = Discord::new(&config, client.clone());
        let tasks = TaskTracker::new();
        let base = serve(&ours, &world, &tasks).await;
        Self { world, discord, base, client, ours, pair, tasks }
    }

    /// People may add boards on a host although it is not public.
    pub async fn trust(&mut self, host: &str) {
        self.world.trusted = vec![host.to_owned()];
        self.base = self.replica().await;
    }

    /// The address of another replica.
    pub async fn replica(&self) -> Url {
        serve(&self.ours, &self.world, &self.tasks).await
    }

    pub fn signed(&self, path: &str, body: &Value) -> RequestBuilder {
        self.signed_to(&self.base, path, body)
    }

    fn signed_to(&self, base: &Url, path: &str, body: &Value) -> RequestBuilder {
        let (at, body) = (self.world.now().timestamp().to_string(), body.to_string());
        let signature = self.pair.sign(format!("{at}{body}").as_bytes());
        let hex: Vec<String> =
            signature.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        self.client
            .post(base.join(path).unwrap())
            .header("content-type", "application/json")
            .header("x-signature-timestamp", at)
            .header("x-signature-ed25519", hex.concat())
            .body(body)
    }

    /// What an interaction is answered.
    pub async fn interact(&self, payload: &Value) -> Value {
        self.interact_with(&self.base, payload).await
    }

    /// What it is answered by a replica.
    pub async fn interact_with(&self, replica: &Url, payload: &Value) -> Value {
        self.discord.issue(payload);
        let answer =
            self.signed_to(replica, "/discord/interactions", payload).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let answer = serde_json::from_str(&said(answer).await).unwrap();
        is_answer(&answer).unwrap_or_else(|wrong| panic!("{wrong}: {answer}"));
        answer
    }

    pub fn payload(kind: u64, at: At, data: Value) -> Value {
        let user = json!({ "id": at.user, "username": "x", "something_new": 1 });
        let id = new_id();
        let mut payload = json!({
            "type": kind, "id": id, "application_id": "12", "token": format!("v1:aW50~{id}=="),
            "version": 1, "channel_id": format!("5{}", at.user), "data": data,
            "entitlements": [], "authorizing_integration_owners": {}, "attachment_size_limit": 1,
        });
        match at.guild {
            Some(guild) => {
                payload["guild_id"] = json!(guild);
                payload["channel_id"] = json!(format!("5{guild}"));
                payload["member"] = json!({ "user": user, "permissions": at.may });
            }
            None => payload["user"] = user,
        }
        payload
    }

    /// A subcommand with its options, as Discord brings it.
    pub fn command(name: &str, options: &[(&str, &str)]) -> Value {
        let values =
            options.iter().map(|(name, value)| json!({ "type": 3, "name": name, "value": value }));
        let values: Vec<Value> = values.collect();
        let of = match name.split_once(' ') {
            Some((group, name)) => json!({ "type": 2, "name": group, "options":
                [{ "type": 1, "name": name, "options": values }] }),
            None => json!({ "type": 1, "name": name, "options": values }),
        };
        json!({ "id": "1", "type": 1, "name": "jobs", "options": [of] })
    }

    /// Types a command, and gives the message that answers it.
    pub async fn types(&self, at: At, name: &str, options: &[(&str, &str)]) -> Value {
        let payload = Self::payload(2, at, Self::command(name, options));
        let answer = self.interact(&payload).await;
        assert_eq!(answer["type"], 4, "{answer}");
        assert_eq!(answer["data"]["flags"], 64, "{answer}");
        answer["data"].clone()
    }

    /// Types a line into a form.
    pub async fn fills_in(&self, at: At, line: &str) -> Value {
        let sent = json!({ "custom_id": "line", "components":
            [{ "type": 1, "components": [{ "type": 4, "custom_id": "line", "value": line }] }] });
        self.interact(&Self::payload(5, at, sent)).await["data"].clone()
    }

    /// Chooses from a menu of a message, and gives what Discord is answered.
    pub async fn chooses(&self, at: At, message: &Value, (asked, label): (&str, &str)) -> Value {
        let (id, value) = choice(message, asked, label)
            .unwrap_or_else(|| panic!("no {asked} {label}: {message}"));
        let data = json!({ "component_type": 3, "custom_id": id, "values": [value] });
        let mut payload = Self::payload(3, at, data);
        payload["message"] = message.clone();
        self.interact(&payload).await
    }

    /// What is offered while somebody types into the last option.
    pub async fn offered(&self, at: At, name: &str, typed: (&str, &str)) -> Vec<String> {
        let mut data = Self::command(name, &[typed]);
        let mut of = &mut data;
        while of["options"].is_array() {
            of = &mut of["options"][0];
        }
        of["focused"] = json!(true);
        let answer = self.interact(&Self::payload(4, at, data)).await;
        assert_eq!(answer["type"], 8);
        let choices = answer["data"]["choices"].as_array().unwrap();
        choices.iter().map(|it| it["value"].as_str().unwrap().to_owned()).collect()
    }

    /// Presses a button of a message, and gives what Discord is answered.
    pub async fn presses(&self, at: At, message: &Value, label: &str) -> Value {
        let id = button(message, label).unwrap_or_else(|| panic!("no {label}: {}", shown(message)));
        let mut payload = Self::payload(3, at, json!({ "component_type": 2, "custom_id": id }));
        payload["message"] = message.clone();
        self.interact(&payload).await
    }

    pub async fn quiet(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    pub fn platform(&self) -> Arc<DiscordPlatform> {
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(&self.world.clock);
        Arc::new(self.ours.platform(self.world.pool.clone(), clock))
    }

    pub async fn deliver(&self) {
        drain(&mut self.world.sender_of(self.platform())).await;
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
