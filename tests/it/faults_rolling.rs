//! Replicas that are replaced one after the other, as a deployment does, while people ask for pages and messages
//! are sent; and one that is told to stop twice.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use earlybrd::domain::ids::TargetId;
use earlybrd::{db, http};
use futures_util::future::join_all;
use reqwest::{Client, RequestBuilder, StatusCode};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::fakes::slack::{FakeSlack, TOKEN};
use crate::fakes::smtp::{Act, FakeSmtp, Setup, Stage};
use crate::fakes::stripe::{FakeStripe, KEY, SECRET, signed};
use crate::hall::{ANN, Hall};
use crate::office::{SECRET as SIGNING_SECRET, install, signed_now};
use crate::post::{confirmed_address, key};
use crate::process::binary::{Home, Running, seconds, until};
use crate::server::{TestDatabase, setting};

/// Replicas; two are replaced at a time.
const PLACES: usize = 4;

/// Replicas that are replaced in all, where nobody wants more (docs/reliability.md).
const RESTARTS: usize = 4;

/// Places for replicas, and which of them get requests.
struct Balancer {
    crowd: Crowd,
    bases: [Mutex<Option<String>>; PLACES],
    ready: [Mutex<bool>; PLACES],
}

impl Balancer {
    fn base(&self, place: usize) -> String {
        let base = self.bases[place].lock().unwrap().clone();
        base.unwrap_or_else(|| "http://127.0.0.1:9".to_owned())
    }

    fn is_ready(&self, place: usize) -> bool {
        *self.ready[place].lock().unwrap()
    }

    /// Looks who is ready, as balancers do.
    async fn look(&self) {
        for place in 0..PLACES {
            let asked = self.crowd.client.get(format!("{}/readyz", self.base(place))).send().await;
            *self.ready[place].lock().unwrap() = asked.is_ok_and(|it| it.status().is_success());
        }
    }

    async fn looks_until(&self, done: &CancellationToken) {
        while !done.is_cancelled() {
            self.look().await;
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The n-th request: to a replica that was ready when it was looked at; to another if the connection is
    /// refused, and never again once it was taken.
    async fn request(&self, nth: usize) -> Result<StatusCode, String> {
        let mut last = "nobody is ready".to_owned();
        for place in (0..PLACES).map(|offset| (nth + offset) % PLACES) {
            if !self.is_ready(place) {
                continue;
            }
            match self.crowd.request(&self.base(place), nth).send().await {
                Err(error) if error.is_connect() => last = error.to_string(),
                answered => return answered.map(|it| it.status()).map_err(|it| format!("{it:?}")),
            }
        }
        Err(last)
    }
}

/// Everybody who asks: a balancer, a browser, people in two chats, and far sides that tell something.
struct Crowd {
    client: Client,
    cookie: String,
    discord: Ed25519KeyPair,
}

impl Crowd {
    /// How many kinds of requests there are; the last is an event of Stripe's.
    const KINDS: usize = 7;

    fn request(&self, base: &str, nth: usize) -> RequestBuilder {
        let get = |path| self.client.get(format!("{base}{path}")).header("cookie", &self.cookie);
        let post = |path| self.client.post(format!("{base}{path}"));
        match nth % Self::KINDS {
            0 => get("/livez"),
            1 => get("/playground"),
            2 => get("/playground/boards"),
            3 => {
                let line =
                    format!("team_id=T1&user_id=U1&channel_id=D1&text=list&trigger_id={nth}");
                signed_now(post("/slack/commands"), "application/x-www-form-urlencoded", line)
            }
            4 => {
                let event = json!({ "type": "channel_archive", "channel": "C1" });
                let event = json!({ "type": "event_callback", "team_id": "T1", "event": event,
                                    "event_id": format!("Ev{nth}"), "event_time": seconds() });
                signed_now(post("/slack/events"), "application/json", event.to_string())
            }
            5 => {
                let command = Hall::payload(2, ANN, Hall::command("help", &[]));
                let (at, body) = (seconds().to_string(), command.to_string());
                let signature = self.discord.sign(format!("{at}{body}").as_bytes());
                let request = post("/discord/interactions").header("x-signature-timestamp", at);
                request.header("x-signature-ed25519", hex(signature.as_ref())).body(body)
            }
            _ => {
                let event = json!({ "id": format!("evt_{nth}"), "type": "radar.told" }).to_string();
                let signature = signed(SECRET, seconds(), &event);
                post("/stripe/webhook").header("stripe-signature", signature).body(event)
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Starts the replica of a place and waits for its address.
async fn start<'a>(home: &'a Home, balancer: &Balancer, place: usize, nth: usize) -> Running<'a> {
    let running = home.start(&["serve"]);
    let heard = || {
        let said = home.stderr();
        Some(said.split("listening on ").nth(nth)?.split_whitespace().next()?.to_owned())
    };
    until("the pages", || heard().is_some()).await;
    *balancer.bases[place].lock().unwrap() = Some(format!("http://{}", heard().unwrap()));
    running
}

/// Starts all of them, and opens the chat page.
async fn start_all(homes: &[Home], crowd: Crowd) -> (Balancer, Vec<Option<Running<'_>>>) {
    let mut balancer = Balancer { crowd, bases: Default::default(), ready: Default::default() };
    let started = homes.iter().enumerate().map(|(place, home)| start(home, &balancer, place, 1));
    let running = join_all(started).await.into_iter().map(Some).collect();
    let page = balancer.crowd.client.get(format!("{}/playground", balancer.base(0)));
    let page = page.send().await.unwrap();
    let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    cookie.clone_into(&mut balancer.crowd.cookie);
    balancer.look().await;
    (balancer, running)
}

/// Stops a replica and starts another one in its place, for the n-th time.
async fn replace<'a>(
    (home, running): (&'a Home, Running<'a>),
    balancer: &Balancer,
    (place, nth): (usize, usize),
) -> Running<'a> {
    let ended = running.terminate().await;
    assert!(ended.success, "{}", ended.stderr);
    let running = start(home, balancer, place, nth + 1).await;
    until("the new replica", || balancer.is_ready(place)).await;
    running
}

/// Fault 8.
#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_costs_nobody_an_answer() {
    let restarts = setting("EARLYBRD_TEST_RESTARTS").map_or(RESTARTS, |it| it.parse().unwrap());
    let (database, slack, stripe) =
        (TestDatabase::new().await, FakeSlack::start().await, FakeStripe::start().await);
    let mails = tempfile::tempdir().unwrap();
    let url = format!("file://{}", mails.path().display());
    let discord = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let key = hex(discord.public_key().as_ref());
    let homes = [(); PLACES].map(|()| with_chats(home(&database, &url), &slack, &stripe, &key));
    let pool = db::connect(&database.url(), 2).await.unwrap();
    let now = db::server_time(&pool).await.unwrap();
    let target = confirmed_address(&pool, now).await;
    install(&pool, now, "T1", TOKEN).await;
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = http::for_operator("test").unwrap();
    let crowd = Crowd { client, cookie: String::new(), discord };
    let (balancer, mut running) = start_all(&homes, crowd).await;
    let done = CancellationToken::new();
    let asking = async {
        let mut answers = Vec::new();
        while !done.is_cancelled() {
            answers.push(balancer.request(answers.len()).await);
            sleep(Duration::from_millis(3)).await;
        }
        answers
    };
    let writing = async {
        let mut queued = 0_usize;
        while !done.is_cancelled() {
            queue(&pool, target).await;
            queued += 1;
            sleep(Duration::from_millis(10)).await;
        }
        queued
    };
    let rolling = async {
        for restart in (0..restarts).step_by(2) {
            let nth = restart / PLACES + 1;
            let places = [restart % PLACES, (restart + 1) % PLACES];
            let replaced = places.map(|place| {
                let running = running[place].take().unwrap();
                replace((&homes[place], running), &balancer, (place, nth))
            });
            for (place, new) in places.into_iter().zip(join_all(replaced).await) {
                running[place] = Some(new);
            }
        }
        done.cancel();
    };
    let (answers, (), queued, ()) =
        tokio::join!(asking, balancer.looks_until(&done), writing, rolling);
    let is_good = |it: &Result<StatusCode, String>| it.as_ref().is_ok_and(StatusCode::is_success);
    let bad: Vec<_> = answers.iter().enumerate().filter(|(_, it)| !is_good(it)).collect();
    assert!(bad.is_empty(), "{} of {}: {:?}", bad.len(), answers.len(), &bad[..bad.len().min(5)]);
    assert!(answers.len() > 100, "{}", answers.len());
    let kept = count(&pool, "SELECT count(*) FROM stripe_events").await;
    assert_eq!(usize::try_from(kept).unwrap(), answers.len() / Crowd::KINDS);
    all_were_sent(&pool, mails.path(), queued).await;
}

/// The same with a chat page, Slack, Discord and Stripe.
fn with_chats(home: Home, slack: &FakeSlack, stripe: &FakeStripe, discord: &str) -> Home {
    [
        ("EARLYBRD_PLAYGROUND", "on"),
        ("SLACK_SIGNING_SECRET", SIGNING_SECRET),
        ("SLACK_CLIENT_ID", "1.2"),
        ("SLACK_CLIENT_SECRET", "client-secret"),
        ("SLACK_API_URL", slack.url.join("/").unwrap().as_str()),
        ("DISCORD_APP_ID", "12"),
        ("DISCORD_TOKEN", "bot-token-1"),
        ("DISCORD_API_URL", "http://127.0.0.1:9"),
        ("DISCORD_PUBLIC_KEY", discord),
        ("STRIPE_API_URL", stripe.url.as_str()),
        ("STRIPE_SECRET_KEY", KEY),
        ("STRIPE_WEBHOOK_SECRET", SECRET),
        ("STRIPE_PRICE_PRO", "price_pro"),
    ]
    .into_iter()
    .fold(home, |home, (name, value)| home.setting(name, value))
}

/// Each of them once, and none was cut off.
async fn all_were_sent(pool: &PgPool, mails: &Path, queued: usize) {
    while count(pool, "SELECT count(*) FROM deliveries WHERE state <> 'sent'").await > 0 {
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(std::fs::read_dir(mails).unwrap().count(), queued);
    let cut = "SELECT count(*) FROM deliveries WHERE doubt_since IS NOT NULL OR attempts <> 1";
    assert_eq!(count(pool, cut).await, 0, "no send was cut off");
}

/// A service on this database whose mail goes there.
fn home(database: &TestDatabase, mail: &str) -> Home {
    Home::new()
        .with_database(&database.url())
        .setting("EARLYBRD_MAIL_URL", mail)
        .setting("EARLYBRD_MAIL_FROM", "alerts@example.com")
        .setting("EARLYBRD_KEYS", &key())
        .setting("EARLYBRD_PUBLIC_URL", "https://jobs.example.com")
}

async fn queue(pool: &PgPool, target: TargetId) {
    let notice = [(target, "hello".to_owned())];
    let now = db::server_time(pool).await.unwrap();
    db::in_tx(pool, async |tx| db::deliveries::queue_notices(tx, &notice, now).await)
        .await
        .unwrap();
}

async fn count(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_service_whose_send_hangs() {
    let database = TestDatabase::new().await;
    let smtp = FakeSmtp::start(Setup::default()).await;
    smtp.at(Stage::Dot, Act::Hang);
    let home = home(&database, &format!("smtp://127.0.0.1:{}", smtp.port));
    let pool = db::connect(&database.url(), 1).await.unwrap();
    let now = db::server_time(&pool).await.unwrap();
    let target = confirmed_address(&pool, now).await;
    let running = home.start(&["serve"]);
    queue(&pool, target).await;
    until("a mail", || smtp.commands().iter().any(|line| line == "DATA")).await;
    running.signal_term();
    until("its word", || home.stderr().contains("another signal stops at once")).await;
    let asked = std::time::Instant::now();
    let ended = running.terminate().await;
    assert!(!ended.success && asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}
