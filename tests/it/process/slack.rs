//! `earlybrd serve` and a Slack, as nobody but settings brings them together.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::binary::{Home, until};
use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::slack::{FakeSlack, TOKEN, shown, value_of};
use crate::office::{SECRET, said, signed_now, trigger};
use crate::server::TestDatabase;

async fn home(board: &FakeBoard, database: &TestDatabase) -> Home {
    let home = Home::new().with_board(&board.url).with_database(&database.url());
    let migrated = home.start(&["migrate"]).wait().await;
    assert!(migrated.success, "{}", migrated.stderr);
    home
}

/// The stand-in's host, as a person would give it.
fn host(slack: &FakeSlack) -> String {
    slack.url.join("/").unwrap().to_string()
}

/// The service's own address, and who calls it as Slack and browsers do.
struct Caller {
    at: SocketAddr,
    client: Client,
}

impl Caller {
    async fn send(&self, path: &str, pairs: &[(&str, &str)]) -> Response {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(pairs).finish();
        let request = self.client.post(format!("http://{}{path}", self.at));
        let kind = "application/x-www-form-urlencoded";
        signed_now(request, kind, body).send().await.unwrap()
    }

    async fn get(&self, path: &str, cookie: &str) -> Response {
        let url = format!("http://{}{path}", self.at);
        self.client.get(url).header("cookie", cookie).send().await.unwrap()
    }

    /// Goes to Slack and comes back.
    async fn installs(&self) {
        let sent = self.get("/slack/install", "").await;
        let of = |name: &str| sent.headers()[name].to_str().unwrap().to_owned();
        let asked: url::Url = of("location").parse().unwrap();
        let state = asked.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let cookie = of("set-cookie").split(';').next().unwrap().to_owned();
        let back = self.get(&format!("/slack/callback?state={state}&code=good1"), &cookie).await;
        assert_eq!(back.headers()["location"], "/slack/installed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_installs_the_app_takes_commands_and_brings_cards() {
    let (slack, board) = (FakeSlack::start().await, FakeBoard::start().await);
    let database = TestDatabase::empty().await;
    let at = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let home = home(&board, &database)
        .await
        .setting("EARLYBRD_LISTEN", &at.to_string())
        .setting("EARLYBRD_PUBLIC_URL", "https://jobs.example.com")
        .setting("EARLYBRD_KEYS", &format!("k1:{}", "A".repeat(43)))
        .setting("SLACK_SIGNING_SECRET", SECRET)
        .setting("SLACK_CLIENT_ID", "1.2")
        .setting("SLACK_CLIENT_SECRET", "client-secret")
        .setting("SLACK_API_URL", &host(&slack));
    let running = home.start(&["serve"]);
    until("the port", || TcpStream::connect(at).is_ok()).await;
    let caller = Caller { at, client: earlybrd::http::for_operator("test").unwrap() };
    caller.installs().await;
    until("the welcome", || !slack.posted().is_empty()).await;
    let typed = [
        ("team_id", "T9"),
        ("user_id", "U7"),
        ("channel_id", "D7"),
        ("command", "/jobs"),
        ("text", "watch rust"),
        ("trigger_id", "1.2"),
        ("response_url", &slack.response_url()),
    ];
    let preview = said(caller.send("/slack/commands", &typed).await).await;
    until("the preview", || !preview.is_empty() || !slack.responses().is_empty()).await;
    let preview: Value = if preview.is_empty() {
        slack.responses().remove(0)
    } else {
        serde_json::from_str(&preview).unwrap()
    };
    let save = value_of(&preview["blocks"], "Save").unwrap();
    let press = json!({
        "type": "block_actions", "team": { "id": "T9" }, "user": { "id": "U7" },
        "channel": { "id": "D7" }, "container": { "type": "message", "is_ephemeral": true },
        "trigger_id": trigger(), "response_url": slack.response_url(),
        "actions": [{ "type": "button", "action_id": "press:1", "value": save }],
    });
    caller.send("/slack/interactivity", &[("payload", &press.to_string())]).await;
    let is_saved = |said: &Value| shown(&said["blocks"]).contains("Filter 1 is saved");
    until("the answer", || slack.responses().iter().any(is_saved)).await;
    board.show(&[Item::titled("Rust Engineer")]);
    until("the card", || slack.shown().contains("Rust Engineer")).await;
    assert!(slack.posted().iter().all(|posted| posted.channel == "D7"));
    assert!(running.terminate().await.success, "{}", home.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_answers_over_a_connection_that_it_opened_and_doctor_says_that_it_would() {
    let (slack, board) = (FakeSlack::start().await, FakeBoard::start().await);
    let database = TestDatabase::empty().await;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    slack.socket_at(&format!("ws://{}/link?ticket=1", listener.local_addr().unwrap()));
    let home = home(&board, &database)
        .await
        .setting("SLACK_BOT_TOKEN", TOKEN)
        .setting("SLACK_APP_TOKEN", "xapp-1")
        .setting("SLACK_API_URL", &host(&slack));
    let doctor = home.start(&["doctor"]).wait().await;
    let found = format!("{}{}", doctor.stdout, doctor.stderr);
    assert!(found.contains("Slack: the tokens are good, for One"), "{found}");
    let running = home.start(&["serve"]);
    let accepted = tokio::time::timeout(super::binary::PATIENCE, listener.accept()).await;
    let (stream, _) = accepted.expect("a connection").unwrap();
    let mut line = tokio_tungstenite::accept_async(stream).await.unwrap();
    let asked = json!({
        "envelope_id": "e1", "type": "slash_commands", "accepts_response_payload": true,
        "payload": { "team_id": "T1", "user_id": "U1", "channel_id": "D1", "command": "/jobs",
                     "text": "help", "trigger_id": "1.2", "response_url": slack.response_url() },
    });
    line.send(Message::text(asked.to_string())).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_mins(1), async {
        loop {
            if let Message::Text(text) = line.next().await.unwrap().unwrap() {
                return serde_json::from_str::<Value>(&text).unwrap();
            }
        }
    });
    let answer = answer.await.expect("an answer");
    assert_eq!(answer["envelope_id"], "e1");
    let is_help = |said: &Value| shown(&said["blocks"]).contains("watch");
    until("help", || is_help(&answer["payload"]) || slack.responses().iter().any(is_help)).await;
    assert!(running.terminate().await.success, "{}", home.stderr());
    // A token that is dead is said by doctor in words.
    slack.revoke(TOKEN);
    let doctor = home.start(&["doctor"]).wait().await;
    let found = format!("{}{}", doctor.stdout, doctor.stderr);
    assert!(found.contains("token_revoked") && !doctor.success, "{found}");
}
