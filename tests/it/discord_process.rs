//! The service itself with Discord's settings, over either transport.

use earlybrd::http;
use reqwest::StatusCode;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::discord::{TOKEN, button, is_answer, shown};
use crate::far::{Far, event, hears, says, until};
use crate::hall::{ANN, Hall};
use crate::process::binary::{Home, seconds, until as until_here};
use crate::server::TestDatabase;

const RESUME: u64 = 6;
const IDENTIFY: u64 = 2;

fn home(far: &Far, board: &FakeBoard, database: &TestDatabase) -> Home {
    let home = Home::new().with_board(&board.url).with_database(&database.url());
    [
        ("DISCORD_APP_ID", "12"),
        ("DISCORD_TOKEN", TOKEN),
        ("DISCORD_API_URL", &far.discord.url.as_str().replace("/v10/", "")),
    ]
    .into_iter()
    .fold(home, |home, (name, value)| home.setting(name, value))
}

/// The service itself: a process that ends is followed by one that goes on, whatever its transport.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_goes_on_where_the_one_before_it_stood() {
    let far = Far::new().await;
    let database = TestDatabase::new().await;
    far.discord.gateway_at(&far.url);
    let board = FakeBoard::start().await;
    let home = home(&far, &board, &database);
    let idle = home.start(&["serve", "--roles", "web,poll,match,deliver"]);
    until_said(&home, "listening on").await;
    idle.terminate().await;
    let running = home.start(&["serve"]);
    let mut line = far.connected().await;
    assert_eq!(hears(&mut line).await["op"], IDENTIFY);
    let ready = json!({ "session_id": "s1", "resume_gateway_url": far.url.as_str() });
    says(&mut line, event(1, "READY", ready)).await;
    let command = Hall::payload(2, ANN, Hall::command("help", &[]));
    far.discord.issue(&command);
    says(&mut line, event(2, "INTERACTION_CREATE", command.clone())).await;
    until(async || far.discord.answered(&command).is_some()).await;
    running.terminate().await;
    let running = home.start(&["serve", "--roles", "gateway"]);
    let mut line = far.connected().await;
    let said = hears(&mut line).await;
    assert_eq!((&said["op"], &said["d"]["seq"]), (&json!(RESUME), &json!(2)));
    running.kill();
}

async fn until_said(home: &Home, text: &'static str) {
    until_here(text, || home.stderr().contains(text)).await;
}

/// What somebody types and presses reaches it as signed requests, and what they wait for reaches them.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_serves_signed_requests_and_delivers() {
    let far = Far::new().await;
    let database = TestDatabase::new().await;
    let board = FakeBoard::start().await;
    let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let hex =
        |bytes: &[u8]| bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let home = home(&far, &board, &database)
        .setting("DISCORD_PUBLIC_KEY", &hex(pair.public_key().as_ref()));
    let running = home.start(&["serve"]);
    until_said(&home, "listening on").await;
    let address = home.stderr().split("listening on ").nth(1).unwrap().to_owned();
    let address = address.split_whitespace().next().unwrap().to_owned();
    let client = http::for_operator("test").unwrap();
    let send = async |payload: &Value, signature: Option<&str>| {
        let at = seconds().to_string();
        let body = payload.to_string();
        let right = hex(pair.sign(format!("{at}{body}").as_bytes()).as_ref());
        let request = client.post(format!("http://{address}/discord/interactions"));
        let request = request.header("x-signature-timestamp", at).body(body);
        let signature = signature.unwrap_or(&right);
        request.header("x-signature-ed25519", signature).send().await.unwrap()
    };
    let ping = json!({ "type": 1, "id": "1", "application_id": "12" });
    assert_eq!(send(&ping, Some(&"00".repeat(64))).await.status(), StatusCode::UNAUTHORIZED);
    let answer = async |payload: Value| -> Value {
        far.discord.issue(&payload);
        let said = crate::office::said(send(&payload, None).await).await;
        let answer = serde_json::from_str(&said).unwrap();
        is_answer(&answer).unwrap();
        answer
    };
    assert_eq!(answer(ping).await, json!({ "type": 1 }));
    let watch = Hall::command("watch", &[("looks-for", "rust")]);
    let preview = answer(Hall::payload(2, ANN, watch)).await["data"].clone();
    let save = json!({ "component_type": 2, "custom_id": button(&preview, "Save").unwrap() });
    let mut payload = Hall::payload(3, ANN, save);
    payload["message"] = preview;
    assert!(shown(&answer(payload).await).contains("saved"));
    // The first poll of a board is its history.
    until_polled(&database, 1).await;
    board.show(&[Item::titled("Rust one")]);
    until(async || far.discord.posted().iter().any(|it| shown(&it.body).contains("Rust one")))
        .await;
    running.terminate().await;
    assert_eq!(far.discord.posted().iter().filter(|it| it.channel == "91").count(), 1);
}

async fn until_polled(database: &TestDatabase, times: i64) {
    let pool = earlybrd::db::connect(&database.url(), 1).await.unwrap();
    let polled = "SELECT count(*) FROM boards WHERE last_polled_at IS NOT NULL";
    until(async || {
        let polled: i64 = sqlx::query_scalar(polled).fetch_one(&pool).await.unwrap();
        polled >= times
    })
    .await;
}
