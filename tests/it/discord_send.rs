//! Messages to Discord: what is shown, what counts as sent, and what each failure leads to.

use std::time::Duration;

use earlybrd::db;
use earlybrd::discord::{CODES, Means};
use earlybrd::domain::delivery::{Doubt, MessageRef, SentMessage, Verdict};
use earlybrd::domain::message::{Card, Message, Times};
use earlybrd::domain::target::{Platform, Target};
use earlybrd::messenger::Messenger;
use earlybrd::workers::edit_cards::EditCards;

use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::discord::{Trick, shown};
use crate::hall::{ANN, Hall};
use crate::world::drain;

const MESSAGES: &str = "messages";

pub fn target(address: &str) -> Target {
    let (id, account) = (1.into(), 1.into());
    Target { id, account, platform: Platform::Discord, address: address.to_owned() }
}

pub fn notice(text: &str) -> Message {
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

pub async fn watched() -> (Hall, FakeBoard) {
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
    let title = posted.body["embeds"][0]["title"].as_str().unwrap();
    assert_eq!(title, r"Rust \*\*one\*\* \@everyone \<\@1> \[x\](javascript:y)");
    let text = posted.body["embeds"][0]["description"].as_str().unwrap();
    assert!(!text.contains("://") && !text.contains("||s"), "{text}");
    assert_eq!(posted.body["enforce_nonce"], true);
}

/// Whether a verdict is what a code asks for.
type Fits<'a> = &'a dyn Fn(&Verdict) -> bool;

/// Fault 26, as its list has it; `rests` is what rests for a while.
#[tokio::test]
async fn every_code_leads_to_what_it_asks_for() {
    let (gone, ours) = (
        |v: &Verdict| matches!(v, Verdict::Gone { .. }),
        |v: &Verdict| matches!(v, Verdict::Rejected { .. }),
    );
    let later = |v: &Verdict| matches!(v, Verdict::Retry { .. });
    let stops = |v: &Verdict| matches!(v, Verdict::Limited { key, .. } if key == "discord/token");
    let slows = |v: &Verdict| matches!(v, Verdict::Limited { key, .. } if key.contains("/@"));
    let table: [(&[i64], Fits<'_>); 5] = [
        (&[50_007, 50_278, 50_001, 50_013, 10_003, 10_004, 10_015], &gone),
        (&[40_001, 50_014], &stops),
        (&[50_035, 50_006, 40_333, 200_000, 240_000], &ours),
        (&[40_004, 130_000, 987_654, 0], &later),
        (&[20_028, 20_029], &slows),
    ];
    let hall = Hall::new().await;
    let mut user = 100;
    for (codes, fits) in table {
        for code in codes {
            for status in [400, 403, 404] {
                user += 1;
                hall.world.clock.advance(Duration::from_secs(1));
                // What is not wanted is refused without its link, too.
                let refused = if *code >= 200_000 && *code < 900_000 { 2 } else { 1 };
                for _ in 0..refused {
                    hall.discord.play(MESSAGES, Trick::Refuse(status, *code));
                }
                let target = target(&format!("@{user}"));
                let verdict = hall.platform().send(&target, &notice("hello")).await.unwrap_err();
                assert!(fits(&verdict), "{status} {code}: {verdict:?}");
            }
        }
    }
    // Every code of the table has its verdict.
    for (code, means) in CODES {
        hall.world.clock.advance(Duration::from_secs(1));
        user += 1;
        let refused = if *means == Means::Unwanted { 2 } else { 1 };
        for _ in 0..refused {
            hall.discord.play(MESSAGES, Trick::Refuse(400, *code));
        }
        let target = target(&format!("@{user}"));
        let verdict = hall.platform().send(&target, &notice("hello")).await.unwrap_err();
        let fits = match means {
            Means::PlaceIsGone => gone(&verdict),
            Means::TokenIsDead => stops(&verdict),
            Means::OurMistake | Means::Unwanted => ours(&verdict),
            Means::Limited => slows(&verdict),
            Means::Later => later(&verdict),
        };
        assert!(fits, "{code}: {verdict:?}");
    }
    hall.discord.play(MESSAGES, Trick::Refuse(401, 0));
    assert!(stops(&send(&hall).await.unwrap_err()));
    // Who guards Discord says no more than that.
    hall.discord.play(MESSAGES, Trick::Answer(403, Vec::new(), "<html>"));
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
    // Nor does an edit bring it back.
    let sent = "SELECT message_ref FROM deliveries WHERE message_ref LIKE '%/bare'";
    let sent: String = sqlx::query_scalar(sent).fetch_one(&hall.world.pool).await.unwrap();
    let (delivery, at) = (7.into(), hall.world.now());
    let sent = SentMessage { delivery, message: MessageRef(sent), at, content: None };
    let message = Message { notice: None, cards: vec![card(at)], ..notice("") };
    hall.platform().edit(&target("@1"), &sent, &message).await.unwrap();
    let edited = hall.discord.posted().pop().unwrap();
    assert!(shown(&edited.body).contains("Cook"), "{}", shown(&edited.body));
    assert_eq!(edited.body["embeds"][0].get("url"), None);
}

fn card(at: chrono::DateTime<chrono::Utc>) -> Card {
    Card {
        opening: 1.into(),
        sample: false,
        version: 1,
        title: "Cook".to_owned(),
        url: Some("https://a.example/1".to_owned()),
        company: None,
        location: None,
        remote: None,
        pay: None,
        body: String::new(),
        board: "B".to_owned(),
        also_on: Vec::new(),
        closed: false,
        posted: None,
        attribution: None,
        filters: Vec::new(),
        times: Times { posted: None, seen: at, matched: at },
    }
}

#[tokio::test]
async fn nothing_counts_as_sent_without_the_messages_number() {
    let hall = Hall::new().await;
    for (status, body) in [(200, ""), (200, "<html>"), (200, "{}"), (200, r#"{"id":7}"#), (500, "")]
    {
        hall.world.clock.advance(Duration::from_secs(2));
        hall.discord.play(MESSAGES, Trick::DoneBut(status, body));
        let verdict = send(&hall).await.unwrap_err();
        assert!(matches!(verdict, Verdict::Unknown { .. }), "{body}: {verdict:?}");
    }
    // Whoever stands between us and Discord may have passed it on.
    for status in [502, 503, 504] {
        hall.world.clock.advance(Duration::from_secs(2));
        hall.discord.play(MESSAGES, Trick::DoneBut(status, "<html>"));
        assert!(matches!(send(&hall).await.unwrap_err(), Verdict::Unknown { .. }), "{status}");
    }
    hall.discord.play(MESSAGES, Trick::Refuse(503, 130_000));
    assert!(matches!(send(&hall).await.unwrap_err(), Verdict::Retry { .. }));
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
        (
            vec![("x-ratelimit-global", "true"), ("retry-after", "7")],
            r#"{"message":"limited"}"#,
            "discord",
            Some(7),
        ),
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
        // By then Discord knows its number no more: it is looked for.
        let looked = hall.discord.calls("messages?limit").len();
        assert_eq!(looked, usize::from(later > Duration::from_mins(2)));
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
