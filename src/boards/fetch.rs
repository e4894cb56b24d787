//! Asks a board for its postings: conditional, capped, with its own redirects.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
    LOCATION, RETRY_AFTER,
};
use reqwest::{Client, StatusCode};
use url::Url;

use crate::domain::board::{Validators, Visibility};
use crate::http::{
    BodyError, check_stranger_url, for_operator, for_strangers, read_capped, user_agent,
};

/// Largest response of a board, after decompression.
const MAX_BODY: usize = 5 * 1024 * 1024;

/// Deadline for a board's whole answer, redirects included.
pub const DEADLINE: Duration = Duration::from_secs(20);

const MAX_REDIRECTS: usize = 5;

/// Longest validator that is kept and sent back.
const MAX_VALIDATOR: usize = 1_024;

/// The clients that ask boards.
#[derive(Debug, Clone)]
pub struct Fetcher {
    operator: Client,
    strangers: Client,
}

/// What a board answered.
#[derive(Debug)]
pub enum Fetched {
    NotModified,
    Body { body: Vec<u8>, content_type: Option<String>, validators: Validators },
}

/// Why a board could not be read, in words for its users.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct FetchError {
    pub why: String,
    /// How long the board asks to be left alone.
    pub asked: Option<Duration>,
}

impl From<String> for FetchError {
    fn from(why: String) -> Self {
        Self { why, asked: None }
    }
}

impl Fetcher {
    /// `contact` is what boards see in the User-Agent.
    pub fn new(contact: Option<&str>) -> reqwest::Result<Self> {
        let agent = user_agent(contact);
        Ok(Self { operator: for_operator(&agent)?, strangers: for_strangers(&agent)? })
    }

    /// Fetches a board. `now` is for a `Retry-After` that is a date.
    pub async fn fetch(
        &self,
        url: &Url,
        visibility: Visibility,
        validators: &Validators,
        now: DateTime<Utc>,
    ) -> Result<Fetched, FetchError> {
        match tokio::time::timeout(DEADLINE, self.follow(url, visibility, validators, now)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(format!("no answer within {} s", DEADLINE.as_secs()).into()),
        }
    }

    async fn follow(
        &self,
        url: &Url,
        visibility: Visibility,
        validators: &Validators,
        now: DateTime<Utc>,
    ) -> Result<Fetched, FetchError> {
        let mut url = url.clone();
        let origin = url.origin();
        for _ in 0..=MAX_REDIRECTS {
            let client = match visibility {
                Visibility::Catalogue => &self.operator,
                Visibility::Subscribed => {
                    check_stranger_url(&url).map_err(|refused| refused.to_string())?;
                    &self.strangers
                }
            };
            let mut request = client.get(url.clone()).header(
                ACCEPT,
                "application/json, application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5",
            );
            // Another origin has no business with what this one told us.
            if url.origin() == origin {
                let known = [
                    (IF_NONE_MATCH, &validators.etag),
                    (IF_MODIFIED_SINCE, &validators.last_modified),
                ];
                for (name, value) in known {
                    if let Some(value) = value {
                        request = request.header(name, value);
                    }
                }
            }
            let response = request.send().await.map_err(|error| reason(&error))?;
            let status = response.status();
            let headers = response.headers();
            if let Some(next) = redirect(status, headers) {
                let next = url
                    .join(next)
                    .map_err(|_| "redirected to something that is no address".to_owned())?;
                let plain = next.username().is_empty() && next.password().is_none();
                let downgrade = url.scheme() == "https" && next.scheme() != "https";
                if !plain || downgrade || !matches!(next.scheme(), "http" | "https") {
                    return Err("redirected to an address that can't be used".to_owned().into());
                }
                url = next;
                continue;
            }
            if status == StatusCode::NOT_MODIFIED {
                return Ok(Fetched::NotModified);
            }
            if !status.is_success() {
                let asked = headers
                    .get(RETRY_AFTER)
                    .and_then(|value| retry_after(value.to_str().ok()?, now));
                return Err(FetchError { why: format!("answered {status}"), asked });
            }
            let text =
                |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let short = |value: &String| value.len() <= MAX_VALIDATOR;
            let validators = Validators {
                etag: text(ETAG).filter(short),
                last_modified: text(LAST_MODIFIED).filter(short),
            };
            let content_type = text(CONTENT_TYPE);
            let body = read_capped(response, MAX_BODY).await.map_err(|error| match error {
                BodyError::TooLarge(_) => error.to_string(),
                BodyError::Http(error) => reason(&error),
            })?;
            return Ok(Fetched::Body { body, content_type, validators });
        }
        Err(format!("redirected more than {MAX_REDIRECTS} times").into())
    }
}

fn redirect(status: StatusCode, headers: &HeaderMap) -> Option<&str> {
    if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        headers.get(LOCATION)?.to_str().ok()
    } else {
        None
    }
}

/// `Retry-After` as seconds or as a date; nonsense and the past are no wish.
fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::<Utc>::from(httpdate::parse_http_date(value).ok()?);
    (date - now).to_std().ok()
}

/// The innermost cause says most: "dns error: …" rather than "error sending request".
fn reason(error: &reqwest::Error) -> String {
    let mut causes = vec![error.to_string()];
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    let last = causes.pop().unwrap_or_default();
    let kind = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "cannot be reached"
    } else {
        "the connection failed"
    };
    format!("{kind}: {last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, want: Option<u64>) {
        let now = DateTime::from_timestamp(784_111_777, 0).unwrap(); // 06 Nov 1994 08:49:37
        assert_eq!(retry_after(value, now), want.map(Duration::from_secs));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_to_come() {
        check("30", Some(30));
        check("Sun, 06 Nov 1994 08:50:37 GMT", Some(60));
        for nonsense in ["-1", "1.5", "abc", "", "NaN", "Sun, 06 Nov 1994 08:48:37 GMT"] {
            check(nonsense, None);
        }
        check("99999999999", Some(99_999_999_999));
        check("99999999999999999999999", None);
    }
}
