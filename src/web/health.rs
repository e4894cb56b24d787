//! Whether this replica lives, and whether it is to be given work. Neither page says more than that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::db;
use crate::pulse::Pulse;

/// What the pages look at.
#[derive(Clone)]
pub struct Health {
    pub(super) pool: PgPool,
    pub pulse: Pulse,
    /// Cancelled when the replica is to stop.
    stop: CancellationToken,
    asked: Arc<AtomicBool>,
}

impl Health {
    pub fn new(pool: PgPool, stop: CancellationToken) -> Self {
        let (pulse, asked) = Default::default();
        Self { pool, pulse, stop, asked }
    }

    /// Whether anybody wants to know if this replica is ready.
    pub fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// `/livez`: restart me if this fails. `/readyz`: send me nothing while this fails.
pub fn router(health: Health) -> Router {
    Router::new().route("/livez", get(live)).route("/readyz", get(ready)).with_state(health)
}

async fn live(State(health): State<Health>) -> Response {
    let stuck = health.pulse.stuck();
    if stuck.is_empty() {
        return "alive\n".into_response();
    }
    tracing::error!("stuck: {}", stuck.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, "stuck\n").into_response()
}

async fn ready(State(health): State<Health>) -> Response {
    health.asked.store(true, Ordering::Relaxed);
    if health.stop.is_cancelled() {
        return unready("stopping\n");
    }
    if health.pulse.is_without_room() {
        return unready("the database has no room\n");
    }
    match db::soon(db::takes_writes(&health.pool)).await {
        Ok(true) => "ready\n".into_response(),
        Ok(false) => unready("the database is read-only\n"),
        Err(_) => unready("the database is away\n"),
    }
}

fn unready(why: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], why).into_response()
}
