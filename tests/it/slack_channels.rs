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
