//! Replicas that are replaced one after the other, as a deployment does, while people ask for pages and messages
//! are sent; and one that is told to stop twice.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use earlybrd::domain::ids::TargetId;
use earlybrd::{db, http};
use reqwest::{Client, StatusCode};
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::fakes::smtp::{Act, FakeSmtp, Setup, Stage};
use crate::post::{confirmed_address, key};
use crate::process::binary::{Home, Running, until};
use crate::server::TestDatabase;

/// Replacements of each of the two replicas.
const ROUNDS: usize = 4;

/// Asked for by those who ask.
const PAGE: &str = "/livez";

/// Two places for replicas, and which of them get requests.
struct Balancer {
    client: Client,
    bases: [Mutex<Option<String>>; 2],
    ready: [Mutex<bool>; 2],
}

impl Balancer {
    fn base(&self, place: usize) -> Option<String> {
        self.bases[place].lock().unwrap().clone()
    }

    async fn ask(&self, place: usize, path: &str) -> reqwest::Result<StatusCode> {
        let base = self.base(place).unwrap_or_else(|| "http://127.0.0.1:9".to_owned());
        Ok(self.client.get(format!("{base}{path}")).send().await?.status())
    }

    /// Looks who is ready, as balancers do.
    async fn look(&self) {
        for place in 0..2 {
            let ready = self.ask(place, "/readyz").await.is_ok_and(|status| status.is_success());
            *self.ready[place].lock().unwrap() = ready;
        }
    }

    /// One request: to a replica that was ready when it was looked at; to the other if the connection is
    /// refused, and never again once it was taken.
    async fn request(&self, first: usize) -> Result<StatusCode, String> {
        let mut last = "nobody is ready".to_owned();
        for place in [first, 1 - first] {
            if !*self.ready[place].lock().unwrap() {
                continue;
            }
            match self.ask(place, PAGE).await {
                Err(error) if error.is_connect() => last = error.to_string(),
                answered => return answered.map_err(|error| format!("{error:?}")),
            }
        }
        Err(last)
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_costs_nobody_an_answer() {
    let database = TestDatabase::new().await;
    let mails = tempfile::tempdir().unwrap();
    let url = format!("file://{}", mails.path().display());
    let homes = [(); 2].map(|()| home(&database, &url));
    let pool = db::connect(&database.url(), 2).await.unwrap();
    let target = confirmed_address(&pool, db::server_time(&pool).await.unwrap()).await;
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = http::for_operator("test").unwrap();
    let balancer = Balancer { client, bases: Default::default(), ready: Default::default() };
    let mut running = Vec::new();
    for (place, home) in homes.iter().enumerate() {
        running.push(Some(start(home, &balancer, place, 1).await));
    }
    balancer.look().await;
    let done = CancellationToken::new();
    let asking = async {
        let (mut answers, mut turn) = (Vec::new(), 0);
        while !done.is_cancelled() {
            answers.push(balancer.request(turn % 2).await);
            turn += 1;
            sleep(Duration::from_millis(3)).await;
        }
        answers
    };
    let looking = async {
        while !done.is_cancelled() {
            balancer.look().await;
            sleep(Duration::from_millis(50)).await;
        }
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
        for round in 0..ROUNDS {
            for place in 0..2 {
                let ended = running[place].take().unwrap().terminate().await;
                assert!(ended.success, "{}", ended.stderr);
                running[place] = Some(start(&homes[place], &balancer, place, round + 2).await);
                let is_ready = || *balancer.ready[place].lock().unwrap();
                until("the new replica", is_ready).await;
            }
        }
        done.cancel();
    };
    let (answers, (), queued, ()) = tokio::join!(asking, looking, writing, rolling);
    let bad: Vec<_> = answers.iter().filter(|it| **it != Ok(StatusCode::OK)).collect();
    assert!(bad.is_empty(), "{} of {}: {:?}", bad.len(), answers.len(), &bad[..bad.len().min(5)]);
    assert!(answers.len() > 100, "{}", answers.len());
    all_were_sent(&pool, mails.path(), queued).await;
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
