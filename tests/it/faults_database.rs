//! A database that refuses in the middle, that has no room, that others hold on to: nothing is half done,
//! and all goes on when it is over.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use earlybrd::clock::{Clock, SharedClock};
use earlybrd::commands::{Actor, press, say};
use earlybrd::db;
use earlybrd::domain::account::{AccountKind, Identity};
use earlybrd::domain::reply::{Part, Press};
use earlybrd::domain::target::Platform;
use earlybrd::web;
use earlybrd::worker::{self, Rest, Worker};
use earlybrd::workers::housekeeping::CorrectClock;
use earlybrd::workers::match_postings::MatchPostings;
use reqwest::StatusCode;
use sqlx::{Connection, PgConnection};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::proxy::{Line, Proxy};
use crate::process::binary::{Home, PATIENCE, until};
use crate::server::TestDatabase;
use crate::world::World;

/// Lets the next `times` inserts into a table fail with an error of the server.
async fn refuse(world: &World, table: &str, code: &str, times: u32) {
    let sql = format!(
        "DROP SEQUENCE IF EXISTS refused;
         CREATE SEQUENCE refused;
         CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF nextval('refused') <= {times} THEN
                 RAISE EXCEPTION 'refused for the test' USING ERRCODE = '{code}';
             END IF;
             RETURN NEW;
         END $$;
         CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON {table}
             FOR EACH STATEMENT EXECUTE FUNCTION refuse();"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&world.pool).await.unwrap();
}

async fn rows(world: &World, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&world.pool).await.unwrap()
}

async fn watching() -> (World, FakeBoard) {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let ann = world.person("ann").await;
    world.filter(ann, "job").await;
    board.show(&[Item::titled("job")]);
    (world, board)
}

#[tokio::test]
async fn what_is_owed_is_written_whole_or_not_at_all() {
    for table in ["owed", "owed_filters", "deliveries"] {
        let (world, _board) = watching().await;
        world.poll_again().await;
        refuse(&world, table, "53100", 1).await;
        assert!(MatchPostings::new(world.base()).tick().await.is_err(), "{table}");
        for table in ["owed", "owed_filters", "deliveries"] {
            assert_eq!(rows(&world, table).await, 0, "{table}");
        }
        world.match_all().await;
        world.deliver().await;
        assert_eq!(world.sent(), ["ann: job"], "{table}");
    }
}

#[tokio::test]
async fn a_board_whose_postings_find_no_room_is_read_again() {
    for table in ["postings", "openings"] {
        let (world, _board) = watching().await;
        refuse(&world, table, "53100", 1).await;
        world.clock.advance(Duration::from_hours(2));
        // It goes on, whatever becomes of one board.
        world.poller().tick().await.unwrap();
        let refused = "SELECT count(*) FROM refused WHERE is_called";
        assert_eq!((rows(&world, "postings").await, world.count(refused).await), (0, 1), "{table}");
        world.clock.advance(Duration::from_hours(2));
        world.run().await;
        assert_eq!(world.sent(), ["ann: job"], "{table}");
    }
}

/// What a person typed is not typed again by itself.
#[tokio::test]
async fn a_command_that_another_session_undid_is_done_again() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let (context, actor) = (world.context(), Actor::alone(ann.account, ann.target));
    let previewed = async |filter: &str| {
        let reply = say(&context, actor, &format!("watch {filter}")).await;
        let act = |press: &Press| match press {
            Press::Act(action) => Some(*action),
            Press::Say(_) | Press::Fill(_) => None,
        };
        reply.buttons.iter().find_map(|button| act(&button.press))
    };
    for (code, filter) in [("40P01", "rust"), ("40001", "go"), ("55P03", "java")] {
        refuse(&world, "drafts", code, 2).await;
        let save = previewed(filter).await.expect("a preview");
        refuse(&world, "filters", code, 2).await;
        press(&context, actor, save).await;
    }
    assert_eq!(rows(&world, "filters").await, 3);
    // What is no other session's doing, and what does not end, is told.
    for (code, times) in [("40P01", 3), ("53100", 1), ("57014", 1)] {
        refuse(&world, "drafts", code, times).await;
        let reply = say(&context, actor, "watch ruby").await;
        assert!(reply.buttons.is_empty());
        let told = matches!(&reply.parts[..], [Part::Text(text)] if text.contains("went wrong"));
        assert!(told, "{reply:?}");
    }
}

#[tokio::test]
async fn pages_wait_for_a_connection_a_few_seconds_and_then_say_so() {
    let world = World::new().await;
    let pool = db::connect(&world.database.url(), 1).await.unwrap();
    let health = web::Health::new(pool.clone(), CancellationToken::new());
    let router = web::router(health, None, None, None, axum::Router::new());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/readyz", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(web::serve(listener, router, CancellationToken::new()));
    let client = earlybrd::http::for_operator("test").unwrap();
    let ask = async || client.get(&url).send().await.unwrap();
    let held = pool.acquire().await.unwrap();
    let asked = Instant::now();
    let answer = ask().await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    drop(held);
    assert_eq!(ask().await.status(), StatusCode::OK);
}

/// Somebody with the chat page, as rows say it.
async fn reader(database: &TestDatabase) -> (sqlx::PgPool, earlybrd::domain::ids::TargetId) {
    let pool = db::connect(&database.url(), 2).await.unwrap();
    let platform = Platform::Playground;
    let identity = Identity { platform, workspace: String::new(), user: "ann".to_owned() };
    let now = db::server_time(&pool).await.unwrap();
    let target = db::in_tx(&pool, async |tx| {
        let account = db::accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
        db::accounts::target(tx, account, platform, &account.to_string(), now).await
    });
    let target = target.await.unwrap();
    (pool, target)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hears_no_notification_any_more_looks_by_itself() {
    let database = TestDatabase::new().await;
    let proxy = Proxy::to(&database.url()).await;
    let home = Home::new().with_database(&proxy.url());
    let running = home.start(&["serve"]);
    until("the start", || home.stderr().contains("listening on ")).await;
    let (pool, target) = reader(&database).await;
    let tell = async || {
        let now = db::server_time(&pool).await.unwrap();
        let notice = [(target, "hello".to_owned())];
        let queued =
            async |tx: &mut PgConnection| db::deliveries::queue_notices(tx, &notice, now).await;
        db::in_tx(&pool, queued).await.unwrap();
        let told = Instant::now();
        let waiting = "SELECT count(*) FROM deliveries WHERE settled_at IS NULL";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.unwrap() > 0 {
            assert!(told.elapsed() < PATIENCE, "it is never sent");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        told.elapsed()
    };
    tell().await;
    proxy.set(Line::Deaf);
    let took = tell().await;
    assert!(took < Duration::from_secs(6), "{took:?}");
    assert!(running.terminate().await.success);
}

/// A statement that waits for a lock keeps everybody out who comes after it.
#[tokio::test]
async fn a_migration_that_waits_for_a_lock_lets_others_pass_and_comes_again() {
    const BEFORE: i64 = 23;
    let database = TestDatabase::empty().await;
    let url = database.url();
    let pool = sqlx::PgPool::connect(secrecy::ExposeSecret::expose_secret(&url)).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    db::MIGRATIONS.run_to(BEFORE, &mut *connection).await.unwrap();
    let mut reads = connection.begin().await.unwrap();
    sqlx::query("SELECT FROM filters").execute(&mut *reads).await.unwrap();
    let others = async {
        let waiting =
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'filters'::regclass";
        let wait = async |many: i64| {
            let begun = Instant::now();
            while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.unwrap() != many {
                assert!(begun.elapsed() < PATIENCE, "{many} are never waiting");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        wait(1).await;
        // It lets go before who waits behind it gives up.
        sqlx::query("SELECT FROM filters").execute(&pool).await.unwrap();
        reads.commit().await.unwrap();
    };
    let (migrated, ()) = tokio::join!(db::migrate(&url), others);
    migrated.unwrap();
    let missing = db::schema_state(&url).await.unwrap().missing;
    assert_eq!(missing, 0);
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_takes_the_servers_time() {
    let world = World::new().await;
    for wrong in [TimeDelta::hours(1), TimeDelta::hours(-1), TimeDelta::minutes(-10)] {
        let right = db::server_time(&world.pool).await.unwrap();
        let clock = Arc::new(SharedClock::starting_at(right + wrong));
        CorrectClock { base: world.base(), clock: Arc::clone(&clock) }.tick().await.unwrap();
        let off = clock.now() - db::server_time(&world.pool).await.unwrap();
        assert!(off.abs() < TimeDelta::seconds(2), "{wrong}: still off by {off}");
    }
}

#[tokio::test]
async fn a_board_that_is_due_is_asked_once_by_all_replicas() {
    let (world, board) = watching().await;
    world.clock.advance(Duration::from_hours(2));
    let before = board.requests().len();
    let mut replicas = [(); 3].map(|()| world.poller());
    let ticks = replicas.iter_mut().map(Worker::tick);
    for ended in futures_util::future::join_all(ticks).await {
        ended.unwrap();
    }
    assert_eq!(board.requests().len(), before + 1);
    world.match_all().await;
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job"]);
}

/// Fault 14: what cannot be written is said, and all goes on when there is room.
#[tokio::test]
async fn a_replica_whose_database_has_no_room_is_not_ready_until_it_has() {
    let (world, _board) = watching().await;
    world.poll_again().await;
    let health = world.health();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}/readyz", listener.local_addr().unwrap());
    let router = web::router(health.clone(), None, None, None, axum::Router::new());
    let client = earlybrd::http::for_operator("test").unwrap();
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(web::serve(listener, router, CancellationToken::new()));
    let ready = async || client.get(&base).send().await.unwrap().status();
    assert_eq!(ready().await, StatusCode::OK);
    refuse(&world, "owed", "53100", 2).await;
    let (stop, rest) = (CancellationToken::new(), Duration::from_millis(200));
    let rest = Rest { pause: rest, wake: Arc::default() };
    let matching =
        worker::run(MatchPostings::new(world.base()), rest, health.pulse.clone(), stop.clone());
    tokio::join!(matching, async {
        while ready().await == StatusCode::OK {
            tokio::task::yield_now().await;
        }
        while rows(&world, "owed").await == 0 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    });
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job"]);
}
