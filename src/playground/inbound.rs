//! What a browser may ask: checks, the account behind its cookie, commands and buttons.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{State, html};
use crate::commands::{self, Actor};
use crate::db;
use crate::domain::account::{AccountKind, Identity};
use crate::domain::reply::{Action, Reply};
use crate::domain::target::Platform;
use crate::render::replies;

const COOKIE: &str = "earlybrd_playground";

/// Everything comes from this server; no other page may show this one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Refuses what does not come from the page itself, and hardens what goes out.
pub async fn guard(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    if let Err(refused) = check(&state, request.method(), request.headers()) {
        return harden(refused.into_response());
    }
    harden(next.run(request).await)
}

fn check(
    state: &State,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), (StatusCode, &'static str)> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // A name that somebody bound to this address is not ours.
    if !text(header::HOST).is_some_and(|host| state.hosts.iter().any(|known| known == host)) {
        return Err((StatusCode::MISDIRECTED_REQUEST, "this address is not served here\n"));
    }
    if method == Method::GET || method == Method::HEAD {
        return Ok(());
    }
    let ours = |origin: &str| state.origins.iter().any(|known| known == origin);
    if !text(header::ORIGIN).is_some_and(ours) {
        return Err((StatusCode::FORBIDDEN, "only the page itself may do this\n"));
    }
    Ok(())
}

fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The cookie's token: what only this browser knows.
fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';'));
    let token = pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    (token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(token)
}

/// Who a token stands for. The database knows only the token's hash.
fn identity(token: &str) -> Identity {
    let user = format!("{:x}", Uuid::from_bytes(first_half(token)));
    Identity { platform: Platform::Playground, workspace: String::new(), user }
}

/// The account of a token, if it was given to somebody.
async fn actor(state: &State, token: &str) -> sqlx::Result<Option<Actor>> {
    let found = db::accounts::at_own_target(&state.context.pool, &identity(token)).await?;
    Ok(found.map(|(account, target)| Actor::alone(account, target)))
}

/// Makes the account of a new token.
async fn newcomer(state: &State, token: &str) -> sqlx::Result<Actor> {
    let identity = identity(token);
    let now = state.context.clock.now();
    db::in_tx(&state.context.pool, async |tx| {
        let account = db::accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
        let (platform, user) = (identity.platform, &identity.user);
        let target = db::accounts::target(tx, account, platform, user, now).await?;
        Ok(Actor::alone(account, target))
    })
    .await
}

/// Sixteen bytes of the token's SHA-256.
fn first_half(token: &str) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    std::array::from_fn(|at| hash.get(at).copied().unwrap_or_default())
}

/// Who asks; the error is the answer. A token that we never gave is nobody's.
pub async fn known(state: &State, headers: &HeaderMap) -> Result<Actor, Response> {
    let found = match token(headers) {
        Some(token) => db::soon(actor(state, token)).await.map_err(|error| away(&error))?,
        None => None,
    };
    found.ok_or_else(|| (StatusCode::UNAUTHORIZED, "open /playground first\n").into_response())
}

/// The database is.
fn away(error: &sqlx::Error) -> Response {
    tracing::error!("playground: {error}");
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "try again\n").into_response()
}

/// Shown to somebody who follows a link from elsewhere: their browser keeps the cookie back until
/// this server itself asks for the page.
const AGAIN: &str = "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" \
                     content=\"0\"><title>earlybrd</title><p><a href=\"/playground\">Go on</a>";

/// The page. A browser without a cookie gets one and is welcomed.
pub async fn page(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    if let Some(token) = token(&headers) {
        match db::soon(actor(&state, token)).await {
            Ok(Some(_)) => return Html(html::page()).into_response(),
            Ok(None) => {}
            Err(error) => return away(&error),
        }
    } else if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Html(AGAIN).into_response();
    }
    if state.newcomers.check_key(&()).is_err() {
        return (StatusCode::TOO_MANY_REQUESTS, "please try again in a minute\n").into_response();
    }
    let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let welcomed = async {
        let actor = newcomer(&state, &token).await?;
        append(&state, actor, &[html::reply(&replies::welcome())]).await
    };
    if let Err(error) = db::soon(welcomed).await {
        return away(&error);
    }
    let secure = if state.secure { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={token}; Path=/playground; HttpOnly; SameSite=Strict; Max-Age=31536000{secure}"
    );
    ([(header::SET_COOKIE, cookie)], Html(html::page())).into_response()
}

pub async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], html::SCRIPT).into_response()
}

pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], html::STYLE).into_response()
}

/// The boards beside the chat.
pub async fn boards(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    let actor = match known(&state, &headers).await {
        Ok(actor) => actor,
        Err(answer) => return answer,
    };
    match db::soon(commands::board_lines(&state.context, actor)).await {
        Ok(lines) => Html(html::boards(&lines)).into_response(),
        Err(error) => away(&error),
    }
}

#[derive(Deserialize)]
pub struct Said {
    text: String,
}

/// A line that was typed. What was typed and its answer become rows; the stream brings them.
pub async fn say(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    Json(Said { text }): Json<Said>,
) -> Response {
    let actor = match allowed(&state, &headers).await {
        Ok(actor) => actor,
        Err(answer) => return answer,
    };
    // Neither a database nor a page takes every control character.
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let reply = commands::say(&state.context, actor, &text).await;
    answered(&state, actor, vec![html::said(&text), html::reply(&reply)]).await
}

#[derive(Deserialize)]
pub struct Pressed {
    action: String,
}

/// A button.
pub async fn press(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    Json(Pressed { action }): Json<Pressed>,
) -> Response {
    let actor = match allowed(&state, &headers).await {
        Ok(actor) => actor,
        Err(answer) => return answer,
    };
    let reply: Reply = match action.parse::<Action>() {
        Ok(action) => commands::press(&state.context, actor, action).await,
        Err(_) => replies::unknown_button(),
    };
    answered(&state, actor, vec![html::reply(&reply)]).await
}

/// Who asks, if they did not ask too often.
async fn allowed(state: &State, headers: &HeaderMap) -> Result<Actor, Response> {
    let actor = known(state, headers).await?;
    if state.by_account.len() > 10_000 {
        state.by_account.retain_recent();
    }
    if state.by_account.check_key(&actor.account.0).is_err() {
        let body = html::reply(&replies::slow_down());
        return Err((StatusCode::TOO_MANY_REQUESTS, Html(body)).into_response());
    }
    Ok(actor)
}

async fn answered(state: &State, actor: Actor, messages: Vec<String>) -> Response {
    match append(state, actor, &messages).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => away(&error),
    }
}

async fn append(state: &State, actor: Actor, messages: &[String]) -> sqlx::Result<()> {
    let now = state.context.clock.now();
    db::in_tx(&state.context.pool, async |tx| {
        for html in messages {
            db::playground::append(&mut *tx, actor.account, html, None, now).await?;
        }
        Ok(())
    })
    .await
}
