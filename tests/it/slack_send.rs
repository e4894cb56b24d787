//! Messages to Slack: what is shown, what counts as sent, and what each failure leads to.

use std::sync::Arc;
use std::time::Duration;

use earlybrd::config::{OneWorkspace, SlackConfig};
use earlybrd::db;
use earlybrd::domain::account::{AccountKind, Identity};
use earlybrd::domain::delivery::{Doubt, Verdict};
use earlybrd::domain::message::Message;
use earlybrd::domain::target::{Platform, Target};
use earlybrd::http;
use earlybrd::messenger::Messenger;
use earlybrd::slack::{CODES, Means, Slack, SlackPlatform};
use earlybrd::workers::edit_cards::EditCards;
use serde_json::{Value, json};

use crate::fakes::board::{FakeBoard, Item};
use crate::fakes::slack::{FakeSlack, TOKEN, Trick, shown, value_of};
use crate::office::{install, keys};
use crate::world::{Person, World, drain};

pub const POST: &str = "chat.postMessage";
pub const BROKEN: &str = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";

/// A workspace that installed the app, and what sends there.
pub struct Workspace {
    pub world: World,
    pub slack: FakeSlack,
    pub platform: Arc<SlackPlatform>,
}

impl Workspace {
    pub async fn new() -> Self {
        let (world, slack) = (World::new().await, FakeSlack::start().await);
        let platform = platform(&world, &slack, None);
        let workspace = Self { world, slack, platform };
        workspace.installed(TOKEN).await;
        workspace
    }

    pub async fn installed(&self, token: &str) {
        install(&self.world.pool, self.world.now(), "T1", token).await;
    }

    pub async fn person(&self) -> Person {
        self.at("T1/U1").await
    }

    pub async fn at(&self, address: &str) -> Person {
        let now = self.world.now();
        let (platform, workspace) = (Platform::Slack, "T1".to_owned());
        let user = address.rsplit('/').next().unwrap().to_owned();
        let identity = Identity { platform, workspace, user };
        db::in_tx(&self.world.pool, async |tx| {
            let account =
                db::accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
            let target = db::accounts::target(tx, account, Platform::Slack, address, now).await?;
            Ok(Person { account, target })
        })
        .await
        .unwrap()
    }

    pub async fn deliver(&self) {
        drain(&mut self.world.sender_of(Arc::<SlackPlatform>::clone(&self.platform))).await;
    }

    /// One card for a person at an address, sent.
    async fn card(&self, address: &str, title: &str) -> FakeBoard {
        let board = FakeBoard::start().await;
        self.world.board("b", &board.url).await;
        self.world.poll().await;
        let person = self.at(address).await;
        self.world.filter(person, "rust").await;
        board.show(&[Item {
            link: "https://jobs.example/1?a=1&amp;b=2",
            body: "Company: Acme\nWe build <b>boats</b>.",
            ..Item::titled(title)
        }]);
        self.world.poll_again().await;
        self.world.match_all().await;
        self.deliver().await;
        board
    }

    async fn send(&self) -> Result<(), Verdict> {
        self.platform.send(&target("T1/U1"), &notice()).await.map(drop)
    }

    pub async fn count(&self, query: &'static str) -> i64 {
        self.world.count(query).await
    }
}

pub fn target(address: &str) -> Target {
    let (id, account) = (1.into(), 1.into());
    Target { id, account, platform: Platform::Slack, address: address.to_owned() }
}

/// A replica's platform; with the operator's own token if there is one.
pub fn platform(world: &World, slack: &FakeSlack, own: Option<&str>) -> Arc<SlackPlatform> {
    let one = own.map(|token| OneWorkspace { bot_token: token.into(), app_token: "xapp-1".into() });
    let config = SlackConfig { api: slack.url.clone(), app: None, one };
    let client = http::for_operator("test").unwrap();
    let ours = Slack::new(&config, client, &world.context(), Some(Arc::new(keys())));
    Arc::new(ours.platform())
}

pub fn notice() -> Message {
    Message {
        delivery: 7.into(),
        created: chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        kind: earlybrd::domain::message::Kind::Cards,
        instead: None,
        notice: Some("hello".to_owned()),
        about: None,
        cards: Vec::new(),
    }
}

#[tokio::test]
async fn a_card_shows_its_posting_and_nothing_in_it_calls_or_unfurls() {
    let slack = Workspace::new().await;
    slack.card("T1/U1", "Rust &amp;amp; &amp;lt;!channel&amp;gt; &amp;lt;b&amp;gt;").await;
    let posted = slack.slack.posted();
    let [card] = posted.as_slice() else { panic!("{posted:?}") };
    assert_eq!(card.channel, "D1");
    let text = shown(&card.arguments["blocks"]);
    assert!(text.contains("|Rust &amp; &lt;!channel&gt;"), "{text}");
    for label in ["Save", "Applied", "Not for me", "Mute Acme"] {
        assert!(value_of(&card.arguments["blocks"], label).is_some(), "{label}: {text}");
    }
    let of = |name: &str| card.arguments.get(name).cloned();
    assert_eq!(of("unfurl_links"), Some(json!(false)));
    assert_eq!(of("link_names"), Some(json!(false)));
    assert!(card.arguments["metadata"]["event_payload"]["id"].is_string());
    assert_eq!(slack.count("SELECT count(*) FROM deliveries WHERE state = 'sent'").await, 1);
}

/// A card at an address, whose job another board shows now, too. Returns how many messages there were.
pub async fn shown_elsewhere(slack: &Workspace, address: &str) -> usize {
    let other = FakeBoard::start().await;
    slack.world.board("two", &other.url).await;
    slack.world.poll().await;
    let job = Item { body: "Company: Acme\nLocation: Berlin", ..Item::titled("Rust one") };
    let board = slack.card(address, "Rust nothing").await;
    board.show(&[job]);
    slack.world.poll_again().await;
    slack.world.match_all().await;
    slack.deliver().await;
    let before = slack.slack.posted().len();
    other.show(&[job]);
    slack.world.poll_again().await;
    before
}

pub async fn edit(slack: &Workspace) {
    let platforms = vec![Platform::Slack];
    drain(&mut EditCards { base: slack.world.base(), platforms }).await;
    for _ in 0..5 {
        slack.world.clock.advance(Duration::from_secs(2));
        slack.deliver().await;
    }
}

#[tokio::test]
async fn a_card_is_edited_in_place() {
    let slack = Workspace::new().await;
    let before = shown_elsewhere(&slack, "T1/C1").await;
    edit(&slack).await;
    assert_eq!(slack.slack.posted().len(), before);
    assert!(slack.slack.shown().contains("also on"), "{}", slack.slack.shown());
}

/// Whoever cannot be asked again finds it under the card, once.
#[tokio::test]
async fn what_is_new_of_a_card_that_nobody_may_edit_goes_below_it() {
    let slack = Workspace::new().await;
    let before = shown_elsewhere(&slack, "T1/U1").await;
    slack.slack.play("chat.update", Trick::Refuse("edit_window_closed"));
    // The reply is there, and its answer lost: it is found before it is said again.
    slack.slack.play(POST, Trick::DoneBut(200, ""));
    edit(&slack).await;
    slack.world.clock.advance(Duration::from_mins(11));
    slack.slack.play("chat.update", Trick::Refuse("edit_window_closed"));
    edit(&slack).await;
    let posted = slack.slack.posted();
    assert_eq!(posted.len(), before + 1);
    let (card, reply) = (&posted[before - 1], &posted[before]);
    assert_eq!(reply.arguments["thread_ts"], card.ts.as_str());
    assert!(shown(&reply.arguments["blocks"]).contains("also on"));
    assert_eq!(slack.slack.calls("conversations.replies").len(), 2);
    slack.world.clock.advance(Duration::from_mins(11));
    edit(&slack).await;
    assert_eq!(slack.slack.calls("chat.update").len(), 2);
}

#[tokio::test]
async fn a_workspace_that_opens_no_conversation_by_itself_is_asked_to() {
    let slack = Workspace::new().await;
    slack.slack.only_channels();
    assert_eq!(slack.send().await, Ok(()));
    assert_eq!(slack.slack.posted()[0].channel, "D1");
}

/// One case for each code of the table.
#[tokio::test]
async fn every_code_leads_to_the_verdict_of_the_table() {
    let slack = Workspace::new().await;
    for (code, means) in CODES {
        slack.installed(TOKEN).await;
        let tries = if *code == "channel_not_found" { 2 } else { 1 };
        (0..tries).for_each(|_| slack.slack.play(POST, Trick::Refuse(code)));
        let verdict = slack.send().await.unwrap_err();
        let fits = match means {
            Means::PlaceIsGone | Means::TokenIsDead => matches!(verdict, Verdict::Gone { .. }),
            Means::OurMistake => matches!(verdict, Verdict::Rejected { .. }),
            Means::Limited => matches!(verdict, Verdict::Limited { .. }),
            Means::Later => matches!(verdict, Verdict::Retry { .. }),
            Means::Unclear => matches!(verdict, Verdict::Unknown { .. }),
        };
        assert!(fits && verdict.why().contains(code), "{code}: {verdict:?}");
    }
    slack.installed(TOKEN).await;
    slack.slack.play(POST, Trick::Refuse("brand_new_code"));
    let verdict = slack.send().await.unwrap_err();
    assert!(matches!(verdict, Verdict::Strange { .. }) && verdict.why().contains("brand_new_code"));
    assert!(slack.slack.posted().is_empty());
}

#[track_caller]
fn check_unclear(got: &Result<(), Verdict>, body: &str) {
    assert!(matches!(got, Err(Verdict::Unknown { .. })), "{body:?}: {got:?}");
}

#[tokio::test]
async fn nothing_counts_as_sent_without_ok_ts_and_channel() {
    let slack = Workspace::new().await;
    for body in [
        "<html>ok</html>",
        "",
        "{\"ok\": true, \"ts\": \"1.",
        "{}",
        "[]",
        "{\"ok\": true}",
        "{\"ok\": true, \"ts\": \"1.2\"}",
        "{\"ok\": true, \"channel\": \"C1\"}",
        "{\"ok\": \"true\", \"ts\": \"1.2\", \"channel\": \"C1\"}",
        "{\"ok\": true, \"ts\": 1.2, \"channel\": \"C1\"}",
    ] {
        slack.slack.play(POST, Trick::DoneBut(200, body));
        check_unclear(&slack.send().await, body);
    }
    for (status, body) in [(500, "oops"), (504, ""), (500, "{\"ok\": true, \"ts\": \"1\"}")] {
        slack.slack.play(POST, Trick::DoneBut(status, body));
        check_unclear(&slack.send().await, body);
    }
    for status in [502, 503, 404, 302] {
        slack.slack.play(POST, Trick::Answer(status, Vec::new(), "no"));
        let verdict = slack.send().await.unwrap_err();
        assert!(matches!(verdict, Verdict::Retry { .. }), "{status}: {verdict:?}");
    }
}

#[tokio::test]
async fn an_odd_retry_after_is_no_rest_at_all_and_a_sound_one_is_kept() {
    let slack = Workspace::new().await;
    for (header, want) in [
        ("30", Some(30_000)),
        ("0", Some(0)),
        ("1.5", Some(1_500)),
        ("99999999999", Some(99_999_999_999_000)),
        ("-1", None),
        ("abc", None),
    ] {
        let limited = Trick::Answer(429, vec![("retry-after", header)], "");
        slack.slack.play(POST, limited);
        let Err(Verdict::Limited { after, key, .. }) = slack.send().await else {
            panic!("{header}");
        };
        assert_eq!(after.map(|after| after.as_millis()), want, "{header}");
        assert_eq!(key, "slack/T1/chat.postMessage");
    }
}

#[tokio::test]
async fn a_429_silences_the_method_for_its_workspace_in_all_replicas() {
    let slack = Workspace::new().await;
    slack.slack.play(POST, Trick::Answer(429, vec![("retry-after", "30")], ""));
    slack.card("T1/U1", "Rust one").await;
    let person = slack.at("T1/U2").await;
    queue(&slack, person, "second").await;
    let replica = platform(&slack.world, &slack.slack, None);
    slack.world.clock.advance(Duration::from_secs(29));
    slack.deliver().await;
    drain(&mut slack.world.sender_of(replica)).await;
    assert_eq!(slack.slack.calls(POST).len(), 1);
    slack.world.clock.advance(Duration::from_secs(2));
    slack.deliver().await;
    slack.world.clock.advance(Duration::from_secs(2));
    slack.deliver().await;
    assert_eq!(slack.slack.posted().len(), 2);
}

pub async fn queue(slack: &Workspace, person: Person, text: &str) {
    let notices = [(person.target, text.to_owned())];
    let now = slack.world.now();
    db::in_tx(&slack.world.pool, async |tx| db::deliveries::queue_notices(tx, &notices, now).await)
        .await
        .unwrap();
}

/// The answer is lost; the history says that the message is there.
#[tokio::test]
async fn a_message_that_may_have_arrived_is_looked_for_before_it_is_sent_again() {
    let slack = Workspace::new().await;
    slack.slack.play(POST, Trick::DoneBut(200, ""));
    slack.card("T1/U1", "Rust one").await;
    assert_eq!(slack.slack.posted().len(), 1);
    slack.world.clock.advance(Duration::from_mins(5));
    slack.deliver().await;
    assert_eq!(slack.slack.calls("conversations.history").len(), 1);
    assert_eq!(slack.slack.posted().len(), 1);
    assert_eq!(slack.count("SELECT count(*) FROM deliveries WHERE state = 'sent'").await, 1);
}

#[tokio::test]
async fn a_message_that_did_not_arrive_is_sent_again() {
    let slack = Workspace::new().await;
    slack.slack.play(POST, Trick::Answer(500, Vec::new(), ""));
    slack.card("T1/U1", "Rust one").await;
    slack.world.clock.advance(Duration::from_mins(5));
    slack.deliver().await;
    assert_eq!(slack.slack.posted().len(), 1);
    assert_eq!(slack.slack.calls(POST).len(), 2);
}

#[tokio::test]
async fn only_direct_messages_are_looked_for() {
    let slack = Workspace::new().await;
    let doubt = |address| slack.platform.in_doubt(&target(address), Duration::from_mins(1));
    assert_eq!(doubt("T1/U1"), Doubt::Ask);
    assert_eq!(doubt("T1/C1"), Doubt::Once);
}

#[tokio::test]
async fn a_workspace_whose_token_is_dead_is_asked_nothing_more() {
    let slack = Workspace::new().await;
    let person = slack.person().await;
    queue(&slack, person, "first").await;
    slack.slack.revoke(TOKEN);
    slack.deliver().await;
    queue(&slack, person, "second").await;
    slack.world.clock.advance(Duration::from_hours(1));
    slack.deliver().await;
    assert_eq!(slack.slack.calls(POST).len(), 1);
    assert_eq!(slack.count(BROKEN).await, 1);
}

#[tokio::test]
async fn texts_of_any_length_keep_to_the_limits() {
    let slack = Workspace::new().await;
    let long = "<!here> & ".repeat(2_000);
    for text in ["x", "<@U1>", "a\nb", long.as_str(), "\u{202e}", " "] {
        let message = Message { notice: Some(text.to_owned()), ..notice() };
        let sent = slack.platform.send(&target("T1/C1"), &message).await;
        assert!(sent.is_ok(), "{text:.20}: {sent:?}");
    }
    assert!(slack.slack.posted().iter().all(|posted| posted.arguments["blocks"] != Value::Null));
}

#[tokio::test]
async fn a_slack_that_does_not_answer_is_waited_for_ten_seconds_and_then_asked() {
    let slack = Workspace::new().await;
    let person = slack.person().await;
    queue(&slack, person, "hello").await;
    slack.slack.play(POST, Trick::Hang);
    slack.deliver().await;
    let doubt = "SELECT count(*) FROM deliveries WHERE doubt_since IS NOT NULL";
    assert_eq!(slack.count(doubt).await, 1);
    slack.world.clock.advance(Duration::from_mins(2));
    slack.deliver().await;
    assert_eq!(slack.count("SELECT count(*) FROM deliveries WHERE state = 'sent'").await, 1);
    assert_eq!(slack.slack.posted().len(), 1);
}
