//! One mail as bytes: headers, text and HTML. Strangers write the words, never the headers.

use chrono::{DateTime, Utc};
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use url::Url;

use super::replies::{Failure, Trouble};
use crate::domain::delivery::MessageRef;
use crate::domain::email::{Email, EmailAddress, Sender, one_line};
use crate::domain::ids::DeliveryId;

/// Longest subject, in characters.
const SUBJECT_LEN: usize = 150;

/// Largest mail, in bytes. Gmail cuts what it shows after 102 kB of HTML; relays refuse ten times this.
const MAIL_LEN: usize = 1 << 20;

/// One mail to one address.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    pub to: &'a EmailAddress,
    pub email: &'a Email,
    pub delivery: DeliveryId,
    /// When the delivery was made. With its id it names the mail, also after a database was made anew.
    pub created: DateTime<Utc>,
    /// Where a POST ends these mails (RFC 8058); `None` for mail that nobody subscribes to.
    pub unsubscribe: Option<&'a Url>,
}

/// A mail that can be sent.
#[derive(Debug, Clone)]
pub struct Composed {
    pub envelope: Envelope,
    /// ASCII, lines of at most 998 characters.
    pub bytes: Vec<u8>,
    /// Its Message-ID, without the angle brackets.
    pub id: MessageRef,
}

/// Writes the mail. The only reasons to fail are ours.
pub fn compose(
    letter: &Letter<'_>,
    from: &Sender,
    now: DateTime<Utc>,
) -> Result<Composed, Failure> {
    let ours = |why: &str| Failure { trouble: Trouble::Message, why: format!("mail: {why}") };
    let id = message_id(letter, from);
    let sender = mailbox(from.name.as_deref(), &from.address).ok_or_else(|| ours("sender"))?;
    let to = mailbox(None, letter.to).ok_or_else(|| ours("receiver"))?;
    let envelope = Envelope::new(Some(sender.email.clone()), vec![to.email.clone()])
        .map_err(|error| ours(&error.to_string()))?;
    let mut builder = Message::builder()
        .from(sender)
        .to(to)
        .subject(one_line(&letter.email.subject, SUBJECT_LEN))
        .date(now.into())
        .message_id(Some(format!("<{id}>")))
        .raw_header(header("Auto-Submitted", "auto-generated".to_owned()));
    if let Some(url) = letter.unsubscribe {
        builder = builder
            .raw_header(header("List-Unsubscribe", format!("<{url}>")))
            .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()))
            .raw_header(header("Precedence", "bulk".to_owned()));
    }
    let parts =
        MultiPart::alternative_plain_html(body(&letter.email.text), body(&letter.email.html));
    let message = builder.multipart(parts).map_err(|error| ours(&error.to_string()))?;
    let bytes = message.formatted();
    if bytes.len() > MAIL_LEN || !bytes.is_ascii() {
        return Err(ours("too large, or not ASCII"));
    }
    Ok(Composed { envelope, bytes, id: MessageRef(id) })
}

/// The delivery that a Message-ID of ours names, with or without angle brackets.
pub fn delivery_of(message_id: &str) -> Option<DeliveryId> {
    let id = message_id.trim().trim_start_matches('<').trim_end_matches('>');
    let (name, _) = id.split_once('@')?;
    let (delivery, _) = name.strip_prefix("delivery.")?.split_once('.')?;
    delivery.parse().ok().map(DeliveryId)
}

/// The same for every try.
fn message_id(letter: &Letter<'_>, from: &Sender) -> String {
    let created = letter.created.timestamp();
    format!("delivery.{}.{created}@{}", letter.delivery, from.address.host())
}

fn mailbox(name: Option<&str>, address: &EmailAddress) -> Option<Mailbox> {
    let address = Address::new(address.local(), address.host()).ok()?;
    Some(Mailbox::new(name.map(str::to_owned), address))
}

/// Without what no mail may hold: NUL, a carriage return alone.
fn body(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    fn composed(subject: &str, text: &str, from: &str, seconds: i64) -> Composed {
        let email = Email {
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: format!("<p>{text}</p>"),
        };
        let url: Url =
            format!("https://example.com/unsubscribe/{}", "x".repeat(150)).parse().unwrap();
        let letter = Letter {
            to: &"ada@example.org".parse().unwrap(),
            email: &email,
            delivery: DeliveryId(7),
            created: at(0),
            unsubscribe: Some(&url),
        };
        compose(&letter, &from.parse().unwrap(), at(seconds)).unwrap()
    }

    /// Headers, unfolded; two of one name would be a fault.
    fn headers(bytes: &[u8]) -> BTreeMap<String, String> {
        let text = str::from_utf8(bytes).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", "\t");
        let mut headers = BTreeMap::new();
        for line in head.split("\r\n") {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
            let before = headers.insert(name.to_ascii_lowercase(), value.to_owned());
            assert_eq!(before, None, "{name} twice");
        }
        headers
    }

    #[test]
    fn a_mail_says_who_when_and_how_to_end_it() {
        let mail = composed("Rust bei Müller", "Grüße", "early brd <a@example.com>", 60);
        let headers = headers(&mail.bytes);
        let want = [
            ("from", "\"early brd\" <a@example.com>"),
            ("to", "ada@example.org"),
            ("date", "Tue, 14 Nov 2023 22:14:20 +0000"),
            ("message-id", "<delivery.7.1700000000@example.com>"),
            ("auto-submitted", "auto-generated"),
            ("precedence", "bulk"),
            ("list-unsubscribe-post", "List-Unsubscribe=One-Click"),
            ("mime-version", "1.0"),
        ];
        for (name, value) in want {
            assert_eq!(headers[name], value, "{name}");
        }
        let link = format!("<https://example.com/unsubscribe/{}>", "x".repeat(150));
        assert_eq!(headers["list-unsubscribe"].trim(), link);
        assert!(headers["content-type"].starts_with("multipart/alternative"));
        assert_eq!(mail.id.0, "delivery.7.1700000000@example.com");
        assert_eq!(mail.envelope.to().len(), 1);
        assert_eq!(delivery_of(&headers["message-id"]), Some(DeliveryId(7)));
        assert_eq!(mail.id, composed("x", "y", "a@example.com", 999).id, "the same for every try");
    }

    #[test]
    fn only_ids_of_ours_name_a_delivery() {
        for id in ["", "x@y", "<delivery.x.1@y>", "delivery.7@y", "delivery.7.1"] {
            assert_eq!(delivery_of(id), None, "{id}");
        }
    }

    #[test]
    fn a_mail_of_more_than_a_megabyte_is_not_sent() {
        let email =
            Email { subject: String::new(), text: "x".repeat(MAIL_LEN), html: String::new() };
        let letter = Letter {
            to: &"ada@example.org".parse().unwrap(),
            email: &email,
            delivery: DeliveryId(7),
            created: at(0),
            unsubscribe: None,
        };
        let failed = compose(&letter, &"a@example.com".parse().unwrap(), at(0)).unwrap_err();
        assert_eq!(failed.trouble, Trouble::Message);
    }

    proptest! {
        #[test]
        fn every_address_that_is_taken_can_be_written_to(
            address in "[!#-'*+/-9=?A-Z^-~.-]{1,66}@([a-z0-9-]{1,10}\\.){1,3}[a-zé]{2,5}",
        ) {
            let Ok(to) = address.parse::<EmailAddress>() else { return Ok(()) };
            let email = Email { subject: String::new(), text: String::new(), html: String::new() };
            let letter = Letter {
                to: &to,
                email: &email,
                delivery: DeliveryId(1),
                created: at(0),
                unsubscribe: None,
            };
            let mail = compose(&letter, &"a@example.com".parse().unwrap(), at(0)).unwrap();
            prop_assert_eq!(mail.envelope.to()[0].to_string(), to.as_str());
            prop_assert_eq!(&headers(&mail.bytes)["to"], to.as_str());
        }

        #[test]
        fn no_subject_text_or_name_adds_a_header(
            subject in "(\r\nBcc: evil@example.com|\r|\n|.|\u{202e}|é){0,80}",
            text in "(\r\n\r\n|\n|\r|--|\\.|.|é| ){0,200}",
            name in "[^<@,;]{0,30}",
        ) {
            let mail = composed(&subject, &text, &format!("{name}<a@example.com>"), 0);
            let headers = headers(&mail.bytes);
            let names: Vec<&str> = headers.keys().map(String::as_str).collect();
            prop_assert_eq!(names, [
                "auto-submitted", "content-type", "date", "from", "list-unsubscribe",
                "list-unsubscribe-post", "message-id", "mime-version", "precedence", "subject", "to",
            ]);
            prop_assert_eq!(&headers["to"], "ada@example.org");
            for line in mail.bytes.split(|byte| *byte == b'\n') {
                prop_assert!(line.len() <= 999 && line.is_ascii());
                prop_assert!(line.is_empty() || line.ends_with(b"\r"), "a bare line feed");
            }
        }
    }
}
