//! How often Discord is called, whatever it answers, and what rests when it wants to hear less.

use std::time::Duration;

use chrono::TimeDelta;
use earlybrd::db;
use earlybrd::domain::delivery::{MessageRef, SentMessage, Verdict};
use earlybrd::domain::ids::TargetId;
use earlybrd::messenger::Messenger;
use earlybrd::workers::housekeeping::Sweep;

use crate::discord_send::{notice, target};
use crate::fakes::discord::{Trick, shown};
use crate::hall::{ANN, Hall};
use crate::world::drain;

pub const BROKEN: &str = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";
pub const OWED: &str = "SELECT count(*) FROM deliveries WHERE state <> 'sent'";

/// So many people, each with a notice that waits.
pub async fn told(hall: &Hall, people: i64) -> Vec<TargetId> {
    let targets: Vec<i64> = sqlx::query_scalar(
        "WITH a AS (INSERT INTO accounts (kind, created_at)
                    SELECT 'person', $2 FROM generate_series(1, $1) RETURNING id)
         INSERT INTO targets (account_id, platform, address, created_at)
         SELECT id, 'discord', '@' || 1000 + id, $2 FROM a RETURNING id",
    )
    .bind(people)
    .bind(hall.world.now())
    .fetch_all(&hall.world.pool)
    .await
    .unwrap();
    let targets: Vec<TargetId> = targets.into_iter().map(TargetId).collect();
    owe(hall, &targets).await;
    targets
}

async fn owe(hall: &Hall, targets: &[TargetId]) {
    let notices: Vec<_> = targets.iter().map(|target| (*target, "hello".to_owned())).collect();
    let now = hall.world.now();
    db::in_tx(&hall.world.pool, async |tx| db::deliveries::queue_notices(tx, &notices, now).await)
        .await
        .unwrap();
}

/// The stand-in complains about a fifty-first call within a second.
#[tokio::test]
async fn all_calls_of_a_second_are_fewer_than_fifty_and_a_conversation_is_opened_once() {
    let hall = Hall::new().await;
    let targets = told(&hall, 40).await;
    for round in 1..=2 {
        for _ in 0..80 {
            hall.deliver().await;
            hall.world.clock.advance(Duration::from_millis(250));
        }
        assert_eq!(hall.discord.posted().len(), 40 * round);
        assert_eq!(hall.discord.calls("@me/channels").len(), 40);
        owe(&hall, &targets).await;
    }
}

/// Fault 24: half an hour without Discord costs nothing but time, and its end is no rush.
#[tokio::test]
async fn all_is_told_once_when_discord_is_back() {
    for status in [500, 503] {
        let hall = Hall::new().await;
        told(&hall, 20).await;
        hall.discord.away(Some(status));
        for _ in 0..60 {
            hall.deliver().await;
            hall.world.clock.advance(Duration::from_secs(30));
        }
        assert_eq!(hall.discord.posted().len(), 0);
        hall.discord.away(None);
        for _ in 0..50 {
            hall.deliver().await;
            hall.world.clock.advance(Duration::from_mins(3));
        }
        assert_eq!(hall.discord.posted().len(), 20, "{status}");
        assert_eq!(hall.world.count(OWED).await, 0);
    }
}

#[tokio::test]
async fn a_conversation_that_is_no_more_is_opened_again() {
    let hall = Hall::new().await;
    let targets = told(&hall, 1).await;
    hall.deliver().await;
    owe(&hall, &targets).await;
    hall.discord.play("messages", Trick::Refuse(404, 10_003));
    hall.world.clock.advance(Duration::from_secs(10));
    hall.deliver().await;
    assert_eq!(hall.world.count(BROKEN).await, 0);
    hall.world.clock.advance(Duration::from_secs(10));
    hall.deliver().await;
    assert_eq!(hall.discord.posted().len(), 2);
    assert_eq!(hall.discord.calls("@me/channels").len(), 2);
}

#[tokio::test]
async fn what_opens_conversations_rests_by_itself() {
    let limited = r#"{"retry_after":20,"global":false}"#;
    let used_up = vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "20")];
    for trick in
        [Trick::Answer(429, Vec::new(), limited), Trick::Answer(200, used_up, r#"{"id":"91"}"#)]
    {
        let hall = Hall::new().await;
        hall.types(ANN, "list", &[]).await;
        let now = hall.world.now();
        let kept = db::discord::keep_conversation(&hall.world.pool, "@1", Some("91")).await;
        kept.unwrap();
        hall.discord.play("@me/channels", trick);
        let targets = told(&hall, 2).await;
        hall.deliver().await;
        assert_eq!(hall.discord.calls("@me/channels").len(), 1);
        let rests = db::limits::rests_until(&hall.world.pool, "discord/open", now).await.unwrap();
        assert_eq!(rests, Some(now + TimeDelta::seconds(20)));
        // A conversation that is open goes on.
        hall.platform().send(&target("@1"), &notice("hello")).await.unwrap();
        hall.world.clock.advance(Duration::from_secs(30));
        hall.deliver().await;
        hall.world.clock.advance(Duration::from_secs(30));
        hall.deliver().await;
        assert_eq!(hall.discord.posted().len(), 1 + targets.len());
        assert_eq!(hall.world.count(OWED).await, 0);
    }
}

#[tokio::test]
async fn an_edit_that_is_limited_holds_up_no_message() {
    let hall = Hall::new().await;
    let platform = hall.platform();
    let sent = platform.send(&target("@1"), &notice("hello")).await.unwrap();
    let sent =
        SentMessage { delivery: 7.into(), message: sent, at: hall.world.now(), content: None };
    let limited = Trick::Answer(429, Vec::new(), r#"{"retry_after":60,"global":false}"#);
    let MessageRef(name) = &sent.message;
    let id: &'static str = name.split_once('/').unwrap().1.to_owned().leak();
    hall.discord.play(id, limited);
    let verdict = platform.edit(&target("@1"), &sent, &notice("hi")).await.unwrap_err();
    let Verdict::Limited { key, .. } = verdict else { panic!("{verdict:?}") };
    assert!(platform.limits(&target("@1")).iter().all(|limit| limit.key != key));
    // Unless Discord counts both under one name.
    let bucket = |left| vec![("x-ratelimit-bucket", "b"), ("x-ratelimit-remaining", left)];
    let both = [bucket("1"), [bucket("0"), vec![("x-ratelimit-reset-after", "9")]].concat()];
    let [known, used_up] = both;
    hall.discord.play("messages", Trick::Answer(200, known, r#"{"id":"5"}"#));
    platform.send(&target("@1"), &notice("hello")).await.unwrap();
    hall.discord.play(id, Trick::Answer(200, used_up, r#"{"id":"5"}"#));
    platform.edit(&target("@1"), &sent, &notice("hi")).await.unwrap();
    let now = hall.world.now();
    let rests = db::limits::rests_until(&hall.world.pool, "discord/@1", now).await.unwrap();
    assert_eq!(rests, Some(now + TimeDelta::seconds(9)));
}

#[tokio::test]
async fn a_token_that_is_mended_is_used_at_once() {
    let hall = Hall::new().await;
    told(&hall, 1).await;
    hall.discord.play("@me/channels", Trick::Refuse(401, 0));
    hall.deliver().await;
    hall.world.clock.advance(Duration::from_secs(10));
    hall.deliver().await;
    assert_eq!(hall.discord.calls("@me/channels").len(), 1);
    // Another start, with the token that is not taken.
    hall.discord.play("users/@me", Trick::Refuse(401, 0));
    hall.platform().look_at_token().await.unwrap();
    hall.deliver().await;
    assert_eq!(hall.discord.calls("@me/channels").len(), 1);
    hall.platform().look_at_token().await.unwrap();
    hall.deliver().await;
    assert_eq!(hall.discord.posted().len(), 1);
}

/// Fault 26: whoever refuses us is asked three times a day, whatever the code and whatever people type.
#[tokio::test]
async fn a_refusal_is_heard_three_times_a_day_at_the_most() {
    for code in [987_654, 40_004, 50_007, 50_278] {
        let hall = Hall::new().await;
        let board = hall.board().await;
        let preview = hall.types(ANN, "watch", &[("looks-for", "rust")]).await;
        hall.presses(ANN, &preview, "Save").await;
        hall.deliver().await;
        let (place, path) =
            if code == 50_278 { ("@1", "@me/channels") } else { ("91", "91/messages") };
        if code == 50_278 {
            db::discord::keep_conversation(&hall.world.pool, "@1", None).await.unwrap();
        }
        hall.discord.refuse(place, code);
        let before = hall.discord.calls(path).len();
        hall.show(&board, "Rust one").await;
        for hour in 0..23 {
            hall.world.clock.advance(Duration::from_hours(1));
            // In a server, which says nothing of direct messages, and to the bot alone.
            hall.types(ANN.within("70"), "list", &[]).await;
            if hour % 4 == 0 {
                hall.types(ANN, "list", &[]).await;
            }
            drain(&mut Sweep { base: hall.world.base() }).await;
            hall.deliver().await;
        }
        let called = hall.discord.calls(path).len() - before;
        assert!((1..=3).contains(&called), "{code}: {called}");
        assert_eq!(hall.world.count(BROKEN).await, 1, "{code}");
        hall.discord.refuse(place, None);
        hall.world.clock.advance(Duration::from_hours(26));
        drain(&mut Sweep { base: hall.world.base() }).await;
        hall.deliver().await;
        assert_eq!(hall.world.count(BROKEN).await, 0, "{code}");
        assert!(shown(&hall.discord.posted().pop().unwrap().body).contains("Rust one"));
    }
}
