//! Senders and pollers that were held up until somebody else has what they claimed, or might have it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use earlybrd::db::{self, polls};
use earlybrd::domain::delivery::{Doubt, MessageRef, Verdict};
use earlybrd::domain::message::Message;
use earlybrd::domain::target::{Platform, Target};
use earlybrd::messenger::Messenger;
use earlybrd::worker::Worker;
use earlybrd::workers::claims;
use earlybrd::workers::deliver::Deliver;
use earlybrd::workers::outbox::{LEASE, Outbox};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::fakes::board::{FakeBoard, Item, feed};
use crate::fakes::raw;
use crate::world::World;

/// A world in which `ann` is owed one message.
async fn owing() -> World {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let ann = world.person("ann").await;
    world.filter(ann, "job").await;
    board.show(&[Item::titled("job")]);
    world.poll_again().await;
    world.match_all().await;
    world
}

/// Claims the one lane, as another sender does.
async fn claim(world: &World) -> db::lanes::ClaimedLane {
    let lanes = db::lanes::claim(&world.pool, Platform::Console, world.now(), LEASE, 1);
    lanes.await.unwrap().remove(0)
}

/// As a process that is stopped and goes on later, or whose database keeps it waiting: what it is told
/// was true when it asked.
#[tokio::test]
async fn a_sender_that_was_held_up_beyond_its_lease_sends_nothing() {
    for is_taken_over in [false, true] {
        let world = owing().await;
        let mut held = world.pool.begin().await.unwrap();
        sqlx::query("SELECT FROM deliveries FOR UPDATE").execute(&mut *held).await.unwrap();
        let mut sender = world.sender();
        let (ticked, ()) = tokio::join!(sender.tick(), async {
            world.until_a_session_waits().await;
            world.clock.advance(LEASE);
            if is_taken_over {
                claim(&world).await;
            }
            held.rollback().await.unwrap();
        });
        ticked.unwrap();
        assert!(world.sent().is_empty(), "taken over: {is_taken_over}");
        for _ in 0..3 {
            world.clock.advance(Duration::from_mins(2));
            world.deliver().await;
        }
        assert_eq!(world.sent(), ["ann: job"], "taken over: {is_taken_over}");
    }
}

/// A platform that answers when it is told to, too late.
#[derive(Default)]
struct Slow {
    asked: Notify,
    answers: Notify,
}

#[async_trait]
impl Messenger for Slow {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    async fn send(&self, _: &Target, _: &Message) -> Result<MessageRef, Verdict> {
        self.asked.notify_one();
        self.answers.notified().await;
        Ok(MessageRef("late".to_owned()))
    }
}

#[tokio::test]
async fn an_answer_that_comes_after_the_lease_changes_nothing() {
    let world = owing().await;
    let slow = Arc::<Slow>::default();
    let mut first = world.sender_of(Arc::<Slow>::clone(&slow));
    let (ticked, lane) = tokio::join!(first.tick(), async {
        slow.asked.notified().await;
        world.clock.advance(LEASE);
        let lane = claim(&world).await;
        let heads = db::lanes::heads(&world.pool, std::slice::from_ref(&lane), world.now(), 1);
        let sends = [(lane.clone(), heads.await.unwrap()[&lane.target.id][0].id)];
        let begun = db::lanes::begin_sends(&world.pool, &sends, world.now()).await.unwrap();
        assert_eq!(begun, [true]);
        slow.answers.notify_one();
        lane
    });
    ticked.unwrap();
    let held: Option<uuid::Uuid> = sqlx::query_scalar(
        "SELECT t.lease_id FROM targets t JOIN deliveries d ON d.target_id = t.id
         WHERE d.state = 'sending' AND d.message_ref IS NULL AND d.lease_id = t.lease_id",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(held, Some(lane.lease.0), "it is the second one's to settle");
}

/// A platform that can be asked, of which the answer takes longer than the lease.
struct Forgetful {
    clock: Arc<crate::world::TestClock>,
    sent: AtomicUsize,
    asked: AtomicUsize,
}

#[async_trait]
impl Messenger for Forgetful {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    fn in_doubt(&self, _: &Target, _: Duration) -> Doubt {
        Doubt::Ask
    }

    async fn find(
        &self,
        _: &Target,
        _: &Message,
        _: DateTime<Utc>,
    ) -> Result<Option<MessageRef>, Verdict> {
        if self.asked.fetch_add(1, Ordering::SeqCst) == 0 {
            self.clock.advance(LEASE);
        }
        Ok(None)
    }

    async fn send(&self, _: &Target, _: &Message) -> Result<MessageRef, Verdict> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        Ok(MessageRef("one".to_owned()))
    }
}

/// Fault 5, where the platform is asked first: by the time of the answer somebody else may have sent.
#[tokio::test]
async fn a_sender_that_was_held_up_while_it_asked_sends_nothing() {
    let world = owing().await;
    let clock = Arc::clone(&world.clock);
    let (sent, asked) = Default::default();
    let platform = Arc::new(Forgetful { clock, sent, asked });
    let doubt = "UPDATE deliveries SET doubts = 1, doubt_since = created_at, tried_at = created_at";
    sqlx::query(doubt).execute(&world.pool).await.unwrap();
    let mut sender = world.sender_of(Arc::<Forgetful>::clone(&platform));
    sender.tick().await.unwrap();
    assert_eq!(
        (platform.asked.load(Ordering::SeqCst), platform.sent.load(Ordering::SeqCst)),
        (1, 0)
    );
    sender.tick().await.unwrap();
    assert_eq!(
        (platform.asked.load(Ordering::SeqCst), platform.sent.load(Ordering::SeqCst)),
        (2, 1)
    );
}

/// A platform in whose first send the service is told to stop.
struct Stops {
    stop: CancellationToken,
    sent: AtomicUsize,
}

#[async_trait]
impl Messenger for Stops {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    async fn send(&self, _: &Target, _: &Message) -> Result<MessageRef, Verdict> {
        self.stop.cancel();
        Ok(MessageRef(self.sent.fetch_add(1, Ordering::SeqCst).to_string()))
    }
}

/// Fault 8.
#[tokio::test]
async fn a_sender_that_is_to_stop_ends_its_send_and_leaves_the_rest_of_the_lane() {
    let world = World::new().await;
    let board = FakeBoard::start().await;
    world.board("b", &board.url).await;
    world.poll().await;
    let ann = world.person("ann").await;
    world.filter(ann, "job").await;
    board.show(&[Item::titled("job 1"), Item::titled("job 2"), Item::titled("job 3")]);
    world.poll_again().await;
    world.match_all().await;
    let stop = CancellationToken::new();
    let platform = Arc::new(Stops { stop: stop.clone(), sent: AtomicUsize::new(0) });
    let messenger: Arc<dyn Messenger> = Arc::<Stops>::clone(&platform);
    let outbox = Outbox::new(world.base(), messenger, Arc::default(), 1).until(stop);
    Deliver { outbox: Arc::new(outbox) }.tick().await.unwrap();
    assert_eq!(platform.sent.load(Ordering::SeqCst), 1);
    let untouched = "SELECT count(*) FROM deliveries WHERE state = 'pending' AND attempts = 0";
    assert_eq!(world.count(untouched).await, 2);
    // Another replica goes on at once.
    world.deliver().await;
    assert_eq!(world.sent(), ["ann: job 2", "ann: job 1"]);
}

/// Polls every board that is due as another replica does.
async fn asks_too(world: &World, asked: &AtomicUsize) -> usize {
    world.poll().await;
    asked.load(Ordering::SeqCst)
}

/// Fault 9: whoever lives keeps its board, however long the answer takes; who died keeps it for a minute.
#[tokio::test]
async fn a_board_is_its_pollers_as_long_as_that_lives() {
    let world = World::new().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let answer = Arc::<Notify>::default();
    let (count, answers) = (Arc::clone(&asked), Arc::clone(&answer));
    let url = raw::board(move |mut stream| {
        count.fetch_add(1, Ordering::SeqCst);
        let answers = Arc::clone(&answers);
        async move {
            answers.notified().await;
            let body = feed(&[Item::titled("job")]);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).await.ok();
        }
    })
    .await;
    world.board("b", &url).await;
    let claim = polls::Claim {
        now: world.now(),
        most: 1,
        lease: claims::LEASE,
        host_gap: Duration::ZERO,
        pace: None,
    };
    // One that dies with it.
    db::in_tx(&world.pool, async |tx| polls::claim(tx, claim).await).await.unwrap();
    world.clock.advance(claims::LEASE.saturating_sub(Duration::from_secs(1)));
    assert_eq!(asks_too(&world, &asked).await, 0);
    world.clock.advance(Duration::from_secs(1));
    let mut poller = world.poller();
    poller.claims.pace.renewal = Duration::from_millis(5);
    let renewed = "SELECT count(*) FROM boards WHERE lease_until >= $1";
    let (ticked, ()) = tokio::join!(poller.tick(), async {
        for _ in 0..4 {
            let until = world.now() + chrono::TimeDelta::from_std(claims::LEASE).unwrap();
            let count = || sqlx::query_scalar::<_, i64>(renewed).bind(until).fetch_one(&world.pool);
            let is_renewed = async {
                while asked.load(Ordering::SeqCst) == 0 || count().await.unwrap() == 0 {
                    tokio::task::yield_now().await;
                }
            };
            timeout(Duration::from_secs(10), is_renewed).await.expect("its claim is renewed");
            world.clock.advance(claims::LEASE.saturating_sub(Duration::from_secs(1)));
            assert_eq!(asks_too(&world, &asked).await, 1);
        }
        answer.notify_one();
    });
    ticked.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM postings").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM boards WHERE lease_id IS NULL").await, 1);
}
