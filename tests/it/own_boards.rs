//! Boards that people add: what is shown, who is served, who may see what, and how they end.

use std::sync::Arc;
use std::time::Duration;

use earlybrd::commands::{self, Actor, Outlived};
use earlybrd::db::first_readings::{self, Begun};
use earlybrd::domain::board::BoardKind;
use earlybrd::domain::reply::Reply;
use earlybrd::secrets::Keys;
use earlybrd::workers::housekeeping::Sweep;
use sha2::{Digest, Sha256};

use crate::commands::{check, words};
use crate::fakes::board::{Answer, FakeBoard, Item, feed};
use crate::world::{Person, World, drain};

/// A world in which boards may be added that lie on this machine.
async fn trusting() -> World {
    let mut world = World::new().await;
    world.trusted = vec!["127.0.0.1".to_owned()];
    world
}

async fn say(world: &World, person: Person, line: &str) -> Reply {
    let actor = Actor::alone(person.account, person.target);
    commands::say(&world.context(), actor, line).await
}

async fn add(world: &World, person: Person, board: &FakeBoard) -> Reply {
    say(world, person, &format!("boards add {}", board.url)).await
}

/// Lets the boards come due, and does all that follows.
async fn later(world: &World) {
    world.clock.advance(Duration::from_mins(20));
    world.poll().await;
    world.match_all().await;
    world.deliver().await;
}

#[tokio::test]
async fn a_feed_is_shown_and_watched_for_the_one_who_added_it_alone() {
    let world = trusting().await;
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Old Cook"), Item::titled("Older Cook")]);
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.filter(ann, "cook").await;
    world.filter(bob, "cook").await;
    let reply = add(&world, ann, &board).await;
    check(&reply, "127.0.0.1 is watched for you now, as board 1");
    check(&reply, "It shows 2 postings now. It is asked every 15 min");
    check(&reply, "[Old Cook] shown now, not new");
    check(&say(&world, ann, "boards").await, "127.0.0.1): works; 2 postings");
    board.show(&[Item::titled("New Cook"), Item::titled("Old Cook"), Item::titled("Older Cook")]);
    later(&world).await;
    assert_eq!(world.sent(), ["ann: New Cook"]);
    check(&say(&world, ann, "boards").await, "1 127.0.0.1 (127.0.0.1): works; 3 postings");
    for line in ["boards", "status", "test cook"] {
        let said = words(&say(&world, bob, line).await);
        assert!(!said.contains("127.0.0.1") && !said.contains("Cook]"), "{line}: {said}");
    }
    check(&add(&world, ann, &board).await, "among your boards already");
}

#[tokio::test]
async fn one_address_is_one_board_and_one_fetch_for_all_who_added_it() {
    let world = trusting().await;
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    for person in [ann, bob] {
        world.filter(person, "cook").await;
        check(&add(&world, person, &board).await, "as board 1");
    }
    assert_eq!(world.count("SELECT count(*) FROM boards").await, 1);
    assert_eq!(board.requests().len(), 2, "to see what it is, and to read it; once for both");
    board.show(&[Item::titled("Cook"), Item::titled("Fish Cook")]);
    later(&world).await;
    assert_eq!(board.requests().len(), 3);
    assert_eq!(world.sent(), ["ann: Fish Cook", "bob: Fish Cook"]);
    check(&say(&world, ann, "boards remove 1").await, "not watched for you any more");
    check(&say(&world, ann, "boards remove 1").await, "You have no board 1");
    board.show(&[Item::titled("Pastry Cook")]);
    later(&world).await;
    assert_eq!(world.sent()[2..], ["bob: Pastry Cook"]);
    check(&say(&world, bob, "boards remove 1").await, "not watched for you any more");
    later(&world).await;
    assert_eq!(board.requests().len(), 4, "nobody wants it any more");
    board.show(&[Item::titled("Sous Chef Cook")]);
    check(&add(&world, ann, &board).await, "as board 2");
    board.show(&[Item::titled("Line Cook")]);
    later(&world).await;
    assert_eq!(world.sent()[3..], ["ann: Line Cook"], "what was shown meanwhile is its past");
}

#[tokio::test]
async fn two_who_add_an_address_at_once_share_one_board() {
    let world = trusting().await;
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (first, second) = tokio::join!(add(&world, ann, &board), add(&world, bob, &board));
    check(&first, "as board 1");
    check(&second, "as board 1");
    assert_eq!(world.count("SELECT count(*) FROM boards").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM board_subscriptions").await, 2);
}

#[tokio::test]
async fn a_careers_page_leads_to_its_feed() {
    let world = trusting().await;
    let board = FakeBoard::start().await;
    let page = "<!doctype html><title>Jobs</title>\
                <link rel=alternate type='application/rss+xml' href='/jobs.xml'>";
    board.body(page);
    let body = feed(&[Item::titled("Cook")]).into();
    board.answer_at("/jobs.xml", Answer { status: 200, headers: Vec::new(), body });
    let ann = world.person("ann").await;
    check(&add(&world, ann, &board).await, "[Cook] shown now");
    let feeds = "SELECT count(*) FROM boards WHERE url LIKE '%/jobs.xml' AND kind = 'feed'";
    assert_eq!(world.count(feeds).await, 1);
}

#[tokio::test]
async fn an_address_without_a_scheme_may_be_one_without_tls() {
    let world = trusting().await;
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    let ann = world.person("ann").await;
    let bare = board.url.as_str().trim_start_matches("http://").to_owned();
    check(&say(&world, ann, &format!("boards add {bare}")).await, "as board 1");
    let https = format!("boards add https://{bare}");
    check(&say(&world, ann, &https).await, "cannot be watched: cannot be reached");
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused_with_the_reason_and_not_kept() {
    let world = trusting().await;
    let board = FakeBoard::start().await;
    let ann = world.person("ann").await;
    let (context, actor) = (world.context(), Actor::alone(ann.account, ann.target));
    let refused = async |line: &str, why: &str| {
        let line = format!("boards add {line}");
        check(&commands::say(&context, actor, &line).await, why);
    };
    refused("not an address", "That is no address").await;
    refused("ftp://example.com/jobs", "cannot be watched: only http and https").await;
    for inner in ["http://10.0.0.1/", "http://localhost/", "http://a:b@127.0.0.1/"] {
        refused(inner, "cannot be watched: this address can't be used").await;
    }
    assert_eq!(context.refusals.of(ann.account), 4, "each of them is noted");
    assert_eq!(context.refusals.of(world.person("bob").await.account), 0);
    refused("https://example.com/feed?token=123", "carry a secret").await;
    board.status(404, &[]);
    check(&add(&world, ann, &board).await, "cannot be watched: answered 404");
    board.body("<!doctype html><title>Just a moment...</title>");
    check(&add(&world, ann, &board).await, "names no feed and no job board");
    assert_eq!(world.count("SELECT count(*) FROM boards").await, 0);
    let mut said = Vec::new();
    for _ in 0..20 {
        let line = format!("boards add {}", board.url);
        said.push(words(&commands::say(&context, actor, &line).await));
    }
    assert!(said.iter().any(|said| said.contains("That was a lot at once")), "{said:?}");
}

#[tokio::test]
async fn a_board_of_the_catalogue_is_everybodys_or_the_operators_to_turn_on() {
    let world = trusting().await;
    let board = FakeBoard::start().await;
    world.board("cooks", &board.url).await;
    let ann = world.person("ann").await;
    check(&add(&world, ann, &board).await, "watched for everybody already, as board:cooks");
    let url = board.url.join("/api").unwrap();
    world.board_of_kind("remoteok", &url, BoardKind::Remoteok).await;
    sqlx::query("UPDATE boards SET enabled = false, off_why = 'its terms' WHERE slug = 'remoteok'")
        .execute(&world.pool)
        .await
        .unwrap();
    let reply = say(&world, ann, "boards add https://remoteok.com/remote-rust-jobs").await;
    check(&reply, "kept off by the operator: its terms");
}

#[tokio::test]
async fn a_board_that_is_gone_is_given_up_and_its_owners_are_told() {
    let world = trusting().await;
    let board = FakeBoard::start().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    add(&world, ann, &board).await;
    add(&world, bob, &board).await;
    board.status(410, &[]);
    later(&world).await;
    let told = format!(
        "Your board 1, 127.0.0.1, is gone for good (answered 410 Gone) and is not asked any more. \
         To try again: boards add {}",
        board.url
    );
    assert_eq!(world.sent(), [format!("ann: {told}"), format!("bob: {told}")]);
    let asked = board.requests().len();
    later(&world).await;
    assert_eq!(board.requests().len(), asked);
    check(&say(&world, ann, "boards").await, "given up: answered 410");
    board.show(&[Item::titled("Cook")]);
    check(&say(&world, ann, "boards remove 1").await, "not watched");
    check(&add(&world, ann, &board).await, "as board 2");
}

#[tokio::test]
async fn a_board_that_fails_for_a_week_is_given_up() {
    let world = trusting().await;
    let (own, shared) = (FakeBoard::start().await, FakeBoard::start().await);
    let ann = world.person("ann").await;
    add(&world, ann, &own).await;
    world.board("everybodys", &shared.url).await;
    own.status(503, &[]);
    shared.status(503, &[]);
    for _ in 0..6 {
        world.clock.advance(Duration::from_hours(24));
        world.poll().await;
    }
    world.deliver().await;
    assert!(world.sent().is_empty());
    for _ in 0..2 {
        world.clock.advance(Duration::from_hours(24));
        world.poll().await;
    }
    world.deliver().await;
    assert_eq!(world.sent().len(), 1);
    assert!(world.sent()[0].contains("could not be read for a week (answered 503"));
    assert_eq!(world.count("SELECT count(*) FROM boards WHERE enabled").await, 1);
    let asked = shared.requests().len();
    world.clock.advance(Duration::from_hours(7));
    world.poll().await;
    assert_eq!(shared.requests().len(), asked, "the catalogue's is asked once a day");
    world.clock.advance(Duration::from_hours(18));
    shared.show(&[Item::titled("Cook")]);
    world.poll().await;
    assert_eq!(world.count("SELECT count(*) FROM boards WHERE failures = 0").await, 1);
}

#[tokio::test]
async fn a_card_names_no_board_that_its_reader_may_not_see() {
    let world = trusting().await;
    let (public, private) = (FakeBoard::start().await, FakeBoard::start().await);
    world.board("public", &public.url).await;
    world.poll().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.filter(ann, "cook").await;
    world.filter(bob, "cook").await;
    private.show(&[Item::titled("Smith")]);
    check(&add(&world, ann, &private).await, "as board 1");
    let body = "Company: Acme\nLocation: Berlin";
    let secret = format!("{body}\nPay: €30/h");
    let cook = Item { body, ..Item::titled("Cook") };
    public.show(&[cook]);
    later(&world).await;
    assert_eq!(world.sent(), ["ann: Cook", "bob: Cook"]);
    private.show(&[Item { body: &secret, ..cook }, Item::titled("Smith")]);
    later(&world).await;
    assert_eq!(world.sent().len(), 2);
    world.edit().await;
    let edited = world.messenger.edited();
    let of = |name: &str| edited.iter().find(|edit| edit.starts_with(name));
    let anns = of("ann").unwrap();
    assert!(anns.contains("also on 127.0.0.1") && anns.contains("€30/h"), "{edited:?}");
    assert_eq!(of("bob"), None, "nothing changed that he may see");
    assert!(!world.sent().concat().contains("127.0.0.1"));
}

/// An address that opens a feed to its owner alone is neither kept nor shown as it is.
#[tokio::test]
async fn a_secret_address_is_sealed_and_shown_by_its_host() {
    let world = trusting().await;
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    let keys: Keys = format!("k1:{}", "A".repeat(43)).parse().unwrap();
    let keys = Arc::new(keys);
    let mut context = world.context();
    context.board_keys = Some(Arc::clone(&keys));
    let line = format!("boards add {}?token=hush", board.url);
    let mut said = Vec::new();
    for name in ["ann", "bob"] {
        let person = world.person(name).await;
        world.filter(person, "cook").await;
        let actor = Actor::alone(person.account, person.target);
        check(&commands::say(&context, actor, &line).await, "as board 1");
        for line in ["boards", "status"] {
            said.push(words(&commands::say(&context, actor, line).await));
        }
    }
    assert_eq!(world.count("SELECT count(*) FROM boards").await, 1, "one address, one board");
    let plain = "SELECT count(*) FROM boards b WHERE b::text LIKE '%hush%' OR sealed_url IS NULL";
    assert_eq!(world.count(plain).await, 0);
    board.show(&[Item::titled("Fish Cook"), Item::titled("Cook")]);
    world.clock.advance(Duration::from_mins(20));
    let mut poller = world.poller();
    poller.keys = Some(keys);
    drain(&mut poller).await;
    assert!(board.addresses().iter().all(|asked| asked == "/feed?token=hush"));
    world.match_all().await;
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: Fish Cook", "bob: Fish Cook"]);
    world.clock.advance(Duration::from_mins(20));
    world.poll().await;
    let why = "SELECT count(*) FROM boards WHERE last_error = 'its address is sealed, and there is no key'";
    assert_eq!(world.count(why).await, 1, "without its keys it cannot be asked");
    board.status(410, &[]);
    world.clock.advance(Duration::from_hours(1));
    drain(&mut poller).await;
    world.deliver().await;
    assert_eq!(world.sent().len(), 4);
    assert!(said.iter().chain(&world.sent()).all(|said| !said.contains("hush")), "{said:?}");
}

/// Fault 33, before there is a board: whoever was reading it died, and the note of it is what remains.
#[tokio::test]
async fn a_page_with_which_the_process_died_is_not_read_again_for_a_day() {
    let world = trusting().await;
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    let ann = world.person("ann").await;
    let address = Sha256::digest(board.url.as_str()).to_vec();
    let (process, now) = (uuid::Uuid::new_v4(), world.now());
    let begin = async |now| first_readings::begin(&world.pool, &address, process, now).await;
    assert_eq!(begin(now).await.unwrap(), Begun::Yes);
    check(&add(&world, ann, &board).await, "cannot be watched: another replica reads what it");
    world.clock.advance(Duration::from_mins(1));
    check(&add(&world, ann, &board).await, "cannot be watched: what it answers has ended this");
    assert_eq!(world.count("SELECT count(*) FROM boards").await, 0);
    world.clock.advance(Duration::from_hours(24));
    check(&add(&world, ann, &board).await, "as board 1");
}

/// Fault 33: a reading that nobody waited for any more is nobody's death.
#[tokio::test]
async fn a_page_that_is_only_slow_is_not_taken_for_deadly() {
    let world = trusting().await;
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    let ann = world.person("ann").await;
    let address = Sha256::digest(board.url.as_str()).to_vec();
    let process = uuid::Uuid::new_v4();
    first_readings::begin(&world.pool, &address, process, world.now()).await.unwrap();
    let base = world.base();
    for (seconds, said) in [(20, "another replica reads what it"), (20, "as board 1")] {
        world.clock.advance(Duration::from_secs(seconds));
        let (pool, clock) = (base.pool.clone(), Arc::clone(&base.clock));
        drain(&mut Outlived { pool, clock, process }).await;
        check(&add(&world, ann, &board).await, said);
    }
}

/// What did no harm leaves no note, whatever came of it; what this process began it has survived.
#[tokio::test]
async fn a_page_that_was_read_leaves_no_note_of_it() {
    const NOTES: &str = "SELECT count(*) FROM first_readings";
    let world = trusting().await;
    let board = FakeBoard::start().await;
    let ann = world.person("ann").await;
    for (page, said) in [
        ("<!doctype html><title>Cooks</title>", "names no feed"),
        (r#"{"jobs": []}"#, "neither a board"),
        (feed(&[Item::titled("Cook")]).as_str(), "as board 1"),
    ] {
        board.body(page);
        check(&add(&world, ann, &board).await, said);
        assert_eq!(world.count(NOTES).await, 0, "{said}");
    }
    let (address, process) = ([7; 32], uuid::Uuid::new_v4());
    for _ in 0..2 {
        let begun = first_readings::begin(&world.pool, &address, process, world.now()).await;
        assert_eq!(begun.unwrap(), Begun::Yes);
    }
    world.clock.advance(Duration::from_hours(25));
    drain(&mut Sweep { base: world.base() }).await;
    assert_eq!(world.count(NOTES).await, 0, "nobody heeds it any more");
}
