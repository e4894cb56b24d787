//! First contact, however it comes; what Slack tells of removals; channels that nothing reaches.

use std::time::Duration;

use earlybrd::workers::gather::Gather;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fakes::slack::{TOKEN, Trick, shown, value_of};
use crate::office::{Office, said, text, trigger};
use crate::world::drain;

fn is_welcome(blocks: &Value) -> bool {
    earlybrd::render::replies::EXAMPLES.iter().all(|(label, _)| value_of(blocks, label).is_some())
}

fn opens(user: &str, tab: &str) -> Value {
    json!({ "type": "app_home_opened", "user": user, "channel": "D1", "tab": tab })
}

async fn zones(office: &Office) -> i64 {
    office.world.count("SELECT count(*) FROM accounts WHERE timezone = 'Europe/Berlin'").await
}

#[tokio::test]
async fn the_first_line_alone_is_a_welcome_and_takes_the_time_zone() {
    let office = Office::new().await;
    let welcome = office.types("U1", "").await;
    assert!(is_welcome(&welcome["blocks"]), "{}", text(&welcome));
    office.quiet().await;
    assert_eq!(office.slack.calls("views.publish").len(), 1);
    assert_eq!(zones(&office).await, 1);
    let help = office.types("U1", "").await;
    assert!(!is_welcome(&help["blocks"]) && text(&help).contains("watch"), "{}", text(&help));
}

#[tokio::test]
async fn whoever_opened_the_home_page_or_pressed_a_button_first_is_welcomed_all_the_same() {
    let office = Office::new().await;
    office.happens(opens("U1", "home")).await;
    assert_eq!(zones(&office).await, 1);
    assert!(is_welcome(&office.types("U1", "").await["blocks"]));
    let preview = office.types("U1", "watch rust").await;
    office.presses(("U2", "C1"), &preview["blocks"], "Save").await;
    assert_eq!(zones(&office).await, 2);
    assert!(is_welcome(&office.types("U2", "").await["blocks"]));
}

#[tokio::test]
async fn opening_the_conversation_is_answered_with_a_welcome_once() {
    let office = Office::new().await;
    office.slack.play("chat.postMessage", Trick::Refuse("fatal_error"));
    // What was not taken is said the next time.
    for _ in 0..3 {
        office.happens(opens("U1", "messages")).await;
    }
    let posted = office.slack.posted();
    assert_eq!(posted.len(), 1);
    assert!(is_welcome(&posted[0].arguments["blocks"]));
    assert_eq!(zones(&office).await, 1);
}

/// A profile that could not be asked is asked the next time; one that Slack refuses is not.
#[tokio::test]
async fn a_time_zone_that_is_not_said_in_time_is_asked_for_again() {
    let office = Office::new().await;
    office.slack.play("users.info", Trick::Answer(503, Vec::new(), ""));
    office.types("U1", "list").await;
    assert_eq!(zones(&office).await, 0);
    office.types("U1", "list").await;
    assert_eq!(zones(&office).await, 1);
    office.slack.play("users.info", Trick::Refuse("missing_scope"));
    for _ in 0..3 {
        office.types("U2", "list").await;
    }
    assert_eq!(office.slack.calls("users.info").len(), 3);
}

#[tokio::test]
async fn somebody_who_said_their_time_zone_keeps_it() {
    let office = Office::new().await;
    office.slack.play("users.info", Trick::Answer(503, Vec::new(), ""));
    office.types("U1", "timezone Asia/Tokyo").await;
    office.types("U1", "list").await;
    assert_eq!(zones(&office).await, 0);
}

#[tokio::test]
async fn an_answer_that_takes_longer_comes_where_it_can() {
    let office = Office::new().await;
    // At the address that Slack gave.
    office.slack.play("users.info", Trick::Late(Duration::from_millis(700)));
    let answer = office.command(("U1", "D1"), "list", "t1").send().await.unwrap();
    assert_eq!(said(answer).await, "");
    office.quiet().await;
    assert!(text(&office.slack.responses()[0]).contains("no filters"));
    // Where there is none, or one that is not this Slack's, at once.
    let example = "https://hooks.slack.com/commands/1234/5678";
    for (user, url) in [("U2", ""), ("U3", "https://elsewhere.example/x"), ("U4", example)] {
        office.slack.play("users.info", Trick::Late(Duration::from_millis(700)));
        let pairs = [
            ("team_id", "T1"),
            ("user_id", user),
            ("channel_id", "D1"),
            ("command", "/jobs"),
            ("text", "list"),
            ("response_url", url),
        ];
        let answer = office.form("/slack/commands", &pairs).send().await.unwrap();
        let answer: Value = serde_json::from_str(&said(answer).await).unwrap();
        assert!(text(&answer).contains("no filters"), "{answer}");
    }
}

/// What somebody pressed is done by then, and nothing else says so.
#[tokio::test]
async fn an_answer_to_a_button_that_slack_does_not_take_is_offered_again() {
    let office = Office::new().await;
    let preview = office.types("U1", "watch rust").await;
    office.slack.play("response_url", Trick::Answer(503, Vec::new(), ""));
    office.slack.play("response_url", Trick::Answer(429, vec![("retry-after", "1")], ""));
    let saved = office.presses(("U1", "D1"), &preview["blocks"], "Save").await;
    assert!(text(&saved).contains("saved"), "{}", text(&saved));
    // Where it is refused there is nothing to wait for.
    office.slack.play("response_url", Trick::Answer(404, Vec::new(), "used_url"));
    let refused = office.presses(("U1", "D1"), &preview["blocks"], "Save").await;
    assert_eq!(refused, Value::Null);
}

#[tokio::test]
async fn an_answer_to_a_line_that_slack_does_not_take_is_told_again() {
    let office = Office::new().await;
    let list = json!({ "type": "message", "channel_type": "im", "channel": "D1", "user": "U1",
                       "text": "list" });
    office.slack.play("chat.postMessage", Trick::Answer(503, Vec::new(), ""));
    office.happens(list.clone()).await;
    assert_eq!(office.slack.posted().len(), 1);
    // What Slack wants to rest is not asked for before.
    office.slack.play("chat.postMessage", Trick::Answer(429, vec![("retry-after", "1")], ""));
    let rested = async {
        let rests = "SELECT count(*) FROM rate_limits WHERE rests_until IS NOT NULL";
        while office.world.count(rests).await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        office.world.clock.advance(Duration::from_secs(1));
    };
    tokio::join!(office.happens(list), rested);
    assert_eq!(office.slack.posted().len(), 2);
    assert_eq!(office.slack.calls("chat.postMessage").len(), 4);
}

#[tokio::test]
async fn two_lines_with_one_trigger_are_two() {
    let office = Office::new().await;
    for (line, says) in [("list", "no filters"), ("help", "watch"), ("boards", "boards")] {
        let before = office.slack.responses().len();
        let answer = office.command(("U1", "D1"), line, "same").send().await.unwrap();
        let answer = said(answer).await;
        office.quiet().await;
        let late = office.slack.responses().get(before).cloned();
        let answer = late.unwrap_or_else(|| serde_json::from_str(&answer).unwrap());
        assert!(text(&answer).contains(says), "{line}: {}", text(&answer));
    }
}

async fn tokens(office: &Office) -> i64 {
    office.world.count("SELECT count(*) FROM slack_workspaces WHERE sealed IS NOT NULL").await
}

async fn uninstalls(office: &Office, at: i64) {
    let envelope = json!({
        "type": "event_callback", "token": "x", "team_id": "T1", "api_app_id": "A1",
        "event": { "type": "app_uninstalled", "event_ts": "1234567890.123456" },
        "event_id": trigger(), "event_time": at, "authed_users": ["U1"],
    });
    let request = office.signed("/slack/events", "application/json", envelope.to_string());
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    office.quiet().await;
}

#[tokio::test]
async fn a_removal_of_the_first_installation_is_believed_whatever_its_time() {
    for at in [-1_000_000, 0] {
        let office = Office::empty().await;
        // Within a second, as everything is.
        office.world.clock.advance(Duration::from_millis(700));
        office.installed("T1", TOKEN).await;
        uninstalls(&office, office.world.now().timestamp() + at).await;
        assert_eq!(tokens(&office).await, 0);
    }
}

#[tokio::test]
async fn slack_is_asked_about_a_removal_that_may_be_of_an_earlier_installation() {
    let office = Office::new().await;
    office.world.clock.advance(Duration::from_millis(700));
    office.slack.grant("xoxb-next");
    office.installed("T1", "xoxb-next").await;
    let now = office.world.now().timestamp();
    uninstalls(&office, now).await;
    assert_eq!(tokens(&office).await, 1);
    office.slack.revoke("xoxb-next");
    uninstalls(&office, now).await;
    assert_eq!(tokens(&office).await, 0);
}

#[tokio::test]
async fn envelopes_of_every_age_are_read() {
    let office = Office::new().await;
    let sends = async |event: Value| {
        let envelope = json!({
            "token": "x", "team_id": "T1", "api_app_id": "A1", "event": event,
            "type": "event_callback", "event_id": trigger(), "event_time": 1_234_567_890,
            "authed_users": ["U0"],
        });
        let request = office.signed("/slack/events", "application/json", envelope.to_string());
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
        office.quiet().await;
    };
    sends(json!({ "type": "message", "user": "U1", "text": "remote rust", "channel": "D0PNCRP9N",
                  "ts": "1525215129.000001", "event_ts": "1525215129.000001",
                  "channel_type": "app_home" }))
    .await;
    assert!(office.slack.shown().contains("remote"), "{}", office.slack.shown());
    sends(json!({ "type": "member_joined_channel", "user": "U0", "channel": "C1" })).await;
    office.deliver().await;
    assert!(office.slack.shown().contains("/jobs watch"), "{}", office.slack.shown());
    // The bot's name anywhere in a line is no part of it.
    for line in ["<@U0> remote go", "remote go <@U0>"] {
        sends(json!({ "type": "app_mention", "user": "U1", "text": line, "channel": "C1" })).await;
        let told = office.slack.calls("chat.postEphemeral").pop().unwrap();
        let said = shown(&told.arguments["blocks"]);
        assert!(said.contains("remote go"), "{said}");
    }
    sends(json!({ "type": "message", "user": "U1", "text": "<@U0> list", "channel": "D1",
                  "channel_type": "im" }))
    .await;
    assert!(
        shown(&office.slack.posted().pop().unwrap().arguments["blocks"]).contains("no filters")
    );
}

/// The process ended between hearing a line and answering it.
#[tokio::test]
async fn a_line_that_was_heard_and_not_answered_is_answered_when_it_is_told_again() {
    let office = Office::new().await;
    let (pool, now) = (&office.world.pool, office.world.now());
    assert!(earlybrd::db::slack::begin(pool, "event:Ev9", now).await.unwrap());
    let line = json!({ "type": "message", "channel_type": "im", "channel": "D1", "user": "U1",
                       "text": "list" });
    let early = office.event("Ev9", &line).send().await.unwrap();
    assert_eq!(early.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(office.slack.posted().is_empty());
    office.world.clock.advance(Duration::from_mins(1));
    for _ in 0..2 {
        let again = office.event("Ev9", &line).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::OK);
    }
    office.quiet().await;
    assert_eq!(office.slack.posted().len(), 1);
}

/// Nobody hears of it in the channel itself.
#[tokio::test]
async fn whoever_made_a_channels_filter_is_told_that_nothing_reaches_the_channel() {
    let office = Office::new().await;
    let board = office.board().await;
    let preview = office.types_in(("U1", "C1"), "watch rust here").await;
    let saved = office.presses(("U1", "C1"), &preview["blocks"], "Save").await;
    assert!(text(&saved).contains("/invite @earlybrd"), "{}", text(&saved));
    office.slack.play("chat.postMessage", Trick::Refuse("not_in_channel"));
    office.show(&board, "Rust one").await;
    for _ in 0..2 {
        drain(&mut Gather { base: office.world.base() }).await;
        office.world.clock.advance(Duration::from_secs(2));
        office.deliver().await;
    }
    let posted = office.slack.posted();
    assert_eq!(posted.len(), 1, "{}", office.slack.shown());
    assert_eq!(posted[0].channel, "D1");
    let told = shown(&posted[0].arguments["blocks"]);
    assert!(told.contains("c1 (rust)") && told.contains("not_in_channel"), "{told}");
    // Let in, a line there brings what waited.
    let list = text(&office.types_in(("U2", "C1"), "list").await);
    assert!(list.contains("not_in_channel") && list.contains("tried again now"), "{list}");
    office.world.clock.advance(Duration::from_secs(2));
    office.deliver().await;
    let posted = office.slack.posted().pop().unwrap();
    assert_eq!(posted.channel, "C1");
    assert!(shown(&posted.arguments["blocks"]).contains("Rust one"));
}

#[tokio::test]
async fn a_channel_that_is_opened_again_takes_its_cards() {
    let office = Office::new().await;
    for (closed, opened) in
        [("channel_archive", "channel_unarchive"), ("group_archive", "group_unarchive")]
    {
        office.types_in(("U1", "C1"), "list").await;
        office.happens(json!({ "type": closed, "channel": "C1" })).await;
        let broken = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";
        assert_eq!(office.world.count(broken).await, 1, "{closed}");
        office.happens(json!({ "type": opened, "channel": "C1" })).await;
        assert_eq!(office.world.count(broken).await, 0, "{opened}");
    }
}
