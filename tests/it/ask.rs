//! Asks a board without a world around it.

use chrono::DateTime;
use earlybrd::boards::fetch::{FetchError, Fetched, Fetcher, Request};
use earlybrd::domain::board::{BoardKind, Validators, Visibility};
use url::Url;

/// The one that polls.
pub fn fetcher() -> Fetcher {
    install_crypto();
    Fetcher::new(None, &[]).unwrap()
}

/// Without it no client can be built.
pub fn install_crypto() {
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// A feed of the operator's, whose address nobody checks.
pub async fn ask(fetcher: &Fetcher, url: &Url) -> Result<Fetched, FetchError> {
    ask_for(fetcher, url, BoardKind::Feed, Visibility::Catalogue).await
}

/// A feed that somebody added.
pub async fn ask_as_stranger(fetcher: &Fetcher, url: &Url) -> Result<Fetched, FetchError> {
    ask_for(fetcher, url, BoardKind::Feed, Visibility::Subscribed).await
}

pub async fn ask_for(
    fetcher: &Fetcher,
    url: &Url,
    kind: BoardKind,
    visibility: Visibility,
) -> Result<Fetched, FetchError> {
    let validators = &Validators::default();
    fetcher.fetch(Request { url, kind, visibility, validators, now: DateTime::UNIX_EPOCH }).await
}

/// The body of an answer that must be one.
#[track_caller]
pub fn body(answer: Result<Fetched, FetchError>) -> Vec<u8> {
    match answer {
        Ok(Fetched::Body { body, .. }) => body,
        other => panic!("no body: {other:?}"),
    }
}

/// The reason of an answer that must be none.
#[track_caller]
pub fn why(answer: Result<Fetched, FetchError>) -> String {
    match answer {
        Err(error) => error.why,
        Ok(Fetched::Body { body, .. }) => panic!("it answers with {} bytes", body.len()),
        Ok(Fetched::NotModified { .. }) => panic!("it answers that nothing changed"),
    }
}
