//! Who may change what in a channel, and what Slack says of people.

use std::sync::Arc;

use earlybrd::billing::Stripe;
use earlybrd::payments::Payments;
use serde_json::json;

use crate::fakes::slack::{ADMIN, Trick};
use crate::fakes::stripe::FakeStripe;
use crate::office::{Office, text};
use crate::till::config;

#[tokio::test]
async fn admins_decide_who_changes_the_filters_of_channels() {
    let office = Office::new().await;
    let ours = office.types_in(("U1", "C1"), "watch rust here").await;
    office.presses(("U1", "C1"), &ours["blocks"], "Save").await;
    let refused = office.types_in(("U1", "C1"), "channels admins").await;
    assert!(text(&refused).contains("Only admins may change that"), "{}", text(&refused));
    let elsewhere = office.types_in((ADMIN, "D9"), "channels admins").await;
    assert!(text(&elsewhere).contains("in a channel"), "{}", text(&elsewhere));
    let waiting = office.types_in(("U1", "C1"), "watch go here").await;
    let decided = office.types_in((ADMIN, "C1"), "channels admins").await;
    assert!(text(&decided).contains("Only admins may make"), "{}", text(&decided));
    // What waited for its button is refused, too, and so is every other way to change something.
    let late = office.presses(("U1", "C1"), &waiting["blocks"], "Save").await;
    assert!(text(&late).contains("Only admins"), "{}", text(&late));
    for line in ["watch php here", "pause c1", "remove c1", "edit c1 go", "rename c1 x"] {
        let refused = office.types_in(("U1", "C1"), line).await;
        assert!(text(&refused).contains("Only admins"), "{line}: {}", text(&refused));
    }
    assert!(text(&office.types_in(("U1", "C1"), "show c1").await).contains("rust"));
    // An admin may, and one's own filters are one's own.
    let removed = office.types_in((ADMIN, "C1"), "remove c1").await;
    assert!(text(&removed).contains("removed"), "{}", text(&removed));
    let stolen = office.presses(("U1", "C1"), &removed["blocks"], "Undo").await;
    assert!(text(&stolen).contains("Only admins"), "{}", text(&stolen));
    let undone = office.presses((ADMIN, "C1"), &removed["blocks"], "Undo").await;
    assert!(text(&undone).contains("rust"), "{}", text(&undone));
    let own = office.types_in(("U1", "C1"), "watch perl").await;
    let saved = office.presses(("U1", "C1"), &own["blocks"], "Save").await;
    assert!(text(&saved).contains("saved"), "{}", text(&saved));
}

#[tokio::test]
async fn who_is_no_admin_as_far_as_slack_says_is_none() {
    let office = Office::new().await;
    for _ in ["the first contact", "the question"] {
        office.slack.play("users.info", Trick::Refuse("missing_scope"));
    }
    let refused = office.types_in((ADMIN, "C1"), "channels admins").await;
    assert!(text(&refused).contains("Only admins may change that"), "{}", text(&refused));
}

/// Slack is asked who somebody is also where that says whose bills they see.
#[tokio::test]
async fn an_admin_sees_the_bills_of_a_team() {
    let stripe = FakeStripe::start().await;
    let payments: Arc<dyn Payments> = Arc::new(Stripe::new(&config(&stripe)).unwrap());
    let office = Office::with(|context| context.payments = Some(payments)).await;
    office.types_in(("U1", "C1"), "plan").await;
    stripe.add(
        "sub_1",
        json!({ "id": "sub_1", "customer": "cus_1", "status": "active",
                "items": { "data": [{ "price": { "id": "price_team" } }] } }),
    );
    sqlx::query(
        "INSERT INTO subscriptions (id, account_id, customer, plan, status, status_word, cancels,
                                    asked_at)
         SELECT 'sub_1', id, 'cus_1', 'team', 'active', 'active', false, $1 FROM accounts
         WHERE kind = 'team'",
    )
    .bind(office.world.now())
    .execute(&office.world.pool)
    .await
    .unwrap();
    let admins = office.types_in((ADMIN, "C1"), "billing").await;
    assert!(text(&admins).contains("Those of the team"), "{}", text(&admins));
    let others = office.types_in(("U1", "C1"), "billing").await;
    assert!(text(&others).contains("whoever paid"), "{}", text(&others));
}

#[tokio::test]
async fn the_time_zone_is_that_of_the_profile_until_it_is_changed() {
    let office = Office::new().await;
    let quiet = office.types("U1", "quiet 22:00-07:00").await;
    assert!(text(&quiet).contains("Europe/Berlin"), "{}", text(&quiet));
    office.types("U1", "timezone Asia/Tokyo").await;
    let quiet = office.types("U1", "quiet 21:00-07:00").await;
    assert!(text(&quiet).contains("Asia/Tokyo"), "{}", text(&quiet));
    // Asked once, at first contact.
    assert_eq!(office.slack.calls("users.info").len(), 1);
}

#[tokio::test]
async fn a_company_is_muted_for_oneself_or_for_the_channel() {
    let office = Office::new().await;
    let board = office.board().await;
    let (ann, admin) = (("U1", "C1"), (ADMIN, "C1"));
    let preview = office.types_in(ann, "watch rust here").await;
    office.presses(ann, &preview["blocks"], "Save").await;
    office.show(&board, "Rust one").await;
    let card = office.slack.posted().pop().unwrap().arguments["blocks"].clone();
    let asked = office.presses(ann, &card, "Mute Acme").await;
    assert!(text(&asked).contains("for whom?"), "{}", text(&asked));
    office.presses(ann, &asked["blocks"], "For me").await;
    assert!(text(&office.types("U1", "muted").await).contains("Acme"));
    office.show(&board, "Rust two").await;
    assert!(office.slack.shown().contains("Rust two"), "the channel is told still");
    // Where only admins may, only they do.
    office.types_in(admin, "channels admins").await;
    let refused = office.presses(ann, &asked["blocks"], "For the channels here").await;
    assert!(text(&refused).contains("Only admins"), "{}", text(&refused));
    let muted = office.presses(admin, &asked["blocks"], "For the channels here").await;
    assert!(text(&muted).contains("muted for the channels here"), "{}", text(&muted));
    office.show(&board, "Rust three").await;
    assert!(!office.slack.shown().contains("Rust three"));
    let back = office.presses(admin, &muted["blocks"], "Undo").await;
    assert!(text(&back).contains("is told again"), "{}", text(&back));
    office.show(&board, "Rust four").await;
    assert!(office.slack.shown().contains("Rust four"));
}

#[tokio::test]
async fn a_card_says_why_it_came() {
    let office = Office::new().await;
    let board = office.board().await;
    let preview = office.types_in(("U1", "C1"), "watch rust here").await;
    office.presses(("U1", "C1"), &preview["blocks"], "Save").await;
    office.show(&board, "Rust one").await;
    let card = office.slack.posted().pop().unwrap().arguments["blocks"].clone();
    let why = office.presses(("U2", "C1"), &card, "Why?").await;
    assert!(text(&why).contains("Filter c1, rust, as it is now, accepts it"), "{}", text(&why));
    let elsewhere = office.presses(("U3", "D3"), &card, "Why?").await;
    assert!(text(&elsewhere).contains("not yours"), "{}", text(&elsewhere));
}
