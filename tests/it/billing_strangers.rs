//! What comes over Stripe's webhook and is not ours, names little, or comes before Stripe itself knows of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::billing_stripe::{first_page, free};
use crate::commands::words;
use crate::fakes::stripe::fixture;
use crate::till::{Till, link};

const SUBSCRIPTIONS: &str = "SELECT count(*) FROM subscriptions";
const WAITING: &str = "SELECT count(*) FROM stripe_events WHERE done_at IS NULL";
const PRO: &str = "SELECT count(*) FROM accounts WHERE plan = 'pro'";

/// What a customer pays for another product.
fn other(till: &Till, id: &str, customer: &Value) -> Value {
    let mut other = fixture("subscription");
    other["id"] = json!(id);
    other["customer"] = customer.clone();
    other["status"] = json!("active");
    other["metadata"] = json!({});
    other["items"] = json!({ "data": [{ "price": { "id": "price_other" } }] });
    till.stripe.add(id, other.clone());
    other
}

#[tokio::test]
async fn what_a_stripe_account_sells_beside_us_is_left_alone() {
    let till = free().await;
    // Numbers of theirs are numbers of ours, too.
    let mut page = fixture("checkout.session");
    page["id"] = json!("cs_other");
    page["client_reference_id"] = json!(till.actor.account.to_string());
    page["metadata"] = json!({});
    page["customer"] = json!("cus_other");
    page["subscription"] = json!("sub_other");
    page["status"] = json!("complete");
    other(&till, "sub_other", &page["customer"]);
    till.stripe.add_page(page.clone());
    till.told(&till.stripe.event("checkout.session.completed", &page)).await;
    till.settle().await;
    assert_eq!(till.world.count(SUBSCRIPTIONS).await, 0);
    assert!(words(&till.say("billing").await).contains("You pay for nothing"));
    let subscription = till.pays(till.actor, "pro").await;
    assert!(till.stripe.wishes().pop().unwrap()["customer"].is_null());
    till.settle().await;
    // A customer of ours buys it.
    let bought = other(&till, "sub_bought", &till.stripe.get(&subscription)["customer"]);
    till.told(&till.stripe.event("customer.subscription.created", &bought)).await;
    till.settle().await;
    assert_eq!(till.world.count(SUBSCRIPTIONS).await, 1);
    till.plan_is("pro").await;
    assert_eq!(till.world.count(WAITING).await, 0);
}

/// An event of the other style.
fn thin(number: usize, kind: &str, id: &str) -> Value {
    json!({ "id": format!("evt_thin_{number}"), "object": "v2.core.event", "type": kind,
        "created": "2026-11-28T10:00:00.000Z", "livemode": false, "context": null,
        "related_object": { "id": id, "type": "x", "url": format!("/v1/x/{id}") } })
}

#[tokio::test]
async fn a_thin_event_is_followed_as_its_snapshot_is() {
    let till = free().await;
    till.say("upgrade").await;
    let page = first_page(&till);
    let (subscription, _) = till.stripe.pay(&page);
    let invoice = format!("in_{subscription}");
    for (number, (kind, id, status, pro)) in [
        ("v1.checkout.session.completed", &page, "active", 1),
        ("v1.customer.subscription.updated", &subscription, "canceled", 0),
        ("v1.invoice.paid", &invoice, "active", 1),
    ]
    .into_iter()
    .enumerate()
    {
        till.stripe.set(&subscription, "status", json!(status));
        till.told(&thin(number, kind, id)).await;
        till.settle().await;
        assert_eq!(till.world.count(PRO).await, pro, "{kind}");
    }
    till.told(&thin(9, "v1.invoice.payment_action_required", &invoice)).await;
    till.settle().await;
    let said = till.notices();
    assert_eq!(said.matches("Your bank wants you to confirm a payment").count(), 1, "{said}");
}

#[tokio::test]
async fn what_stripe_does_not_know_yet_is_asked_for_again() {
    let till = free().await;
    let offered = link(&till.say("upgrade").await).unwrap().to_owned();
    let (subscription, event) = till.stripe.pay(&first_page(&till));
    let made = till.stripe.get(&subscription);
    till.stripe.forget(&subscription);
    till.told(&event).await;
    till.settle().await;
    assert_eq!(till.world.count(WAITING).await, 1);
    // Nobody is sent to a second page meanwhile.
    assert_eq!(link(&till.say("upgrade").await), Some(offered.as_str()));
    till.stripe.add(&subscription, made);
    till.world.clock.advance(Duration::from_secs(6));
    till.settle().await;
    assert_eq!((till.world.count(WAITING).await, till.world.count(PRO).await), (0, 1));
    assert!(words(&till.say("upgrade").await).contains("paid for already"));
}

#[tokio::test]
async fn what_stripe_never_knows_is_asked_for_some_minutes() {
    let till = free().await;
    let never = json!({ "id": "sub_never" });
    till.told(&till.stripe.event("customer.subscription.updated", &never)).await;
    till.told(&thin(1, "v1.invoice.paid", "in_sub_never")).await;
    for rest in [1, 6, 11, 21, 41, 81, 161, 321] {
        till.world.clock.advance(Duration::from_secs(rest));
        assert_eq!(till.world.count(WAITING).await, 2);
        till.settle().await;
    }
    assert_eq!(till.world.count(WAITING).await, 0);
}
