//! Boards that speak HTTP/2 and misuse it: streams reset as fast as they are opened, and frames that cost
//! nothing to send and never make an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use earlybrd::boards::fetch::Fetcher;
use earlybrd::http::{Lookup, strangers};
use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::ask::{ask, body, fetcher, why};
use crate::fakes::raw::board;

/// Types and flags of frames (RFC 9113, section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The first request, and `:status: 200` of the static table (RFC 7541, appendix A).
const FIRST: u32 = 1;
const STATUS_200: &[u8] = &[0x88];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// The stream of the next request; `None` when the other side is gone.
async fn request(stream: &mut TcpStream) -> Option<u32> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await.ok()?;
        if head[3] == HEADERS {
            return Some(u32::from_be_bytes([head[5], head[6], head[7], head[8]]));
        }
    }
}

/// Greets, and gives the stream of the first request.
async fn greeted(stream: &mut TcpStream) -> Option<u32> {
    // What follows the first line of a client's greeting.
    stream.read_exact(&mut [0; 6]).await.ok()?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.ok()?;
    request(stream).await
}

/// A fetcher whose connections begin with HTTP/2, as TLS would agree on.
fn speaking_http2() -> Fetcher {
    let fetcher = fetcher();
    let no_names: Lookup = Arc::new(|_| async { Ok(Vec::new()) }.boxed());
    let client = strangers("earlybrd", no_names).http2_prior_knowledge().build().unwrap();
    fetcher.with_operator(client)
}

/// A board that answers a request with something, and then says something else for ever.
async fn never_ends(start: Vec<u8>, more: Vec<u8>) -> Url {
    let more: Arc<[u8]> = more.repeat(16_384 / more.len()).into();
    let start: Arc<[u8]> = start.into();
    board(move |mut stream| {
        let (start, more) = (Arc::clone(&start), Arc::clone(&more));
        async move {
            if greeted(&mut stream).await.is_none() {
                return;
            }
            let mut said = stream.write_all(&start).await;
            while said.is_ok() {
                said = stream.write_all(&more).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn an_answer_in_frames_is_read() {
    let url = board(|mut stream| async move {
        let Some(id) = greeted(&mut stream).await else { return };
        let answer = [
            frame(HEADERS, END_HEADERS, id, STATUS_200),
            frame(DATA, END_STREAM, id, b"{\"jobs\": []}"),
        ];
        stream.write_all(&answer.concat()).await.unwrap();
        request(&mut stream).await;
    })
    .await;
    assert_eq!(body(ask(&speaking_http2(), &url).await), b"{\"jobs\": []}");
}

/// Fault 38: each stream is reset at once, which asks for another try.
#[tokio::test]
async fn a_board_that_resets_every_stream_is_asked_a_few_times() {
    const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let url = board(move |mut stream| {
        let asked = Arc::clone(&counted);
        async move {
            let mut next = greeted(&mut stream).await;
            while let Some(id) = next {
                asked.fetch_add(1, Ordering::SeqCst);
                let reset = frame(RST_STREAM, 0, id, &REFUSED_STREAM);
                if stream.write_all(&reset).await.is_err() {
                    return;
                }
                next = request(&mut stream).await;
            }
        }
    })
    .await;
    let why = why(ask(&speaking_http2(), &url).await);
    assert!(why.contains("connection failed"), "{why}");
    let asked = asked.load(Ordering::SeqCst);
    assert!((1..=4).contains(&asked), "{asked} requests");
}

/// Fault 38: what costs nothing to send and is no answer. The library ends the connection, or the deadline does.
#[tokio::test]
async fn frames_that_are_no_answer_end() {
    let headers = |flags| frame(HEADERS, flags, FIRST, STATUS_200);
    let reset = |id: u32| frame(RST_STREAM, 0, id, &[0, 0, 0, 8]);
    let literal = [&[0x00, 0x01, b'x', 0x7f, 0x00][..], &[b'y'; 127]].concat();
    for (name, want, start, more) in [
        ("streams that are reset before they are opened", "protocol error", vec![], reset(2)),
        (
            "one stream that is reset again and again",
            "stream no longer needed",
            reset(FIRST),
            reset(FIRST),
        ),
        ("settings", "within", vec![], frame(SETTINGS, 0, 0, &[])),
        ("pings", "within", vec![], frame(PING, 0, 0, &[0; 8])),
        ("windows", "within", vec![], frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        (
            "pushed answers",
            "protocol error",
            vec![],
            frame(PUSH_PROMISE, END_HEADERS, FIRST, &[0, 0, 0, 2, 0x88]),
        ),
        ("empty data", "too_many_data_frames", headers(END_HEADERS), frame(DATA, 0, FIRST, &[])),
        (
            "headers without an end",
            "too_many_continuations",
            headers(0),
            frame(CONTINUATION, 0, FIRST, &literal),
        ),
        (
            "empty headers without an end",
            "too_many_continuations",
            headers(0),
            frame(CONTINUATION, 0, FIRST, &[]),
        ),
    ] {
        let url = never_ends(start, more).await;
        let fetcher = speaking_http2().within(Duration::from_secs(2));
        let asked = timeout(Duration::from_secs(20), ask(&fetcher, &url)).await;
        let why = why(asked.unwrap_or_else(|_| panic!("{name}: no end")));
        assert!(why.contains(want), "{name}: {why}");
    }
}
