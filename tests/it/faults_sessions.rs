//! Sessions of the database that are in each other's way, that are too many, or whose users go away.

use std::time::Duration;

use earlybrd::app::{App, Database, Pages};
use earlybrd::commands::{Actor, say};
use earlybrd::config::Config;
use earlybrd::domain::reply::Part;
use earlybrd::worker::Worker;
use earlybrd::workers::outbox::LEASE;
use earlybrd::{db, http};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, PgPool};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;
use url::Url;

use crate::fakes::board::{FakeBoard, Item};
use crate::server::TestDatabase;
use crate::site::{Browser, Site};
use crate::world::World;

async fn execute(pool: &PgPool, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.unwrap();
}

/// A world in which `ann` is owed one message.
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

/// Lets so many tries to bring a delivery into a state fail with an error of the server.
async fn refuse(world: &World, state: &str, code: &str, times: u32) {
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
         CREATE OR REPLACE TRIGGER refuse BEFORE UPDATE ON deliveries FOR EACH ROW
             WHEN (NEW.state = '{state}') EXECUTE FUNCTION refuse();"
    );
    execute(&world.pool, sql).await;
}

/// What was sent and is not written down would be sent again.
#[tokio::test]
async fn what_was_sent_is_written_down_although_others_are_in_the_way() {
    for code in ["40P01", "40001", "55P03"] {
        for state in ["sending", "sent"] {
            let world = owing().await;
            refuse(&world, state, code, 2).await;
            world.deliver().await;
            let sent = "SELECT count(*) FROM deliveries WHERE state = 'sent' AND attempts = 1";
            assert_eq!(world.count(sent).await, 1, "{code} {state}");
            world.clock.advance(LEASE * 3);
            world.deliver().await;
            assert_eq!(world.sent(), ["ann: job"], "{code} {state}");
        }
    }
}

#[tokio::test]
async fn without_room_nothing_is_sent_until_there_is_some() {
    let world = owing().await;
    refuse(&world, "sending", "53100", 1_000).await;
    for _ in 0..20 {
        // The first one claims the lane; who comes before its lease is over finds nothing to do.
        let failed = world.sender().tick().await.is_err();
        assert!(failed && world.sent().is_empty());
        world.sender().tick().await.unwrap();
        world.clock.advance(LEASE);
    }
    execute(&world.pool, "DROP TRIGGER refuse ON deliveries".to_owned()).await;
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job"]);
    let tries = "SELECT attempts FROM deliveries";
    assert_eq!(world.count(tries).await, 1, "what was never sent was no try");
}

#[tokio::test]
async fn two_sessions_that_lock_rows_in_opposite_order_both_get_through() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    world.filter(ann, "job").await;
    let (context, actor) = (world.context(), Actor::alone(ann.account, ann.target));
    let mut other = world.pool.begin().await.unwrap();
    // The other one looks for deadlocks last: it is the command that is undone.
    sqlx::raw_sql("SET LOCAL deadlock_timeout = '1min'; SELECT FROM filters FOR UPDATE")
        .execute(&mut *other)
        .await
        .unwrap();
    let (reply, ()) = tokio::join!(say(&context, actor, "remove 1"), async {
        world.until_a_session_waits().await;
        sqlx::raw_sql("UPDATE filter_revision SET n = n + 1").execute(&mut *other).await.unwrap();
        other.commit().await.unwrap();
    });
    let told = matches!(&reply.parts[..], [Part::Text(text), ..] if text.contains("went wrong"));
    assert!(!told, "{reply:?}");
    let removed = "SELECT count(*) FROM filters WHERE removed_at IS NOT NULL";
    assert_eq!(world.count(removed).await, 1);
}

#[tokio::test]
async fn pages_have_connections_although_workers_hold_all_of_theirs() {
    let database = TestDatabase::new().await;
    let url = database.url();
    let var = |name: &str| match name {
        "DATABASE_URL" => Some(url.expose_secret().to_owned()),
        "EARLYBRD_LISTEN" => Some("127.0.0.1:0".to_owned()),
        _ => None,
    };
    let config = Config::read(var, false).unwrap();
    let app = App::open(Database::Given(url.clone())).await.unwrap();
    let listen = app.serve_pages(config.listen, &config, Pages::Playground).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..app.pool.options().get_max_connections() {
        held.push(app.pool.acquire().await.unwrap());
    }
    let client = http::for_operator("test").unwrap();
    for path in ["readyz", "playground"] {
        let asked = client.get(format!("http://{listen}/{path}")).send().await.unwrap();
        assert_eq!(asked.status(), StatusCode::OK, "{path}");
    }
    drop(held);
    app.stop().await;
}

/// As many connections as this one may have, for a role that is no superuser.
async fn limit(pool: &PgPool, role: &str, connections: u32) {
    execute(pool, format!("ALTER ROLE \"{role}\" CONNECTION LIMIT {connections}")).await;
}

#[tokio::test]
async fn a_server_that_has_no_connection_left_is_waited_for_a_few_seconds() {
    let world = World::new().await;
    let mut url: Url = world.database.url().expose_secret().parse().unwrap();
    let role = format!("poor{}", url.path().replace('/', "-"));
    let password = url.password().unwrap_or_default().to_owned();
    execute(&world.pool, format!("CREATE ROLE \"{role}\" LOGIN PASSWORD '{password}'")).await;
    url.set_username(&role).unwrap();
    let poor = db::connect(&String::from(url).into(), 4).await.unwrap();
    let direct = world.pool.clone();
    limit(&direct, &role, 1).await;
    let site = Site::start_in(World { pool: poor.clone(), ..world }, None).await;
    let held = poor.acquire().await.unwrap();
    let ask = async |path: &str| {
        let cookie = format!("earlybrd_playground={}", "a".repeat(64));
        site.request(Method::GET, path).header("cookie", cookie).send().await.unwrap()
    };
    for path in ["/readyz", "/playground/boards"] {
        let asked = Instant::now();
        let answer = ask(path).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.headers().contains_key("retry-after"), "{path}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{path}: {:?}", asked.elapsed());
    }
    limit(&direct, &role, 4).await;
    assert_eq!(ask("/readyz").await.status(), StatusCode::OK);
    drop(held);
    execute(&direct, format!("DROP ROLE \"{role}\"")).await;
}

/// A request that is sent whole, and whose answer nobody waits for yet.
async fn begin(browser: &Browser<'_>) -> TcpStream {
    const BODY: &str = r#"{"text":"watch rust"}"#;
    let (address, cookie) = (browser.site.address, &browser.cookie);
    let request = format!(
        "POST /playground/say HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
         cookie: {cookie}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn clients_that_go_away_in_the_middle_leave_no_transaction_open() {
    const ROUNDS: usize = 50;
    let site = Site::start().await;
    let other = db::connect(&site.world.database.url(), 2).await.unwrap();
    let pool = &site.world.pool;
    let count = async |sql: &'static str| -> i64 {
        sqlx::query_scalar(sql).fetch_one(&other).await.unwrap()
    };
    let open = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let mut browsers = Vec::new();
    for _ in 0..6 {
        browsers.push(site.browser().await);
    }
    for round in 0..ROUNDS {
        let mut lock = other.begin().await.unwrap();
        if round % 2 == 0 {
            let locked = "LOCK TABLE playground_messages IN EXCLUSIVE MODE";
            sqlx::query(locked).execute(&mut *lock).await.unwrap();
        }
        let streams = futures_util::future::join_all(browsers.iter().map(begin)).await;
        if round % 2 == 0 {
            // Inside of a transaction, in the middle of a statement.
            site.world.until_a_session_waits().await;
        }
        for (turns, stream) in streams.into_iter().enumerate() {
            // At any other moment too.
            for _ in 0..turns * round {
                tokio::task::yield_now().await;
            }
            drop(stream);
        }
        lock.rollback().await.unwrap();
        // When all can be had, nobody works with any.
        let mut all = Vec::new();
        for _ in 0..pool.options().get_max_connections() {
            all.push(pool.acquire().await.unwrap());
        }
        assert_eq!(count(open).await, 0, "round {round}");
    }
    let messages = "SELECT count(*) FROM playground_messages";
    let before = count(messages).await;
    let whole = 2 * i64::try_from(ROUNDS * browsers.len()).unwrap();
    assert!(before < whole, "nobody went away in the middle: {before}");
    for browser in &browsers {
        browser.say("list").await;
    }
    assert_eq!(count(messages).await, before + 2 * 6, "what was answered is there for all to see");
}

/// Fault 15: a session that can write nothing is not used again, so that a new primary is found.
#[tokio::test]
async fn a_connection_to_what_is_read_only_is_replaced() {
    let database = TestDatabase::new().await;
    let pool = db::connect(&database.url(), 1).await.unwrap();
    let pid = "SELECT pg_backend_pid()::bigint";
    let first: i64 = sqlx::query_scalar(pid).fetch_one(&pool).await.unwrap();
    let again: i64 = sqlx::query_scalar(pid).fetch_one(&pool).await.unwrap();
    assert_eq!(first, again);
    let standby = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
    sqlx::query(standby).execute(&pool).await.unwrap();
    let other: i64 = sqlx::query_scalar(pid).fetch_one(&pool).await.unwrap();
    assert_ne!(first, other);
    assert!(db::takes_writes(&pool).await.unwrap());
}
