//! Replicas whose database goes away, that are told to stop, or do a part of the work only.

use std::time::Duration;

use earlybrd::db;
use earlybrd::domain::delivery::Verdict;
use earlybrd::worker::Worker;
use earlybrd::workers::outbox::LEASE;
use earlybrd::{http, web};
use reqwest::StatusCode;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::messenger::Failure;
use crate::fakes::proxy::{Line, Proxy};
use crate::process::binary::{Home, PATIENCE, Running, until};
use crate::server::TestDatabase;
use crate::world::World;

/// The pages of a running replica.
struct Pages {
    client: reqwest::Client,
    base: String,
}

impl Pages {
    /// Of the n-th replica that was started there.
    async fn of_nth(home: &Home, nth: usize) -> Self {
        let heard = || {
            let said = home.stderr();
            let address = said.split("listening on ").nth(nth)?.split_whitespace().next()?;
            Some(address.to_owned())
        };
        until("the pages", || heard().is_some()).await;
        let base = format!("http://{}", heard().unwrap());
        Self { client: http::for_operator("test").unwrap(), base }
    }

    async fn of(home: &Home) -> Self {
        Self::of_nth(home, 1).await
    }

    async fn get(&self, path: &str) -> Option<(StatusCode, bool)> {
        let answer = self.client.get(format!("{}{path}", self.base)).send().await.ok()?;
        Some((answer.status(), answer.headers().contains_key("retry-after")))
    }

    async fn until(&self, path: &str, want: StatusCode) -> Duration {
        let since = Instant::now();
        while self.get(path).await.map(|got| got.0) != Some(want) {
            assert!(since.elapsed() < PATIENCE, "{path} is never {want}");
            sleep(Duration::from_millis(20)).await;
        }
        since.elapsed()
    }
}

fn start<'a>(home: &'a Home, arguments: &[&str]) -> Running<'a> {
    home.start(&[&["serve"], arguments].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_without_its_database_is_alive_and_not_ready_until_it_is_back() {
    let database = TestDatabase::new().await;
    let proxy = Proxy::to(&database.url()).await;
    let board = FakeBoard::start().await;
    let home = Home::new().with_board(&board.url).with_database(&proxy.url());
    let running = start(&home, &[]);
    let pages = Pages::of(&home).await;
    for line in [Line::Cut, Line::Dead] {
        pages.until("/readyz", StatusCode::OK).await;
        proxy.set(line);
        let asked = Instant::now();
        let answer = pages.get("/readyz").await.unwrap();
        assert_eq!(answer, (StatusCode::SERVICE_UNAVAILABLE, true), "{line:?}");
        assert!(asked.elapsed() < Duration::from_secs(4), "{line:?}: {:?}", asked.elapsed());
        assert_eq!(pages.get("/livez").await.unwrap().0, StatusCode::OK);
        // What was dead ends when the line is cut, as a connection does that the network gave up.
        proxy.set(Line::Cut);
        proxy.set(Line::Whole);
        pages.until("/readyz", StatusCode::OK).await;
        let before = board.requests().len();
        until("a further poll", || board.requests().len() > before).await;
    }
    assert!(running.terminate().await.success);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_whose_database_is_read_only_is_not_ready() {
    let database = TestDatabase::new().await;
    let home = Home::new().with_database(&database.url());
    let running = start(&home, &[]);
    let pages = Pages::of(&home).await;
    pages.until("/readyz", StatusCode::OK).await;
    database.read_only(true).await;
    pages.until("/readyz", StatusCode::SERVICE_UNAVAILABLE).await;
    database.read_only(false).await;
    pages.until("/readyz", StatusCode::OK).await;
    assert!(running.terminate().await.success);
}

#[tokio::test]
async fn nothing_is_sent_that_cannot_be_written_down() {
    let world = owing().await;
    world.database.read_only(true).await;
    assert!(world.sender().tick().await.is_err());
    assert!(world.sent().is_empty());
    world.database.read_only(false).await;
    world.clock.advance(LEASE);
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job"]);
}

/// Whoever does not know whether it committed looks again before it does anything.
#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_not_done_again() {
    let mut world = owing().await;
    let (direct, proxy) = (world.pool.clone(), Proxy::to(&world.database.url()).await);
    world.pool = db::connect(&proxy.url(), 4).await.unwrap();
    proxy.set(Line::AnswerLost);
    // It is sent; that it is settled its sender does not hear, and finds when it looks.
    world.sender().tick().await.unwrap();
    assert_eq!(world.sent(), ["ann: job"]);
    let sent: i64 = sqlx::query_scalar("SELECT count(*) FROM deliveries WHERE state = 'sent'")
        .fetch_one(&direct)
        .await
        .unwrap();
    assert_eq!(sent, 1, "the server did commit");
    for _ in 0..3 {
        world.clock.advance(LEASE);
        world.deliver().await;
    }
    assert_eq!(world.sent(), ["ann: job"]);
}

async fn owing() -> World {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let ann = world.person("ann").await;
    world.filter(ann, "job").await;
    board.show(&[Item::titled("job")]);
    world.poll_again().await;
    world.match_all().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_stops_says_so_before_it_refuses_a_page() {
    let database = TestDatabase::new().await;
    let home = Home::new().with_database(&database.url()).setting("EARLYBRD_PLAYGROUND", "on");
    let running = start(&home, &[]);
    let pages = Pages::of(&home).await;
    pages.until("/readyz", StatusCode::OK).await;
    running.signal_term();
    pages.until("/readyz", StatusCode::SERVICE_UNAVAILABLE).await;
    // Whoever has not heard of it yet is served.
    assert_eq!(pages.get("/livez").await.unwrap().0, StatusCode::OK);
    assert_eq!(pages.get("/playground").await.unwrap().0, StatusCode::OK);
    assert!(running.wait().await.success);
}

/// Whoever has the token sees what the operator watches.
#[tokio::test]
async fn metrics_are_for_whoever_has_the_token() {
    let world = owing().await;
    world.messenger.fail(Failure::Verdict(Verdict::Rejected { why: "too long".to_owned() }));
    world.deliver().await;
    let token = "a token of the operator";
    let router =
        web::router(world.health(), Some(token.to_owned().into()), None, None, axum::Router::new());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(web::serve(listener, router, CancellationToken::new()));
    let client = http::for_operator("test").unwrap();
    for wrong in ["Bearer a token of the operato", "Basic x", ""] {
        let asked = client.get(&url).header("authorization", wrong).send().await.unwrap();
        assert_eq!(asked.status(), StatusCode::UNAUTHORIZED, "{wrong}");
    }
    let told = client.get(&url).header("authorization", format!("Bearer {token}"));
    let told = http::read_capped(told.send().await.unwrap(), 10_000).await.unwrap();
    let told = String::from_utf8(told).unwrap();
    for line in ["earlybrd_deliveries_dead 1", "earlybrd_deliveries_owed 0", "# EOF"] {
        assert!(told.lines().any(|said| said == line), "{line}: {told}");
    }
    // The rules in the documents are about what there is.
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/discord.md"));
    let names = page.split(|c: char| !c.is_ascii_lowercase() && c != '_');
    let names: Vec<&str> = names.filter(|name| name.starts_with("earlybrd_")).collect();
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        assert!(told.contains(&format!("\n{name} ")), "{name}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_does_the_work_of_its_roles_only() {
    let database = TestDatabase::new().await;
    let board = FakeBoard::start().await;
    let home = Home::new()
        .with_board(&board.url)
        .with_database(&database.url())
        .setting("EARLYBRD_PLAYGROUND", "on");
    let web = start(&home, &["--roles", "web"]);
    let pages = Pages::of(&home).await;
    assert_eq!(pages.get("/playground").await.unwrap().0, StatusCode::OK);
    // Long enough for several polls of a board that is due each second.
    sleep(Duration::from_secs(3)).await;
    assert!(board.requests().is_empty());
    assert!(web.terminate().await.success);
    let poll = start(&home, &["--roles", "poll"]);
    until("a poll", || !board.requests().is_empty()).await;
    let pages = Pages::of_nth(&home, 2).await;
    pages.until("/readyz", StatusCode::OK).await;
    assert_eq!(pages.get("/playground").await.unwrap().0, StatusCode::NOT_FOUND);
    assert!(poll.terminate().await.success);
    for wrong in ["cook", ""] {
        let refused = home.start(&["serve", "--roles", wrong]).wait().await;
        assert!(!refused.success && refused.stderr.contains("role"), "{}", refused.stderr);
    }
}
