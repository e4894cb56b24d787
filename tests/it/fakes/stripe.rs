//! A Stripe: prices, pages to pay on, subscriptions, a portal, webhooks; strict about what it takes.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use super::contract;
use crate::server::setting;

pub const KEY: &str = "sk_test_1";
pub const SECRET: &str = "whsec_1";
pub const PRICES: [(&str, &str); 2] = [("pro", "price_pro"), ("team", "price_team")];

/// Stripe's descriptions; `None` where they are not at hand, which CI does not allow.
static CONTRACT: LazyLock<Option<(Value, Value)>> = LazyLock::new(|| {
    let Some(folder) = setting("EARLYBRD_CONTRACTS") else {
        assert!(setting("CI").is_none(), "CI must set EARLYBRD_CONTRACTS");
        return None;
    };
    let read = |name: &str| {
        let text = std::fs::read_to_string(format!("{folder}/stripe/{name}")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let params = read("stripe_create_params_from_stripe-node.schema.json");
    Some((params, read("fixtures3.json")))
});

/// An object of Stripe's as it is today.
pub fn fixture(name: &str) -> Value {
    CONTRACT.as_ref().map_or_else(|| json!({}), |(_, all)| all["resources"][name].clone())
}

#[derive(Default)]
struct Inner {
    calls: Vec<String>,
    /// By their keys.
    sessions: BTreeMap<String, (Value, Value)>,
    subscriptions: BTreeMap<String, Value>,
    /// What the next calls are answered instead.
    troubles: Vec<(u16, &'static str)>,
    complaints: Vec<String>,
    number: u32,
}

/// The stand-in.
#[derive(Clone)]
pub struct FakeStripe {
    inner: Arc<Mutex<Inner>>,
    pub url: Url,
}

impl FakeStripe {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let stripe = Self { inner: Arc::default(), url };
        let router = Router::new().fallback(called).with_state(stripe.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        stripe
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next call is answered so.
    pub fn trouble(&self, status: u16, body: &'static str) {
        self.inner().troubles.push((status, body));
    }

    /// Calls so far, as `POST checkout/sessions`.
    pub fn calls(&self) -> Vec<String> {
        let inner = self.inner();
        assert!(inner.complaints.is_empty(), "{:#?}", inner.complaints);
        inner.calls.clone()
    }

    /// The pages that people were sent to.
    pub fn sessions(&self) -> Vec<Value> {
        self.inner().sessions.values().map(|(_, session)| session.clone()).collect()
    }

    /// Somebody pays on a page: its subscription, and the event that tells of it.
    pub fn pay(&self, session: &str) -> (String, Value) {
        let mut inner = self.inner();
        inner.number += 1;
        let (sub, customer) = (format!("sub_{}", inner.number), format!("cus_{}", inner.number));
        let (params, found) =
            inner.sessions.values_mut().find(|(_, it)| it["id"] == session).expect("a page");
        let customer = found["customer"].as_str().map_or(customer, str::to_owned);
        found["status"] = json!("complete");
        found["subscription"] = json!(sub);
        found["customer"] = json!(customer);
        let told = found.clone();
        let mut made = fixture("subscription");
        made["id"] = json!(sub);
        made["customer"] = json!(customer);
        made["status"] = json!("active");
        made["cancel_at"] = Value::Null;
        made["cancel_at_period_end"] = json!(false);
        made["metadata"] = params["subscription_data"]["metadata"].clone();
        made["items"] = json!({ "object": "list", "data": [{ "id": "si_1",
            "current_period_end": 1_800_000_000, "quantity": 1,
            "price": { "id": params["line_items"][0]["price"] } }] });
        inner.subscriptions.insert(sub.clone(), made);
        drop(inner);
        (sub, self.event("checkout.session.completed", &told))
    }

    /// A subscription becomes this.
    pub fn set(&self, id: &str, name: &str, value: Value) -> Value {
        let mut inner = self.inner();
        let subscription = inner.subscriptions.get_mut(id).expect("a subscription");
        subscription[name] = value;
        subscription.clone()
    }

    pub fn add(&self, id: &str, subscription: Value) {
        self.inner().subscriptions.insert(id.to_owned(), subscription);
    }

    pub fn get(&self, id: &str) -> Value {
        self.inner().subscriptions.get(id).cloned().unwrap_or_default()
    }

    /// Stripe knows it no more.
    pub fn forget(&self, id: &str) {
        self.inner().subscriptions.remove(id);
    }

    pub fn event(&self, kind: &str, object: &Value) -> Value {
        let mut inner = self.inner();
        inner.number += 1;
        let mut event = fixture("event");
        event["id"] = json!(format!("evt_{}", inner.number));
        event["type"] = json!(kind);
        event["data"] = json!({ "object": object });
        event["api_version"] = json!("2019-01-01");
        event
    }
}

/// The header of a webhook.
pub fn signed(secret: &str, at: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
    let hex: Vec<String> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={}", hex.concat())
}

async fn called(State(stripe): State<FakeStripe>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let path = head.uri.path().trim_start_matches("/v1/").to_owned();
    let query = form(head.uri.query().unwrap_or_default().as_bytes());
    stripe.inner().calls.push(format!("{} {path}", head.method));
    let trouble = {
        let mut inner = stripe.inner();
        let first = !inner.troubles.is_empty();
        first.then(|| inner.troubles.remove(0))
    };
    let (status, answer) = if let Some((status, body)) = trouble {
        (status, body.to_owned())
    } else {
        let call = (head.method.as_str(), path.as_str());
        let (status, answer) = stripe.serve(call, &head.headers, &form(&body), &query);
        (status, answer.to_string())
    };
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Body::from(answer)).expect("an answer")
}

fn refuse(status: u16, kind: &str) -> (u16, Value) {
    (status, json!({ "error": { "type": kind, "message": "refused" } }))
}

impl FakeStripe {
    fn serve(
        &self,
        (method, path): (&str, &str),
        headers: &HeaderMap,
        form: &Value,
        query: &Value,
    ) -> (u16, Value) {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if header("authorization") != Some(&format!("Bearer {KEY}")) {
            return refuse(401, "invalid_request_error");
        }
        let mut inner = self.inner();
        if header("stripe-version").is_none_or(str::is_empty) {
            inner.complaints.push(format!("{method} {path}: the version is not pinned"));
        }
        let parts: Vec<&str> = path.split('/').collect();
        match (method, parts.as_slice()) {
            ("POST", ["checkout", "sessions"]) => {
                let Some(key) = header("idempotency-key") else {
                    inner.complaints.push("a page to pay on without a key".to_owned());
                    return refuse(400, "idempotency_error");
                };
                if let Err(wrong) = fits("Checkout.SessionCreateParams", form) {
                    inner.complaints.push(wrong);
                    return refuse(400, "invalid_request_error");
                }
                open(&mut inner, key, form)
            }
            ("GET", ["checkout", "sessions", id]) => {
                let found = inner.sessions.values().find(|(_, session)| session["id"] == *id);
                found.map_or_else(
                    || refuse(404, "invalid_request_error"),
                    |(_, session)| (200, session.clone()),
                )
            }
            ("POST", ["billing_portal", "sessions"]) => {
                if let Err(wrong) = fits("BillingPortal.SessionCreateParams", form) {
                    inner.complaints.push(wrong);
                }
                let mut session = fixture("billing_portal.session");
                let customer = form["customer"].as_str().unwrap_or_default();
                session["url"] = json!(format!("https://billing.stripe.test/{customer}"));
                (200, session)
            }
            ("GET", ["subscriptions", id]) => match inner.subscriptions.get(*id) {
                Some(found) => (200, found.clone()),
                None => refuse(404, "invalid_request_error"),
            },
            ("GET", ["subscriptions"]) => (200, page(&inner, query)),
            ("DELETE", ["subscriptions", id]) => match inner.subscriptions.get_mut(*id) {
                Some(found) => {
                    found["status"] = json!("canceled");
                    (200, found.clone())
                }
                None => refuse(404, "invalid_request_error"),
            },
            _ => refuse(404, "invalid_request_error"),
        }
    }
}

/// Two to a page, so that there are more.
fn page(inner: &Inner, query: &Value) -> Value {
    let after = query["starting_after"].as_str().unwrap_or_default();
    let is_wanted =
        |found: &&Value| query["customer"].is_null() || found["customer"] == query["customer"];
    let all: Vec<&Value> = inner.subscriptions.values().filter(is_wanted).collect();
    let rest: Vec<&Value> =
        all.into_iter().filter(|found| found["id"].as_str() > Some(after)).collect();
    json!({ "object": "list", "data": rest.iter().take(2).collect::<Vec<_>>(),
            "has_more": rest.len() > 2 })
}

fn open(inner: &mut Inner, key: &str, form: &Value) -> (u16, Value) {
    if let Some((params, session)) = inner.sessions.get(key) {
        let same = params == form;
        return if same { (200, session.clone()) } else { refuse(400, "idempotency_error") };
    }
    let price = form["line_items"][0]["price"].as_str().unwrap_or_default();
    if !PRICES.iter().any(|(_, known)| *known == price) {
        return refuse(400, "invalid_request_error");
    }
    inner.number += 1;
    let id = format!("cs_{}", inner.number);
    let mut session = fixture("checkout.session");
    session["id"] = json!(id);
    session["url"] = json!(format!("https://checkout.stripe.test/c/{id}?a=1&b=<2>#x"));
    session["client_reference_id"] = form["client_reference_id"].clone();
    session["metadata"] = form["metadata"].clone();
    session["customer"] = form["customer"].clone();
    session["subscription"] = Value::Null;
    session["status"] = json!("open");
    inner.sessions.insert(key.to_owned(), (form.clone(), session.clone()));
    (200, session)
}

fn fits(name: &str, form: &Value) -> Result<(), String> {
    let Some((document, _)) = CONTRACT.as_ref() else { return Ok(()) };
    let schema = &document["definitions"][name];
    assert!(schema.is_object(), "no such schema");
    contract::check(document, schema, &typed(form), name)
}

/// Forms hold texts only: what Stripe reads as something else is that.
fn typed(form: &Value) -> Value {
    match form {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let value = match (name.as_str(), value.as_str()) {
                    ("quantity", Some(text)) => json!(text.parse::<u64>().unwrap()),
                    ("allow_promotion_codes" | "enabled", Some(text)) => json!(text == "true"),
                    _ => typed(value),
                };
                (name.clone(), value)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(typed).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => form.clone(),
    }
}

/// `a[b][0]=c` as `{"a": {"b": ["c"]}}`.
fn form(body: &[u8]) -> Value {
    let mut whole = json!({});
    for (name, value) in url::form_urlencoded::parse(body) {
        let path: Vec<&str> = name.split(['[', ']']).filter(|part| !part.is_empty()).collect();
        let mut at = &mut whole;
        for part in path {
            at = if let Ok(index) = part.parse::<usize>() {
                if !at.is_array() {
                    *at = json!([]);
                }
                let items = at.as_array_mut().expect("an array");
                if items.len() <= index {
                    items.resize(index + 1, Value::Null);
                }
                &mut items[index]
            } else {
                if !at.is_object() {
                    *at = json!({});
                }
                at.as_object_mut().expect("an object").entry(part).or_insert(Value::Null)
            };
        }
        *at = json!(value);
    }
    whole
}
