//! How a workspace installs the app: `/slack/install` sends the browser to Slack, `/slack/callback` takes it
//! back. The way back works once, for ten minutes, in the browser that went.

use std::num::NonZeroU32;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::Url;

use super::api::{Answer, Failure};
use super::desk::Desk;
use super::people::Who;
use super::place::is_id;
use crate::config::SlackApp;
use crate::db;
use crate::db::slack::{Installed, cell};
use crate::render::notices;

/// What the app may do, and no more: commands; answers, cards and looking for them in direct messages; being
/// spoken to; telling who let it in.
pub const SCOPES: [&str; 8] = [
    "app_mentions:read",
    "channels:read",
    "chat:write",
    "commands",
    "groups:read",
    "im:history",
    "im:write",
    "users:read",
];

pub const INSTALL: &str = "/slack/install";
pub const CALLBACK: &str = "/slack/callback";
const DONE: &str = "/slack/installed";

/// A browser sends it to this host only, over TLS only, and not from other hosts' pages.
const TLS: Cookie = Cookie { name: "__Host-earlybrd_slack", secure: " Secure;" };

/// Where we are reached without TLS, as on one's own machine: what is for TLS only does not come back there.
const PLAIN: Cookie = Cookie { name: "earlybrd_slack", secure: "" };

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// Installations that may be begun in a minute, by whomever: each writes a row.
const BEGUN_A_MINUTE: NonZeroU32 = NonZeroU32::new(120).expect("not zero");

/// What the pages share.
pub struct Pages {
    desk: Arc<Desk>,
    app: SlackApp,
    begun: DefaultDirectRateLimiter,
}

impl Pages {
    pub fn new(desk: Arc<Desk>, app: SlackApp) -> Self {
        let begun = RateLimiter::direct(Quota::per_minute(BEGUN_A_MINUTE));
        Self { desk, app, begun }
    }
}

#[derive(Template)]
#[template(path = "pages/mail.html")]
struct Page<'a> {
    title: &'a str,
    text: &'a str,
    button: Option<&'a str>,
}

/// What Slack sends a browser back with.
#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    error: String,
}

pub fn router(pages: Pages) -> Router {
    Router::new()
        .route(INSTALL, get(install))
        .route(CALLBACK, get(callback))
        .route(DONE, get(done))
        .with_state(Arc::new(pages))
}

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let html = Page { title, text, button: None }.render().unwrap_or_else(|error| {
        tracing::error!("a template failed: {error}");
        String::new()
    });
    hardened((status, Html(html)).into_response())
}

fn hardened(mut response: Response) -> Response {
    let fixed: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        // A code stands in the address.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refused() -> Response {
    let text =
        "It works once, for ten minutes, in the browser that it began in. Please begin anew.";
    page(StatusCode::BAD_REQUEST, "This way back is not valid", text)
}

fn away(error: &dyn std::fmt::Display) -> Response {
    tracing::error!("an installation failed: {error}");
    let text = "Nothing was installed. Please try again in a minute.";
    let answer = page(StatusCode::SERVICE_UNAVAILABLE, "Something went wrong here", text);
    ([(header::RETRY_AFTER, "60")], answer).into_response()
}

/// Sends the browser to Slack with a state that it must bring back.
async fn install(Shared(pages): Shared<Arc<Pages>>) -> Response {
    if pages.begun.check().is_err() {
        let text = "Many install it just now. Please try again in a minute.";
        return page(StatusCode::TOO_MANY_REQUESTS, "Please wait a minute", text);
    }
    let mut random = [0; 32];
    if SystemRandom::new().fill(&mut random).is_err() {
        return away(&"no random numbers");
    }
    let state = URL_SAFE_NO_PAD.encode(random);
    let (pool, now) = (&pages.desk.context.pool, pages.desk.context.clock.now());
    let hash = hash(&state);
    if let Err(error) = db::soon(db::slack::begin_install(pool, &hash, now)).await {
        return away(&error);
    }
    let mut url = pages.desk.caller.api.page("/oauth/v2/authorize");
    url.query_pairs_mut()
        .clear()
        .append_pair("client_id", &pages.app.client_id)
        .append_pair("scope", &SCOPES.join(","))
        .append_pair("redirect_uri", pages.callback().as_str())
        .append_pair("state", &state);
    let cookie = Cookie::at(&pages.app.public_url).with(&state);
    let headers = [(header::LOCATION, url.to_string()), (header::SET_COOKIE, cookie)];
    hardened((StatusCode::SEE_OTHER, headers).into_response())
}

/// Takes the browser back.
async fn callback(
    Shared(pages): Shared<Arc<Pages>>,
    Query(back): Query<Back>,
    headers: HeaderMap,
) -> Response {
    let carried = Cookie::at(&pages.app.public_url).value(&headers);
    if carried != Some(back.state.as_str()) || back.state.is_empty() {
        return refused();
    }
    let (pool, now) = (&pages.desk.context.pool, pages.desk.context.clock.now());
    let hash = hash(&back.state);
    match db::soon(db::slack::end_install(pool, &hash, now)).await {
        Ok(true) => {}
        Ok(false) => return refused(),
        Err(error) => return away(&error),
    }
    if !back.error.is_empty() {
        let text = "You can close this page, or begin anew whenever you like.";
        return page(StatusCode::OK, "Nothing was installed", text);
    }
    let answer = match pages.access(&back.code).await {
        Ok(answer) => answer,
        Err(Failure::Refused { code }) => {
            tracing::warn!("Slack gave no token: {code}");
            return refused();
        }
        Err(error) => return away(&error),
    };
    pages.keep(&answer).await
}

async fn done() -> Response {
    let text = "Type /jobs in Slack, or write to earlybrd there. You can close this page.";
    page(StatusCode::OK, "earlybrd is installed", text)
}

/// What binds the way back to the browser that went.
#[derive(Debug, PartialEq, Eq)]
struct Cookie {
    name: &'static str,
    secure: &'static str,
}

impl Cookie {
    /// Ours, where people reach us there.
    fn at(public_url: &Url) -> Self {
        if public_url.scheme() == "http" { PLAIN } else { TLS }
    }

    /// What a browser is told to keep.
    fn with(&self, state: &str) -> String {
        let Self { name, secure } = self;
        format!("{name}={state}; Path=/;{secure} HttpOnly; SameSite=Lax; Max-Age=600")
    }

    /// What a browser brings.
    fn value<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';'));
        pairs.find_map(|pair| pair.trim().strip_prefix(self.name)?.strip_prefix('='))
    }
}

fn hash(state: &str) -> Vec<u8> {
    Sha256::digest(state.as_bytes()).to_vec()
}

impl Pages {
    fn callback(&self) -> Url {
        let mut url = self.app.public_url.clone();
        url.set_path(CALLBACK);
        url
    }

    /// Changes the code for a token.
    async fn access(&self, code: &str) -> Result<Answer, Failure> {
        let callback = self.callback();
        let form = [
            ("code", code),
            ("client_id", self.app.client_id.as_str()),
            ("client_secret", self.app.client_secret.expose_secret()),
            ("redirect_uri", callback.as_str()),
        ];
        self.desk.caller.api.ask("oauth.v2.access", None, &form).await
    }

    /// Keeps the token, sealed for its row.
    async fn keep(&self, answer: &Answer) -> Response {
        let org = answer.0.pointer("/is_enterprise_install").and_then(serde_json::Value::as_bool);
        if org == Some(true) {
            let text = "earlybrd cannot be installed for a whole organisation yet. Please install it in \
                        one workspace at a time.";
            return page(StatusCode::OK, "Nothing was installed", text);
        }
        let team = answer.text("/team/id").filter(|team| is_id(team));
        let (Some(team), Some(token)) = (team, answer.text("/access_token")) else {
            return away(&"Slack named no workspace or no token");
        };
        if answer.text("/refresh_token").is_some() {
            let text = "This Slack app rotates its tokens, which earlybrd cannot do yet. Turn token \
                        rotation off in the app's settings.";
            return page(StatusCode::OK, "Nothing was installed", text);
        }
        let cut = |path: &str, most: usize| -> String {
            answer.text(path).unwrap_or_default().chars().take(most).collect()
        };
        let (name, bot, scopes) =
            (cut("/team/name", 400), cut("/bot_user_id", 40), cut("/scope", 2_000));
        let installed = Installed { team, name: &name, bot_user: &bot, scopes: &scopes };
        let user = answer.text("/authed_user/id");
        let who = user.and_then(|user| Who::new(team, user, None));
        match self.write(installed, &token.into(), who.as_ref()).await {
            Ok(()) => {
                tracing::info!(slack.team = team, "workspace {team} installed the app");
                if let Some(who) = who {
                    let desk = Arc::clone(&self.desk);
                    self.desk.tasks.spawn(async move { desk.welcome(&who).await });
                }
                hardened((StatusCode::SEE_OTHER, [(header::LOCATION, DONE)]).into_response())
            }
            Err(error) => away(&error),
        }
    }

    /// Whoever brings back a workspace that had removed the app is told what it finds.
    async fn write(
        &self,
        installed: Installed<'_>,
        token: &SecretString,
        who: Option<&Who>,
    ) -> anyhow::Result<()> {
        let keys = self.desk.caller.workspaces.keys.as_ref();
        let keys = keys.ok_or_else(|| anyhow::anyhow!("no EARLYBRD_KEYS"))?;
        let now = self.desk.context.clock.now();
        db::in_tx(&self.desk.context.pool, async |tx| {
            let kept = db::departed::kept(tx, installed.team).await?;
            let id = db::slack::install(tx, installed, now).await?;
            let sealed = keys.seal(cell(id), token.expose_secret());
            let sealed = sealed.map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
            db::slack::keep_token(&mut *tx, id, &sealed).await?;
            let Some(who) = who.filter(|_| kept > 0) else { return Ok(()) };
            let (_, target) = who.own(tx, now).await?;
            let notice = [(target, notices::workspace_is_back(kept))];
            db::deliveries::queue_notices(tx, &notice, now).await
        })
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_for_tls_wherever_the_service_has_it() {
        let at = |url: &str| Cookie::at(&url.parse().unwrap());
        let (tls, plain) = (at("https://jobs.example.com"), at("http://127.0.0.1:8080"));
        let rest = "HttpOnly; SameSite=Lax; Max-Age=600";
        assert_eq!(tls.with("x"), format!("__Host-earlybrd_slack=x; Path=/; Secure; {rest}"));
        assert_eq!(plain.with("x"), format!("earlybrd_slack=x; Path=/; {rest}"));
        let mut brought = HeaderMap::new();
        let both = "other=1; earlybrd_slack=set by anybody; __Host-earlybrd_slack=ours";
        brought.insert(header::COOKIE, HeaderValue::from_static(both));
        assert_eq!(tls.value(&brought), Some("ours"));
        assert_eq!(plain.value(&brought), Some("set by anybody"));
        assert_eq!(tls.value(&HeaderMap::new()), None);
    }
}
