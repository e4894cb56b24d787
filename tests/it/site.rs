//! The chat page as a browser sees it.

use std::net::SocketAddr;
use std::sync::Arc;

use earlybrd::clock::Clock;
use earlybrd::commands::Context;
use earlybrd::domain::ids::AccountId;
use earlybrd::domain::target::Platform;
use earlybrd::messenger::Messenger;
use earlybrd::playground::{Place, Playground, State};
use earlybrd::workers::edit_cards::EditCards;
use earlybrd::{http, web};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::fakes::board::FakeBoard;
use crate::world::{World, drain};

pub struct Site {
    pub world: World,
    pub address: SocketAddr,
    pub client: Client,
    pub changes: broadcast::Sender<Option<AccountId>>,
}

/// One browser with its cookie.
pub struct Browser<'a> {
    pub site: &'a Site,
    pub cookie: String,
}

impl Site {
    pub async fn start() -> Self {
        Self::start_behind(None).await
    }

    pub async fn start_behind(public_url: Option<Url>) -> Self {
        Self::start_in(World::new().await, public_url).await
    }

    pub async fn start_in(world: World, public_url: Option<Url>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock: Arc<dyn Clock> = Arc::<crate::world::TestClock>::clone(&world.clock);
        let context = Context::new(world.pool.clone(), clock, world.fetcher());
        let changes = broadcast::Sender::new(8);
        let place = Place { listen: address, public_url: public_url.as_ref() };
        let stop = CancellationToken::new();
        let state = State::new(context, place, changes.clone(), stop.clone());
        let health = world.health();
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(web::serve(
            listener,
            web::router(health, None, Some(state), None, axum::Router::new()),
            stop,
        ));
        let client = http::for_operator("test").unwrap();
        Self { world, address, client, changes }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub async fn browser(&self) -> Browser<'_> {
        let page = self.request(Method::GET, "/playground").send().await.unwrap();
        let cookie = page.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("SameSite=Strict") && cookie.contains("HttpOnly"), "{cookie}");
        Browser { site: self, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    /// Boards "one" and "two", which were polled once and show nothing yet.
    pub async fn two_boards(&self) -> (FakeBoard, FakeBoard) {
        let (one, two) = (FakeBoard::start().await, FakeBoard::start().await);
        self.world.board("one", &one.url).await;
        self.world.board("two", &two.url).await;
        self.world.poll().await;
        (one, two)
    }

    /// The way of what boards show to the pages: polls, matches, delivers.
    pub async fn tell(&self) {
        self.world.poll_again().await;
        self.world.match_all().await;
        self.deliver().await;
    }

    /// Sends what is owed to pages.
    pub async fn deliver(&self) {
        let (pool, clock) = (self.world.pool.clone(), self.world.base().clock);
        let messenger: Arc<dyn Messenger> = Arc::new(Playground { pool, clock });
        drain(&mut self.world.sender_of(messenger)).await;
        self.changes.send(None).ok();
    }

    pub async fn edit(&self) {
        let platforms = vec![Platform::Playground];
        drain(&mut EditCards { base: self.world.base(), platforms }).await;
        self.deliver().await;
    }
}

impl Browser<'_> {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.site.request(method, path).header("cookie", &self.cookie)
    }

    pub fn post(&self, path: &str, body: &serde_json::Value) -> RequestBuilder {
        let origin = format!("http://{}", self.site.address);
        self.request(Method::POST, path)
            .header("origin", origin)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    pub async fn say(&self, text: &str) {
        let answer = self.post("/playground/say", &json!({ "text": text })).send().await.unwrap();
        self.site.changes.send(None).ok();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{text}");
    }

    pub async fn press(&self, action: &str) {
        let body = json!({ "action": action });
        let answer = self.post("/playground/press", &body).send().await.unwrap();
        self.site.changes.send(None).ok();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{action}");
    }

    /// Saves a filter as a person does: looks at what it would have sent, then presses the button.
    pub async fn watch(&self, filter: &str) {
        self.say(&format!("watch {filter}")).await;
        let shown = self.read("0", "save:").await;
        let draft = shown.split("save:").nth(1).unwrap().split('"').next().unwrap();
        self.press(&format!("save:{draft}")).await;
    }

    /// Reads the stream from an id on until `enough` is there; gives all that came.
    pub async fn read(&self, last: &str, enough: &str) -> String {
        let stream = self.request(Method::GET, "/playground/stream").header("last-event-id", last);
        Self::until(stream, enough).await
    }

    /// The same as a page does that knows nothing yet.
    pub async fn read_anew(&self, enough: &str) -> String {
        Self::until(self.request(Method::GET, "/playground/stream"), enough).await
    }

    pub async fn until(stream: RequestBuilder, enough: &str) -> String {
        let mut stream = stream.send().await.unwrap();
        let mut text = String::new();
        while !text.contains(enough) {
            let chunk = stream.chunk().await.unwrap();
            text.push_str(&String::from_utf8_lossy(&chunk.expect("the stream goes on")));
        }
        text
    }
}
