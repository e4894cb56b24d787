//! `/metrics`: what the operator watches, as Prometheus reads it, for whoever has the token.

use std::sync::atomic::AtomicU64;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::Health;
use crate::db;
use crate::db::gauges::Gauges;

/// What Prometheus calls this form of text.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Who may look.
#[derive(Clone)]
struct Metrics {
    health: Health,
    token: SecretString,
}

/// The page; nothing without a token.
pub fn router(health: Health, token: Option<SecretString>) -> Router {
    match token {
        Some(token) => {
            Router::new().route("/metrics", get(page)).with_state(Metrics { health, token })
        }
        None => Router::new(),
    }
}

async fn page(State(metrics): State<Metrics>, headers: HeaderMap) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    // Digests are compared, so that the time it takes says nothing of the token.
    let same = |given: &str| Sha256::digest(given) == Sha256::digest(metrics.token.expose_secret());
    if !given.is_some_and(same) {
        let how = [(header::WWW_AUTHENTICATE, "Bearer")];
        return (StatusCode::UNAUTHORIZED, how, "this page needs its token\n").into_response();
    }
    let away = || (StatusCode::SERVICE_UNAVAILABLE, "the database is away\n").into_response();
    let Ok(now) = db::server_time(&metrics.health.pool).await else { return away() };
    match db::gauges::read(&metrics.health.pool, now).await {
        Ok(gauges) => ([(header::CONTENT_TYPE, TEXT)], text(&gauges)).into_response(),
        Err(error) => {
            tracing::warn!("metrics: {error}");
            away()
        }
    }
}

fn text(gauges: &Gauges) -> String {
    let mut registry = Registry::with_prefix("earlybrd");
    let mut whole = |name: &str, help: &str, value: i64| {
        let gauge = Gauge::<i64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    whole("deliveries_owed", "Messages that are not sent yet", gauges.owed);
    whole("deliveries_stuck", "Messages that should have gone two minutes ago", gauges.stuck);
    whole("deliveries_dead", "Messages that were given up", gauges.dead);
    whole("targets_broken", "Targets that are gone", gauges.broken_targets);
    whole("postings_unmatched", "Postings that nobody has matched", gauges.unmatched_postings);
    whole("boards_failing", "Boards whose last poll failed", gauges.failing_boards);
    whole("mail_held_up", "1 while the operator must mend how mail leaves", gauges.mail_rests);
    let refusals = "Calls that Discord took amiss within ten minutes; at 4500 all calls rest";
    whole("discord_refusals", refusals, gauges.discord_refusals);
    let identifies = "Sessions of Discord's gateway begun within a day; at 800 no more are";
    whole("discord_identifies", identifies, gauges.discord_identifies);
    let closed = "Gateways of Discord that it closed for good; the log says why";
    whole("discord_gateways_closed", closed, gauges.discord_closed);
    let mut seconds = |name: &str, help: &str, value: f64| {
        let gauge = Gauge::<f64, AtomicU64>::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    let overdue = "Age of the oldest message due";
    seconds("deliveries_overdue_seconds", overdue, gauges.overdue_seconds);
    let down = "Since when Discord's gateway has no connection";
    seconds("discord_gateway_down_seconds", down, gauges.discord_down_seconds);
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => text,
        Err(error) => format!("# {error}\n"),
    }
}
