//! What Stripe may do between us and whoever pays: keys, customers, marks and lists.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::commands::words;
use crate::fakes::stripe::{SECRET, fixture, signed};
use crate::till::{Till, days, link};

/// Behind the trial.
pub async fn free() -> Till {
    let till = Till::new().await;
    till.settle().await;
    till.world.clock.advance(days(20));
    till.settle().await;
    till.plan_is("free").await;
    till
}

/// The first page that somebody was sent to.
pub fn first_page(till: &Till) -> String {
    till.stripe.sessions()[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_page_belongs_to_one_installation_and_to_its_settings() {
    let mut till = free().await;
    let first = link(&till.say("upgrade").await).unwrap().to_owned();
    assert_eq!(link(&till.say("upgrade").await), Some(first.as_str()));
    // The operator mends the price.
    till.stripe.price("price_new", true);
    till.reset(|config| config.prices_pro = vec!["price_new".to_owned(), "price_pro".to_owned()]);
    let second = link(&till.say("upgrade").await).unwrap().to_owned();
    assert_ne!(first, second);
    // A database that was made anew counts its accounts from one, too.
    let other = "UPDATE installation SET id = 'another-one'";
    sqlx::query(other).execute(&till.world.pool).await.unwrap();
    assert_ne!(link(&till.say("upgrade").await), Some(second.as_str()));
    let marks: Vec<Value> =
        till.stripe.wishes().iter().map(|it| it["metadata"]["earlybrd_account"].clone()).collect();
    assert_eq!(marks[2], format!("another-one:{}", till.actor.account));
    assert_ne!(marks[1], marks[2]);
}

#[tokio::test]
async fn an_error_that_stripe_keeps_locks_nobody_out() {
    let till = free().await;
    let down = r#"{"error":{"type":"api_error","message":"down"}}"#;
    for _ in 0..3 {
        till.stripe.trouble_at_checkout(500, down);
    }
    let reply = words(&till.say("upgrade").await);
    assert!(reply.contains("Stripe does not answer just now"), "{reply}");
    // What was answered under those keys is answered again, so others are taken.
    assert!(link(&till.say("upgrade").await).is_some());
    till.world.clock.advance(days(1));
    let used = r#"{"error":{"type":"idempotency_error","message":"another wish"}}"#;
    till.stripe.trouble_at_checkout(400, used);
    let first = link(&till.say("upgrade").await).unwrap().to_owned();
    till.world.clock.advance(days(1));
    till.stripe.trouble_at_checkout(500, down);
    let second = link(&till.say("upgrade").await).unwrap().to_owned();
    assert_ne!(first, second);
    // A double click is one page then, too.
    assert_eq!(link(&till.say("upgrade").await), Some(second.as_str()));
    // A page that ended leads nowhere.
    let open = till.stripe.sessions().pop().unwrap()["id"].as_str().unwrap().to_owned();
    till.stripe.expire(&open);
    assert_ne!(link(&till.say("upgrade").await), Some(second.as_str()));
}

#[tokio::test]
async fn what_another_installation_marked_is_not_ours() {
    let till = free().await;
    for mark in ["another-one:1", "1", "x"] {
        let mut other = fixture("subscription");
        other["id"] = json!("sub_other");
        other["customer"] = json!("cus_other");
        other["status"] = json!("active");
        other["metadata"] = json!({ "earlybrd_account": mark });
        other["items"] = json!({ "data": [{ "price": { "id": "price_pro" } }] });
        till.stripe.add("sub_other", other.clone());
        till.told(&till.stripe.event("customer.subscription.created", &other)).await;
        till.world.clock.advance(days(2));
        till.settle().await;
        till.plan_is("free").await;
        assert_eq!(till.stripe.get("sub_other")["status"], "active", "{mark}");
    }
}

#[tokio::test]
async fn what_stripe_lists_no_more_ends_within_a_day() {
    let till = free().await;
    let subscription = till.pays(till.actor, "pro").await;
    till.settle().await;
    till.stripe.forget(&subscription);
    till.world.clock.advance(days(1) + Duration::from_mins(1));
    till.settle().await;
    let pro = "SELECT count(*) FROM accounts WHERE plan = 'pro'";
    assert_eq!(till.world.count(pro).await, 0);
}

#[tokio::test]
async fn a_customer_who_is_deleted_may_pay_again() {
    let till = free().await;
    for tells in [true, false] {
        let subscription = till.pays(till.actor, "pro").await;
        till.settle().await;
        till.plan_is("pro").await;
        let customer = till.stripe.get(&subscription)["customer"].as_str().unwrap().to_owned();
        let event = till.stripe.delete_customer(&customer);
        if tells {
            till.told(&event).await;
        }
        till.world.clock.advance(Duration::from_mins(2));
        till.settle().await;
        till.plan_is("free").await;
        assert!(words(&till.say("billing").await).contains("You pay for nothing"));
    }
    let waiting = "SELECT count(*) FROM stripe_events WHERE done_at IS NULL";
    assert_eq!(till.world.count(waiting).await, 0);
    assert!(link(&till.say("upgrade").await).is_some());
    // Also where only the payment page says that the customer is gone.
    sqlx::query("UPDATE accounts SET stripe_customer = 'cus_gone'")
        .execute(&till.world.pool)
        .await
        .unwrap();
    till.world.clock.advance(days(1));
    assert!(link(&till.say("upgrade").await).is_some());
    assert!(till.stripe.wishes().pop().unwrap()["customer"].is_null());
}

/// Stripe need not copy our mark; the page that somebody was sent to says whose it is.
#[tokio::test]
async fn whose_a_subscription_is_follows_from_the_page_it_was_paid_on() {
    let till = free().await;
    till.say("upgrade").await;
    let (subscription, mut event) = till.stripe.pay(&first_page(&till));
    till.stripe.set(&subscription, "metadata", json!({}));
    event["data"]["object"]["subscription"] = Value::Null;
    till.told(&event).await;
    till.settle().await;
    till.plan_is("pro").await;
    // A page that we do not know names the account itself.
    till.stripe.set(&subscription, "status", json!("canceled"));
    till.world.clock.advance(days(1));
    till.settle().await;
    till.say("upgrade").await;
    let page = till.stripe.sessions().pop().unwrap()["id"].as_str().unwrap().to_owned();
    let (subscription, event) = till.stripe.pay(&page);
    till.stripe.set(&subscription, "metadata", json!({}));
    for table in ["DELETE FROM checkouts", "UPDATE accounts SET stripe_customer = NULL"] {
        sqlx::query(table).execute(&till.world.pool).await.unwrap();
    }
    till.told(&event).await;
    till.settle().await;
    till.plan_is("pro").await;
}

#[tokio::test]
async fn a_price_that_is_raised_leaves_whoever_pays_the_old_one() {
    let mut till = free().await;
    let subscription = till.pays(till.actor, "pro").await;
    till.settle().await;
    for prices in [&["price_new", "price_pro"][..], &["price_new"]] {
        till.reset(|config| {
            config.prices_pro = prices.iter().map(|price| (*price).to_owned()).collect();
        });
        till.told(&till.stripe.event(
            "invoice.paid",
            &json!({ "id": "in_1",
            "subscription": subscription }),
        ))
        .await;
        till.settle().await;
        till.plan_is("pro").await;
    }
}

#[tokio::test]
async fn what_is_ours_and_nobodys_is_cancelled() {
    let till = free().await;
    let subscription = till.pays(till.actor, "pro").await;
    let id: String = sqlx::query_scalar("SELECT id FROM installation")
        .fetch_one(&till.world.pool)
        .await
        .unwrap();
    // Nobody told us of them, and their accounts are gone.
    for n in 0..3 {
        let mut lost = till.stripe.get(&subscription);
        lost["id"] = json!(format!("sub_lost{n}"));
        lost["metadata"] = json!({ "earlybrd_account": format!("{id}:77{n}") });
        till.stripe.add(&format!("sub_lost{n}"), lost);
    }
    let mut unpaid = till.stripe.get("sub_lost0");
    unpaid["status"] = json!("past_due");
    till.stripe.add("sub_lost0", unpaid);
    till.world.clock.advance(days(2));
    till.settle().await;
    for n in 0..3 {
        assert_eq!(till.stripe.get(&format!("sub_lost{n}"))["status"], "canceled");
    }
    assert_eq!(till.stripe.get(&subscription)["status"], "active");
    till.plan_is("pro").await;
}

#[tokio::test]
async fn taxes_are_added_also_for_whoever_is_known() {
    let mut till = free().await;
    till.reset(|config| config.tax = true);
    let subscription = till.pays(till.actor, "pro").await;
    till.settle().await;
    till.stripe.set(&subscription, "status", json!("canceled"));
    till.world.clock.advance(days(1));
    till.settle().await;
    assert!(link(&till.say("upgrade").await).is_some());
    let wishes = till.stripe.wishes();
    let taxed = |wish: &Value| wish["automatic_tax"]["enabled"] == "true";
    assert!(wishes.len() == 2 && wishes.iter().all(taxed), "{wishes:?}");
    assert!(wishes[1]["customer"].is_string() && wishes[0]["customer_update"].is_null());
}

#[tokio::test]
async fn what_is_signed_is_kept_even_if_it_cannot_be_read() {
    let till = Till::new().await;
    let now = till.world.now().timestamp();
    let long = json!({ "id": "e".repeat(300), "type": "t".repeat(300) }).to_string();
    for body in ["no JSON", "[]", "{}", long.as_str(), "no JSON"] {
        let answer = till.brings(&signed(SECRET, now, body), body).await;
        assert_eq!(answer.status(), StatusCode::OK, "{body}");
    }
    assert_eq!(till.world.count("SELECT count(*) FROM stripe_events").await, 4);
    till.settle().await;
    let waiting = "SELECT count(*) FROM stripe_events WHERE done_at IS NULL";
    assert_eq!(till.world.count(waiting).await, 0);
    // While it cannot be kept, Stripe is told to bring it again.
    till.world.pool.close().await;
    let answer = till.brings(&signed(SECRET, now, "{}"), "{}").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn what_was_told_is_told_again_days_later_and_changes_nothing() {
    let till = free().await;
    till.say("upgrade").await;
    let (subscription, event) = till.stripe.pay(&first_page(&till));
    for _ in 0..5 {
        till.told(&event).await;
    }
    till.settle().await;
    let ended = till.stripe.set(&subscription, "status", json!("canceled"));
    till.told(&till.stripe.event("customer.subscription.deleted", &ended)).await;
    till.settle().await;
    till.world.clock.advance(days(4));
    // Signed anew, as Stripe does when it brings something again.
    till.told(&event).await;
    let updated = till.stripe.event(
        "customer.subscription.updated",
        &json!({ "id": subscription,
        "status": "active" }),
    );
    till.told(&updated).await;
    till.settle().await;
    till.plan_is("free").await;
    assert_eq!(till.notices().matches("Thank you!").count(), 1);
    assert_eq!(till.world.count("SELECT count(*) FROM stripe_events").await, 3);
}

#[tokio::test]
async fn disputes_and_payments_that_wait_are_told() {
    let till = free().await;
    let subscription = till.pays(till.actor, "pro").await;
    till.settle().await;
    let customer = till.stripe.get(&subscription)["customer"].clone();
    // A dispute names the charge alone, unless it is asked for more.
    let alone = till.stripe.dispute("ch_1", &customer);
    let mut whole = till.stripe.dispute("ch_2", &Value::Null);
    whole["charge"] = json!({ "id": "ch_2", "customer": customer });
    for dispute in [alone, whole] {
        till.told(&till.stripe.event("charge.dispute.created", &dispute)).await;
    }
    for (charge, customer) in [("ch_3", json!("cus_other")), ("ch_4", Value::Null)] {
        let dispute = till.stripe.dispute(charge, &customer);
        till.told(&till.stripe.event("charge.dispute.closed", &dispute)).await;
    }
    let mut unknown = till.stripe.dispute("ch_5", &customer);
    unknown["charge"] = json!("ch_6");
    till.told(&till.stripe.event("charge.dispute.closed", &unknown)).await;
    let invoice = json!({ "id": "in_1", "customer": customer, "subscription": subscription });
    for _ in 0..2 {
        till.told(&till.stripe.event("invoice.payment_action_required", &invoice)).await;
    }
    till.settle().await;
    let looked = "SELECT count(*) FROM stripe_events
                  WHERE kind = 'charge.dispute.created' AND outcome LIKE 'looked at account %'";
    assert_eq!(till.world.count(looked).await, 2);
    let nobody = "SELECT count(*) FROM stripe_events
                  WHERE kind = 'charge.dispute.closed' AND outcome = 'looked at nobody that we know'";
    assert_eq!(till.world.count(nobody).await, 3);
    let said = till.notices();
    assert_eq!(said.matches("Your bank wants you to confirm a payment").count(), 1, "{said}");
}

#[tokio::test]
async fn a_page_is_told_apart_by_its_mark() {
    let till = free().await;
    till.say("upgrade").await;
    let page = till.payments.page(&first_page(&till)).await.unwrap();
    assert_eq!((page.subscription, page.account, page.is_over), (None, None, false));
    assert_eq!(page.mark.map(|mark| mark.account), Some(till.actor.account));
}

/// Whoever stands between us and Stripe has no words of Stripe's.
#[tokio::test]
async fn an_error_without_words_of_stripes_is_tried_again_and_told_by_its_status() {
    let till = free().await;
    let subscription = till.pays(till.actor, "pro").await;
    for (status, body) in [(429, ""), (502, "<html>bad gateway</html>")] {
        till.stripe.trouble(status, body);
    }
    till.settle().await;
    till.plan_is("pro").await;
    let updated =
        till.stripe.event("customer.subscription.updated", &json!({ "id": subscription }));
    till.told(&updated).await;
    for (status, body) in [(500, ""), (503, "{}"), (504, r#"{"error":{"message":"no type"}}"#)] {
        till.stripe.trouble(status, body);
    }
    till.settle().await;
    let waits = "SELECT count(*) FROM stripe_events
                 WHERE done_at IS NULL AND outcome LIKE '%504 Gateway Timeout%'";
    assert_eq!(till.world.count(waits).await, 1);
    till.world.clock.advance(Duration::from_mins(1));
    till.settle().await;
    assert_eq!(till.world.count(waits).await, 0);
}
