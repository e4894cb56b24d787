//! Boards that are stored at the same time: who waits for whom, and what comes of one job on both.

use earlybrd::db;
use earlybrd::db::postings::{Extent, Shown, Stored};
use earlybrd::domain::posting::{Identity, Posting};
use serde_json::json;
use sqlx::PgConnection;
use url::Url;

use crate::fakes::board::{FakeBoard, Item};
use crate::flow_openings::{ACME, OPENINGS, item, long_text, world};
use crate::world::World;

fn posting(id: &str, company: &str, title: &str, body: &str) -> Posting {
    let mut posting: Posting = serde_json::from_value(json!({
        "title": title, "company": company, "location": "Berlin", "body": body,
    }))
    .unwrap();
    posting.identity = Identity::new(vec![id.to_owned()]);
    posting
}

/// Stores what boards show, in transactions that the test holds open.
async fn store(world: &World, tx: &mut PgConnection, slug: &str, postings: &[Posting]) -> Stored {
    sqlx::query("UPDATE boards SET next_poll_at = $1, lease_id = NULL, lease_until = NULL")
        .bind(world.now())
        .execute(&world.pool)
        .await
        .unwrap();
    let boards = world.claim().await;
    let claimed = boards.into_iter().find(|board| board.slug == slug).unwrap();
    let shown = Shown { postings, extent: Extent::Newest, most: usize::MAX };
    db::postings::store(tx, &claimed, shown, world.now()).await.unwrap()
}

async fn two_boards() -> World {
    let world = World::new().await;
    for slug in ["one", "two"] {
        let url = Url::parse(&format!("https://{slug}.example/feed")).unwrap();
        world.board(slug, &url).await;
    }
    world
}

/// A text that has nothing in common with that of another number.
fn text(number: usize) -> String {
    (0..60)
        .map(|word| format!("word{}", (number * 60 + word) * 7919 % 1_000_003))
        .collect::<Vec<_>>()
        .join(" ")
}

/// So many postings of other jobs, each of a company of its own unless that is nobody.
fn others(slug: &str, company: &str, count: usize) -> Vec<Posting> {
    let name = |number: usize| match company {
        "" => String::new(),
        _ => format!("{number}{slug}"),
    };
    let number = |number: usize| number + slug.len() * 1_000;
    let one = |at: usize| posting(&format!("{slug}{at}"), &name(at), "Smith", &text(number(at)));
    (0..count).map(one).collect()
}

/// Stores one job on two boards at once, among so many others of each.
async fn at_once(world: &World, round: usize, boards: [(&str, usize); 2]) {
    let shown = |slug: &str, (company, count): (&str, usize)| {
        let mut shown = others(&format!("{slug}{round}"), company, count);
        shown.push(posting(&format!("{slug}{round}"), company, "Head Cook", &text(round)));
        shown
    };
    let [one, two] = boards;
    let mut first = world.pool.begin().await.unwrap();
    store(world, &mut first, "one", &shown("one", one)).await;
    let second = async {
        let mut tx = world.pool.begin().await.unwrap();
        store(world, &mut tx, "two", &shown("second", two)).await;
        tx.commit().await.unwrap();
    };
    let commit = async {
        world.until_a_session_waits().await;
        first.commit().await.unwrap();
    };
    tokio::join!(second, commit);
}

#[tokio::test]
async fn two_pollers_that_store_a_job_at_once_make_one_opening() {
    let world = two_boards().await;
    let boards = [
        [("Acme", 0), ("ACME GmbH", 0)],
        // Nobody is named; the text is the same.
        [("", 0), ("", 0)],
        [("", 0), ("Beta", 0)],
        [("Gamma", 0), ("", 0)],
        // So much that not each body is locked for itself.
        [("Delta", 20), ("", 0)],
        [("", 2), ("Epsilon", 20)],
        [("", 101), ("Zeta", 0)],
        [("Eta", 20), ("", 101)],
    ];
    for (round, boards) in boards.into_iter().enumerate() {
        at_once(&world, round, boards).await;
        let jobs = "SELECT count(*) FROM openings o WHERE EXISTS (
                        SELECT FROM postings p WHERE p.opening_id = o.id AND p.title = 'Head Cook')";
        let want = i64::try_from(round + 1).unwrap();
        assert_eq!(world.count(jobs).await, want, "{boards:?}");
    }
}

/// A wait would end with the server's time-out for locks.
#[tokio::test]
async fn boards_with_other_jobs_do_not_wait_for_each_other() {
    let world = two_boards().await;
    let pairs = [[("", 50), ("", 50)], [("", 50), ("Acme", 10)], [("Acme", 20), ("Acme", 3)]];
    for (round, [one, two]) in pairs.into_iter().enumerate() {
        let shown =
            |slug: &str, (company, count)| others(&format!("{slug}{round}"), company, count);
        let mut first = world.pool.begin().await.unwrap();
        let one = store(&world, &mut first, "one", &shown("one", one)).await;
        let mut second = world.pool.begin().await.unwrap();
        let two = store(&world, &mut second, "two", &shown("second", two)).await;
        assert!(one.history > 0 && two.history > 0);
        second.commit().await.unwrap();
        first.commit().await.unwrap();
    }
}

/// A response with many postings is compared some at a time, with what is stored and with itself.
#[tokio::test]
async fn however_much_a_board_shows_few_openings_are_in_memory() {
    let world = two_boards().await;
    let job = |slug: &str, title: usize, town: usize| {
        let id = format!("{slug}-{title}-{town}");
        let mut posting = posting(&id, "Acme", &format!("Cook{title}x"), "");
        posting.location = Some(format!("Town{town}x"));
        posting
    };
    let jobs = |slug: &str, towns: std::ops::Range<usize>| -> Vec<Posting> {
        let all = (0..60).flat_map(|title| towns.clone().map(move |town| (title, town)));
        all.map(|(title, town)| job(slug, title, town)).collect()
    };
    let mut tx = world.pool.begin().await.unwrap();
    store(&world, &mut tx, "one", &jobs("one", 0..16)).await;
    // Half of these are stored, the others are twice in the response, far from each other.
    let mut shown = jobs("two", 11..21);
    shown.extend(jobs("again", 16..21));
    let stored = store(&world, &mut tx, "two", &shown).await;
    tx.commit().await.unwrap();
    assert_eq!(stored.history, 900);
    assert!((1..=500).contains(&stored.compared), "{} of 960 at once", stored.compared);
    assert_eq!(world.count(OPENINGS).await, 60 * 21);
}

const AD: &str = "https://boards.greenhouse.io/acme/jobs/5512300";

/// Two jobs that a third board's posting shows to be one: the ad of the first, the words of the second.
/// The board is to be polled yet.
async fn to_be_merged() -> (World, Vec<FakeBoard>) {
    let (world, boards, _) = world(&["one", "two", "three"]).await;
    let body = format!("Company: Acme\nLocation: Berlin\n{}", long_text());
    let second = Item { guid: "2", title: "Cook", body: &body, ..Item::default() };
    boards[0].show(&[Item { guid: "1", link: AD, title: "Cook, Bakery", body: ACME, ..second }]);
    boards[1].show(&[second]);
    world.run().await;
    assert_eq!(world.count(OPENINGS).await, 2);
    boards[2].show(&[Item { guid: "3", link: AD, ..second }]);
    (world, boards)
}

/// Who merges waits for matching to pause with nothing in hand that others may want.
#[tokio::test]
async fn openings_that_are_to_be_merged_are_locked_when_matching_is_kept_out() {
    let (world, _boards) = to_be_merged().await;
    let mut matching = world.pool.begin().await.unwrap();
    db::filters::shared_revision(&mut matching).await.unwrap();
    let look = async {
        world.until_a_session_waits().await;
        let free: Vec<i64> =
            sqlx::query_scalar("SELECT id FROM openings ORDER BY id FOR UPDATE NOWAIT")
                .fetch_all(&mut *matching)
                .await
                .expect("nobody holds them");
        matching.commit().await.unwrap();
        free.len()
    };
    let ((), free) = tokio::join!(world.poll_again(), look);
    assert_eq!((free, world.count(OPENINGS).await), (2, 1));
}

/// A sender locks its target, then its delivery. Whoever merges, and waits for the target, must not hold
/// the delivery: of the opening that stays, what is owed to others as well.
#[tokio::test]
async fn merges_lock_the_targets_of_both_before_any_delivery() {
    let (world, _boards) = to_be_merged().await;
    let mut sender = world.pool.begin().await.unwrap();
    sqlx::raw_sql(
        "DELETE FROM owed WHERE opening_id = (SELECT max(opening_id) FROM owed);
         SELECT id FROM targets FOR NO KEY UPDATE",
    )
    .execute(&mut *sender)
    .await
    .unwrap();
    let send = async {
        world.until_a_session_waits().await;
        let locked = sqlx::query("SELECT id FROM deliveries FOR UPDATE NOWAIT");
        let locked = locked.fetch_all(&mut *sender).await.expect("nobody holds them");
        sender.commit().await.unwrap();
        locked.len()
    };
    let ((), locked) = tokio::join!(world.poll_again(), send);
    assert_eq!((locked, world.count(OPENINGS).await), (2, 1));
}

/// What an opening was merged into while somebody waited for it is locked as well, all of it in order.
#[tokio::test]
async fn who_waits_for_an_opening_that_is_merged_meanwhile_takes_the_one_that_stays() {
    let (world, boards, _) = world(&["one", "two"]).await;
    let other = "Company: Other\nLocation: Rome";
    boards[0].show(&[item("1", other), item("2", ACME)]);
    world.run().await;
    let mut merging = world.pool.begin().await.unwrap();
    sqlx::query("SELECT id FROM openings WHERE id = 2 FOR UPDATE")
        .execute(&mut *merging)
        .await
        .unwrap();
    boards[1].show(&[item("x", ACME)]);
    let merge = async {
        world.until_a_session_waits().await;
        sqlx::raw_sql(
            "UPDATE postings SET opening_id = 1; UPDATE openings SET merged_into = 1 WHERE id = 2",
        )
        .execute(&mut *merging)
        .await
        .unwrap();
        merging.commit().await.unwrap();
    };
    tokio::join!(world.poll_again(), merge);
    assert_eq!(world.count("SELECT count(*) FROM postings WHERE opening_id = 1").await, 3);
    assert_eq!(world.count("SELECT version FROM openings WHERE id = 1").await, 2);
}

/// What changes a card of an opening that is merged meanwhile changes the one that stays.
#[tokio::test]
async fn pay_that_becomes_known_while_its_opening_is_merged_is_shown() {
    let (world, boards, _) = world(&["one"]).await;
    let other = item("1", "Company: Other\nLocation: Rome");
    boards[0].show(&[other, item("2", ACME)]);
    world.run().await;
    let paid = format!("{ACME}\nPay: €60,000 a year");
    boards[0].show(&[other, item("2", &paid)]);
    let mut merging = world.pool.begin().await.unwrap();
    let into: i64 = sqlx::query_scalar(
        "SELECT o.id FROM openings o JOIN postings p ON p.opening_id = o.id
         WHERE p.company = 'Other' FOR UPDATE OF o",
    )
    .fetch_one(&mut *merging)
    .await
    .unwrap();
    sqlx::query("SELECT id FROM openings FOR UPDATE").fetch_all(&mut *merging).await.unwrap();
    let merge = async {
        world.until_a_session_waits().await;
        for sql in [
            "UPDATE postings SET opening_id = $1",
            "UPDATE openings SET merged_into = $1 WHERE id <> $1",
        ] {
            sqlx::query(sql).bind(into).execute(&mut *merging).await.unwrap();
        }
        merging.commit().await.unwrap();
    };
    tokio::join!(world.poll_again(), merge);
    let changed = "SELECT count(*) FROM openings WHERE merged_into IS NULL AND version = 2";
    assert_eq!(world.count(changed).await, 1);
}

/// Somebody else's lock, or a deadlock, takes a poll's transaction back: it is stored all the same.
#[tokio::test]
async fn a_poll_that_others_got_in_the_way_of_is_stored_at_once() {
    let (world, boards, _) = world(&["one"]).await;
    sqlx::raw_sql(
        "CREATE SEQUENCE tries;
         CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             CASE nextval('tries')
                 WHEN 1 THEN RAISE EXCEPTION 'too late' USING ERRCODE = '55P03';
                 WHEN 2 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01';
                 ELSE RETURN NEW;
             END CASE;
         END $$;
         CREATE TRIGGER fail BEFORE INSERT ON openings FOR EACH ROW EXECUTE FUNCTION fail_twice()",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    boards[0].show(&[item("1", ACME)]);
    world.run().await;
    assert_eq!(world.sent().len(), 1);
    assert_eq!(world.count("SELECT count(*) FROM boards WHERE last_error IS NOT NULL").await, 0);
}

#[tokio::test]
async fn what_a_board_shows_at_once_is_stored_in_several_transactions() {
    let (world, boards, _) = world(&["one"]).await;
    let guids: Vec<String> = (0..450).map(|number| format!("g{number}")).collect();
    let titles: Vec<String> = (0..450).map(|number| format!("Cook {number}x")).collect();
    let items: Vec<Item<'_>> = guids
        .iter()
        .zip(&titles)
        .map(|(guid, title)| Item { guid, title, ..item("", ACME) })
        .collect();
    boards[0].show(&items);
    world.poll_again().await;
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 450);
    assert_eq!(world.count("SELECT count(DISTINCT xmin::text) FROM postings").await, 3);
    assert_eq!(world.count("SELECT count(*) FROM boards WHERE last_error IS NOT NULL").await, 0);
    // The oldest came first.
    assert_eq!(
        world.count("SELECT count(*) FROM postings WHERE id = 1 AND title = 'Cook 449x'").await,
        1
    );
}
