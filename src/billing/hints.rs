//! What an event of Stripe's is about. Nothing of it is believed but where to look.

use serde_json::Value as Json;

use super::answers::id_of;
use crate::payments::Hint;

/// Longest id.
const ID: usize = 255;

/// Reads a body; what is not known says nothing. A snapshot event holds what it is about. A thin one names it
/// alone, and its kinds begin with `v1.`.
pub fn hint(kind: &str, body: &str) -> Hint {
    let event: Json = serde_json::from_str(body).unwrap_or_default();
    let kind = kind.strip_prefix("v1.").unwrap_or(kind);
    let (whole, named) = (event.pointer("/data/object"), event.pointer("/related_object"));
    let object = whole.or(named).cloned().unwrap_or_default();
    let id = |path: &str| id_of(object.pointer(path)).filter(|id| is_id(id)).map(str::to_owned);
    let (own, customer) = (id("/id"), id("/customer"));
    match kind {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
            Hint { checkout: own, subscription: id("/subscription"), customer, ..Hint::default() }
        }
        "customer.deleted" => Hint { customer: own, customer_is_gone: true, ..Hint::default() },
        kind if kind.starts_with("customer.subscription.") => {
            Hint { subscription: own, customer, ..Hint::default() }
        }
        kind if kind.starts_with("invoice.") => {
            let subscription = invoiced(&object);
            let invoice = own.clone().filter(|_| whole.is_none());
            let waits = own.filter(|_| kind == "invoice.payment_action_required");
            Hint { invoice, subscription, customer, waits, ..Hint::default() }
        }
        kind if kind.starts_with("charge.dispute.") => {
            let charge = id("/charge");
            let named = charge.as_deref().unwrap_or("a charge");
            let about = format!("{named} is disputed ({})", own.unwrap_or_default());
            let customer = customer.or_else(|| id("/charge/customer"));
            Hint { customer, charge, alarm: Some(about), ..Hint::default() }
        }
        _ => Hint::default(),
    }
}

/// The subscription that an invoice is for. It moved in 2025.
pub fn invoiced(invoice: &Json) -> Option<String> {
    let now = id_of(invoice.pointer("/parent/subscription_details/subscription"));
    let found = now.or_else(|| id_of(invoice.pointer("/subscription")));
    found.filter(|id| is_id(id)).map(str::to_owned)
}

/// Ids are parts of addresses.
fn is_id(id: &str) -> bool {
    let is_sound = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=ID).contains(&id.len()) && id.chars().all(is_sound)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(kind: &str, object: &Json, want: (Option<&str>, Option<&str>, Option<&str>)) {
        let body = json!({ "id": "evt_1", "data": { "object": object } }).to_string();
        let hint = hint(kind, &body);
        let found = (hint.checkout, hint.subscription, hint.customer);
        let found = (found.0.as_deref(), found.1.as_deref(), found.2.as_deref());
        assert_eq!(found, want, "{kind}");
    }

    #[test]
    fn thin_events_name_what_they_are_about() {
        let thin = |kind: &str, id: &str| {
            let object = json!({ "id": id, "type": "x", "url": format!("/v1/x/{id}") });
            let body = json!({ "id": "evt_1", "object": "v2.core.event", "type": kind,
                               "related_object": object });
            hint(kind, &body.to_string())
        };
        let id = |id: &str| Some(id.to_owned());
        let none = Hint::default;
        let page = thin("v1.checkout.session.completed", "cs_1");
        assert_eq!(page, Hint { checkout: id("cs_1"), ..none() });
        let subscription = thin("v1.customer.subscription.updated", "sub_1");
        assert_eq!(subscription, Hint { subscription: id("sub_1"), ..none() });
        assert_eq!(thin("v1.invoice.paid", "in_1"), Hint { invoice: id("in_1"), ..none() });
        let waits = thin("v1.invoice.payment_action_required", "in_1");
        assert_eq!(waits, Hint { invoice: id("in_1"), waits: id("in_1"), ..none() });
        let gone = thin("v1.customer.deleted", "cus_1");
        assert_eq!(gone, Hint { customer: id("cus_1"), customer_is_gone: true, ..none() });
        let dispute = thin("v1.charge.dispute.created", "dp_1");
        assert_eq!(dispute.alarm.as_deref(), Some("a charge is disputed (dp_1)"));
        assert!(thin("v1.invoice.paid", "../x").is_nothing());
        assert!(thin("v2.core.event_destination.ping", "ed_1").is_nothing());
    }

    #[test]
    fn events_say_where_to_look() {
        let session =
            json!({ "id": "cs_1", "subscription": "sub_1", "customer": { "id": "cus_1" } });
        let all = (Some("cs_1"), Some("sub_1"), Some("cus_1"));
        check("checkout.session.completed", &session, all);
        let subscription = json!({ "id": "sub_1", "customer": "cus_1" });
        for kind in ["created", "updated", "deleted", "paused", "something.new"] {
            let kind = format!("customer.subscription.{kind}");
            check(&kind, &subscription, (None, Some("sub_1"), Some("cus_1")));
        }
        let invoice = json!({ "id": "in_1", "customer": "cus_1",
            "parent": { "subscription_details": { "subscription": "sub_1" } } });
        check("invoice.payment_failed", &invoice, (None, Some("sub_1"), Some("cus_1")));
        let invoice = json!({ "id": "in_1", "customer": "cus_1", "subscription": "sub_2" });
        check("invoice.paid", &invoice, (None, Some("sub_2"), Some("cus_1")));
        check("customer.deleted", &json!({ "id": "cus_1" }), (None, None, Some("cus_1")));
        check("charge.dispute.created", &json!({ "id": "dp_1" }), (None, None, None));
        check("something.new", &json!({ "id": "x_1" }), (None, None, None));
        for strange in [json!(null), json!([1]), json!({ "id": "../x" }), json!({ "id": 5 })] {
            check("customer.subscription.updated", &strange, (None, None, None));
        }
        assert!(hint("invoice.paid", "{").is_nothing());
        assert!(!hint("charge.dispute.created", "{}").is_nothing());
        let body = r#"{"data":{"object":{"id":"dp_1","charge":"ch_1"}}}"#;
        let dispute = hint("charge.dispute.created", body);
        assert_eq!(dispute.alarm.as_deref(), Some("ch_1 is disputed (dp_1)"));
        assert_eq!((dispute.charge.as_deref(), dispute.customer), (Some("ch_1"), None));
        let body = r#"{"data":{"object":{"id":"in_1","customer":"cus_1"}}}"#;
        assert_eq!(hint("invoice.payment_action_required", body).waits.as_deref(), Some("in_1"));
        assert_eq!(hint("invoice.payment_failed", body).waits, None);
    }
}
