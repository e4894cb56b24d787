//! How a posting is known again.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::link;
use crate::domain::posting::{Identity, Posting};

/// A longer key does not fit an index and is replaced by its hash.
const MAX_KEY_BYTES: usize = 512;

/// The keys of a posting whose other parts are set, strongest first.
///
/// - With an id of the board's: the id, then the link together with the title. The link alone would
///   lose postings: boards send everybody to `/careers`.
/// - Without one: the link, so that an edited title is no news; then both together.
/// - With neither: a hash of what it says.
pub fn identity(guid: Option<&str>, posting: &Posting) -> Identity {
    let guid = guid.map(str::trim).filter(|guid| !guid.is_empty());
    let link = posting.url.as_deref().map(link::key);
    let both = |link: &str| key("url+title", &[link, " ", &letters(&posting.title)].concat());
    let keys = match (guid, link) {
        (Some(guid), Some(link)) => vec![key("guid", guid), both(&link)],
        (Some(guid), None) => vec![key("guid", guid)],
        (None, Some(link)) => vec![key("url", &link), both(&link)],
        (None, None) => {
            let date = posting.posted_at.map(|at| at.to_rfc3339()).unwrap_or_default();
            let company = posting.company.as_deref().unwrap_or_default();
            let content = [&posting.title, company, &posting.body, &date];
            vec![format!("hash:{}", hash(&content.join("\u{1f}")))]
        }
    };
    Identity::new(keys)
}

/// What is left of a title when its punctuation is edited.
fn letters(title: &str) -> String {
    if title.is_ascii() {
        let letters = title.bytes().filter(u8::is_ascii_alphanumeric);
        return letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    }
    title.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn key(kind: &str, value: &str) -> String {
    // Postgres takes no NUL, and a key is one line in a log.
    let mut key = [kind, ":", value].concat();
    if value.contains(char::is_control) {
        key.retain(|c| !c.is_control());
    }
    if key.len() <= MAX_KEY_BYTES {
        return key;
    }
    let value = key.get(kind.len() + 1..).unwrap_or_default();
    format!("{kind}:sha256:{}", hash(value))
}

fn hash(text: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        write!(hex, "{byte:02x}").expect("a string takes everything");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(guid: Option<&str>, url: Option<&str>, want: &[&str]) {
        let posting = Posting { url: url.map(str::to_owned), ..posting("Dev") };
        assert_eq!(identity(guid, &posting).keys(), want);
    }

    fn posting(title: &str) -> Posting {
        serde_json::from_value(serde_json::json!({ "title": title })).unwrap()
    }

    #[test]
    fn every_key_that_is_known_is_kept() {
        check(
            Some(" 77\0 "),
            Some("https://www.x.example/a/"),
            &["guid:77", "url+title:x.example/a dev"],
        );
        let both = ["url:x.example/a", "url+title:x.example/a dev"];
        check(Some(" "), Some("http://x.example/a"), &both);
        check(Some("77"), None, &["guid:77"]);
    }

    #[test]
    fn long_keys_are_hashed() {
        let long = "x".repeat(10_000);
        let keys = identity(Some(&long), &posting("Dev"));
        assert_eq!(keys.strongest().len(), "guid:sha256:".len() + 64);
        assert_ne!(keys, identity(Some(&format!("{long}y")), &posting("Dev")));
    }

    #[test]
    fn without_id_and_link_the_content_is_the_key() {
        let dev = identity(None, &posting("Dev"));
        assert_eq!(dev, identity(None, &posting("Dev")));
        assert_ne!(dev, identity(None, &posting("Devs")));
        assert!(dev.strongest().starts_with("hash:"));
    }
}
