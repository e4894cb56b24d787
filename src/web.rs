//! The one public port: which pages there are, and how they are served.

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::playground;

/// All pages.
pub fn router(playground: Option<playground::State>) -> Router {
    let pages = match playground {
        Some(state) => {
            playground::router(state).route("/", get(async || Redirect::temporary("/playground")))
        }
        None => Router::new(),
    };
    pages.fallback(async || (StatusCode::NOT_FOUND, "there is no such page\n"))
}

/// Serves until `stop`, then finishes what it began.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = server.await {
        tracing::error!("the web pages ended: {error}");
    }
}
