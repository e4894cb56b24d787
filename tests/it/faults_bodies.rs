//! Responses that never end, grow, lie or trickle: each ends in a reason, in time and in little memory.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZstdEncoder};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;
use url::Url;

use crate::ask::{ask, body, fetcher, why};
use crate::fakes::raw::board;

const MIB: usize = 1 << 20;

/// So much may be sent of a body without an end, of which 5 MiB are taken, and of a head: the rest lies in buffers.
const BODY: usize = 12 * MIB;
const HEAD: usize = 2 * MIB;

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// A board that says this once for each request.
async fn says(bytes: impl AsRef<[u8]>) -> Url {
    let bytes: Arc<[u8]> = bytes.as_ref().into();
    board(move |mut stream| {
        let bytes = Arc::clone(&bytes);
        async move {
            // Whoever has read enough cuts the connection.
            stream.write_all(&bytes).await.ok();
        }
    })
    .await
}

/// A board that says something, and then something else for ever; and how much it could say.
async fn never_ends(start: &'static str, more: &'static str) -> (Url, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let more: Arc<str> = more.repeat(65_536 / more.len()).into();
    let url = board(move |mut stream| {
        let (sent, more) = (Arc::clone(&counted), Arc::clone(&more));
        async move {
            let mut said = stream.write_all(start.as_bytes()).await;
            while said.is_ok() && sent.load(Ordering::SeqCst) < 4 * BODY {
                said = stream.write_all(more.as_bytes()).await;
                sent.fetch_add(more.len(), Ordering::SeqCst);
            }
        }
    })
    .await;
    (url, sent)
}

async fn compressed(encoding: &str, plain: &[u8]) -> Vec<u8> {
    let mut encoder: Pin<Box<dyn AsyncRead + Send + '_>> = match encoding {
        "gzip" => Box::pin(GzipEncoder::new(plain)),
        "br" => Box::pin(BrotliEncoder::with_quality(plain, async_compression::Level::Fastest)),
        _ => Box::pin(ZstdEncoder::new(plain)),
    };
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes).await.unwrap();
    bytes
}

fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{OK}{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[track_caller]
fn check(reason: &str, want: &str) {
    assert!(reason.contains(want), "{reason:?} does not say {want:?}");
}

#[tokio::test]
async fn what_never_ends_is_cut() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (start, more, want, most) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "x", "larger than", BODY),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n", "x", "larger than", BODY),
        (chunked, "23\r\nthirty-four bytes lie in each chunk\r\n", "larger than", BODY),
        // Empty members of zstd: what is sent counts, too.
        (
            "HTTP/1.1 200 OK\r\ncontent-encoding: zstd\r\n\r\n",
            "\x50\x2a\x4d\x18\0\0\0\0",
            "larger",
            BODY,
        ),
        ("HTTP/1.1 200 OK\r\nx: ", "x", "connection failed", HEAD),
        ("HTTP/1.1 200 OK\r\n", "x: y\r\n", "connection failed", HEAD),
        ("HTTP/1.1 200 ", "x", "connection failed", HEAD),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", "x", "connection failed", HEAD),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
            "x: y\r\n",
            "connection",
            HEAD,
        ),
    ] {
        let (url, sent) = never_ends(start, more).await;
        check(&why(ask(&fetcher(), &url).await), want);
        let sent = sent.load(Ordering::SeqCst);
        assert!(sent < most, "{start:?}: {sent}");
    }
}

/// Fault 38: the client itself would take several times as much.
#[tokio::test]
async fn headers_of_more_than_64_kib_are_refused() {
    let headers = |count: usize| format!("x-a: {}\r\n", "y".repeat(1_000)).repeat(count);
    body(ask(&fetcher(), &says(response(&headers(50), b"{}")).await).await);
    let why = why(ask(&fetcher(), &says(response(&headers(80), b"{}")).await).await);
    check(&why, "longer than 64 KiB");
}

#[tokio::test]
async fn a_bomb_is_told_from_what_is_merely_long() {
    let (long, bomb) = (vec![b' '; MIB - 1], vec![b' '; 4 * MIB]);
    for encoding in ["gzip", "br", "zstd"] {
        let header = format!("content-encoding: {encoding}\r\n");
        let sent = compressed(encoding, &long).await;
        assert!(sent.len() * 200 < long.len(), "{encoding}: {}", sent.len());
        let url = says(response(&header, &sent)).await;
        assert!(body(ask(&fetcher(), &url).await) == long, "{encoding}");
        let url = says(response(&header, &compressed(encoding, &bomb).await)).await;
        check(&why(ask(&fetcher(), &url).await), "grows more than 100 times");
    }
    // Hardly compressed at all, but too large.
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(6 * MIB).collect();
    let url = says(response("content-encoding: zstd\r\n", &compressed("zstd", &noise).await)).await;
    check(&why(ask(&fetcher(), &url).await), "larger than");
}

#[tokio::test]
async fn only_what_was_asked_for_is_decompressed() {
    let twice = compressed("gzip", &compressed("gzip", b"<rss/>").await).await;
    for header in [
        "content-encoding: gzip, gzip\r\n",
        "content-encoding: gzip\r\ncontent-encoding: gzip\r\n",
        "content-encoding: br,gzip\r\n",
        "content-encoding: deflate\r\n",
        "content-encoding: \x7f\r\n",
    ] {
        let why = why(ask(&fetcher(), &says(response(header, &twice)).await).await);
        assert!(why.contains("not asked for") || why.contains("connection failed"), "{why}");
    }
    let twice = response("content-encoding: GZip\r\n", &twice);
    let once = body(ask(&fetcher(), &says(twice).await).await);
    assert_eq!(once, compressed("gzip", b"<rss/>").await);
}

#[tokio::test]
async fn what_is_not_compressed_as_it_says_is_refused() {
    let sound = compressed("gzip", b"<rss/>").await;
    // One byte of a window of 128 MiB.
    let window = b"\x28\xb5\x2f\xfd\x00\x88\x0b\0\0x";
    for (encoding, sent) in [
        ("gzip", b"<rss/>".as_slice()),
        ("gzip", &sound[..sound.len() - 9]),
        ("gzip", &[&sound, b"<rss/>".as_slice()].concat()),
        ("br", b"<rss/>"),
        ("zstd", b"<rss/>"),
        ("zstd", window),
    ] {
        let url = says(response(&format!("content-encoding: {encoding}\r\n"), sent)).await;
        check(&why(ask(&fetcher(), &url).await), "cannot be decompressed");
    }
    let members = [sound, compressed("gzip", b"more").await].concat();
    let url = says(response("content-encoding: gzip\r\n", &members)).await;
    assert_eq!(body(ask(&fetcher(), &url).await), b"<rss/>more");
    for encoding in ["identity", "gzip", "br", "zstd"] {
        let url = says(response(&format!("content-encoding: {encoding}\r\n"), b"")).await;
        assert_eq!(body(ask(&fetcher(), &url).await), b"", "{encoding}");
    }
}

#[tokio::test]
async fn a_length_that_is_a_lie_ends_the_response() {
    for lie in [
        "content-length: 100\r\n\r\n<rss/>",
        "content-length: 18446744073709551615\r\n\r\n<rss/>",
        "content-length: -1\r\n\r\n<rss/>",
        "content-length: 6\r\ncontent-length: 7\r\n\r\n<rss/>",
        "transfer-encoding: chunked\r\n\r\n6\r\n<rss/>\r\n",
        "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n<rss/>\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n-6\r\n<rss/>\r\n0\r\n\r\n",
    ] {
        let url = says(format!("{OK}{lie}")).await;
        check(&why(ask(&fetcher(), &url).await), "connection failed");
    }
}

/// What follows a response that is longer than it says is not the answer to the next request.
#[tokio::test]
async fn a_response_within_a_response_is_not_read() {
    let asked = AtomicUsize::new(0);
    let url = board(move |mut stream: TcpStream| {
        let answer = match asked.fetch_add(1, Ordering::SeqCst) {
            0 => [response("", b"<rss/>"), response("", b"poison")].concat(),
            _ => response("", b"second"),
        };
        async move {
            stream.write_all(&answer).await.ok();
            // Kept open, as if it could be used again.
            std::future::pending::<()>().await;
        }
    })
    .await;
    let fetcher = fetcher();
    assert_eq!(body(ask(&fetcher, &url).await), b"<rss/>");
    assert_eq!(body(ask(&fetcher, &url).await), b"second");
}

/// Byte by byte, with never a long silence: only the deadline of the whole ends it.
#[tokio::test]
async fn what_trickles_is_cut_at_the_deadline() {
    for start in [
        "",
        "HTTP/1.1 200 OK\r\nx: ",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1000\r\n\r\n\x1f",
    ] {
        let url = board(move |mut stream| async move {
            let mut said = stream.write_all(start.as_bytes()).await;
            while said.is_ok() && !start.is_empty() {
                sleep(Duration::from_millis(5)).await;
                said = stream.write_all(b"x").await;
            }
            if start.is_empty() {
                std::future::pending::<()>().await;
            }
        })
        .await;
        let answer = ask(&fetcher().within(Duration::from_millis(200)), &url).await;
        // A gzip whose first bytes are wrong may be found out sooner.
        let why = why(answer);
        assert!(why == "no answer within 0.2 s" || why.contains("decompressed"), "{why}");
    }
    let (url, _) = never_ends("", "HTTP/1.1 102 Processing\r\n\r\n").await;
    let answer = ask(&fetcher().within(Duration::from_millis(200)), &url).await;
    assert!(answer.is_err());
}
