//! Addresses that end: by their owner, by a bounce, by a complaint; and what becomes of what went there.

use std::time::Duration;

use earlybrd::mail::Mail;
use earlybrd::secrets::Subject;
use reqwest::{Method, StatusCode};

use crate::commands::check;
use crate::fakes::smtp::{Act, FakeSmtp, Stage};
use crate::faults_mail::plain;
use crate::post::{Post, ask, client, get, post};

const HOUR: Duration = Duration::from_hours(1);

/// Somebody whose filter goes to their confirmed address.
pub async fn by_mail() -> Post {
    let here = Post::new().await;
    here.confirmed().await;
    here.world.filter(here.person(), "cook").await;
    check(&here.say("to 1 email").await, "come by e-mail from now on");
    here
}

/// The same with a relay.
pub async fn by_relay() -> (Post, FakeSmtp) {
    let mut here = by_mail().await;
    let (smtp, mail): (FakeSmtp, Mail) = plain().await;
    here.leaves_by(mail);
    (here, smtp)
}

fn event(kind: &str, code: u16, said: &str, delivery: &str) -> String {
    format!(
        r#"{{"event":"{kind}","severity":"permanent","reason":"bounce","recipient":"ann@example.com",
            "delivery-status":{{"code":{code},"message":"{said}"}},
            "message":{{"headers":{{"message-id":"{delivery}"}}}}}}"#
    )
}

/// The number of the newest delivery, as a Message-ID.
async fn newest(here: &Post) -> String {
    let id = here.world.count("SELECT max(id) FROM deliveries WHERE state = 'sent'").await;
    format!("delivery.{id}.1790000000@earlybrd.example")
}

/// Fault 48.
#[tokio::test]
async fn an_address_that_does_not_exist_is_told_in_the_chat_with_what_it_did_not_take() {
    let (here, smtp) = by_relay().await;
    smtp.at(Stage::Rcpt, Act::Say("550 5.1.1 no such user"));
    here.show(&["Cook one"]).await;
    let sent = here.world.sent();
    assert_eq!((sent.len(), sent[0].as_str()), (2, "ann: Cook one"), "{sent:?}");
    assert!(sent[1].contains("No more mails go to your address: mail: RCPT TO: 550"), "{sent:?}");
    assert!(sent[1].contains("Filter 1, which went there, comes here"), "{sent:?}");
    here.show(&["Cook two"]).await;
    assert_eq!((here.world.sent().len(), smtp.mails().len()), (3, 0), "the filter moved");
    check(&here.say("email").await, "No address of yours");
    check(&here.say("list").await, "Nothing reaches you in e-mail: mail: RCPT TO: 550");
    // Another one that has not said yes is none.
    check(&here.say("email bob@example.com").await, "is on its way");
    check(&here.say("list").await, "Nothing reaches you in e-mail");
    assert_eq!(here.world.count("SELECT count(*) FROM suppressed WHERE cause = 'bounce'").await, 1);
}

#[tokio::test]
async fn a_no_ends_mails_and_what_waits_and_the_filters_go_to_the_chat() {
    let here = by_mail().await;
    here.match_titles(&["Cook one"]).await;
    let (status, page) = get(&here.no()).await;
    assert!(status == StatusCode::OK && page.contains("told in your chat"));
    here.deliver().await;
    assert_eq!(here.mails().len(), 2, "the page itself ends nothing");
    here.match_titles(&["Cook two"]).await;
    assert_eq!(post(&here.no()).await.0, StatusCode::OK);
    here.deliver().await;
    assert_eq!(post(&here.no()).await.0, StatusCode::OK, "again is fine");
    here.show(&["Cook three"]).await;
    let sent = here.world.sent();
    assert_eq!(here.mails().len(), 2);
    assert_eq!([&sent[0], &sent[2]], ["ann: Cook two", "ann: Cook three"]);
    assert!(sent[1].contains("you ended mails to this address. Filter 1, which"), "{sent:?}");
    assert_eq!(here.world.count("SELECT count(*) FROM owed WHERE state = 'told'").await, 3);
    here.confirmed().await;
    check(&here.say("to 1 email").await, "come by e-mail from now on");
    here.show(&["Cook four"]).await;
    assert_eq!(here.mails().len(), 4, "a question, and a card");
}

#[tokio::test]
async fn what_waits_for_a_digest_by_mail_comes_in_the_chat_once_mail_is_off() {
    let here = by_mail().await;
    here.say("deliver 1 daily 08:00").await;
    here.match_titles(&["Cook one"]).await;
    check(&here.say("email off").await, "filters that went there, come in your chat");
    here.world.clock.advance(HOUR * 24);
    here.deliver().await;
    assert_eq!(here.world.sent(), ["ann: Cook one"]);
}

#[tokio::test]
async fn what_waits_for_an_address_goes_to_the_one_that_takes_its_place() {
    let here = by_mail().await;
    // A mail that is queued, and a digest that gathers.
    here.match_titles(&["Cook one"]).await;
    here.say("deliver 1 daily 08:00").await;
    here.match_titles(&["Cook two", "Cook one"]).await;
    check(&here.say("email new@example.com").await, "new@example.com");
    let asks = here.world.count("SELECT max(id) FROM targets WHERE platform = 'email'").await;
    // Only the question leaves.
    sqlx::query("UPDATE targets SET ready_at = NULL WHERE platform = 'email' AND id <> $1")
        .bind(asks)
        .execute(&here.world.pool)
        .await
        .unwrap();
    here.deliver().await;
    assert_eq!(post(&here.yes()).await.0, StatusCode::OK);
    here.deliver().await;
    here.world.clock.advance(HOUR * 24);
    here.deliver().await;
    let mails = here.mails();
    for title in ["Cook one", "Cook two"] {
        let with: Vec<_> = mails.iter().filter(|mail| mail.contains(title)).collect();
        assert_eq!(with.len(), 1, "{title}");
        assert!(with[0].contains("new@example.com"), "{}", with[0]);
    }
    assert!(here.world.sent().is_empty(), "{:?}", here.world.sent());
    let instead = "SELECT count(*) FROM deliveries WHERE instead_of IS NOT NULL";
    assert_eq!(here.world.count(instead).await, 0, "it is no stopgap");
}

/// Fault 52.
#[tokio::test]
async fn a_no_says_the_same_whatever_its_link_is_and_looking_at_it_ends_nothing() {
    let here = by_mail().await;
    let forged = here.at("unsubscribe", "AQI");
    assert_eq!(get(&forged).await, get(&here.no()).await);
    for url in [&forged, &here.no()] {
        assert_eq!(ask(Method::HEAD, url).await.0, StatusCode::OK);
    }
    let said = post(&forged).await;
    check(&here.say("email").await, "Your address is");
    assert_eq!(said, post(&here.no()).await);
    check(&here.say("email").await, "No address of yours");
    assert_eq!(said, post(&forged).await);
}

/// Fault 53.
#[tokio::test]
async fn a_yes_works_once_for_the_address_that_was_asked_last() {
    let here = Post::new().await;
    here.say("email ann@example.com").await;
    here.deliver().await;
    let first = here.yes();
    here.world.clock.advance(HOUR);
    here.say("email ann@example.com").await;
    here.deliver().await;
    let second = here.yes();
    assert_eq!(get(&first).await.0, StatusCode::GONE, "another took its place");
    assert_eq!(post(&first).await.0, StatusCode::GONE);
    for _ in 0..2 {
        assert_eq!(get(&second).await.0, StatusCode::OK, "looking at it uses nothing");
    }
    assert_eq!(post(&second).await.0, StatusCode::OK);
    assert_eq!((get(&second).await.0, post(&second).await.0), (StatusCode::GONE, StatusCode::GONE));
    // Two are asked; the one that says yes first stays, and the other ends.
    here.say("email two@example.com").await;
    here.deliver().await;
    let two = here.yes();
    here.world.clock.advance(HOUR * 2);
    here.say("email three@example.com").await;
    here.deliver().await;
    assert_eq!(post(&here.yes()).await.0, StatusCode::OK);
    assert_eq!(post(&two).await.0, StatusCode::GONE);
    check(&here.say("email").await, "Your address is three@example.com");
    let clear = "SELECT count(*) FROM emails WHERE link_digest IS NOT NULL";
    assert_eq!(here.world.count(clear).await, 0, "nothing is left that says yes");
}

/// A process of the version before may write while one of this version runs, and keeps no links.
#[tokio::test]
async fn a_link_that_the_version_before_sent_says_yes_once() {
    let here = Post::new().await;
    here.say("email ann@example.com").await;
    here.deliver().await;
    let yes = here.yes();
    let forget = "UPDATE emails SET link_digest = NULL";
    sqlx::query(forget).execute(&here.world.pool).await.unwrap();
    assert_eq!((get(&yes).await.0, post(&yes).await.0), (StatusCode::OK, StatusCode::OK));
    assert_eq!((get(&yes).await.0, post(&yes).await.0), (StatusCode::GONE, StatusCode::GONE));
}

/// It says no causes.
#[tokio::test]
async fn a_bounce_of_the_version_before_is_undone_by_a_yes_and_a_complaint_is_not() {
    let here = Post::new().await;
    for (name, why) in [("ann", "mail: RCPT TO: 550 5.1.1"), ("bob", "its owner complained")] {
        let digest = here.keys.digest(Subject::Suppressed, &format!("{name}@example.com"));
        sqlx::query("INSERT INTO suppressed (digest, why, suppressed_at) VALUES ($1, $2, $3)")
            .bind(digest.to_vec())
            .bind(why)
            .bind(here.world.now())
            .execute(&here.world.pool)
            .await
            .unwrap();
    }
    check(&here.say("email bob@example.com").await, "complained about mails");
    here.confirmed().await;
    check(&here.say("email").await, "Your address is Ann@example.com");
    assert_eq!(here.world.count("SELECT count(*) FROM suppressed").await, 1);
}

#[tokio::test]
async fn one_account_asks_three_addresses_an_hour() {
    let here = Post::new().await;
    for name in ["a", "b", "c"] {
        check(&here.say(&format!("email {name}@example.com")).await, "is on its way");
    }
    check(&here.say("email d@example.com").await, "several times today");
    here.world.clock.advance(HOUR + Duration::from_mins(1));
    check(&here.say("email d@example.com").await, "is on its way");
}

/// Fault 48.
#[tokio::test]
async fn a_mail_that_was_taken_and_came_back_is_told_in_the_chat() {
    let here = by_mail().await;
    here.show(&["Cook one"]).await;
    assert_eq!(here.mails().len(), 2);
    let mail = newest(&here).await;
    let full = event("failed", 552, "5.2.2 full", &mail);
    assert_eq!(here.webhook(&full).await, StatusCode::OK);
    assert_eq!(here.webhook(&full).await, StatusCode::OK, "once is enough");
    here.deliver().await;
    assert_eq!(here.world.sent(), ["ann: Cook one"]);
    check(&here.say("email").await, "Your address is");
    assert_eq!(here.world.count("SELECT count(*) FROM suppressed").await, 0, "it is good");
    // A host that refuses us rests.
    let policy = event("failed", 550, "5.7.1 blocked", "x@y");
    assert_eq!(here.webhook(&policy).await, StatusCode::OK);
    here.show(&["Cook two"]).await;
    assert_eq!(here.mails().len(), 2);
    here.world.clock.advance(HOUR * 2);
    here.deliver().await;
    assert_eq!(here.mails().len(), 3);
    // Somebody else's mail is not taken back by naming it.
    let foreign = event("failed", 552, "5.2.2 full", &newest(&here).await);
    let foreign = foreign.replace("ann@example.com", "eve@example.com");
    assert_eq!(here.webhook(&foreign).await, StatusCode::OK);
    assert_eq!(here.world.count("SELECT count(*) FROM deliveries WHERE state = 'dead'").await, 0);
}

#[tokio::test]
async fn a_yes_lifts_what_a_bounce_did_and_nothing_lifts_a_complaint() {
    let here = by_mail().await;
    here.show(&["Cook one"]).await;
    let mail = newest(&here).await;
    let gone = event("failed", 550, "no such mailbox", &mail);
    assert_eq!(here.webhook_by("guessed", &gone).await, StatusCode::UNAUTHORIZED);
    check(&here.say("email").await, "Your address is");
    for _ in 0..2 {
        assert_eq!(here.webhook(&gone).await, StatusCode::OK);
    }
    here.deliver().await;
    let sent = here.world.sent();
    assert_eq!(sent.len(), 2, "why, and what came back: {sent:?}");
    check(&here.say("email").await, "No address of yours");
    here.confirmed().await;
    here.say("to 1 email").await;
    here.show(&["Cook two"]).await;
    assert_eq!(here.mails().len(), 4, "a question and a card more");
    let complaint = event("complained", 0, "", "x@y");
    assert_eq!(here.webhook(&complaint).await, StatusCode::OK);
    check(&here.say("email ann@example.com").await, "complained about mails");
    assert_eq!(
        here.webhook(&event("opened", 0, "", "x@y")).await,
        StatusCode::OK,
        "not ours to use"
    );
    assert_eq!(here.mails().len(), 4);
}

/// Fault 24.
/// Fault 47.
/// Fault 50.
/// Fault 48.
#[tokio::test]
async fn a_host_that_refuses_us_rests_for_all_who_are_there() {
    let (here, smtp) = by_relay().await;
    smtp.at(Stage::Rcpt, Act::Say("550 5.7.1 blocked"));
    let asked = || smtp.commands().iter().filter(|line| line.starts_with("RCPT")).count();
    here.show(&["Cook one"]).await;
    here.world.clock.advance(Duration::from_mins(10));
    here.show(&["Cook two", "Cook one"]).await;
    assert_eq!(asked(), 1);
    assert_eq!(here.world.count("SELECT count(*) FROM suppressed").await, 0, "the address is good");
    here.world.clock.advance(HOUR * 2);
    here.deliver().await;
    assert_eq!((asked(), smtp.mails().len()), (3, 2));
}

/// Fault 11.
#[tokio::test]
async fn the_pages_of_links_say_within_two_seconds_that_the_database_is_away() {
    let here = Post::new().await;
    here.say("email ann@example.com").await;
    here.deliver().await;
    let (yes, no) = (here.yes(), here.no());
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(here.world.pool.acquire().await.unwrap());
    }
    let began = std::time::Instant::now();
    let asked = [&yes, &no].map(|url| client().post(url).send());
    for answer in futures_util::future::join_all(asked).await {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key("retry-after"));
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    drop(held);
    assert_eq!(post(&yes).await.0, StatusCode::OK);
}
