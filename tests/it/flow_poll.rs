//! From a board's response to stored postings.

use std::time::Duration;

use earlybrd::db;
use earlybrd::domain::board::BoardKind;
use earlybrd::worker::{Tick, Worker};

use crate::fakes::board::{Answer, FakeBoard, Item, feed};
use crate::world::World;

const POSTINGS: &str = "SELECT count(*) FROM postings";
const NEWS: &str = "SELECT count(*) FROM postings WHERE matched_at IS NULL";

#[tokio::test]
async fn a_first_poll_is_history_and_what_comes_later_is_news() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("old")]);
    world.board("b", &board.url).await;
    world.poll().await;
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (1, 0));
    board.show(&[Item::titled("new"), Item::titled("old")]);
    world.poll_again().await;
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (2, 1));
}

#[tokio::test]
async fn what_a_first_poll_shows_from_after_we_began_to_watch_is_news() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let (before, after) =
        (world.now().to_rfc2822(), (world.now() + chrono::TimeDelta::seconds(5)).to_rfc2822());
    world.clock.advance(Duration::from_secs(1));
    let items = [
        Item { date: &after, ..Item::titled("after") },
        Item { date: &before, ..Item::titled("before") },
    ];
    board.show(&items);
    world.board("b", &board.url).await;
    world.clock.advance(Duration::from_mins(1));
    world.poll().await;
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (2, 1));
}

#[tokio::test]
async fn a_posting_is_known_again_by_any_of_its_keys() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let first =
        Item { guid: "g1", link: "https://x.example/a", title: "Rust", date: "", body: "b" };
    // The link changes, then the guid, then the title, then the guid goes and tracking comes.
    let seen = [
        first,
        Item { link: "https://x.example/b", ..first },
        Item { guid: "g2", link: "https://x.example/b", ..first },
        Item { guid: "g2", title: "Go", ..first },
        Item { guid: "", link: "http://x.example/a?utm_source=rss", title: "Go!", ..first },
    ];
    for item in seen {
        board.show(&[item]);
        world.poll_again().await;
        assert_eq!(world.count(POSTINGS).await, 1, "{item:?}");
    }
    board.show(&[Item { guid: "g3", link: "https://x.example/c", ..first }]);
    world.poll_again().await;
    assert_eq!(world.count(POSTINGS).await, 2);
}

#[tokio::test]
async fn postings_that_share_a_link_are_all_told() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let link = "https://x.example/careers";
    let with_guid = |title| Item { link, ..Item::titled(title) };
    let bare = |title| Item { link, title, ..Item::default() };
    board.show(&[with_guid("One"), with_guid("Two"), bare("Three"), bare("Four")]);
    world.poll_again().await;
    world.poll_again().await;
    assert_eq!(world.count(POSTINGS).await, 4);
    board.show(&[with_guid("Five"), with_guid("One")]);
    world.poll_again().await;
    assert_eq!(world.count(POSTINGS).await, 5);
}

#[tokio::test]
async fn a_posting_without_guid_and_link_is_not_new_at_every_poll() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    board.show(&[Item { title: "bare", body: "text", ..Item::default() }]);
    world.board("b", &board.url).await;
    world.poll().await;
    world.poll_again().await;
    world.poll_again().await;
    assert_eq!(world.count(POSTINGS).await, 1);
}

#[tokio::test]
async fn one_posting_twice_in_one_response_is_one() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    board.show(&[Item::titled("twin"), Item::titled("twin"), Item::titled("other")]);
    world.poll_again().await;
    assert_eq!(world.count(POSTINGS).await, 2);
}

#[tokio::test]
async fn validators_are_sent_back_and_304_is_a_good_poll() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    let headers = vec![("etag", "W/\"7\"".to_owned()), ("last-modified", "yesterday".to_owned())];
    board.answer(Answer { status: 200, headers, body: feed(&[]).into_bytes() });
    world.poll().await;
    board.status(304, &[]);
    world.poll_again().await;
    world.poll_again().await;
    let asked = board.requests();
    assert_eq!(asked.len(), 3);
    assert!(asked[0].get("if-none-match").is_none());
    for request in &asked[1..] {
        assert_eq!(request.get("if-none-match").unwrap(), "W/\"7\"");
        assert_eq!(request.get("if-modified-since").unwrap(), "yesterday");
        let agent = request.get("user-agent").unwrap().to_str().unwrap();
        assert!(agent.starts_with("earlybrd/") && agent.contains("https://example.com/bot"));
    }
    assert_eq!(world.count("SELECT failures FROM boards").await, 0);
}

#[tokio::test]
async fn boards_on_one_host_are_asked_one_after_the_other_also_by_two_replicas() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    for slug in ["a", "b", "c"] {
        world.board(slug, &board.url.join(slug).unwrap()).await;
    }
    let (mut one, mut two) = (world.poller(), world.poller());
    for poller in [&mut one, &mut two] {
        poller.claims.pace.host_gap = Duration::from_secs(1);
    }
    let (first, second) = tokio::join!(one.tick(), two.tick());
    let mut ticks = [first.unwrap(), second.unwrap()];
    ticks.sort_by_key(|tick| *tick == Tick::Idle);
    assert_eq!(ticks, [Tick::Busy, Tick::Idle]);
    assert_eq!(board.requests().len(), 1);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(one.tick().await.unwrap(), Tick::Busy);
    assert_eq!(two.tick().await.unwrap(), Tick::Idle);
    assert_eq!(board.requests().len(), 2);
}

#[tokio::test]
async fn a_poll_whose_lease_was_taken_over_stores_nothing() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    let slow = world.claim().await;
    world.clock.advance(Duration::from_secs(2));
    world.poll().await;
    let settled = db::in_tx(&world.pool, async |tx| db::polls::hold(tx, &slow[0]).await);
    assert!(!settled.await.unwrap());
}

#[tokio::test]
async fn a_board_that_moves_shows_its_past_again_without_flooding() {
    let world = World::new().await;
    let (old, new) = (FakeBoard::start().await, FakeBoard::start().await);
    old.show(&[Item::titled("a")]);
    world.board("b", &old.url).await;
    world.poll().await;
    world.clock.advance(Duration::from_mins(1));
    let (before, since) = (
        (world.now() - chrono::TimeDelta::days(3)).to_rfc2822(),
        (world.now() - chrono::TimeDelta::seconds(5)).to_rfc2822(),
    );
    new.show(&[
        Item { date: &since, ..Item::titled("since") },
        Item { date: &before, ..Item::titled("before") },
        Item::titled("undated"),
    ]);
    world.board("b", &new.url).await;
    world.poll().await;
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (4, 1));
    world.board("b", &new.url).await;
    world.clock.advance(Duration::from_mins(2));
    new.show(&[Item::titled("later")]);
    world.poll().await;
    assert_eq!(world.count(NEWS).await, 2, "an entry that stays keeps its state");
}

#[tokio::test]
async fn remoteok_is_read_by_its_own_kind() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board_of_kind("remoteok", &board.url, BoardKind::Remoteok).await;
    board.body(r#"[{"legal":"x"},{"id":"1","epoch":1790000001,"position":"Rust","url":"https://x.example/1"}]"#);
    world.poll().await;
    assert_eq!(world.count("SELECT count(*) FROM postings WHERE remote = 'yes'").await, 1);
}

#[tokio::test]
async fn pay_is_kept_as_stated_and_as_it_compares() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    let body = "<p>Salary: €50 – €60 per hour</p>";
    board.show(&[Item { body, ..Item::titled("Cook") }, Item::titled("Baker")]);
    world.poll().await;
    let (pay, min, max, day): (String, f64, f64, String) = sqlx::query_as(
        "SELECT pay->>'period', pay_usd_min::float8, pay_usd_max::float8, pay_rates_as_of::text
         FROM postings WHERE title = 'Cook'",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!((pay.as_str(), day.as_str()), ("hour", "2025-06-30"));
    assert_eq!((min, max), (121_922.63, 146_307.15), "2,080 hours, 0.853 euros a dollar");
    let unknown = "SELECT count(*) FROM postings WHERE pay_usd_max IS NULL
                   AND pay_rates_as_of IS NULL";
    assert_eq!(world.count(unknown).await, 1);
}

#[tokio::test]
async fn a_posting_goes_ninety_days_after_its_board_showed_it_last() {
    let world = World::new().await;
    let (board, same) = (FakeBoard::start().await, FakeBoard::start().await);
    world.board("b", &board.url).await;
    world.board("same", &same.url).await;
    board.show(&[Item::titled("goes"), Item::titled("stays")]);
    same.show(&[Item::titled("always")]);
    world.poll().await;
    same.status(304, &[]);
    let sweep = async || world.sweep_postings().await;
    world.clock.advance(Duration::from_hours(24 * 100));
    assert_eq!(sweep().await, 0, "nobody asked since, so it may be there");
    board.show(&[Item::titled("stays")]);
    world.poll().await;
    assert_eq!(sweep().await, 1);
    assert_eq!(world.count("SELECT count(*) FROM postings WHERE title = 'goes'").await, 0);
    // What it shows still is no news; what went is.
    same.show(&[Item::titled("always")]);
    board.show(&[Item::titled("goes"), Item::titled("stays")]);
    world.clock.advance(Duration::from_hours(24));
    world.poll().await;
    assert_eq!((world.count(POSTINGS).await, world.count(NEWS).await), (3, 1));
}
