//! The gateway: what comes over the connection, connections that end in every way, and who holds it.

use std::time::Duration;

use earlybrd::discord::Patience;
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::fakes::board::FakeBoard;
use crate::fakes::discord::{TOKEN, shown};
use crate::far::{Far, HASTY, beats, closed, event, hears, says, until};
use crate::hall::{ANN, Hall};
use crate::process::binary::Home;
use crate::server::TestDatabase;

const RESUME: u64 = 6;
const IDENTIFY: u64 = 2;

#[tokio::test]
async fn what_somebody_types_is_answered_once_and_a_session_outlives_its_process() {
    let far = Far::new().await;
    let replica = far.start(HASTY);
    let mut line = far.begun(far.url.as_str()).await;
    let command = Hall::payload(2, ANN, Hall::command("list", &[]));
    far.discord.issue(&command);
    for seq in [2, 3] {
        says(&mut line, event(seq, "INTERACTION_CREATE", command.clone())).await;
    }
    says(&mut line, event(4, "SOMETHING_NEW", json!({ "x": [1] }))).await;
    line.send(Message::text("{")).await.unwrap();
    line.send(Message::binary(vec![1, 2])).await.unwrap();
    until(async || far.discord.answered(&command).is_some()).await;
    let answer = far.discord.answered(&command).unwrap();
    assert_eq!((&answer["type"], &answer["data"]["flags"]), (&json!(4), &json!(64)));
    assert!(shown(&answer["data"]).contains("no filters"), "{answer}");
    // A heartbeat that is asked for says what was brought last.
    says(&mut line, json!({ "op": 1, "d": null })).await;
    let beat = loop {
        if let Some(said) = beats(&mut line).await {
            break said;
        }
    };
    assert_eq!(beat, json!({ "op": 1, "d": 4 }));
    replica.stop().await;
    assert_eq!(closed(line).await, Some(4_000));

    let replica = far.start(HASTY);
    let mut line = far.connected().await;
    let want = json!({ "op": RESUME, "d": { "token": TOKEN, "session_id": "s1", "seq": 4 } });
    assert_eq!(hears(&mut line).await, want);
    says(&mut line, event(5, "RESUMED", json!({}))).await;
    replica.stop().await;
    let begun = "SELECT count(*) FROM discord_identifies";
    assert_eq!(far.world.count(begun).await, 1);
}

#[tokio::test]
async fn each_end_leads_to_what_discord_asks_for() {
    let closes = |code: u16| {
        Message::Close(Some(CloseFrame { code: CloseCode::from(code), reason: "".into() }))
    };
    let text = |said: Value| Message::text(said.to_string());
    for (end, then) in [
        (text(json!({ "op": 7, "d": null })), RESUME),
        (text(json!({ "op": 9, "d": true })), RESUME),
        (text(json!({ "op": 9, "d": false })), IDENTIFY),
        (closes(1_000), RESUME),
        (closes(4_000), RESUME),
        (closes(4_003), IDENTIFY),
        (closes(4_007), IDENTIFY),
        (closes(4_008), RESUME),
        (closes(4_009), IDENTIFY),
        (Message::Close(None), RESUME),
    ] {
        let far = Far::new().await;
        let replica = far.start(HASTY);
        let mut line = far.begun(far.url.as_str()).await;
        line.send(end.clone()).await.unwrap();
        let (_line, said) = far.next().await;
        assert_eq!(said["op"], then, "{end:?}");
        replica.stop().await;
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_goes_on_and_one_that_cannot_begins_anew() {
    let far = Far::new().await;
    let replica = far.start(HASTY);
    drop(far.begun(far.url.as_str()).await);
    for _ in 0..3 {
        let (line, said) = far.next().await;
        assert_eq!(said["op"], RESUME);
        drop(line);
    }
    let (_line, said) = far.next().await;
    assert_eq!(said["op"], IDENTIFY);
    replica.stop().await;
}

#[tokio::test]
async fn an_address_that_is_dead_is_given_up() {
    let far = Far::new().await;
    let dead = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let replica = far.start(HASTY);
    drop(far.begun(&format!("ws://{dead}")).await);
    let (_line, said) = far.next().await;
    assert_eq!(said["op"], IDENTIFY);
    replica.stop().await;
}

#[tokio::test]
async fn some_ends_are_final() {
    for code in [4_004, 4_010, 4_011, 4_012, 4_013, 4_014] {
        let far = Far::new().await;
        let replica = far.start(HASTY);
        let mut line = far.begun(far.url.as_str()).await;
        let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
        line.send(Message::Close(Some(frame))).await.unwrap();
        timeout(Duration::from_secs(20), replica.running).await.expect("it goes on").unwrap();
    }
}

#[tokio::test]
async fn a_connection_without_answers_is_followed_by_another() {
    let far = Far::new().await;
    let replica = far.start(HASTY);
    far.world.clock.advance(Duration::from_mins(1));
    let mut line = far.connected_with(100).await;
    assert_eq!(hears(&mut line).await["op"], IDENTIFY);
    let ready = json!({ "session_id": "s1", "resume_gateway_url": far.url.as_str() });
    says(&mut line, event(1, "READY", ready)).await;
    assert_eq!(beats(&mut line).await.unwrap()["op"], 1);
    // Nothing answers it.
    let (_next, said) = far.next().await;
    assert_eq!(said["op"], RESUME);
    assert_eq!(closed(line).await, Some(4_000));
    replica.stop().await;
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_followed_by_another() {
    let far = Far::new().await;
    let replica = far.start(Patience { silence: Duration::from_millis(200), ..HASTY });
    let line = far.begun(far.url.as_str()).await;
    let (_next, said) = far.next().await;
    assert_eq!(said["op"], RESUME);
    drop(line);
    replica.stop().await;
}

#[tokio::test]
async fn one_replica_holds_the_connection_and_gives_way_when_it_lost_it() {
    let far = Far::new().await;
    let first = far.start(HASTY);
    let line = far.begun(far.url.as_str()).await;
    let second = far.start(HASTY);
    // It looks often, and does not connect.
    let nobody = timeout(HASTY.lease, far.listener.accept()).await;
    assert!(nobody.is_err());
    sqlx::query("UPDATE discord_gateway SET lease_id = gen_random_uuid()")
        .execute(&far.world.pool)
        .await
        .unwrap();
    closed(line).await;
    // Whoever took it is gone, and one of the others goes on.
    far.world.clock.advance(Duration::from_mins(1));
    let mut line = far.connected().await;
    assert_eq!(hears(&mut line).await["op"], RESUME);
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn sessions_are_begun_within_discords_limits_whatever_happens() {
    let far = Far::new().await;
    sqlx::query(
        "INSERT INTO discord_identifies (app_id, at)
         SELECT '12', $1::timestamptz - interval '23 hours' + n * interval '1 second'
         FROM generate_series(1, 780) n",
    )
    .bind(far.world.now())
    .execute(&far.world.pool)
    .await
    .unwrap();
    // Fifty processes, each of which ends as soon as its session was asked for.
    let mut begun = 0;
    for _ in 0..50 {
        let replica = far.start(HASTY);
        far.world.clock.advance(Duration::from_mins(1));
        if let Ok(accepted) = timeout(Duration::from_millis(200), far.listener.accept()).await {
            let mut line = tokio_tungstenite::accept_async(accepted.unwrap().0).await.unwrap();
            says(&mut line, json!({ "op": 10, "d": { "heartbeat_interval": 60_000 } })).await;
            assert_eq!(hears(&mut line).await["op"], IDENTIFY);
            begun += 1;
        }
        replica.stop().await;
    }
    assert_eq!(begun, 20);
    assert_eq!(far.world.count("SELECT count(*) FROM discord_identifies").await, 800);
}

#[tokio::test]
async fn servers_and_channels_come_and_go() {
    let far = Far::new().await;
    let replica = far.start(HASTY);
    let mut line = far.begun(far.url.as_str()).await;
    let ann = ANN.within("7").managing();
    let command = Hall::payload(2, ann, Hall::command("list", &[]));
    far.discord.issue(&command);
    says(&mut line, event(2, "INTERACTION_CREATE", command.clone())).await;
    until(async || far.discord.answered(&command).is_some()).await;
    let broken = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL AND address = '7/57'";
    for (seq, (name, of, want)) in [
        ("GUILD_DELETE", json!({ "id": "7", "unavailable": true }), 0),
        ("GUILD_DELETE", json!({ "id": "8" }), 0),
        ("GUILD_DELETE", json!({ "id": "7" }), 1),
        ("GUILD_CREATE", json!({ "id": "8" }), 1),
        ("GUILD_CREATE", json!({ "id": "7" }), 0),
        ("CHANNEL_DELETE", json!({ "id": "57", "guild_id": "8" }), 0),
        ("CHANNEL_DELETE", json!({ "id": "57", "guild_id": "7" }), 1),
        ("GUILD_CREATE", json!({ "id": "7" }), 1),
    ]
    .into_iter()
    .enumerate()
    {
        says(&mut line, event(3 + seq, name, of.clone())).await;
        // Events are noted beside each other: what follows is asked when this one is.
        let barrier = Hall::payload(2, ANN, Hall::command("help", &[]));
        far.discord.issue(&barrier);
        says(&mut line, event(3 + seq, "INTERACTION_CREATE", barrier.clone())).await;
        until(async || far.discord.answered(&barrier).is_some()).await;
        until(async || far.world.count(broken).await == want).await;
        assert_eq!(far.world.count(broken).await, want, "{name} {of}");
    }
    replica.stop().await;
}

/// The service itself: a process that ends is followed by one that goes on, whatever its transport.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_goes_on_where_the_one_before_it_stood() {
    let far = Far::new().await;
    let database = TestDatabase::new().await;
    far.discord.gateway_at(&far.url);
    let board = FakeBoard::start().await;
    let home = Home::new().with_board(&board.url).with_database(&database.url());
    let home = [
        ("DISCORD_APP_ID", "12"),
        ("DISCORD_TOKEN", TOKEN),
        ("DISCORD_API_URL", &far.discord.url.as_str().replace("/api/v10/", "")),
    ]
    .into_iter()
    .fold(home, |home, (name, value)| home.setting(name, value));
    let idle = home.start(&["serve", "--roles", "web,poll,match,deliver"]);
    until_said(&home, "listening on").await;
    idle.terminate().await;
    let running = home.start(&["serve"]);
    let mut line = far.connected().await;
    assert_eq!(hears(&mut line).await["op"], IDENTIFY);
    let ready = json!({ "session_id": "s1", "resume_gateway_url": far.url.as_str() });
    says(&mut line, event(1, "READY", ready)).await;
    let command = Hall::payload(2, ANN, Hall::command("help", &[]));
    far.discord.issue(&command);
    says(&mut line, event(2, "INTERACTION_CREATE", command.clone())).await;
    until(async || far.discord.answered(&command).is_some()).await;
    running.terminate().await;
    let running = home.start(&["serve", "--roles", "gateway"]);
    let mut line = far.connected().await;
    let said = hears(&mut line).await;
    assert_eq!((&said["op"], &said["d"]["seq"]), (&json!(RESUME), &json!(2)));
    running.kill();
}

async fn until_said(home: &Home, text: &'static str) {
    crate::process::binary::until(text, || home.stderr().contains(text)).await;
}
