//! Places in Discord that take nothing for a while, and are used again.

use std::time::Duration;

use earlybrd::workers::housekeeping::Sweep;
use serde_json::json;

use crate::fakes::board::Item;
use crate::fakes::discord::{Trick, shown};
use crate::hall::{ANN, BEN, Hall};
use crate::world::drain;

const BROKEN: &str = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";

async fn sweep(hall: &Hall) {
    drain(&mut Sweep { base: hall.world.base() }).await;
}

#[tokio::test]
async fn closed_direct_messages_are_tried_again_after_a_day() {
    for code in [50_007, 50_278] {
        let hall = Hall::new().await;
        let board = hall.board().await;
        let preview = hall.types(ANN, "watch", &[("looks-for", "rust")]).await;
        hall.presses(ANN, &preview, "Save").await;
        hall.deliver().await;
        let before = hall.discord.posted().len();
        hall.discord.play("messages", Trick::Refuse(403, code));
        hall.show(&board, "Rust one").await;
        assert_eq!(hall.world.count(BROKEN).await, 1);
        let calls = hall.discord.calls("messages").len();
        // What comes meanwhile waits, and nobody is called.
        hall.world.clock.advance(Duration::from_hours(23));
        board.show(&[Item::titled("Rust one"), Item::titled("Rust two")]);
        hall.world.poll_again().await;
        hall.world.match_all().await;
        sweep(&hall).await;
        hall.deliver().await;
        assert_eq!(hall.discord.calls("messages").len(), calls);
        hall.world.clock.advance(Duration::from_mins(90));
        sweep(&hall).await;
        hall.deliver().await;
        assert_eq!(hall.world.count(BROKEN).await, 0);
        let posted = hall.discord.posted();
        let text: String = posted[before..].iter().map(|it| shown(&it.body)).collect();
        assert!(text.contains("Rust one") && text.contains("Rust two"), "{text}");
    }
}

#[tokio::test]
async fn whoever_took_their_permission_back_is_not_tried_again() {
    let hall = Hall::new().await;
    hall.types(ANN, "list", &[]).await;
    let event = json!({ "version": 1, "application_id": "12", "type": 1, "event": {
        "type": "APPLICATION_DEAUTHORIZED", "timestamp": "2026-01-01T00:00:00",
        "data": { "user": { "id": ANN.user } } } });
    hall.signed("/discord/events", &event).send().await.unwrap();
    hall.world.clock.advance(Duration::from_hours(48));
    sweep(&hall).await;
    assert_eq!(hall.world.count(BROKEN).await, 1);
}

#[tokio::test]
async fn a_channel_is_used_again_when_we_may_write_there() {
    let hall = Hall::new().await;
    let board = hall.board().await;
    let boss = BEN.within("70").managing();
    let wanted = [("looks-for", "rust"), ("where", "here")];
    let preview = hall.types(boss, "watch", &wanted).await;
    hall.presses(boss, &preview, "Save").await;
    hall.deliver().await;
    hall.discord.play("messages", Trick::Refuse(403, 50_013));
    hall.show(&board, "Rust one").await;
    assert_eq!(hall.world.count(BROKEN).await, 1);
    // View Channel, Send Messages, Embed Links; Administrator.
    for (may, want) in [("0", 1), ("3072", 1), ("x", 1), ("19456", 0)] {
        let mut payload = Hall::payload(2, boss, Hall::command("list", &[]));
        payload["app_permissions"] = json!(may);
        hall.interact(&payload).await;
        assert_eq!(hall.world.count(BROKEN).await, want, "{may}");
    }
    hall.deliver().await;
    let told = hall.discord.posted().pop().unwrap();
    assert!(shown(&told.body).contains("Rust one"));
    assert_eq!(told.channel, "570");
}
