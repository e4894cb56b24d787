//! Messages of which nobody saw whether they arrived, and platforms that are limited.

use std::time::Duration;

use earlybrd::db;
use earlybrd::domain::delivery::{Doubt, Verdict};
use earlybrd::domain::ids::TargetId;
use earlybrd::domain::target::Platform;
use earlybrd::worker::{Tick, Worker};
use earlybrd::workers::outbox::LEASE;

use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::messenger::Failure;
use crate::world::World;

/// A world in which each of these people is owed a message for each title.
async fn owing(people: &[&str], titles: &[&str]) -> World {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    for name in people {
        let person = world.person(name).await;
        world.filter(person, "job").await;
    }
    let items: Vec<Item<'_>> = titles.iter().rev().map(|title| Item::titled(title)).collect();
    board.show(&items);
    world.poll_again().await;
    world.match_all().await;
    world
}

async fn wait(world: &World, seconds: u64) {
    world.clock.advance(Duration::from_secs(seconds));
    world.deliver().await;
}

#[tokio::test]
async fn what_arrived_unseen_is_found_where_the_platform_can_be_asked() {
    let world = owing(&["ann"], &["job 1", "job 2"]).await;
    world.messenger.in_doubt(Doubt::Ask);
    world.messenger.fail(Failure::Lost);
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job 1"], "the next one waits behind the one in doubt");
    wait(&world, 10).await;
    assert_eq!(world.messenger.asked(), 0, "it may still be on its way");
    wait(&world, 10).await;
    assert_eq!(world.sent(), ["ann: job 1", "ann: job 2"]);
    assert_eq!(world.messenger.asked(), 1, "only what is in doubt is asked for");
    let named =
        "SELECT count(*) FROM deliveries WHERE state = 'sent' AND message_ref = 'fake-' || id";
    assert_eq!(world.count(named).await, 2);
}

#[tokio::test]
async fn what_did_not_arrive_is_sent_when_the_platform_says_so() {
    let world = owing(&["ann"], &["job 1"]).await;
    world.messenger.in_doubt(Doubt::Ask);
    world.messenger.fail(Failure::Verdict(Verdict::Unknown { why: "cut off".to_owned() }));
    world.deliver().await;
    // The question goes unanswered too.
    world.messenger.fail(Failure::Verdict(Verdict::Unknown { why: "cut off".to_owned() }));
    wait(&world, 20).await;
    assert_eq!(world.messenger.asked(), 0);
    wait(&world, 40).await;
    assert_eq!((world.sent(), world.messenger.asked()), (vec!["ann: job 1".to_owned()], 1));
}

/// A sender begins the first message that is due, and is gone.
async fn die(world: &World) {
    let dead = db::lanes::claim(&world.pool, Platform::Console, world.now(), LEASE, 1);
    let dead = dead.await.unwrap().remove(0);
    let id = db::lanes::heads(&world.pool, std::slice::from_ref(&dead), world.now(), 1);
    let id = id.await.unwrap()[&dead.target.id][0].id;
    let sends = [(dead.clone(), id)];
    let begun = db::lanes::begin_sends(&world.pool, &sends, world.now());
    assert_eq!(begun.await.unwrap(), [true]);
}

#[tokio::test]
async fn senders_that_died_are_no_failed_tries() {
    let world = owing(&["ann"], &["job 1"]).await;
    world.messenger.in_doubt(Doubt::Ask);
    for _ in 0..12 {
        die(&world).await;
        world.clock.advance(LEASE);
    }
    world.messenger.fail(Failure::Verdict(Verdict::Retry { why: "busy".into(), after: None }));
    world.deliver().await;
    assert!(world.sent().is_empty());
    // The rest after a first failure.
    wait(&world, 7).await;
    assert_eq!(world.sent(), ["ann: job 1"]);
}

#[tokio::test]
async fn a_sender_that_died_leaves_a_doubt() {
    let world = owing(&["ann"], &["job 1"]).await;
    world.messenger.in_doubt(Doubt::Ask);
    die(&world).await;
    wait(&world, 44).await;
    assert!(world.sent().is_empty(), "its lease is not over");
    wait(&world, 2).await;
    assert_eq!((world.messenger.asked(), world.sent().len()), (1, 1));
}

#[tokio::test]
async fn what_a_platform_knows_again_is_sent_again_at_once() {
    let world = owing(&["ann"], &["job 1"]).await;
    world.messenger.in_doubt(Doubt::Same);
    for _ in 0..3 {
        world.messenger.fail(Failure::Lost);
    }
    for _ in 0..4 {
        wait(&world, 600).await;
    }
    assert_eq!(world.sent(), ["ann: job 1"]);
    assert_eq!(world.count("SELECT count(*) FROM deliveries WHERE state = 'sent'").await, 1);
}

#[tokio::test]
async fn where_nobody_can_tell_it_is_sent_again_after_a_minute_until_somebody_says_yes() {
    let world = owing(&["ann"], &["job 1"]).await;
    for _ in 0..3 {
        world.messenger.fail(Failure::Lost);
    }
    world.deliver().await;
    wait(&world, 59).await;
    assert_eq!(world.sent().len(), 1);
    wait(&world, 20).await;
    assert_eq!(world.sent().len(), 2);
    for _ in 0..20 {
        wait(&world, 3_600).await;
    }
    assert_eq!(world.sent().len(), 4, "three answers were lost, and nothing else");
    let counted = "SELECT count(*) FROM deliveries WHERE state = 'sent' AND doubts = 3";
    assert_eq!(world.count(counted).await, 1);
}

#[tokio::test]
async fn what_the_last_try_left_in_doubt_is_asked_for_when_the_target_is_back() {
    let world = owing(&["ann"], &["job 1", "job 2"]).await;
    world.messenger.in_doubt(Doubt::Ask);
    world.messenger.fail(Failure::Verdict(Verdict::Retry { why: "busy".into(), after: None }));
    world.messenger.fail(Failure::Lost);
    world.deliver().await;
    // A day after the first failure is the last try.
    wait(&world, 24 * 3_600).await;
    assert_eq!(world.sent(), ["ann: job 1"]);
    let broken = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";
    assert_eq!(world.count(broken).await, 1);
    let target = TargetId(world.count("SELECT id FROM targets").await);
    let back = async |tx: &mut _| db::broken_targets::mend(tx, target, world.now()).await;
    db::in_tx(&world.pool, back).await.unwrap();
    wait(&world, 1).await;
    assert_eq!(world.sent(), ["ann: job 1", "ann: job 2"]);
    assert_eq!(world.messenger.asked(), 1);
}

#[tokio::test]
async fn two_replicas_share_what_a_platform_limits() {
    let world = owing(&["ann", "bob", "eve"], &["job 1"]).await;
    world.messenger.limit(Duration::from_secs(10));
    let (mut one, mut two) = (world.sender(), world.sender());
    for _ in 0..4 {
        one.tick().await.unwrap();
        two.tick().await.unwrap();
    }
    assert_eq!(world.sent().len(), 1);
    let attempts = "SELECT COALESCE(sum(attempts), 0)::bigint FROM deliveries";
    assert_eq!(world.count(attempts).await, 1, "waiting for its turn is no try");
    assert!(matches!(two.tick().await.unwrap(), Tick::IdleFor(rest) if rest.as_secs() == 10));
    wait(&world, 9).await;
    assert_eq!(world.sent().len(), 1);
    wait(&world, 1).await;
    assert_eq!(world.sent().len(), 2);
    wait(&world, 10).await;
    assert_eq!(world.sent().len(), 3);
}

#[tokio::test]
async fn a_rest_that_a_platform_asks_for_is_kept_by_all_and_is_no_failure() {
    let world = owing(&["ann", "bob"], &["job 1"]).await;
    world.messenger.limit(Duration::from_millis(1));
    let limited = |after| Verdict::Limited {
        why: "slow down".to_owned(),
        after: Some(Duration::from_secs(after)),
        key: "fake".to_owned(),
    };
    world.messenger.fail(Failure::Verdict(limited(30)));
    world.deliver().await;
    for _ in 0..29 {
        wait(&world, 1).await;
    }
    assert!(world.sent().is_empty());
    let tried = "SELECT COALESCE(sum(attempts), 0)::bigint FROM deliveries";
    assert_eq!(world.count(tried).await, 0);
    assert_eq!(world.count("SELECT sum(failures)::bigint FROM targets").await, 0);
    wait(&world, 2).await;
    wait(&world, 1).await;
    assert_eq!(world.sent(), ["ann: job 1", "bob: job 1"]);
}

#[tokio::test]
async fn somebody_who_is_limited_slows_nobody_else() {
    let world = owing(&["ann", "bob"], &["job 1", "job 2"]).await;
    world.messenger.limit_each("ann", Duration::from_mins(1));
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job 1", "bob: job 1", "bob: job 2"]);
    wait(&world, 60).await;
    assert_eq!(world.sent().last().unwrap(), "ann: job 2");
}

#[tokio::test]
async fn what_is_for_another_platform_is_left_to_its_senders() {
    let world = owing(&["ann", "bob"], &["job 1"]).await;
    let move_bob = "UPDATE targets SET platform = 'email' WHERE address = 'bob'";
    sqlx::query(move_bob).execute(&world.pool).await.unwrap();
    for _ in 0..10 {
        wait(&world, 3_600).await;
    }
    assert_eq!(world.sent(), ["ann: job 1"]);
    let untouched = "SELECT count(*) FROM deliveries WHERE state = 'pending' AND attempts = 0";
    assert_eq!(world.count(untouched).await, 1);
}

#[tokio::test]
async fn an_edit_that_is_limited_holds_up_no_message() {
    let world = owing(&["ann"], &["job 1"]).await;
    world.deliver().await;
    let id = world.count("SELECT min(id) FROM deliveries").await;
    sqlx::query(
        "WITH stale AS (UPDATE deliveries SET content = 0 WHERE id = $1 RETURNING target_id)
         INSERT INTO deliveries (target_id, state, due_at, created_at, edits)
         SELECT target_id, 'pending', $2, $2, $1 FROM stale",
    )
    .bind(id)
    .bind(world.now())
    .execute(&world.pool)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO deliveries (target_id, state, due_at, created_at, notice)
         SELECT target_id, 'pending', $2, $2, 'news' FROM deliveries WHERE id = $1",
    )
    .bind(id)
    .bind(world.now())
    .execute(&world.pool)
    .await
    .unwrap();
    sqlx::query("UPDATE targets SET ready_at = $1")
        .bind(world.now())
        .execute(&world.pool)
        .await
        .unwrap();
    let why = "slow down".to_owned();
    world.messenger.fail(Failure::Verdict(Verdict::Limited {
        why,
        after: Some(Duration::from_mins(5)),
        key: "edits".to_owned(),
    }));
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job 1", "ann: news"]);
}
