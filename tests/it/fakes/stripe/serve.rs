//! Stripe's API: what is asked, and what is answered.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};

use super::forms::{fits, form};
use super::{Inner, KEY, Kept, Shared, VERSION, fixture, lock};

type Answer = (u16, Value);

struct Call<'a> {
    method: &'a str,
    path: &'a str,
    headers: &'a HeaderMap,
    form: Value,
    query: Value,
}

impl Call<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

pub async fn called(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let call = Call {
        method: head.method.as_str(),
        path: head.uri.path().trim_start_matches("/v1/"),
        headers: &head.headers,
        form: form(&body),
        query: form(head.uri.query().unwrap_or_default().as_bytes()),
    };
    let mut inner = lock(&shared);
    let (status, answer) = under_its_key(&mut inner, &call);
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Body::from(answer)).expect("an answer")
}

/// What was answered under a key is answered again, errors of Stripe's own among it; a key belongs to one wish.
fn under_its_key(inner: &mut Inner, call: &Call<'_>) -> (u16, String) {
    let key = call.header("idempotency-key").map(str::to_owned);
    if let Some(kept) = key.as_ref().and_then(|key| inner.kept.get(key)) {
        if kept.wish == call.form {
            return kept.answer.clone();
        }
        let (status, answer) = refuse(400, "idempotency_error", None, None);
        return (status, answer.to_string());
    }
    let mut trouble = inner.troubles.pop_front();
    if (call.method, call.path) == ("POST", "checkout/sessions") {
        trouble = trouble.or_else(|| inner.at_checkout.pop_front());
    }
    let went_well = trouble.is_none();
    let answer = trouble.unwrap_or_else(|| {
        let (status, answer) = answer(inner, call);
        (status, answer.to_string())
    });
    // What was not begun, since it was no sound wish or others were at it, is not kept.
    if let Some(key) = key.filter(|_| answer.0 >= 500 || (went_well && answer.0 == 200)) {
        inner.kept.insert(key, Kept { wish: call.form.clone(), answer: answer.clone() });
    }
    answer
}

fn refuse(status: u16, kind: &str, code: Option<&str>, param: Option<&str>) -> Answer {
    let error = json!({ "type": kind, "code": code, "param": param, "message": "refused" });
    (status, json!({ "error": error }))
}

fn invalid(param: &str) -> Answer {
    refuse(400, "invalid_request_error", None, Some(param))
}

fn missing(status: u16, param: &str) -> Answer {
    refuse(status, "invalid_request_error", Some("resource_missing"), Some(param))
}

fn answer(inner: &mut Inner, call: &Call<'_>) -> Answer {
    if call.header("authorization") != Some(&format!("Bearer {KEY}")) {
        return refuse(401, "invalid_request_error", None, None);
    }
    if call.header("stripe-version") != Some(VERSION) {
        let version = call.header("stripe-version");
        inner.complaints.push(format!("{} {}: version {version:?}", call.method, call.path));
    }
    let parts: Vec<&str> = call.path.split('/').collect();
    let known: &[&str] = match (call.method, parts.as_slice()) {
        ("GET", ["subscriptions"]) => &["customer", "status", "limit", "starting_after"],
        _ => &[],
    };
    let unknown = |name: &&String| !known.contains(&name.as_str());
    if let Some(name) = call.query.as_object().and_then(|all| all.keys().find(unknown)) {
        inner.complaints.push(format!("{} {}: {name} is not known", call.method, call.path));
        return refuse(400, "invalid_request_error", Some("parameter_unknown"), Some(name));
    }
    match (call.method, parts.as_slice()) {
        ("POST", ["checkout", "sessions"]) => open(inner, call),
        ("GET", ["invoices", id]) => invoice(inner, id),
        ("GET", ["checkout", "sessions", id]) => {
            let found = inner.sessions.iter().find(|(_, session)| session["id"] == *id);
            found.map_or_else(|| missing(404, "session"), |(_, session)| (200, session.clone()))
        }
        ("POST", ["billing_portal", "sessions"]) => portal(inner, call),
        ("GET", ["charges", id]) => match inner.charges.get(*id) {
            Some(charge) => (200, charge.clone()),
            None => missing(404, "id"),
        },
        ("GET", ["prices", id]) if inner.prices.contains(*id) => {
            let mut price = fixture("price");
            price["id"] = json!(id);
            price["recurring"] = json!({ "interval": "month", "interval_count": 1 });
            (200, price)
        }
        ("GET", ["prices", _]) => missing(404, "price"),
        ("GET", ["billing_portal", "configurations"]) => {
            (200, json!({ "object": "list", "data": [{ "active": true, "is_default": true }] }))
        }
        ("GET", ["subscriptions", id]) => match inner.subscriptions.get(*id) {
            Some((_, found)) => (200, found.clone()),
            None => missing(404, "id"),
        },
        ("GET", ["subscriptions"]) => page(inner, &call.query),
        ("DELETE", ["subscriptions", id]) => match inner.subscriptions.get_mut(*id) {
            Some((_, found)) if found["status"] != "canceled" => {
                found["status"] = json!("canceled");
                (200, found.clone())
            }
            Some(_) | None => missing(404, "id"),
        },
        _ => refuse(404, "invalid_request_error", None, None),
    }
}

fn portal(inner: &mut Inner, call: &Call<'_>) -> Answer {
    if let Err(wrong) = fits("BillingPortal.SessionCreateParams", &call.form) {
        inner.complaints.push(wrong);
        return invalid("");
    }
    let customer = call.form["customer"].as_str().unwrap_or_default();
    if !inner.customers.contains(customer) {
        return missing(400, "customer");
    }
    let mut session = fixture("billing_portal.session");
    session["url"] = json!(format!("https://billing.stripe.test/{customer}"));
    (200, session)
}

/// Each subscription has one.
fn invoice(inner: &Inner, id: &str) -> Answer {
    let of = id.strip_prefix("in_").filter(|of| inner.subscriptions.contains_key(*of));
    let Some(of) = of else { return missing(404, "invoice") };
    let mut invoice = fixture("invoice");
    invoice["id"] = json!(id);
    invoice["parent"] = json!({ "subscription_details": { "subscription": of } });
    (200, invoice)
}

/// Two to a page, so that there are more; the newest first, and without what has ended unless it is asked for.
fn page(inner: &Inner, query: &Value) -> Answer {
    let text = |name: &str| query[name].as_str();
    if text("customer").is_some_and(|customer| !inner.customers.contains(customer)) {
        return missing(400, "customer");
    }
    let after = match text("starting_after") {
        None => u32::MAX,
        Some(id) => match inner.subscriptions.get(id) {
            Some((number, _)) => *number,
            None => return missing(400, "starting_after"),
        },
    };
    let limit = text("limit").map_or(Ok(10), str::parse::<usize>);
    let Some(limit) = limit.ok().filter(|limit| (1..=100).contains(limit)) else {
        return invalid("limit");
    };
    let is_wanted = |found: &Value| {
        let status = match text("status") {
            None => found["status"] != "canceled" && found["status"] != "incomplete_expired",
            Some("all") => true,
            Some(status) => found["status"] == status,
        };
        status && text("customer").is_none_or(|customer| found["customer"] == customer)
    };
    let mut all: Vec<&(u32, Value)> = inner.subscriptions.values().collect();
    all.retain(|(number, found)| *number < after && is_wanted(found));
    all.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let some = limit.min(2);
    let data: Vec<&Value> = all.iter().take(some).map(|(_, found)| found).collect();
    (200, json!({ "object": "list", "data": data, "has_more": all.len() > some }))
}

fn open(inner: &mut Inner, call: &Call<'_>) -> Answer {
    let form = &call.form;
    if call.header("idempotency-key").is_none() {
        inner.complaints.push("a page to pay on without a key".to_owned());
    }
    if let Err(wrong) = fits("Checkout.SessionCreateParams", form) {
        inner.complaints.push(wrong);
        return invalid("");
    }
    let price = form["line_items"][0]["price"].as_str().unwrap_or_default();
    if !inner.prices.contains(price) {
        return missing(400, "line_items[0][price]");
    }
    let customer = form["customer"].as_str();
    if customer.is_some_and(|customer| !inner.customers.contains(customer)) {
        return missing(400, "customer");
    }
    let taxed = form["automatic_tax"]["enabled"] == "true";
    let addressed = form["customer_update"]["address"] == "auto";
    // Whoever has no address yet has none that a tax could follow from.
    if taxed && customer.is_some() && !addressed {
        return refuse(400, "invalid_request_error", Some("customer_tax_location_invalid"), None);
    }
    if customer.is_none() && !form["customer_update"].is_null() {
        return invalid("customer_update");
    }
    let id = format!("cs_{}", inner.next());
    let mut session = fixture("checkout.session");
    session["id"] = json!(id);
    session["url"] = json!(format!("https://checkout.stripe.test/c/{id}?a=1&b=<2>#x"));
    session["client_reference_id"] = form["client_reference_id"].clone();
    session["metadata"] = form["metadata"].clone();
    session["customer"] = form["customer"].clone();
    session["subscription"] = Value::Null;
    session["status"] = json!("open");
    inner.sessions.push((form.clone(), session.clone()));
    (200, session)
}
