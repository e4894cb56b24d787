//! Faults 1 and 2: a process dies at each of the six points between a claim and its settlement, another one comes.

use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use earlybrd::db;
use earlybrd::domain::account::{AccountKind, Identity};
use earlybrd::domain::target::Platform;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::process::binary::{Home, PATIENCE};
use crate::server::TestDatabase;

const POINTS: [&str; 6] = ["claimed", "loaded", "begun", "sent", "settling", "settled"];

/// Numbers of the deliveries that arrived.
type Ledger = Arc<Mutex<Vec<i64>>>;

fn number(delivery: &Value) -> i64 {
    delivery["delivery"].as_i64().unwrap()
}

async fn accept(State(ledger): State<Ledger>, Json(sent): Json<Value>) -> String {
    ledger.lock().unwrap().push(number(&sent));
    "1".to_owned()
}

#[derive(serde::Deserialize)]
struct Asked {
    delivery: i64,
}

async fn find(
    State(ledger): State<Ledger>,
    Query(asked): Query<Asked>,
) -> Result<&'static str, StatusCode> {
    let is_there = ledger.lock().unwrap().contains(&asked.delivery);
    is_there.then_some("1").ok_or(StatusCode::NOT_FOUND)
}

/// The far side of a replica of `earlybrd-chaos`.
async fn open() -> (Ledger, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let ledger = Ledger::default();
    let router = Router::new().route("/send", post(accept)).route("/find", get(find));
    let router = router.with_state(Arc::clone(&ledger));
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    (ledger, url)
}

/// How often one message arrived, of which a process died on the way.
async fn dies_at(point: &str, platform: Platform) -> usize {
    let (database, (ledger, url)) = (TestDatabase::new().await, open().await);
    let pool = db::connect(&database.url(), 2).await.unwrap();
    let now = db::server_time(&pool).await.unwrap();
    let identity = Identity { platform, workspace: String::new(), user: "ann".to_owned() };
    db::in_tx(&pool, async |tx| {
        let account = db::accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
        let target = db::accounts::target(tx, account, platform, "ann", now).await?;
        db::deliveries::queue_notices(tx, &[(target, "hello".to_owned())], now).await
    })
    .await
    .unwrap();
    let home = Home::of(env!("CARGO_BIN_EXE_earlybrd-chaos")).with_database(&database.url());
    let replica = ["replica", "--ledger", url.as_str()];
    let doomed = [&replica[..], &["--die-at", point, "--nth", "1"]].concat();
    let ended = home.start(&doomed).wait().await;
    assert!(!ended.success, "{point}: it lives");
    // As if the time of its lease had gone by.
    let later = "UPDATE targets SET lease_until = lease_until - interval '1 min'
                 WHERE lease_until IS NOT NULL";
    sqlx::query(later).execute(&pool).await.unwrap();
    let next = home.start(&replica);
    let sent = async {
        let sent = "SELECT count(*) FROM deliveries WHERE state = 'sent'";
        while sqlx::query_scalar::<_, i64>(sent).fetch_one(&pool).await.unwrap() < 1 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, sent).await.unwrap_or_else(|_| panic!("{point}: it is lost"));
    next.terminate().await;
    let arrived = ledger.lock().unwrap().clone();
    assert!(arrived.iter().all(|it| *it == arrived[0]), "{point}: {arrived:?}");
    arrived.len()
}

/// The chat page stands for a platform that can be asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_death_at_any_point_loses_no_message_and_doubles_none() {
    let deaths = stream::iter(POINTS.map(|point| dies_at(point, Platform::Playground)));
    // All at once would take every connection that the server has.
    let arrived: Vec<usize> = Box::pin(deaths.buffered(2).collect()).await;
    assert_eq!(arrived, [1; 6]);
}

/// Nobody can be asked of mail: what is not written down is sent again, under its number.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_comes_twice_only_from_a_death_behind_its_sending() {
    let arrived = ["begun", "sent"].map(|point| dies_at(point, Platform::Email));
    assert_eq!(join_all(arrived).await, [1, 2]);
}
