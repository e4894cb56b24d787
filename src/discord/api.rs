//! Calls of Discord's API: a deadline and a cap on each, nothing believed that is not said.
//!
//! serenity's own client loses `Retry-After`, panics at odd headers and sleeps inside calls; so its models
//! write what we send, and what comes back is read here.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER, USER_AGENT};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use url::Url;

use super::errors::{Means, meaning};
use crate::config::DiscordConfig;
use crate::domain::delivery::Verdict;
use crate::http::read_capped;

/// How long a call may take; a sender waits ten seconds.
const DEADLINE: Duration = Duration::from_secs(8);

/// No header makes a place rest for longer.
const LONGEST_REST: Duration = Duration::from_mins(10);

/// So long nothing is asked of whoever guards Discord and refused.
const GUARDED: Duration = Duration::from_mins(5);

/// Largest answer: a hundred messages.
const CAP: usize = 4 * 1024 * 1024;

/// Discord takes no other form (40333).
const AGENT: &str =
    concat!("DiscordBot (https://github.com/earlybrd, ", env!("CARGO_PKG_VERSION"), ")");

/// What all calls of the bot count under, and what rests while nobody takes its token.
pub const ALL: &str = "discord";
pub const TOKEN: &str = "discord/token";

/// The API.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    base: Url,
    pub app_id: String,
    token: SecretString,
    /// Of one call.
    pub deadline: Duration,
}

/// An answer, and what stands beside it.
#[derive(Debug)]
pub struct Said {
    pub answer: Result<Json, Failure>,
    /// Discord's name of what the call counted under.
    pub bucket: Option<String>,
    /// How long nothing more is taken there.
    pub used_up: Option<Duration>,
}

/// Why a call did not do what it should.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Discord refused.
    #[error("Discord says {code} with {status}: {text}")]
    Refused { status: u16, code: i64, text: String },
    /// 429.
    #[error("Discord was asked too often")]
    Limited { after: Option<Duration>, whose: Whose },
    /// Discord did nothing.
    #[error("{0}")]
    Away(String),
    /// Discord may have done it.
    #[error("{0}")]
    Unclear(String),
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// All that the bot does, or all from this machine.
    Ours,
    /// One channel.
    Places,
    /// One channel, by what others do there: it does not count against us.
    Shared,
}

impl Api {
    pub fn new(client: Client, config: &DiscordConfig) -> Self {
        let (base, token) = (config.api.clone(), config.token.clone());
        Self { client, base, app_id: config.app_id.clone(), token, deadline: DEADLINE }
    }

    pub async fn get(&self, path: &str) -> Result<Json, Failure> {
        self.ask(Method::GET, path, None).await.answer
    }

    /// Calls with a body.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: &(impl serde::Serialize + Sync),
    ) -> Result<Json, Failure> {
        let body = serde_json::to_value(body).map_err(|error| Failure::Away(error.to_string()))?;
        self.ask(method, path, Some(&body)).await.answer
    }

    /// Calls, and says what the headers say of the limits, too.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Json>) -> Said {
        let request = self.request(method, path).map(|request| match body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            None => request,
        });
        let mut said = Said { answer: Ok(Json::Null), bucket: None, used_up: None };
        said.answer = match request {
            Ok(request) => self.answer(path, request, &mut said).await,
            Err(failure) => Err(failure),
        };
        said
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, Failure> {
        let url = self.base.join(path).map_err(|error| Failure::Away(error.to_string()))?;
        let request = self.client.request(method, url).timeout(self.deadline);
        let request = request.header(USER_AGENT, AGENT);
        // What answers an interaction is allowed by its own token.
        if is_by_token(path) {
            return Ok(request);
        }
        Ok(request.header(AUTHORIZATION, format!("Bot {}", self.token.expose_secret())))
    }

    async fn answer(
        &self,
        path: &str,
        request: RequestBuilder,
        said: &mut Said,
    ) -> Result<Json, Failure> {
        // The path of an answer holds a secret.
        let path = if is_by_token(path) { "an answer" } else { path };
        let response = request.send().await.map_err(|error| not_answered(path, &error))?;
        let status = response.status();
        let headers = response.headers().clone();
        said.bucket = header(&headers, "x-ratelimit-bucket").map(str::to_owned);
        said.used_up = used_up(&headers);
        if status == StatusCode::NO_CONTENT {
            return Ok(Json::Null);
        }
        let body = read(response).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(limited(&headers, body.ok().flatten().as_ref()));
        }
        let unclear = || Failure::Unclear(format!("{path}: the answer {status} says nothing"));
        let answer = body.map_err(|why| Failure::Unclear(format!("{path}: {why}")))?;
        if status.is_success() {
            return answer.ok_or_else(unclear);
        }
        let code = answer.as_ref().and_then(|it| it.pointer("/code")?.as_i64());
        // Whoever stands between us and Discord may have passed the call on.
        if status.is_server_error() && code.unwrap_or(0) == 0 {
            return Err(unclear());
        }
        // What guards Discord refuses all that we do, not what was asked.
        if status == StatusCode::FORBIDDEN && answer.is_none() {
            return Err(Failure::Limited { after: Some(GUARDED), whose: Whose::Ours });
        }
        let text = answer.as_ref().and_then(|it| it.pointer("/message")?.as_str());
        let text = text.unwrap_or("nothing").chars().take(200).collect();
        Err(Failure::Refused { status: status.as_u16(), code: code.unwrap_or(0), text })
    }
}

/// Whether a path holds the token of an interaction, which is all that it needs.
fn is_by_token(path: &str) -> bool {
    path.starts_with("webhooks/") || path.starts_with("interactions/")
}

/// `None` if it is no JSON.
async fn read(response: Response) -> Result<Option<Json>, String> {
    let body = read_capped(response, CAP).await.map_err(|error| error.to_string())?;
    Ok(serde_json::from_slice(&body).ok())
}

fn not_answered(path: &str, error: &reqwest::Error) -> Failure {
    if error.is_connect() {
        return Failure::Away(format!("Discord cannot be reached for {path}"));
    }
    let what = if error.is_timeout() { "no answer in time" } else { "the connection was lost" };
    Failure::Unclear(format!("{path}: {what}"))
}

/// Who is limited and for how long: by the body, or else by the headers. What comes without either is not
/// of Discord itself but of what guards it, and is about all that we do.
fn limited(headers: &HeaderMap, body: Option<&Json>) -> Failure {
    let said = body.and_then(|body| body.pointer("/retry_after")?.as_f64());
    let also = || header(headers, RETRY_AFTER.as_str()).and_then(|text| text.trim().parse().ok());
    let after = said.or_else(also).and_then(seconds);
    let scope = header(headers, "x-ratelimit-scope");
    let by_header = header(headers, "x-ratelimit-global").is_some_and(|it| it.trim() == "true");
    let all = body.and_then(|body| body.pointer("/global")?.as_bool());
    let all = by_header || all.unwrap_or(body.is_none() && scope.is_none());
    let whose = match scope {
        _ if all => Whose::Ours,
        Some("global") => Whose::Ours,
        Some("shared") => Whose::Shared,
        _ => Whose::Places,
    };
    Failure::Limited { after, whose }
}

/// How long nothing more is taken where this was the last call of a while, by the headers.
fn used_up(headers: &HeaderMap) -> Option<Duration> {
    let number = |name| header(headers, name)?.trim().parse::<f64>().ok();
    let is_last = number("x-ratelimit-remaining").is_some_and(|left| left < 1.0);
    let after = number("x-ratelimit-reset-after").filter(|_| is_last)?;
    seconds(after).map(|after| after.min(LONGEST_REST))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A time that makes sense.
fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok()
}

impl Failure {
    /// What a sender must do; `key` is what the call counted under.
    pub fn verdict(self, key: &str) -> Verdict {
        let why = self.to_string();
        let (all, one) = (ALL.to_owned(), key.to_owned());
        match self {
            Self::Limited { after, whose: Whose::Ours } => {
                Verdict::Limited { why, after, key: all }
            }
            Self::Limited { after, .. } => Verdict::Limited { why, after, key: one },
            Self::Away(why) => Verdict::Retry { why, after: None },
            Self::Unclear(why) => Verdict::Unknown { why },
            Self::Refused { .. } if self.token_is_dead() => {
                tracing::error!("Discord takes the bot's token no more: {why}");
                let key = TOKEN.to_owned();
                Verdict::Limited { why, after: Some(Duration::from_hours(1)), key }
            }
            Self::Refused { code, .. } => match meaning(code) {
                Means::PlaceIsGone => Verdict::Gone { why },
                Means::OurMistake | Means::Unwanted => Verdict::Rejected { why },
                Means::Limited => Verdict::Limited { why, after: None, key: one },
                Means::Later | Means::TokenIsDead => Verdict::Retry { why, after: None },
            },
        }
    }

    /// Whether nothing works any more until the operator sets another token.
    pub fn token_is_dead(&self) -> bool {
        let Self::Refused { status, code, .. } = self else { return false };
        *status == 401 || meaning(*code) == Means::TokenIsDead
    }

    /// Whether the place did not let us.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { status: 403, .. })
    }

    /// Whether Discord counts it: after ten thousand in ten minutes it answers nobody from here.
    pub fn counts_as_invalid(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 401 | 403),
            Self::Limited { whose, .. } => *whose != Whose::Shared,
            Self::Away(_) | Self::Unclear(_) => false,
        }
    }

    /// Whether the same call may be taken a moment later: an answer whose promise is still on its way is
    /// unknown to Discord.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status == 404,
            Self::Limited { .. } | Self::Away(_) | Self::Unclear(_) => true,
        }
    }

    /// How long Discord wants nothing more of the kind.
    pub fn rest(&self) -> Duration {
        match self {
            Self::Limited { after, .. } => after.unwrap_or_default(),
            Self::Refused { .. } | Self::Away(_) | Self::Unclear(_) => Duration::ZERO,
        }
    }

    /// Whether what was asked for is nowhere: a channel that was closed.
    pub fn is_of_nowhere(&self) -> bool {
        matches!(self, Self::Refused { code: 10_003, .. })
    }

    /// What is sent is not wanted there: a link that is thought harmful, most often.
    pub fn is_unwanted(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if meaning(*code) == Means::Unwanted)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], body: Option<Json>, want: (Option<u64>, Whose)) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let Failure::Limited { after, whose } = limited(&map, body.as_ref()) else { panic!() };
        assert_eq!((after.map(|it| it.as_secs()), whose), want);
    }

    #[test]
    fn a_429_says_who_is_limited_and_odd_times_say_nothing() {
        let said =
            |after: Json, global: bool| Some(json!({ "retry_after": after, "global": global }));
        check(&[], said(json!(2.5), false), (Some(2), Whose::Places));
        check(&[], said(json!(2.5), true), (Some(2), Whose::Ours));
        let shared = ("x-ratelimit-scope", "shared");
        check(&[shared], said(json!(9), false), (Some(9), Whose::Shared));
        check(&[("retry-after", "30")], None, (Some(30), Whose::Ours));
        for odd in ["NaN", "inf", "-1", "", "abc", "1e999"] {
            check(&[("retry-after", odd)], None, (None, Whose::Ours));
        }
        check(&[], said(json!(-1), false), (None, Whose::Places));
        check(&[], said(json!("x"), false), (None, Whose::Places));
        let global = ("x-ratelimit-global", "true");
        check(&[global], said(json!(9), false), (Some(9), Whose::Ours));
        check(&[global, ("x-ratelimit-scope", "user")], None, (None, Whose::Ours));
        check(&[("x-ratelimit-scope", "user")], None, (None, Whose::Places));
    }
}
