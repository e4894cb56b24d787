//! The one public port: which pages there are, and how they are served.

mod health;
mod metrics;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use futures_util::StreamExt;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use health::Health;

use crate::{email, playground};

/// How long a request's head may take, and then its body.
const SLOWEST: Duration = Duration::from_secs(10);

/// Largest body of any request.
const MAX_BODY: usize = 256 * 1024;

/// So much of a larger one is read before it is refused.
const DRAINED: usize = 16 << 20;

/// Connections at a time; more wait until one ends.
const CONNECTIONS: usize = 1_000;

/// Rest after a connection could not be accepted: most likely too many files are open.
const ACCEPT_REST: Duration = Duration::from_millis(200);

/// All pages.
pub fn router(
    health: Health,
    metrics: Option<SecretString>,
    playground: Option<playground::State>,
    email: Option<email::State>,
    chats: Router,
) -> Router {
    let pages = match playground {
        Some(state) => {
            playground::router(state).route("/", get(async || Redirect::temporary("/playground")))
        }
        None => Router::new(),
    };
    let mail = email.map(email::router).unwrap_or_default();
    pages
        .merge(mail)
        .merge(metrics::router(health.clone(), metrics))
        .merge(chats)
        .merge(health::router(health))
        .fallback(async || (StatusCode::NOT_FOUND, "there is no such page\n"))
        .layer(from_fn(with_whole_body))
}

/// Waits for a request's body, but not for ever.
async fn with_whole_body(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    match timeout(SLOWEST, whole(body)).await {
        Ok(Some(body)) => next.run(Request::from_parts(head, Body::from(body))).await,
        Ok(None) => (StatusCode::PAYLOAD_TOO_LARGE, "this is too large\n").into_response(),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "this took too long\n").into_response(),
    }
}

/// All of a body; `None` if it is too large. Of what is too much some is read all the same: whoever is still
/// writing when the connection closes sees no answer.
async fn whole(body: Body) -> Option<Vec<u8>> {
    let mut frames = body.into_data_stream();
    let (mut kept, mut size) = (Vec::new(), 0_usize);
    while let Some(frame) = frames.next().await {
        let frame = frame.ok()?;
        size = size.saturating_add(frame.len());
        if size > DRAINED {
            break;
        }
        if size > MAX_BODY {
            kept.clear();
        } else {
            kept.extend_from_slice(&frame);
        }
    }
    (size <= MAX_BODY).then_some(kept)
}

/// Serves until `stop`, then finishes what it began.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let (slots, open) = (Arc::new(Semaphore::new(CONNECTIONS)), TaskTracker::new());
    while let Some(accepted) = stop.run_until_cancelled(accept(&listener, &slots)).await {
        match accepted {
            Ok((stream, slot)) => {
                let (router, stop) = (router.clone(), stop.clone());
                open.spawn(async move {
                    converse(stream, router, stop).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                sleep(ACCEPT_REST).await;
            }
        }
    }
    open.close();
    open.wait().await;
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, impl Drop + use<>)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, slot))
}

/// One connection, until its client goes or keeps us waiting.
async fn converse(stream: TcpStream, router: Router, stop: CancellationToken) {
    let service = TowerToHyperService::new(router);
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(SLOWEST);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}
