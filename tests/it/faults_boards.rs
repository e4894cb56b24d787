//! Boards that misbehave: whatever they send, the others go on and the reason is kept.

use std::time::Duration;

use chrono::TimeDelta;
use earlybrd::boards::fetch::{Fetcher, Request};
use earlybrd::domain::board::{BoardKind, Validators, Visibility};

use crate::fakes::board::{Answer, FakeBoard, Item, feed};
use crate::world::World;

/// Polls a board that misbehaves beside one that does not; gives the reason that is kept.
async fn reason(misbehave: impl FnOnce(&FakeBoard)) -> String {
    let world = World::new().await;
    let (bad, good) = (FakeBoard::start().await, FakeBoard::start().await);
    world.board("bad", &bad.url).await;
    world.board("good", &good.url).await;
    world.poll().await;
    misbehave(&bad);
    good.show(&[Item::titled("job")]);
    world.poll_again().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 1, "the good board goes on");
    sqlx::query_scalar("SELECT last_error FROM boards WHERE slug = 'bad' AND failures = 1")
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

#[track_caller]
fn check(reason: &str, want: &str) {
    assert!(reason.contains(want), "{reason:?} does not say {want:?}");
}

#[tokio::test]
async fn the_reason_of_a_failure_is_kept_in_words() {
    check(&reason(|board| board.status(503, &[])).await, "503");
    check(&reason(|board| board.status(404, &[])).await, "404");
    check(&reason(|board| board.body("")).await, "empty");
    check(
        &reason(|board| board.body("<!DOCTYPE html><title>Just a moment</title>")).await,
        "web page",
    );
    check(&reason(|board| board.body("{\"no\": \"feed\"}")).await, "not a JSON feed");
    check(&reason(|board| board.body("<a>".repeat(100_000))).await, "nested deeper");
    check(&reason(|board| board.body(vec![b'x'; 6 << 20])).await, "larger than");
    check(
        &reason(|board| board.status(302, &[("location", "file:///etc/passwd")])).await,
        "can't be used",
    );
    check(
        &reason(|board| board.status(302, &[("location", "http://a:b@127.0.0.1/")])).await,
        "can't be used",
    );
    check(
        &reason(|board| board.status(301, &[("location", "/feed")])).await,
        "redirected more than",
    );
}

#[tokio::test]
async fn a_board_that_is_not_there_is_reported_and_stops_nothing() {
    let world = World::new().await;
    let (good, gone) = (FakeBoard::start().await, closed_port().await);
    world.board("good", &good.url).await;
    world.board("gone", &gone).await;
    world.poll().await;
    good.show(&[Item::titled("job")]);
    world.poll_again().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 1);
    let why: String = sqlx::query_scalar("SELECT last_error FROM boards WHERE slug = 'gone'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    check(&why, "cannot be reached");
}

async fn closed_port() -> url::Url {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    format!("http://{address}/").parse().unwrap()
}

#[tokio::test]
async fn retry_after_keeps_everybody_from_the_host() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("a", &board.url).await;
    world.board("b", &board.url.join("b").unwrap()).await;
    board.status(429, &[("retry-after", "600")]);
    world.poll().await;
    assert_eq!(board.requests().len(), 1, "the other board on this host waits too");
    world.clock.advance(Duration::from_secs(590));
    world.poll().await;
    assert_eq!(board.requests().len(), 1);
    board.show(&[]);
    world.clock.advance(Duration::from_secs(20));
    world.poll().await;
    assert_eq!(board.requests().len(), 3);
}

#[tokio::test]
async fn failures_in_a_row_double_the_rest() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    board.status(500, &[]);
    let mut rests = Vec::new();
    for _ in 0..6 {
        world.poll().await;
        let next = world.count("SELECT extract(epoch FROM next_poll_at)::bigint FROM boards").await;
        rests.push(next - world.now().timestamp());
        world.clock.advance(Duration::from_hours(7));
    }
    assert!(rests.first().unwrap() <= &60 && rests.last().unwrap() > &700, "{rests:?}");
    board.show(&[]);
    world.poll().await;
    assert_eq!(world.count("SELECT failures FROM boards WHERE last_error IS NULL").await, 0);
}

#[tokio::test]
async fn one_item_that_breaks_the_parser_does_not_hide_the_others() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    board.body(
        "<rss version=\"2.0\"><channel><title>t</title>\
         <item><guid>1</guid><title>One</title></item>\
         <item><guid>2</guid><title>Two</title><author>编辑部（a@b.co）</author></item>\
         <item><guid>3</guid><title>Three &broken <b></title></item>\
         <item><guid>4</guid><title>Four</title></item></channel></rss>",
    );
    world.poll_again().await;
    let titles: Vec<String> = sqlx::query_scalar("SELECT title FROM postings ORDER BY identity")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert_eq!(titles, ["One", "Two", "Four"]);
}

#[tokio::test]
async fn values_that_postgres_cannot_hold_are_cleaned() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let long = "x".repeat(10_000);
    let huge = "word ".repeat(400_000);
    let far = (world.now() + TimeDelta::days(400_000)).to_rfc2822();
    let items = [
        Item { guid: &long, title: "Long guid", ..Item::default() },
        Item { guid: "nul", title: "N\u{0}ul \u{202e}gnirts", ..Item::default() },
        Item { guid: "huge", title: &huge, body: &huge, ..Item::default() },
        Item { guid: "date", title: "Far date", date: &far, ..Item::default() },
        Item {
            guid: "url",
            title: "Long link",
            link: &format!("https://x.example/{long}"),
            ..Item::default()
        },
        Item { guid: "good", title: "Good", ..Item::default() },
    ];
    board.show(&items);
    world.poll_again().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 6);
    let longest = world.count("SELECT max(length(title))::bigint FROM postings").await;
    assert!((250..=300).contains(&longest), "{longest}");
}

#[tokio::test]
async fn an_address_that_a_stranger_chose_never_reaches_this_machine() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let fetcher = Fetcher::new(None, &[]).unwrap();
    let port = board.url.port().unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433"] {
        let url = format!("http://{host}:{port}/").parse().unwrap();
        let request = Request {
            url: &url,
            kind: BoardKind::Feed,
            visibility: Visibility::Subscribed,
            validators: &Validators::default(),
            now: world.now(),
        };
        let answer = fetcher.fetch(request).await;
        assert_eq!(answer.unwrap_err().why, "this address can't be used", "{host}");
    }
    assert!(board.requests().is_empty());
}

/// A board may send us anywhere; what the operator did not choose is dialled as a stranger's address.
#[tokio::test]
async fn a_redirect_to_an_inner_address_is_not_followed() {
    let world = World::new().await;
    let (board, inner) = (FakeBoard::start().await, FakeBoard::start().await);
    inner.show(&[Item::titled("secret")]);
    board.status(302, &[("location", inner.url.as_str())]);
    world.board("b", &board.url).await;
    world.poll().await;
    assert!(inner.requests().is_empty());
    let why: String =
        sqlx::query_scalar("SELECT last_error FROM boards").fetch_one(&world.pool).await.unwrap();
    check(&why, "this address can't be used");
    board.status(302, &[("location", "/elsewhere")]);
    board.answer_at(
        "/elsewhere",
        Answer { status: 200, headers: Vec::new(), body: feed(&[Item::titled("job")]).into() },
    );
    world.poll_again().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 1);
}

#[tokio::test]
async fn control_characters_in_an_error_are_not_kept() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    let claimed = world.claim().await;
    let error = "item 1: \u{0}\u{1b}[31mred\u{202e}".to_owned().into();
    world.poller().fail(&claimed[0], &error).await.unwrap();
    let why: String =
        sqlx::query_scalar("SELECT last_error FROM boards").fetch_one(&world.pool).await.unwrap();
    assert_eq!(why, "item 1: [31mred");
}

/// What a cut-off response did not show comes with the next whole one.
#[tokio::test]
async fn a_response_with_problems_is_not_asked_for_conditionally() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board_of_kind("b", &board.url, BoardKind::Remoteok).await;
    let headers = vec![("etag", "1".to_owned())];
    let body = br#"[{"id":"1","position":"Rust"},{"id":"2"}]"#.to_vec();
    board.answer(Answer { status: 200, headers: headers.clone(), body });
    world.poll().await;
    let body = br#"[{"id":"1","position":"Rust"}]"#.to_vec();
    board.answer(Answer { status: 200, headers, body });
    world.poll_again().await;
    world.poll_again().await;
    let sent = |request: usize| board.requests()[request].contains_key("if-none-match");
    assert_eq!([sent(0), sent(1), sent(2)], [false, false, true]);
}

#[tokio::test]
async fn a_board_that_falls_silent_is_a_failure_and_not_a_quiet_week() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("kitchens", &board.url).await;
    world.poll().await;
    assert_eq!(world.count("SELECT sum(failures)::bigint FROM boards").await, 0, "never any");
    board.show(&[Item::titled("Cook"), Item::titled("Baker")]);
    world.poll_again().await;
    board.show(&[]);
    for failures in 1..5 {
        world.poll_again().await;
        let silent = "SELECT failures FROM boards WHERE last_error LIKE
                      'shows no posting any more; there were 2'";
        assert_eq!(world.count(silent).await, failures);
    }
    board.show(&[Item::titled("Cook"), Item::titled("Waiter")]);
    world.poll_again().await;
    assert_eq!(world.count("SELECT sum(failures)::bigint FROM boards").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM postings WHERE matched_at IS NULL").await, 3);
}

/// A company's board that has shown one job.
pub async fn acme() -> (World, FakeBoard) {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    let url = board.url.join("/v0/postings/acme").unwrap();
    world.board_of_kind("acme", &url, BoardKind::Lever).await;
    board.body(r#"[{"id": "1", "text": "Cook"}]"#);
    world.poll().await;
    (world, board)
}

#[tokio::test]
async fn a_company_without_openings_is_believed_at_the_third_time() {
    let (world, board) = acme().await;
    board.body("[]");
    for failures in [1, 2, 0, 0] {
        world.poll_again().await;
        assert_eq!(world.count("SELECT sum(failures)::bigint FROM boards").await, failures);
    }
    board.body(r#"[{"id": "1"}]"#);
    world.poll_again().await;
    let none = "SELECT count(*) FROM boards WHERE shown = 0 AND failures = 0";
    assert_eq!(world.count(none).await, 1, "there were none before");
}

#[tokio::test]
async fn a_board_none_of_whose_postings_can_be_read_has_failed() {
    let (world, board) = acme().await;
    board.body(r#"[{"id": "1", "titel": "Cook"}, {"id": "2", "titel": "Baker"}]"#);
    for failures in 1..5 {
        world.poll_again().await;
        let unread = "SELECT failures FROM boards WHERE last_error LIKE
                      'none of its 2 postings could be read: item 0: no text'";
        assert_eq!(world.count(unread).await, failures);
    }
}
