//! Asks a board for its postings: conditional, capped, with its own redirects.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode};
use url::Url;

pub use super::fetch_error::{FetchError, Whose};
use super::limits::Limits;
use super::pages::Page;
use super::{kinds, rhythm};
use crate::domain::board::{BoardKind, Validators, Visibility};
use crate::http::{
    BodyError, Refused, Turn, check_peer, check_stranger_url, for_catalogue, for_strangers,
    read_in_turn, user_agent,
};

const MAX_REDIRECTS: usize = 5;

/// The formats of feeds and interfaces.
const ACCEPTED: &str = "application/json, application/rss+xml, application/atom+xml, \
                        application/xml;q=0.9, */*;q=0.5";

/// Some sites answer whichever format comes first.
const ACCEPTED_PAGE: &str = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5";

/// Longest validator that is kept and sent back.
const MAX_VALIDATOR: usize = 1_024;

/// The clients that ask boards.
#[derive(Debug, Clone)]
pub struct Fetcher {
    operator: Client,
    strangers: Client,
    /// Hosts of the operator's on which people may add boards, as `host` or `host:port`.
    trusted: Arc<[String]>,
    /// Instead of what is usual for a kind of board.
    deadline: Option<Duration>,
}

/// What to ask, and how.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub url: &'a Url,
    pub kind: BoardKind,
    /// Who chose the address: the operator, or somebody who added the board.
    pub visibility: Visibility,
    pub validators: &'a Validators,
    /// For a `Retry-After` that is a date.
    pub now: DateTime<Utc>,
}

/// What a board answered.
#[derive(Debug)]
pub enum Fetched {
    NotModified {
        /// How long it says that it stays as it is.
        stays: Option<Duration>,
    },
    Body {
        body: Vec<u8>,
        content_type: Option<String>,
        validators: Validators,
        stays: Option<Duration>,
        /// Where it came from in the end.
        url: Url,
        /// That of a large body, to be kept as long as the body is.
        turn: Option<Turn>,
    },
}

impl Fetcher {
    /// `contact` is what boards see in the User-Agent; `trusted` are hosts, as `host` or
    /// `host:port`, that may be asked for anybody although they are not public.
    pub fn new(contact: Option<&str>, trusted: &[String]) -> reqwest::Result<Self> {
        let agent = user_agent(contact);
        let (operator, strangers) = (for_catalogue(&agent)?, for_strangers(&agent)?);
        Ok(Self { operator, strangers, trusted: trusted.into(), deadline: None })
    }

    /// The same with another client for strangers' addresses, for tests that resolve names themselves.
    #[must_use]
    pub fn with_strangers(self, strangers: Client) -> Self {
        Self { strangers, ..self }
    }

    /// The same with another client for the operator's addresses, likewise.
    #[must_use]
    pub fn with_operator(self, operator: Client) -> Self {
        Self { operator, ..self }
    }

    /// The same with another deadline, for tests of boards that never end.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Refuses an address that is not to be asked for somebody, before anything is dialled.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        if self.trusts(url) { Ok(()) } else { check_stranger_url(url) }
    }

    fn trusts(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        let plain = url.username().is_empty() && url.password().is_none();
        let known = |trusted: &String| *trusted == host || *trusted == with_port;
        plain && matches!(url.scheme(), "http" | "https") && self.trusted.iter().any(known)
    }

    /// Fetches a board.
    pub async fn fetch(&self, request: Request<'_>) -> Result<Fetched, FetchError> {
        let question = kinds::of(request.kind).question();
        self.within_deadline(request, question).await
    }

    /// Fetches one page of a board.
    pub async fn fetch_page(
        &self,
        request: Request<'_>,
        page: &Page,
    ) -> Result<Fetched, FetchError> {
        let question = page.question.as_deref().or(kinds::of(request.kind).question());
        self.within_deadline(request, question).await
    }

    /// Fetches an address of a board that is just fetched, however the board itself is asked.
    pub async fn fetch_plain(&self, request: Request<'_>) -> Result<Fetched, FetchError> {
        self.within_deadline(request, None).await
    }

    async fn within_deadline(
        &self,
        request: Request<'_>,
        question: Option<&str>,
    ) -> Result<Fetched, FetchError> {
        let deadline = self.deadline(request);
        let fetched = tokio::time::timeout(deadline, self.follow(request, question)).await;
        let too_late = format!("no answer within {} s", deadline.as_secs_f32());
        fetched.unwrap_or(Err(FetchError::of_host(too_late)))
    }

    fn deadline(&self, request: Request<'_>) -> Duration {
        self.deadline.unwrap_or(Limits::of(request.kind, request.visibility).deadline)
    }

    async fn follow(
        &self,
        request: Request<'_>,
        question: Option<&str>,
    ) -> Result<Fetched, FetchError> {
        let mut url = request.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.ask(&url, request, question).await?;
            match redirect(response.status(), response.headers()) {
                Some(location) => url = next_hop(&url, location)?,
                None => return answer(response, url, request).await,
            }
        }
        Err(format!("redirected more than {MAX_REDIRECTS} times").into())
    }

    async fn ask(
        &self,
        url: &Url,
        request: Request<'_>,
        question: Option<&str>,
    ) -> Result<Response, FetchError> {
        // A board of the operator's may send us on to addresses that a stranger chose.
        let chosen = request.visibility == Visibility::Catalogue && same_place(request.url, url);
        let client = if chosen || self.trusts(url) {
            &self.operator
        } else {
            check_stranger_url(url)?;
            &self.strangers
        };
        let accepted = if request.kind == BoardKind::Html { ACCEPTED_PAGE } else { ACCEPTED };
        let asked = match question {
            Some(json) => client
                .post(url.clone())
                .header(CONTENT_TYPE, "application/json")
                .body(json.to_owned()),
            None => client.get(url.clone()),
        };
        // The deadline of the whole comes first, with its own words.
        let mut asked = asked.header(ACCEPT, accepted).timeout(self.deadline(request) * 2);
        for (name, value) in conditions(url, request) {
            asked = asked.header(name, value);
        }
        let response = asked.send().await?;
        if !chosen && !self.trusts(url) {
            check_peer(&response)?;
        }
        Ok(response)
    }
}

/// The validators that are sent: another origin has no business with what this one told us.
fn conditions<'a>(url: &Url, request: Request<'a>) -> Vec<(HeaderName, &'a str)> {
    if url.origin() != request.url.origin() {
        return Vec::new();
    }
    let Validators { etag, last_modified } = request.validators;
    let all = [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, last_modified)];
    all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
}

/// Whether a redirect stays where the request was meant to go: the same host and port, or its TLS.
fn same_place(asked: &Url, url: &Url) -> bool {
    let port = url.port_or_known_default();
    asked.host() == url.host()
        && (port == asked.port_or_known_default() || (url.scheme() == "https" && port == Some(443)))
}

/// Where a redirect leads, if we may follow it there.
fn next_hop(from: &Url, location: &str) -> Result<Url, FetchError> {
    let next =
        from.join(location).map_err(|_| "redirected to something that is no address".to_owned())?;
    let plain = next.username().is_empty() && next.password().is_none();
    let downgrade = from.scheme() == "https" && next.scheme() != "https";
    if plain && !downgrade && matches!(next.scheme(), "http" | "https") {
        Ok(next)
    } else {
        Err("redirected to an address that can't be used".to_owned().into())
    }
}

/// What the last response of a chain says.
async fn answer(response: Response, url: Url, request: Request<'_>) -> Result<Fetched, FetchError> {
    let status = response.status();
    let text = |name: HeaderName| -> Option<String> {
        Some(response.headers().get(name)?.to_str().ok()?.to_owned())
    };
    let stays = rhythm::of_headers(response.headers());
    if status == StatusCode::NOT_MODIFIED {
        return Ok(Fetched::NotModified { stays });
    }
    if !status.is_success() {
        let asked = text(RETRY_AFTER).and_then(|value| rhythm::retry_after(&value, request.now));
        return Err(FetchError { why: format!("answered {status}"), asked, whose: whose(status) });
    }
    // They are sent to the address that is asked first: what another origin gave is none of its business.
    let own = url.origin() == request.url.origin();
    let validator =
        |name: HeaderName| text(name).filter(|value| own && value.len() <= MAX_VALIDATOR);
    let validators = Validators { etag: validator(ETAG), last_modified: validator(LAST_MODIFIED) };
    let content_type = text(CONTENT_TYPE);
    let Limits { bytes, .. } = Limits::of(request.kind, request.visibility);
    let (body, turn) = read_in_turn(response, bytes).await.map_err(|error| {
        if let BodyError::Http(error) = error {
            error.into()
        } else {
            FetchError::from(error.to_string())
        }
    })?;
    Ok(Fetched::Body { body, content_type, validators, stays, url, turn })
}

/// What a refusal says of the host. Only 410 says that nobody need ask again.
fn whose(status: StatusCode) -> Whose {
    if status == StatusCode::GONE {
        Whose::Gone
    } else if status == StatusCode::NOT_FOUND {
        Whose::Missing
    } else if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        Whose::Host
    } else {
        Whose::Board
    }
}

fn redirect(status: StatusCode, headers: &HeaderMap) -> Option<&str> {
    if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        headers.get(LOCATION)?.to_str().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_never_loses_its_tls_nor_carries_a_user() {
        for (from, location, want) in [
            ("https://a.example/x", "/y", Some("https://a.example/y")),
            ("https://a.example/x", "//b.example/y", Some("https://b.example/y")),
            ("http://a.example/x", "https://b.example/", Some("https://b.example/")),
            ("https://a.example/x", "http://a.example/y", None),
            ("https://a.example/x", "HTTP://b.example/", None),
            ("https://a.example/x", "https://u@b.example/", None),
            ("https://a.example/x", "https://:p@b.example/", None),
            ("http://u:p@a.example/x", "http://b.example/", Some("http://b.example/")),
            ("http://u:p@a.example/x", "//b.example/", Some("http://b.example/")),
            ("http://a.example/x", "file:///etc/passwd", None),
        ] {
            let next = next_hop(&from.parse().unwrap(), location).ok();
            assert_eq!(next.as_ref().map(Url::as_str), want, "{from} {location}");
        }
    }

    #[test]
    fn validators_are_told_to_the_origin_that_gave_them() {
        let asked = Url::parse("https://a.example/feed").unwrap();
        let validators =
            &Validators { etag: Some("1".to_owned()), last_modified: Some("now".to_owned()) };
        let request = Request {
            url: &asked,
            kind: BoardKind::Feed,
            visibility: Visibility::Catalogue,
            validators,
            now: DateTime::UNIX_EPOCH,
        };
        for (url, told) in [
            ("https://a.example/feed", 2),
            ("https://a.example:443/moved", 2),
            ("https://a.example:8443/feed", 0),
            ("http://a.example/feed", 0),
            ("https://www.a.example/feed", 0),
            ("https://a.example.b.example/feed", 0),
        ] {
            assert_eq!(conditions(&url.parse().unwrap(), request).len(), told, "{url}");
        }
    }
}
