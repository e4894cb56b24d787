//! Feeds that many watch, and feeds that never say the same of a posting twice.

use std::time::Duration;

use earlybrd::commands::{self, Actor};
use earlybrd::workers::gather::Gather;

use crate::commands::check;
use crate::fakes::board::{Answer, FakeBoard, Item, feed};
use crate::world::{Person, World, drain};

/// Accounts, and the filters of each.
const PEOPLE: usize = 40;
const FILTERS: i64 = 50;

/// Everybody has the board and their filters; half of them want to be told once an hour.
async fn everybody(world: &World, board: &FakeBoard) -> Vec<Person> {
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let person = world.person(&format!("p{number}")).await;
        world.filter(person, "cook").await;
        let actor = Actor::alone(person.account, person.target);
        let line = format!("boards add {}", board.url);
        check(&commands::say(&world.context(), actor, &line).await, "as board 1");
        people.push(person);
    }
    let more = "INSERT INTO filters (account_id, number, name, query, target_id, state, active_from,
                                     created_at, revision)
                SELECT account_id, number + n, name, query, target_id, state, active_from, created_at,
                       revision
                FROM filters, generate_series(1, $1 - 1) AS n";
    sqlx::query(more).bind(FILTERS).execute(&world.pool).await.unwrap();
    let hourly = "UPDATE filters SET cadence = 'hourly' WHERE account_id % 2 = 0";
    sqlx::query(hourly).execute(&world.pool).await.unwrap();
    people
}

/// The board comes due once, and all that is owed is told within an hour; how many have heard it at once, and then.
async fn hears(world: &World, title: &str) -> (usize, usize) {
    world.clock.advance(Duration::from_mins(20));
    world.poll().await;
    world.match_all().await;
    world.deliver().await;
    let end = format!(": {title}");
    let heard = || world.sent().iter().filter(|sent| sent.ends_with(&end)).count();
    let at_once = heard();
    world.clock.advance(Duration::from_hours(1));
    drain(&mut Gather { base: world.base() }).await;
    world.deliver().await;
    (at_once, heard())
}

/// Fault 34.
#[tokio::test]
async fn one_address_in_two_thousand_filters_is_asked_once_and_serves_them_all() {
    let mut world = World::new().await;
    world.trusted = vec!["127.0.0.1".to_owned()];
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Old Cook")]);
    let people = everybody(&world, &board).await;
    assert_eq!(world.count("SELECT count(*) FROM filters").await, 2_000);
    assert_eq!(board.requests().len(), 2, "to see what it is, and to read it");
    let headers = vec![("etag", "\"1\"".to_owned())];
    let body = feed(&[Item::titled("Fish Cook"), Item::titled("Old Cook")]).into();
    board.answer(Answer { status: 200, headers, body });
    assert_eq!(hears(&world, "Fish Cook").await, (PEOPLE / 2, PEOPLE));
    assert_eq!(board.requests().len(), 3, "once for them all");
    board.status(304, &[]);
    assert_eq!(hears(&world, "Fish Cook").await, (PEOPLE, PEOPLE), "nobody hears it again");
    assert_eq!(board.requests().len(), 4);
    let first = Actor::alone(people[0].account, people[0].target);
    check(&commands::say(&world.context(), first, "boards remove 1").await, "not watched for you");
    board.show(&[Item::titled("Pastry Cook"), Item::titled("Fish Cook")]);
    assert_eq!(hears(&world, "Pastry Cook").await.1, PEOPLE - 1);
    assert_eq!(board.requests().len(), 5);
    assert!(!world.sent().contains(&"p0: Pastry Cook".to_owned()));
    assert_eq!(world.sent().len(), 2 * PEOPLE - 1, "nobody was told anything else");
}

/// One item, and what may happen to it from poll to poll: keys that are missing, random or come twice, links with
/// the noise of clicks and visits, words that are edited, an item that goes and comes back.
fn thirty_polls() -> Vec<Vec<Item<'static>>> {
    let link = "https://x.example/jobs/7";
    let it = Item {
        guid: "g1",
        link,
        title: "Rust Engineer",
        date: "",
        body: "Company: Acme\nWe build boats.",
    };
    let other = Item::titled("Plumber");
    let (bare, edited) = (Item { guid: "", ..it }, Item { title: "Senior Rust Engineer", ..it });
    let clicked = "https://x.example/jobs/7?utm_source=rss&utm_medium=feed";
    let visit = "https://x.example/jobs/7?sid=0f3a";
    vec![
        vec![it],
        vec![bare],
        vec![Item { guid: "r1", ..it }],
        vec![Item { guid: "r2", ..it }],
        vec![it, it],
        vec![Item { link: clicked, ..it }],
        vec![Item { link: clicked, ..bare }],
        vec![Item { link: visit, ..it }],
        vec![Item { link: "https://x.example/jobs/7;jsessionid=0F", ..bare }],
        vec![Item { link: "http://x.example/jobs/7", ..bare }],
        vec![Item { link: "http://www.x.example/jobs/7/", ..bare }],
        vec![Item { link: "https://x.example/jobs/7#apply", ..bare }],
        vec![edited],
        vec![Item { guid: "", ..edited }],
        vec![Item { guid: "r3", ..edited }],
        vec![other],
        vec![it, other],
        vec![other],
        vec![other, Item { guid: "r4", ..it }],
        vec![Item { body: "Company: Acme\nWe build ships.", ..it }],
        vec![Item { body: "Company: Acme\nWe build ships and boats.", ..bare }],
        vec![Item { date: "Mon, 21 Sep 2026 12:00:00 GMT", ..it }],
        vec![Item { date: "Tue, 22 Sep 2026 12:00:00 GMT", ..bare }],
        vec![Item { title: "Rust Engineer!", guid: "r5", ..it }],
        vec![Item { guid: " g1 ", link: "", ..it }],
        vec![it, bare],
        vec![bare, Item { guid: "r6", ..it }],
        vec![other, other],
        vec![Item { guid: "r7", link: visit, ..it }],
        vec![it],
    ]
}

/// Fault 43.
#[tokio::test]
async fn a_posting_that_changes_from_poll_to_poll_is_told_once() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let ann = world.person("ann").await;
    world.filter(ann, "rust").await;
    let polls = thirty_polls();
    assert_eq!(polls.len(), 30);
    for (number, items) in polls.iter().enumerate() {
        // The feed itself moves after each tenth poll.
        let moved = ["/feed", "/moved", "/moved-again"][number / 10];
        board.body_at(moved, feed(items));
        if number >= 10 {
            let headers = vec![("location", moved.to_owned())];
            board.answer_at("/feed", Answer { status: 301, headers, body: Vec::new() });
        }
        let asked = board.requests().len();
        world.run().await;
        assert!(board.requests().len() > asked, "poll {number}");
        assert_eq!(world.sent(), ["ann: Rust Engineer"], "poll {number}: {items:?}");
    }
    assert_eq!(world.count("SELECT count(*) FROM boards WHERE failures > 0").await, 0);
}
