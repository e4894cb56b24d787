//! What boards send that grows or never ends, against the memory of the binary.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder};
use earlybrd::db;
use tokio::io::{AsyncReadExt, AsyncWriteExt, repeat};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use url::Url;

use super::binary::{Home, PATIENCE, Running, until};
use crate::fakes::raw;
use crate::server::TestDatabase;

const MIB: usize = 1 << 20;

/// How much memory of the binary all of it may take, in bytes.
const GROWTH: usize = 50 * MIB;

/// What bombs would become, in bytes.
const BLAST: usize = 1024 * MIB;

/// The most memory that a process had so far, in bytes.
fn peak(process: &Running<'_>) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Members of 1 MiB each, one after the other.
async fn gzip() -> Vec<u8> {
    let mut member = Vec::new();
    let plain = vec![b' '; MIB];
    GzipEncoder::new(plain.as_slice()).read_to_end(&mut member).await.unwrap();
    member.repeat(BLAST / MIB)
}

async fn brotli() -> Vec<u8> {
    let plain = vec![b' '; 16 * MIB];
    let mut sent = Vec::new();
    let fast = async_compression::Level::Fastest;
    BrotliEncoder::with_quality(plain.as_slice(), fast).read_to_end(&mut sent).await.unwrap();
    sent
}

/// Blocks of 128 KiB, each of which is one byte and how often it comes, in a window of `1 << log`.
fn zstd(log: u8) -> Vec<u8> {
    let head = [0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3];
    let blocks = [2, 0, 0x10, b' '].repeat(BLAST / (128 * 1024));
    [head.as_slice(), &blocks, &[1, 0, 0]].concat()
}

/// A board that says a head and a body when it may, and then blanks for ever.
async fn board(
    head: &'static str,
    body: Vec<u8>,
    may: &watch::Receiver<bool>,
    asked: &Arc<AtomicUsize>,
) -> Url {
    let (body, may, asked): (Arc<[u8]>, _, _) = (body.into(), may.clone(), Arc::clone(asked));
    raw::board(move |mut stream| {
        let (body, mut may) = (Arc::clone(&body), may.clone());
        asked.fetch_add(1, Ordering::SeqCst);
        async move {
            may.wait_for(|may| *may).await.unwrap();
            let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
            stream.write_all(head.as_bytes()).await.ok();
            stream.write_all(&body).await.ok();
            tokio::io::copy(&mut repeat(b' '), &mut stream).await.ok();
        }
    })
    .await
}

/// The binary has all it needs before the first response; what comes after is for the boards.
#[tokio::test(flavor = "multi_thread")]
async fn bombs_and_endless_responses_take_little_memory() {
    let (gate, may) = watch::channel(false);
    let asked = Arc::new(AtomicUsize::new(0));
    let mut urls = Vec::new();
    for (head, body) in [
        ("", b"<rss>".to_vec()),
        ("content-encoding: gzip\r\n", gzip().await),
        ("content-encoding: br\r\n", brotli().await),
        ("content-encoding: zstd\r\n", zstd(20)),
        ("content-encoding: zstd\r\n", zstd(27)),
        ("x: ", Vec::new()),
    ] {
        urls.push(board(head, body, &may, &asked).await);
    }
    let database = TestDatabase::empty().await;
    let home = Home::new().with_boards(&urls).with_database(&database.url());
    let migrated = home.start(&["migrate"]).wait().await;
    assert!(migrated.success, "{}", migrated.stderr);
    let running = home.start(&["serve"]);
    until("a poll", || asked.load(Ordering::SeqCst) > 0).await;
    let before = peak(&running);
    gate.send(true).unwrap();
    let pool = db::connect(&database.url(), 1).await.unwrap();
    let failed = || async {
        let count = "SELECT count(*) FROM boards WHERE last_error IS NOT NULL";
        sqlx::query_scalar::<_, i64>(count).fetch_one(&pool).await.unwrap()
    };
    let all = i64::try_from(urls.len()).unwrap();
    let all_failed = async {
        while failed().await < all {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, all_failed).await.expect("every board has failed");
    let grown = peak(&running) - before;
    assert!(grown < GROWTH, "by {} KiB", grown / 1024);
}
