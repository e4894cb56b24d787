//! The canonical form of a posting's link.

use std::borrow::Cow;

use memchr::memchr;
use url::Url;

use super::chars::first_chars;

/// Longer ones are no links that a chat or an index takes.
const MAX_CHARS: usize = 2_000;

/// Parameters that say where a click came from and nothing about the page. `source`, `src` and the
/// like are not here: some boards find their postings by them.
const TRACKING: [&str; 26] = [
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "dclid",
    "fbclid",
    "gbraid",
    "gclid",
    "gclsrc",
    "gh_src",
    "hsctatracking",
    "igshid",
    "lever-origin",
    "lever-source",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "msclkid",
    "ref",
    "ttclid",
    "twclid",
    "vero_id",
    "wbraid",
    "yclid",
    "oly_enc_id",
];
/// Parameters that begin so are of the same kind.
const TRACKING_PREFIX: &str = "utm_";
/// Parameters that name a visit.
const SESSION: [&str; 5] = ["jsessionid", "phpsessid", "session_id", "sessionid", "sid"];

/// An absolute http(s) link without user-info, tracking and session, or `None`.
pub fn canonical(raw: &str, base: Option<&Url>) -> Option<String> {
    let raw = raw.trim();
    // Few links hold an ampersand.
    let raw = match memchr(b'&', raw.as_bytes()) {
        Some(_) => Cow::Owned(raw.replace("&amp;", "&")),
        None => Cow::Borrowed(raw),
    };
    if raw.is_empty() || raw.starts_with('#') {
        return None;
    }
    let mut url = match Url::parse(&raw) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => base?.join(&raw).ok()?,
        Err(_) => return None,
    };
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    // Most links hold none of this, and whatever is set is written anew.
    if !url.username().is_empty() || url.password().is_some() {
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
    }
    if url.path().contains(';') {
        url.set_path(&path(url.path()));
    }
    if let Some(whole) = url.query() {
        let kept = query(whole);
        if kept.as_deref() != Some(whole) {
            url.set_query(kept.as_deref());
        }
    }
    let text = String::from(url);
    (first_chars(&text, MAX_CHARS).len() == text.len()).then_some(text)
}

/// Without `;jsessionid=…`.
fn path(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let parts = segment.split(';').enumerate();
        let kept = parts.filter(|(place, part)| *place == 0 || !is_noise(part));
        kept.map(|(_, part)| part).collect::<Vec<_>>().join(";")
    });
    segments.collect::<Vec<_>>().join("/")
}

fn query(query: &str) -> Option<String> {
    let kept: Vec<&str> =
        query.split('&').filter(|part| !part.is_empty() && !is_noise(part)).collect();
    (!kept.is_empty()).then(|| kept.join("&"))
}

fn is_noise(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
    name.starts_with(TRACKING_PREFIX)
        || TRACKING.contains(&name.as_str())
        || SESSION.contains(&name.as_str())
}

/// What two links to the same page have in common: no scheme, no `www.`, no slash at the end, and
/// of fragments only those by which pages written in script find their content.
pub fn key(canonical: &str) -> String {
    let address = canonical.split_once("://").map_or(canonical, |(_, address)| address);
    let address = address.strip_prefix("www.").unwrap_or(address);
    let (page, fragment) = address.split_once('#').unwrap_or((address, ""));
    let (path, query) = page.split_once('?').unwrap_or((page, ""));
    let mut key = path.trim_end_matches('/').to_owned();
    if !query.is_empty() {
        key.push('?');
        key.push_str(query);
    }
    if fragment.starts_with(['!', '/']) {
        key.push('#');
        key.push_str(fragment.trim_end_matches('/'));
    }
    key
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(raw: &str, want: Option<&str>) {
        let base = Url::parse("https://board.example/jobs/list").unwrap();
        assert_eq!(canonical(raw, Some(&base)).as_deref(), want, "{raw}");
    }

    #[test]
    fn links_are_absolute_and_clean() {
        check("HTTPS://Me:pw@Board.Example:443/A?b=1", Some("https://board.example/A?b=1"));
        check("42?x=2&utm_source=rss&a=1&amp;ref=z", Some("https://board.example/jobs/42?x=2&a=1"));
        check("//other.example/x?UTM_Medium=y#top", Some("https://other.example/x#top"));
        check("/a;jsessionid=0F/b;v=1?sid=9&PHPSESSID=8", Some("https://board.example/a/b;v=1"));
        check(
            "https://x.example/?gh_jid=1&q=a%20b+c",
            Some("https://x.example/?gh_jid=1&q=a%20b+c"),
        );
        check(
            "https://ex\u{e4}mple.example/\u{202e}",
            Some("https://xn--exmple-cua.example/%E2%80%AE"),
        );
    }

    #[test]
    fn what_is_no_link_to_a_page_is_none() {
        for raw in [
            "",
            " ",
            "#apply",
            "javascript:alert(1)",
            "mailto:a@b.example",
            "http://",
            "http://evil|x.example/",
            "data:text/html,x",
            "file:///etc/passwd",
        ] {
            check(raw, None);
        }
        check(&format!("https://x.example/{}", "a".repeat(2_000)), None);
        assert_eq!(canonical("jobs/1", None), None);
    }

    #[test]
    fn links_to_the_same_page_have_the_same_key() {
        for same in ["http://www.x.example/a/", "https://x.example/a#apply", "https://x.example/a"]
        {
            assert_eq!(key(same), "x.example/a");
        }
        assert_eq!(key("https://x.example/?p=1"), "x.example?p=1");
        assert_eq!(key("https://x.example/#!/jobs/1/"), "x.example#!/jobs/1");
        assert_eq!(key("https://x.example/#/jobs/2"), "x.example#/jobs/2");
    }

    proptest! {
        #[test]
        fn a_path_and_a_query_that_are_written_anew_stay_the_same(rest in "[a/.%2eé?#&=' \\\\;:@+-]{0,20}") {
            if let Ok(url) = Url::parse(&format!("https://x.example/{rest}")) {
                let mut anew = url.clone();
                anew.set_path(url.path());
                anew.set_query(url.query());
                prop_assert_eq!(anew, url);
            }
        }
    }
}
