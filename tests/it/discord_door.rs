//! Discord's requests: what is believed, what is answered, and what is done once.

use earlybrd::discord::Registered;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fakes::discord::{button, fits, shown};
use crate::hall::{ANN, BEN, Hall};
use crate::office::said;
use crate::slack_faults::{actions, dump};

#[tokio::test]
async fn what_is_not_signed_is_refused_whatever_it_says() {
    let hall = Hall::new().await;
    let payload = Hall::payload(2, ANN, Hall::command("list", &[]));
    let good = || hall.signed("/discord/interactions", &payload).build().unwrap();
    let refused = async |change: &dyn Fn(&mut reqwest::Request)| {
        let mut request = good();
        change(&mut request);
        let answer = hall.client.execute(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(said(answer).await, "invalid request signature");
    };
    let header = |request: &mut reqwest::Request, name: &'static str, value: &str| {
        request.headers_mut().insert(name, value.parse().unwrap());
    };
    refused(&|request| drop(request.headers_mut().remove("x-signature-ed25519"))).await;
    refused(&|request| drop(request.headers_mut().remove("x-signature-timestamp"))).await;
    refused(&|request| header(request, "x-signature-ed25519", &"00".repeat(64))).await;
    refused(&|request| *request.body_mut() = Some(r#"{"type":1}"#.into())).await;
    for seconds in [-301, 301] {
        let at = (hall.world.now().timestamp() + seconds).to_string();
        refused(&|request| header(request, "x-signature-timestamp", &at)).await;
    }
    assert_eq!(hall.world.count("SELECT count(*) FROM accounts").await, 0);
    let pong = hall.interact(&json!({ "type": 1, "id": "1", "application_id": "12" })).await;
    assert_eq!(pong, json!({ "type": 1 }));
    assert_eq!(hall.interact(&payload).await["type"], 4);
}

#[tokio::test]
async fn somebody_watches_sees_a_card_and_says_what_they_make_of_it() {
    let hall = Hall::new().await;
    let board = hall.board().await;
    let preview = hall.types(ANN, "watch", &[("looks-for", "rust pay>=80k")]).await;
    assert!(shown(&preview).contains("rust pay"), "{}", shown(&preview));
    let saved = hall.presses(ANN, &preview, "Save").await;
    // In place of the preview, whose buttons are used up.
    assert_eq!(saved["type"], 7);
    assert!(shown(&saved).contains("saved"), "{}", shown(&saved));
    hall.show(&board, "Rust one").await;
    let posted = hall.discord.posted().pop().unwrap();
    assert_eq!(posted.channel, "91");
    assert!(shown(&posted.body).contains("Rust one"));
    for (label, says) in
        [("Save", "Saved"), ("Applied", "applied"), ("Not for me", "Why?"), ("Mute Acme", "Acme")]
    {
        let answer = hall.presses(ANN, &posted.body, label).await;
        assert_eq!((&answer["type"], &answer["data"]["flags"]), (&json!(4), &json!(64)));
        assert!(shown(&answer).contains(says), "{label}: {}", shown(&answer));
    }
    let stolen = hall.presses(BEN, &posted.body, "Save").await;
    assert!(shown(&stolen).contains("not yours"), "{}", shown(&stolen));
    let list = hall.types(ANN, "list", &[]).await;
    assert!(shown(&list).contains("rust pay"), "{}", shown(&list));
}

/// A subcommand, its options, and the line that it stands for.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

/// Each says what the line says that it stands for.
#[tokio::test]
async fn every_command_is_answered_as_its_line_is() {
    let hall = Hall::new().await;
    let rows: &[Row<'_>] = &[
        ("watch", &[("looks-for", "marketing email")], "watch marketing email dm"),
        ("watch", &[("looks-for", "rust"), ("where", "email")], "watch rust email"),
        ("test", &[("looks-for", "rust -senior")], "test rust -senior"),
        ("list", &[], "list"),
        ("show", &[("filter", "1")], "show 1"),
        ("edit", &[("looks-for", "go"), ("filter", "1")], "edit 1 go"),
        ("rename", &[("filter", "1"), ("name", "Mine")], "rename 1 Mine"),
        ("pause", &[("filter", "1")], "pause 1"),
        ("resume", &[("filter", "1")], "resume 1"),
        ("when deliver", &[("filter", "1"), ("how-often", "daily 08:00")], "deliver 1 daily 08:00"),
        ("where to", &[("filter", "1"), ("place", "dm")], "to 1 dm"),
        ("where email", &[("address", "off")], "email off"),
        ("when timezone", &[("name", "Europe/Berlin")], "timezone Europe/Berlin"),
        ("when quiet", &[("hours", "22:00-07:00")], "quiet 22:00-07:00"),
        ("when snooze", &[("long", "off")], "snooze off"),
        ("company mute", &[("name", "Acme")], "mute company Acme"),
        ("company unmute", &[("name", "Nobody")], "unmute company Nobody"),
        ("company muted", &[], "muted"),
        ("kept saved", &[("page", "1")], "saved 1"),
        ("kept applied", &[("page", "1")], "applied 1"),
        ("kept dismissed", &[("page", "2")], "dismissed 2"),
        ("why", &[("address", "https://a.example/1")], "why https://a.example/1"),
        ("channels who", &[("who", "anyone")], "channels anyone"),
        ("channels role", &[("role", "900")], "channels role 900"),
        ("boards list", &[], "boards"),
        ("boards add", &[("address", "ftp://x")], "boards add ftp://x"),
        ("boards add", &[("address", "ftp://x"), ("where", "here")], "boards add ftp://x here"),
        ("boards remove", &[("board", "7")], "boards remove 7"),
        ("plan", &[], "plan"),
        ("upgrade", &[("plan", "team")], "upgrade team"),
        ("billing", &[], "billing"),
        ("status", &[], "status"),
        ("help", &[("command", "watch")], "help watch"),
        ("remove", &[("filter", "1")], "remove 1"),
    ];
    let preview = hall.types(ANN, "watch", &[("looks-for", "cobol")]).await;
    hall.presses(ANN, &preview, "Save").await;
    let preview = hall.types(BEN, "watch", &[("looks-for", "cobol")]).await;
    hall.presses(BEN, &preview, "Save").await;
    for (name, options, line) in rows {
        let answer = hall.types(ANN, name, options).await;
        let said = hall.fills_in(BEN, line).await;
        assert_eq!(shown(&answer), shown(&said), "{name} is not {line}");
        assert!(!shown(&answer).is_empty() && !shown(&answer).contains("went wrong"), "{line}");
    }
    every_option_was_tried(rows);
}

/// Of all commands that are registered.
fn every_option_was_tried(rows: &[Row<'_>]) {
    let list = |of: &Value| of["options"].as_array().cloned().unwrap_or_default();
    for option in list(&earlybrd::discord::commands()[0]) {
        let group = option["type"] == 2;
        for sub in if group { list(&option) } else { vec![option.clone()] } {
            let name = sub["name"].as_str().unwrap();
            let group = option["name"].as_str().filter(|_| group);
            let name = group.map_or(name.to_owned(), |group| format!("{group} {name}"));
            assert!(rows.iter().any(|row| row.0 == name), "{name} was not tried");
            for option in list(&sub) {
                let of = rows.iter().filter(|row| row.0 == name).flat_map(|row| row.1);
                let mut given = of.map(|(name, _)| *name);
                assert!(given.any(|it| option["name"] == it), "{name}: {option} was not tried");
            }
        }
    }
}

/// Fault 32: two replicas on one database.
#[tokio::test]
async fn what_is_brought_to_several_replicas_is_done_once() {
    let hall = Hall::new().await;
    let other = hall.replica().await;
    let preview = hall.types(ANN, "watch", &[("looks-for", "rust")]).await;
    let data = json!({ "component_type": 2, "custom_id": button(&preview, "Save").unwrap() });
    let mut payload = Hall::payload(3, ANN, data);
    payload["message"] = preview;
    let bases = [&hall.base, &other, &hall.base, &other];
    let four = bases.map(|base| hall.interact_with(base, &payload));
    let answers = futures_util::future::join_all(four).await;
    let saved = answers.iter().filter(|answer| shown(answer).contains("saved")).count();
    assert_eq!(saved, 1, "{answers:?}");
    assert_eq!(hall.world.count("SELECT count(*) FROM filters").await, 1);
}

#[tokio::test]
async fn the_same_thing_brought_four_times_is_done_once() {
    let hall = Hall::new().await;
    let preview = hall.types(ANN, "watch", &[("looks-for", "rust")]).await;
    let data = json!({ "component_type": 2, "custom_id": button(&preview, "Save").unwrap() });
    let mut payload = Hall::payload(3, ANN, data);
    payload["message"] = preview;
    let four = [(); 4].map(|()| hall.interact(&payload));
    let answers = futures_util::future::join_all(four).await;
    let saved = answers.iter().filter(|answer| shown(answer).contains("saved")).count();
    assert_eq!(saved, 1, "{answers:?}");
    assert_eq!(hall.world.count("SELECT count(*) FROM filters").await, 1);
}

#[tokio::test]
async fn a_form_takes_a_line_also_one_that_no_button_could_carry() {
    let hall = Hall::new().await;
    let long = format!("rust -({})", vec!["wordpress"; 20].join(" OR "));
    let preview = hall.types(ANN, "watch", &[("looks-for", &long)]).await;
    let form = hall.presses(ANN, &preview, "Change").await;
    assert_eq!(form["type"], 9);
    let input = &form["data"]["components"][0]["components"][0];
    assert!(input["value"].as_str().unwrap().starts_with("watch rust"), "{input}");
    let answer = hall.fills_in(ANN, "watch go\n").await;
    assert!(shown(&answer).contains("go"), "{}", shown(&answer));
}

#[tokio::test]
async fn somebody_chooses_while_they_type() {
    let hall = Hall::new().await;
    let preview = hall.types(ANN, "watch", &[("looks-for", "rust")]).await;
    hall.presses(ANN, &preview, "Save").await;
    let mut data = Hall::command("show", &[("filter", "ru")]);
    data["options"][0]["options"][0]["focused"] = json!(true);
    let answer = hall.interact(&Hall::payload(4, ANN, data.clone())).await;
    assert_eq!(answer["type"], 8);
    assert_eq!(answer["data"]["choices"], json!([{ "name": "1 rust", "value": "1" }]));
    let others = hall.interact(&Hall::payload(4, BEN, data)).await;
    assert_eq!(others["data"]["choices"], json!([]));
    let mut zones = Hall::command("when timezone", &[("name", "berl")]);
    zones["options"][0]["options"][0]["options"][0]["focused"] = json!(true);
    let answer = hall.interact(&Hall::payload(4, ANN, zones)).await;
    assert_eq!(answer["data"]["choices"][0]["value"], "Europe/Berlin");
}

#[tokio::test]
async fn who_manages_a_server_makes_the_filters_of_its_channels() {
    let hall = Hall::new().await;
    let board = hall.board().await;
    let (ann, boss) = (ANN.within("70"), BEN.within("70").managing());
    let wanted = [("looks-for", "rust"), ("where", "here")];
    let refused = hall.types(ann, "watch", &wanted).await;
    assert!(shown(&refused).contains("Only admins"), "{}", shown(&refused));
    let preview = hall.types(boss, "watch", &wanted).await;
    let stolen = hall.presses(ann, &preview, "Save").await;
    assert!(shown(&stolen).contains("Only admins"), "{}", shown(&stolen));
    hall.presses(boss, &preview, "Save").await;
    hall.show(&board, "Rust one").await;
    let posted = hall.discord.posted().pop().unwrap();
    assert_eq!(posted.channel, "570");
    // Whoever reads there says what they make of it, for themselves.
    let saved = hall.presses(ann, &posted.body, "Save").await;
    assert!(shown(&saved).contains("Saved"), "{}", shown(&saved));
    let elsewhere = hall.presses(ANN.within("71"), &posted.body, "Applied").await;
    assert!(shown(&elsewhere).contains("not yours"), "{}", shown(&elsewhere));
    hall.types(boss, "channels who", &[("who", "anyone")]).await;
    let paused = hall.types(ann, "pause", &[("filter", "c1")]).await;
    assert!(shown(&paused).contains("paused"), "{}", shown(&paused));
    // Or those of a role.
    let refused = hall.types(ann, "channels role", &[("role", "900")]).await;
    assert!(shown(&refused).contains("Only admins"), "{}", shown(&refused));
    let ruled = hall.types(boss, "channels role", &[("role", "900")]).await;
    assert!(shown(&ruled).contains("whoever has the role"), "{}", shown(&ruled));
    for (roles, want) in [
        (json!([]), "Only admins"),
        (json!(["7", 900, null]), "Only admins"),
        (json!(["7", "900"]), "is on"),
    ] {
        let mut payload = Hall::payload(2, ann, Hall::command("resume", &[("filter", "c1")]));
        payload["member"]["roles"] = roles.clone();
        let answer = hall.interact(&payload).await;
        assert!(shown(&answer).contains(want), "{roles}: {}", shown(&answer));
    }
}

#[tokio::test]
async fn an_answer_that_takes_long_is_promised_and_follows() {
    let hall = Hall::new().await;
    hall.types(ANN, "list", &[]).await;
    let mut held = hall.world.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE discord_heard IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *held)
        .await
        .unwrap();
    let promise = hall.interact(&Hall::payload(2, ANN, Hall::command("help", &[]))).await;
    assert_eq!(promise, json!({ "type": 5, "data": { "flags": 64 } }));
    held.rollback().await.unwrap();
    hall.quiet().await;
    assert!(shown(&hall.discord.answers()[0]).contains("watch"));
    assert!(hall.discord.calls("webhooks/12/").len() == 1);
}

#[tokio::test]
async fn what_nobody_knows_is_answered_all_the_same() {
    let hall = Hall::new().await;
    for payload in [
        json!({ "type": 99 }),
        json!({ "type": 2, "data": 5 }),
        Hall::payload(2, ANN, json!({ "name": "jobs", "options": [{ "name": "gone" }] })),
        Hall::payload(3, ANN, json!({ "custom_id": "something old" })),
        Hall::payload(3, ANN, json!({ "custom_id": "0|act:save:99" })),
        Hall::payload(5, ANN, json!({ "components": [] })),
    ] {
        let answer = hall.interact(&payload).await;
        assert!(!shown(&answer).is_empty(), "{payload}: {answer}");
    }
    let why = json!({ "type": 3, "name": "Why did I (not) get this?", "target_id": "5",
        "resolved": { "messages": { "5": { "embeds": [{ "url": "https://a.example/1" }] } } } });
    let answer = hall.interact(&Hall::payload(2, ANN, why)).await;
    assert!(shown(&answer).contains("was seen on the boards"), "{}", shown(&answer));
}

#[tokio::test]
async fn whoever_takes_their_permission_back_is_written_to_no_more() {
    let hall = Hall::new().await;
    hall.types(ANN, "list", &[]).await;
    let event = |kind: &str| {
        json!({ "version": 1, "application_id": "12", "type": 1,
        "event": { "type": kind, "timestamp": format!("2026-09-21T14:{}:00", kind.len()),
            "data": { "user": { "id": "1" } } } })
    };
    let send =
        async |body: &Value| hall.signed("/discord/events", body).send().await.unwrap().status();
    assert_eq!(
        send(&json!({ "version": 1, "application_id": "12", "type": 0 })).await,
        StatusCode::NO_CONTENT
    );
    let broken = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";
    assert_eq!(send(&event("APPLICATION_AUTHORIZED")).await, StatusCode::NO_CONTENT);
    assert_eq!(hall.world.count(broken).await, 0);
    assert_eq!(send(&event("APPLICATION_DEAUTHORIZED")).await, StatusCode::NO_CONTENT);
    assert_eq!(hall.world.count(broken).await, 1);
    let answer = hall.types(ANN, "list", &[]).await;
    assert!(!shown(&answer).is_empty());
    assert_eq!(hall.world.count(broken).await, 0);
}

#[tokio::test]
async fn commands_are_registered_once_and_fit_discords_rules() {
    let hall = Hall::new().await;
    let commands = earlybrd::discord::commands();
    for command in commands.as_array().unwrap() {
        fits("ApplicationCommandUpdateRequest", command).unwrap();
    }
    let is_name = |name: &str| {
        name.chars().count() <= 32
            && name
                .chars()
                .all(|c| c == '-' || c == '_' || (c.is_alphanumeric() && !c.is_uppercase()))
    };
    let mut names = vec![commands[0].clone()];
    while let Some(one) = names.pop() {
        assert!(is_name(one["name"].as_str().unwrap()), "{}", one["name"]);
        let options = one["options"].as_array().cloned().unwrap_or_default();
        assert!(options.len() <= 25);
        let required: Vec<bool> = options.iter().map(|it| it["required"] == true).collect();
        assert!(required.is_sorted_by(|one, next| one >= next), "what is required comes first");
        names.extend(options);
    }
    assert_eq!(hall.ours.register(None).await.unwrap(), Registered::Changed);
    assert_eq!(hall.ours.register(None).await.unwrap(), Registered::Known);
    assert_eq!(hall.discord.calls("commands").iter().filter(|it| it.method == "PUT").count(), 1);
    // Of one server Discord keeps less.
    hall.discord.knows_commands(json!([]));
    assert_eq!(hall.ours.register(Some("70")).await.unwrap(), Registered::Changed);
    assert_eq!(hall.ours.register(Some("70")).await.unwrap(), Registered::Known);
    let file = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/manifests/discord.json"));
    let manifest: Value = serde_json::from_str(file).unwrap();
    assert_eq!(manifest, earlybrd::discord::manifest());
    assert_eq!(manifest["commands"], commands);
    // Servers, direct messages; what needs nobody's leave.
    assert_eq!(manifest["intents"], 1 | 1 << 12);
    // View Channel, Send Messages, Embed Links, Read Message History, Send Messages in Threads.
    let may: u64 = manifest["permissions"].as_str().unwrap().parse().unwrap();
    assert_eq!(may, 1 << 10 | 1 << 11 | 1 << 14 | 1 << 16 | 1 << 38);
}

#[tokio::test]
async fn what_the_settings_say_of_the_app_is_checked() {
    let hall = Hall::new().await;
    let checked = hall.ours.check().await.unwrap();
    assert_eq!((checked.name.as_str(), checked.problems.len()), ("earlybrd", 0));
    assert!(checked.notes.iter().any(|it| it.contains("discord-register")), "{checked:?}");
    assert!(checked.notes.iter().any(|it| it.contains("Endpoint URL")), "{checked:?}");
    hall.ours.register(None).await.unwrap();
    hall.discord.app_is(json!({ "id": "13", "verify_key": "00".repeat(32),
        "interactions_endpoint_url": "https://a.example/" }));
    let checked = hall.ours.check().await.unwrap();
    assert_eq!(checked.notes, Vec::<String>::new());
    let named = ["DISCORD_APP_ID", "DISCORD_PUBLIC_KEY"];
    assert!(named.iter().zip(&checked.problems).all(|(name, it)| it.contains(name)), "{checked:?}");
    assert_eq!(checked.problems.len(), 2);
}

/// Somebody of another server presses everything with every number: nothing of anybody changes.
#[tokio::test]
async fn ids_of_somebody_else_lead_nowhere_whatever_the_button() {
    let hall = Hall::new().await;
    let board = hall.board().await;
    let boss = ANN.within("70").managing();
    let ours = hall.types(boss, "watch", &[("looks-for", "rust"), ("where", "here")]).await;
    hall.presses(boss, &ours, "Save").await;
    let own = hall.types(ANN, "watch", &[("looks-for", "rust")]).await;
    hall.presses(ANN, &own, "Save").await;
    hall.show(&board, "Rust one").await;
    let card = hall.discord.posted().pop().unwrap().body;
    hall.presses(ANN, &card, "Save").await;
    hall.types(ANN, "watch", &[("looks-for", "go")]).await;
    hall.types(ANN, "remove", &[("filter", "1")]).await;
    let before = dump(&hall.world).await;
    assert!(before.contains("rust") && before.contains("go"), "{before}");
    let stranger = BEN.within("71").managing();
    for number in 0..8 {
        for action in actions(number) {
            let data = json!({ "component_type": 2, "custom_id": format!("0|act:{action}") });
            let mut payload = Hall::payload(3, stranger, data);
            payload["message"] = json!({ "flags": 0, "embeds": [] });
            let answer = hall.interact(&payload).await;
            assert!(!shown(&answer).is_empty(), "{action}");
        }
    }
    for (name, option) in [("show", "filter"), ("pause", "filter"), ("boards remove", "board")] {
        for number in ["1", "2", "c1", "70"] {
            hall.types(stranger, name, &[(option, number)]).await;
        }
    }
    hall.quiet().await;
    assert_eq!(dump(&hall.world).await, before);
}
