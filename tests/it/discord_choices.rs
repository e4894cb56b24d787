//! What can be chosen in Discord: while somebody types, and from menus.

use std::time::Duration;

use earlybrd::workers::gather::Gather;
use serde_json::{Value, json};

use crate::discord_send::watched;
use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::discord::{button, shown};
use crate::hall::{ANN, BEN, Hall};
use crate::world::drain;

#[tokio::test]
async fn companies_zones_and_rhythms_are_offered_while_one_types() {
    let (hall, board) = watched().await;
    hall.show(&board, "Rust one").await;
    assert_eq!(hall.offered(ANN, "company mute", ("name", "ac")).await, ["Acme"]);
    assert!(hall.offered(BEN, "company mute", ("name", "ac")).await.is_empty());
    assert!(hall.offered(ANN, "company unmute", ("name", "")).await.is_empty());
    hall.types(ANN, "company mute", &[("name", "Acme")]).await;
    assert_eq!(hall.offered(ANN, "company unmute", ("name", "")).await, ["Acme"]);
    for typed in ["new york", "New_York", "america/new y"] {
        let zones = hall.offered(ANN, "when timezone", ("name", typed)).await;
        assert!(zones.contains(&"America/New_York".to_owned()), "{typed}: {zones:?}");
    }
    let rhythms = hall.offered(ANN, "when deliver", ("how-often", "daily 09:30")).await;
    assert_eq!(rhythms, ["daily 09:30"]);
    assert!(hall.offered(ANN, "when deliver", ("how-often", "")).await.contains(&"hourly".into()));
}

#[tokio::test]
async fn a_servers_boards_are_added_offered_and_removed_where_all_read() {
    let mut hall = Hall::new().await;
    hall.trust("127.0.0.1").await;
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    let boss = ANN.within("70").managing();
    let address = ("address", board.url.as_str());
    let add = Hall::command("boards add", &[address, ("where", "here")]);
    hall.interact(&Hall::payload(2, boss, add)).await;
    // It may take so long that a promise is answered.
    hall.quiet().await;
    for (who, offered) in [(boss, &["c1"][..]), (BEN.within("70"), &["c1"][..]), (ANN, &[][..])] {
        assert_eq!(hall.offered(who, "boards remove", ("board", "127")).await, offered);
    }
    let removed = hall.types(boss, "boards remove", &[("board", "c1")]).await;
    assert!(shown(&removed).contains("127.0.0.1"), "{}", shown(&removed));
    assert!(hall.offered(boss, "boards remove", ("board", "")).await.is_empty());
}

#[tokio::test]
async fn whoever_only_types_has_no_account_made_and_nothing_but_choices_is_answered() {
    let hall = Hall::new().await;
    assert!(hall.offered(ANN.within("70"), "show", ("filter", "x")).await.is_empty());
    assert_eq!(hall.world.count("SELECT count(*) FROM accounts").await, 0);
    for data in [json!({}), Hall::command("gone", &[("x", "y")]), json!({ "name": "other" })] {
        let answer = hall.interact(&Hall::payload(4, ANN, data)).await;
        assert_eq!(answer, json!({ "type": 8, "data": { "choices": [] } }));
    }
    let mut nobody = Hall::payload(4, ANN, json!({}));
    nobody["user"] = Value::Null;
    assert_eq!(hall.interact(&nobody).await["type"], 8);
}

#[tokio::test]
async fn choices_do_not_wait_for_a_database_that_does() {
    let hall = Hall::new().await;
    let mut held = hall.world.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE identities IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *held)
        .await
        .unwrap();
    let since = std::time::Instant::now();
    assert!(hall.offered(ANN, "show", ("filter", "x")).await.is_empty());
    assert!(since.elapsed() < Duration::from_millis(2_500), "{:?}", since.elapsed());
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn of_several_cards_one_is_chosen() {
    let (hall, board) = watched().await;
    hall.types(ANN, "when deliver", &[("filter", "1"), ("how-often", "hourly")]).await;
    let item = |title| Item { body: "Company: Acme\nWe build boats.", ..Item::titled(title) };
    board.show(&[item("Rust one"), item("Rust two"), item("Rust three")]);
    hall.world.poll_again().await;
    hall.world.match_all().await;
    for _ in 0..4 {
        hall.world.clock.advance(Duration::from_mins(30));
        drain(&mut Gather { base: hall.world.base() }).await;
        hall.deliver().await;
    }
    let digest = hall.discord.posted().pop().unwrap().body;
    assert!(shown(&digest).contains("Rust three"), "{}", shown(&digest));
    assert_eq!(button(&digest, "Save"), None, "which would it save?");
    let saved = hall.chooses(ANN, &digest, ("Save: which?", "Rust two")).await;
    assert!(shown(&saved).contains("Saved"), "{}", shown(&saved));
    let kept = hall.types(ANN, "kept saved", &[]).await;
    assert!(shown(&kept).contains("Rust two") && !shown(&kept).contains("Rust three"));
    let muted = hall.chooses(ANN, &digest, ("Mute: which?", "Acme")).await;
    assert!(shown(&muted).contains("Acme"), "{}", shown(&muted));
    // And why, of what is not for one.
    let why = hall.chooses(ANN, &digest, ("Not for me: which?", "Rust one")).await;
    let noted = hall.chooses(ANN, &why["data"], ("Why?", "Pay")).await;
    assert!(shown(&noted).contains("Noted"), "{}", shown(&noted));
    let stolen = hall.chooses(BEN, &digest, ("Save: which?", "Rust two")).await;
    assert!(shown(&stolen).contains("not yours"), "{}", shown(&stolen));
}
