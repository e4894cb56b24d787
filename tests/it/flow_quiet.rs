//! Filters that have become quiet: their owners are told why, once.

use std::time::Duration;

use earlybrd::workers::gather::Gather;
use earlybrd::workers::quiet_filters::QuietFilters;

use crate::commands::{Chat, check};
use crate::fakes::board::Item;
use crate::world::{Person, drain};

const DAY: Duration = Duration::from_hours(24);

/// Somebody with a filter; it is Monday, 14:13 UTC.
async fn watching(filter: &str) -> Chat {
    let chat = Chat::new().await;
    let person = Person { account: chat.actor.account, target: chat.actor.target };
    chat.world.filter(person, filter).await;
    chat
}

async fn later(chat: &Chat, span: Duration) {
    chat.world.clock.advance(span);
    chat.world.poll().await;
    chat.world.match_all().await;
    drain(&mut Gather { base: chat.world.base() }).await;
    drain(&mut QuietFilters { base: chat.world.base() }).await;
    chat.world.deliver().await;
}

/// What was said that is no posting.
fn notices(chat: &Chat) -> Vec<String> {
    chat.world.sent().into_iter().filter(|said| said.contains("Filter 1")).collect()
}

fn show(chat: &Chat, titles: &[&str]) {
    chat.board.show(&titles.iter().map(|title| Item::titled(title)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_filter_without_a_match_for_a_week_is_told_once_what_removes_most() {
    let chat = watching("cook pastry").await;
    show(&chat, &["cook 1", "cook 2", "pastry 3"]);
    later(&chat, DAY * 6).await;
    assert!(notices(&chat).is_empty());
    later(&chat, DAY).await;
    let told = "ann: Filter 1, cook pastry, has matched nothing for 7 days. Most are kept out by \
                pastry: without it, 2 postings of the last days would match. To see it at work, or \
                to change it: show 1";
    assert_eq!(notices(&chat), [told]);
    later(&chat, DAY * 8).await;
    later(&chat, DAY * 8).await;
    assert_eq!(notices(&chat).len(), 1, "once");
    // It matches, and becomes quiet again.
    show(&chat, &["cook pastry 4"]);
    later(&chat, DAY).await;
    assert!(chat.world.sent().contains(&"ann: cook pastry 4".to_owned()));
    later(&chat, DAY * 6).await;
    assert_eq!(notices(&chat).len(), 1);
    later(&chat, DAY * 2).await;
    assert_eq!(notices(&chat).len(), 2);
}

#[tokio::test]
async fn a_filter_that_is_paused_snoozed_or_waits_for_its_digest_is_not_told_yet() {
    let chat = watching("cook").await;
    chat.say("pause 1").await;
    later(&chat, DAY * 9).await;
    assert!(notices(&chat).is_empty(), "paused");
    // Wednesday.
    chat.say("resume 1").await;
    check(&chat.say("snooze 8d").await, "Nothing is told until");
    later(&chat, Duration::from_hours(7 * 24 + 1)).await;
    assert!(notices(&chat).is_empty(), "snoozed");
    chat.say("snooze off").await;
    chat.say("deliver 1 weekly fri 09:00").await;
    later(&chat, DAY).await;
    assert!(notices(&chat).is_empty(), "the digest is not due");
    later(&chat, DAY).await;
    assert_eq!(notices(&chat).len(), 1);
}

#[tokio::test]
async fn a_filter_that_is_quiet_because_its_board_died_is_told_so_once() {
    let chat = watching("cook").await;
    let titles: Vec<String> = (0..28).map(|n| format!("cook {n}")).collect();
    for day in 1..=14 {
        let shown = titles.iter().take(day * 2).rev().map(String::as_str).collect::<Vec<_>>();
        show(&chat, &shown);
        later(&chat, DAY).await;
    }
    assert_eq!(chat.world.sent().len(), 28);
    chat.board.status(503, &[]);
    later(&chat, Duration::from_hours(12)).await;
    assert!(notices(&chat).is_empty(), "it may be a bad day");
    later(&chat, Duration::from_hours(47)).await;
    let told = notices(&chat);
    assert_eq!(told.len(), 1, "{told:?}");
    let said = "ann: Filter 1, cook, is quiet: 0 postings from b for 2 days, usually 2 a day; b has \
                been failing since 6 Oct 02:13 (";
    assert!(told[0].starts_with(said) && told[0].contains("503"), "{told:?}");
    for _ in 0..10 {
        later(&chat, DAY).await;
    }
    assert_eq!(notices(&chat).len(), 1, "once, and no clause is blamed");
}
