//! Messages with more than one message of their platform shows: all of it is shown, each posting once, the best
//! first, and only what was shown is told.

use std::collections::BTreeMap;
use std::time::Duration;

use earlybrd::domain::delivery::Verdict;
use earlybrd::domain::ids::FilterId;
use earlybrd::workers::gather::Gather;

use crate::commands::check;
use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::messenger::Failure;
use crate::hall::{ANN, Hall};
use crate::office::Office;
use crate::post::Post;
use crate::world::{World, drain};

/// More than any message shows, and than were ranked before.
const MANY: usize = 120;

/// The posting that says most of itself; the last that is stored.
const BEST: &str = "Cook the best";

fn titles() -> Vec<String> {
    let mut titles: Vec<String> = (1..MANY).map(|n| format!("Cook number {n} of them")).collect();
    titles.push(BEST.to_owned());
    titles
}

/// Shows them on a board, has them matched for a daily digest, and moves the clock to it.
async fn gathered(world: &World, board: &FakeBoard) {
    sqlx::query("UPDATE filters SET cadence = 'daily 08:00'").execute(&world.pool).await.unwrap();
    let titles = titles();
    let items: Vec<Item<'_>> = titles.iter().rev().map(|title| Item::titled(title)).collect();
    let known = "Company: Acme\nLocation: Berlin\nPay: €30/h\nRemote: yes";
    let items: Vec<Item<'_>> = items
        .into_iter()
        .map(|item| if item.title == BEST { Item { body: known, ..item } } else { item })
        .collect();
    board.show(&items);
    world.poll_again().await;
    world.match_all().await;
    assert_eq!(world.count("SELECT count(*) FROM owed WHERE due_at IS NOT NULL").await, 120);
    world.clock.advance(Duration::from_hours(24));
    drain(&mut Gather { base: world.base() }).await;
}

/// Each title is in one of the messages, the best one in the first, and what was sent is what was told.
#[track_caller]
fn all_are_shown(messages: &[String]) {
    let shown: BTreeMap<String, usize> = titles()
        .into_iter()
        .map(|title| {
            let shown = messages.iter().filter(|message| message.contains(&title)).count();
            (title, shown)
        })
        .collect();
    let wrong: Vec<_> = shown.iter().filter(|(_, shown)| **shown != 1).collect();
    assert!(wrong.is_empty(), "{} of {MANY}: {wrong:?}", wrong.len());
    assert!(messages.len() > 1 && messages[0].contains(BEST), "the best first");
}

async fn all_are_told(world: &World) {
    let owed = "SELECT count(*) FROM owed WHERE state <> 'told'";
    assert_eq!(world.count(owed).await, 0);
    assert_eq!(world.count("SELECT count(*) FROM deliveries WHERE state <> 'sent'").await, 0);
}

#[tokio::test]
async fn a_long_digest_by_mail_is_several_mails() {
    let here = Post::new().await;
    here.confirmed().await;
    here.world.filter(here.person(), "cook").await;
    check(&here.say("to 1 email").await, "come by e-mail from now on");
    gathered(&here.world, &here.board).await;
    here.deliver().await;
    let mails = here.mails();
    assert_eq!(mails.len(), 1 + MANY.div_ceil(25));
    all_are_shown(&mails[1..]);
    all_are_told(&here.world).await;
}

#[tokio::test]
async fn a_long_digest_in_discord_is_several_messages() {
    let hall = Hall::new().await;
    let board = hall.board().await;
    let preview = hall.types(ANN, "watch", &[("looks-for", "cook")]).await;
    hall.presses(ANN, &preview, "Save").await;
    hall.deliver().await;
    let before = hall.discord.posted().len();
    gathered(&hall.world, &board).await;
    for _ in 0..99 {
        hall.deliver().await;
        hall.world.clock.advance(Duration::from_secs(5));
    }
    let posted = hall.discord.posted();
    let messages: Vec<String> = posted[before..].iter().map(|it| it.body.to_string()).collect();
    all_are_shown(&messages);
    all_are_told(&hall.world).await;
}

#[tokio::test]
async fn a_long_digest_in_slack_is_several_messages_of_which_none_is_too_long() {
    let office = Office::new().await;
    let board = office.board().await;
    let ann = office.person("U1").await;
    office.world.filter(ann, "cook").await;
    gathered(&office.world, &board).await;
    for _ in 0..99 {
        office.deliver().await;
        office.world.clock.advance(Duration::from_secs(2));
    }
    let posted = office.slack.posted();
    let messages: Vec<String> =
        posted.iter().map(|it| it.arguments["blocks"].to_string()).collect();
    let longest = messages.iter().map(|it| it.chars().count()).max();
    assert!(longest.is_some_and(|longest| longest < 13_000), "{longest:?}");
    all_are_shown(&messages);
    all_are_told(&office.world).await;
}

/// What failed half-way goes on where it was.
#[tokio::test]
async fn each_part_is_tried_for_itself() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let ann = world.person("ann").await;
    let _: FilterId = world.filter(ann, "cook").await;
    world.messenger.fits(50);
    gathered(&world, &board).await;
    world.messenger.fail(Failure::Lost);
    world.deliver().await;
    assert_eq!(world.sent().len(), 50);
    world.messenger.in_doubt(earlybrd::domain::delivery::Doubt::Same);
    world.messenger.fail(Failure::Verdict(Verdict::Retry { why: "down".into(), after: None }));
    for _ in 0..6 {
        world.clock.advance(Duration::from_mins(20));
        world.deliver().await;
    }
    let mut sent = world.sent();
    assert_eq!((sent.len(), sent[0].as_str()), (MANY, "ann: Cook the best"));
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent.len(), MANY, "none twice");
    all_are_told(&world).await;
}

#[tokio::test]
async fn a_backlog_is_told_whole_when_its_chat_is_back() {
    let here = Post::new().await;
    here.world.filter(here.person(), "cook").await;
    here.world.messenger.fits(7);
    here.world.messenger.fail(Failure::Verdict(Verdict::Gone { why: "closed".to_owned() }));
    for many in [3, 9, 20] {
        let titles: Vec<String> = (0..many).map(|n| format!("Cook {many} {n} x")).collect();
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        here.show(&titles).await;
    }
    check(&here.say("list").await, "32 postings that waited come now, as a digest.");
    here.deliver().await;
    assert_eq!(here.world.sent().len(), 32);
    assert_eq!(here.world.count("SELECT count(*) FROM deliveries WHERE state = 'sent'").await, 5);
    all_are_told(&here.world).await;
}
