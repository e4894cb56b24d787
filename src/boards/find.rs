//! From an address that somebody pastes to the board that it means.

use url::Url;

use super::Response;
use super::ask::{Manners, READERS};
use super::detect::{self, Detected};
use super::fetch::{FetchError, Fetched, Fetcher, Request, Whose};
use crate::domain::board::{BoardKind, Validators, Visibility};

/// An address that somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    pub url: Url,
    /// What is tried where that cannot be reached.
    instead: Option<Url>,
}

impl Typed {
    /// Without a scheme it is meant as people mean it: with `https`, or else with `http`.
    pub fn parse(text: &str) -> Result<Self, url::ParseError> {
        if text.contains("://") {
            return Ok(Self { url: Url::parse(text)?, instead: None });
        }
        let url = Url::parse(&format!("https://{text}"))?;
        Ok(Self { url, instead: Url::parse(&format!("http://{text}")).ok() })
    }
}

/// Recognises a board by its address, or by what the address answers.
pub async fn find(
    fetcher: &Fetcher,
    manners: &impl Manners,
    seen_at: &Typed,
    visibility: Visibility,
) -> Result<Detected, FetchError> {
    let found = find_at(fetcher, manners, &seen_at.url, visibility).await;
    match (found, &seen_at.instead) {
        (Err(error), Some(instead)) if error.whose == Whose::Unreached => {
            let found = find_at(fetcher, manners, instead, visibility).await;
            // Where neither answers, the address that people would expect says why.
            found.map_err(|other| if other.whose == Whose::Unreached { error } else { other })
        }
        (found, _) => found,
    }
}

async fn find_at(
    fetcher: &Fetcher,
    manners: &impl Manners,
    seen_at: &Url,
    visibility: Visibility,
) -> Result<Detected, FetchError> {
    if let Some(detected) = detect::by_address(seen_at) {
        return Ok(detected);
    }
    manners.turn(seen_at).await?;
    let request = Request {
        url: seen_at,
        kind: BoardKind::Feed,
        visibility,
        validators: &Validators::default(),
        now: manners.now(),
    };
    let Fetched::Body { body, content_type, url, .. } = fetcher.fetch(request).await? else {
        return Err("answered 304 to a request without conditions".to_owned().into());
    };
    if let Some(detected) = detect::by_address(&url) {
        return Ok(detected);
    }
    let turn = READERS.acquire().await.map_err(|_| "nobody reads any more".to_owned())?;
    manners.before_reading(&url, &body).await?;
    let found = tokio::task::spawn_blocking(move || {
        let response = Response { body: &body, content_type: content_type.as_deref() };
        detect::by_answer(response, &url)
    });
    let found = found.await.map_err(|_| "its response broke the parser".to_owned())?;
    drop(turn);
    Ok(found.map_err(|error| error.to_string())?)
}
