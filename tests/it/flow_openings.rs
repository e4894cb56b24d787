//! One job, one message: on several boards, posted again, found out late.

use std::time::Duration;

use chrono::TimeDelta;
use earlybrd::commands;
use earlybrd::db;
use earlybrd::domain::board::BoardKind;
use serde_json::{Value, json};

use crate::commands::check;
use crate::fakes::board::{FakeBoard, Item};
use crate::world::{Person, World};

pub const OPENINGS: &str = "SELECT count(*) FROM openings WHERE merged_into IS NULL";
pub const DAY: Duration = Duration::from_hours(24);

/// Somebody who wants to hear of cooks, and boards that showed nothing yet.
pub async fn world(boards: &[&str]) -> (World, Vec<FakeBoard>, Person) {
    let world = World::new().await;
    let mut fakes = Vec::new();
    for slug in boards {
        let fake = FakeBoard::start().await;
        world.board(slug, &fake.url).await;
        fakes.push(fake);
    }
    world.poll().await;
    let ann = world.person("ann").await;
    world.filter(ann, "cook").await;
    (world, fakes, ann)
}

pub fn item<'a>(guid: &'a str, body: &'a str) -> Item<'a> {
    Item { guid, title: "Cook (m/w/d)", body, ..Item::default() }
}

pub const ACME: &str = "Company: Acme GmbH\nLocation: Berlin\nWe cook.";

/// A company's board on Greenhouse.
pub async fn greenhouse(world: &World, slug: &str) -> FakeBoard {
    let board = FakeBoard::start().await;
    jobs(&board, &[]);
    world.board_of_kind(slug, &board.url, BoardKind::Greenhouse).await;
    board
}

pub fn jobs(board: &FakeBoard, jobs: &[Value]) {
    board.body(json!({ "jobs": jobs }).to_string());
}

pub fn job(id: u32, title: &str) -> Value {
    json!({ "id": id, "title": title, "company_name": "Acme", "location": { "name": "Berlin" },
            "absolute_url": format!("https://boards.greenhouse.io/acme/jobs/{id}") })
}

#[tokio::test]
async fn a_job_on_two_boards_is_told_once_and_its_message_names_both() {
    let (world, boards, _) = world(&["one", "two"]).await;
    boards[0].show(&[item("1", ACME)]);
    world.run().await;
    boards[1].show(&[item("x", "Company: ACME\nLocation: Berlin, Germany\nPay: €30/h")]);
    world.run().await;
    assert_eq!(world.count(OPENINGS).await, 1);
    assert_eq!(world.sent(), ["ann: Cook (m/w/d)"]);
    world.edit().await;
    let want = "ann: Cook (m/w/d) | Acme GmbH · Berlin · €30/h | no date given on one, also on two · \
                filter \"cook\"";
    assert_eq!(world.messenger.edited(), [want]);
    world.clock.advance(DAY);
    world.edit().await;
    assert_eq!(world.messenger.edited().len(), 1, "nothing more is known");
}

#[tokio::test]
async fn two_boards_that_show_a_job_for_the_first_time_at_once_make_one_message() {
    let (world, boards, _) = world(&["one", "two"]).await;
    boards[0].show(&[item("1", ACME)]);
    boards[1].show(&[item("1", ACME)]);
    world.run().await;
    assert_eq!((world.count(OPENINGS).await, world.sent().len()), (1, 1));
    world.edit().await;
    assert!(world.messenger.edited().is_empty(), "it was sent with both");
}

/// The title with a word more and the one without are two until one posting is both: the first's ad, the
/// second's words.
#[tokio::test]
async fn openings_that_turn_out_to_be_one_are_told_no_more() {
    let (world, boards, ann) = world(&["one", "two", "three"]).await;
    let (text, ad) = (long_text(), "https://boards.greenhouse.io/acme/jobs/5512300");
    let body = format!("Company: Acme\nLocation: Berlin\n{text}");
    let first = Item { guid: "1", link: ad, title: "Cook, Bakery", body: ACME, ..Item::default() };
    let second = Item { guid: "2", title: "Cook", body: &body, ..Item::default() };
    boards[0].show(&[first]);
    world.run().await;
    let bob = world.person("bob").await;
    world.filter(bob, "cook").await;
    boards[1].show(&[second]);
    world.run().await;
    assert_eq!(world.sent(), ["ann: Cook, Bakery", "ann: Cook", "bob: Cook"]);
    assert_eq!(world.count(OPENINGS).await, 2);
    // Bob was told of the second alone, and carol of neither.
    let carol = world.person("carol").await;
    world.filter(carol, "cook").await;
    boards[2].show(&[Item { guid: "3", link: ad, ..second }]);
    world.run().await;
    assert_eq!(world.count(OPENINGS).await, 1);
    assert_eq!(world.sent()[3..], ["carol: Cook"]);
    world.edit().await;
    let edited = world.messenger.edited();
    assert_eq!(edited.len(), 3, "{edited:?}");
    assert!(edited.iter().all(|edit| edit.contains("also on")), "{edited:?}");
    let mark = db::marks::set;
    for opening in [1, 2] {
        let (opening, saved) = (opening.into(), earlybrd::domain::reply::Mark::Saved);
        let (told, saved) = ([ann.account; 2], (saved, world.now()));
        assert!(mark(&world.pool, ann.account, told, opening, saved).await.unwrap());
    }
    assert_eq!(world.count("SELECT count(*) FROM marks").await, 1, "both buttons mean one job");
}

#[tokio::test]
async fn of_two_messages_for_one_job_that_wait_one_is_dropped() {
    let (world, boards, _) = world(&["one", "two", "three"]).await;
    let (text, ad) = (long_text(), "https://boards.greenhouse.io/acme/jobs/5512300");
    let body = format!("Company: Acme\nLocation: Berlin\n{text}");
    let first = Item { guid: "1", link: ad, title: "Cook, Bakery", body: ACME, ..Item::default() };
    let second = Item { guid: "2", title: "Cook", body: &body, ..Item::default() };
    let both = Item { guid: "3", link: ad, ..second };
    boards[0].show(&[first]);
    boards[1].show(&[second]);
    world.poll_again().await;
    world.match_all().await;
    let waiting = "SELECT count(*) FROM deliveries WHERE state = 'pending'";
    assert_eq!(world.count(waiting).await, 2);
    boards[2].show(&[both]);
    world.run().await;
    assert_eq!(world.sent().len(), 1);
    assert_eq!(world.count("SELECT count(*) FROM deliveries WHERE state <> 'sent'").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM owed WHERE state = 'told'").await, 1);
}

/// What a matcher writes while two openings become one is moved with the rest.
#[tokio::test]
async fn a_merge_waits_for_what_is_being_matched() {
    let (world, boards, _) = world(&["one", "two", "three"]).await;
    let (text, ad) = (long_text(), "https://boards.greenhouse.io/acme/jobs/5512300");
    let body = format!("Company: Acme\nLocation: Berlin\n{text}");
    let first = Item { guid: "1", link: ad, title: "Cook, Bakery", body: ACME, ..Item::default() };
    let second = Item { guid: "2", title: "Cook", body: &body, ..Item::default() };
    boards[0].show(&[first]);
    boards[1].show(&[second]);
    world.run().await;
    assert_eq!(world.sent().len(), 2);
    let bob = world.person("bob").await;
    let filter = world.filter(bob, "cook").await;
    sqlx::query("UPDATE filters SET active_from = '2000-01-01'")
        .execute(&world.pool)
        .await
        .unwrap();
    let mut matching = world.pool.begin().await.unwrap();
    db::filters::shared_revision(&mut matching).await.unwrap();
    let found: i64 = sqlx::query_scalar("SELECT id FROM postings WHERE title = 'Cook'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    let (batch, matches) = ([found.into()], [(found.into(), filter)]);
    assert_eq!(db::matched::owe(&mut matching, &batch, &matches, world.now()).await.unwrap(), 1);
    boards[2].show(&[Item { guid: "3", link: ad, ..second }]);
    let commit = async {
        world.until_a_session_waits().await;
        matching.commit().await.unwrap();
    };
    tokio::join!(world.poll_again(), commit);
    assert_eq!(world.count(OPENINGS).await, 1);
    world.match_all().await;
    world.deliver().await;
    assert_eq!(world.sent()[2..], ["bob: Cook"]);
    let owed = "SELECT count(*) FROM owed o JOIN openings n ON n.id = o.opening_id
                WHERE n.merged_into IS NULL";
    assert_eq!(world.count(owed).await, 2, "one for each of the two who were told");
}

#[tokio::test]
async fn a_preview_counts_a_job_once_and_why_names_the_message_that_told_it() {
    let (world, boards, ann) = world(&["one", "two"]).await;
    let link = |host: &str| format!("https://{host}.example/jobs/77123");
    let (one, two) = (link("one"), link("two"));
    boards[0].show(&[Item { link: &one, ..item("1", ACME) }]);
    world.run().await;
    boards[1].show(&[Item { link: &two, ..item("1", ACME) }]);
    world.run().await;
    let actor = commands::Actor::alone(ann.account, ann.target);
    let said = commands::say(&world.context(), actor, "test cook").await;
    check(&said, "1 card from 2 postings");
    let said = commands::say(&world.context(), actor, &format!("why {two}")).await;
    check(
        &said,
        "It is the same job as one on one, of which you hear once. That one was told to you",
    );
    let said = commands::say(&world.context(), actor, &format!("why {one}")).await;
    check(&said, "It was told to you");
}

pub fn long_text() -> String {
    (0..90).map(|n| format!("word{}", n * 7919 % 1009)).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_repost_is_told_again_only_after_46_days_and_counted() {
    let (world, boards, ann) = world(&["one"]).await;
    let bob = world.person("bob").await;
    world.filter(bob, "cook -reposts").await;
    boards[0].show(&[item("1", ACME)]);
    world.run().await;
    assert_eq!(world.sent(), ["ann: Cook (m/w/d)", "bob: Cook (m/w/d)"]);
    world.clock.advance(DAY * 40);
    boards[0].show(&[item("2", ACME)]);
    world.run().await;
    assert_eq!(world.sent().len(), 2, "{ann:?} was told of it");
    // Shown to the end: it is not over before it goes.
    world.clock.advance(DAY * 30);
    world.run().await;
    boards[0].show(&[]);
    world.clock.advance(DAY * 20);
    boards[0].show(&[item("other", "Company: Other\nLocation: Rome"), item("3", ACME)]);
    world.run().await;
    assert_eq!(world.sent()[2..], ["ann: Cook (m/w/d)", "bob: Cook (m/w/d)"], "the other's job");
    boards[0].show(&[item("other", "Company: Other\nLocation: Rome")]);
    world.run().await;
    world.clock.advance(DAY * 46);
    boards[0].show(&[item("4", ACME)]);
    world.run().await;
    assert_eq!(world.sent()[4..], ["ann: Cook (m/w/d)"], "bob wants no reposts");
    let dan = world.person("dan").await;
    world.filter(dan, "cook reposts").await;
    world.clock.advance(DAY * 2);
    boards[0].show(&[item("5", ACME)]);
    world.run().await;
    assert_eq!(world.sent()[5..], ["dan: Cook (m/w/d)"], "it was posted five times by now");
    assert_eq!(world.count("SELECT max(reposts) FROM postings").await, 4);
}

#[tokio::test]
async fn two_jobs_side_by_side_are_two_messages() {
    let (world, _, _) = world(&[]).await;
    let board = greenhouse(&world, "acme").await;
    world.poll().await;
    let dated = |id: u32, day: u32| {
        let mut job = job(id, "Cook");
        job["first_published"] = json!((world.now() - TimeDelta::days(day.into())).to_rfc3339());
        job
    };
    jobs(&board, &[dated(5_512_301, 0), dated(5_512_302, 9)]);
    world.run().await;
    assert_eq!((world.count(OPENINGS).await, world.sent().len()), (2, 2));
    // One of them ends: its message says so, and the other does not.
    jobs(&board, &[dated(5_512_302, 9)]);
    world.run().await;
    world.edit().await;
    let edited = world.messenger.edited();
    assert_eq!(edited.len(), 1, "{edited:?}");
    assert!(edited[0].starts_with("ann: closed Cook"), "{edited:?}");
}

/// What a company shows beside an ad is another job; what takes its place is the same.
#[tokio::test]
async fn a_second_requisition_is_told_and_a_repost_is_not() {
    let (world, _, _) = world(&[]).await;
    let board = greenhouse(&world, "acme").await;
    world.poll().await;
    let show = async |ids: &[u32]| {
        jobs(&board, &ids.iter().map(|id| job(*id, "Cook")).collect::<Vec<_>>());
        world.run().await;
        world.clock.advance(DAY * 3);
        (world.count(OPENINGS).await, world.sent().len())
    };
    assert_eq!(show(&[5_512_301]).await, (1, 1));
    assert_eq!(show(&[5_512_301, 5_512_302]).await, (2, 2));
    assert_eq!(show(&[5_512_302, 5_512_303]).await, (2, 2), "the third is the first again");
    assert_eq!(world.count("SELECT max(reposts) FROM postings").await, 1);
}
