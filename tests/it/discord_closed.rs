//! Places in Discord that take nothing for a while, and are used again.

use std::time::Duration;

use earlybrd::workers::gather::Gather;
use earlybrd::workers::housekeeping::Sweep;
use serde_json::json;

use crate::fakes::board::Item;
use crate::fakes::discord::shown;
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
        hall.discord.refuse("91", code);
        hall.show(&board, "Rust one").await;
        assert_eq!(hall.world.count(BROKEN).await, 1);
        // Who types in a server is told; that their messages are taken again, it does not say.
        let list = hall.types(ANN.within("70"), "list", &[]).await;
        assert!(shown(&list).contains("Discord says"), "{}", shown(&list));
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
        hall.discord.refuse("91", None);
        hall.world.clock.advance(Duration::from_mins(90));
        sweep(&hall).await;
        hall.deliver().await;
        assert_eq!(hall.world.count(BROKEN).await, 0);
        let posted = hall.discord.posted();
        let text: String = posted[before..].iter().map(|it| shown(&it.body)).collect();
        assert!(text.contains("Rust one") && text.contains("Rust two"), "{text}");
    }
}

/// Whether the message is refused or the conversation.
#[tokio::test]
async fn what_a_closed_direct_message_does_not_take_goes_to_a_confirmed_address_at_once() {
    for (place, code) in [("91", 50_007), ("91", 50_278), ("@1", 50_278), ("@1", 50_007)] {
        let hall = Hall::new().await;
        let board = hall.board().await;
        let preview = hall.types(ANN, "watch", &[("looks-for", "rust")]).await;
        hall.presses(ANN, &preview, "Save").await;
        sqlx::raw_sql(
            "INSERT INTO emails (account_id, digest, sealed, asked_at, verified_at)
             SELECT min(id), sha256('x'), 'x', '2026-09-01', '2026-09-01' FROM accounts;
             INSERT INTO targets (account_id, platform, address, created_at)
             SELECT account_id, 'email', id::text, '2026-09-01' FROM emails",
        )
        .execute(&hall.world.pool)
        .await
        .unwrap();
        hall.discord.refuse(place, code);
        hall.show(&board, "Rust one").await;
        drain(&mut Gather { base: hall.world.base() }).await;
        let mailed = "SELECT count(*) FROM deliveries d JOIN targets t ON t.id = d.target_id
                      WHERE t.platform = 'email' AND d.state = 'pending'
                        AND d.instead_of = 'discord' AND d.due_at <= '2026-12-01'";
        assert_eq!(hall.world.count(mailed).await, 1, "{place} {code}");
        assert_eq!(hall.discord.posted().len(), 0);
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
    hall.discord.refuse("570", 50_013);
    hall.show(&board, "Rust one").await;
    assert_eq!(hall.world.count(BROKEN).await, 1);
    hall.discord.refuse("570", None);
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

#[tokio::test]
async fn a_channel_that_refuses_is_tried_again_after_a_day_and_one_that_is_no_more_is_not() {
    for (code, want) in [(Some(50_013), 0), (None, 1)] {
        let hall = Hall::new().await;
        let boss = BEN.within("70").managing();
        let preview = hall.types(boss, "watch", &[("looks-for", "rust"), ("where", "here")]).await;
        let board = hall.board().await;
        hall.presses(boss, &preview, "Save").await;
        if let Some(code) = code {
            hall.discord.refuse("570", code);
            hall.show(&board, "Rust one").await;
        } else {
            let gone = ("70/570", earlybrd::db::discord::DELETED);
            let (pool, now) = (&hall.world.pool, hall.world.now());
            let platform = earlybrd::domain::target::Platform::Discord;
            earlybrd::db::broken_targets::place_is_gone(pool, platform, gone, now).await.unwrap();
        }
        assert_eq!(hall.world.count(BROKEN).await, 1);
        hall.discord.refuse("570", None);
        hall.world.clock.advance(Duration::from_hours(25));
        sweep(&hall).await;
        hall.deliver().await;
        assert_eq!(hall.world.count(BROKEN).await, want);
    }
}

#[tokio::test]
async fn cards_are_not_promised_where_discord_says_that_we_may_not_write() {
    let hall = Hall::new().await;
    let boss = BEN.within("70").managing();
    let watch = Hall::command("watch", &[("looks-for", "rust"), ("where", "here")]);
    // In a thread it is another permission.
    for (kind, may, says) in [
        (0, "3072", "may not write"),
        (0, "19456", "rust"),
        (11, "19456", "may not write"),
        (11, "274877924352", "rust"),
    ] {
        let mut payload = Hall::payload(2, boss, watch.clone());
        payload["app_permissions"] = json!(may);
        payload["channel"] = json!({ "id": "570", "type": kind });
        let answer = hall.interact(&payload).await;
        assert!(shown(&answer).contains(says), "{kind} {may}: {}", shown(&answer));
    }
    let own = Hall::command("watch", &[("looks-for", "rust"), ("where", "dm")]);
    let mut payload = Hall::payload(2, boss, own);
    payload["app_permissions"] = json!("0");
    assert!(!shown(&hall.interact(&payload).await).contains("may not write"));
}
