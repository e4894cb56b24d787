//! The schema's own rules: forward only, explained, applied on data.

use std::collections::BTreeSet;
use std::path::Path;

use earlybrd::db;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection, Row};

use crate::server::TestDatabase;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");

/// Each migration runs on the data that the versions before it could have held.
#[tokio::test]
async fn every_migration_applies_on_the_samples_of_those_before() {
    let database = TestDatabase::empty().await;
    let mut connection = PgConnection::connect(database.url().expose_secret()).await.unwrap();
    for migration in db::MIGRATIONS.iter() {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut connection).await.unwrap();
        let path = Path::new(FOLDER).join(format!("samples/{:04}.sql", migration.version));
        let sample = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        sqlx::raw_sql(sqlx::AssertSqlSafe(sample)).execute(&mut connection).await.unwrap();
    }
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM owed_filters")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(rows > 0, "the samples reach the last table");
}

#[test]
fn every_migration_says_why_and_adds_no_column_that_old_rows_cannot_have() {
    for migration in db::MIGRATIONS.iter() {
        let sql = migration.sql.as_str();
        let text = sql.strip_prefix("-- no-transaction\n").unwrap_or(sql);
        assert!(text.starts_with("-- "), "migration {} opens with a comment", migration.version);
        for line in sql.lines().filter(|line| line.contains("ADD COLUMN")) {
            let safe = !line.contains("NOT NULL") || line.contains("DEFAULT");
            assert!(safe, "migration {}: NOT NULL without DEFAULT: {line}", migration.version);
        }
    }
}

/// What a process of the version before wrote while a new one ran.
#[tokio::test]
async fn a_bounce_that_became_a_complaint_by_default_is_a_bounce_again() {
    let database = TestDatabase::empty().await;
    let mut connection = PgConnection::connect(database.url().expose_secret()).await.unwrap();
    for migration in db::MIGRATIONS.iter() {
        if migration.description == "unsaid causes" {
            sqlx::raw_sql(
                "INSERT INTO suppressed (digest, why, suppressed_at)
                 VALUES (sha256('a'), 'no such mailbox', '2026-02-01'),
                        (sha256('b'), 'its owner complained', '2026-02-01')",
            )
            .execute(&mut connection)
            .await
            .unwrap();
        }
        sqlx::raw_sql(migration.sql.clone()).execute(&mut connection).await.unwrap();
    }
    let bounces = "SELECT why FROM suppressed WHERE is_bounce";
    let bounces: Vec<String> =
        sqlx::query_scalar(bounces).fetch_all(&mut connection).await.unwrap();
    assert_eq!(bounces, ["no such mailbox"]);
}

/// Fault 20: the version before runs on the new schema, so nothing that it uses goes or gets another name.
#[test]
fn no_migration_takes_away_what_the_version_before_uses() {
    for migration in db::MIGRATIONS.iter() {
        let sql = migration.sql.as_str();
        let lines = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
        let sql = lines.collect::<Vec<_>>().join("\n").to_uppercase();
        for taken in ["DROP COLUMN", "DROP TABLE", "DROP VIEW", "RENAME", "SET NOT NULL", " TYPE "]
        {
            assert!(!sql.contains(taken), "migration {}: {taken}", migration.version);
        }
    }
}

/// Whoever writes to a large table would wait until its index is made.
#[test]
fn an_index_on_a_large_table_is_made_while_others_write() {
    // Before the first release no table was large.
    const RELEASED: i64 = 42;
    let large =
        ["postings", "openings", "owed", "owed_filters", "deliveries", "playground_messages"];
    for migration in db::MIGRATIONS.iter().filter(|it| it.version > RELEASED) {
        let words: Vec<&str> = migration.sql.as_str().split_whitespace().collect();
        for at in (0..words.len()).filter(|at| words[*at].eq_ignore_ascii_case("INDEX")) {
            let rest = &words[at + 1..];
            let Some(on) = rest.iter().position(|it| it.eq_ignore_ascii_case("ON")) else {
                continue;
            };
            let is_made = at > 0 && !words[at - 1].eq_ignore_ascii_case("DROP");
            let is_large = rest.get(on + 1).is_some_and(|table| large.contains(table));
            let apart = rest[..on].iter().any(|it| it.eq_ignore_ascii_case("CONCURRENTLY"));
            assert!(!(is_made && is_large) || apart, "migration {}: {rest:?}", migration.version);
        }
    }
}

/// A sequence of 32 bits was exhausted by upserts elsewhere; ours have 64.
#[tokio::test]
async fn no_key_or_sequence_is_an_integer_of_32_bits() {
    let database = TestDatabase::new().await;
    let pool = db::connect(&database.url(), 1).await.unwrap();
    let narrow: Vec<String> = sqlx::query_scalar(
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type IN ('integer', 'smallint')",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(narrow.is_empty(), "{narrow:?}");
}

/// Every foreign key needs an index, or deleting an account scans whole tables.
#[tokio::test]
async fn foreign_keys_that_cascade_are_indexed() {
    let database = TestDatabase::new().await;
    let pool = db::connect(&database.url(), 1).await.unwrap();
    let rows = sqlx::query(
        "SELECT c.conrelid::regclass::text AS table_name, a.attname AS column_name
         FROM pg_constraint c
         JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         WHERE c.contype = 'f' AND c.confdeltype IN ('c', 'n') AND NOT EXISTS (
             SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let missing: BTreeSet<String> = rows
        .iter()
        .map(|row| format!("{}.{}", row.get::<String, _>(0), row.get::<String, _>(1)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
