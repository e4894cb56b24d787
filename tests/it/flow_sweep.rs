//! How long postings and openings live, and what it costs to look.

use earlybrd::db;
use earlybrd::domain::ids::OpeningId;
use earlybrd::domain::reply::Mark;

use crate::fakes::board::{FakeBoard, Item};
use crate::flow_openings::{ACME, DAY, item, world};
use crate::world::World;

const POSTINGS: &str = "SELECT count(*) FROM postings";
const OPENINGS: &str = "SELECT count(*) FROM openings";

#[tokio::test]
async fn what_boards_showed_that_are_no_longer_read_goes_with_its_opening() {
    let (world, boards, ann) = world(&["off", "failing", "same"]).await;
    let other = |company: &str| format!("Company: {company}\nLocation: Rome");
    let (saved, smith, always) = (other("Saved"), other("Smiths"), other("Always"));
    boards[0].show(&[item("1", ACME), item("2", &saved)]);
    boards[1].show(&[Item { title: "Smith", ..item("3", &smith) }]);
    boards[2].show(&[Item { title: "Smith", ..item("4", &always) }]);
    world.run().await;
    assert_eq!(world.sent().len(), 2);
    let kept: i64 = sqlx::query_scalar("SELECT opening_id FROM postings WHERE company = 'Saved'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    let (kept, now) = (OpeningId(kept), world.now());
    assert!(
        db::marks::set(&world.pool, ann.account, [ann.account; 2], kept, (Mark::Saved, now))
            .await
            .unwrap()
    );
    // Another one turned out to be the cook's job.
    sqlx::raw_sql(
        "INSERT INTO openings (first_seen_at, merged_into)
         SELECT first_seen_at, opening_id FROM postings WHERE company = 'Acme GmbH';
         INSERT INTO opening_keys (key, opening_id) SELECT 7, max(id) FROM openings",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let still = ["failing", "same"].map(str::to_owned);
    db::boards::disable_others(&world.pool, &still).await.unwrap();
    boards[1].status(500, &[]);
    boards[2].status(304, &[]);
    world.poll_again().await;
    world.clock.advance(DAY * 80);
    assert_eq!(world.sweep_postings().await, 0);
    world.clock.advance(DAY * 11);
    world.poll().await;
    // The cook's of the board that is off, and the smith's of the one that does not answer.
    assert_eq!(world.sweep_postings().await, 2);
    assert_eq!(world.count(OPENINGS).await, 4, "what was told is known for 180 days");
    world.clock.advance(DAY * 90);
    assert_eq!(world.sweep_told().await, 2);
    assert_eq!((world.count(POSTINGS).await, world.count(OPENINGS).await), (2, 2));
    let lost =
        "SELECT count(*) FROM opening_keys WHERE opening_id NOT IN (SELECT id FROM openings)";
    assert_eq!(world.count(lost).await, 0);
    let led = "SELECT count(DISTINCT opening_id) FROM opening_keys";
    assert_eq!(world.count(led).await, 2);
}

/// Each was looked for among all of its board, once.
#[tokio::test]
async fn a_sweep_reads_each_posting_a_few_times_however_many_its_board_has() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let titles: Vec<String> = (0..300).map(|number| format!("job {number}")).collect();
    board.show(&titles.iter().map(|title| Item::titled(title)).collect::<Vec<_>>());
    world.board("b", &board.url).await;
    world.poll().await;
    world.clock.advance(DAY * 100);
    let mut tx = world.pool.begin().await.unwrap();
    let read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
                WHERE relname = 'postings'";
    let before: i64 = sqlx::query_scalar(read).fetch_one(&mut *tx).await.unwrap();
    assert_eq!(db::sweep::postings(&mut tx, world.now()).await.unwrap(), 0);
    let after: i64 = sqlx::query_scalar(read).fetch_one(&mut *tx).await.unwrap();
    assert!((300..=900).contains(&(after - before)), "{} of 300 were read", after - before);
}

/// The first fifty postings of the job are on boards of other people.
#[tokio::test]
async fn what_nobody_else_may_see_does_not_hide_a_board_that_all_see() {
    let (world, boards, _) = world(&["one", "two"]).await;
    boards[0].show(&[item("1", ACME)]);
    world.run().await;
    sqlx::raw_sql(
        "INSERT INTO boards (slug, name, kind, url, host, visibility, interval_seconds, created_at,
                             next_poll_at, enabled)
         SELECT 'own', 'own', kind, 'https://own.example/', 'own.example', 'subscribed',
                interval_seconds, created_at, next_poll_at, false FROM boards WHERE slug = 'one';
         INSERT INTO postings (board_id, opening_id, identity, title, tags, body, first_seen_at,
                               matched_at, history)
         SELECT (SELECT id FROM boards WHERE slug = 'own'), opening_id, n::text, title, tags, body,
                first_seen_at, matched_at, false
         FROM postings, generate_series(1, 60) AS n",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    boards[1].show(&[item("x", ACME)]);
    world.run().await;
    world.edit().await;
    let edited = world.messenger.edited();
    assert!(edited.len() == 1 && edited[0].contains("also on two"), "{edited:?}");
}
