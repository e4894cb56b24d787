//! The only HTTP clients: one for addresses that strangers chose, one for those of the operator.

mod addresses;
mod body;
mod resolver;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, Response};
use url::Url;

pub use addresses::is_public;
pub use body::{BodyError, Turn, read_capped, read_in_turn};
pub use resolver::Lookup;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Deadline of a whole request when its caller sets none.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// What a service sees of us.
pub fn user_agent(contact: Option<&str>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match contact {
        Some(contact) => format!("earlybrd/{version} (+{contact})"),
        None => format!("earlybrd/{version}"),
    }
}

/// More bytes of headers than any service needs.
const LONGEST_HEAD: u32 = 64 * 1024;

/// How long connections to boards are kept for the next request. Each holds as much memory as its longest
/// answer, and thousands of hosts are asked in a minute; the next page of one is asked for within seconds.
const BOARDS_IDLE: Duration = Duration::from_secs(5);

/// A client for addresses from the catalogue and the command line.
pub fn for_catalogue(user_agent: &str) -> reqwest::Result<Client> {
    builder(user_agent).pool_idle_timeout(BOARDS_IDLE).build()
}

/// A client for services that the operator chose in the settings.
pub fn for_operator(user_agent: &str) -> reqwest::Result<Client> {
    builder(user_agent).build()
}

/// A client for addresses that strangers chose: it dials public addresses only.
///
/// It cannot see an address that is written as digits, which never reaches a resolver, so every
/// address must pass [`check_stranger_url`] first, redirects included; therefore it follows none.
pub fn for_strangers(user_agent: &str) -> reqwest::Result<Client> {
    strangers(user_agent, resolver::system()).build()
}

/// What [`for_strangers`] builds, for tests that answer its questions for addresses themselves.
pub fn strangers(user_agent: &str, lookup: Lookup) -> ClientBuilder {
    let resolver = Arc::new(resolver::PublicOnly(lookup));
    builder(user_agent).pool_idle_timeout(BOARDS_IDLE).dns_resolver(resolver)
}

#[expect(clippy::disallowed_methods, reason = "the one place that builds clients")]
fn builder(user_agent: &str) -> ClientBuilder {
    let encodings = HeaderValue::from_static(body::ENCODINGS);
    Client::builder()
        .user_agent(user_agent)
        .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, encodings)]))
        .http2_max_header_list_size(LONGEST_HEAD)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .pool_idle_timeout(Duration::from_mins(1))
        .redirect(reqwest::redirect::Policy::none())
        // A proxy would resolve names for us, past the check of addresses.
        .no_proxy()
}

/// Why an address is not asked.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    #[error("only http and https addresses can be used")]
    Scheme,
    /// One text for every reason, so that nobody can map our network by trying.
    #[error("this address can't be used")]
    Address,
}

/// Checks what can be checked of a stranger's address before anything is dialled.
pub fn check_stranger_url(url: &Url) -> Result<(), Refused> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refused::Scheme);
    }
    let plain = url.username().is_empty() && url.password().is_none();
    let port = matches!(url.port_or_known_default(), Some(80 | 443 | 8080 | 8443));
    let host = match url.host() {
        Some(url::Host::Domain(name)) => !is_internal_name(name),
        Some(url::Host::Ipv4(address)) => is_public(address.into()),
        Some(url::Host::Ipv6(address)) => is_public(address.into()),
        None => false,
    };
    if plain && port && host { Ok(()) } else { Err(Refused::Address) }
}

/// Also says so of what is no name, like `127.0.0.1..`, which other readers might take for digits.
fn is_internal_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    !name.contains('.')
        || name.split('.').any(str::is_empty)
        || ["localhost", "local", "internal", "home.arpa", "intranet", "lan"]
            .iter()
            .any(|end| name == *end || name.ends_with(&format!(".{end}")))
}

/// Refuses a response that came from anywhere but a public address, whatever was looked up before.
pub fn check_peer(response: &Response) -> Result<(), Refused> {
    let peer = response.remote_addr().filter(|peer| is_public(peer.ip()));
    peer.map(|_| ()).ok_or(Refused::Address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, want: Result<(), Refused>) {
        let parsed = Url::parse(url);
        let got = parsed.as_ref().map_or(Err(Refused::Address), check_stranger_url);
        assert_eq!(got, want, "{url}");
    }

    #[test]
    fn a_public_address_passes() {
        check("https://example.com/feed", Ok(()));
        check("http://example.com:8080/feed", Ok(()));
        check("https://93.184.216.34/", Ok(()));
        check("https://[2606:2800:220:1::1]/", Ok(()));
    }

    #[test]
    fn every_way_to_write_an_inner_address_is_refused() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "１２７.０.０.１",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[2001:0:1::1]",
            "[fec0::1]",
            "[fd00:ec2::254]",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "localhost",
            "localhost.",
            "metadata.google.internal",
            "db.internal",
            "router",
            "nas.local",
            "a@example.com",
            "a:b@example.com",
            "example.com:22",
            "example.com:5432",
        ] {
            check(&format!("http://{host}/"), Err(Refused::Address));
        }
        for url in ["file:///etc/passwd", "gopher://example.com/", "ftp://example.com/"] {
            check(url, Err(Refused::Scheme));
        }
    }
}
