//! Calls of Slack's Web API: a deadline and a cap on each, nothing believed that is not said.
//!
//! The client of slack-morphism has neither, takes a 200 that is no JSON for a success, and fails on fields
//! that it does not know; so its models write what we send, and what comes back is read here.

use std::fmt;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::again::tried;
use super::errors::{Means, meaning};
use crate::domain::delivery::Verdict;
use crate::http::read_capped;

/// Deadline of one call; a sender waits ten seconds.
const TIMEOUT: Duration = Duration::from_secs(8);

/// Largest answer: a hundred messages of a history.
const CAP: usize = 4 * 1024 * 1024;

/// The Web API.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    base: Url,
}

/// Why a call did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Slack refused.
    #[error("Slack says {code}")]
    Refused { code: String },
    /// 429.
    #[error("Slack was asked too often")]
    Limited { after: Option<Duration> },
    /// Slack was not asked, and is not to be for a while.
    #[error("{why}")]
    Rests { why: String, after: Duration },
    /// Slack did nothing.
    #[error("{0}")]
    Away(String),
    /// Slack may have done it.
    #[error("{0}")]
    Unclear(String),
}

/// What Slack answered with `ok: true`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer(pub Value);

impl Answer {
    /// A text at a path: `/channel/id`.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.0.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub fn list(&self, path: &str) -> &[Value] {
        self.0.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

impl Api {
    pub fn new(client: Client, base: Url) -> Self {
        Self { client, base }
    }

    /// The address of a page of Slack that people visit.
    pub fn page(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    /// Whether an answer may be sent to an address that came with a request: only Slack's own, or those of
    /// the host that the operator put in its place.
    pub fn may_answer_at(&self, url: &Url) -> bool {
        let slacks = url.scheme() == "https"
            && url.host_str() == Some("hooks.slack.com")
            && url.port().is_none();
        let instead = !self.is_slack()
            && matches!(url.scheme(), "http" | "https")
            && url.host_str() == self.base.host_str();
        let plain = url.username().is_empty() && url.password().is_none();
        plain && (slacks || instead)
    }

    /// Whether whoever brought a request surely sees what is answered at its address. What stands in Slack's
    /// place may give an example of Slack's own.
    pub fn is_seen_at(&self, url: &Url) -> bool {
        self.may_answer_at(url) && (self.is_slack() || url.host_str() == self.base.host_str())
    }

    fn is_slack(&self) -> bool {
        self.base.host_str() == Some("slack.com")
    }

    /// Calls a method that writes.
    pub async fn call(
        &self,
        method: &str,
        token: &SecretString,
        body: &impl Serialize,
    ) -> Result<Answer, Failure> {
        let request = self.request(method)?.bearer_auth(token.expose_secret());
        self.answer(method, json(request, body)?).await
    }

    /// Calls a method that reads, whose arguments Slack takes as a form only.
    pub async fn ask(
        &self,
        method: &str,
        token: Option<&SecretString>,
        form: &[(&str, &str)],
    ) -> Result<Answer, Failure> {
        let request = self.request(method)?;
        let request = match token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        };
        let request =
            request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded(form));
        self.answer(method, request).await
    }

    /// Answers at an address that came with a request, until it is taken.
    pub async fn respond(&self, url: &Url, body: &(impl Serialize + Sync)) -> Result<(), Failure> {
        if !self.may_answer_at(url) {
            return Err(Failure::Away("an answer was asked for at a strange address".to_owned()));
        }
        tried(|| self.offer(url, body)).await
    }

    /// What may have been taken counts as not taken: only one person sees it, better twice than never.
    async fn offer(&self, url: &Url, body: &(impl Serialize + Sync)) -> Result<(), Failure> {
        let request = json(self.client.post(url.clone()).timeout(TIMEOUT), body)?;
        let sent = request.send().await;
        let lost = |error| Failure::Away(not_answered("response_url", &error).to_string());
        let response = sent.map_err(lost)?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Failure::Limited { after: retry_after(&response) });
        }
        let why = format!("{status} at response_url");
        Err(if status.is_server_error() {
            Failure::Away(format!("Slack answered {why}"))
        } else {
            Failure::Refused { code: why }
        })
    }

    fn request(&self, method: &str) -> Result<RequestBuilder, Failure> {
        let url = self.base.join(method).map_err(|error| Failure::Away(error.to_string()))?;
        Ok(self.client.post(url).timeout(TIMEOUT))
    }

    async fn answer(&self, method: &str, request: RequestBuilder) -> Result<Answer, Failure> {
        let response = request.send().await.map_err(|error| not_answered(method, &error))?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Failure::Limited { after: retry_after(&response) });
        }
        // What stands between us and Slack says these; nothing was done.
        if matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE) {
            return Err(Failure::Away(format!("{method} was answered {status}")));
        }
        let unclear = |why: &dyn fmt::Display| Failure::Unclear(format!("{method}: {why}"));
        let body = read_capped(response, CAP).await.map_err(|error| unclear(&error))?;
        let Ok(answer) = serde_json::from_slice::<Value>(&body) else {
            let why = format!("{method}: the answer {status} is no JSON");
            let refused = status.is_client_error() || status.is_redirection();
            return Err(if refused { Failure::Away(why) } else { Failure::Unclear(why) });
        };
        match answer.pointer("/ok").and_then(Value::as_bool) {
            Some(true) if status.is_success() => Ok(Answer(answer)),
            Some(false) => {
                let code = answer.pointer("/error").and_then(Value::as_str).unwrap_or("nothing");
                Err(Failure::Refused { code: code.chars().take(100).collect() })
            }
            Some(true) | None => Err(unclear(&format!("the answer {status} does not say ok"))),
        }
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

fn json(request: RequestBuilder, body: &impl Serialize) -> Result<RequestBuilder, Failure> {
    let body = serde_json::to_vec(body).map_err(|error| Failure::Away(error.to_string()))?;
    Ok(request.header(CONTENT_TYPE, "application/json; charset=utf-8").body(body))
}

/// Without the address: that of an answer is a secret.
fn not_answered(method: &str, error: &reqwest::Error) -> Failure {
    let what = if error.is_connect() {
        return Failure::Away(format!("Slack cannot be reached for {method}"));
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection was lost"
    };
    Failure::Unclear(format!("{method}: {what}"))
}

fn retry_after(response: &Response) -> Option<Duration> {
    rest(response.headers().get(RETRY_AFTER)?.to_str().ok()?)
}

/// Seconds, whole or not; what is no such number says nothing.
fn rest(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.trim().parse().ok()?).ok()
}

impl Failure {
    /// What a sender must do; `key` is what a 429 counts by.
    pub fn verdict(self, key: &str) -> Verdict {
        let why = self.to_string();
        match self {
            Self::Limited { after } => Verdict::Limited { why, after, key: key.to_owned() },
            Self::Rests { why, after } => Verdict::Rests { why, after, fails: false },
            Self::Away(why) => Verdict::Retry { why, after: None },
            Self::Unclear(why) => Verdict::Unknown { why },
            Self::Refused { code } => match meaning(&code) {
                Some(Means::PlaceIsGone | Means::TokenIsDead) => Verdict::Gone { why },
                Some(Means::OurMistake) => Verdict::Rejected { why },
                Some(Means::Limited) => Verdict::Limited { why, after: None, key: key.to_owned() },
                Some(Means::Later) => Verdict::Retry { why, after: None },
                Some(Means::Unclear) => Verdict::Unknown { why },
                None => Verdict::Strange { why },
            },
        }
    }

    /// Whether the method is to rest, and how long if Slack says so.
    pub fn asks_for_rest(&self) -> Option<Option<Duration>> {
        match self {
            Self::Limited { after } => Some(*after),
            Self::Rests { after, .. } => Some(Some(*after)),
            Self::Refused { code } if meaning(code) == Some(Means::Limited) => Some(None),
            Self::Refused { .. } | Self::Away(_) | Self::Unclear(_) => None,
        }
    }

    /// Whether no call with this token will work again.
    pub fn token_is_dead(&self) -> bool {
        matches!(self, Self::Refused { code } if meaning(code) == Some(Means::TokenIsDead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_a_number_of_seconds_and_nothing_else() {
        assert_eq!(rest("30"), Some(Duration::from_secs(30)));
        assert_eq!(rest("0"), Some(Duration::ZERO));
        assert_eq!(rest("1.5"), Some(Duration::from_millis(1_500)));
        assert_eq!(rest("99999999999"), Some(Duration::from_secs(99_999_999_999)));
        for junk in ["-1", "abc", "", "NaN", "inf", "1e400", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(rest(junk), None, "{junk}");
        }
    }

    #[test]
    fn answers_go_to_slack_only() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = crate::http::for_operator("test").unwrap();
        let api = Api::new(client, "http://127.0.0.1:9/api/".parse().unwrap());
        let may = |url: &str| api.may_answer_at(&url.parse().unwrap());
        assert!(may("https://hooks.slack.com/commands/T1/2/x"));
        for instead in ["http://127.0.0.1:9/response/x", "https://127.0.0.1:10/x"] {
            assert!(may(instead), "{instead}");
        }
        for strange in [
            "http://hooks.slack.com/commands/x",
            "https://hooks.slack.com.evil.example/x",
            "https://user@hooks.slack.com/x",
            "https://hooks.slack.com:8443/x",
            "http://localhost:9/x",
            "ftp://127.0.0.1/x",
            "http://user@127.0.0.1:9/x",
            "http://169.254.169.254/x",
            "file:///etc/passwd",
        ] {
            assert!(!may(strange), "{strange}");
        }
        let client = crate::http::for_operator("test").unwrap();
        let slack = Api::new(client, "https://slack.com/api/".parse().unwrap());
        assert!(!slack.may_answer_at(&"https://slack.com/x".parse().unwrap()));
        // Where something else is asked, nobody may read what Slack itself is told.
        let hooks = "https://hooks.slack.com/commands/T1/2/x".parse().unwrap();
        let own = "http://127.0.0.1:9/response/x".parse().unwrap();
        assert_eq!([slack.is_seen_at(&hooks), slack.is_seen_at(&own)], [true, false]);
        assert_eq!([api.is_seen_at(&hooks), api.is_seen_at(&own)], [false, true]);
    }
}
