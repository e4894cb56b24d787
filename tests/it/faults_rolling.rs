//! Replicas that are replaced one after the other, as a deployment does, while people ask for pages.

use std::sync::Mutex;
use std::time::Duration;

use earlybrd::http;
use reqwest::{Client, StatusCode};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

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
    let homes = [(); 2].map(|()| Home::new().with_database(&database.url()));
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
    let (answers, (), ()) = tokio::join!(asking, looking, rolling);
    let bad: Vec<_> = answers.iter().filter(|it| **it != Ok(StatusCode::OK)).collect();
    assert!(bad.is_empty(), "{} of {}: {:?}", bad.len(), answers.len(), &bad[..bad.len().min(5)]);
    assert!(answers.len() > 100, "{}", answers.len());
}
