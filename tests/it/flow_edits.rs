//! Messages that were sent say what became known since: another board, pay, the end.

use std::time::Duration;

use chrono::TimeDelta;
use earlybrd::db;
use earlybrd::domain::board::BoardKind;
use earlybrd::domain::delivery::Verdict;
use earlybrd::domain::target::Platform;
use earlybrd::workers::edit_cards::EditCards;
use serde_json::json;

use crate::fakes::board::{FakeBoard, Item, feed};
use crate::fakes::messenger::Failure;
use crate::flow_openings::{ACME, DAY, greenhouse, item, job, jobs, world};
use crate::world::drain;

#[tokio::test]
async fn what_leaves_a_companys_board_is_closed_and_what_leaves_the_newest_is_not() {
    let (world, boards, _) = world(&["news"]).await;
    let acme = greenhouse(&world, "acme").await;
    world.poll().await;
    jobs(&acme, &[job(5_512_301, "Cook"), job(5_512_399, "Baker")]);
    boards[0].show(&[item("1", "Company: Beta\nLocation: Rome")]);
    world.run().await;
    assert_eq!(world.sent().len(), 2);
    jobs(&acme, &[job(5_512_399, "Baker")]);
    boards[0].show(&[item("2", "Company: Gamma\nLocation: Oslo")]);
    world.run().await;
    world.edit().await;
    let edited = world.messenger.edited();
    assert_eq!(edited.len(), 1, "{edited:?}");
    assert!(edited[0].starts_with("ann: closed Cook | Acme"), "{edited:?}");
    // It comes back, and another board shows it when it has gone again.
    world.clock.advance(Duration::from_mins(11));
    jobs(&acme, &[job(5_512_301, "Cook"), job(5_512_399, "Baker")]);
    world.run().await;
    world.edit().await;
    assert!(world.messenger.edited()[1].starts_with("ann: Cook | Acme"));
    world.clock.advance(Duration::from_mins(11));
    jobs(&acme, &[job(5_512_399, "Baker")]);
    boards[0].show(&[Item { title: "Cook", ..item("3", ACME) }]);
    world.run().await;
    world.edit().await;
    let edited = world.messenger.edited();
    assert!(edited[2].contains("ann: Cook") && edited[2].contains("also on news"), "{edited:?}");
}

#[tokio::test]
async fn a_broken_answer_of_a_companys_board_closes_nothing() {
    let (world, _, _) = world(&[]).await;
    let acme = greenhouse(&world, "acme").await;
    world.poll().await;
    jobs(&acme, &[job(5_512_301, "Cook"), job(5_512_302, "Head Cook")]);
    world.run().await;
    let closed = "SELECT count(*) FROM postings WHERE closed_at IS NOT NULL";
    jobs(&acme, &[job(5_512_302, "Head Cook"), json!({ "id": 7 })]);
    world.run().await;
    assert_eq!(world.count(closed).await, 0, "one job could not be read");
    acme.status(500, &[]);
    world.run().await;
    jobs(&acme, &[]);
    world.run().await;
    assert_eq!(world.count(closed).await, 0, "nothing where there was something");
}

#[tokio::test]
async fn a_job_whose_time_is_over_is_closed() {
    let (world, _, _) = world(&[]).await;
    let board = FakeBoard::start().await;
    let show = |closes: i64| {
        board.body(
            json!({ "jobs": [{ "title": "Cook", "companyName": "Acme", "guid": "g1",
                               "expiryDate": closes }] })
            .to_string(),
        );
    };
    board.body(r#"{"jobs":[{"title":"Smith","guid":"g0"}]}"#);
    world.board_of_kind("himalayas", &board.url, BoardKind::Himalayas).await;
    world.poll().await;
    let closes = |days: i64| (world.now() + TimeDelta::days(days)).timestamp();
    show(closes(3));
    world.run().await;
    assert_eq!(world.sent(), ["ann: Cook"]);
    show(closes(5));
    world.run().await;
    let close = async || {
        let now = world.now();
        db::in_tx(&world.pool, async |tx| db::known_postings::close_expired(tx, now).await)
            .await
            .unwrap()
    };
    world.clock.advance(DAY * 4);
    assert_eq!(close().await, 0, "it was prolonged");
    world.clock.advance(DAY * 2);
    assert_eq!(close().await, 1);
    world.run().await;
    world.edit().await;
    assert!(world.messenger.edited()[0].starts_with("ann: closed Cook"));
    assert_eq!(close().await, 0);
}

#[tokio::test]
async fn pay_that_becomes_known_is_shown_in_the_message_that_was_sent() {
    let (world, boards, _) = world(&["one"]).await;
    boards[0].show(&[item("1", ACME)]);
    world.run().await;
    let paid = format!("{ACME}\nPay: €60,000 a year");
    boards[0].show(&[item("1", &paid)]);
    world.run().await;
    world.edit().await;
    assert!(world.messenger.edited()[0].contains("€60k/yr"), "{:?}", world.messenger.edited());
    let kept = "SELECT count(*) FROM postings WHERE pay_usd_max > 0 AND pay IS NOT NULL";
    assert_eq!(world.count(kept).await, 1);
    // What is no longer said is not forgotten.
    boards[0].show(&[item("1", ACME)]);
    world.run().await;
    assert_eq!(world.count(kept).await, 1);
}

#[tokio::test]
async fn a_message_is_edited_once_in_ten_minutes_at_the_most_and_not_before_it_is_sent() {
    let (world, boards, _) = world(&["one", "two", "three", "four"]).await;
    boards[0].show(&[item("1", ACME)]);
    world.poll_again().await;
    world.match_all().await;
    boards[1].show(&[item("1", ACME)]);
    world.poll_again().await;
    world.match_all().await;
    let mut edits = EditCards { base: world.base(), platforms: vec![Platform::Console] };
    drain(&mut edits).await;
    let queued = "SELECT count(*) FROM deliveries WHERE edits IS NOT NULL";
    assert_eq!(world.count(queued).await, 0, "nothing was sent yet");
    world.deliver().await;
    world.edit().await;
    assert!(world.messenger.edited().is_empty(), "it was sent as it is now");
    boards[2].show(&[item("1", ACME)]);
    world.run().await;
    world.edit().await;
    assert_eq!(world.messenger.edited().len(), 1);
    boards[3].show(&[item("1", ACME)]);
    world.run().await;
    world.edit().await;
    assert_eq!(world.messenger.edited().len(), 1, "two minutes later");
    world.clock.advance(Duration::from_mins(9));
    world.edit().await;
    let edited = world.messenger.edited();
    assert!(edited[1].contains("also on two, three, four"), "{edited:?}");
    world.clock.advance(DAY * 8);
    let far = feed(&[item("1", &format!("{ACME}\nPay: €50/h"))]);
    boards[0].body(far);
    world.run().await;
    world.edit().await;
    assert_eq!(world.messenger.edited().len(), 2, "a message of last week stays as it is");
}

#[tokio::test]
async fn a_card_that_was_sent_says_how_often_the_job_was_posted_since() {
    let (world, boards, _) = world(&["one"]).await;
    for guid in ["1", "2", "3"] {
        boards[0].show(&[item(guid, ACME)]);
        world.run().await;
        world.edit().await;
        world.clock.advance(DAY * 2);
    }
    let edited = world.messenger.edited();
    assert_eq!((world.sent().len(), edited.len()), (1, 2), "{edited:?}");
    assert!(edited[0].contains("posted twice since"), "{edited:?}");
    assert!(edited[1].contains("posted 3 times since"), "{edited:?}");
}

#[tokio::test]
async fn a_card_that_was_sent_leads_to_the_employer_as_soon_as_that_is_known() {
    let (world, boards, _) = world(&["one"]).await;
    let acme = greenhouse(&world, "acme").await;
    world.poll().await;
    let listed = Item { link: "https://www.linkedin.com/jobs/view/4000000001", ..item("1", ACME) };
    boards[0].show(&[listed]);
    world.run().await;
    jobs(&acme, &[job(5_512_301, "Cook"), job(5_512_399, "Baker")]);
    world.run().await;
    world.edit().await;
    assert_eq!(world.sent().len(), 1, "{:?}", world.sent());
    let own = "https://boards.greenhouse.io/acme/jobs/5512301".to_owned();
    assert_eq!(world.messenger.edited_links(), [Some(own)]);
}

#[tokio::test]
async fn an_edit_that_fails_keeps_nothing_waiting_and_is_tried_again() {
    let (world, boards, _) = world(&["one", "two"]).await;
    boards[0].show(&[item("1", ACME)]);
    world.run().await;
    boards[1].show(&[item("1", ACME)]);
    world.run().await;
    let why = || "busy".to_owned();
    world.messenger.fail(Failure::Verdict(Verdict::Retry { why: why(), after: None }));
    world.edit().await;
    assert!(world.messenger.edited().is_empty());
    boards[1].show(&[item("2", "Company: Other\nLocation: Rome"), item("1", ACME)]);
    world.run().await;
    assert_eq!(world.sent().len(), 2, "others do not wait for it");
    world.clock.advance(Duration::from_mins(9));
    world.edit().await;
    assert_eq!(world.messenger.edited().len(), 1);
    // One that the platform refuses is over.
    boards[1].show(&[item("1", &format!("{ACME}\nPay: €50/h"))]);
    world.clock.advance(Duration::from_mins(11));
    world.run().await;
    world.messenger.fail(Failure::Verdict(Verdict::Rejected { why: "deleted".to_owned() }));
    world.edit().await;
    world.clock.advance(Duration::from_hours(1));
    world.edit().await;
    assert_eq!(world.messenger.edited().len(), 1);
    assert_eq!(world.count("SELECT count(*) FROM deliveries WHERE state <> 'sent'").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM openings WHERE edit_at IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_platform_without_editing_is_left_alone() {
    let (world, boards, _) = world(&["one", "two"]).await;
    boards[0].show(&[item("1", ACME)]);
    world.run().await;
    boards[1].show(&[item("1", ACME)]);
    world.run().await;
    let mut edits = EditCards { base: world.base(), platforms: Vec::new() };
    drain(&mut edits).await;
    assert_eq!(world.count("SELECT count(*) FROM deliveries").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM openings WHERE edit_at IS NOT NULL").await, 0);
}
