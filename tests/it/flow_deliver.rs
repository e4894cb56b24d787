//! From what is owed to what a platform accepted.

use std::time::Duration;

use earlybrd::db::settle::{Settlement, Showing, Turn};
use earlybrd::db::{self, lanes};
use earlybrd::domain::delivery::{ClaimedDelivery, MessageRef, Verdict};
use earlybrd::domain::ids::PostingId;
use earlybrd::domain::target::Platform;
use earlybrd::worker::Worker;
use earlybrd::workers::outbox::LEASE;

use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::messenger::Failure;
use crate::world::{Person, World};

/// A world in which `ann` is owed a message for each title, and `bob` too.
async fn owing(titles: &[&str]) -> (World, Person) {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let ann = world.person("ann").await;
    world.filter(ann, "job").await;
    // Boards list the newest first.
    let items: Vec<Item<'_>> = titles.iter().rev().map(|title| Item::titled(title)).collect();
    board.show(&items);
    world.poll_again().await;
    world.match_all().await;
    (world, ann)
}

fn retry(after: Option<u64>) -> Failure {
    let after = after.map(Duration::from_secs);
    Failure::Verdict(Verdict::Retry { why: "busy".to_owned(), after })
}

#[tokio::test]
async fn messages_keep_their_order_over_a_retry() {
    let (world, _) = owing(&["job 1", "job 2", "job 3"]).await;
    world.messenger.fail(retry(None));
    world.deliver().await;
    assert!(world.sent().is_empty());
    world.clock.advance(Duration::from_secs(7));
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job 1", "ann: job 2", "ann: job 3"]);
    let told = "SELECT count(*) FROM owed WHERE state = 'told'";
    assert_eq!(world.count(told).await, 3);
}

#[tokio::test]
async fn what_a_platform_asks_for_is_waited_also_when_new_work_comes() {
    let (world, ann) = owing(&["job 1"]).await;
    world.messenger.fail(retry(Some(300)));
    world.deliver().await;
    world.clock.advance(Duration::from_secs(200));
    // New work must not wake a lane that rests.
    let board = FakeBoard::start().await;
    world.board("c", &board.url).await;
    world.poll().await;
    board.show(&[Item::titled("job 2")]);
    world.clock.advance(Duration::from_secs(70));
    world.poll().await;
    world.match_all().await;
    world.deliver().await;
    assert!(world.sent().is_empty(), "{ann:?}");
    world.clock.advance(Duration::from_secs(40));
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job 1", "ann: job 2"]);
}

#[tokio::test]
async fn a_sender_that_lost_its_lease_can_neither_send_nor_settle() {
    let (world, _) = owing(&["job 1"]).await;
    let slow = claim(&world).await.unwrap();
    let delivery = head(&world, &slow).await;
    assert!(begin(&world, &slow, &delivery).await);
    assert!(claim(&world).await.is_none(), "a claimed lane is nobody else's");
    world.clock.advance(LEASE);
    let fresh = claim(&world).await.unwrap();
    assert!(!begin(&world, &slow, &delivery).await);
    assert!(!settle(&world, &slow, &delivery).await);
    assert!(begin(&world, &fresh, &delivery).await);
    assert!(settle(&world, &fresh, &delivery).await);
    assert!(!release(&world, &slow).await);
    assert!(release(&world, &fresh).await);
    assert_eq!(world.count("SELECT count(*) FROM deliveries WHERE state = 'sent'").await, 1);
}

#[tokio::test]
async fn a_sender_that_died_in_the_middle_is_replaced_when_its_lease_is_over() {
    let (world, _) = owing(&["job 1", "job 2"]).await;
    let dead = claim(&world).await.unwrap();
    let delivery = head(&world, &dead).await;
    assert!(begin(&world, &dead, &delivery).await);
    world.deliver().await;
    assert!(world.sent().is_empty());
    world.clock.advance(LEASE);
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job 1", "ann: job 2"]);
}

#[tokio::test]
async fn work_that_comes_while_a_lane_is_given_back_is_not_forgotten() {
    let (world, ann) = owing(&["job 1"]).await;
    let lane = claim(&world).await.unwrap();
    let delivery = head(&world, &lane).await;
    assert!(begin(&world, &lane, &delivery).await);
    settle(&world, &lane, &delivery).await;
    // A matcher has queued for the lane and not committed yet when the sender gives it back.
    let mut matcher = world.pool.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO deliveries (target_id, state, due_at, created_at)
         VALUES ($1, 'pending', $2, $2)",
    )
    .bind(ann.target.0)
    .bind(world.now())
    .execute(&mut *matcher)
    .await
    .unwrap();
    sqlx::query("UPDATE targets SET ready_at = $2 WHERE id = $1")
        .bind(ann.target.0)
        .bind(world.now())
        .execute(&mut *matcher)
        .await
        .unwrap();
    let (released, ()) = tokio::join!(release(&world, &lane), async {
        // The release waits for the matcher's row lock; only then does the matcher commit.
        world.until_a_session_waits().await;
        matcher.commit().await.unwrap();
    });
    assert!(released);
    assert!(claim(&world).await.is_some(), "the lane is ready for the new delivery");
}

#[tokio::test]
async fn a_target_that_is_gone_is_set_aside_and_its_messages_stay_owed() {
    let (world, _) = owing(&["job 1", "job 2"]).await;
    world.messenger.fail(Failure::Verdict(Verdict::Gone { why: "channel deleted".to_owned() }));
    world.deliver().await;
    world.clock.advance(Duration::from_hours(1));
    world.deliver().await;
    assert!(world.sent().is_empty());
    assert_eq!(world.count("SELECT count(*) FROM owed WHERE state = 'owed'").await, 2);
    let broken = "SELECT count(*) FROM targets WHERE broken_why = 'channel deleted'";
    assert_eq!(world.count(broken).await, 1);
}

#[tokio::test]
async fn a_message_that_is_refused_for_good_is_kept_as_dead_and_the_next_goes_out() {
    let (world, _) = owing(&["job 1", "job 2"]).await;
    world.messenger.fail(Failure::Verdict(Verdict::Rejected { why: "too long".to_owned() }));
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job 2"]);
    let dead = "SELECT count(*) FROM deliveries WHERE state = 'dead' AND last_error = 'too long'";
    assert_eq!(world.count(dead).await, 1);
}

#[tokio::test]
async fn what_was_given_up_is_sent_once_when_the_operator_has_it_tried_again() {
    let (world, _) = owing(&["job 1", "job 2"]).await;
    world.messenger.fail(Failure::Verdict(Verdict::Rejected { why: "too long".to_owned() }));
    world.deliver().await;
    let retry = async || {
        let now = world.now();
        let retried = db::in_tx(&world.pool, async |tx| db::unsent::retry(tx, None, now).await);
        retried.await.unwrap().len()
    };
    assert_eq!(retry().await, 1);
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job 2", "ann: job 1"]);
    assert_eq!(retry().await, 0);
    assert_eq!(world.count("SELECT count(*) FROM owed WHERE state = 'told'").await, 2);
}

#[tokio::test]
async fn a_message_of_which_nothing_is_left_is_not_sent_empty() {
    let (world, _) = owing(&["job 1", "job 2"]).await;
    sqlx::query(
        "UPDATE owed SET posting_id = NULL WHERE opening_id = (SELECT min(opening_id) FROM owed)",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job 2"]);
}

#[tokio::test]
async fn a_panic_of_a_platform_is_a_failed_try_and_troubles_nobody_else() {
    let (world, _) = owing(&["job 1"]).await;
    let bob = world.person("bob").await;
    let notice = [(bob.target, "hello".to_owned())];
    let now = world.now();
    db::in_tx(&world.pool, async |tx| db::deliveries::queue_notices(tx, &notice, now).await)
        .await
        .unwrap();
    world.messenger.fail(Failure::Panic);
    world.deliver().await;
    assert_eq!(world.sent(), ["bob: hello"]);
    let noted = "SELECT count(*) FROM deliveries WHERE last_error LIKE '%panic%'";
    assert_eq!(world.count(noted).await, 1);
    world.clock.advance(Duration::from_secs(7));
    world.deliver().await;
    assert_eq!(world.sent(), ["bob: hello", "ann: job 1"]);
}

/// A foreign key's lock on the target must not keep a sender or another matcher waiting: two that
/// both hold one and both wait would be a deadlock.
#[tokio::test]
async fn rows_being_written_for_a_target_block_nobody() {
    let (world, ann) = owing(&["job 1"]).await;
    let filter = world.filter(ann, "x").await;
    let mut matcher = world.pool.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO deliveries (target_id, state, due_at, created_at)
         VALUES ($1, 'pending', $2, $2)",
    )
    .bind(ann.target.0)
    .bind(world.now())
    .execute(&mut *matcher)
    .await
    .unwrap();
    let posting = PostingId(world.count("SELECT min(id) FROM postings").await);
    db::in_tx(&world.pool, async |tx| {
        sqlx::query("SET LOCAL lock_timeout = '1s'").execute(&mut *tx).await?;
        db::deliveries::queue_sample(tx, filter, ann.target, posting, world.now()).await
    })
    .await
    .unwrap();
    let lane = claim(&world).await.expect("the lane can be claimed");
    assert!(release(&world, &lane).await);
}

#[tokio::test]
async fn a_long_queue_lets_others_have_their_turn() {
    let (world, _) = owing(&["job 1", "job 2", "job 3", "job 4", "job 5", "job 6"]).await;
    let bob = world.person("bob").await;
    let filter = world.filter(bob, "x").await;
    world.clock.advance(Duration::from_secs(1));
    let posting = PostingId(world.count("SELECT min(id) FROM postings").await);
    db::in_tx(&world.pool, async |tx| {
        db::deliveries::queue_sample(tx, filter, bob.target, posting, world.now()).await
    })
    .await
    .unwrap();
    world.clock.advance(Duration::from_secs(1));
    let mut sender = world.sender();
    for _ in 0..2 {
        sender.tick().await.unwrap();
    }
    assert_eq!(world.sent().last().unwrap(), "bob: job 1");
    world.deliver().await;
    assert_eq!(world.sent().len(), 7);
}

#[tokio::test]
async fn who_had_nothing_waits_behind_nobody_who_had_a_turn_in_the_last_seconds() {
    let titles: Vec<String> = (1..=17).map(|number| format!("job {number}")).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let say = async |to: &Person, text: &str| {
        let notice = [(to.target, text.to_owned())];
        db::in_tx(&world.pool, async |tx| {
            db::deliveries::queue_notices(tx, &notice, world.now()).await
        })
        .await
        .unwrap();
    };
    for title in titles {
        say(&ann, title).await;
    }
    let mut sender = world.sender();
    sender.tick().await.unwrap();
    assert_eq!(world.sent().len(), 5);
    world.clock.advance(Duration::from_secs(3));
    say(&bob, "first").await;
    sender.tick().await.unwrap();
    assert_eq!(world.sent().last().unwrap(), "bob: first");
    sender.tick().await.unwrap();
    // Who waits long has their turn all the same.
    world.clock.advance(Duration::from_secs(6));
    say(&bob, "second").await;
    sender.tick().await.unwrap();
    assert_eq!(world.sent().len(), 16);
    assert_eq!(world.sent().last().unwrap(), "ann: job 15");
}

#[tokio::test]
async fn a_first_try_that_is_under_way_is_not_stuck() {
    let (world, _) = owing(&["job 1"]).await;
    let lane = claim(&world).await.unwrap();
    let delivery = head(&world, &lane).await;
    assert!(begin(&world, &lane, &delivery).await);
    let unsent = db::unsent::list(&world.pool, world.now(), 10).await.unwrap();
    assert_eq!(unsent[0].state, "owed");
}

async fn claim(world: &World) -> Option<lanes::ClaimedLane> {
    let (platform, now) = (Platform::Console, world.now());
    lanes::claim(&world.pool, platform, now, LEASE, 1).await.unwrap().pop()
}

/// The first delivery of a lane.
async fn head(world: &World, lane: &lanes::ClaimedLane) -> ClaimedDelivery {
    let lanes = std::slice::from_ref(lane);
    let heads = lanes::heads(&world.pool, lanes, world.now(), 5).await.unwrap();
    heads.into_values().flatten().next().expect("a delivery is due")
}

async fn begin(world: &World, lane: &lanes::ClaimedLane, delivery: &ClaimedDelivery) -> bool {
    let (sends, now) = ([(lane.clone(), delivery.id)], world.now());
    lanes::begin_sends(&world.pool, &sends, now).await.unwrap() == [true]
}

async fn turn(world: &World, turn: Turn) -> bool {
    let (turns, now) = ([turn], world.now());
    let settle = async |tx: &mut sqlx::PgConnection| db::settle::settle(tx, &turns, now).await;
    db::in_tx(&world.pool, settle).await.unwrap() == [true]
}

async fn settle(world: &World, lane: &lanes::ClaimedLane, delivery: &ClaimedDelivery) -> bool {
    let sent = Settlement::Sent { message: MessageRef("m".to_owned()), shown: Showing::default() };
    let (lane, tried) = (lane.clone(), vec![(delivery.clone(), sent)]);
    turn(world, Turn { lane, tried, rest: None, leave: None }).await
}

async fn release(world: &World, lane: &lanes::ClaimedLane) -> bool {
    let (lane, leave) = (lane.clone(), Some(world.now()));
    turn(world, Turn { lane, tried: Vec::new(), rest: None, leave }).await
}
