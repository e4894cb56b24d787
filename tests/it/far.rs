//! A service without an address, and the gateway of a Discord, whose side the test plays.

use std::time::Duration;

use earlybrd::config::{DiscordConfig, DiscordGateway};
use earlybrd::discord::{Discord, Gateway, Patience};
use earlybrd::http;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::fakes::discord::{FakeDiscord, TOKEN};
use crate::world::World;

pub type Line = WebSocketStream<TcpStream>;

/// Short, so that tests are.
pub const HASTY: Patience = Patience {
    lease: Duration::from_millis(600),
    look: Duration::from_millis(10),
    open: Duration::from_secs(5),
    silence: Duration::from_mins(1),
    beat: Duration::from_millis(20),
    ended: Duration::from_millis(10),
};

/// A service without an address, the REST side of a Discord, and its gateway.
pub struct Far {
    pub world: World,
    pub discord: FakeDiscord,
    pub listener: TcpListener,
    pub url: Url,
}

/// A replica that keeps the connection.
pub struct Replica {
    pub stop: CancellationToken,
    pub running: JoinHandle<()>,
}

impl Replica {
    pub async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

impl Far {
    pub async fn new() -> Self {
        let world = World::new().await;
        let discord = FakeDiscord::start(&world.clock).await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = Url::parse(&format!("ws://{}", listener.local_addr().unwrap())).unwrap();
        Self { world, discord, listener, url }
    }

    pub fn start(&self, patience: Patience) -> Replica {
        self.start_at(DiscordGateway::At(self.url.clone()), patience)
    }

    /// The same, with a gateway that may have to be asked for.
    pub fn start_at(&self, gateway: DiscordGateway, patience: Patience) -> Replica {
        let config = DiscordConfig {
            api: self.discord.url.clone(),
            app_id: "12".to_owned(),
            token: TOKEN.into(),
            public_key: None,
            gateway,
        };
        let ours = Discord::new(&config, http::for_operator("test").unwrap());
        let desk = ours.desk(self.world.context(), TaskTracker::new());
        let gateway = Gateway { patience, ..ours.gateway(desk).unwrap() };
        let stop = CancellationToken::new();
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        let running = tokio::spawn(gateway.run(stop.clone()));
        Replica { stop, running }
    }

    /// The next connection, after hello.
    pub async fn connected(&self) -> Line {
        self.connected_with(3_600_000).await
    }

    pub async fn connected_with(&self, interval: u64) -> Line {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut line = tokio_tungstenite::accept_async(stream).await.unwrap();
        says(&mut line, json!({ "op": 10, "d": { "heartbeat_interval": interval } })).await;
        line
    }

    /// A connection whose session begins, and goes on at this address.
    pub async fn begun(&self, resume: &str) -> Line {
        self.begun_with(&json!(resume)).await
    }

    /// The same, with whatever it says of where the session goes on.
    pub async fn begun_with(&self, resume: &Value) -> Line {
        self.world.clock.advance(Duration::from_mins(1));
        let mut line = self.connected().await;
        let identify = hears(&mut line).await;
        assert_eq!(identify["op"], 2, "{identify}");
        assert_eq!(identify["d"]["token"], TOKEN);
        assert_eq!(identify["d"]["intents"], 1 | 1 << 12);
        let ready =
            json!({ "v": 10, "session_id": "s1", "resume_gateway_url": resume, "user": {} });
        says(&mut line, json!({ "op": 0, "t": "READY", "s": 1, "d": ready })).await;
        line
    }

    /// What is said first over the next connection; sessions may be begun again in between.
    pub async fn next(&self) -> (Line, Value) {
        self.world.clock.advance(Duration::from_mins(1));
        let mut line = self.connected().await;
        let said = hears(&mut line).await;
        (line, said)
    }
}

pub async fn says(line: &mut Line, said: Value) {
    line.send(Message::text(said.to_string())).await.unwrap();
}

/// The next thing that is said, and no heartbeat.
pub async fn hears(line: &mut Line) -> Value {
    loop {
        if let Message::Text(text) = line.next().await.unwrap().unwrap() {
            let said: Value = serde_json::from_str(&text).unwrap();
            if said["op"] != 1 {
                return said;
            }
        }
    }
}

/// The next thing on the connection, if it is text; heartbeats count.
pub async fn beats(line: &mut Line) -> Option<Value> {
    match line.next().await? {
        Ok(Message::Text(text)) => serde_json::from_str(&text).ok(),
        _ => None,
    }
}

pub async fn closed(mut line: Line) -> Option<u16> {
    while let Some(Ok(message)) = line.next().await {
        if let Message::Close(frame) = message {
            return frame.map(|frame| frame.code.into());
        }
    }
    None
}

pub fn event(seq: usize, name: &str, of: Value) -> Value {
    json!({ "op": 0, "t": name, "s": seq, "d": of })
}

pub async fn until(so: impl AsyncFn() -> bool) {
    let so = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), so).await.expect("it never became so");
}
