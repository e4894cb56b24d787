//! From stored postings to what is owed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use earlybrd::clock::Clock;
use earlybrd::db;
use earlybrd::db::filters::NewFilter;
use earlybrd::worker::Worker;
use earlybrd::workers::match_postings::MatchPostings;

use crate::fakes::board::{FakeBoard, Item};
use crate::world::{Person, World, drain};

#[tokio::test]
async fn a_posting_reaches_every_filter_that_accepts_it_and_one_target_once() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.filter(ann, "rust").await;
    world.filter(ann, "engineer").await;
    world.filter(bob, "cobol OR rust").await;
    world.filter(bob, "design").await;
    board.show(&[Item::titled("Rust Engineer"), Item::titled("Cook")]);
    world.run().await;
    let mut sent = world.sent();
    sent.sort();
    assert_eq!(sent, ["ann: Rust Engineer", "bob: Rust Engineer"]);
    assert_eq!(world.count("SELECT count(*) FROM owed_filters").await, 3);
    world.run().await;
    assert_eq!(world.sent().len(), 2);
}

#[tokio::test]
async fn what_was_seen_before_a_filter_was_saved_is_not_told() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    board.show(&[Item::titled("Rust one")]);
    world.poll_again().await;
    world.clock.advance(std::time::Duration::from_secs(1));
    world.filter(world.person("ann").await, "rust").await;
    board.show(&[Item::titled("Rust two"), Item::titled("Rust one")]);
    world.run().await;
    assert_eq!(world.sent(), ["ann: Rust two"]);
}

#[tokio::test]
async fn a_board_that_one_account_added_reaches_nobody_else() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let id = world.board("own", &board.url).await;
    world.poll().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.filter(ann, "rust").await;
    world.filter(bob, "rust").await;
    sqlx::query("UPDATE boards SET visibility = 'subscribed'").execute(&world.pool).await.unwrap();
    sqlx::query("INSERT INTO board_subscriptions VALUES ($1, $2, $3)")
        .bind(ann.account.0)
        .bind(id.0)
        .bind(world.now())
        .execute(&world.pool)
        .await
        .unwrap();
    // Strangers' boards are not fetched from loopback, so the posting is put in by the catalogue's
    // way and the visibility changed between.
    sqlx::query("UPDATE boards SET visibility = 'catalogue'").execute(&world.pool).await.unwrap();
    board.show(&[Item::titled("Rust secret")]);
    world.poll_again().await;
    sqlx::query("UPDATE boards SET visibility = 'subscribed'").execute(&world.pool).await.unwrap();
    world.match_all().await;
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: Rust secret"]);
}

#[tokio::test]
async fn a_paused_or_removed_filter_matches_no_more() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let ann = world.person("ann").await;
    world.filter(ann, "rust").await;
    let mut matcher = MatchPostings::new(world.base());
    drain(&mut matcher).await; // It knows the filter now.
    for state in ["paused", "removed"] {
        db::in_tx(&world.pool, async |tx| {
            let revision = db::filters::begin_change(tx).await?;
            sqlx::query("UPDATE filters SET state = $1, revision = $2")
                .bind(state)
                .bind(revision.0)
                .execute(tx)
                .await
        })
        .await
        .unwrap();
        board.show(&[Item::titled(&format!("Rust {state}"))]);
        world.poll_again().await;
        drain(&mut matcher).await;
    }
    assert_eq!(world.count("SELECT count(*) FROM owed").await, 0);
}

/// The posting was seen after the filter's start, and the filter is not committed yet: a matcher
/// that went on without it would mark the posting as matched, and lose it.
#[tokio::test]
async fn matching_waits_for_a_filter_that_is_being_saved() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let Person { account, target } = world.person("ann").await;
    board.show(&[Item::titled("Rust")]);
    world.poll_again().await;
    let mut matcher = MatchPostings::new(world.base());
    let mut saving = world.pool.begin().await.unwrap();
    let revision = db::filters::begin_change(&mut saving).await.unwrap();
    let filter = NewFilter { account, target, name: "rust", query: "rust" };
    db::filters::insert(&mut saving, revision, filter, world.now()).await.unwrap();
    let (ticked, ()) = tokio::join!(matcher.tick(), async {
        world.until_a_session_waits().await;
        saving.commit().await.unwrap();
    });
    ticked.unwrap();
    drain(&mut matcher).await;
    assert_eq!(world.count("SELECT count(*) FROM owed").await, 1);
}

/// The promise, with two replicas matching while postings arrive and filters are saved.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_posting_is_lost_or_doubled_while_filters_are_saved() {
    const ROUNDS: usize = 30;
    let world = Arc::new(World::new().await);
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let stop = Arc::new(AtomicBool::new(false));
    let replica = |_| {
        let (base, stop) = (world.base(), Arc::clone(&stop));
        #[expect(clippy::disallowed_methods, reason = "joined below")]
        tokio::spawn(async move {
            let mut matcher = MatchPostings::new(base);
            while !stop.load(Ordering::SeqCst) {
                matcher.tick().await.unwrap();
                tokio::task::yield_now().await;
            }
            drain(&mut matcher).await;
        })
    };
    let replicas: Vec<_> = (0..2).map(replica).collect();
    let writer = Arc::clone(&world);
    #[expect(clippy::disallowed_methods, reason = "joined below")]
    let saving = tokio::spawn(async move {
        for round in 0..ROUNDS {
            let person = writer.person(&format!("p{round}")).await;
            // Filters change under the clock's feet: each is active from a time of its own.
            writer.clock.advance(std::time::Duration::from_millis(3));
            writer.filter(person, if round % 3 == 0 { "rust" } else { "rust OR go" }).await;
        }
    });
    for round in 0..ROUNDS {
        let titles = [format!("Rust {round}"), format!("Go {round}"), format!("Cook {round}")];
        let items: Vec<Item<'_>> = titles.iter().map(|title| Item::titled(title)).collect();
        board.show(&items);
        world.poll_again().await;
    }
    saving.await.unwrap();
    board.show(&[Item::titled("Rust last"), Item::titled("Go last")]);
    world.poll_again().await;
    stop.store(true, Ordering::SeqCst);
    for replica in replicas {
        replica.await.unwrap();
    }
    // The reference, without the matcher: these two filters are words of titles.
    let reference = "SELECT count(*) FROM filters f JOIN postings p
         ON p.first_seen_at >= f.active_from AND NOT p.history
         AND (p.title LIKE 'Rust%' OR (p.title LIKE 'Go%' AND f.query LIKE '%go%'))";
    let (owed, wanted) =
        (world.count("SELECT count(*) FROM owed").await, world.count(reference).await);
    assert!(wanted > 0);
    assert_eq!(owed, wanted);
    let missing = "SELECT count(*) FROM filters f JOIN postings p
         ON p.first_seen_at >= f.active_from AND NOT p.history
         AND (p.title LIKE 'Rust%' OR (p.title LIKE 'Go%' AND f.query LIKE '%go%'))
         LEFT JOIN owed o ON o.target_id = f.target_id AND o.opening_id = p.opening_id
         WHERE o.target_id IS NULL";
    assert_eq!(world.count(missing).await, 0);
    assert_eq!(world.count("SELECT count(*) FROM deliveries").await, owed);
    assert!(world.clock.now() > chrono::DateTime::UNIX_EPOCH);
}
