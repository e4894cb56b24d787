//! What is known of a posting is in both forms, and what strangers write stays words.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::ids::OpeningId;
use crate::domain::message::About;
use crate::domain::message::Times;
use crate::domain::posting::Remote;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn posting(title: &str) -> Card {
    Card {
        opening: OpeningId(1),
        sample: false,
        version: 1,
        title: title.to_owned(),
        url: Some("https://example.com/1?a=1&b=2".to_owned()),
        company: Some("Acme & Sons".to_owned()),
        location: Some("EU only".to_owned()),
        remote: Some(Remote::Yes),
        pay: None,
        body: "We build a board.".to_owned(),
        board: "Sample Jobs".to_owned(),
        also_on: Vec::new(),
        closed: false,
        posted: None,
        attribution: Some("Jobs by Sample".to_owned()),
        filters: vec!["remote rust".to_owned()],
        times: Times { posted: Some(now() - TimeDelta::minutes(3)), seen: now(), matched: now() },
    }
}

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

#[track_caller]
fn check(email: &Email, parts: &[&str]) {
    for part in parts {
        assert!(email.text.contains(part), "{part} in text:\n{}", email.text);
        let escaped = part.replace('&', "&#38;").replace('"', "&#34;");
        assert!(email.html.contains(&escaped), "{escaped} in HTML:\n{}", email.html);
    }
}

#[test]
fn a_card_says_all_in_both_forms() {
    let unsubscribe = url("https://example.com/unsubscribe/x");
    let frame = Frame { now: now(), unsubscribe: Some(&unsubscribe), fallback: None };
    let email = card(&posting("Rust Engineer"), &frame).unwrap();
    assert_eq!(email.subject, "Rust Engineer · Acme & Sons");
    check(
        &email,
        &[
            "Rust Engineer",
            "Acme & Sons · EU only (remote)",
            "We build a board.",
            "posted 3 min ago on Sample Jobs · filter \"remote rust\"",
            "Jobs by Sample",
            "https://example.com/1?a=1&b=2",
            "posted → seen",
            "https://example.com/unsubscribe/x",
        ],
    );
    let want = "Rust Engineer\nAcme & Sons · EU only (remote)\nWe build a board.\n\
                posted 3 min ago on Sample Jobs · filter \"remote rust\" · Jobs by Sample\n";
    assert!(email.text.starts_with(want), "{}", email.text);
    let sample = card(&Card { sample: true, ..posting("Cook") }, &frame).unwrap();
    assert!(sample.subject.starts_with("Sample: Cook"), "{}", sample.subject);
    check(&sample, &[SAMPLE]);
}

#[test]
fn a_digest_shows_all_that_it_counts() {
    let shown: Vec<Card> =
        (0..MOST_CARDS).map(|number| posting(&format!("Job {number}."))).collect();
    let frame = Frame { now: now(), unsubscribe: None, fallback: None };
    let email = digest(&shown, &frame).unwrap();
    assert_eq!(email.subject, "25 new postings: Job 0.");
    check(&email, &["25 new postings, the best matches first", "Job 0.", "Job 24."]);
    assert!(email.html.len() < 102_000, "{}", email.html.len());
    let one = digest(&shown[..1], &frame).unwrap();
    assert_eq!(one.subject, "1 new posting: Job 0.");
    assert!(!one.text.contains("Unsubscribe"));
}

/// As quoted-printable, which takes three bytes for one that is not ASCII, and some for its lines.
fn written(text: &str) -> usize {
    let bytes = |byte: u8| if byte.is_ascii() && byte != b'=' { 1 } else { 3 };
    text.bytes().map(bytes).sum::<usize>() * 21 / 20
}

#[test]
fn the_longest_digest_is_not_too_large_to_send() {
    let long = "😀<".repeat(500);
    let mut one = posting(&long);
    one.company = Some(long.clone());
    one.body = format!("{long} ").repeat(20);
    one.filters = vec![long.clone(); 9];
    one.attribution = Some(long);
    one.url = Some(format!("https://example.com/{}", "&".repeat(1_970)));
    let frame = Frame { now: now(), unsubscribe: None, fallback: None };
    let email = digest(&vec![one.clone(); MOST_CARDS], &frame).unwrap();
    assert!(email.text.contains("&&&"));
    let bytes = written(&email.html) + written(&email.text);
    assert!(bytes < 1 << 20, "{bytes}");
    one.url = Some(format!("https://example.com/{}", "x".repeat(2_000)));
    assert!(!card(&one, &frame).unwrap().html.contains("xxx"));
}

#[test]
fn a_mail_in_place_of_a_chat_says_why_and_how_to_change_it() {
    let fallback = Fallback {
        place: "Slack",
        why: "your direct messages are closed",
        again: "Open a direct message with earlybrd and type: resume all",
    };
    let frame = Frame { now: now(), unsubscribe: None, fallback: Some(fallback) };
    let email = card(&posting("Cook"), &frame).unwrap();
    check(&email, &["because Slack did not take it:", "closed.", "type: resume all"]);
}

#[test]
fn an_address_is_confirmed_by_a_link_that_stands_in_both_forms() {
    let link = url("https://example.com/verify/abc");
    let email = verification(&link, 24).unwrap();
    check(&email, &["https://example.com/verify/abc", "within 24 hours", "do nothing"]);
    assert!(!email.html.contains("Unsubscribe"));
}

#[test]
fn what_is_paid_is_told_with_a_subject_and_a_button_of_its_own() {
    let (page, end) = (url("https://example.com/upgrade"), url("https://example.com/u"));
    let text = "Your trial of <b>pro ends on 24 January.\r\nBcc: x";
    let mail = bill(About::TrialEnds, text, &page, &end).unwrap();
    assert_eq!(mail.subject, "Your trial ends soon");
    check(&mail, &["ends on 24 January. Bcc: x", page.as_str(), "Keep the plan", end.as_str()]);
    assert!(mail.html.contains("&#60;b&#62;pro"), "{}", mail.html);
    let failed = bill(About::PaymentFailed, "A payment failed.", &page, &end).unwrap();
    assert_eq!(failed.subject, "Your payment did not go through");
}

#[test]
fn a_notice_keeps_its_paragraphs() {
    let unsubscribe = url("https://example.com/u");
    let email = notice("One.\n\nTwo <b>.", Some(&unsubscribe)).unwrap();
    assert!(email.text.contains("One.\n\nTwo <b>.\n"), "{}", email.text);
    assert!(email.html.contains("Two &#60;b&#62;."));
    check(&email, &["https://example.com/u"]);
}

/// Everything that begins a tag, but for what templates hold.
fn tags(html: &str) -> usize {
    html.matches('<').count()
}

proptest! {
    #[test]
    fn words_of_strangers_stay_words(
        words in "(<script>|<img src=x onerror=alert\\(1\\)>|\"|'|&|\r\n|\u{202e}|.){0,60}",
        scheme in "(javascript|data|file|mailto|HTTPS|https|ftp)",
    ) {
        let frame = Frame { now: now(), unsubscribe: None, fallback: None };
        let plain = card(&posting("x"), &frame).unwrap();
        let evil = Card {
            title: format!("x{words}"),
            url: Some(format!("{scheme}://example.com/{words}")),
            company: Some(format!("x{words}")),
            location: Some(format!("x{words}")),
            body: format!("x{words}"),
            board: format!("x{words}"),
            also_on: Vec::new(),
            closed: false,
            posted: None,
            attribution: Some(format!("x{words}")),
            filters: vec![format!("x{words}")],
            ..posting("x")
        };
        let email = card(&evil, &frame).unwrap();
        let linked = if scheme.eq_ignore_ascii_case("https") { 0 } else { 6 };
        prop_assert_eq!(tags(&email.html), tags(&plain.html) - linked, "{}", email.html);
        let turned = email.html.contains('\u{202e}') || email.text.contains('\u{202e}');
        prop_assert!(!turned, "{}", email.text);
        for link in email.html.split("href=\"").skip(1) {
            prop_assert!(link.starts_with("https://"), "{link}");
        }
        prop_assert_eq!(email.text.matches("\n-- \n").count(), 1);
        prop_assert!(!email.subject.contains(['\r', '\n']));
    }
}
