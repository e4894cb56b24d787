//! A whole small world for one test: real Postgres, a clock that the test moves, workers that the
//! test ticks, fakes on the far side of the network.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use earlybrd::boards::fetch::Fetcher;
use earlybrd::clock::{Clock, add};
use earlybrd::commands::Context;
use earlybrd::db::polls::Claim;
use earlybrd::db::{self, boards::CatalogueBoard, filters::NewFilter};
use earlybrd::domain::account::{AccountKind, Identity};
use earlybrd::domain::board::{BoardKind, ClaimedBoard};
use earlybrd::domain::ids::{AccountId, BoardId, FilterId, TargetId};
use earlybrd::domain::rules::Rules;
use earlybrd::domain::target::Platform;
use earlybrd::filter_lang;
use earlybrd::messenger::Messenger;
use earlybrd::web::Health;
use earlybrd::worker::{Tick, Worker};
use earlybrd::workers::Base;
use earlybrd::workers::claims::{Claims, Pace, RENEWAL};
use earlybrd::workers::deliver::Deliver;
use earlybrd::workers::edit_cards::EditCards;
use earlybrd::workers::match_postings::MatchPostings;
use earlybrd::workers::outbox::Outbox;
use earlybrd::workers::poll_boards::PollBoards;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::fakes::messenger::FakeMessenger;
use crate::server::TestDatabase;

/// A clock that stands still until it is moved.
pub struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    pub fn advance(&self, span: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = add(*now, span);
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct World {
    pub pool: PgPool,
    pub clock: Arc<TestClock>,
    pub messenger: Arc<FakeMessenger>,
    /// Hosts on which people may add boards although they are not public.
    pub trusted: Vec<String>,
    // Dropped last: its connections must be gone or be cut.
    pub database: TestDatabase,
}

/// An account with one target.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub account: AccountId,
    pub target: TargetId,
}

impl World {
    pub async fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let database = TestDatabase::new().await;
        let pool = db::connect(&database.url(), 8).await.expect("the database answers");
        let start = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
        let clock = Arc::new(TestClock(Mutex::new(start)));
        let messenger = Arc::default();
        Self { pool, clock, messenger, trusted: Vec::new(), database }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn base(&self) -> Base {
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(&self.clock);
        Base { pool: self.pool.clone(), clock }
    }

    /// Health pages of a replica that never stops.
    pub fn health(&self) -> Health {
        Health::new(self.pool.clone(), CancellationToken::new())
    }

    /// Somebody with a target of their own.
    pub async fn person(&self, name: &str) -> Person {
        let identity = Identity {
            platform: Platform::Console,
            workspace: String::new(),
            user: name.to_owned(),
        };
        let now = self.now();
        db::in_tx(&self.pool, async |tx| {
            let account =
                db::accounts::of_identity(tx, &identity, AccountKind::Person, now).await?;
            let target = db::accounts::target(tx, account, Platform::Console, name, now).await?;
            Ok(Person { account, target })
        })
        .await
        .expect("a person")
    }

    pub async fn filter(&self, person: Person, text: &str) -> FilterId {
        let query = filter_lang::print(&filter_lang::parse(text).expect("a sound filter"));
        let Person { account, target } = person;
        db::in_tx(&self.pool, async |tx| {
            let revision = db::filters::begin_change(tx).await?;
            let filter = NewFilter { account, target, made_from: None, name: text, query: &query };
            db::filters::insert(tx, revision, filter, self.now()).await
        })
        .await
        .expect("a filter")
    }

    /// A feed in the catalogue, due now.
    pub async fn board(&self, slug: &str, url: &Url) -> BoardId {
        self.board_of_kind(slug, url, BoardKind::Feed).await
    }

    pub async fn board_of_kind(&self, slug: &str, url: &Url, kind: BoardKind) -> BoardId {
        self.board_with_rules(slug, url, kind, None).await
    }

    pub async fn board_with_rules(
        &self,
        slug: &str,
        url: &Url,
        kind: BoardKind,
        rules: Option<&Rules>,
    ) -> BoardId {
        let board = CatalogueBoard {
            slug,
            name: slug,
            kind,
            rules,
            url,
            interval: Duration::from_mins(1),
            delay: Duration::ZERO,
            attribution: None,
            terms: None,
            zone: chrono_tz::Tz::UTC,
            off: None,
        };
        let now = self.now();
        db::in_tx(&self.pool, async |tx| db::boards::upsert(tx, &board, now).await)
            .await
            .expect("a board")
    }

    pub fn poller(&self) -> PollBoards {
        let (host_gap, look) = (Duration::ZERO, Duration::ZERO);
        let pace = Pace { host_gap, spread: false, look, renewal: RENEWAL };
        let claims = Claims::new(pace, Arc::default());
        PollBoards { base: self.base(), fetcher: self.fetcher(), claims, keys: None }
    }

    pub fn fetcher(&self) -> Fetcher {
        Fetcher::new(Some("https://example.com/bot"), &self.trusted).expect("clients")
    }

    /// Claims every board that is due, one for each host.
    pub async fn claim(&self) -> Vec<ClaimedBoard> {
        let claim = Claim {
            now: self.now(),
            most: 100,
            lease: Duration::from_secs(1),
            host_gap: Duration::ZERO,
            pace: None,
        };
        let claimed = db::in_tx(&self.pool, async |tx| db::polls::claim(tx, claim).await);
        claimed.await.expect("a claim")
    }

    /// What commands work with.
    pub fn context(&self) -> Context {
        let Base { pool, clock } = self.base();
        Context::new(pool, clock, self.fetcher())
    }

    /// Polls every board that is due.
    pub async fn poll(&self) {
        drain(&mut self.poller()).await;
    }

    /// Moves the clock to the boards' next poll and polls.
    pub async fn poll_again(&self) {
        self.clock.advance(Duration::from_mins(2));
        self.poll().await;
    }

    pub async fn match_all(&self) {
        drain(&mut MatchPostings::new(self.base())).await;
    }

    pub fn sender(&self) -> Deliver {
        self.sender_of(Arc::<FakeMessenger>::clone(&self.messenger))
    }

    /// One sender to a platform.
    pub fn sender_of(&self, messenger: Arc<dyn Messenger>) -> Deliver {
        let outbox = Outbox::new(self.base(), messenger, Arc::default(), 1);
        Deliver { outbox: Arc::new(outbox) }
    }

    pub async fn deliver(&self) {
        drain(&mut self.sender()).await;
    }

    /// Brings messages that were sent up to date.
    pub async fn edit(&self) {
        let platforms = vec![Platform::Console];
        drain(&mut EditCards { base: self.base(), platforms }).await;
        self.deliver().await;
    }

    /// All stages once.
    pub async fn run(&self) {
        self.poll_again().await;
        self.match_all().await;
        self.deliver().await;
    }

    /// Removes postings that have lived their time; how many.
    pub async fn sweep_postings(&self) -> u64 {
        let now = self.now();
        let swept = db::in_tx(&self.pool, async |tx| db::sweep::postings(tx, now).await);
        swept.await.expect("a sweep")
    }

    /// Removes what targets were told long ago; how much.
    pub async fn sweep_told(&self) -> u64 {
        let now = self.now();
        let swept = db::in_tx(&self.pool, async |tx| db::sweep::told(tx, now).await);
        swept.await.expect("a sweep")
    }

    /// Titles that were sent, as `target: title`.
    pub fn sent(&self) -> Vec<String> {
        self.messenger.sent()
    }

    /// Waits until a session of this database waits for a lock; after a while it goes on, and what
    /// the caller asserts shows that nothing waited.
    pub async fn until_a_session_waits(&self) {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..2_000 {
            if self.count(waiting).await > 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// One number from the database.
    pub async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.pool).await.expect("a count")
    }
}

/// Ticks until there is nothing to do.
pub async fn drain(worker: &mut impl Worker) {
    for _ in 0..10_000 {
        if worker.tick().await.expect("a tick") != Tick::Busy {
            return;
        }
    }
    panic!("the worker never rests");
}
