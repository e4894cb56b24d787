//! Previews and `why`: what a filter would have sent, and what it saw.

use std::time::Duration;

use earlybrd::commands::{self, Actor};

use crate::commands::{Chat, check, words};
use crate::fakes::board::Item;
use crate::world::World;

#[tokio::test]
async fn why_says_what_became_of_a_posting_and_what_each_filter_saw() {
    let chat = Chat::new().await;
    let url = "https://x.example/1";
    let item = |link: &'static str| Item { link, ..Item::titled("Rust one") };
    chat.watch("rust pay>=80k").await;
    chat.watch("go").await;
    chat.board.show(&[item("https://x.example/1?utm_source=feed")]);
    chat.world.run().await;
    let said = chat.say(&format!("why {url}?utm_medium=mail")).await;
    check(&said, "Rust one on b, first seen");
    check(&said, "It was told to you");
    check(&said, "Filter 1, rust pay>=$80k/yr, as it is now, accepts it:");
    check(&said, "pay>=$80k/yr — pay: not stated (kept)");
    check(&said, "Filter 2, go, as it is now, does not accept it:");
    check(&said, "go — not in title, company, tags or body");
    chat.say("pause 1").await;
    check(&chat.say(&format!("why {url}")).await, "accepts it, but is paused");
    chat.world.clock.advance(Duration::from_secs(1));
    chat.say("resume 1").await;
    check(&chat.say(&format!("why {url}")).await, "counts only for postings seen later");
    check(&chat.say("why https://x.example/2").await, "No posting with this address");
    check(&chat.say("why").await, "stands the address of a posting");
}

/// What one account added is nobody else's, neither in a preview nor by its address.
#[tokio::test]
async fn anothers_own_board_is_neither_previewed_nor_explained() {
    let chat = Chat::new().await;
    chat.board.show(&[Item { link: "https://x.example/1", ..Item::titled("Rust secret") }]);
    chat.world.run().await;
    let bob = chat.world.person("bob").await;
    sqlx::query("UPDATE boards SET visibility = 'subscribed'")
        .execute(&chat.world.pool)
        .await
        .unwrap();
    sqlx::query("INSERT INTO board_subscriptions SELECT $1, id, created_at FROM boards")
        .bind(bob.account.0)
        .execute(&chat.world.pool)
        .await
        .unwrap();
    check(&chat.say("test rust").await, "No postings are stored yet");
    check(&chat.say("why https://x.example/1").await, "No posting with this address");
    let bob = Actor::alone(bob.account, bob.target);
    let seen = commands::say(&chat.context, bob, "test rust").await;
    check(&seen, "1 card from 1 posting");
    let seen = commands::say(&chat.context, bob, "why https://x.example/1").await;
    check(&seen, "Rust secret on b");
}

/// Whatever a filter asks for, its preview finds what would have been sent; also among postings that
/// were stored before there was an index of words.
#[tokio::test]
async fn a_preview_equals_what_would_have_been_sent() {
    let filters = [
        "rust",
        "go OR zig",
        "rust -senior",
        "title:rust",
        "dev*",
        "=js",
        "javascript",
        "\"rust developer\"",
        "c++",
        "node.js",
        "company:acme OR \"o'neill\"",
        "front-end",
        "tag:go",
        "board:b",
        "\"back\\slash\"",
        "location:germany OR rust",
        "country:de OR board:b",
        "country:de",
        "the rust",
        "with the cook",
        "\"with rust\"",
        "thes*",
    ];
    let titles = [
        "Rust Developer",
        "Senior Rust Developer",
        "Golang Developers",
        "JS und C++",
        "Node.js devs",
        "O'Neill & Söhne",
        "Front-end, Zig",
        "back\\slash",
        "Cook",
        "The Cook, with Rust",
        "These Cooks, without it",
    ];
    let chat = Chat::new().await;
    for filter in filters {
        chat.world.filter(chat.world.person(filter).await, filter).await;
    }
    chat.show(&titles).await;
    let sent = chat.world.sent();
    for round in 0..2 {
        for filter in filters {
            let want = sent.iter().filter(|line| line.starts_with(&format!("{filter}: "))).count();
            let reply = words(&chat.say(&format!("test {filter}")).await);
            let found = match want {
                0 => "nothing".to_owned(),
                1 => "1 card".to_owned(),
                many => format!("{many} cards"),
            };
            let found = format!("would have sent {found} from {} postings", titles.len());
            assert!(reply.contains(&found), "{round} {filter}: {found}: {reply}");
        }
        sqlx::query("UPDATE postings SET words = NULL WHERE id % 2 = 0")
            .execute(&chat.world.pool)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_rates_of_the_database_begin_as_those_of_the_program() {
    let world = World::new().await;
    let rates = earlybrd::db::rates::newest(&world.pool).await.unwrap();
    assert_eq!(&rates, earlybrd::domain::rates::Rates::built_in());
    sqlx::query("INSERT INTO exchange_rates VALUES ('EUR', '2026-09-01', 0.5)")
        .execute(&world.pool)
        .await
        .unwrap();
    let newer = earlybrd::db::rates::newest(&world.pool).await.unwrap();
    assert_eq!(newer.as_of().to_string(), "2026-09-01");
    assert_ne!(newer, rates);
}
