//! Answers that come so slowly that nobody waits for them.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use futures_util::stream::unfold;

/// How an answer comes slowly.
#[derive(Debug, Clone, Copy)]
pub enum Slow {
    /// Not even its headers come.
    Silent,
    /// Byte by byte.
    Drips,
    /// All of it comes, and then it does not end.
    Endless,
}

pub async fn slowly(slow: Slow, body: String) -> Response<Body> {
    let (bytes, rest) = match slow {
        Slow::Silent => return pending().await,
        Slow::Drips => (1, Duration::from_millis(100)),
        Slow::Endless => (body.len(), Duration::from_mins(10)),
    };
    let parts = unfold((body, false), move |(body, late)| async move {
        if late {
            tokio::time::sleep(rest).await;
        }
        let (part, left) = body.split_at(bytes.min(body.len()));
        Some((Ok::<_, Infallible>(part.to_owned()), (left.to_owned(), true)))
    });
    Response::builder().status(200).body(Body::from_stream(parts)).expect("an answer")
}
