//! What waits for a target that is gone: a digest when it is back, and a line in `list` when it is too late.

use std::time::Duration;

use earlybrd::domain::delivery::Verdict;
use earlybrd::workers::gather::Gather;
use earlybrd::workers::housekeeping::Sweep;

use crate::commands::{Chat, check, words};
use crate::fakes::messenger::Failure;
use crate::world::{Person, drain};

const DAY: Duration = Duration::from_hours(24);
const UNSETTLED: &str = "SELECT count(*) FROM deliveries WHERE settled_at IS NULL";

/// Somebody who watches cooks, and whose chat takes nothing any more.
async fn gone() -> Chat {
    let chat = Chat::new().await;
    let person = Person { account: chat.actor.account, target: chat.actor.target };
    chat.world.filter(person, "cook").await;
    let why = "channel archived".to_owned();
    chat.world.messenger.fail(Failure::Verdict(Verdict::Gone { why }));
    chat
}

/// Shows one posting after the other.
async fn show(chat: &Chat, titles: &[&str]) {
    for shown in 1..=titles.len() {
        chat.show(&titles[titles.len() - shown..]).await;
    }
}

async fn work(chat: &Chat) {
    drain(&mut Gather { base: chat.world.base() }).await;
    drain(&mut Sweep { base: chat.world.base() }).await;
    chat.world.deliver().await;
}

/// What `list` says at another place of the same account.
async fn list_elsewhere(chat: &Chat) -> String {
    let other = chat.world.person("elsewhere").await;
    let actor = earlybrd::commands::Actor { target: other.target, ..chat.actor };
    words(&earlybrd::commands::say(&chat.context, actor, "list").await)
}

#[tokio::test]
async fn what_waited_comes_as_one_digest_and_nothing_twice() {
    let chat = gone().await;
    show(&chat, &["cook 3", "cook 2", "cook 1"]).await;
    chat.world.clock.advance(DAY * 6);
    work(&chat).await;
    assert!(chat.world.sent().is_empty());
    assert!(!list_elsewhere(&chat).await.contains("not delivered"));
    let back = chat.say("list").await;
    check(&back, "Cards come here again. 3 postings that waited come now, as a digest.");
    assert_eq!(chat.world.count(UNSETTLED).await, 1);
    work(&chat).await;
    let mut sent = chat.world.sent();
    sent.sort_unstable();
    assert_eq!(sent, ["ann: cook 1", "ann: cook 2", "ann: cook 3"]);
    let digests = "SELECT count(*) FROM deliveries WHERE kind = 'digest' AND state = 'sent'";
    assert_eq!(chat.world.count(digests).await, 1);
    chat.say("list").await;
    work(&chat).await;
    assert_eq!(chat.world.sent().len(), 3);
    assert_eq!(chat.world.count("SELECT count(*) FROM owed WHERE state = 'told'").await, 3);
}

#[tokio::test]
async fn what_waited_for_more_than_a_week_is_listed_and_not_told() {
    let chat = gone().await;
    show(&chat, &["cook 2", "cook 1"]).await;
    chat.world.clock.advance(DAY * 8);
    chat.show(&["cook 3", "cook 2", "cook 1"]).await;
    let lost = "2 not delivered: ";
    assert!(list_elsewhere(&chat).await.contains(lost));
    let back = chat.say("list").await;
    check(&back, "1 posting that waited comes now. 2 postings waited for more than a week");
    check(&back, lost);
    check(&back, "(channel archived)");
    work(&chat).await;
    assert_eq!(chat.world.sent(), ["ann: cook 3"]);
    assert_eq!(chat.world.count("SELECT count(*) FROM owed WHERE state = 'dead'").await, 2);
}

#[tokio::test]
async fn what_waited_for_a_month_expires_and_is_listed_for_another() {
    let chat = gone().await;
    show(&chat, &["cook 2", "cook 1"]).await;
    chat.world.clock.advance(DAY * 29);
    work(&chat).await;
    assert_eq!(chat.world.count(UNSETTLED).await, 2);
    chat.world.clock.advance(DAY * 2);
    work(&chat).await;
    assert_eq!(chat.world.count(UNSETTLED).await, 0);
    let lost = "2 not delivered: ";
    assert!(list_elsewhere(&chat).await.contains(lost));
    check(&chat.say("list").await, lost);
    work(&chat).await;
    assert!(chat.world.sent().is_empty());
    chat.world.clock.advance(DAY * 31);
    work(&chat).await;
    assert!(!words(&chat.say("list").await).contains("not delivered"));
}

#[tokio::test]
async fn what_may_have_arrived_is_no_part_of_the_digest() {
    let chat = gone().await;
    show(&chat, &["cook 3", "cook 2", "cook 1"]).await;
    sqlx::query(
        "UPDATE deliveries SET doubts = 1, doubt_since = created_at, tried_at = created_at
         WHERE id = (SELECT min(id) FROM deliveries)",
    )
    .execute(&chat.world.pool)
    .await
    .unwrap();
    check(&chat.say("list").await, "2 postings that waited come now");
    assert_eq!(chat.world.count(UNSETTLED).await, 2);
}
