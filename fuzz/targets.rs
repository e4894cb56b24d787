//! What is fuzzed. The fuzzers and the test that replays their corpus share it.

use std::net::IpAddr;

use chrono::{DateTime, Datelike};
use earlybrd::billing;
use earlybrd::boards::{self, Response, detect};
use earlybrd::domain::board::BoardKind;
use earlybrd::domain::email::{Email, EmailAddress, one_line};
use earlybrd::domain::ids::{DeliveryId, FilterId};
use earlybrd::domain::pay::Pay;
use earlybrd::domain::plan::Plan;
use earlybrd::domain::posting::Posting;
use earlybrd::domain::rates::Rates;
use earlybrd::filter_lang::{parse, print};
use earlybrd::http::{check_stranger_url, is_public};
use earlybrd::mail::letter::{Letter, compose};
use earlybrd::mail::mailgun;
use earlybrd::matching::{Document, Matcher, Scratch, explain, naive};
use earlybrd::normalize::{
    BoardContext, RawDate, RawPay, RawPosting, find_in_body, is_costly, moment, normalize,
    plain_text,
};
use earlybrd::slack::Brought;

/// What is read prints and is read again as the same; what is refused points into the text.
pub fn filter(text: &str) {
    match parse(text) {
        Ok(expr) => assert_eq!(parse(&print(&expr)), Ok(expr)),
        Err(error) => {
            assert!(error.position <= text.chars().count());
            error.with_caret(text);
        }
    }
}

/// The first line is a filter, the second a title, the third a place, the rest a body: every
/// evaluator says the same.
pub fn matching(text: &str) {
    let mut lines = text.splitn(4, '\n');
    let Some(Ok(expr)) = lines.next().map(parse) else { return };
    let mut next = || lines.next().unwrap_or_default();
    let posting = serde_json::json!({ "title": next(), "location": next(), "body": next() });
    let posting: Posting = serde_json::from_value(posting).expect("a posting");
    let (rates, seen) = (Rates::built_in(), DateTime::UNIX_EPOCH);
    let mut matcher = Matcher::default();
    matcher.insert(FilterId(1), &expr);
    let found = matcher.matches(&mut Scratch::default(), &posting, seen);
    let wanted = naive::matches(&expr, &posting, rates, seen);
    assert_eq!(!found.is_empty(), wanted);
    assert_eq!(explain(&expr, &Document::new(&posting, rates, seen)).matches, wanted);
}

/// The first line is a kind of event, the rest what Stripe tells or answers: nothing of it becomes a part of
/// an address but what an id may hold, and a plan is what has one of our prices.
pub fn stripe(text: &str) {
    let (kind, body) = text.split_once('\n').unwrap_or_default();
    let hint = billing::hint(kind, body);
    for id in [hint.checkout, hint.subscription, hint.customer, hint.charge].into_iter().flatten() {
        let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        assert!((1..=255).contains(&id.len()) && id.bytes().all(is_sound), "{id}");
    }
    let Ok(object) = serde_json::from_str(body) else { return };
    let prices = ["price_pro".to_owned()];
    let of = |plan| if plan == Plan::Pro { &prices[..] } else { &[] };
    if let Some(found) = billing::found(&object, of) {
        assert!(found.plan.is_none_or(|plan| plan == Plan::Pro));
    }
}

/// The first line is a content type, the rest a body as Slack sends it: whoever it is from has ids that are
/// safe anywhere, and what they typed is one line.
pub fn slack(text: &str) {
    let (kind, body) = text.split_once('\n').unwrap_or_default();
    let brought = Brought::read(kind, body.as_bytes());
    let Some((who, line)) = brought.said(DateTime::UNIX_EPOCH) else { return };
    for id in [Some(who.team), Some(who.user), who.channel].into_iter().flatten() {
        let is_sound = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        assert!((1..=40).contains(&id.len()) && is_sound, "{id}");
    }
    let is_typed = matches!(brought, Brought::Command(_) | Brought::Event(_));
    assert!(!is_typed || !line.contains(char::is_control), "{line:?}");
}

/// The first line is a kind of board, the rest its response: what is read is clean, keeps its limits
/// and survives its JSON; what is not says why. Covers HTML, dates, pay, places and links, too.
pub fn boards(text: &str) {
    let (kind, body) = text.split_once('\n').unwrap_or_default();
    let Ok(kind) = kind.parse::<BoardKind>() else { return };
    let board = BoardContext {
        slug: "fuzz",
        company: None,
        base: None,
        zone: "UTC".parse().expect("a zone"),
        at: None,
    };
    let response = Response { body: body.as_bytes(), content_type: None };
    let read = match boards::read(kind.into(), response, &board) {
        Ok(read) => read,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    for posting in read.postings {
        assert!((1..=300).contains(&posting.title.chars().count()), "{:?}", posting.title);
        assert!(posting.body.len() <= 65_536 && !posting.body.contains('\0'));
        assert!(posting.url.as_ref().is_none_or(|url| url.starts_with("http")));
        let json = serde_json::to_string(&posting).expect("JSON");
        let back: Posting = serde_json::from_str(&json).expect("what was written");
        assert_eq!(serde_json::to_string(&back).expect("JSON"), json);
    }
}

/// HTML, or what looks like it: its text has its limit, ends with a word, and holds no NUL.
pub fn html(text: &str) {
    if is_costly(text) {
        return;
    }
    let plain = plain_text(text);
    assert!(plain.len() <= 65_536 && !plain.contains('\0'));
    assert_eq!(plain.trim_end(), plain);
}

/// The first line is a time zone, the rest a date: what is read of it can be true, and is read again as it is
/// written.
pub fn dates(text: &str) {
    let (zone, date) = text.split_once('\n').unwrap_or(("UTC", text));
    let Ok(zone) = zone.parse() else { return };
    let number = date.trim().parse::<i64>().ok();
    let stated = [
        Some(RawDate::Text(date.to_owned())),
        number.map(RawDate::Seconds),
        number.map(RawDate::Millis),
    ];
    for stated in stated.iter().flatten() {
        let Some(read) = moment(stated, zone, None) else { continue };
        assert!((1990..=2100).contains(&read.year()), "{read}");
        assert_eq!(moment(&RawDate::Text(read.to_rfc3339()), zone, None), Some(read));
    }
}

/// What a job pays, as a field or inside of a text: what is read of it has its bounds in order, so that it
/// survives its JSON.
pub fn pay(text: &str) {
    let raw = RawPosting {
        title: "Cook".to_owned(),
        pay: RawPay::Text(text.to_owned()),
        body: text.to_owned(),
        ..RawPosting::default()
    };
    let zone = "UTC".parse().expect("a zone");
    let board = BoardContext { slug: "fuzz", company: None, base: None, zone, at: None };
    let posting = normalize(raw, &board).expect("a title");
    for pay in [posting.pay, find_in_body(text)].iter().flatten() {
        let json = serde_json::to_string(pay).expect("JSON");
        let back: Pay = serde_json::from_str(&json).expect("what was written");
        assert_eq!(serde_json::to_string(&back).expect("JSON"), json);
    }
}

/// Any address is recognised as a board or not. One that a stranger may choose has a host that is
/// public, as far as it can be seen, and stays so when it is read again; so has the board.
pub fn addresses(text: &str) {
    let Ok(url) = text.parse() else { return };
    let detected = detect::by_address(&url);
    if check_stranger_url(&url).is_err() {
        return;
    }
    assert!(matches!(url.scheme(), "http" | "https"));
    assert!(matches!(url.port(), None | Some(80 | 443 | 8080 | 8443)));
    assert!(url.username().is_empty() && url.password().is_none());
    let host = url.host_str().expect("a host").trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(address) => assert!(is_public(address)),
        Err(_) => assert!(looks_public(host), "{host:?}"),
    }
    let again = url.as_str().parse().expect("what was written");
    assert_eq!(url, again);
    assert_eq!(check_stranger_url(&again), Ok(()));
    if let Some(board) = detected {
        assert_eq!(check_stranger_url(&board.url), Ok(()), "{}", board.url);
    }
}

/// The first line is an address, the second a subject, the rest what a mail says: it has one receiver
/// and the headers that we wrote, in lines that any server takes. None of it is a webhook of Mailgun's.
pub fn mail(text: &str) {
    let now = DateTime::UNIX_EPOCH;
    assert!(mailgun::read(text.as_bytes(), &"key".into(), now).is_err());
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default().to_owned();
    let (to, subject, text) = (next().parse::<EmailAddress>(), next(), next());
    let line = one_line(&subject, 50);
    assert!(line.chars().count() <= 50 && !line.contains(char::is_control));
    assert_eq!(one_line(&line, 50), line);
    let Ok(to) = to else { return };
    assert_eq!(to.as_str().parse(), Ok(to.clone()));
    let email = Email { subject, html: text.clone(), text };
    let (delivery, unsubscribe) = (DeliveryId(1), None);
    let letter = Letter { to: &to, email: &email, delivery, created: now, unsubscribe };
    let from = "a@example.com".parse().expect("an address");
    let Ok(composed) = compose(&letter, &from, now) else { return };
    assert_eq!(composed.envelope.to().len(), 1);
    let mail = str::from_utf8(&composed.bytes).expect("ASCII");
    assert!(mail.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n', '\0'])));
    let (head, _) = mail.split_once("\r\n\r\n").expect("headers");
    let headers = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    let names: Vec<&str> = headers.map(|line| line.split(':').next().unwrap_or(line)).collect();
    let ours = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ];
    assert_eq!(names, ours);
}

/// A name with a dot in it whose end is no number and nothing that only this network knows.
fn looks_public(name: &str) -> bool {
    let end = name.trim_end_matches('.').rsplit_once('.').map_or("", |(_, end)| end);
    let inner = ["localhost", "local", "internal", "intranet", "lan"];
    !end.is_empty()
        && end.parse::<u64>().is_err()
        && !end.strip_prefix("0x").is_some_and(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()))
        && !inner.contains(&end)
        && !name.contains([':', '@', '/', '%', '#', '?', ' ', '\\', '\0'])
        && !name.contains(|c: char| !c.is_ascii() || c.is_ascii_uppercase())
}
