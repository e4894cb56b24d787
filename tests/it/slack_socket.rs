//! Socket Mode: what comes over the connection, and connections that end in every way.

use std::sync::Arc;
use std::time::Duration;

use earlybrd::config::{OneWorkspace, SlackConfig};
use earlybrd::http;
use earlybrd::slack::{Slack, Socket};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fakes::slack::{FakeSlack, TOKEN, Trick, shown};
use crate::world::World;

const OPEN: &str = "apps.connections.open";

/// A service that keeps a connection, and the other side of it.
struct Line {
    world: World,
    slack: FakeSlack,
    listener: TcpListener,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Line {
    async fn new(silence: Duration) -> Self {
        let (world, slack) = (World::new().await, FakeSlack::start().await);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        slack.socket_at(&format!("ws://{}/link?ticket=1", listener.local_addr().unwrap()));
        let one = OneWorkspace { bot_token: TOKEN.into(), app_token: "xapp-1".into() };
        let config = SlackConfig { api: slack.url.clone(), app: None, one: Some(one) };
        let context = world.context();
        let ours = Slack::new(&config, http::for_operator("test").unwrap(), &context, None);
        let desk = ours.desk(context, TaskTracker::new());
        let socket = Socket { desk: Arc::clone(&desk), app_token: "xapp-1".into(), silence };
        let stop = CancellationToken::new();
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        let running = tokio::spawn(socket.run(stop.clone()));
        Self { world, slack, listener, stop, running }
    }

    async fn connected(&self) -> WebSocketStream<TcpStream> {
        let (stream, _) = self.listener.accept().await.unwrap();
        tokio_tungstenite::accept_async(stream).await.unwrap()
    }
}

async fn says(line: &mut WebSocketStream<TcpStream>, said: &Value) {
    line.send(Message::text(said.to_string())).await.unwrap();
}

/// The next thing that the service says of its own, and not about the connection.
async fn hears(line: &mut WebSocketStream<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = line.next().await.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

fn command(id: &str, trigger: &str, text: &str) -> Value {
    json!({
        "envelope_id": id,
        "type": "slash_commands",
        "accepts_response_payload": true,
        "payload": { "team_id": "T1", "user_id": "U1", "channel_id": "D1", "command": "/jobs",
                     "text": text, "trigger_id": trigger, "something": { "new": 1 } },
    })
}

fn message(id: &str) -> Value {
    let event = json!({ "type": "message", "channel_type": "im", "channel": "D1", "user": "U1",
                        "text": "remote rust", "ts": "1.1" });
    json!({
        "envelope_id": id,
        "type": "events_api",
        "payload": { "type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event },
    })
}

#[tokio::test]
async fn commands_and_events_come_over_the_connection_and_are_done_once() {
    let line = Line::new(Duration::from_mins(1)).await;
    let mut slack = line.connected().await;
    says(&mut slack, &json!({ "type": "hello", "num_connections": 1 })).await;
    says(&mut slack, &command("e1", "t1", "watch rust")).await;
    let answer = hears(&mut slack).await;
    assert_eq!(answer["envelope_id"], "e1");
    assert!(shown(&answer["payload"]["blocks"]).contains("rust"), "{answer}");
    slack.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    slack.send(Message::text("{")).await.unwrap();
    for id in ["e2", "e3"] {
        says(&mut slack, &message(id)).await;
        assert_eq!(hears(&mut slack).await, json!({ "envelope_id": id }));
    }
    says(&mut slack, &command("e4", "t1", "watch rust")).await;
    assert_eq!(hears(&mut slack).await, json!({ "envelope_id": "e4" }));
    assert_eq!(line.world.count("SELECT count(*) FROM accounts").await, 1);
    line.stop.cancel();
    line.running.await.unwrap();
    assert!(line.slack.posted().len() <= 1, "one event, one answer");
}

#[tokio::test]
async fn a_connection_that_slack_ends_is_followed_by_another_with_a_new_address() {
    let line = Line::new(Duration::from_mins(1)).await;
    line.slack.play(OPEN, Trick::Refuse("internal_error"));
    let mut slack = line.connected().await;
    says(&mut slack, &json!({ "type": "disconnect", "reason": "refresh_requested" })).await;
    let mut slack = line.connected().await;
    slack.send(Message::Close(None)).await.unwrap();
    let slack = line.connected().await;
    drop(slack);
    let mut slack = line.connected().await;
    slack.send(Message::Binary(vec![0, 159, 146, 150].into())).await.unwrap();
    slack.send(Message::text("no JSON")).await.unwrap();
    says(&mut slack, &command("e1", "t1", "list")).await;
    assert_eq!(hears(&mut slack).await["envelope_id"], "e1");
    assert!(line.slack.calls(OPEN).len() >= 4);
    assert!(line.slack.calls(OPEN).iter().all(|call| call.token.as_deref() == Some("xapp-1")));
}

/// The answer to what came over a connection that is gone goes to the address that came with it.
#[tokio::test]
async fn an_answer_that_the_connection_does_not_take_any_more_goes_elsewhere() {
    let line = Line::new(Duration::from_mins(1)).await;
    let mut slack = line.connected().await;
    line.slack.play("users.info", Trick::Late(Duration::from_millis(150)));
    let mut asked = command("e1", "t1", "list");
    asked["payload"]["response_url"] = json!(line.slack.response_url());
    says(&mut slack, &asked).await;
    says(&mut slack, &json!({ "type": "disconnect", "reason": "refresh_requested" })).await;
    let _next = line.connected().await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while line.slack.responses().is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "no answer");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(shown(&line.slack.responses()[0]["blocks"]).contains("no filters"));
}

#[tokio::test]
async fn a_connection_that_is_silent_is_asked_and_then_given_up() {
    let line = Line::new(Duration::from_millis(200)).await;
    let (silent, _) = line.listener.accept().await.unwrap();
    // It opens, and then nothing comes any more: what it is asked stays unread.
    let held = tokio_tungstenite::accept_async(silent).await.unwrap();
    let mut slack = line.connected().await;
    drop(held);
    says(&mut slack, &command("e1", "t1", "list")).await;
    assert_eq!(hears(&mut slack).await["envelope_id"], "e1");
}
