//! Faults of polling: boards that are all due at once, hosts that do not answer, responses that kill,
//! sites that give everything a new key.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use earlybrd::db;
use earlybrd::db::polls::Claim;
use earlybrd::db::settled_polls::Unchanged;
use earlybrd::domain::board::BoardKind;
use earlybrd::schedule::polling::pace;
use earlybrd::worker::Worker;
use futures_util::future::join_all;
use sha2::{Digest, Sha256};

use crate::fakes::board::{Answer, FakeBoard, Item, feed};
use crate::world::World;

/// Puts boards into the table that are all due now, each on a host of its own.
async fn herd(world: &World, count: i64, interval: Duration) {
    sqlx::query(
        "INSERT INTO boards (slug, name, kind, url, host, visibility, enabled, interval_seconds,
                             created_at, next_poll_at)
         SELECT 'b' || n, 'b', 'feed', 'http://b' || n || '.example/', 'b' || n || '.example',
                'catalogue', true, $2, $3, $3 - interval '6 hours'
         FROM generate_series(1, $1) AS n",
    )
    .bind(count)
    .bind(i64::try_from(interval.as_secs()).unwrap())
    .bind(world.now())
    .execute(&world.pool)
    .await
    .unwrap();
}

/// One of them settles for all that come meanwhile, and none is left behind.
#[tokio::test]
async fn polls_that_found_nothing_changed_all_settle_whoever_does_it() {
    let world = World::new().await;
    herd(&world, 200, Duration::from_mins(15)).await;
    let claim = Claim {
        now: world.now(),
        most: 200,
        lease: Duration::from_mins(1),
        host_gap: Duration::ZERO,
        pace: None,
    };
    let claimed = db::in_tx(&world.pool, async |tx| db::polls::claim(tx, claim).await);
    let claimed = claimed.await.unwrap();
    assert_eq!(claimed.len(), 200);
    let claims = world.poller().claims;
    let next_poll_at = world.now() + TimeDelta::minutes(15);
    let settled = claimed.iter().map(|board| {
        let (host, at) = (db::hosts::host_of(&board.url), world.now());
        let unchanged = Unchanged { board: board.id, lease: board.lease.0, host, at, next_poll_at };
        claims.settle_unchanged(&world.pool, unchanged)
    });
    for settled in join_all(settled).await {
        settled.unwrap();
    }
    assert_eq!(world.count("SELECT count(*) FROM boards WHERE lease_id IS NOT NULL").await, 0);
    assert_eq!(db::settled_polls::due(&world.pool, world.now()).await.unwrap(), 0);
}

/// Fault 45: ten thousand boards that were due six hours ago, polled for two of their intervals.
#[tokio::test]
async fn boards_that_are_all_due_at_once_are_spread() {
    let world = World::new().await;
    let interval = Duration::from_mins(15);
    herd(&world, 10_000, interval).await;
    let allowed = pace(db::polls::demand(&world.pool).await.unwrap());
    let begun = world.now();
    let mut polls: BTreeMap<i64, i64> = BTreeMap::new();
    for _ in 0..1_800 {
        let claim = Claim {
            now: world.now(),
            most: 32,
            lease: Duration::from_mins(1),
            host_gap: Duration::from_secs(1),
            pace: Some(allowed),
        };
        let claimed = db::in_tx(&world.pool, async |tx| db::polls::claim(tx, claim).await);
        let ids: Vec<i64> = claimed.await.unwrap().iter().map(|board| board.id.0).collect();
        sqlx::query(
            "UPDATE boards SET lease_id = NULL, lease_until = NULL,
                               next_poll_at = $2 + interval '15 min' * (1 + 0.1 * random())
             WHERE id = ANY ($1)",
        )
        .bind(&ids)
        .bind(world.now())
        .execute(&world.pool)
        .await
        .unwrap();
        let minute = (world.now() - begun).num_minutes();
        *polls.entry(minute).or_default() += i64::try_from(ids.len()).unwrap();
        world.clock.advance(Duration::from_secs(1));
    }
    let total: i64 = polls.values().sum();
    let (peak, minutes) = (polls.values().max().unwrap(), i64::try_from(polls.len()).unwrap());
    assert!(peak * minutes * 2 <= total * 3, "peak {peak} of {total} in {minutes} min");
    assert!(total >= 18_000, "nearly two polls a board: {total}");
    let never = "SELECT count(*) FROM boards WHERE next_poll_at < created_at";
    assert_eq!(world.count(never).await, 0, "nobody starves");
}

#[tokio::test]
async fn a_host_has_two_polls_at_a_time_whoever_asks() {
    let world = World::new().await;
    let url: url::Url = "http://busy.example/".parse().unwrap();
    for name in ["a", "b", "c"] {
        world.board(name, &url.join(name).unwrap()).await;
    }
    let mut claimed = Vec::new();
    for _ in 0..3 {
        claimed.push(world.claim().await.len());
    }
    assert_eq!(claimed, [1, 1, 0]);
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.claim().await.len(), 1, "their leases are over");
}

/// Nobody asks a host that does not answer; one request shows when it is back.
#[tokio::test]
async fn a_host_that_does_not_answer_is_left_alone_by_all_its_boards() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    for name in ["a", "b", "c", "d", "e", "f"] {
        world.board(name, &board.url.join(name).unwrap()).await;
    }
    board.status(503, &[]);
    world.poll().await;
    assert_eq!(board.requests().len(), 3, "then it rests");
    world.clock.advance(Duration::from_secs(40));
    world.poll().await;
    assert_eq!(board.requests().len(), 4, "one shows that it is still away");
    board.show(&[]);
    world.clock.advance(Duration::from_mins(2));
    world.poll().await;
    assert_eq!(board.requests().len(), 10, "all are asked again");
    assert_eq!(world.count("SELECT sum(failures)::bigint FROM hosts").await, 0);
    assert_eq!(world.count("SELECT sum(failures)::bigint FROM boards").await, 0);
}

#[tokio::test]
async fn a_refusal_of_one_board_says_nothing_of_its_host() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    for name in ["a", "b", "c", "d"] {
        world.board(name, &board.url.join(name).unwrap()).await;
    }
    board.status(404, &[]);
    world.poll().await;
    assert_eq!(board.requests().len(), 4);
}

/// Fault 33: whoever was reading it died, twice; the note of it is what remains.
#[tokio::test]
async fn a_response_with_which_the_process_died_twice_is_not_read_again() {
    let world = World::new().await;
    let (killer, good) = (FakeBoard::start().await, FakeBoard::start().await);
    world.board("killer", &killer.url).await;
    world.board("good", &good.url).await;
    let body = feed(&[Item::titled("Deadly")]);
    killer.body(body.clone());
    let hash: [u8; 32] = Sha256::digest(body.as_bytes()).into();
    for deaths in 0..2 {
        let claimed = world.claim().await;
        let board = claimed.iter().find(|board| board.slug == "killer").unwrap();
        let before = db::polls::begin_reading(&world.pool, board, hash, true).await.unwrap();
        assert_eq!(before, deaths);
        world.clock.advance(Duration::from_secs(2));
    }
    for failures in 1..3 {
        world.poll_again().await;
        let quarantined = "SELECT failures FROM boards WHERE slug = 'killer'
                           AND last_error LIKE 'what it answers has ended this program twice%'";
        assert_eq!(world.count(quarantined).await, failures);
    }
    good.show(&[Item::titled("Cook")]);
    world.poll_again().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 1);
    killer.show(&[Item::titled("Deadly"), Item::titled("Harmless")]);
    world.clock.advance(Duration::from_hours(1));
    world.poll().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 3);
    assert_eq!(world.count("SELECT sum(reading_deaths)::bigint FROM boards").await, 0);
}

/// Fault 40: all ids are new, three postings are.
#[tokio::test]
async fn a_site_that_gives_everything_a_new_key_shows_nothing_new() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    let ann = world.person("ann").await;
    world.filter(ann, "cook").await;
    let titles: Vec<String> = (0..40).map(|number| format!("Cook {number}")).collect();
    let show = |count: usize, prefix: &str, more: &str| {
        let texts = titles[..count].iter().enumerate();
        let texts: Vec<(String, String)> =
            texts.map(|(at, title)| (format!("{prefix}{at}"), format!("{title}{more}"))).collect();
        let items = texts.iter().zip(&titles);
        let items: Vec<Item<'_>> = items
            .map(|((guid, body), title)| Item { guid, title, body, ..Item::default() })
            .collect();
        board.show(&items);
    };
    show(30, "old-", "");
    world.poll().await;
    show(33, "new-", "");
    world.run().await;
    assert_eq!(world.sent().len(), 3, "{:?}", world.sent());
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 33);
    show(33, "new-", " wanted");
    world.poll_again().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 33, "the new keys are known");
    for poll in 0..30 {
        show(33, &format!("{poll}-"), "");
        world.poll_again().await;
    }
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 33);
    let keys = "SELECT max(count) FROM (SELECT count(*) FROM posting_keys GROUP BY posting_id) k";
    assert!((2..=25).contains(&world.count(keys).await), "a new key at every poll");
    show(33, "29-", " wanted");
    world.poll_again().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 33, "the last keys are known");
    world.run().await;
    assert_eq!(world.sent().len(), 3);
}

/// Fault 40: of somebody's feed the newest five hundred are read, and the rest is said.
#[tokio::test]
async fn a_feed_that_is_too_long_is_read_from_its_newest_on() {
    let mut world = World::new().await;
    world.trusted = vec!["127.0.0.1".to_owned()];
    let board = FakeBoard::start().await;
    let titles: Vec<String> = (0..812).map(|number| format!("Cook {number}")).collect();
    let dates: Vec<String> = (0..812)
        .map(|number| (world.now() - TimeDelta::hours(812 - number)).to_rfc2822())
        .collect();
    let items: Vec<Item<'_>> = titles
        .iter()
        .zip(&dates)
        .map(|(title, date)| Item { date, ..Item::titled(title) })
        .collect();
    board.show(&items);
    let ann = world.person("ann").await;
    let actor = earlybrd::commands::Actor::alone(ann.account, ann.target);
    let line = format!("boards add {}", board.url);
    let reply = earlybrd::commands::say(&world.context(), actor, &line).await;
    crate::commands::check(&reply, "It shows 500 postings now. It has 312 more");
    crate::commands::check(&reply, "[Cook 811]");
    let newest = "SELECT count(*) FROM postings WHERE title IN ('Cook 312', 'Cook 811')";
    assert_eq!(world.count(newest).await, 2);
    let listed = earlybrd::commands::say(&world.context(), actor, "boards").await;
    crate::commands::check(&listed, "312 older ones not read");
}

/// Seconds until the only board is asked again.
async fn rest(world: &World) -> i64 {
    let next = world.count("SELECT extract(epoch FROM next_poll_at)::bigint FROM boards").await;
    next - world.now().timestamp()
}

#[tokio::test]
async fn a_board_is_asked_as_often_as_it_says_that_it_changes() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    assert!((60..=66).contains(&rest(&world).await), "as often as its terms allow");
    let answer = |headers: &[(&'static str, &str)], head: &str| {
        let body = feed(&[Item::titled("Cook")]).replace("<item>", &format!("{head}<item>"));
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned()));
        board.answer(Answer { status: 200, headers: headers.collect(), body: body.into() });
    };
    answer(&[("cache-control", "max-age=1000"), ("age", "400")], "");
    world.poll_again().await;
    assert!((600..=660).contains(&rest(&world).await), "its cache gives nothing new before");
    world.clock.advance(Duration::from_mins(20));
    answer(&[], "<ttl>30</ttl>");
    world.poll().await;
    assert!((1_800..=1_980).contains(&rest(&world).await), "its feed says so");
    world.clock.advance(Duration::from_hours(100));
    answer(&[], "");
    world.poll().await;
    assert!((1_800..=1_980).contains(&rest(&world).await), "quiet for a hundred hours");
}

/// A company's board may be large, and others wait their turn at its host meanwhile.
#[tokio::test]
async fn the_interface_of_a_known_service_may_answer_at_length() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/v0/postings/acme").unwrap();
    world.board_of_kind("acme", &url, BoardKind::Lever).await;
    let filler = "x".repeat(7 << 20);
    board.body(format!(r#"[{{"id": "1", "text": "Cook", "filler": "{filler}"}}]"#));
    let mut poller = world.poller();
    poller.tick().await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 1);
}

/// What was claimed and not begun is nobody's when the process stops.
#[tokio::test]
async fn boards_that_wait_for_a_poller_are_given_back_at_the_end() {
    let world = World::new().await;
    let boards = [FakeBoard::start().await, FakeBoard::start().await, FakeBoard::start().await];
    for (name, board) in ["a", "b", "c"].iter().zip(&boards) {
        world.board(name, &board.url).await;
    }
    let mut poller = world.poller();
    poller.tick().await.unwrap();
    let leased = "SELECT count(*) FROM boards WHERE lease_id IS NOT NULL";
    assert_eq!(world.count(leased).await, 2);
    poller.claims.give_back(&world.pool).await.unwrap();
    assert_eq!(world.count(leased).await, 0);
    world.poll().await;
    assert_eq!(boards.map(|board| board.requests().len()), [1, 1, 1]);
}

/// Waits for the database's locks end after five seconds, those for a connection after three.
#[tokio::test]
async fn boards_that_wait_for_each_other_leave_connections_to_everybody_else() {
    const BOARDS: usize = 10;
    let world = World::new().await;
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    for number in 0..BOARDS {
        let url = board.url.join(&format!("?{number}")).unwrap();
        world.board(&number.to_string(), &url).await;
    }
    // Of one host only so many are asked at a time.
    sqlx::query("UPDATE boards SET host = slug").execute(&world.pool).await.unwrap();
    let mut holder = world.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE openings IN EXCLUSIVE MODE").execute(&mut *holder).await.unwrap();
    let poller = world.poller();
    let polls = join_all((0..BOARDS).map(async |_| poller.clone().tick().await.unwrap()));
    let others = async {
        world.until_a_session_waits().await;
        let free = join_all((0..3).map(async |_| world.pool.acquire().await)).await;
        assert!(free.iter().all(Result::is_ok), "all connections wait for openings");
        drop(free);
        holder.rollback().await.unwrap();
    };
    tokio::join!(polls, others);
    assert_eq!(world.count("SELECT count(*) FROM boards WHERE failures = 0").await, 10);
}
