//! What goes wrong between us and Postgres.

use std::time::Duration;

use earlybrd::db;

use crate::server::TestDatabase;

/// Regression of transact-rs/sqlx#4393: without the ROLLBACK on release, later statements run
/// inside the transaction that a dropped `begin` left open, and are never committed.
#[tokio::test]
async fn a_begin_that_is_cancelled_loses_no_later_commit() {
    const TRIES: u64 = 400;
    let database = TestDatabase::new().await;
    let pool = db::connect(&database.url(), 1).await.unwrap();
    let other = db::connect(&database.url(), 1).await.unwrap();
    sqlx::query("CREATE TABLE kept (n bigint)").execute(&pool).await.unwrap();
    let mut cancelled = 0;
    for try_number in 0..TRIES {
        let wait = Duration::from_micros(try_number % 200);
        cancelled += u32::from(tokio::time::timeout(wait, pool.begin()).await.is_err());
        let number = i64::try_from(try_number).unwrap();
        sqlx::query("INSERT INTO kept VALUES ($1)").bind(number).execute(&pool).await.unwrap();
        let seen: i64 =
            sqlx::query_scalar("SELECT count(*) FROM kept").fetch_one(&other).await.unwrap();
        assert_eq!(seen, number + 1, "an insert was not committed");
    }
    assert!(cancelled > 10, "too few were cancelled to prove anything: {cancelled}");
    let open: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
    )
    .fetch_one(&other)
    .await
    .unwrap();
    assert_eq!(open, 0);
}

#[tokio::test]
async fn work_that_fails_in_a_transaction_leaves_nothing() {
    let database = TestDatabase::new().await;
    let pool = db::connect(&database.url(), 2).await.unwrap();
    let failed: sqlx::Result<()> = db::in_tx(&pool, async |tx| {
        sqlx::query("INSERT INTO hosts VALUES ('h', now())").execute(&mut *tx).await?;
        Err(sqlx::Error::RowNotFound)
    })
    .await;
    assert!(failed.is_err());
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM hosts").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn every_session_has_time_outs() {
    let database = TestDatabase::new().await;
    let pool = db::connect(&database.url(), 1).await.unwrap();
    for setting in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
        let value: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(setting)
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_ne!(value, "0", "{setting}");
    }
}

#[tokio::test]
async fn eight_processes_may_migrate_at_once() {
    let database = TestDatabase::empty().await;
    let url = database.url();
    let one = || db::migrate(&url);
    tokio::try_join!(one(), one(), one(), one(), one(), one(), one(), one()).unwrap();
}

#[tokio::test]
async fn a_notification_is_heard_by_another_connection() {
    let database = TestDatabase::new().await;
    let pool = db::connect(&database.url(), 1).await.unwrap();
    let mut listener = db::wake::Listener::connect(&database.url()).await.unwrap();
    db::wake::wake(&pool, db::wake::Stage::Deliver).await.unwrap();
    assert_eq!(listener.next().await.unwrap(), Some(db::wake::Stage::Deliver));
}
