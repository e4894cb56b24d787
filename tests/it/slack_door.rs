//! Slack's requests: what is believed, what is answered when, and what is done once.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fakes::board::FakeBoard;
use crate::fakes::slack::{TOKEN, Trick, shown, value_of};
use crate::office::{Office, said, text, trigger};

#[tokio::test]
async fn what_is_not_signed_is_refused_whatever_it_says() {
    let office = Office::new().await;
    let good = || office.command(("U1", "D1"), "list", "t").build().unwrap();
    let refused = async |change: &dyn Fn(&mut reqwest::Request)| {
        let mut request = good();
        change(&mut request);
        let answer = office.client.execute(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(said(answer).await, r#"{"error":"invalid request"}"#);
    };
    let header = |request: &mut reqwest::Request, name: &'static str, value: &str| {
        request.headers_mut().insert(name, value.parse().unwrap());
    };
    refused(&|request| drop(request.headers_mut().remove("x-slack-signature"))).await;
    refused(&|request| drop(request.headers_mut().remove("x-slack-request-timestamp"))).await;
    refused(&|request| header(request, "x-slack-signature", &format!("v0={}", "0".repeat(64))))
        .await;
    refused(&|request| *request.body_mut() = Some("team_id=T1&user_id=U2&text=list".into())).await;
    for seconds in [-301, 301] {
        let at = (office.world.now().timestamp() + seconds).to_string();
        refused(&|request| header(request, "x-slack-request-timestamp", &at)).await;
    }
    assert_eq!(office.world.count("SELECT count(*) FROM accounts").await, 0);
    assert!(office.client.execute(good()).await.unwrap().status().is_success());
}

#[tokio::test]
async fn slack_may_look_whether_somebody_is_there() {
    let office = Office::new().await;
    let url = office.base.join("/slack/commands").unwrap();
    let probe = office.client.post(url).header("content-type", "application/x-www-form-urlencoded");
    let answer = probe.body("ssl_check=1&token=x").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(said(answer).await, "");
    for path in earlybrd::slack::PATHS {
        let probe = office.get(&format!("{path}?ssl_check=1&token=x")).send().await.unwrap();
        assert_eq!(probe.status(), StatusCode::OK, "{path}");
        let other = office.get(path).send().await.unwrap();
        assert_eq!(other.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(other.headers()["allow"], "POST", "{path}");
    }
    let body = json!({ "type": "url_verification", "challenge": "3eZbrw1a", "token": "x" });
    let kind = "application/json; charset=utf-8";
    let answer = office.signed("/slack/events", kind, body.to_string()).send().await.unwrap();
    let answer: Value = serde_json::from_str(&said(answer).await).unwrap();
    assert_eq!(answer["challenge"], "3eZbrw1a");
    let unsigned = office.client.post(office.base.join("/slack/events").unwrap());
    let unsigned = unsigned.header("content-type", kind).body(body.to_string());
    assert_eq!(unsigned.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn somebody_watches_sees_a_card_and_says_what_they_make_of_it() {
    let office = Office::new().await;
    let board = office.board().await;
    let preview = office.types("U1", "watch rust pay&gt;=80k").await;
    assert!(text(&preview).contains("rust pay"), "{}", text(&preview));
    let saved = office.presses(("U1", "D1"), &preview["blocks"], "Save").await;
    assert!(text(&saved).contains("saved"), "{}", text(&saved));
    office.show(&board, "Rust one").await;
    let posted = office.slack.posted();
    let card = &posted.last().unwrap().arguments["blocks"];
    assert!(shown(card).contains("Rust one"));
    for (label, says) in [
        ("Save", "Saved"),
        ("Applied", "applied"),
        ("Not for me", "not for you"),
        ("Mute Acme", "Acme"),
    ] {
        let answer = office.presses(("U1", "D1"), card, label).await;
        assert_eq!(answer["response_type"], "ephemeral");
        assert_eq!(answer["replace_original"], false);
        assert!(text(&answer).contains(says), "{label}: {}", text(&answer));
    }
    let list = office.types("U1", "list").await;
    assert!(text(&list).contains("rust pay"), "{}", text(&list));
}

#[tokio::test]
async fn a_mistake_is_answered_with_help_and_never_with_an_error() {
    let office = Office::new().await;
    for (line, says) in [
        ("wacth rust", "watch"),
        ("watch titel:rust", "title:"),
        ("watch &lt;b&gt;", "^"),
        ("help", "watch"),
        ("", "begin with an example"),
        ("", "watch"),
    ] {
        let answer = office.types("U1", line).await;
        assert!(text(&answer).contains(says), "{line}: {}", text(&answer));
    }
    office.quiet().await;
    assert!(!office.slack.calls("views.publish").is_empty(), "/jobs alone opens the home page");
}

#[tokio::test]
async fn every_command_is_answered() {
    let office = Office::new().await;
    for spec in earlybrd::commands::COMMANDS {
        let answer = office.types("U1", spec.help.example).await;
        assert!(!text(&answer).is_empty(), "{}", spec.name);
    }
}

#[tokio::test]
async fn here_in_a_channel_makes_a_filter_of_the_workspace() {
    let office = Office::new().await;
    let board = office.board().await;
    let preview = office.types_in(("U1", "C1"), "watch rust here").await;
    office.presses(("U1", "C1"), &preview["blocks"], "Save").await;
    office.show(&board, "Rust one").await;
    let posted = office.slack.posted();
    assert!(posted.iter().all(|posted| posted.channel == "C1") && !posted.is_empty());
    // Anybody in the channel may say what they make of it, and only for themselves.
    let card = &posted.last().unwrap().arguments["blocks"];
    let answer = office.presses(("U2", "C1"), card, "Save").await;
    assert!(text(&answer).contains("Saved"), "{}", text(&answer));
    assert!(text(&office.types("U2", "saved").await).contains("Rust one"));
    assert!(!text(&office.types("U1", "saved").await).contains("Rust one"));
    // Somebody elsewhere may not.
    let elsewhere = office.presses(("U3", "D3"), card, "Save").await;
    assert!(text(&elsewhere).contains("not yours"), "{}", text(&elsewhere));
    let paused = office.types_in(("U2", "C1"), "pause c1").await;
    assert!(text(&paused).contains("paused"), "{}", text(&paused));
    assert!(text(&office.types("U1", "list").await).contains("no filters"));
}

/// Ids of somebody else lead nowhere.
#[tokio::test]
async fn nobody_reaches_what_is_somebody_elses() {
    let office = Office::new().await;
    let preview = office.types("U1", "watch rust").await;
    let stolen = office.presses(("U2", "D2"), &preview["blocks"], "Save").await;
    assert!(!text(&stolen).contains("is saved"), "{}", text(&stolen));
    assert_eq!(office.world.count("SELECT count(*) FROM filters").await, 0);
    let saved = office.presses(("U1", "D1"), &preview["blocks"], "Save").await;
    assert!(text(&saved).contains("saved"));
    let shown = office.types("U2", "show 1").await;
    assert!(!text(&shown).contains("rust"), "{}", text(&shown));
}

#[tokio::test]
async fn the_same_thing_told_four_times_is_done_once() {
    let office = Office::new().await;
    office.types("U1", "list").await;
    let preview = office.types("U1", "watch rust").await;
    let value = value_of(&preview["blocks"], "Save").unwrap();
    let press = json!({
        "type": "block_actions", "team": { "id": "T1" }, "user": { "id": "U1" },
        "trigger_id": "same", "response_url": office.slack.response_url(),
        "actions": [{ "action_id": "press:1", "value": value }],
    });
    let four = [(); 4].map(|()| office.interacts(&press));
    let before = office.slack.responses().len();
    futures_util::future::join_all(four).await;
    office.quiet().await;
    assert_eq!(office.slack.responses().len(), before + 1);
    let line = json!({ "type": "message", "channel_type": "im", "channel": "D1", "user": "U1",
                       "text": "remote go", "ts": "1.1" });
    let four = [(); 4].map(|()| office.event("Ev1", &line).send());
    for answer in futures_util::future::join_all(four).await {
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
    office.quiet().await;
    assert_eq!(office.slack.posted().len(), 1);
    assert!(office.slack.shown().contains("remote"), "{}", office.slack.shown());
    let answers = [(); 4].map(|()| office.command(("U1", "D1"), "list", "one").send());
    let mut answered = 0;
    for answer in futures_util::future::join_all(answers).await {
        answered += usize::from(!said(answer.unwrap()).await.is_empty());
    }
    office.quiet().await;
    // At once or, if that took long, at the address that came with it.
    answered += office.slack.responses().len() - before - 1;
    assert_eq!(answered, 1);
}

#[tokio::test]
async fn a_line_to_the_bot_proposes_a_filter_and_bots_are_not_answered() {
    let office = Office::new().await;
    let said = |more: Value| {
        let mut event = json!({ "type": "message", "channel_type": "im", "channel": "D1",
                                "user": "U1", "text": "remote rust" });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    office.happens(said(json!({ "bot_id": "B1" }))).await;
    office.happens(said(json!({ "bot_id": "B1", "type": "app_mention", "channel": "C1" }))).await;
    office.happens(said(json!({ "subtype": "message_changed" }))).await;
    office.happens(said(json!({ "channel_type": "channel" }))).await;
    assert!(office.slack.posted().is_empty());
    office.happens(said(json!({ "something": { "new": [1] } }))).await;
    let posted = office.slack.posted();
    let saved = office.presses(("U1", "D1"), &posted[0].arguments["blocks"], "Save").await;
    assert!(text(&saved).contains("saved"), "{}", text(&saved));
    office
        .happens(said(json!({ "type": "app_mention", "channel": "C1", "text": "<@U0> list" })))
        .await;
    let told = office.slack.calls("chat.postEphemeral");
    assert_eq!((told[0].text("user"), told[0].text("channel")), ("U1", "C1"));
}

#[tokio::test]
async fn the_bot_introduces_itself_once() {
    let office = Office::new().await;
    let joins = |user: &str| json!({ "type": "member_joined_channel", "user": user, "channel": "C1", "team": "T1" });
    office.happens(joins("U5")).await;
    office.deliver().await;
    assert!(office.slack.posted().is_empty());
    for _ in 0..3 {
        office.happens(joins("U0")).await;
        office.world.clock.advance(Duration::from_secs(2));
        office.deliver().await;
    }
    assert_eq!(office.slack.posted().len(), 1);
    assert!(office.slack.shown().contains("/jobs watch"));
}

#[tokio::test]
async fn the_home_page_turns_filters_on_and_off() {
    let office = Office::new().await;
    let preview = office.types("U1", "watch rust").await;
    office.presses(("U1", "D1"), &preview["blocks"], "Save").await;
    let opened = json!({ "type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "home" });
    office.happens(opened).await;
    let home = office.slack.calls("views.publish").pop().unwrap();
    assert_eq!(home.text("user_id"), "U1");
    let view = &home.arguments["view"];
    assert!(shown(view).contains("1 rust"), "{}", shown(view));
    let value = value_of(view, "Pause").unwrap();
    office
        .interacts(&json!({
            "type": "block_actions", "team": { "id": "T1" }, "user": { "id": "U1" },
            "container": { "type": "view" }, "trigger_id": "p1",
            "actions": [{ "action_id": "press:1", "value": value }],
        }))
        .await;
    office.quiet().await;
    assert_eq!(office.slack.calls("views.open").len(), 1);
    let home = office.slack.calls("views.publish").pop().unwrap();
    let view = &home.arguments["view"];
    assert!(value_of(view, "Resume").is_some());
    // The menu beside a filter: its form shows the filter as it is.
    office
        .interacts(&json!({
            "type": "block_actions", "team": { "id": "T1" }, "user": { "id": "U1" },
            "container": { "type": "view" }, "trigger_id": "p2",
            "actions": [{ "type": "overflow", "action_id": "press:1",
                          "selected_option": { "value": value_of(view, "Edit").unwrap() } }],
        }))
        .await;
    office.quiet().await;
    let form = office.slack.calls("views.open").pop().unwrap();
    let line = &form.arguments["view"]["blocks"][0]["element"]["initial_value"];
    assert_eq!(line, "rust");
    office.slack.posted();
}

#[tokio::test]
async fn a_workspace_that_removes_the_app_is_forgotten_at_once_and_a_new_token_outlives_old_news() {
    let office = Office::new().await;
    let preview = office.types("U1", "watch rust").await;
    office.presses(("U1", "D1"), &preview["blocks"], "Save").await;
    let tokens = "SELECT count(*) FROM slack_workspaces WHERE sealed IS NOT NULL";
    // A person's token is none of ours.
    office.happens(json!({ "type": "tokens_revoked", "tokens": { "oauth": ["U1"] } })).await;
    assert_eq!(office.world.count(tokens).await, 1);
    let revoked = json!({ "type": "tokens_revoked", "tokens": { "bot": ["U0"] } });
    let uninstalled = json!({ "type": "app_uninstalled" });
    let late = [&revoked, &uninstalled].map(|event| office.event(&trigger(), event));
    office.happens(uninstalled.clone()).await;
    office.happens(revoked.clone()).await;
    assert_eq!(office.world.count(tokens).await, 0);
    let broken = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";
    assert_eq!(office.world.count(broken).await, 1);
    office.world.clock.advance(Duration::from_mins(1));
    office.installed("T1", TOKEN).await;
    assert_eq!(office.world.count(broken).await, 0);
    for old in late {
        assert_eq!(old.send().await.unwrap().status(), StatusCode::OK);
    }
    office.quiet().await;
    assert_eq!(office.world.count(tokens).await, 1);
    let dump: i64 = office
        .world
        .count("SELECT count(*) FROM slack_workspaces WHERE sealed::text LIKE '%xoxb%'")
        .await;
    assert_eq!(dump, 0);
}

#[tokio::test]
async fn a_channel_that_is_closed_rests() {
    let office = Office::new().await;
    let preview = office.types_in(("U1", "C1"), "watch rust here").await;
    office.presses(("U1", "C1"), &preview["blocks"], "Save").await;
    office
        .happens(json!({ "type": "channel_rename", "channel": { "id": "C1", "name": "x" } }))
        .await;
    let broken = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";
    assert_eq!(office.world.count(broken).await, 0);
    office.happens(json!({ "type": "channel_archive", "channel": "C1", "user": "U1" })).await;
    assert_eq!(office.world.count(broken).await, 1);
}

#[tokio::test]
async fn answers_go_nowhere_but_to_slack() {
    let office = Office::new().await;
    let trap = FakeBoard::start().await;
    let elsewhere = trap.url.as_str().replace("127.0.0.1", "localhost");
    let press = json!({
        "type": "block_actions", "team": { "id": "T1" }, "user": { "id": "U1" },
        "trigger_id": "x", "response_url": elsewhere,
        "actions": [{ "action_id": "press:1", "value": "say:list" }],
    });
    office.interacts(&press).await;
    office.quiet().await;
    assert!(trap.requests().is_empty());
}

#[tokio::test]
async fn what_nobody_knows_is_answered_all_the_same() {
    let office = Office::new().await;
    for event in
        [json!({}), json!({ "type": "new_thing" }), json!(null), json!({ "type": "message" })]
    {
        office.happens(event).await;
    }
    for payload in [
        json!({}),
        json!({ "type": "new_thing", "team": { "id": "T1" }, "user": { "id": "U1" } }),
        json!({ "type": "block_actions", "team": { "id": "T1" }, "user": { "id": "U1" } }),
        json!({ "type": "block_actions", "team": { "id": "../x" }, "user": { "id": "U1" } }),
    ] {
        office.interacts(&payload).await;
    }
    let answer = office.form("/slack/commands", &[("command", "/jobs")]).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer = office.signed("/slack/events", "application/json", "{".to_owned()).send().await;
    assert_eq!(answer.unwrap().status(), StatusCode::BAD_REQUEST);
    office.slack.play("views.open", Trick::Refuse("expired_trigger_id"));
    let fill = json!({ "type": "block_actions", "team": { "id": "T1" }, "user": { "id": "U1" },
                       "trigger_id": "f", "actions": [{ "value": "fill:watch " }] });
    office.interacts(&fill).await;
    office.quiet().await;
    assert_eq!(office.slack.calls("views.open").len(), 1);
}
