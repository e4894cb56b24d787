//! The composition root: settings → database, clock, workers; start and stop.

mod billing;
mod database;
mod discord;
mod slack;
mod wakes;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use billing::payments;
pub use database::Database;
pub use discord::discord;

use crate::boards::catalog::Entry;
use crate::boards::fetch::Fetcher;
use crate::clock::{Clock, SharedClock};
use crate::commands::{self, Outlived};
use crate::config::Config;
use crate::db;
use crate::db::boards::CatalogueBoard;
use crate::domain::role::{Role, Roles};
use crate::email::{self, EmailPlatform};
use crate::http::{for_operator, user_agent};
use crate::mail::Mail;
use crate::messenger::Messenger;
use crate::playground::{self, Place, Playground};
use crate::schedule::polling::HOST_GAP;
use crate::web::{self, Health};
use crate::worker::{self, Rest, Worker};
use crate::workers::Base;
use crate::workers::claims::{Claims, Pace, RENEWAL};
use crate::workers::deliver::Deliver;
use crate::workers::edit_cards::EditCards;
use crate::workers::gather::Gather;
use crate::workers::housekeeping::{CorrectClock, NET, Sweep, Timetable};
use crate::workers::match_postings::MatchPostings;
use crate::workers::outbox::Outbox;
use crate::workers::poll_boards::PollBoards;
use crate::workers::quiet_filters::{self, QuietFilters};
use crate::workers::refresh_rates::{self, RefreshRates};
use crate::workers::rekey::{self, Rekey};
use crate::workers::reseal::{self, Reseal};
use wakes::Wakes;

/// Connections of the workers' pool, of the outbox', and of the pages', so that none waits for another.
const CONNECTIONS: u32 = 10;
const OUTBOX_CONNECTIONS: u32 = 6;
const PAGES_CONNECTIONS: u32 = 6;

/// Boards polled at a time.
pub const POLLERS: usize = 32;

/// Senders of a platform that look often although nobody wakes them; the others are woken by these.
const LOOKOUTS: usize = 2;

/// How often each stage looks when nobody wakes it.
const POLL_PAUSE: Duration = Duration::from_millis(500);
const STAGE_PAUSE: Duration = Duration::from_secs(2);

/// How often the other senders look.
const SENDER_PAUSE: Duration = Duration::from_mins(1);

/// How long workers may take to finish what they began.
const STOP_GRACE: Duration = Duration::from_secs(8);

/// How long pages are still served when a balancer is to hear that they will not be.
const NOTICE: Duration = Duration::from_secs(2);

/// How long pages that are on their way may take after that.
const PAGES_GRACE: Duration = Duration::from_secs(3);

/// What asks boards.
fn fetcher(config: &Config) -> anyhow::Result<Fetcher> {
    Ok(Fetcher::new(config.contact.as_deref(), &config.trusted_hosts)?)
}

/// Which pages are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Only whether this replica lives.
    Health,
    /// Those of links in mails, and webhooks, if they are set up.
    Public,
    /// The chat page too.
    Playground,
}

/// A running service.
pub struct App {
    pub pool: PgPool,
    pub clock: Arc<SharedClock>,
    database: Database,
    wakes: Wakes,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// The pages are served until nothing else is done any more.
    pages: TaskTracker,
    pages_pool: PgPool,
    outbox_pool: PgPool,
    close_pages: CancellationToken,
    health: Health,
    claims: Claims,
    outboxes: Mutex<Vec<Arc<Outbox>>>,
    /// Names this process among others.
    process: Uuid,
}

impl App {
    /// Opens the database, brings its schema up to date and takes its time.
    pub async fn open(database: Database) -> anyhow::Result<Self> {
        db::migrate(database.url()).await.context("cannot migrate the database")?;
        let pool = db::connect(database.url(), CONNECTIONS).await?;
        if database.is_private() {
            db::in_tx(&pool, async |tx| db::lanes::drop_all_leases(tx).await).await?;
        }
        let clock = SharedClock::starting_at(db::server_time(&pool).await?);
        let pages_pool = db::connect(database.url(), PAGES_CONNECTIONS).await?;
        let outbox_pool = db::connect_by_key(database.url(), OUTBOX_CONNECTIONS).await?;
        let stop = CancellationToken::new();
        let health = Health::new(pages_pool.clone(), stop.clone());
        Ok(Self {
            pool,
            clock: Arc::new(clock),
            pages: TaskTracker::new(),
            pages_pool,
            outbox_pool,
            close_pages: CancellationToken::new(),
            health,
            database,
            wakes: Wakes::default(),
            tasks: TaskTracker::new(),
            stop,
            claims: Claims::new(
                Pace { host_gap: HOST_GAP, spread: true, look: POLL_PAUSE / 2, renewal: RENEWAL },
                Arc::default(),
            ),
            outboxes: Mutex::default(),
            process: Uuid::new_v4(),
        })
    }

    /// What workers and messengers are built from.
    pub fn base(&self) -> Base {
        let clock: Arc<dyn Clock> = Arc::<SharedClock>::clone(&self.clock);
        Base { pool: self.pool.clone(), clock }
    }

    /// What the outbox is built from.
    pub fn outbox_base(&self) -> Base {
        Base { pool: self.outbox_pool.clone(), ..self.base() }
    }

    /// Serves web pages at `listen`, and says where.
    pub async fn serve_pages(
        &self,
        listen: SocketAddr,
        config: &Config,
        pages: Pages,
    ) -> anyhow::Result<SocketAddr> {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen} (EARLYBRD_LISTEN)"))?;
        let listen = listener.local_addr()?;
        let Base { clock, .. } = self.base();
        let pool = self.pages_pool.clone();
        let health = self.health.clone();
        let context = self.context(config, pool.clone())?;
        let state = (pages == Pages::Playground).then(|| {
            let place = Place { listen, public_url: config.public_url.as_ref() };
            let changes = self.wakes.pages.clone();
            playground::State::new(context, place, changes, self.stop.clone())
        });
        let mail = config.mail.as_ref().filter(|_| pages != Pages::Health);
        let email = mail.zip(config.keys.clone()).map(|(mail, keys)| {
            let mailgun = mail.mailgun.clone();
            email::State { pool, clock, keys, mailgun }
        });
        let chats = if pages == Pages::Health { Router::new() } else { self.chats(config)? };
        let metrics = config.metrics_token.clone();
        let router = web::router(health, metrics, state, email, chats);
        self.pages.spawn(web::serve(listener, router, self.close_pages.clone()));
        Ok(listen)
    }

    /// What the chats and Stripe ask for, if they are set up.
    fn chats(&self, config: &Config) -> anyhow::Result<Router> {
        let chats = [self.slack_pages(config)?, self.discord_pages(config)?];
        let bills = [self.billing_pages(config), self.bills_pages(config)?];
        let pages = chats.into_iter().chain(bills);
        Ok(pages.flatten().fold(Router::new(), Router::merge))
    }

    /// The chat page as a platform.
    pub fn playground(&self) -> Arc<dyn Messenger> {
        let Base { pool, clock } = self.base();
        Arc::new(Playground { pool, clock })
    }

    /// E-mail as a platform, if it is set up.
    pub fn email(&self, config: &Config) -> anyhow::Result<Option<Arc<dyn Messenger>>> {
        let (Some(settings), Some(keys), Some(public_url)) =
            (&config.mail, &config.keys, &config.public_url)
        else {
            return Ok(None);
        };
        let Base { pool, clock } = self.base();
        let (mail, keys, public_url) = (Mail::new(settings)?, Arc::clone(keys), public_url.clone());
        Ok(Some(Arc::new(EmailPlatform { mail, keys, pool, clock, public_url })))
    }

    /// Cancelled when the service is to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Makes the table of boards say what the catalogue says.
    pub async fn install_catalogue(&self, entries: &[Entry]) -> anyhow::Result<()> {
        let now = self.clock.now();
        let slugs: Vec<String> = entries.iter().map(|entry| entry.slug.clone()).collect();
        db::in_tx(&self.pool, async |tx| {
            for entry in entries {
                // Nobody can read it yet.
                let Some(kind) = entry.kind else { continue };
                let board = CatalogueBoard {
                    slug: &entry.slug,
                    name: &entry.name,
                    kind,
                    rules: entry.rules.as_ref(),
                    url: &entry.url,
                    interval: entry.interval,
                    attribution: entry.attribution.as_deref(),
                    delay: entry.delay,
                    terms: entry.terms.as_ref(),
                    zone: entry.zone,
                    off: entry.off.as_deref(),
                };
                db::boards::upsert(&mut *tx, &board, now).await?;
            }
            db::boards::disable_others(tx, &slugs).await
        })
        .await?;
        Ok(())
    }

    /// Starts the workers of these roles, and the clock's.
    pub fn start_workers(
        &self,
        config: &Config,
        roles: &Roles,
        messengers: Vec<Arc<dyn Messenger>>,
    ) -> anyhow::Result<()> {
        let timetable = Timetable::start()?;
        let mut wakes = self.wakes.clone();
        if roles.has(Role::Poll) {
            self.start_polling(config)?;
        }
        if roles.has(Role::Match) {
            let rest = Rest { pause: STAGE_PAUSE, wake: Arc::clone(&wakes.matching) };
            self.spawn(MatchPostings::new(self.base()), rest);
        }
        if roles.has(Role::Deliver) {
            self.start_delivering(messengers, &mut wakes);
            self.start_subscriptions(config)?;
            self.spawn(Sweep { base: self.base() }, Rest { pause: NET, wake: timetable.hour });
            if let Some(keys) = &config.keys {
                let worker = Reseal::new(self.base(), Arc::clone(keys));
                self.spawn(worker, Rest { pause: reseal::LOOK, wake: Arc::default() });
            }
        }
        let worker = CorrectClock { base: self.base(), clock: Arc::clone(&self.clock) };
        self.spawn(worker, Rest { pause: NET, wake: timetable.minute });
        let Base { pool, clock, .. } = self.base();
        let worker = Outlived { pool, clock, process: self.process };
        self.spawn(worker, Rest { pause: commands::LOOK, wake: Arc::default() });
        let url = self.database.url().clone();
        self.spawn_task(wakes::listen(url, wakes, self.stop.clone()));
        Ok(())
    }

    fn start_polling(&self, config: &Config) -> anyhow::Result<()> {
        let (base, fetcher) = (self.base(), fetcher(config)?);
        let worker = Rekey { base: base.clone() };
        self.spawn(worker, Rest { pause: rekey::LOOK, wake: Arc::default() });
        let rest = Rest { pause: POLL_PAUSE, wake: Arc::clone(&self.claims.wake) };
        for _ in 0..POLLERS {
            let (base, fetcher, claims) = (base.clone(), fetcher.clone(), self.claims.clone());
            let keys = config.keys.clone();
            self.spawn(PollBoards { base, fetcher, claims, keys }, rest.clone());
        }
        if let Some(url) = config.rates.clone() {
            let client = for_operator(&user_agent(config.contact.as_deref()))?;
            let worker = RefreshRates { base, client, url, next: self.clock.now() };
            self.spawn(worker, Rest { pause: refresh_rates::LOOK, wake: Arc::default() });
        }
        Ok(())
    }

    fn start_delivering(&self, messengers: Vec<Arc<dyn Messenger>>, wakes: &mut Wakes) {
        let base = self.base();
        let rest = || Rest { pause: STAGE_PAUSE, wake: Arc::default() };
        let editing = messengers.iter().filter(|messenger| messenger.edits());
        let platforms = editing.map(|messenger| messenger.platform()).collect();
        self.spawn(EditCards { base: base.clone(), platforms }, rest());
        self.spawn(Gather { base: base.clone() }, rest());
        let worker = QuietFilters { base: base.clone() };
        self.spawn(worker, Rest { pause: quiet_filters::LOOK, wake: Arc::default() });
        for messenger in messengers {
            let (wake, senders) = (wakes.of_delivery(), messenger.at_once());
            let outbox = Outbox::new(self.outbox_base(), messenger, Arc::clone(&wake), senders);
            let outbox = Arc::new(outbox.until(self.stop.clone()));
            self.outboxes().push(Arc::clone(&outbox));
            for sender in 0..senders {
                let pause = if sender < LOOKOUTS { STAGE_PAUSE } else { SENDER_PAUSE };
                let rest = Rest { pause, wake: Arc::clone(&wake) };
                self.spawn(Deliver { outbox: Arc::clone(&outbox) }, rest);
            }
        }
    }

    fn outboxes(&self) -> MutexGuard<'_, Vec<Arc<Outbox>>> {
        self.outboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self, worker: impl Worker, rest: Rest) {
        self.spawn_task(worker::run(worker, rest, self.health.pulse.clone(), self.stop.clone()));
    }

    /// Runs a task that shutdown waits for.
    pub fn spawn_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Stops: what has begun is finished, for a while; then the private server ends.
    pub async fn stop(self) {
        let begun = Instant::now();
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_GRACE, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                "some work did not end within {} s; its leases will",
                STOP_GRACE.as_secs()
            );
        }
        if let Err(error) = self.claims.give_back(&self.pool).await {
            tracing::warn!("boards that were claimed wait until their leases end: {error}");
        }
        let outboxes = std::mem::take(&mut *self.outboxes());
        for outbox in outboxes {
            if let Err(error) = outbox.give_back().await {
                tracing::warn!("targets that were claimed wait until their leases end: {error}");
            }
        }
        if self.health.was_asked() {
            // Whoever asks whether we are ready must see that we are not, before a page is refused.
            tokio::time::sleep(NOTICE.saturating_sub(begun.elapsed())).await;
        }
        self.close_pages.cancel();
        self.pages.close();
        if tokio::time::timeout(PAGES_GRACE, self.pages.wait()).await.is_err() {
            tracing::warn!("some pages did not end within {} s", PAGES_GRACE.as_secs());
        }
        self.pages_pool.close().await;
        self.outbox_pool.close().await;
        self.pool.close().await;
        self.database.close().await;
    }
}
