//! Fault 20: two versions of the service on one schema, that of the newer one.

use earlybrd::commands::{Actor, COMMANDS, asks_others, say};
use earlybrd::db;
use sqlx::PgPool;

use crate::commands::words;
use crate::fakes::board::{FakeBoard, Item};
use crate::process::binary::{Home, until};
use crate::server::TestDatabase;
use crate::world::World;

/// What the next version may add, by the rules of migrations/README.md: columns that old rows can have, indexes,
/// tables.
const NEXT_VERSION: &str = "
    DO $$
    DECLARE it text;
    BEGIN
        FOR it IN SELECT tablename FROM pg_tables
                  WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations'
        LOOP
            EXECUTE format('ALTER TABLE %I ADD COLUMN said_later text,
                                           ADD COLUMN times_later bigint NOT NULL DEFAULT 0', it);
            EXECUTE format('CREATE INDEX ON %I (times_later)', it);
        END LOOP;
    END $$;
    CREATE TABLE later (id bigint PRIMARY KEY, account_id bigint REFERENCES accounts ON DELETE CASCADE);
    INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
    VALUES (9999, 'later', true, 'x', 1);";

async fn migrate_to_the_next_version(pool: &PgPool) {
    sqlx::raw_sql(NEXT_VERSION).execute(pool).await.unwrap();
}

/// A posting comes, is told and changes; somebody new types every command that asks nobody else.
async fn everything(world: &World, board: &FakeBoard, title: &str) {
    board.show(&[Item { body: "Company: Acme", ..Item::titled(title) }]);
    world.run().await;
    board.show(&[Item { body: "Company: Acme\nLocation: Oslo", ..Item::titled(title) }]);
    world.run().await;
    world.edit().await;
    world.sweep_postings().await;
    world.sweep_told().await;
    let new = world.person(title).await;
    world.filter(new, "job").await;
    let (context, actor) = (world.context(), Actor::alone(new.account, new.target));
    for example in COMMANDS.iter().map(|spec| spec.help.example) {
        if !asks_others(example) {
            let said = words(&say(&context, actor, example).await);
            assert!(!said.contains("went wrong"), "{example}: {said}");
        }
    }
}

/// The statements of the one that runs were prepared on the schema before.
#[tokio::test]
async fn a_version_that_runs_goes_on_while_the_next_one_migrates() {
    let (world, board) = (World::new().await, FakeBoard::start().await);
    world.board("b", &board.url).await;
    world.poll().await;
    let ann = world.person("ann").await;
    world.filter(ann, "job").await;
    everything(&world, &board, "cook job").await;
    migrate_to_the_next_version(&world.pool).await;
    everything(&world, &board, "welder job").await;
    assert_eq!(world.sent(), ["ann: cook job", "ann: welder job"]);
}

/// It crashed, or the operator went back to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_starts_on_the_schema_of_the_next_one_and_says_so() {
    const SAID: &str = "a newer version of earlybrd made the schema";
    let (database, board) = (TestDatabase::new().await, FakeBoard::start().await);
    let pool = db::connect(&database.url(), 1).await.unwrap();
    migrate_to_the_next_version(&pool).await;
    let home = Home::new().with_board(&board.url).with_database(&database.url());
    let migrated = home.start(&["migrate"]).wait().await;
    assert!(migrated.success && migrated.stderr.contains(SAID), "{}", migrated.stderr);
    let running = home.start(&["serve"]);
    until("a poll", || !board.requests().is_empty()).await;
    let doctor = home.start(&["doctor"]).wait().await;
    assert!(doctor.stdout.contains("schema: made by a newer version"), "{}", doctor.stdout);
    assert!(running.terminate().await.success, "{}", home.stderr());
}
