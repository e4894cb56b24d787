//! `earlybrd bench boards`: boards to be polled, each on an address of its own, until standard input
//! ends. `bench polling` starts it as a process of its own, so that its memory is not counted.

use std::fmt::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;

use super::output;
use crate::sample_board::{SamplePosting, built_in};

/// Stands for what makes an item this board's and this generation's.
const MARK: &str = "@@";

/// Stands for a word of the board's own, so that no two boards show the jobs of one company.
const NAME: &str = "%%";

/// What every board shows.
struct Boards {
    /// A feed, with marks.
    feed: String,
    /// Counts up when everything becomes new.
    generation: AtomicU64,
}

/// One of so many words is followed by one of the board's own.
const OWN_WORDS: usize = 6;

/// Sample postings whose bodies make one body of the length that boards show, two kilobytes.
const BODIES: usize = 4;

/// A feed of items as boards show them; each id stands at a mark.
pub fn feed(items: u32) -> anyhow::Result<String> {
    let samples = built_in()?;
    let mut feed = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\"><channel>\
                    <title>Jobs</title><link>https://jobs.example/</link>"
        .to_owned();
    for (id, sample) in (0..items).zip(samples.iter().cycle()) {
        let SamplePosting { title, company, location, language, .. } = sample;
        let others = samples.iter().filter(|other| other.language == *language);
        let skipped = usize::try_from(id)? % samples.len();
        let bodies = others.cycle().skip(skipped).take(BODIES).map(|other| own(&other.body));
        let body = format!(
            "<p>Company: {NAME} {company}</p><p>Location: {location}</p>{}",
            bodies.collect::<String>()
        );
        write!(
            feed,
            "<item><guid isPermaLink=\"false\">{MARK}-{id}</guid>\
             <link>https://jobs.example/{MARK}/{id}</link><title>{}</title>\
             <pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate>\
             <description>{}</description></item>",
            escaped(title),
            escaped(&body)
        )?;
    }
    feed.push_str("</channel></rss>");
    Ok(feed)
}

/// A text with words of the board's own among its words, so that it copies no other board's.
fn own(text: &str) -> String {
    let words = text.split(' ').enumerate();
    let word = |(place, word): (usize, &str)| match place % OWN_WORDS {
        0 => format!("{word} {NAME}"),
        _ => word.to_owned(),
    };
    words.map(word).collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The feed of one board at one time.
pub fn shown(feed: &str, board: u64, generation: u64) -> String {
    feed.replace(MARK, &format!("{board}-{generation}")).replace(NAME, &word(board))
}

/// A number in four letters: `daaa` is 3.
fn word(number: u64) -> String {
    let letter = |place: u32| {
        let digit = u8::try_from(number / 26_u64.pow(place) % 26).unwrap_or_default();
        char::from(b'a' + digit)
    };
    (0..4).map(letter).collect()
}

/// Serves until standard input ends; prints the port.
pub async fn serve(items: u32) -> anyhow::Result<ExitCode> {
    let boards = Arc::new(Boards { feed: feed(items)?, generation: AtomicU64::new(1) });
    let router = Router::new()
        .route("/boards/{board}", get(show))
        .route("/renew", post(renew))
        .with_state(boards);
    // Every address of 127.0.0.0/8 leads here.
    let listener = TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], 0))).await?;
    output::line(&listener.local_addr()?.port().to_string())?;
    let ended = async {
        let read = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        if let Err(error) = tokio::task::spawn_blocking(read).await {
            tracing::warn!("standard input: {error}");
        }
    };
    axum::serve(listener, router).with_graceful_shutdown(ended).await.context("cannot serve")?;
    Ok(ExitCode::SUCCESS)
}

async fn show(
    State(boards): State<Arc<Boards>>,
    Path(board): Path<u64>,
    headers: HeaderMap,
) -> Response {
    let generation = boards.generation.load(Ordering::Relaxed);
    let etag = format!("\"{generation}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let kind = "application/rss+xml".to_owned();
    let headers = [(header::ETAG, etag), (header::CONTENT_TYPE, kind)];
    (headers, shown(&boards.feed, board, generation)).into_response()
}

async fn renew(State(boards): State<Arc<Boards>>) -> StatusCode {
    boards.generation.fetch_add(1, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}
