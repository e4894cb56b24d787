//! Plans whose payments are open, who may manage them, and what becomes of boards.

use std::time::Duration;

use earlybrd::commands::{self, Actor};
use earlybrd::domain::reply::{Part, Press, Reply};
use serde_json::json;

use crate::commands::words;
use crate::fakes::board::{FakeBoard, Item};
use crate::till::{Till, days, link};

fn links(reply: &Reply) -> usize {
    reply.parts.iter().filter(|part| matches!(part, Part::Link { .. })).count()
}

/// Somebody who pays, long after their trial.
async fn paying() -> (Till, String) {
    let till = Till::new().await;
    till.settle().await;
    till.world.clock.advance(days(20));
    till.settle().await;
    let subscription = till.pays(till.actor, "pro").await;
    till.settle().await;
    till.plan_is("pro").await;
    (till, subscription)
}

#[tokio::test]
async fn a_payment_that_is_open_is_settled_and_not_made_twice() {
    let (till, subscription) = paying().await;
    for word in ["past_due", "unpaid", "paused", "incomplete"] {
        till.stripe.set(&subscription, "status", json!(word));
        till.told(
            &till.stripe.event("customer.subscription.paused", &json!({ "id": subscription })),
        )
        .await;
        till.settle().await;
        till.world.clock.advance(days(8));
        till.settle().await;
        let plan = till.say("plan").await;
        assert!(words(&plan).contains("the plan free (a payment is open)"), "{word}: {plan:?}");
        assert!(plan.buttons.iter().all(|button| button.label == "Billing"), "{plan:?}");
        let upgrade = till.say("upgrade").await;
        assert!(words(&upgrade).contains("A payment for pro is open"), "{word}: {upgrade:?}");
        assert!(link(&upgrade).unwrap().contains("billing.stripe.test"), "{upgrade:?}");
        assert!(links(&till.say("billing").await) == 1);
    }
    let said = till.notices();
    assert!(said.contains("A payment is open; to settle it and have it all back, type: billing"));
    // But when the trial ended.
    assert_eq!(said.matches("type: upgrade").count(), 1, "{said}");
    assert_eq!(till.stripe.sessions().len(), 1);
}

#[tokio::test]
async fn two_customers_have_two_portals_and_a_cancellation_its_own_date() {
    let (till, first) = paying().await;
    let mut second = till.stripe.get(&first);
    second["id"] = json!("sub_9");
    second["customer"] = json!("cus_9");
    till.stripe.add("sub_9", second);
    till.world.clock.advance(days(1) + Duration::from_mins(1));
    till.settle().await;
    assert_eq!(links(&till.say("billing").await), 2);
    till.stripe.set("sub_9", "status", json!("canceled"));
    // 1 December 2026, before what is paid ends.
    till.stripe.set(&first, "cancel_at", json!(1_796_083_200));
    till.world.clock.advance(Duration::from_mins(2));
    let plan = words(&till.say("plan").await);
    assert!(plan.contains("it ends on 1 December 2026"), "{plan}");
    assert_eq!(links(&till.say("billing").await), 1);
}

#[tokio::test]
async fn who_paid_for_a_team_manages_it_where_it_is_sure_who_did() {
    let till = Till::new().await;
    let (ann, boss) = (till.in_channel(false).await, till.in_channel(true).await);
    till.settle().await;
    till.world.clock.advance(days(20));
    till.settle().await;
    let said = till.notices();
    assert!(said.contains("type: upgrade team"), "{said}");
    let ben = till.world.person("ben").await;
    let ben = Actor { here: ann.here, ..Actor::alone(ben.account, ben.target) };
    let cy = till.world.person("cy").await;
    let cy = Actor { here: ann.here, ..Actor::alone(cy.account, cy.target) };
    let first = till.says(ann, "upgrade team").await;
    assert_eq!(link(&first), link(&till.says(ben, "upgrade team").await));
    till.pays(ben, "team").await;
    till.settle().await;
    // Both were sent to the page, and either may have paid.
    for (who, manages) in [(ann, false), (ben, false), (cy, false), (boss, true)] {
        assert_eq!(link(&till.says(who, "billing").await).is_some(), manages);
    }
}

#[tokio::test]
async fn the_page_of_a_team_shows_nobody_the_card_of_who_paid_before() {
    let till = Till::new().await;
    let ann = till.in_channel(false).await;
    till.settle().await;
    let ben = till.world.person("ben").await;
    let ben = Actor { here: ann.here, ..Actor::alone(ben.account, ben.target) };
    let subscription = till.pays(ann, "team").await;
    till.settle().await;
    let ended = till.stripe.set(&subscription, "status", json!("canceled"));
    till.told(&till.stripe.event("customer.subscription.deleted", &ended)).await;
    till.settle().await;
    for who in [ben, ann] {
        assert!(link(&till.says(who, "upgrade team").await).is_some());
    }
    let customers: Vec<_> =
        till.stripe.wishes().into_iter().map(|it| it["customer"].clone()).collect();
    assert_eq!(customers[1..], [json!(null), ended["customer"].clone()]);
}

#[tokio::test]
async fn whoever_has_paid_is_not_refused_although_nobody_told() {
    let till = Till::new().await;
    till.settle().await;
    till.world.clock.advance(days(20));
    till.settle().await;
    for filter in ["rust", "go"] {
        till.watch(till.actor, filter).await;
    }
    let refused = till.watch(till.actor, "zig").await;
    assert!(link(&refused).is_some(), "{refused:?}");
    let page = till.stripe.sessions()[0]["id"].as_str().unwrap().to_owned();
    let (subscription, _) = till.stripe.pay(&page);
    assert!(words(&till.watch(till.actor, "zig").await).contains("is saved"));
    // Nor that it ended: what is paid is asked for again after a minute.
    till.stripe.set(&subscription, "status", json!("canceled"));
    till.world.clock.advance(Duration::from_mins(2));
    till.plan_is("free").await;
}

#[tokio::test]
async fn a_plan_without_a_price_is_not_offered() {
    let till = Till::with(|config| config.prices_pro.clear()).await;
    till.settle().await;
    till.world.clock.advance(days(12));
    till.settle().await;
    till.world.clock.advance(days(3));
    till.settle().await;
    for filter in ["rust", "go"] {
        till.watch(till.actor, filter).await;
    }
    let refused = till.watch(till.actor, "zig").await;
    assert!(refused.buttons.is_empty() && link(&refused).is_none(), "{refused:?}");
    assert!(till.say("plan").await.buttons.is_empty());
    assert!(!till.notices().contains("upgrade"), "{}", till.notices());
}

#[tokio::test]
async fn boards_above_the_limit_are_paused_and_named_and_read_again() {
    let till = Till::new().await;
    let (one, two) = (FakeBoard::start().await, FakeBoard::start().await);
    till.settle().await;
    for board in [&one, &two] {
        board.show(&[Item::titled("Cook")]);
        let added = words(&till.say(&format!("boards add {}", board.url)).await);
        assert!(added.contains("is watched for you now"), "{added}");
        // One host is asked once a second.
        till.world.clock.advance(Duration::from_secs(10));
    }
    let third = till.say("boards add http://127.0.0.1:9/feed").await;
    assert!(words(&third).contains("The plan pro has room for 2 boards"), "{third:?}");
    till.watch(till.actor, "rust").await;
    till.world.deliver().await;
    till.world.clock.advance(days(15));
    till.settle().await;
    let said = till.notices();
    assert!(said.contains("so the newest are not read: 2 (127.0.0.1)"), "{said}");
    assert!(words(&till.say("boards").await).contains("paused by the plan"));
    let asked = two.requests().len();
    for (board, title) in [(&one, "Rust one"), (&two, "Rust two")] {
        board.show(&[Item::titled("Cook"), Item::titled(title)]);
    }
    till.world.clock.advance(Duration::from_mins(20));
    till.world.poll().await;
    assert_eq!(two.requests().len(), asked, "nobody reads it");
    let refused = till.say("boards add http://127.0.0.1:9/feed").await;
    assert!(words(&refused).contains("The plan free has room for 1 board of your own"));
    assert!(link(&refused).is_some(), "{refused:?}");
    // What another account has polled is not matched for whoever has no room for it.
    sqlx::query("UPDATE boards SET enabled = true").execute(&till.world.pool).await.unwrap();
    till.world.poll_again().await;
    till.world.match_all().await;
    assert_eq!(till.world.count("SELECT count(*) FROM owed").await, 1);
    // Room again: it goes on by itself, and says so.
    till.say("boards remove 1").await;
    till.settle().await;
    let said = till.notices();
    assert!(said.contains("These boards are read again from now: 2 (127.0.0.1)"), "{said}");
    let list = words(&till.say("boards").await);
    assert!(!list.contains("paused by the plan"), "{list}");
}

#[tokio::test]
async fn of_a_board_that_the_plan_paused_why_and_saved_say_so() {
    let till = Till::new().await;
    let (one, two) = (FakeBoard::start().await, FakeBoard::start().await);
    till.settle().await;
    for board in [&one, &two] {
        board.show(&[Item::titled("Cook")]);
        till.say(&format!("boards add {}", board.url)).await;
        // One host is asked once a second.
        till.world.clock.advance(Duration::from_secs(10));
    }
    till.watch(till.actor, "rust").await;
    let rust = Item { link: "https://a.example/2", ..Item::titled("Rust two") };
    two.show(&[Item::titled("Cook"), rust]);
    till.world.clock.advance(Duration::from_mins(20));
    till.world.poll().await;
    till.world.match_all().await;
    till.world.deliver().await;
    let opening = till.world.count("SELECT opening_id FROM owed").await;
    let press = async |what: &str| {
        let action = format!("{what}:{opening}").parse().unwrap();
        words(&commands::press(&till.context, till.actor, action).await)
    };
    assert!(press("saved").await.contains("Saved."));
    let asked = ["why https://a.example/2", "why https://a.example/1", "saved"];
    for ask in asked {
        let said = words(&till.say(ask).await);
        assert!(!said.contains("paused") && !said.contains("Not read"), "{said}");
    }
    till.world.clock.advance(days(15));
    till.settle().await;
    let paused = "127.0.0.1 is paused: the plan free has no room for it";
    let told = press("why").await;
    assert!(told.contains(paused), "{told}");
    let says = [paused, "no room for them: 2 (127.0.0.1)", "its board is paused by the plan"];
    for (ask, says) in asked.into_iter().zip(says) {
        let said = words(&till.say(ask).await);
        assert!(said.contains(says), "{ask}: {said}");
    }
}

#[tokio::test]
async fn a_board_that_goes_on_tells_nothing_of_what_it_showed_meanwhile() {
    let till = Till::new().await;
    let (one, two) = (FakeBoard::start().await, FakeBoard::start().await);
    till.settle().await;
    for board in [&one, &two] {
        board.show(&[Item::titled("Cook")]);
        till.say(&format!("boards add {}", board.url)).await;
        till.world.clock.advance(Duration::from_secs(10));
    }
    till.watch(till.actor, "rust").await;
    // Just before the plan pauses it, it does not answer.
    two.status(500, &[]);
    till.world.clock.advance(Duration::from_mins(20));
    till.world.poll().await;
    till.world.clock.advance(days(15));
    till.settle().await;
    till.world.clock.advance(days(15));
    till.say("boards remove 1").await;
    till.settle().await;
    let said = till.notices();
    assert!(said.contains("These boards are read again from now: 2 (127.0.0.1)"), "{said}");
    till.world.poll().await;
    let stopped = "SELECT count(*) FROM boards WHERE stopped_at IS NOT NULL";
    assert_eq!(till.world.count(stopped).await, 0, "nobody asked whether it answers");
    for (titles, owed) in [(vec!["Cook", "Rust one"], 0), (vec!["Cook", "Rust one", "Rust two"], 1)]
    {
        two.show(&titles.into_iter().map(Item::titled).collect::<Vec<_>>());
        till.world.clock.advance(Duration::from_hours(7));
        till.world.poll().await;
        till.world.match_all().await;
        assert_eq!(till.world.count("SELECT count(*) FROM owed").await, owed);
    }
}

#[tokio::test]
async fn a_filter_that_the_plan_paused_says_so_and_goes_on_when_there_is_room() {
    let till = Till::new().await;
    till.settle().await;
    for filter in ["rust", "go", "zig"] {
        till.watch(till.actor, filter).await;
    }
    till.world.clock.advance(days(15));
    till.settle().await;
    assert!(words(&till.say("list").await).contains("3 zig (paused by the plan)"));
    assert!(words(&till.say("show 3").await).contains("is paused by the plan"));
    till.say("remove 1").await;
    till.settle().await;
    assert!(till.notices().contains("These filters go on from now: 3 (zig)."));
    assert!(!words(&till.say("list").await).contains("paused"));
}

#[tokio::test]
async fn a_teams_boards_are_added_and_removed_where_all_read() {
    let till = Till::new().await;
    let ann = till.in_channel(false).await;
    till.settle().await;
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    let added = till.says(ann, &format!("boards add {} here", board.url)).await;
    assert!(words(&added).contains("For all who read here:"), "{added:?}");
    let removes = Press::Say("boards remove c1".to_owned());
    assert!(added.buttons.iter().any(|button| button.press == removes), "{added:?}");
    let list = words(&till.says(ann, "boards").await);
    assert!(list.contains("c1 127.0.0.1"), "{list}");
    assert!(!words(&till.say("boards").await).contains("127.0.0.1"));
    // It is read for the channel's filters.
    till.watch(ann, "rust here").await;
    till.world.deliver().await;
    board.show(&[Item::titled("Cook"), Item::titled("Rust one")]);
    till.world.clock.advance(Duration::from_mins(20));
    till.world.poll().await;
    till.world.match_all().await;
    till.world.deliver().await;
    assert!(till.notices().contains("Rust one"), "{}", till.notices());
    assert!(words(&till.says(ann, "boards remove c1").await).contains("127.0.0.1"));
    assert!(!words(&till.says(ann, "boards").await).contains("127.0.0.1"));
}
