//! A service with mail: its pages, one person at a chat, and the mails that were sent.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use earlybrd::commands::{self, Actor, Context};
use earlybrd::db;
use earlybrd::domain::account::{AccountKind, Identity};
use earlybrd::domain::email::Sender;
use earlybrd::domain::ids::TargetId;
use earlybrd::domain::reply::Reply;
use earlybrd::domain::target::Platform;
use earlybrd::email::{self, EmailPlatform};
use earlybrd::mail::{Mail, Memory, Transport};
use earlybrd::messenger::Messenger;
use earlybrd::secrets::{Keys, Link, Purpose, Subject};
use earlybrd::web;
use earlybrd::workers::gather::Gather;
use reqwest::{Method, StatusCode};
use ring::hmac;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::messenger::FakeMessenger;
use crate::world::{Person, World, drain};

const WEBHOOK_KEY: &str = "webhook-key";

pub struct Post {
    pub world: World,
    pub board: FakeBoard,
    pub keys: Arc<Keys>,
    pub mail: Arc<EmailPlatform>,
    pub context: Context,
    pub actor: Actor,
    /// Where the pages are.
    pub base: Url,
}

impl Post {
    pub async fn new() -> Self {
        let world = World::new().await;
        let board = FakeBoard::start().await;
        world.board("b", &board.url).await;
        world.poll().await;
        let keys: Keys = key().parse().expect("a key");
        let keys = Arc::new(keys);
        let base = pages(&world, &keys).await;
        let (pool, clock) = (world.pool.clone(), world.base().clock);
        let public_url = base.clone();
        let from: Sender = "earlybrd <jobs@earlybrd.example>".parse().expect("a sender");
        let mail = Mail { from, transport: Transport::Memory(Memory::default()) };
        let mail =
            Arc::new(EmailPlatform { mail, keys: Arc::clone(&keys), pool, clock, public_url });
        let person = world.person("ann").await;
        let mut context = world.context();
        context.mail_keys = Some(Arc::clone(&keys));
        let actor = Actor::alone(person.account, person.target);
        Self { world, board, keys, mail, context, actor, base }
    }

    /// Mail leaves by this from now on.
    pub fn leaves_by(&mut self, mail: Mail) {
        let (pool, clock) = (self.world.pool.clone(), self.world.base().clock);
        let (keys, public_url) = (Arc::clone(&self.keys), self.base.clone());
        self.mail = Arc::new(EmailPlatform { mail, keys, pool, clock, public_url });
    }

    pub fn person(&self) -> Person {
        Person { account: self.actor.account, target: self.actor.target }
    }

    /// As they are read: without what keeps their lines short.
    pub fn mails(&self) -> Vec<String> {
        let mails = match &self.mail.mail.transport {
            Transport::Memory(memory) => memory.mails(),
            Transport::Smtp(_) | Transport::Folder(_) => Vec::new(),
        };
        mails.iter().map(|mail| mail.replace("=\r\n", "").replace("=3D", "=")).collect()
    }

    pub async fn say(&self, line: &str) -> Reply {
        commands::say(&self.context, self.actor, line).await
    }

    pub async fn deliver(&self) {
        let chat: Arc<dyn Messenger> = Arc::<FakeMessenger>::clone(&self.world.messenger);
        let mail: Arc<dyn Messenger> = Arc::<EmailPlatform>::clone(&self.mail);
        let base = self.world.base();
        for _ in 0..2 {
            drain(&mut Gather { base: base.clone() }).await;
            drain(&mut self.world.sender_of(Arc::clone(&chat))).await;
            drain(&mut self.world.sender_of(Arc::clone(&mail))).await;
        }
    }

    /// Shows postings and has them matched.
    pub async fn match_titles(&self, titles: &[&str]) {
        let items: Vec<Item<'_>> = titles.iter().map(|title| Item::titled(title)).collect();
        self.board.show(&items);
        self.world.poll_again().await;
        self.world.match_all().await;
    }

    pub async fn show(&self, titles: &[&str]) {
        self.match_titles(titles).await;
        self.deliver().await;
    }

    /// Says yes to mails for an address.
    pub async fn confirmed(&self) {
        self.say("email Ann@Example.com").await;
        self.deliver().await;
        assert_eq!(post(&self.yes()).await.0, StatusCode::OK);
    }

    /// The link by which the address that was asked last says yes, whether its mail was sent or not.
    pub fn yes(&self) -> String {
        let mails = self.mails();
        let asked = mails.iter().rev().find_map(|mail| mail.split_once("/verify?token="));
        let token = asked.expect("a mail that asks").1;
        let end = token.find(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
        self.at("verify", token.get(..end.unwrap_or(token.len())).unwrap())
    }

    /// The link that ends mails to the first address.
    pub fn no(&self) -> String {
        let link = Link { purpose: Purpose::Unsubscribe, id: 1, expires: None };
        self.at("unsubscribe", &self.keys.sign(link))
    }

    pub fn at(&self, page: &str, token: &str) -> String {
        self.base.join(&format!("/{page}?token={token}")).unwrap().into()
    }

    /// Tells what became of a mail, as Mailgun does.
    pub async fn webhook(&self, event: &str) -> StatusCode {
        self.webhook_by(WEBHOOK_KEY, event).await
    }

    pub async fn webhook_by(&self, key: &str, event: &str) -> StatusCode {
        let (timestamp, token) = (self.world.now().timestamp().to_string(), "a".repeat(50));
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        let tag = hmac::sign(&key, format!("{timestamp}{token}").as_bytes());
        let tag: Vec<String> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let tag = tag.concat();
        let body = format!(
            r#"{{"signature":{{"timestamp":"{timestamp}","token":"{token}","signature":"{tag}"}},
                "event-data":{event}}}"#
        );
        let url = self.base.join("/mailgun").unwrap();
        client().post(url).body(body).send().await.unwrap().status()
    }
}

/// The key that the settings of `serve` name.
pub fn key() -> String {
    format!("k1:{}", "A".repeat(43))
}

/// The target that is somebody's confirmed address, in a database that a service may run on.
pub async fn confirmed_address(pool: &PgPool, now: DateTime<Utc>) -> TargetId {
    let keys: Keys = key().parse().expect("a key");
    let identity =
        Identity { platform: Platform::Console, workspace: String::new(), user: "ann".to_owned() };
    let mut tx = pool.begin().await.unwrap();
    let account =
        db::accounts::of_identity(&mut tx, &identity, AccountKind::Person, now).await.unwrap();
    let sealed = keys.seal(db::emails::cell(account), "ann@example.com").unwrap();
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO emails (account_id, digest, sealed, asked_at, verified_at)
         VALUES ($1, $2, $3, $4, $4) RETURNING id",
    )
    .bind(account.0)
    .bind(keys.digest(Subject::Address, "ann@example.com").to_vec())
    .bind(sealed)
    .bind(now)
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    let address = id.to_string();
    let target = db::accounts::target(&mut tx, account, Platform::Email, &address, now);
    let target = target.await.unwrap();
    tx.commit().await.unwrap();
    target
}

async fn pages(world: &World, keys: &Arc<Keys>) -> Url {
    let state = email::State {
        pool: world.pool.clone(),
        clock: world.base().clock,
        keys: Arc::clone(keys),
        mailgun: Some(WEBHOOK_KEY.to_owned().into()),
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let router = web::router(world.health(), None, None, Some(state), axum::Router::new());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(web::serve(listener, router, CancellationToken::new()));
    base
}

pub async fn post(url: &str) -> (StatusCode, String) {
    ask(Method::POST, url).await
}

pub async fn get(url: &str) -> (StatusCode, String) {
    ask(Method::GET, url).await
}

pub async fn ask(method: Method, url: &str) -> (StatusCode, String) {
    let request = client().request(method, url).body("List-Unsubscribe=One-Click");
    let mut answer = request.send().await.unwrap();
    let (status, mut body) = (answer.status(), Vec::new());
    while let Some(chunk) = answer.chunk().await.unwrap() {
        body.extend(chunk);
    }
    (status, String::from_utf8_lossy(&body).into_owned())
}

pub fn client() -> reqwest::Client {
    earlybrd::http::for_operator("test").unwrap()
}
