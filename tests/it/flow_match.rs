//! From stored postings to what is owed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use earlybrd::db;
use earlybrd::db::filters::NewFilter;
use earlybrd::db::own_filters::FilterState;
use earlybrd::domain::ids::{FilterId, FilterRevision};
use earlybrd::worker::Worker;
use earlybrd::workers::match_postings::MatchPostings;
use sqlx::PgConnection;

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
    world.clock.advance(Duration::from_secs(1));
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
    let filter = NewFilter { account, target, made_from: None, name: "rust", query: "rust" };
    db::filters::insert(&mut saving, revision, filter, world.now()).await.unwrap();
    let (ticked, ()) = tokio::join!(matcher.tick(), async {
        world.until_a_session_waits().await;
        saving.commit().await.unwrap();
    });
    ticked.unwrap();
    drain(&mut matcher).await;
    assert_eq!(world.count("SELECT count(*) FROM owed").await, 1);
}

/// What filters said when, written in the transactions that changed them. The clock moves while the
/// lock is held, so whatever is matched later is matched at a later time.
const LOG: &str = "CREATE TABLE log (
    filter_id bigint, target_id bigint, at timestamptz, query text, state text,
    active_from timestamptz)";

/// Changes a filter, or saves one, and logs what it says then.
async fn change(
    world: &World,
    work: impl AsyncFnOnce(&mut PgConnection, FilterRevision) -> sqlx::Result<FilterId>,
) -> FilterId {
    db::in_tx(&world.pool, async |tx| {
        let revision = db::filters::begin_change(tx).await?;
        world.clock.advance(Duration::from_millis(1));
        let id = work(tx, revision).await?;
        sqlx::query(
            "INSERT INTO log SELECT id, target_id, $2, query, state, active_from FROM filters
             WHERE id = $1",
        )
        .bind(id.0)
        .bind(world.now())
        .execute(tx)
        .await?;
        Ok(id)
    })
    .await
    .unwrap()
}

/// Saves, edits, pauses, resumes and removes filters, each of somebody else.
async fn change_filters(world: Arc<World>, rounds: usize) {
    let mut saved: Vec<FilterId> = Vec::new();
    for round in 0..rounds {
        let Person { account, target } = world.person(&format!("p{round}")).await;
        let query = if round % 3 == 0 { "rust" } else { "rust OR go" };
        let new = NewFilter { account, target, made_from: None, name: "f", query };
        saved.push(
            change(&world, async |tx, revision| {
                db::filters::insert(tx, revision, new, world.now()).await
            })
            .await,
        );
        let (filter, now) = (saved[round / 2], || world.now());
        change(&world, async |tx, revision| {
            let set = async |tx, state| {
                db::own_filters::set_state(tx, revision, filter, state, now()).await
            };
            match round % 4 {
                0 => {
                    db::own_filters::set_query(tx, revision, filter, "go", now()).await?;
                }
                1 => set(tx, FilterState::Paused).await?,
                2 => set(tx, FilterState::Active).await?,
                _ => set(tx, FilterState::Removed).await?,
            }
            Ok(filter)
        })
        .await;
    }
}

/// The promise: two replicas match while postings arrive and filters are saved, edited, paused,
/// resumed and removed; the reference knows nothing of the matcher.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_posting_is_lost_or_doubled_while_filters_change() {
    const ROUNDS: usize = 40;
    let world = Arc::new(World::new().await);
    sqlx::query(LOG).execute(&world.pool).await.unwrap();
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
    #[expect(clippy::disallowed_methods, reason = "joined below")]
    let changing = tokio::spawn(change_filters(Arc::clone(&world), ROUNDS));
    for round in 0..ROUNDS {
        let titles = [format!("Rust {round}"), format!("Go {round}"), format!("Cook {round}")];
        let items: Vec<Item<'_>> = titles.iter().map(|title| Item::titled(title)).collect();
        board.show(&items);
        world.poll_again().await;
    }
    changing.await.unwrap();
    board.show(&[Item::titled("Rust last"), Item::titled("Go last")]);
    world.poll_again().await;
    stop.store(true, Ordering::SeqCst);
    for replica in replicas {
        replica.await.unwrap();
    }
    let wanted = "SELECT l.target_id, p.opening_id FROM postings p
         JOIN (SELECT *, lead(at) OVER (PARTITION BY filter_id ORDER BY at) AS until FROM log) l
           ON l.at <= p.matched_at AND (l.until IS NULL OR p.matched_at < l.until)
         WHERE l.state = 'active' AND p.first_seen_at >= l.active_from AND NOT p.history
           AND (l.query LIKE '%rust%' AND p.title LIKE 'Rust%'
                OR l.query LIKE '%go%' AND p.title LIKE 'Go%')";
    let owed = "SELECT target_id, opening_id FROM owed";
    let pairs = async |query: &'static str| -> BTreeSet<(i64, i64)> {
        sqlx::query_as(query).fetch_all(&world.pool).await.unwrap().into_iter().collect()
    };
    let (owed, wanted) = (pairs(owed).await, pairs(wanted).await);
    assert!(!wanted.is_empty());
    assert_eq!(owed, wanted);
    let deliveries = world.count("SELECT count(*) FROM deliveries").await;
    assert_eq!(deliveries, i64::try_from(owed.len()).unwrap());
}
