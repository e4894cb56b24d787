//! Joining where boards differ: private ones, silent ones, those that date back; and pages that were away.

use chrono::TimeDelta;
use earlybrd::commands::{self, Actor};
use earlybrd::db;
use earlybrd::domain::board::BoardKind;
use earlybrd::domain::ids::DeliveryId;
use earlybrd::workers::rekey::Rekey;
use serde_json::json;
use std::time::Duration;

use crate::fakes::board::{Answer, FakeBoard, Item, feed};
use crate::flow_openings::{ACME, DAY, OPENINGS, item, long_text, world};
use crate::site::Site;
use crate::world::{World, drain};

const OTHER: &str = "Company: Other\nLocation: Rome";

#[tokio::test]
async fn reposts_count_their_own_board_alone() {
    let (world, boards, _) = world(&["one", "two"]).await;
    boards[0].show(&[item("1", ACME)]);
    world.run().await;
    boards[0].show(&[Item { title: "Smith", ..item("o", OTHER) }]);
    world.run().await;
    let dan = world.person("dan").await;
    world.filter(dan, "cook -reposts").await;
    world.clock.advance(DAY * 50);
    boards[1].show(&[item("x", ACME)]);
    world.run().await;
    assert!(world.sent().contains(&"dan: Cook (m/w/d)".to_owned()), "{:?}", world.sent());
}

#[tokio::test]
async fn a_private_board_says_nothing_to_others() {
    let mut world = World::new().await;
    world.trusted = vec!["127.0.0.1".to_owned()];
    let (own, all) = (FakeBoard::start().await, FakeBoard::start().await);
    own.show(&[Item { title: "Smith", ..item("o", OTHER) }]);
    world.board("all", &all.url).await;
    world.poll().await;
    let (ann, bob, carol) =
        (world.person("ann").await, world.person("bob").await, world.person("carol").await);
    world.filter(ann, "cook").await;
    world.filter(bob, "cook -reposts").await;
    world.filter(carol, "cook").await;
    let actor = Actor::alone(ann.account, ann.target);
    commands::say(&world.context(), actor, &format!("boards add {}", own.url)).await;
    let later = async || {
        world.clock.advance(Duration::from_mins(20));
        world.poll().await;
        world.match_all().await;
        world.deliver().await;
    };
    own.show(&[item("1", ACME), Item { title: "Smith", ..item("o", OTHER) }]);
    later().await;
    assert_eq!(world.sent(), ["ann: Cook (m/w/d)"]);
    own.show(&[Item { title: "Smith", ..item("o", OTHER) }]);
    later().await;
    world.clock.advance(DAY * 50);
    all.show(&[item("x", ACME)]);
    later().await;
    let id: i64 = sqlx::query_scalar("SELECT max(id) FROM deliveries WHERE target_id = $1")
        .bind(carol.target.0)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    let of = [(carol.account, DeliveryId(id))];
    let message = db::cards::messages(&world.pool, &of).await.unwrap().remove(&of[0].1).unwrap();
    let posted = message.cards[0].posted;
    let bob_hears = world.sent().iter().any(|line| line.starts_with("bob"));
    assert!(posted.is_none() && bob_hears, "carol sees {posted:?}, bob hears: {bob_hears}");
}

/// A board of ann's own and one of the catalogue; carol sees the second alone.
async fn own_and_all() -> (World, FakeBoard, FakeBoard) {
    let mut world = World::new().await;
    world.trusted = vec!["127.0.0.1".to_owned()];
    let (own, all) = (FakeBoard::start().await, FakeBoard::start().await);
    own.show(&[Item { title: "Smith", ..item("o", OTHER) }]);
    world.board("all", &all.url).await;
    world.poll().await;
    let (ann, carol) = (world.person("ann").await, world.person("carol").await);
    world.filter(ann, "cook").await;
    world.filter(carol, "cook").await;
    let actor = Actor::alone(ann.account, ann.target);
    commands::say(&world.context(), actor, &format!("boards add {}", own.url)).await;
    (world, own, all)
}

async fn later(world: &World, span: Duration) {
    world.clock.advance(span);
    world.poll().await;
    world.match_all().await;
    world.deliver().await;
}

const SOON: Duration = Duration::from_mins(20);

#[tokio::test]
async fn a_job_on_a_board_of_ones_own_and_on_another_is_told_once() {
    let (world, own, all) = own_and_all().await;
    own.show(&[item("1", ACME), Item { title: "Smith", ..item("o", OTHER) }]);
    later(&world, SOON).await;
    all.show(&[item("x", ACME)]);
    later(&world, SOON).await;
    assert_eq!(world.sent(), ["ann: Cook (m/w/d)", "carol: Cook (m/w/d)"]);
}

#[tokio::test]
async fn a_private_board_does_not_make_a_job_last_for_others() {
    let (world, own, all) = own_and_all().await;
    let smith = Item { title: "Smith", ..item("o", OTHER) };
    all.show(&[item("x", ACME)]);
    later(&world, SOON).await;
    all.show(&[smith]);
    own.show(&[item("1", ACME), smith]);
    for _ in 0..10 {
        later(&world, DAY * 5).await;
    }
    assert_eq!(world.sent(), ["ann: Cook (m/w/d)", "carol: Cook (m/w/d)"]);
    all.show(&[item("y", ACME), smith]);
    later(&world, DAY).await;
    let carols = world.sent().into_iter().filter(|line| line.starts_with("carol")).count();
    assert_eq!(carols, 2, "{:?}", world.sent());
}

/// The ad of one job with the words of another, which would make both one.
#[tokio::test]
async fn a_private_board_cannot_hide_a_job_from_others() {
    let (world, own, all) = own_and_all().await;
    let (text, ad) = (long_text(), "https://boards.greenhouse.io/acme/jobs/5512300");
    let body = format!("Company: Acme\nLocation: Berlin\n{text}");
    let first = Item { guid: "1", link: ad, title: "Cook, Bakery", body: ACME, ..Item::default() };
    let second = Item { guid: "2", title: "Cook", body: &body, ..Item::default() };
    let smith = Item { title: "Smith", ..item("o", OTHER) };
    all.show(&[first]);
    later(&world, SOON).await;
    own.show(&[Item { guid: "3", link: ad, ..second }, smith]);
    later(&world, SOON).await;
    all.show(&[first, second]);
    later(&world, SOON).await;
    let carols: Vec<String> =
        world.sent().into_iter().filter(|line| line.starts_with("carol")).collect();
    assert_eq!(carols, ["carol: Cook, Bakery", "carol: Cook"]);
    // Nor merge two that were told.
    own.show(&[Item { guid: "4", link: ad, ..second }, smith]);
    later(&world, SOON).await;
    let told = "SELECT count(DISTINCT opening_id) FROM owed WHERE state = 'told'";
    assert_eq!(world.count(told).await, 2);
}

/// As a version before this one kept it, and may still keep it while its last processes run.
#[tokio::test]
async fn what_an_older_reader_kept_is_found_again() {
    for came_after in [false, true] {
        let (world, boards, _) = world(&["one", "two"]).await;
        let mut rekey = Rekey { base: world.base() };
        if came_after {
            drain(&mut rekey).await;
        }
        boards[0].show(&[item("1", ACME)]);
        world.run().await;
        let old = "UPDATE postings SET print = '[0]'; UPDATE opening_keys SET key = key + 1";
        sqlx::raw_sql(old).execute(&world.pool).await.unwrap();
        drain(&mut rekey).await;
        let old = "SELECT count(*) FROM postings WHERE print = '[0]'";
        assert_eq!(world.count(old).await, 0);
        boards[1].show(&[item("x", ACME)]);
        world.run().await;
        assert_eq!((world.count(OPENINGS).await, world.sent().len()), (1, 1));
        drain(&mut rekey).await;
        let looked = "SELECT count(*) FROM rekeyed, (SELECT max(id) AS id FROM postings) newest
                      WHERE upto = newest.id AND last = newest.id";
        assert_eq!(world.count(looked).await, 1);
    }
}

#[tokio::test]
async fn a_board_that_says_unchanged_shows_its_jobs() {
    let (world, boards, _) = world(&["one", "two"]).await;
    let body = feed(&[item("1", ACME)]).into();
    let etag = vec![("etag", "\"x\"".to_owned())];
    boards[0].answer(Answer { status: 200, headers: etag, body });
    world.run().await;
    boards[0].status(304, &[]);
    for _ in 0..5 {
        world.clock.advance(DAY * 10);
        world.run().await;
    }
    let polled = "SELECT count(*) FROM boards WHERE slug = 'one' AND failures = 0";
    assert_eq!(world.count(polled).await, 1);
    boards[1].show(&[item("x", ACME)]);
    world.clock.advance(DAY);
    world.run().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 2);
    assert_eq!(world.sent().len(), 1, "{:?}", world.sent());
}

#[tokio::test]
async fn a_job_that_another_board_dates_back_is_the_same() {
    let (world, boards, _) = world(&["one", "two"]).await;
    boards[0].show(&[item("1", ACME)]);
    world.run().await;
    let date = (world.now() - TimeDelta::days(60)).to_rfc2822();
    boards[1].show(&[Item { date: &date, ..item("x", ACME) }]);
    world.run().await;
    assert_eq!(world.sent().len(), 1, "{:?}", world.sent());
}

#[tokio::test]
async fn a_page_that_comes_back_gets_messages_in_their_order() {
    let site = Site::start().await;
    let (one, two) = site.two_boards().await;
    let browser = site.browser().await;
    browser.watch("rust").await;
    let page = browser.read("0", "is saved").await;
    let seen = page.split("is saved").next().unwrap().rsplit("id: ").next().unwrap();
    let seen = seen.lines().next().unwrap().trim().to_owned();
    // The laptop sleeps; two cards come, the first is edited.
    let a = Item { body: "Company: Acme\nLocation: Berlin", ..Item::titled("Rust one") };
    let b = Item { body: "Company: Beta\nLocation: Oslo", ..Item::titled("Rust two") };
    one.show(&[a]);
    site.tell().await;
    one.show(&[b, a]);
    two.show(&[a]);
    site.tell().await;
    site.edit().await;
    let rest = browser.read(&seen, "also on two").await;
    let at = |text: &str| rest.find(text).unwrap_or(usize::MAX);
    assert!(at("Rust one") < at("Rust two"), "{rest}");
}

#[tokio::test]
async fn a_card_that_is_sent_again_is_brought_up_to_date() {
    let site = Site::start().await;
    let (one, two) = site.two_boards().await;
    let browser = site.browser().await;
    browser.watch("rust").await;
    let a = Item { body: "Company: Acme\nLocation: Berlin", ..Item::titled("Rust one") };
    one.show(&[a]);
    site.tell().await;
    // As if the sender had died between its send and its settling.
    for sql in [
        "UPDATE deliveries SET state = 'sending', settled_at = NULL, message_ref = NULL, content = NULL",
        "UPDATE owed SET state = 'owed', card_version = 0",
        "UPDATE targets SET ready_at = now() - interval '10 years'",
    ] {
        sqlx::query(sql).execute(&site.world.pool).await.unwrap();
    }
    two.show(&[a]);
    site.tell().await;
    site.edit().await;
    site.world.clock.advance(Duration::from_mins(11));
    site.edit().await;
    let cards = "SELECT count(*) FROM playground_messages WHERE html LIKE '%also on two%'";
    assert_eq!(site.world.count(cards).await, 1);
}

async fn merged_with_a_dead_one(dead: i64) -> usize {
    let (world, boards, _) = world(&["one", "two", "three"]).await;
    let text = (0..90).map(|n| format!("word{}", n * 7919 % 1009)).collect::<Vec<_>>().join(" ");
    let ad = "https://boards.greenhouse.io/acme/jobs/5512300";
    let body = format!("Company: Acme\nLocation: Berlin\n{text}");
    let first = Item { guid: "1", link: ad, title: "Cook, Bakery", body: ACME, ..Item::default() };
    let second = Item { guid: "2", title: "Cook", body: &body, ..Item::default() };
    boards[0].show(&[first]);
    boards[1].show(&[second]);
    world.poll_again().await;
    world.match_all().await;
    for sql in [
        "UPDATE deliveries SET state = 'dead', settled_at = created_at
         WHERE id IN (SELECT delivery_id FROM owed WHERE opening_id = $1)",
        "UPDATE owed SET state = 'dead' WHERE opening_id = $1",
    ] {
        assert_eq!(
            sqlx::query(sql).bind(dead).execute(&world.pool).await.unwrap().rows_affected(),
            1
        );
    }
    boards[2].show(&[Item { guid: "3", link: ad, ..second }]);
    world.run().await;
    assert_eq!(world.count("SELECT count(*) FROM openings WHERE merged_into IS NULL").await, 1);
    world.sent().len()
}

#[tokio::test]
async fn a_merge_keeps_what_can_be_told() {
    assert_eq!((merged_with_a_dead_one(1).await, merged_with_a_dead_one(2).await), (1, 1));
}

#[tokio::test]
async fn a_job_that_slips_between_two_pages_is_not_closed() {
    let (world, _, _) = world(&[]).await;
    let board = FakeBoard::start().await;
    let job = |id: u32, title: &str| json!({ "id": id.to_string(), "name": title, "company": { "identifier": "acme", "name": "Acme" } });
    let page = |offset: u32, total: u32, jobs: &[serde_json::Value]| {
        json!({ "offset": offset, "limit": 1, "totalFound": total, "content": jobs }).to_string()
    };
    board.body(page(0, 2, &[job(1, "Smith")]));
    board.body_at("offset=1", page(1, 2, &[job(2, "Cook")]));
    world.board_of_kind("acme", &board.url, BoardKind::Smartrecruiters).await;
    world.poll().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 2);
    // The first is taken down while the pages are read: the second moves to the page already read.
    board.body_at("offset=1", page(1, 1, &[]));
    world.run().await;
    assert_eq!(world.count("SELECT count(*) FROM postings WHERE closed_at IS NOT NULL").await, 0);
}
