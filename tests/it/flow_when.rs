//! When people are told: digests, quiet hours, snoozes, bursts; and of which companies never.

use std::time::Duration;

use earlybrd::commands;
use earlybrd::db;
use earlybrd::domain::ids::TargetId;
use earlybrd::workers::gather::Gather;

use crate::commands::{Chat, check};
use crate::fakes::board::Item;
use crate::world::drain;

const DIGESTS: &str = "SELECT count(*) FROM deliveries WHERE kind = 'digest'";
const BURSTS: &str = "SELECT count(*) FROM deliveries WHERE kind = 'burst'";
const HOUR: Duration = Duration::from_hours(1);

/// Somebody who watches cooks; it is Monday, 14:13 UTC.
async fn cooks() -> Chat {
    let chat = Chat::new().await;
    chat.world.filter(person(&chat), "cook").await;
    chat
}

fn person(chat: &Chat) -> crate::world::Person {
    crate::world::Person { account: chat.actor.account, target: chat.actor.target }
}

/// All stages, with what waited.
async fn run(chat: &Chat) {
    chat.world.run().await;
    drain(&mut Gather { base: chat.world.base() }).await;
    chat.world.deliver().await;
}

async fn show(chat: &Chat, items: &[Item<'_>]) {
    chat.board.show(items);
    run(chat).await;
}

async fn titles(chat: &Chat, titles: &[&str]) {
    show(chat, &titles.iter().map(|title| Item::titled(title)).collect::<Vec<_>>()).await;
}

/// Moves the clock and does what is due then.
async fn later(chat: &Chat, span: Duration) {
    chat.world.clock.advance(span);
    run(chat).await;
}

#[tokio::test]
async fn a_digest_comes_at_the_local_time_with_all_since_the_last_the_best_first() {
    let chat = cooks().await;
    check(&chat.say("timezone europe/berlin").await, "Europe/Berlin; it is Mon 21 Sep 16:13");
    let reply = chat.say("deliver 1 daily 08:00").await;
    check(&reply, "is told daily 08:00, next Tue 22 Sep 08:00 (Europe/Berlin time)");
    check(&chat.say("list").await, "1 cook (daily 08:00)");
    titles(&chat, &["cook one"]).await;
    let known = "Company: Acme\nPay: €30/h\nRemote: yes";
    show(&chat, &[Item { body: known, ..Item::titled("cook two") }, Item::titled("cook one")])
        .await;
    later(&chat, HOUR * 15).await;
    assert!(chat.world.sent().is_empty(), "07:17 there");
    check(&chat.say("deliver 1 daily 08:00").await, "2 postings wait; nothing is dropped");
    later(&chat, HOUR).await;
    assert_eq!(chat.world.sent(), ["ann: cook two", "ann: cook one"]);
    assert_eq!(chat.world.count(DIGESTS).await, 1);
    later(&chat, HOUR * 24).await;
    assert_eq!(chat.world.sent().len(), 2, "nothing new, no digest");
}

#[tokio::test]
async fn a_digest_is_built_once_by_whoever_builds_it() {
    let chat = cooks().await;
    chat.say("deliver 1 hourly").await;
    titles(&chat, &["cook 1", "cook 2", "cook 3"]).await;
    chat.world.clock.advance(HOUR);
    let (pool, now) = (&chat.world.pool, chat.world.now());
    let target: TargetId = chat.actor.target;
    // One that dies while it builds leaves nothing.
    let mut dies = pool.begin().await.unwrap();
    db::messages::gather(&mut dies, target, now).await.unwrap();
    drop(dies);
    assert_eq!(chat.world.count(DIGESTS).await, 0);
    // Two at once build one.
    let mut first = pool.begin().await.unwrap();
    db::messages::gather(&mut first, target, now).await.unwrap();
    let second = db::in_tx(pool, async |tx| db::messages::gather(tx, target, now).await);
    let commit = async {
        chat.world.until_a_session_waits().await;
        first.commit().await.unwrap();
    };
    let (second, ()) = tokio::join!(second, commit);
    second.unwrap();
    assert_eq!(chat.world.count(DIGESTS).await, 1);
    chat.world.deliver().await;
    assert_eq!(chat.world.sent().len(), 3);
}

#[tokio::test]
async fn quiet_hours_defer_and_drop_nothing() {
    let chat = cooks().await;
    check(&chat.say("quiet 14:00-16:00").await, "Quiet from 14:00 to 16:00, UTC time.");
    titles(&chat, &["cook 1", "cook 2"]).await;
    assert!(chat.world.sent().is_empty());
    let why = chat.say("why https://x.example/none").await;
    check(&why, "No posting with this address");
    later(&chat, HOUR).await;
    assert!(chat.world.sent().is_empty());
    later(&chat, HOUR).await;
    assert_eq!(chat.world.sent(), ["ann: cook 2", "ann: cook 1"], "in the order of the board");
    assert_eq!(chat.world.count(BURSTS).await, 1);
    titles(&chat, &["cook 3"]).await;
    assert_eq!(chat.world.sent().len(), 3, "in the day it is told at once");
}

#[tokio::test]
async fn what_waits_moves_with_the_habits() {
    let chat = cooks().await;
    check(&chat.say("snooze 3d").await, "Nothing is told until Thu 24 Sep 14:13 (UTC time)");
    titles(&chat, &["cook 1"]).await;
    assert!(chat.world.sent().is_empty());
    check(&chat.say("snooze off").await, "You are told again. 1 posting waits");
    run(&chat).await;
    assert_eq!(chat.world.sent(), ["ann: cook 1"]);
    chat.say("deliver 1 weekly sun 20:00").await;
    titles(&chat, &["cook 2"]).await;
    assert_eq!(chat.world.sent().len(), 1);
    check(&chat.say("deliver 1 instant").await, "is told at once. 1 posting waits");
    run(&chat).await;
    assert_eq!(chat.world.sent()[1..], ["ann: cook 2"]);
    // Paused, what was matched is told; removed, it is not.
    chat.say("deliver 1 hourly").await;
    titles(&chat, &["cook 3"]).await;
    chat.say("pause 1").await;
    later(&chat, HOUR).await;
    assert_eq!(chat.world.sent()[2..], ["ann: cook 3"]);
    chat.say("resume 1").await;
    titles(&chat, &["cook 4"]).await;
    chat.say("remove 1").await;
    later(&chat, HOUR).await;
    assert_eq!(chat.world.sent().len(), 3);
    assert_eq!(chat.world.count("SELECT count(*) FROM owed WHERE due_at IS NOT NULL").await, 0);
}

#[tokio::test]
async fn what_a_filter_waited_for_is_told_if_its_removal_is_undone() {
    let chat = cooks().await;
    chat.say("deliver 1 hourly").await;
    titles(&chat, &["cook 1"]).await;
    chat.world.clock.advance(Duration::from_mins(40));
    let removed = chat.say("remove 1").await;
    later(&chat, Duration::from_mins(6)).await;
    assert!(chat.world.sent().is_empty(), "past the hour");
    check(&chat.press(&removed, "Undo").await, "is back");
    later(&chat, Duration::from_mins(10)).await;
    assert_eq!(chat.world.sent(), ["ann: cook 1"]);
}

#[tokio::test]
async fn what_waits_of_a_company_that_is_muted_is_not_told() {
    let chat = cooks().await;
    chat.say("deliver 1 hourly").await;
    let acme = Item { body: "Company: Acme, Inc.", ..Item::titled("cook one") };
    show(&chat, &[acme, Item { body: "Company: Beta", ..Item::titled("cook two") }]).await;
    chat.say("mute company Acme").await;
    later(&chat, HOUR).await;
    assert_eq!(chat.world.sent(), ["ann: cook two"]);
    assert_eq!(chat.world.count("SELECT count(*) FROM owed").await, 1);
}

#[tokio::test]
async fn a_filter_that_wants_it_at_once_does_not_wait_for_the_others_digest() {
    let chat = cooks().await;
    chat.say("deliver 1 daily 08:00").await;
    let body = "Company: Acme\nLocation: Berlin";
    show(&chat, &[Item { body, ..Item::titled("cook") }]).await;
    assert!(chat.world.sent().is_empty());
    chat.world.filter(person(&chat), "company:acme").await;
    // The same job again, under another name of its board.
    show(&chat, &[Item { guid: "other", body, ..Item::titled("cook") }]).await;
    assert_eq!(chat.world.sent(), ["ann: cook"]);
    later(&chat, HOUR * 24).await;
    assert_eq!(chat.world.sent().len(), 1);
}

#[tokio::test]
async fn many_at_once_are_one_message_and_a_stream_is_five_and_then_one() {
    let chat = cooks().await;
    let many: Vec<String> = (0..12).map(|n| format!("cook {n}")).collect();
    titles(&chat, &many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(chat.world.count("SELECT count(*) FROM deliveries").await, 1);
    assert_eq!(chat.world.sent().len(), 12);
    // Two minutes later they come one by one.
    for n in 100..108 {
        let title = format!("cook {n}");
        chat.board.show(&[Item::titled(&title)]);
        sqlx::query("UPDATE boards SET next_poll_at = now() - interval '10 years'")
            .execute(&chat.world.pool)
            .await
            .unwrap();
        if n == 100 {
            chat.world.clock.advance(Duration::from_mins(2));
        }
        chat.world.clock.advance(Duration::from_secs(2));
        chat.world.poll().await;
        chat.world.match_all().await;
        drain(&mut Gather { base: chat.world.base() }).await;
        chat.world.deliver().await;
    }
    assert_eq!(chat.world.sent().len(), 17, "five of them");
    chat.world.clock.advance(Duration::from_mins(1));
    run(&chat).await;
    assert_eq!(chat.world.sent().len(), 20);
    assert_eq!(chat.world.count(BURSTS).await, 2);
}

#[tokio::test]
async fn a_muted_company_is_told_to_nobody_who_muted_it() {
    let chat = cooks().await;
    check(&chat.say("mute company Acme GmbH").await, "Acme GmbH is muted");
    check(&chat.say("mute company ACME").await, "ACME was muted already");
    let bob = chat.world.person("bob").await;
    chat.world.filter(bob, "cook").await;
    let link = "https://jobs.example/cook/12345";
    let acme = Item { body: "Company: Acme, Inc.", link, ..Item::titled("cook one") };
    show(&chat, &[acme, Item { body: "Company: Beta", ..Item::titled("cook two") }]).await;
    let mut sent = chat.world.sent();
    sent.sort_unstable();
    assert_eq!(sent, ["ann: cook two", "bob: cook one", "bob: cook two"]);
    check(&chat.say("test cook").await, "1 card from");
    check(&chat.say(&format!("why {link}")).await, "You muted Acme, Inc.");
    check(&chat.say("muted").await, "Acme GmbH");
    check(&chat.say("unmute company acme").await, "is told again");
    check(&chat.say("unmute company acme").await, "was not muted");
    check(&chat.say("muted").await, "You have muted no company");
}

#[tokio::test]
async fn what_was_marked_is_listed_newest_first_a_page_at_a_time() {
    let chat = cooks().await;
    check(&chat.say("saved").await, "You have saved nothing yet");
    let many: Vec<String> = (0..12).map(|n| format!("cook {n}")).collect();
    titles(&chat, &many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let openings: Vec<i64> = sqlx::query_scalar("SELECT opening_id FROM owed ORDER BY opening_id")
        .fetch_all(&chat.world.pool)
        .await
        .unwrap();
    for opening in openings {
        chat.world.clock.advance(Duration::from_mins(1));
        let action = format!("saved:{opening}").parse().unwrap();
        commands::press(&chat.context, chat.actor, action).await;
    }
    let first = chat.say("saved").await;
    check(&first, "cook 0 · ");
    assert_eq!(crate::commands::words(&first).matches("cook").count(), 10);
    check(&chat.say("saved 2").await, "cook 11 · ");
    check(&chat.say("saved 3").await, "nothing so far back");
    check(&chat.say("applied").await, "marked nothing as applied");
}
