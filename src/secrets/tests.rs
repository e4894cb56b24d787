//! What is sealed, hashed and signed can be read by its keys and in its place, and nowhere else.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

const CELL: Cell = Cell { table: "addresses", column: "address", owner: 7 };

const SEALED: &str = "AWsxAIO5-JXgnBUplAw28lkH3uELwdUYnkXE_g_nVVudAt-nE2F5AnGo15QDpyo";
const DIGEST: &str = "JG_BDtfy9bfu5o5XiEJLIzf06Artvlz2yMElwjvLESM";
const TOKEN: &str = "AQIAAAAAAAAABwAAAAAAAAAA5Xj6K9YmHK6OPyd_SbBUyDLHj9vAyYg9lxFY3hMT-RU";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn new() -> String {
    generate().unwrap().expose_secret().to_owned()
}

fn keys(texts: &[&str]) -> Keys {
    texts.join(",").parse().unwrap()
}

#[test]
fn a_generated_key_is_read_and_each_is_another() {
    let (a, b) = (new(), new());
    assert_ne!(a, b);
    assert!(a.parse::<Keys>().is_ok() && format!(" {a} , {b},").parse::<Keys>().is_ok());
}

#[track_caller]
fn check_refused(text: &str, want: &BadKeys) {
    let refused = text.parse::<Keys>().unwrap_err();
    assert_eq!(&refused, want);
    let secret = text.split_once(':').map_or("", |(_, secret)| secret);
    assert!(secret.is_empty() || !refused.to_string().contains(secret), "{refused}");
}

#[test]
fn what_is_no_list_of_keys_is_refused_without_showing_it() {
    let good = new();
    let (name, secret) = good.split_once(':').unwrap();
    check_refused("", &BadKeys::None);
    check_refused(" , ", &BadKeys::None);
    check_refused(secret, &BadKeys::NoName(1));
    check_refused(&format!(":{secret}"), &BadKeys::BadName(1));
    check_refused(&format!("{}:{secret}", "a".repeat(17)), &BadKeys::BadName(1));
    check_refused(&format!("K1:{secret}"), &BadKeys::BadName(1));
    check_refused(&format!("{good},k2:{}", &secret[1..]), &BadKeys::BadSecret(2));
    check_refused("k1:no base64!", &BadKeys::BadSecret(1));
    check_refused(&format!("{good},{good}"), &BadKeys::SameName(name.to_owned()));
    let many: Vec<String> = (0..17).map(|_| new()).collect();
    check_refused(&many.join(","), &BadKeys::TooMany);
}

#[test]
fn keys_do_not_print() {
    let key = new();
    let secret = key.split_once(':').unwrap().1;
    let keys = keys(&[&key]);
    assert!(!format!("{keys:?}").contains(secret));
    let opened = keys.open(CELL, &keys.seal(CELL, "ada@example.com").unwrap()).unwrap();
    assert!(!format!("{opened:?}").contains("ada"));
}

#[test]
fn what_an_old_key_sealed_still_opens_and_asks_to_be_sealed_anew() {
    let (old, new) = (new(), new());
    let sealed = keys(&[&old]).seal(CELL, "x").unwrap();
    let both = keys(&[&new, &old]);
    assert_eq!(both.open(CELL, &sealed).unwrap().expose_secret(), "x");
    assert!(!sealed.starts_with(&both.mark()));
    assert!(both.seal(CELL, "x").unwrap().starts_with(&both.mark()));
    let name = old.split_once(':').unwrap().0.to_owned();
    assert_eq!(keys(&[&new]).open(CELL, &sealed).unwrap_err(), BadSeal::UnknownKey(name));
}

#[test]
fn a_sealed_text_opens_only_in_its_place() {
    let keys = keys(&[&new()]);
    let sealed = keys.seal(CELL, "ada@example.com").unwrap();
    for other in [
        Cell { owner: 8, ..CELL },
        Cell { table: "address", ..CELL },
        Cell { column: "addres", ..CELL },
        Cell { table: "addressesa", column: "ddress", ..CELL },
    ] {
        assert_eq!(keys.open(other, &sealed).unwrap_err(), BadSeal::Forged, "{other:?}");
    }
}

#[test]
fn a_sealed_text_that_is_cut_or_changed_does_not_open() {
    let keys = keys(&[&new()]);
    let sealed = keys.seal(CELL, "ada@example.com").unwrap();
    for end in 0..sealed.len() {
        assert!(keys.open(CELL, &sealed[..end]).is_err(), "{end}");
    }
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(keys.open(CELL, &changed).is_err(), "{bit}");
    }
    assert_ne!(sealed, keys.seal(CELL, "ada@example.com").unwrap());
}

#[test]
fn a_digest_is_found_by_an_older_key_and_differs_by_subject_and_key() {
    let (old, new) = (new(), new());
    let (before, after) = (keys(&[&old]), keys(&[&new, &old]));
    let stored = before.digest(Subject::Suppressed, "ada@example.com");
    assert_eq!(after.digests(Subject::Suppressed, "ada@example.com")[1], stored);
    assert_ne!(after.digest(Subject::Suppressed, "ada@example.com"), stored);
    assert_ne!(before.digest(Subject::Address, "ada@example.com"), stored);
}

#[test]
fn a_link_is_read_for_its_purpose_until_it_expires() {
    let (old, new) = (new(), new());
    let end = now() + TimeDelta::hours(24);
    let link = Link { purpose: Purpose::Verify, id: -3, expires: Some(end) };
    let token = keys(&[&old]).sign(link);
    let keys = keys(&[&new, &old]);
    assert_eq!(keys.verify(&token, Purpose::Verify, now()), Ok(link));
    assert_eq!(keys.verify(&token, Purpose::Unsubscribe, now()), Err(BadLink::Forged));
    assert_eq!(keys.verify(&token, Purpose::Verify, end), Err(BadLink::Expired));
    let ever = Link { purpose: Purpose::Unsubscribe, id: 4, expires: None };
    let late = now() + TimeDelta::days(36_500);
    assert_eq!(keys.verify(&keys.sign(ever), Purpose::Unsubscribe, late), Ok(ever));
}

#[test]
fn a_link_that_is_cut_changed_or_foreign_is_no_link() {
    let ours = keys(&[&new()]);
    let token = ours.sign(Link { purpose: Purpose::Verify, id: 3, expires: None });
    assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{token}");
    let forged = |token: &str| {
        assert_eq!(ours.verify(token, Purpose::Verify, now()), Err(BadLink::Forged), "{token}");
    };
    for end in 0..token.len() {
        forged(&token[..end]);
    }
    let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        forged(&URL_SAFE_NO_PAD.encode(changed));
    }
    forged(&keys(&[&new()]).sign(Link { purpose: Purpose::Verify, id: 3, expires: None }));
    forged("💌");
}

/// Rows and mails that are years old are still read. These were made by the first version.
#[test]
fn what_the_first_version_wrote_is_read() {
    let keys = keys(&[&format!("k1:{}", "A".repeat(43))]);
    let opened = keys.open(CELL, &URL_SAFE_NO_PAD.decode(SEALED).unwrap()).unwrap();
    assert_eq!(opened.expose_secret(), "ada@example.com");
    let digest = keys.digest(Subject::Address, "ada@example.com");
    assert_eq!(URL_SAFE_NO_PAD.encode(digest), DIGEST);
    let link = Link { purpose: Purpose::Unsubscribe, id: 7, expires: None };
    assert_eq!(keys.sign(link), TOKEN);
}

proptest! {
    #[test]
    fn any_text_survives_sealing(text in ".{0,200}", owner: i64) {
        let keys = keys(&[&new()]);
        let cell = Cell { owner, ..CELL };
        let sealed = keys.seal(cell, &text).unwrap();
        let opened = keys.open(cell, &sealed).unwrap();
        prop_assert_eq!(opened.expose_secret(), text.as_str());
    }

    #[test]
    fn any_bytes_are_refused(sealed: Vec<u8>, token in ".{0,90}") {
        let keys = keys(&[&new()]);
        prop_assert!(keys.open(CELL, &sealed).is_err());
        prop_assert!(keys.verify(&token, Purpose::Verify, now()).is_err());
    }
}
