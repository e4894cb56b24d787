//! The gateway: what comes over the connection, connections that end in every way, and who holds it.

use std::time::Duration;

use earlybrd::db::gauges;
use earlybrd::discord::Patience;
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::fakes::discord::{TOKEN, Trick, shown};
use crate::far::{Far, HASTY, beats, closed, event, hears, says, until};
use crate::hall::{ANN, Hall};

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
async fn a_session_whose_address_is_dead_or_was_not_named_goes_on_where_it_began() {
    let dead = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    for resume in [json!(format!("ws://{dead}")), json!("https://elsewhere.example"), Value::Null] {
        let far = Far::new().await;
        let replica = far.start(HASTY);
        drop(far.begun_with(&resume).await);
        let (_line, said) = far.next().await;
        assert_eq!(said["op"], RESUME, "{resume}");
        replica.stop().await;
    }
}

/// Discord asks for one when it doubts that we are there, also a moment after the last.
#[tokio::test]
async fn every_heartbeat_that_is_asked_for_is_given() {
    let far = Far::new().await;
    let replica = far.start(Patience { beat: Duration::from_secs(30), ..HASTY });
    let mut line = far.begun(far.url.as_str()).await;
    for _ in 0..3 {
        says(&mut line, json!({ "op": 1, "d": null })).await;
        let beat = timeout(Duration::from_secs(5), beats(&mut line)).await.expect("no heartbeat");
        assert_eq!(beat.unwrap()["op"], 1);
    }
    replica.stop().await;
}

#[tokio::test]
async fn an_answer_that_did_not_arrive_is_brought_again_in_time() {
    for (trick, want) in [
        (Trick::Answer(502, Vec::new(), "<html>"), "no filters"),
        (Trick::DoneBut(500, ""), "no filters"),
        (Trick::Answer(429, Vec::new(), r#"{"retry_after":0.1,"global":false}"#), "no filters"),
        (Trick::Refuse(400, 50_035), "went wrong"),
    ] {
        let far = Far::new().await;
        let replica = far.start(HASTY);
        let mut line = far.begun(far.url.as_str()).await;
        let command = Hall::payload(2, ANN, Hall::command("list", &[]));
        far.discord.issue(&command);
        far.discord.play("callback", trick.clone());
        says(&mut line, event(2, "INTERACTION_CREATE", command.clone())).await;
        until(async || far.discord.answered(&command).is_some()).await;
        let answer = far.discord.answered(&command).unwrap();
        assert!(shown(&answer["data"]).contains(want), "{trick:?}: {answer}");
        replica.stop().await;
    }
}

#[tokio::test]
async fn what_becomes_of_servers_is_noted_in_its_order() {
    let far = Far::new().await;
    places(&far, &["7/57", "9/1", "9/2"]).await;
    let replica = far.start(HASTY);
    let mut line = far.begun(far.url.as_str()).await;
    for round in 0..40 {
        let name = if round % 2 == 0 { "GUILD_CREATE" } else { "GUILD_DELETE" };
        says(&mut line, event(2 + round, name, json!({ "id": "7" }))).await;
    }
    noted(&far, &mut line, "1").await;
    assert_eq!(broken(&far, "7/57").await, 1);
    says(&mut line, event(90, "GUILD_CREATE", json!({ "id": "7" }))).await;
    noted(&far, &mut line, "2").await;
    assert_eq!(broken(&far, "7/57").await, 0);
    replica.stop().await;
}

/// Channels of some server's account.
async fn places(far: &Far, addresses: &[&str]) {
    sqlx::query(
        "WITH a AS (INSERT INTO accounts (kind, created_at) VALUES ('team', $2) RETURNING id)
         INSERT INTO targets (account_id, platform, address, created_at)
         SELECT id, 'discord', address, $2 FROM a, UNNEST($1::text[]) AS t (address)",
    )
    .bind(addresses)
    .bind(far.world.now())
    .execute(&far.world.pool)
    .await
    .unwrap();
}

async fn broken(far: &Far, address: &'static str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM targets WHERE broken_at IS NOT NULL AND address = $1")
        .bind(address)
        .fetch_one(&far.world.pool)
        .await
        .unwrap()
}

/// Waits until all that was brought so far is noted, which a channel of server 9 shows by its end.
async fn noted(far: &Far, line: &mut crate::far::Line, channel: &'static str) {
    let gone = json!({ "id": channel, "guild_id": "9" });
    says(line, json!({ "op": 0, "t": "CHANNEL_DELETE", "s": null, "d": gone })).await;
    let gone = format!(
        "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL AND address = '9/{channel}'"
    );
    let gone: &'static str = gone.leak();
    until(async || far.world.count(gone).await == 1).await;
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
        // The operator sees it.
        let now = far.world.now();
        let gauges = gauges::read(&far.world.pool, now).await.unwrap();
        assert_eq!((gauges.discord_closed, gauges.discord_identifies), (1, 1));
    }
}

/// Fault 29: the operator sees for how long nothing was brought.
#[tokio::test]
async fn a_gateway_that_nobody_has_a_connection_to_is_down() {
    let far = Far::new().await;
    let down = async || {
        let now = far.world.now();
        gauges::read(&far.world.pool, now).await.unwrap().discord_down_seconds
    };
    assert!(down().await < 1.0, "there is none");
    let replica = far.start(HASTY);
    let line = far.begun(far.url.as_str()).await;
    let noted = "SELECT count(*) FROM discord_gateway WHERE down_since IS NOT NULL";
    until(async || far.world.count(noted).await == 0).await;
    assert!(down().await < 1.0, "there is one");
    drop(line);
    until(async || far.world.count(noted).await == 1).await;
    far.world.clock.advance(Duration::from_hours(1));
    assert!(down().await >= 3_600.0);
    let (mut line, said) = far.next().await;
    assert_eq!(said["op"], RESUME);
    says(&mut line, event(2, "RESUMED", json!({}))).await;
    until(async || down().await < 1.0).await;
    replica.stop().await;
    far.world.clock.advance(Duration::from_mins(2));
    assert!(down().await >= 120.0);
    // By then somebody will have turned it off.
    far.world.clock.advance(Duration::from_hours(49));
    assert!(down().await < 1.0);
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
    places(&far, &["7/57", "9/0", "9/1", "9/2", "9/3", "9/4", "9/5", "9/6", "9/7", "9/8"]).await;
    sqlx::query(
        "UPDATE targets SET broken_at = now(), broken_why = 'refused' WHERE address = '7/57'",
    )
    .execute(&far.world.pool)
    .await
    .unwrap();
    let replica = far.start(HASTY);
    let mut line = far.begun(far.url.as_str()).await;
    let steps = [
        ("CHANNEL_UPDATE", json!({ "id": "58", "guild_id": "7" }), 1),
        ("CHANNEL_UPDATE", json!({ "id": "57", "guild_id": "7" }), 0),
        ("GUILD_DELETE", json!({ "id": "7", "unavailable": true }), 0),
        ("GUILD_DELETE", json!({ "id": "8" }), 0),
        ("GUILD_DELETE", json!({ "id": "7" }), 1),
        ("GUILD_ROLE_UPDATE", json!({ "guild_id": "7", "role": {} }), 1),
        ("GUILD_CREATE", json!({ "id": "7" }), 0),
        ("CHANNEL_DELETE", json!({ "id": "57", "guild_id": "7" }), 1),
        ("GUILD_CREATE", json!({ "id": "7" }), 1),
    ];
    let markers = ["0", "1", "2", "3", "4", "5", "6", "7", "8"];
    for ((name, of, want), marker) in steps.into_iter().zip(markers) {
        says(&mut line, json!({ "op": 0, "t": name, "s": null, "d": of.clone() })).await;
        noted(&far, &mut line, marker).await;
        assert_eq!(broken(&far, "7/57").await, want, "{name} {of}");
    }
    replica.stop().await;
}
