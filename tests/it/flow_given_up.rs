//! What a target does not take, for good or for long, and where it goes then.

use std::time::Duration;

use earlybrd::db;
use earlybrd::db::filters::NewFilter;
use earlybrd::domain::delivery::Verdict;
use earlybrd::workers::gather::Gather;

use crate::commands::{check, words};
use crate::fakes::messenger::Failure;
use crate::fakes::smtp::{Act, Stage};
use crate::flow_address::by_relay;
use crate::post::Post;
use crate::world::{World, drain};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn what_a_chat_refuses_comes_by_mail_with_the_reason() {
    let here = Post::new().await;
    here.confirmed().await;
    here.world.filter(here.person(), "cook").await;
    let refused = || Failure::Verdict(Verdict::Rejected { why: "it is too long".to_owned() });
    here.world.messenger.fail(refused());
    here.show(&["Cook one"]).await;
    let mails = here.mails();
    assert_eq!(mails.len(), 2);
    assert!(mails[1].contains("Cook one") && mails[1].contains("it is too long"), "{}", mails[1]);
    here.show(&["Cook two"]).await;
    assert_eq!(here.world.sent(), ["ann: Cook two"], "the chat is used as before");
    assert_eq!(here.world.count("SELECT count(*) FROM owed WHERE state = 'told'").await, 2);
}

#[tokio::test]
async fn what_nothing_takes_is_listed() {
    let here = Post::new().await;
    here.world.filter(here.person(), "cook").await;
    here.world.messenger.fail(Failure::Verdict(Verdict::Rejected { why: "too long".to_owned() }));
    here.show(&["Cook one"]).await;
    check(&here.say("list").await, "1 not delivered: the terminal did not take them (too long)");
    // An address that says yes in time gets it.
    here.confirmed().await;
    here.deliver().await;
    assert!(here.mails()[1].contains("Cook one"));
    assert!(!words(&here.say("list").await).contains("not delivered"));
}

#[tokio::test]
async fn a_chat_that_fails_for_a_day_is_given_up_and_its_messages_come_by_mail() {
    let here = Post::new().await;
    here.confirmed().await;
    here.world.filter(here.person(), "cook").await;
    for _ in 0..99 {
        let why = "it is down".to_owned();
        here.world.messenger.fail(Failure::Verdict(Verdict::Retry { why, after: None }));
    }
    here.show(&["Cook one"]).await;
    here.show(&["Cook two", "Cook one"]).await;
    for _ in 0..23 {
        here.world.clock.advance(HOUR);
        here.deliver().await;
    }
    assert_eq!(here.mails().len(), 1, "for a day nothing is given up");
    for _ in 0..4 {
        here.world.clock.advance(HOUR);
        here.deliver().await;
    }
    let mails = here.mails();
    assert_eq!(mails.len(), 2, "one digest");
    for part in ["Cook one", "Cook two", "it is down"] {
        assert!(mails[1].contains(part), "{part}");
    }
}

#[tokio::test]
async fn mails_to_a_host_that_is_always_busy_are_given_up_after_two_days_all_of_them() {
    let (here, smtp) = by_relay().await;
    for _ in 0..99 {
        smtp.at(Stage::Rcpt, Act::Say("450 4.2.0 greylisted"));
    }
    here.show(&["Cook one"]).await;
    for _ in 0..10 {
        here.world.clock.advance(HOUR);
        here.deliver().await;
    }
    here.show(&["Cook two", "Cook one"]).await;
    for _ in 0..37 {
        here.world.clock.advance(HOUR);
        here.deliver().await;
    }
    assert!(here.world.sent().is_empty(), "{:?}", here.world.sent());
    for _ in 0..3 {
        here.world.clock.advance(HOUR);
        here.deliver().await;
    }
    assert_eq!(here.world.sent(), ["ann: Cook one"], "what nobody took comes in the chat");
    for _ in 0..12 {
        here.world.clock.advance(HOUR);
        here.deliver().await;
    }
    assert_eq!(here.world.sent(), ["ann: Cook one", "ann: Cook two"], "no two days of its own");
    assert!(smtp.mails().is_empty());
    check(&here.say("email").await, "Your address is");
}

#[tokio::test]
async fn trouble_of_the_operators_holds_all_mail_up_and_counts_as_no_try() {
    let (here, smtp) = by_relay().await;
    smtp.at(Stage::Mail, Act::Say("535 5.7.8 bad password"));
    here.show(&["Cook one"]).await;
    let other = here.world.person("bob").await;
    assert_eq!(
        here.world
            .count("SELECT sum(attempts)::bigint FROM deliveries WHERE state = 'pending'")
            .await,
        0
    );
    let gauges = db::gauges::read(&here.world.pool, here.world.now()).await.unwrap();
    assert_eq!((gauges.mail_rests, gauges.dead), (1, 0));
    let asked = || smtp.commands().iter().filter(|line| line.starts_with("MAIL")).count();
    let bob = earlybrd::commands::Actor::alone(other.account, other.target);
    earlybrd::commands::say(&here.context, bob, "email bob@example.net").await;
    here.deliver().await;
    assert_eq!(asked(), 1, "nobody else's mail is tried");
    here.world.clock.advance(Duration::from_mins(6));
    here.deliver().await;
    assert_eq!((asked(), smtp.mails().len()), (3, 2));
}

/// Looking at it makes it no longer.
#[tokio::test]
async fn a_rest_of_all_mail_ends_when_it_was_to() {
    let (here, smtp) = by_relay().await;
    smtp.at(Stage::Mail, Act::Say("535 5.7.8 bad password"));
    here.show(&["Cook one"]).await;
    let until = async || {
        let until = db::limits::rests_until(&here.world.pool, "mail", here.world.now()).await;
        until.unwrap().expect("a rest")
    };
    let ends = until().await;
    let other = here.world.person("bob").await;
    let bob = earlybrd::commands::Actor::alone(other.account, other.target);
    here.world.clock.advance(Duration::from_millis(299_900));
    earlybrd::commands::say(&here.context, bob, "email bob@example.net").await;
    here.deliver().await;
    assert_eq!(until().await, ends);
    assert!(smtp.mails().is_empty());
    here.world.clock.advance(Duration::from_secs(11));
    here.deliver().await;
    assert_eq!(smtp.mails().len(), 2);
}

#[tokio::test]
async fn mails_that_wait_for_a_host_that_refuses_us_are_given_up_after_two_days() {
    let (here, smtp) = by_relay().await;
    // Others there are refused again and again.
    sqlx::query(
        "INSERT INTO rate_limits (key, free_at, rests_until) VALUES ('mail/example.com', $1, $2)",
    )
    .bind(here.world.now())
    .bind(here.world.now() + chrono::TimeDelta::days(3))
    .execute(&here.world.pool)
    .await
    .unwrap();
    here.show(&["Cook one"]).await;
    for _ in 0..11 {
        here.world.clock.advance(HOUR * 4);
        here.deliver().await;
    }
    assert!(here.world.sent().is_empty(), "{:?}", here.world.sent());
    let tried = "SELECT sum(attempts)::bigint FROM deliveries WHERE state = 'pending'";
    assert_eq!(here.world.count(tried).await, 0);
    for _ in 0..2 {
        here.world.clock.advance(HOUR * 4);
        here.deliver().await;
    }
    assert_eq!(here.world.sent(), ["ann: Cook one"], "it comes in the chat");
    assert!(smtp.mails().is_empty());
}

#[tokio::test]
async fn a_message_whose_sender_died_before_its_chat_did_comes_by_mail() {
    let here = Post::new().await;
    here.confirmed().await;
    here.world.filter(here.person(), "cook").await;
    here.match_titles(&["Cook one"]).await;
    sqlx::query(
        "WITH lane AS (UPDATE targets SET lease_id = gen_random_uuid(), lease_until = $1,
                              broken_at = $2, broken_why = 'closed'
                       WHERE platform = 'console' RETURNING id, lease_id)
         UPDATE deliveries d SET state = 'sending', lease_id = lane.lease_id, tried_at = $2
         FROM lane WHERE d.target_id = lane.id",
    )
    .bind(here.world.now() + chrono::TimeDelta::seconds(45))
    .bind(here.world.now())
    .execute(&here.world.pool)
    .await
    .unwrap();
    here.deliver().await;
    assert_eq!(here.mails().len(), 1, "its lease is not over");
    here.world.clock.advance(Duration::from_mins(4));
    let gauges = db::gauges::read(&here.world.pool, here.world.now()).await.unwrap();
    assert_eq!(gauges.stuck, 1);
    here.deliver().await;
    assert!(here.mails()[1].contains("Cook one"));
}

#[tokio::test]
async fn everybody_who_made_a_filter_of_a_channel_that_is_gone_is_told() {
    let world = World::new().await;
    let channel = world.person("channel").await;
    for nth in 0..25 {
        let maker = world.person(&format!("maker {nth}")).await;
        let (account, target) = (channel.account, channel.target);
        let made_from = Some(maker.target);
        let filter = NewFilter { account, target, made_from, name: "go", query: "go" };
        db::in_tx(&world.pool, async |tx| {
            let revision = db::filters::begin_change(tx).await?;
            db::filters::insert(tx, revision, filter, world.now()).await
        })
        .await
        .unwrap();
    }
    sqlx::query("UPDATE targets SET broken_at = $1, broken_why = 'archived' WHERE id = $2")
        .bind(world.now())
        .bind(channel.target.0)
        .execute(&world.pool)
        .await
        .unwrap();
    drain(&mut Gather { base: world.base() }).await;
    let told = "SELECT count(DISTINCT target_id) FROM deliveries WHERE notice IS NOT NULL";
    assert_eq!(world.count(told).await, 25);
    assert_eq!(world.count("SELECT count(*) FROM deliveries").await, 25, "each once");
}
