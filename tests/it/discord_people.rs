//! First contact, plain lines, and who lets us in or throws us out.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fakes::discord::{button, shown};
use crate::far::{Far, HASTY, event, says, until};
use crate::hall::{ANN, BEN, Hall};

const BROKEN: &str = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";

/// A webhook event about somebody, so many minutes ago.
async fn happens(hall: &Hall, kind: &str, user: &str, minutes: i64) {
    let at = hall.world.now() - TimeDelta::minutes(minutes);
    let guild = json!({ "id": "70", "name": "A server" });
    let data =
        json!({ "integration_type": 0, "scopes": [], "guild": guild, "user": { "id": user } });
    let event = json!({ "version": 1, "application_id": "12", "type": 1, "event": {
        "type": kind, "timestamp": at.format("%Y-%m-%dT%H:%M:%S%.6f").to_string(), "data": data } });
    let answer = hall.signed("/discord/events", &event).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn whoever_is_new_is_welcomed_once() {
    let hall = Hall::new().await;
    let first = hall.types(ANN, "list", &[]).await;
    assert!(shown(&first).contains("no filters"), "{}", shown(&first));
    assert!(shown(&first).contains("Say what you look for"), "{}", shown(&first));
    assert!(first["components"][0]["components"][1].is_object(), "{first}");
    let second = hall.types(ANN, "list", &[]).await;
    assert!(!shown(&second).contains("Say what you look for"), "{}", shown(&second));
    // Who knows what they want is not stopped.
    let preview = hall.types(BEN, "watch", &[("looks-for", "rust")]).await;
    assert!(!shown(&preview).contains("Say what you look for"), "{}", shown(&preview));
}

#[tokio::test]
async fn what_somebody_decides_last_counts_in_whatever_order_it_is_brought() {
    let hall = Hall::new().await;
    hall.types(ANN.within("70"), "list", &[]).await;
    happens(&hall, "APPLICATION_DEAUTHORIZED", "1", 8).await;
    assert_eq!(hall.world.count(BROKEN).await, 1);
    happens(&hall, "APPLICATION_AUTHORIZED", "1", 6).await;
    assert_eq!(hall.world.count(BROKEN).await, 0);
    // Brought again, and late.
    happens(&hall, "APPLICATION_DEAUTHORIZED", "1", 8).await;
    happens(&hall, "APPLICATION_DEAUTHORIZED", "1", 7).await;
    assert_eq!(hall.world.count(BROKEN).await, 0);
    happens(&hall, "APPLICATION_DEAUTHORIZED", "1", 1).await;
    assert_eq!(hall.world.count(BROKEN).await, 1);
}

#[tokio::test]
async fn whoever_lets_us_in_is_told_how_it_goes_and_their_server_is_used_again() {
    let hall = Hall::new().await;
    hall.types(BEN.within("70"), "list", &[]).await;
    sqlx::query("UPDATE targets SET broken_at = $1, broken_why = $2 WHERE address = '70/570'")
        .bind(hall.world.now())
        .bind(earlybrd::db::discord::REMOVED)
        .execute(&hall.world.pool)
        .await
        .unwrap();
    happens(&hall, "APPLICATION_AUTHORIZED", "1", 0).await;
    assert_eq!(hall.world.count(BROKEN).await, 0);
    happens(&hall, "APPLICATION_AUTHORIZED", "1", 0).await;
    hall.deliver().await;
    let posted = hall.discord.posted();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].channel, "91");
    assert!(shown(&posted[0].body).contains("/jobs watch"), "{}", shown(&posted[0].body));
}

#[tokio::test]
async fn a_server_that_is_new_is_told_how_it_goes() {
    let far = Far::new().await;
    let replica = far.start(HASTY);
    let mut line = far.begun(far.url.as_str()).await;
    let joined = |ago: i64| (far.world.now() - TimeDelta::minutes(ago)).to_rfc3339();
    let guild = |id: &str, ago: i64| json!({ "id": id, "joined_at": joined(ago), "system_channel_id": format!("5{id}") });
    for (seq, of) in [guild("7", 0), guild("7", 0), guild("8", 600), json!({ "id": "9" })]
        .into_iter()
        .chain([guild("6", 1)])
        .enumerate()
    {
        says(&mut line, event(2 + seq, "GUILD_CREATE", of)).await;
    }
    let told = "SELECT count(*) FROM deliveries WHERE notice IS NOT NULL";
    let last = "SELECT count(*) FROM targets WHERE address = '6/56'";
    until(async || far.world.count(last).await == 1).await;
    assert_eq!(far.world.count(told).await, 2);
    replica.stop().await;
}

#[tokio::test]
async fn a_plain_line_to_the_bot_is_a_command_or_a_filter() {
    let far = Far::new().await;
    let replica = far.start(HASTY);
    let mut line = far.begun(far.url.as_str()).await;
    let message = |id: &str, content: &str| {
        json!({ "id": id, "channel_id": "91", "type": 0, "content": content,
            "author": { "id": "1", "username": "x" } })
    };
    let with = |mut message: Value, name: &str, value: Value| {
        message[name] = value;
        message
    };
    for (seq, of) in [
        message("1001", "remote rust\n-senior"),
        message("1001", "remote rust\n-senior"),
        with(message("1002", "list"), "author", json!({ "id": "42", "bot": true })),
        with(message("1003", "list"), "guild_id", json!("7")),
        with(message("1004", "list"), "type", json!(7)),
        message("1005", "list"),
    ]
    .into_iter()
    .enumerate()
    {
        says(&mut line, event(2 + seq, "MESSAGE_CREATE", of)).await;
    }
    until(async || far.discord.posted().len() >= 2).await;
    replica.stop().await;
    let posted = far.discord.posted();
    assert_eq!(posted.len(), 2, "{posted:?}");
    assert!(posted.iter().all(|it| it.channel == "91"));
    let preview = posted.iter().find(|it| button(&it.body, "Save").is_some()).unwrap();
    assert!(shown(&preview.body).contains("-senior"), "{}", shown(&preview.body));
    assert!(posted.iter().any(|it| shown(&it.body).contains("no filters")));
    // The conversation is known from then on.
    let known = "SELECT count(*) FROM discord_places WHERE address = '@1' AND channel_id = '91'";
    assert_eq!(far.world.count(known).await, 1);
}
