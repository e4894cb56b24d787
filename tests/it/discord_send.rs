//! Messages to Discord: what is shown, what counts as sent, and what each failure leads to.

use std::time::Duration;

use earlybrd::db;
use earlybrd::discord::{CODES, INVALID_A_WINDOW, Means};
use earlybrd::domain::delivery::{Doubt, Verdict};
use earlybrd::domain::message::Message;
use earlybrd::domain::target::{Platform, Target};
use earlybrd::messenger::Messenger;
use earlybrd::workers::edit_cards::EditCards;

use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::discord::{Trick, shown};
use crate::hall::{ANN, Hall};
use crate::world::drain;

const MESSAGES: &str = "messages";

fn target(address: &str) -> Target {
    let (id, account) = (1.into(), 1.into());
    Target { id, account, platform: Platform::Discord, address: address.to_owned() }
}

fn notice(text: &str) -> Message {
    Message {
        delivery: 7.into(),
        created: chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        kind: earlybrd::domain::message::Kind::Cards,
        instead: None,
        notice: Some(text.to_owned()),
        about: None,
        cards: Vec::new(),
    }
}

async fn send(hall: &Hall) -> Result<(), Verdict> {
    hall.platform().send(&target("@1"), &notice("hello")).await.map(drop)
}

async fn watched() -> (Hall, FakeBoard) {
    let hall = Hall::new().await;
    let board = hall.board().await;
    let preview = hall.types(ANN, "watch", &[("looks-for", "rust")]).await;
    hall.presses(ANN, &preview, "Save").await;
    (hall, board)
}

#[tokio::test]
async fn nothing_of_a_posting_calls_links_or_formats() {
    let (hall, board) = watched().await;
    board.show(&[Item {
        title: "Rust **one** @everyone &lt;@1&gt; [x](javascript:y)",
        link: "javascript:alert(1)",
        body: "Company: Acme\n&lt;@&amp;2&gt; @here https://evil.example/ ||spoiler|| `code`",
        ..Item::titled("x")
    }]);
    hall.world.poll_again().await;
    hall.world.match_all().await;
    hall.deliver().await;
    // The stand-in refuses what calls, links or is too long.
    let posted = hall.discord.posted().pop().unwrap();
    assert_eq!(posted.body["embeds"][0].get("url"), None);
    let text = posted.body["embeds"][0]["description"].as_str().unwrap();
    assert!(!text.contains("://") && !text.contains("||s"), "{text}");
    assert_eq!(posted.body["enforce_nonce"], true);
}

#[tokio::test]
async fn every_code_leads_to_the_verdict_of_the_table() {
    let hall = Hall::new().await;
    for (code, means) in CODES {
        hall.discord.play(MESSAGES, Trick::Refuse(403, *code));
        if *means == Means::Unwanted {
            hall.discord.play(MESSAGES, Trick::Refuse(403, *code));
        }
        let verdict = send(&hall).await.unwrap_err();
        let fits = match means {
            Means::PlaceIsGone => matches!(verdict, Verdict::Gone { .. }),
            Means::TokenIsDead => {
                matches!(&verdict, Verdict::Limited { key, .. } if key == "discord")
            }
            Means::OurMistake | Means::Unwanted => matches!(verdict, Verdict::Rejected { .. }),
            Means::Limited => {
                matches!(&verdict, Verdict::Limited { key, .. } if key == "discord/@1")
            }
            Means::Later => matches!(verdict, Verdict::Retry { .. }),
        };
        assert!(fits, "{code}: {verdict:?}");
    }
    hall.discord.play(MESSAGES, Trick::Refuse(400, 987_654));
    assert!(matches!(send(&hall).await.unwrap_err(), Verdict::Retry { .. }));
    hall.discord.play(MESSAGES, Trick::Refuse(401, 0));
    let verdict = send(&hall).await.unwrap_err();
    assert!(matches!(&verdict, Verdict::Limited { key, .. } if key == "discord"), "{verdict:?}");
}

#[tokio::test]
async fn a_link_that_is_not_wanted_is_left_out_once() {
    let (hall, board) = watched().await;
    hall.discord.play(MESSAGES, Trick::Refuse(400, 240_000));
    hall.show(&board, "Rust one").await;
    let posted = hall.discord.posted();
    let cards: Vec<_> = posted.iter().filter(|it| shown(&it.body).contains("Rust one")).collect();
    assert_eq!(cards.len(), 1);
    assert_eq!(cards[0].body["embeds"][0].get("url"), None);
    assert_eq!(hall.world.count("SELECT count(*) FROM deliveries WHERE state <> 'sent'").await, 0);
}

#[tokio::test]
async fn nothing_counts_as_sent_without_the_messages_number() {
    let hall = Hall::new().await;
    for (status, body) in [(200, ""), (200, "<html>"), (200, "{}"), (200, r#"{"id":7}"#), (500, "")]
    {
        hall.discord.play(MESSAGES, Trick::DoneBut(status, body));
        let verdict = send(&hall).await.unwrap_err();
        assert!(matches!(verdict, Verdict::Unknown { .. }), "{body}: {verdict:?}");
    }
    for status in [502, 503] {
        hall.discord.play(MESSAGES, Trick::Answer(status, Vec::new(), "<html>"));
        assert!(matches!(send(&hall).await.unwrap_err(), Verdict::Retry { .. }), "{status}");
    }
    assert_eq!(send(&hall).await, Ok(()));
    // All of them had one number: it is there once.
    assert_eq!(hall.discord.posted().len(), 1);
}

#[tokio::test]
async fn a_429_says_who_rests() {
    let hall = Hall::new().await;
    for (headers, body, want, after) in [
        (vec![], r#"{"retry_after":2.5,"global":false}"#, "discord/@1", Some(2)),
        (vec![], r#"{"retry_after":30,"global":true}"#, "discord", Some(30)),
        (
            vec![("x-ratelimit-scope", "shared")],
            r#"{"retry_after":9,"global":false}"#,
            "discord/@1",
            Some(9),
        ),
        (vec![("retry-after", "60")], "<html>", "discord", Some(60)),
        (vec![("retry-after", "NaN")], "error code: 1015", "discord", None),
    ] {
        hall.discord.play(MESSAGES, Trick::Answer(429, headers, body));
        let Err(Verdict::Limited { key, after: rests, .. }) = send(&hall).await else {
            panic!("{body}")
        };
        assert_eq!((key.as_str(), rests.map(|it| it.as_secs())), (want, after), "{body}");
    }
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_there_once() {
    for later in [Duration::from_secs(10), Duration::from_mins(10)] {
        let (hall, board) = watched().await;
        hall.discord.play(MESSAGES, Trick::DoneBut(500, ""));
        hall.show(&board, "Rust one").await;
        let before = hall.discord.posted().len();
        hall.world.clock.advance(later);
        hall.deliver().await;
        assert_eq!(hall.discord.posted().len(), before);
        let sent = "SELECT count(*) FROM deliveries WHERE state = 'sent'";
        assert!(hall.world.count(sent).await >= 1);
        let unsent = "SELECT count(*) FROM deliveries WHERE state <> 'sent'";
        assert_eq!(hall.world.count(unsent).await, 0, "{later:?}");
    }
}

#[tokio::test]
async fn discord_is_believed_to_know_a_message_again_for_two_minutes_only() {
    let platform = Hall::new().await.platform();
    let doubt = |after| platform.in_doubt(&target("@1"), after);
    assert_eq!(doubt(Duration::from_secs(119)), Doubt::Same);
    assert_eq!(doubt(Duration::from_mins(2)), Doubt::Ask);
    assert_eq!(doubt(Duration::from_hours(25)), Doubt::Once);
}

#[tokio::test]
async fn a_card_is_edited_in_place() {
    let (hall, board) = watched().await;
    let other = FakeBoard::start().await;
    hall.world.board("two", &other.url).await;
    hall.world.poll().await;
    let job = Item { body: "Company: Acme\nLocation: Berlin", ..Item::titled("Rust one") };
    board.show(&[job]);
    hall.world.poll_again().await;
    hall.world.match_all().await;
    hall.deliver().await;
    let before = hall.discord.posted().len();
    other.show(&[job]);
    hall.world.poll_again().await;
    let platforms = vec![Platform::Discord];
    drain(&mut EditCards { base: hall.world.base(), platforms }).await;
    for _ in 0..5 {
        hall.world.clock.advance(Duration::from_secs(2));
        hall.deliver().await;
    }
    let posted = hall.discord.posted();
    assert_eq!(posted.len(), before);
    let text = shown(&posted.last().unwrap().body);
    assert!(text.contains("also on"), "{text}");
}

/// Discord shuts a machine out after ten thousand refusals in ten minutes.
#[tokio::test]
async fn too_many_refusals_rest_everything() {
    let hall = Hall::new().await;
    let (now, window) = (hall.world.now(), Duration::from_mins(10));
    let stored = INVALID_A_WINDOW - 2;
    sqlx::query("INSERT INTO discord_invalid (minute, count) VALUES ($1, $2)")
        .bind(now - chrono::TimeDelta::minutes(5))
        .bind(stored)
        .execute(&hall.world.pool)
        .await
        .unwrap();
    hall.discord.always(Some(Trick::Refuse(403, 50_007)));
    assert!(matches!(send(&hall).await.unwrap_err(), Verdict::Gone { .. }));
    let Err(Verdict::Limited { key, after, .. }) = send(&hall).await else { panic!("it goes on") };
    assert_eq!((key.as_str(), after), ("discord", Some(window)));
    // What others are limited by is not ours.
    hall.discord.always(None);
    hall.world.clock.advance(Duration::from_mins(16));
    let count = db::discord::count_invalid(&hall.world.pool, hall.world.now(), window).await;
    assert_eq!(count.unwrap(), 1);
}

/// Whoever waits for a 429 has counted one against the machine.
#[tokio::test]
async fn a_place_that_took_its_last_message_for_now_rests() {
    for (left, after, rests) in [
        ("0", "4.5", Some(4_500)),
        ("0", "1e9", Some(600_000)),
        ("1", "4.5", None),
        ("0", "NaN", None),
        ("0", "inf", None),
        ("0", "-1", None),
        ("x", "4.5", None),
    ] {
        let hall = Hall::new().await;
        let headers = vec![("x-ratelimit-remaining", left), ("x-ratelimit-reset-after", after)];
        hall.discord.play(MESSAGES, Trick::Answer(200, headers, r#"{"id":"5"}"#));
        assert_eq!(send(&hall).await, Ok(()));
        let now = hall.world.now();
        let until = db::limits::rests_until(&hall.world.pool, "discord/@1", now).await.unwrap();
        let found = until.map(|until| (until - now).num_milliseconds());
        assert_eq!(found, rests, "{left} {after}");
    }
}
