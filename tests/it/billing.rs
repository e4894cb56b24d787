//! Plans: what they allow, how they are bought, and what becomes of them.

use std::time::Duration;

use earlybrd::commands::{self, Actor};
use earlybrd::workers::subscriptions::Subscriptions;
use reqwest::StatusCode;
use serde_json::json;

use crate::commands::words;
use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::stripe::{SECRET, fixture, signed};
use crate::till::{Till, days, link};
use crate::world::drain;

#[tokio::test]
async fn somebody_tries_pays_changes_their_mind_and_comes_back() {
    let till = Till::new().await;
    till.plan_is("pro").await;
    till.settle().await;
    for filter in ["rust", "go", "zig", "ada"] {
        assert!(words(&till.watch(till.actor, filter).await).contains("is saved"));
    }
    let refused = till.watch(till.actor, "c").await;
    assert!(words(&refused).contains("has room for 4 filters"), "{refused:?}");
    // The trial ends: said three days before, and then.
    till.world.clock.advance(days(11) + Duration::from_hours(1));
    till.settle().await;
    till.settle().await;
    assert_eq!(till.notices().matches("Your trial of pro ends").count(), 1, "{}", till.notices());
    till.world.clock.advance(days(3));
    till.settle().await;
    let said = till.notices();
    assert!(said.contains("so the newest are paused: 3 (zig), 4 (ada)"), "{said}");
    till.plan_is("free").await;
    let refused = till.say("resume 3").await;
    assert!(words(&refused).contains("has room for 2 filters"), "{refused:?}");
    assert!(
        words(&refused).contains("pro gives 4 filters, 2 boards of your own, and cards at once")
    );
    let offered = link(&refused).unwrap().to_owned();
    // Twice the link, once the page.
    let first = till.say("upgrade").await;
    assert_eq!(link(&first), Some(offered.as_str()));
    assert_eq!(link(&first), link(&till.say("upgrade pro").await));
    assert_eq!(till.stripe.sessions().len(), 1);
    let session = &till.stripe.sessions()[0];
    assert_eq!(session["client_reference_id"], till.actor.account.to_string());
    let subscription = till.pays(till.actor, "pro").await;
    till.settle().await;
    let said = till.notices();
    assert!(said.contains("You have the plan pro now. Thank you!"), "{said}");
    assert!(said.contains("go on from now: 3 (zig), 4 (ada)"), "{said}");
    till.plan_is("pro").await;
    assert!(words(&till.say("upgrade").await).contains("paid for already"));
    assert_eq!(link(&till.say("billing").await), Some("https://billing.stripe.test/cus_2"));
    // Cancelled, with what is paid until its end.
    let cancelled = till.stripe.set(&subscription, "cancel_at_period_end", json!(true));
    till.told(&till.stripe.event("customer.subscription.updated", &cancelled)).await;
    till.settle().await;
    assert!(words(&till.say("plan").await).contains("cancelled: it ends on"));
    let ended = till.stripe.set(&subscription, "status", json!("canceled"));
    till.told(&till.stripe.event("customer.subscription.deleted", &ended)).await;
    till.settle().await;
    assert!(till.notices().contains("Your plan pro has ended; nothing was deleted."));
    till.plan_is("free").await;
    // And once more, on the same day: another page.
    till.pays(till.actor, "pro").await;
    till.settle().await;
    till.plan_is("pro").await;
    assert_eq!(till.stripe.sessions().len(), 2);
}

#[tokio::test]
async fn a_payment_that_fails_leaves_a_week() {
    let till = Till::new().await;
    till.settle().await;
    let subscription = till.pays(till.actor, "pro").await;
    till.settle().await;
    till.settle().await;
    // Also who tried it until then is thanked, once.
    assert_eq!(till.notices().matches("You have the plan pro now. Thank you!").count(), 1);
    till.world.clock.advance(days(20));
    till.settle().await;
    let late = till.stripe.set(&subscription, "status", json!("past_due"));
    let invoice = json!({ "id": "in_1", "customer": late["customer"],
        "parent": { "subscription_details": { "subscription": subscription } } });
    till.told(&till.stripe.event("invoice.payment_failed", &invoice)).await;
    till.settle().await;
    assert_eq!(till.notices().matches("A payment for your plan pro failed").count(), 1);
    till.plan_is("pro").await;
    till.world.clock.advance(days(3));
    till.settle().await;
    assert_eq!(till.notices().matches("A payment for your plan pro failed").count(), 1);
    till.world.clock.advance(days(1) + Duration::from_mins(1));
    till.settle().await;
    assert_eq!(till.notices().matches("A payment for your plan pro failed").count(), 2);
    till.world.clock.advance(days(3));
    till.settle().await;
    assert!(till.notices().contains("Your plan pro has ended"), "{}", till.notices());
    till.plan_is("free").await;
    till.stripe.set(&subscription, "status", json!("active"));
    till.told(&till.stripe.event("invoice.paid", &invoice)).await;
    till.settle().await;
    till.plan_is("pro").await;
}

#[tokio::test]
async fn what_nobody_told_is_seen_when_somebody_asks_and_within_a_day() {
    let till = Till::new().await;
    till.world.clock.advance(days(20));
    till.settle().await;
    till.world.clock.advance(days(20));
    till.settle().await;
    till.plan_is("free").await;
    till.say("upgrade").await;
    let open = till.stripe.sessions()[0]["id"].as_str().unwrap().to_owned();
    let (subscription, _) = till.stripe.pay(&open);
    // The next command sees it.
    till.plan_is("pro").await;
    // Nobody tells that it ended, either.
    till.stripe.set(&subscription, "status", json!("canceled"));
    for n in 0..4 {
        let mut other = fixture("subscription");
        other["id"] = json!(format!("sub_0{n}"));
        till.stripe.add(&format!("sub_0{n}"), other);
    }
    till.world.clock.advance(days(1) + Duration::from_mins(1));
    till.settle().await;
    till.plan_is("free").await;
    // What is not ours stays nobody's.
    assert_eq!(till.world.count("SELECT count(*) FROM subscriptions").await, 1);
}

#[tokio::test]
async fn a_team_pays_for_its_channels_and_whoever_paid_manages_it() {
    let till = Till::new().await;
    let (ann, boss) = (till.in_channel(false).await, till.in_channel(true).await);
    till.settle().await;
    assert!(words(&till.watch(ann, "rust here").await).contains("is saved"));
    till.world.clock.advance(days(15));
    till.settle().await;
    assert!(till.notices().contains("paused: c1 (rust)"), "{}", till.notices());
    let refused = till.watch(ann, "go here").await;
    assert!(words(&refused).contains("no filters for channels"), "{refused:?}");
    assert!(words(&till.say("upgrade team").await).contains("in a channel"));
    assert!(words(&till.says(ann, "billing").await).contains("whoever paid"));
    till.pays(ann, "team").await;
    till.settle().await;
    assert!(words(&till.says(ann, "plan").await).contains("The channels here have the plan team"));
    assert!(link(&till.says(ann, "billing").await).is_some());
    assert!(link(&till.says(boss, "billing").await).is_some());
    let ben = till.world.person("ben").await;
    let ben = Actor { here: ann.here, ..Actor::alone(ben.account, ben.target) };
    assert!(link(&till.says(ben, "billing").await).is_none());
    // Alone, nobody sees what the team has.
    assert!(words(&till.say("billing").await).contains("You pay for nothing"));
}

#[tokio::test]
async fn two_subscriptions_are_told_and_those_of_accounts_that_are_gone_end() {
    let till = Till::new().await;
    till.settle().await;
    let first = till.pays(till.actor, "pro").await;
    till.settle().await;
    let mut second = till.stripe.get(&first);
    second["id"] = json!("sub_9");
    till.stripe.add("sub_9", second.clone());
    till.told(&till.stripe.event("customer.subscription.created", &second)).await;
    till.settle().await;
    assert!(words(&till.say("plan").await).contains("2 subscriptions that cost something"));
    sqlx::query("DELETE FROM accounts").execute(&till.world.pool).await.unwrap();
    till.world.clock.advance(days(2));
    till.settle().await;
    for id in [first.as_str(), "sub_9"] {
        assert_eq!(till.stripe.get(id)["status"], "canceled");
    }
}

#[tokio::test]
async fn what_stripe_did_not_sign_is_refused() {
    let till = Till::new().await;
    let body = till.stripe.event("customer.created", &json!({ "id": "cus_1" })).to_string();
    let now = till.world.now().timestamp();
    for (header, want) in [
        (signed(SECRET, now, &body), 200),
        (signed("whsec_old", now, &body), 200),
        (format!("{},v1=00", signed(SECRET, now, &body)), 200),
        (signed("whsec_other", now, &body), 400),
        (signed(SECRET, now - 301, &body), 400),
        (signed(SECRET, now + 301, &body), 400),
        (signed(SECRET, now, "{}"), 400),
        ("t=1,v1=00".to_owned(), 400),
    ] {
        assert_eq!(till.brings(&header, &body).await.status().as_u16(), want, "{header}");
    }
    let large = "x".repeat(5 << 20);
    let header = signed(SECRET, now, &large);
    let request = till.client.post(till.base.join("/stripe/webhook").unwrap());
    let answer = request.header("stripe-signature", header).body(large).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // Kept once, whatever it is; nothing follows from it.
    assert_eq!(till.world.count("SELECT count(*) FROM stripe_events").await, 1);
    till.settle().await;
    let done = "SELECT count(*) FROM stripe_events WHERE outcome = 'nothing to look at'";
    assert_eq!(till.world.count(done).await, 1);
    let mut live = till.stripe.event("customer.subscription.updated", &json!({ "id": "sub_1" }));
    live["livemode"] = json!(true);
    till.told(&live).await;
    till.settle().await;
    let foreign = "SELECT count(*) FROM stripe_events WHERE outcome LIKE 'a live event%'";
    assert_eq!(till.world.count(foreign).await, 1);
}

#[tokio::test]
async fn while_stripe_is_away_events_wait_and_people_are_told() {
    let till = Till::new().await;
    till.settle().await;
    let subscription = till.pays(till.actor, "pro").await;
    let error = r#"{"error":{"type":"api_error","message":"down"}}"#;
    for status in [500, 503, 429] {
        till.stripe.trouble(status, error);
    }
    till.settle().await;
    let waits = "SELECT count(*) FROM stripe_events WHERE done_at IS NULL AND tries = 1";
    assert_eq!(till.world.count(waits).await, 1);
    till.world.clock.advance(Duration::from_secs(6));
    till.settle().await;
    assert_eq!(till.world.count(waits).await, 0);
    till.stripe.set(&subscription, "status", json!("canceled"));
    till.told(&till.stripe.event("customer.subscription.deleted", &json!({ "id": subscription })))
        .await;
    till.settle().await;
    for _ in 0..3 {
        till.stripe.trouble(409, error);
    }
    let reply = words(&till.say("upgrade").await);
    assert!(reply.contains("Stripe does not answer just now"), "{reply}");
    till.stripe.trouble(200, "no JSON");
    for strange in ["{}", r#"{"id":"cs_x","url":"javascript:alert(1)"}"#] {
        till.stripe.trouble(200, strange);
        let reply = words(&till.say("upgrade").await);
        assert!(reply.contains("does not answer just now"), "{reply}");
    }
    // A conflict passes: the same wish is tried again under its key.
    till.stripe.trouble(409, error);
    assert!(link(&till.say("upgrade").await).is_some());
}

#[tokio::test]
async fn limits_hold_where_things_are_made_and_where_they_are_used() {
    let till = Till::new().await;
    let board = FakeBoard::start().await;
    till.world.board("b", &board.url).await;
    till.world.poll().await;
    till.world.clock.advance(days(1));
    till.settle().await;
    for filter in ["rust", "go", "zig"] {
        till.watch(till.actor, filter).await;
    }
    till.world.deliver().await;
    till.world.clock.advance(days(15));
    till.settle().await;
    let before = till.world.sent().len();
    board.show(&["Rust one", "Zig one"].map(Item::titled));
    till.world.poll_again().await;
    till.world.match_all().await;
    till.world.deliver().await;
    assert_eq!(till.world.sent().len(), before, "free hears half an hour later");
    till.world.clock.advance(Duration::from_mins(31));
    drain(&mut earlybrd::workers::gather::Gather { base: till.world.base() }).await;
    till.world.deliver().await;
    let sent = till.world.sent()[before..].join("\n");
    assert!(sent.contains("Rust one") && !sent.contains("Zig one"), "{sent}");
    // Undo brings nothing back that there is no room for.
    till.say("pause 1").await;
    till.say("resume 3").await;
    assert!(words(&till.say("resume 1").await).contains("has room for 2 filters"));
    // What waits is told at once when it is paid for.
    board.show(&["Rust one", "Zig one", "Zig two"].map(Item::titled));
    till.world.poll_again().await;
    till.world.match_all().await;
    till.pays(till.actor, "pro").await;
    till.settle().await;
    drain(&mut earlybrd::workers::gather::Gather { base: till.world.base() }).await;
    till.world.deliver().await;
    assert!(till.world.sent().join("\n").contains("Zig two"), "{:?}", till.world.sent());
    // Without Stripe there are no plans, and nothing stays paused.
    sqlx::query("UPDATE accounts SET delay_minutes = 30").execute(&till.world.pool).await.unwrap();
    sqlx::query("UPDATE filters SET state = 'paused', paused_by_plan = true WHERE number = 2")
        .execute(&till.world.pool)
        .await
        .unwrap();
    drain(&mut Subscriptions { base: till.world.base(), payments: None }).await;
    let limited = "SELECT count(*) FROM filters WHERE paused_by_plan";
    assert_eq!(till.world.count(limited).await, 0);
    let late = "SELECT count(*) FROM accounts WHERE delay_minutes > 0";
    assert_eq!(till.world.count(late).await, 0);
    let free = commands::say(&till.world.context(), till.actor, "upgrade").await;
    assert!(words(&free).contains("This service is free"));
}

#[tokio::test]
async fn the_page_after_paying_says_what_happens() {
    let till = Till::new().await;
    for (path, says) in
        [("/upgraded?paid=yes", "Thank you!"), ("/upgraded?paid=no", "Nothing was paid")]
    {
        let answer = till.client.get(till.base.join(path).unwrap()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(crate::office::said(answer).await.contains(says));
    }
}

/// Events with the states that Stripe was in when it sent them.
const STORY: [(&str, &str); 7] = [
    ("checkout.session.completed", "active"),
    ("customer.subscription.created", "canceled"),
    ("customer.subscription.updated", "trialing"),
    ("customer.subscription.paused", "unpaid"),
    ("customer.subscription.deleted", "active"),
    ("invoice.paid", "paused"),
    ("invoice.payment_action_required", "incomplete"),
];

fn story(till: &Till, subscription: &str) -> Vec<serde_json::Value> {
    let events = STORY.iter().map(|(kind, state)| {
        let mut object = till.stripe.get(subscription);
        object["status"] = json!(state);
        if kind.starts_with("checkout") || kind.starts_with("invoice") {
            let customer = object["customer"].clone();
            object = json!({ "id": "x_1", "customer": customer, "subscription": subscription });
        }
        till.stripe.event(kind, &object)
    });
    events.collect()
}

/// Events come in any order, twice or never: what somebody has is what Stripe says when it is asked.
#[tokio::test]
async fn whatever_comes_in_whatever_order_the_plan_is_stripes() {
    let till = Till::new().await;
    till.world.clock.advance(days(1));
    till.settle().await;
    let subscription = till.pays(till.actor, "pro").await;
    till.world.clock.advance(days(20));
    till.settle().await;
    let mut dice = fastrand::Rng::with_seed(54);
    for round in 0..60 {
        let mut order: Vec<usize> = (0..STORY.len()).collect();
        dice.shuffle(&mut order);
        let lost = order.pop().unwrap();
        let new = order.len();
        order.extend([order[0], order[3]]);
        let events = story(&till, &subscription);
        let (_, state) = STORY[dice.usize(0..STORY.len())];
        let at = dice.usize(0..order.len());
        for (place, event) in order.iter().enumerate() {
            if place == at {
                till.stripe.set(&subscription, "status", json!(state));
            }
            till.told(&events[*event]).await;
            if dice.bool() {
                drain(&mut till.worker()).await;
            }
        }
        // Whoever was told nothing of it looks a day later.
        if at >= new {
            till.world.clock.advance(days(1));
            till.reconcile().await;
        }
        drain(&mut till.worker()).await;
        let want = if matches!(state, "active" | "trialing") { "pro" } else { "free" };
        let is = format!("{round}: {order:?} without {lost}, {state} at {at}");
        let pro = till.world.count("SELECT count(*) FROM accounts WHERE plan = 'pro'").await;
        assert_eq!(if pro == 1 { "pro" } else { "free" }, want, "{is}");
    }
}

#[tokio::test]
async fn what_stripe_knows_no_more_has_ended() {
    let till = Till::new().await;
    till.settle().await;
    till.world.clock.advance(days(20));
    let subscription = till.pays(till.actor, "pro").await;
    till.settle().await;
    let object = till.stripe.get(&subscription);
    till.plan_is("pro").await;
    till.stripe.forget(&subscription);
    till.told(&till.stripe.event("customer.subscription.deleted", &object)).await;
    till.settle().await;
    till.plan_is("free").await;
}
