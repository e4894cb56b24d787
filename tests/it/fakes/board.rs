//! A board on loopback that answers what the test sets and remembers what it was asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::routing::any;
use tokio::net::TcpListener;
use url::Url;

/// What the board answers.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

struct Inner {
    answer: Answer,
    /// Answers for addresses that contain a text, before the one for all.
    special: Vec<(&'static str, Answer)>,
    requests: Vec<HeaderMap>,
    addresses: Vec<String>,
    posted: Vec<String>,
}

/// The board.
#[derive(Clone)]
pub struct FakeBoard {
    inner: Arc<Mutex<Inner>>,
    pub url: Url,
}

impl FakeBoard {
    /// Starts with an empty feed.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let url = Url::parse(&format!("http://{address}/feed")).expect("an address");
        let answer = Answer { status: 200, headers: Vec::new(), body: Vec::new() };
        let board = Self {
            inner: Arc::new(Mutex::new(Inner {
                answer,
                special: Vec::new(),
                requests: Vec::new(),
                addresses: Vec::new(),
                posted: Vec::new(),
            })),
            url,
        };
        board.show(&[]);
        let router = Router::new().fallback(any(reply)).with_state(board.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        board
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn answer(&self, answer: Answer) {
        self.inner().answer = answer;
    }

    pub fn status(&self, status: u16, headers: &[(&'static str, &str)]) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.answer(Answer { status, headers, body: Vec::new() });
    }

    pub fn body(&self, body: impl Into<Vec<u8>>) {
        self.answer(Answer { status: 200, headers: Vec::new(), body: body.into() });
    }

    /// What addresses that contain this text answer from now on; their host is a part of them.
    pub fn answer_at(&self, part: &'static str, answer: Answer) {
        let mut inner = self.inner();
        inner.special.retain(|(known, _)| *known != part);
        inner.special.push((part, answer));
    }

    pub fn body_at(&self, part: &'static str, body: impl Into<Vec<u8>>) {
        self.answer_at(part, Answer { status: 200, headers: Vec::new(), body: body.into() });
    }

    /// Path and query of all requests so far.
    pub fn addresses(&self) -> Vec<String> {
        self.inner().addresses.clone()
    }

    /// Bodies of the requests that were no GET.
    pub fn posted(&self) -> Vec<String> {
        self.inner().posted.clone()
    }

    /// Shows a feed with these items.
    pub fn show(&self, items: &[Item<'_>]) {
        self.body(feed(items));
    }

    /// Headers of all requests so far.
    pub fn requests(&self) -> Vec<HeaderMap> {
        self.inner().requests.clone()
    }
}

async fn reply(
    State(board): State<FakeBoard>,
    (method, uri): (Method, Uri),
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    let mut inner = board.inner();
    if method != Method::GET {
        inner.posted.push(body);
    }
    let address = uri.to_string();
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let whole = format!("{host}{address}");
    let special = inner.special.iter().find(|(part, _)| whole.contains(part));
    let answer = special.map_or(&inner.answer, |(_, answer)| answer).clone();
    inner.requests.push(headers);
    inner.addresses.push(address);
    let Answer { status, headers, body } = answer;
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).expect("a sound answer")
}

/// One item of a feed; parts that are empty are left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Item<'a> {
    pub guid: &'a str,
    pub link: &'a str,
    pub title: &'a str,
    pub date: &'a str,
    pub body: &'a str,
}

impl<'a> Item<'a> {
    /// With a guid that is its title.
    pub fn titled(title: &'a str) -> Self {
        Self { guid: title, title, ..Self::default() }
    }
}

/// An RSS feed.
pub fn feed(items: &[Item<'_>]) -> String {
    let mut feed =
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>t</title>".to_owned();
    for item in items {
        feed.push_str("<item>");
        let parts = [
            ("guid", item.guid),
            ("link", item.link),
            ("title", item.title),
            ("pubDate", item.date),
            ("description", item.body),
        ];
        for (name, text) in parts {
            if !text.is_empty() {
                let text = text.replace('&', "&amp;").replace('<', "&lt;");
                feed.extend(["<", name, ">", &text, "</", name, ">"]);
            }
        }
        feed.push_str("</item>");
    }
    feed + "</channel></rss>"
}
