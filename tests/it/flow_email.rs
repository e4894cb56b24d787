//! E-mail: nothing before a yes, nothing after a no, and what the chat does not take.

use std::sync::Arc;
use std::time::Duration;

use earlybrd::clock::Clock;
use earlybrd::commands::{self, Actor, Context};
use earlybrd::db;
use earlybrd::domain::delivery::Verdict;
use earlybrd::domain::email::Sender;
use earlybrd::domain::message::{Kind, Message};
use earlybrd::domain::reply::{Press, Reply};
use earlybrd::domain::target::{Platform, Target};
use earlybrd::email::{self, EmailPlatform};
use earlybrd::mail::{Mail, Memory, Transport};
use earlybrd::messenger::Messenger;
use earlybrd::secrets::{Keys, Link, Purpose};
use earlybrd::web;
use earlybrd::workers::gather::Gather;
use reqwest::StatusCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::commands::check;
use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::messenger::{Failure, FakeMessenger};
use crate::fakes::smtp::{Act, Stage};
use crate::faults_mail::plain;
use crate::world::{World, drain};

const WEBHOOK_KEY: &str = "webhook-key";

struct Post {
    world: World,
    board: FakeBoard,
    keys: Arc<Keys>,
    mail: Arc<EmailPlatform>,
    context: Context,
    actor: Actor,
    /// Where the pages are.
    base: Url,
}

impl Post {
    async fn new() -> Self {
        let world = World::new().await;
        let board = FakeBoard::start().await;
        world.board("b", &board.url).await;
        world.poll().await;
        let keys: Keys = format!("k1:{}", "A".repeat(43)).parse().expect("a key");
        let keys = Arc::new(keys);
        let base = pages(&world, &keys).await;
        let (pool, clock) = (world.pool.clone(), clock(&world));
        let from: Sender = "earlybrd <jobs@earlybrd.example>".parse().expect("a sender");
        let mail = Mail { from, transport: Transport::Memory(Memory::default()) };
        let public_url = base.clone();
        let mail =
            Arc::new(EmailPlatform { mail, keys: Arc::clone(&keys), pool, clock, public_url });
        let person = world.person("ann").await;
        let mut context = world.context();
        context.mail_keys = Some(Arc::clone(&keys));
        let actor = Actor::alone(person.account, person.target);
        Self { world, board, keys, mail, context, actor, base }
    }

    fn mails(&self) -> Vec<String> {
        match &self.mail.mail.transport {
            Transport::Memory(memory) => memory.mails(),
            Transport::Smtp(_) | Transport::Folder(_) => Vec::new(),
        }
    }

    async fn say(&self, line: &str) -> Reply {
        commands::say(&self.context, self.actor, line).await
    }

    async fn deliver(&self) {
        let chat: Arc<dyn Messenger> = Arc::<FakeMessenger>::clone(&self.world.messenger);
        let mail: Arc<dyn Messenger> = Arc::<EmailPlatform>::clone(&self.mail);
        let base = self.world.base();
        for _ in 0..2 {
            drain(&mut Gather { base: base.clone() }).await;
            drain(&mut self.world.sender_of(Arc::clone(&chat))).await;
            drain(&mut self.world.sender_of(Arc::clone(&mail))).await;
        }
    }

    async fn show(&self, titles: &[&str]) {
        let items: Vec<Item<'_>> = titles.iter().map(|title| Item::titled(title)).collect();
        self.board.show(&items);
        self.world.poll_again().await;
        self.world.match_all().await;
        self.deliver().await;
    }

    async fn confirmed(&self) -> String {
        self.say("email Ann@Example.com").await;
        self.deliver().await;
        let id = self.world.count("SELECT max(id) FROM emails").await;
        let link = self.link_of("verify", id);
        assert_eq!(post(&link).await, StatusCode::OK);
        link
    }

    fn link(&self, page: &str) -> String {
        self.link_of(page, 1)
    }

    fn link_of(&self, page: &str, id: i64) -> String {
        let purpose = if page == "verify" { Purpose::Verify } else { Purpose::Unsubscribe };
        let expires = (page == "verify").then(|| self.world.now() + chrono::TimeDelta::hours(1));
        let token = self.keys.sign(Link { purpose, id, expires });
        self.base.join(&format!("/{page}?token={token}")).unwrap().into()
    }
}

fn clock(world: &World) -> Arc<dyn Clock> {
    world.base().clock
}

async fn pages(world: &World, keys: &Arc<Keys>) -> Url {
    let state = email::State {
        pool: world.pool.clone(),
        clock: clock(world),
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

async fn post(url: &str) -> StatusCode {
    client().post(url).body("List-Unsubscribe=One-Click").send().await.unwrap().status()
}

async fn get(url: &str) -> (StatusCode, String) {
    let mut answer = client().get(url).send().await.unwrap();
    let (status, mut body) = (answer.status(), Vec::new());
    while let Some(chunk) = answer.chunk().await.unwrap() {
        body.extend(chunk);
    }
    (status, String::from_utf8_lossy(&body).into_owned())
}

fn client() -> reqwest::Client {
    earlybrd::http::for_operator("test").unwrap()
}

#[tokio::test]
async fn an_address_is_written_to_after_its_yes_and_stands_nowhere_in_the_clear() {
    let here = Post::new().await;
    check(&here.say("watch cook email").await, "No address of yours is confirmed");
    check(&here.say("email Ann@Example.com").await, "A mail is on its way to Ann@example.com");
    here.deliver().await;
    let mails = here.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("Is this your address?") && mails[0].contains("To: Ann@example.com"));
    assert!(!mails[0].contains("List-Unsubscribe"), "nobody subscribed yet");
    let (status, page) = get(&here.link("verify")).await;
    assert!(status == StatusCode::OK && page.contains("Yes, write to me"));
    check(&here.say("to 1 email").await, "no filter 1");
    check(&here.say("email").await, "No address of yours");
    assert_eq!(post(&here.link("verify")).await, StatusCode::OK);
    check(&here.say("email").await, "Your address is Ann@example.com");
    check(&here.say("email ann@example.COM").await, "is confirmed already");

    let shown = here.say("watch cook email").await;
    let save = shown.buttons.iter().find(|button| button.label == "Save").unwrap();
    let Press::Act(action) = save.press else { panic!("{save:?}") };
    check(&commands::press(&here.context, here.actor, action).await, "is saved");
    here.show(&["Head Cook"]).await;
    let mails = here.mails();
    assert!(mails.last().unwrap().contains("Subject: Head Cook"), "{mails:?}");
    assert!(mails.last().unwrap().contains("List-Unsubscribe: <http"));
    check(&here.say("to 1 here").await, "come here from now on");
    here.show(&["Sous Cook"]).await;
    assert_eq!(here.world.sent(), ["ann: Sous Cook"]);
    let dump = "SELECT count(*) FROM (SELECT e::text AS it FROM emails e UNION ALL
                SELECT t::text FROM targets t UNION ALL SELECT d::text FROM deliveries d) rows
                WHERE it ILIKE '%example.com%' OR it ILIKE '%' || encode('example.com', 'hex') || '%'";
    assert_eq!(here.world.count(dump).await, 0);
}

#[tokio::test]
async fn links_that_are_not_ours_too_old_or_for_something_else_do_nothing() {
    let here = Post::new().await;
    here.say("email ann@example.com").await;
    here.deliver().await;
    let (verify, other) = (here.link("verify"), here.link("unsubscribe"));
    let token = other.split('=').next_back().unwrap();
    let swapped = here.base.join(&format!("/verify?token={token}")).unwrap();
    for bad in [swapped.as_str(), &verify[..verify.len() - 2], &format!("{}/verify", here.base)] {
        assert!(post(bad).await.is_client_error(), "{bad}");
    }
    here.world.clock.advance(Duration::from_hours(2));
    let (status, page) = get(&verify).await;
    assert!(status == StatusCode::BAD_REQUEST && page.contains("too old"), "{page}");
    assert_eq!(post(&verify).await, StatusCode::BAD_REQUEST);
    let confirmed = "SELECT count(*) FROM emails WHERE verified_at IS NOT NULL";
    assert_eq!(here.world.count(confirmed).await, 0);
}

#[tokio::test]
async fn nobody_is_asked_for_a_yes_again_and_again() {
    let here = Post::new().await;
    for _ in 0..3 {
        check(&here.say("email ann@example.com").await, "is on its way");
    }
    check(&here.say("email ann@example.com").await, "several times today");
    let other = here.world.person("bob").await;
    let bob = Actor::alone(other.account, other.target);
    let said = commands::say(&here.context, bob, "email ANN@example.com").await;
    check(&said, "several times today");
    here.deliver().await;
    assert_eq!(here.mails().len(), 3);
    here.world.clock.advance(Duration::from_hours(25));
    check(&here.say("email ann@example.com").await, "is on its way");
}

#[tokio::test]
async fn what_the_chat_does_not_take_comes_by_mail_with_the_reason_and_once() {
    let here = Post::new().await;
    here.confirmed().await;
    here.world.filter(person(&here), "cook").await;
    let why = "its direct messages are closed".to_owned();
    here.world.messenger.fail(Failure::Verdict(Verdict::Gone { why }));
    here.show(&["Cook one"]).await;
    let mails = here.mails();
    assert_eq!(mails.len(), 2, "the question, and the card");
    let plain = mails[1].replace("=\r\n", "");
    assert!(plain.contains("Cook one") && plain.contains("direct messages are closed"), "{plain}");
    here.show(&["Cook two"]).await;
    assert_eq!(here.mails().len(), 3, "as long as the chat is gone");
    check(&here.say("list").await, "Cards come here again.");
    here.show(&["Cook three"]).await;
    assert_eq!(here.world.sent(), ["ann: Cook three"], "and nothing that went by mail");
    assert_eq!(here.mails().len(), 3);
    assert_eq!(here.world.count("SELECT count(*) FROM owed WHERE state = 'told'").await, 3);
}

#[tokio::test]
async fn without_an_address_it_waits_for_the_chat() {
    let here = Post::new().await;
    here.world.filter(person(&here), "cook").await;
    let why = "closed".to_owned();
    here.world.messenger.fail(Failure::Verdict(Verdict::Gone { why }));
    here.show(&["Cook one"]).await;
    here.show(&["Cook two", "Cook one"]).await;
    assert!(here.world.sent().is_empty() && here.mails().is_empty());
    check(&here.say("list").await, "2 postings that waited come now, in one message");
    here.deliver().await;
    assert_eq!(here.world.sent(), ["ann: Cook two", "ann: Cook one"], "a digest");
}

fn person(here: &Post) -> crate::world::Person {
    crate::world::Person { account: here.actor.account, target: here.actor.target }
}

#[tokio::test]
async fn a_no_ends_what_is_queued_and_a_new_yes_begins_anew() {
    let here = Post::new().await;
    here.confirmed().await;
    here.world.filter(person(&here), "cook").await;
    check(&here.say("to 1 email").await, "come by e-mail from now on");
    here.board.show(&[Item::titled("Cook one")]);
    here.world.poll_again().await;
    here.world.match_all().await;
    let (status, page) = get(&here.link("unsubscribe")).await;
    assert!(status == StatusCode::OK && page.contains("Yes, end them"));
    assert_eq!(post(&here.link("unsubscribe")).await, StatusCode::OK);
    here.deliver().await;
    assert_eq!(here.mails().len(), 1, "the question alone");
    check(&here.say("list").await, "Nothing reaches you in e-mail: you ended mails");
    assert_eq!(post(&here.link("unsubscribe")).await, StatusCode::OK, "again is fine");
    here.confirmed().await;
    here.deliver().await;
    assert_eq!(here.mails().len(), 3, "a second question, and what waited");
}

#[tokio::test]
async fn a_bounce_or_a_complaint_ends_mails_for_ever() {
    let here = Post::new().await;
    here.confirmed().await;
    let event = |kind: &str| {
        format!(
            r#""event-data":{{"event":"{kind}","severity":"permanent","reason":"bounce",
               "recipient":"ann@example.com","delivery-status":{{"code":550,"message":"no such mailbox"}},
               "message":{{"headers":{{"message-id":"x@y"}}}}}}"#
        )
    };
    let send = async |body: String| {
        let url = here.base.join("/mailgun").unwrap();
        client().post(url).body(body).send().await.unwrap().status()
    };
    let sign = |key: &str, event: &str| {
        let (timestamp, token) = (here.world.now().timestamp().to_string(), "a".repeat(50));
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.as_bytes());
        let tag = ring::hmac::sign(&key, format!("{timestamp}{token}").as_bytes());
        let tag: Vec<String> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let tag = tag.concat();
        format!(
            r#"{{"signature":{{"timestamp":"{timestamp}","token":"{token}","signature":"{tag}"}},{event}}}"#
        )
    };
    let failed = event("failed");
    assert_eq!(send(sign("guessed", &failed)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(send("{}".to_owned()).await, StatusCode::BAD_REQUEST);
    check(&here.say("email").await, "Your address is");
    for _ in 0..2 {
        assert_eq!(send(sign(WEBHOOK_KEY, &failed)).await, StatusCode::OK);
    }
    check(&here.say("email").await, "No address of yours");
    check(&here.say("email ann@example.com").await, "came back, or its owner complained");
    assert_eq!(send(sign(WEBHOOK_KEY, &event("opened"))).await, StatusCode::OK, "not ours to use");
    assert_eq!(db::emails::of_account(&here.world.pool, here.actor.account).await.unwrap(), None);
}

/// Fault 48.
#[tokio::test]
async fn a_host_that_refuses_us_rests_for_all_who_are_there() {
    let post = Post::new().await;
    post.confirmed().await;
    let (smtp, mail) = plain().await;
    let (pool, clock) = (post.world.pool.clone(), clock(&post.world));
    let (keys, public_url) = (Arc::clone(&post.keys), post.base.clone());
    let strict = EmailPlatform { mail, keys, pool, clock, public_url };
    let id = post.world.count("SELECT id FROM targets WHERE platform = 'email'").await;
    let (account, platform) = (post.actor.account, Platform::Email);
    let target = Target { id: id.into(), account, platform, address: String::new() };
    let message = Message {
        delivery: 7.into(),
        created: post.world.now(),
        kind: Kind::Cards,
        instead: None,
        notice: Some("hello".to_owned()),
        about: None,
        cards: Vec::new(),
    };
    smtp.at(Stage::Rcpt, Act::Say("550 5.7.1 blocked"));
    let asked = || smtp.commands().iter().filter(|line| line.starts_with("RCPT")).count();
    assert!(matches!(strict.send(&target, &message).await, Err(Verdict::Retry { .. })));
    let rests = strict.send(&target, &message).await;
    assert!(matches!(rests, Err(Verdict::Limited { after: Some(_), .. })), "{rests:?}");
    assert_eq!(asked(), 1);
    let suppressed = "SELECT count(*) FROM suppressed";
    assert_eq!(post.world.count(suppressed).await, 0, "the address is good");
    post.world.clock.advance(Duration::from_mins(61));
    strict.send(&target, &message).await.unwrap();
    assert_eq!((asked(), smtp.mails().len()), (2, 1));
}
