//! Tokens that die and come back, methods that rest, and codes that nobody knows.

use std::time::Duration;

use earlybrd::config::{OneWorkspace, SlackApp, SlackConfig};
use earlybrd::domain::delivery::Verdict;
use earlybrd::messenger::Messenger;
use earlybrd::slack::Slack;

use crate::fakes::slack::{FakeSlack, TOKEN, Trick};
use crate::office::Office;
use crate::slack_send::{
    BROKEN, POST, Workspace, edit, notice, platform, queue, shown_elsewhere, target,
};
use crate::world::World;

/// What was on its way when the token died, too, comes once the app is installed again.
#[tokio::test]
async fn an_installation_brings_back_whatever_broke_before_it() {
    let slack = Workspace::new().await;
    for (user, code) in [("T1/U1", "token_revoked"), ("T1/U2", "missing_scope")] {
        slack.installed(TOKEN).await;
        queue(&slack, slack.at(user).await, user).await;
        slack.slack.play(POST, Trick::Refuse(code));
        slack.deliver().await;
    }
    queue(&slack, slack.at("T1/C1").await, "in a channel").await;
    slack.slack.play(POST, Trick::Refuse("account_inactive"));
    slack.deliver().await;
    assert_eq!(slack.count(BROKEN).await, 3);
    slack.world.clock.advance(Duration::from_mins(1));
    slack.installed(TOKEN).await;
    assert_eq!(slack.count(BROKEN).await, 0);
    for _ in 0..3 {
        slack.world.clock.advance(Duration::from_mins(1));
        slack.deliver().await;
    }
    assert_eq!(slack.slack.posted().len(), 3);
}

/// A call with the old token fails after the app was installed again.
#[tokio::test]
async fn a_token_that_died_breaks_nothing_of_the_next_installation() {
    let slack = Workspace::new().await;
    queue(&slack, slack.person().await, "hello").await;
    slack.slack.play(POST, Trick::Late(Duration::from_millis(400)));
    slack.slack.revoke(TOKEN);
    let installs = async {
        while slack.slack.calls(POST).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        slack.world.clock.advance(Duration::from_secs(1));
        slack.slack.grant("xoxb-next");
        slack.installed("xoxb-next").await;
    };
    tokio::join!(slack.deliver(), installs);
    assert_eq!(slack.count(BROKEN).await, 0);
    slack.world.clock.advance(Duration::from_mins(5));
    slack.deliver().await;
    assert_eq!(slack.slack.posted().len(), 1);
}

#[tokio::test]
async fn a_dead_token_of_the_operators_costs_one_call_and_breaks_nothing() {
    let (world, fake) = (World::new().await, FakeSlack::start().await);
    let dead = platform(&world, &fake, Some(TOKEN));
    let slack = Workspace { world, slack: fake, platform: dead };
    for user in ["T1/U1", "T1/U2", "T1/U3"] {
        queue(&slack, slack.at(user).await, user).await;
    }
    // It is good at the start, and dies.
    let proved = slack.platform.send(&target("T1/U9"), &notice()).await;
    assert!(proved.is_ok(), "{proved:?}");
    slack.slack.revoke(TOKEN);
    let calls = slack.slack.calls(POST).len();
    slack.deliver().await;
    slack.world.clock.advance(Duration::from_mins(5));
    slack.deliver().await;
    assert_eq!(slack.slack.calls(POST).len(), calls + 1);
    assert_eq!(slack.count(BROKEN).await, 0);
    // Another token, after a restart.
    slack.slack.grant("xoxb-next");
    let next = platform(&slack.world, &slack.slack, Some("xoxb-next"));
    let slack = Workspace { platform: next, ..slack };
    for _ in 0..3 {
        slack.world.clock.advance(Duration::from_mins(6));
        slack.deliver().await;
    }
    assert_eq!(slack.slack.posted().len(), 4);
}

/// The rest that is noted for all replicas is the one that senders keep.
#[tokio::test]
async fn a_rest_is_an_hour_at_most_whatever_slack_asks_for() {
    let slack = Workspace::new().await;
    let person = slack.person().await;
    for (sent, odd) in ["99999999999", "99999999999999"].into_iter().enumerate() {
        slack.slack.play(POST, Trick::Answer(429, vec![("retry-after", odd)], ""));
        queue(&slack, person, odd).await;
        slack.deliver().await;
        slack.world.clock.advance(Duration::from_mins(59));
        slack.deliver().await;
        assert_eq!(slack.slack.posted().len(), sent, "{odd}");
        slack.world.clock.advance(Duration::from_mins(2));
        slack.deliver().await;
        assert_eq!(slack.slack.posted().len(), sent + 1, "{odd}");
        slack.world.clock.advance(Duration::from_mins(1));
    }
}

#[tokio::test]
async fn the_operators_token_is_for_its_own_workspace_only() {
    let (world, slack) = (World::new().await, FakeSlack::start().await);
    let app = SlackApp {
        signing_secret: "x".into(),
        client_id: "1.2".to_owned(),
        client_secret: "y".into(),
        public_url: slack.url.clone(),
    };
    let one = OneWorkspace { bot_token: TOKEN.into(), app_token: "xapp-1".into() };
    let config = SlackConfig { api: slack.url.clone(), app: Some(app), one: Some(one) };
    let client = earlybrd::http::for_operator("test").unwrap();
    let own = Slack::new(&config, client, &world.context(), None).platform();
    let verdict = own.send(&target("T2/U1"), &notice()).await.unwrap_err();
    assert!(matches!(verdict, Verdict::Gone { .. }), "{verdict:?}");
    assert!(slack.calls(POST).is_empty());
    assert!(own.send(&target("T1/U1"), &notice()).await.is_ok());
}

#[tokio::test]
async fn each_method_rests_alone_and_for_all_replicas() {
    let slack = Workspace::new().await;
    let before = shown_elsewhere(&slack, "T1/C1").await;
    slack.slack.play("chat.update", Trick::Answer(429, vec![("retry-after", "900")], ""));
    edit(&slack).await;
    assert_eq!(slack.slack.calls("chat.update").len(), 1);
    // New messages are not held up by it, and edits come when it is over.
    queue(&slack, slack.person().await, "hello").await;
    slack.deliver().await;
    assert_eq!(slack.slack.posted().len(), before + 1);
    slack.world.clock.advance(Duration::from_mins(11));
    edit(&slack).await;
    assert_eq!(slack.slack.calls("chat.update").len(), 1);
    slack.world.clock.advance(Duration::from_mins(11));
    edit(&slack).await;
    assert_eq!(slack.slack.calls("chat.update").len(), 2);
    assert!(slack.slack.shown().contains("also on"), "{}", slack.slack.shown());
}

/// A Slack that does not know the question, or answers it in its own way.
#[tokio::test]
async fn the_operators_token_is_used_unasked_where_slack_does_not_say_whose_it_is() {
    let world = World::new().await;
    for (status, body) in [(404, "not found"), (500, ""), (200, "<html>"), (200, "{\"ok\": true}")]
    {
        let slack = FakeSlack::start().await;
        slack.play("auth.test", Trick::Answer(status, Vec::new(), body));
        let own = platform(&world, &slack, Some(TOKEN));
        for user in ["T1/U1", "T7/U1"] {
            let sent = own.send(&target(user), &notice()).await;
            assert!(sent.is_ok(), "{status} {body}: {sent:?}");
        }
        assert_eq!(slack.calls("auth.test").len(), 1, "it is not asked for each message");
    }
    // What it says of the token counts.
    let slack = FakeSlack::start().await;
    slack.revoke(TOKEN);
    let dead = platform(&world, &slack, Some(TOKEN)).send(&target("T1/U1"), &notice()).await;
    assert!(matches!(dead, Err(Verdict::Limited { .. })), "{dead:?}");
    assert!(slack.calls(POST).is_empty());
}

/// More people come at once than Slack lets us ask about in a minute.
#[tokio::test]
async fn no_method_is_called_more_often_than_its_tier_lets() {
    let office = Office::new().await;
    for user in 0..25 {
        office.types(&format!("U1{user}"), "list").await;
    }
    assert_eq!(office.slack.calls("users.info").len(), 20);
    // Nobody waited for it, and whoever was not asked about is later.
    office.world.clock.advance(Duration::from_secs(1));
    for _ in 0..2 {
        office.types("U124", "list").await;
    }
    assert_eq!(office.slack.calls("users.info").len(), 21);
}

/// It is kept where the operator sees it, and what comes behind it goes on.
#[tokio::test]
async fn a_code_that_nobody_knows_is_tried_three_times_and_then_costs_one_message() {
    let slack = Workspace::new().await;
    let person = slack.person().await;
    (0..3).for_each(|_| slack.slack.play(POST, Trick::Refuse("brand_new_code")));
    queue(&slack, person, "first").await;
    queue(&slack, person, "second").await;
    for _ in 0..4 {
        slack.deliver().await;
        slack.world.clock.advance(Duration::from_mins(1));
    }
    assert_eq!(slack.slack.calls(POST).len(), 4);
    assert!(slack.slack.shown().contains("second") && !slack.slack.shown().contains("first"));
    let kept = "SELECT count(*) FROM deliveries
                WHERE state = 'dead' AND attempts = 3 AND last_error LIKE '%brand_new_code%'";
    assert_eq!((slack.count(kept).await, slack.count(BROKEN).await), (1, 0));
}
