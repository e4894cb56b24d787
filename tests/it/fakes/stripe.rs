//! A Stripe: prices, customers, pages to pay on, subscriptions, a portal, webhooks; strict about what it takes.

mod forms;
mod serve;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use axum::Router;
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use crate::server::setting;

pub const KEY: &str = "sk_test_1";
pub const SECRET: &str = "whsec_1";

/// The version that is asked for: events and answers have its shapes.
const VERSION: &str = "2026-09-30.endive";

/// Stripe's descriptions; `None` where they are not at hand, which CI does not allow.
static CONTRACT: LazyLock<Option<(Value, Value)>> = LazyLock::new(|| {
    let Some(folder) = setting("EARLYBRD_CONTRACTS") else {
        assert!(setting("CI").is_none(), "CI must set EARLYBRD_CONTRACTS");
        without_contract();
        return None;
    };
    let read = |name: &str| {
        let text = std::fs::read_to_string(format!("{folder}/stripe/{name}")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let params = read("stripe_create_params_from_stripe-node.schema.json");
    Some((params, read("fixtures3.json")))
});

#[expect(clippy::print_stderr, reason = "whoever runs the tests must know what they do not show")]
fn without_contract() {
    eprintln!(
        "EARLYBRD_CONTRACTS is not set: Stripe's objects are empty, and requests are not checked"
    );
}

/// An object of Stripe's as it is today.
pub fn fixture(name: &str) -> Value {
    let Some((_, all)) = CONTRACT.as_ref() else { return json!({}) };
    let found = all["resources"][name].clone();
    assert!(found.is_object(), "there is no {name} among Stripe's objects");
    found
}

/// What is answered under a key from then on.
struct Kept {
    wish: Value,
    answer: (u16, String),
}

#[derive(Default)]
struct Inner {
    kept: BTreeMap<String, Kept>,
    /// Pages, with what was wished for.
    sessions: Vec<(Value, Value)>,
    customers: BTreeSet<String>,
    prices: BTreeSet<String>,
    /// With the order in which they were made.
    subscriptions: BTreeMap<String, (u32, Value)>,
    charges: BTreeMap<String, Value>,
    /// What the next calls are answered instead.
    troubles: VecDeque<(u16, String)>,
    /// So with those for a page to pay on.
    at_checkout: VecDeque<(u16, String)>,
    complaints: Vec<String>,
    number: u32,
}

impl Inner {
    fn next(&mut self) -> u32 {
        self.number += 1;
        self.number
    }
}

type Shared = Arc<Mutex<Inner>>;

fn lock(shared: &Shared) -> MutexGuard<'_, Inner> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The stand-in. Dropped, it says what was asked of it that Stripe would not take.
pub struct FakeStripe {
    shared: Shared,
    pub url: Url,
}

impl Drop for FakeStripe {
    fn drop(&mut self) {
        let complaints = std::mem::take(&mut self.inner().complaints);
        assert!(complaints.is_empty() || std::thread::panicking(), "{complaints:#?}");
    }
}

impl FakeStripe {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let shared = Shared::default();
        lock(&shared).prices.extend(["price_pro", "price_team"].map(str::to_owned));
        let router = Router::new().fallback(serve::called).with_state(Arc::clone(&shared));
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { shared, url }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.shared)
    }

    /// The next call is answered so.
    pub fn trouble(&self, status: u16, body: &str) {
        self.inner().troubles.push_back((status, body.to_owned()));
    }

    /// The next wish for a page to pay on is answered so.
    pub fn trouble_at_checkout(&self, status: u16, body: &str) {
        self.inner().at_checkout.push_back((status, body.to_owned()));
    }

    /// The pages that people were sent to.
    pub fn sessions(&self) -> Vec<Value> {
        self.inner().sessions.iter().map(|(_, session)| session.clone()).collect()
    }

    /// What was wished for with each of them.
    pub fn wishes(&self) -> Vec<Value> {
        self.inner().sessions.iter().map(|(wish, _)| wish.clone()).collect()
    }

    /// Somebody paid on a page of another product's.
    pub fn add_page(&self, page: Value) {
        self.inner().sessions.push((Value::Null, page));
    }

    /// Somebody pays on a page: its subscription, and the event that tells of it.
    pub fn pay(&self, session: &str) -> (String, Value) {
        let mut inner = self.inner();
        let number = inner.next();
        let (sub, customer) = (format!("sub_{number}"), format!("cus_{number}"));
        let found = inner.sessions.iter_mut().find(|(_, it)| it["id"] == session);
        let (params, found) = found.expect("a page");
        assert_eq!(found["status"], "open", "nobody pays on this page any more");
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
        inner.customers.insert(customer);
        inner.subscriptions.insert(sub.clone(), (number, made));
        drop(inner);
        (sub, self.event("checkout.session.completed", &told))
    }

    /// Nobody pays on a page any more.
    pub fn expire(&self, session: &str) {
        let mut inner = self.inner();
        let found = inner.sessions.iter_mut().find(|(_, it)| it["id"] == session);
        found.expect("a page").1["status"] = json!("expired");
    }

    /// A subscription becomes this.
    pub fn set(&self, id: &str, name: &str, value: Value) -> Value {
        let mut inner = self.inner();
        let (_, subscription) = inner.subscriptions.get_mut(id).expect("a subscription");
        subscription[name] = value;
        subscription.clone()
    }

    pub fn add(&self, id: &str, subscription: Value) {
        let mut inner = self.inner();
        let number = inner.next();
        inner.customers.extend(subscription["customer"].as_str().map(str::to_owned));
        inner.subscriptions.insert(id.to_owned(), (number, subscription));
    }

    pub fn get(&self, id: &str) -> Value {
        self.inner().subscriptions.get(id).map(|(_, it)| it.clone()).unwrap_or_default()
    }

    /// A customer has paid; the dispute about it, as Stripe tells of it.
    pub fn dispute(&self, charge: &str, customer: &Value) -> Value {
        let mut made = fixture("charge");
        made["id"] = json!(charge);
        made["customer"] = customer.clone();
        self.inner().charges.insert(charge.to_owned(), made);
        let mut dispute = fixture("dispute");
        dispute["id"] = json!(format!("dp_{charge}"));
        dispute["charge"] = json!(charge);
        dispute
    }

    /// A price becomes one of Stripe's, or is none any more.
    pub fn price(&self, id: &str, there: bool) {
        let mut inner = self.inner();
        if there {
            inner.prices.insert(id.to_owned())
        } else {
            inner.prices.remove(id)
        };
    }

    /// Stripe knows it no more.
    pub fn forget(&self, id: &str) {
        self.inner().subscriptions.remove(id);
    }

    /// A customer is deleted, which ends what they have; the event that tells of it.
    pub fn delete_customer(&self, id: &str) -> Value {
        let mut inner = self.inner();
        assert!(inner.customers.remove(id), "no such customer");
        for (_, subscription) in inner.subscriptions.values_mut() {
            if subscription["customer"] == id {
                subscription["status"] = json!("canceled");
            }
        }
        drop(inner);
        let mut customer = fixture("customer");
        customer["id"] = json!(id);
        self.event("customer.deleted", &customer)
    }

    pub fn event(&self, kind: &str, object: &Value) -> Value {
        let number = self.inner().next();
        let mut event = fixture("event");
        event["id"] = json!(format!("evt_{number}"));
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
