//! A service with plans, a Stripe, and people who pay.

use std::sync::Arc;
use std::time::Duration;

use earlybrd::billing::{self, Stripe};
use earlybrd::clock::Clock;
use earlybrd::commands::{self, Actor, Context, Here};
use earlybrd::config::BillingConfig;
use earlybrd::db;
use earlybrd::domain::account::{AccountKind, Identity};
use earlybrd::domain::plan::{Limits, Plans};
use earlybrd::domain::reply::{Action, Part, Press, Reply};
use earlybrd::domain::target::Platform;
use earlybrd::payments::Payments;
use earlybrd::workers::reconcile::Reconcile;
use earlybrd::workers::subscriptions::Subscriptions;
use earlybrd::{http, web};
use reqwest::{Client, Response, StatusCode};
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::commands::words;
use crate::fakes::stripe::{FakeStripe, KEY, SECRET, signed};
use crate::world::{TestClock, World, drain};

/// A service with plans, a Stripe, and somebody at a chat.
pub struct Till {
    pub world: World,
    pub stripe: FakeStripe,
    pub context: Context,
    pub actor: Actor,
    pub payments: Arc<dyn Payments>,
    pub base: Url,
    pub client: Client,
}

pub fn config(stripe: &FakeStripe) -> BillingConfig {
    let limits = |filters, boards, delay_minutes, channels| Limits {
        filters,
        boards,
        delay_minutes,
        channels,
    };
    BillingConfig {
        api: stripe.url.clone(),
        secret_key: KEY.into(),
        webhook_secrets: ["whsec_old", SECRET].map(SecretString::from).into(),
        prices_pro: vec!["price_pro".to_owned(), "price_pro_old".to_owned()],
        prices_team: vec!["price_team".to_owned()],
        tax: false,
        is_live: Some(false),
        public_url: Url::parse("https://jobs.example.com").unwrap(),
        plans: Plans {
            free: limits(2, 1, 30, false),
            pro: limits(4, 2, 0, false),
            team: limits(3, 2, 0, true),
        },
    }
}

impl Till {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings.
    pub async fn with(change: impl FnOnce(&mut BillingConfig)) -> Self {
        let (mut world, stripe) = (World::new().await, FakeStripe::start().await);
        world.trusted = vec!["127.0.0.1".to_owned()];
        let person = world.person("ann").await;
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(&world.clock);
        let mut config = config(&stripe);
        change(&mut config);
        let payments: Arc<dyn Payments> = Arc::new(Stripe::new(&config).unwrap());
        let mut context = world.context();
        context.payments = Some(Arc::clone(&payments));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let (pool, secrets) = (world.pool.clone(), config.webhook_secrets.clone());
        let pages = billing::router(billing::State { pool, clock, secrets });
        let router = web::router(world.health(), None, None, None, pages);
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(web::serve(listener, router, CancellationToken::new()));
        let actor = Actor::alone(person.account, person.target);
        let client = http::for_operator("test").unwrap();
        Self { world, stripe, context, actor, payments, base, client }
    }

    /// From now on the operator has other settings.
    pub fn reset(&mut self, change: impl FnOnce(&mut BillingConfig)) {
        let mut config = config(&self.stripe);
        change(&mut config);
        self.payments = Arc::new(Stripe::new(&config).unwrap());
        self.context.payments = Some(Arc::clone(&self.payments));
    }

    /// Whoever acts in a channel, too.
    pub async fn in_channel(&self, is_admin: bool) -> Actor {
        let (platform, now) = (Platform::Slack, self.world.now());
        let team = Identity { platform, workspace: "T1".to_owned(), user: String::new() };
        let here = db::in_tx(&self.world.pool, async |tx| {
            let account = db::accounts::of_identity(tx, &team, AccountKind::Team, now).await?;
            let target = db::accounts::target(tx, account, Platform::Console, "T1/C1", now).await?;
            Ok(Here { account, target, is_admin, in_role: None, open: None })
        });
        Actor { here: Some(here.await.unwrap()), ..self.actor }
    }

    pub async fn says(&self, actor: Actor, text: &str) -> Reply {
        commands::say(&self.context, actor, text).await
    }

    pub async fn say(&self, text: &str) -> Reply {
        self.says(self.actor, text).await
    }

    pub async fn watch(&self, actor: Actor, line: &str) -> Reply {
        let shown = self.says(actor, &format!("watch {line}")).await;
        match save(&shown) {
            Some(action) => commands::press(&self.context, actor, action).await,
            None => shown,
        }
    }

    pub fn worker(&self) -> Subscriptions {
        Subscriptions { base: self.world.base(), payments: Some(Arc::clone(&self.payments)) }
    }

    /// Looks at all subscriptions, if that is due.
    pub async fn reconcile(&self) {
        drain(&mut Reconcile::new(self.world.base(), Arc::clone(&self.payments))).await;
    }

    pub async fn settle(&self) {
        self.reconcile().await;
        drain(&mut self.worker()).await;
        self.world.deliver().await;
    }

    pub async fn brings(&self, header: &str, body: &str) -> Response {
        let request = self.client.post(self.base.join("/stripe/webhook").unwrap());
        let request = request.header("stripe-signature", header).body(body.to_owned());
        request.send().await.unwrap()
    }

    pub async fn told(&self, event: &Value) {
        let body = event.to_string();
        let header = signed(SECRET, self.world.now().timestamp(), &body);
        assert_eq!(self.brings(&header, &body).await.status(), StatusCode::OK);
    }

    /// Asks for a link, pays on it, and gives the subscription; Stripe tells of it.
    pub async fn pays(&self, actor: Actor, plan: &str) -> String {
        let reply = self.says(actor, &format!("upgrade {plan}")).await;
        assert!(link(&reply).is_some(), "{reply:?}");
        let mut sessions = self.stripe.sessions().into_iter().rev();
        let session = sessions.find(|it| it["status"] == "open");
        let (subscription, event) = self.stripe.pay(session.unwrap()["id"].as_str().unwrap());
        self.told(&event).await;
        subscription
    }

    pub async fn plan_is(&self, want: &str) {
        let reply = words(&self.say("plan").await);
        assert!(reply.contains(&format!("You have the plan {want} ")), "{reply}");
    }

    pub fn notices(&self) -> String {
        self.world.sent().join("\n")
    }
}

fn save(reply: &Reply) -> Option<Action> {
    reply.buttons.iter().find_map(|button| match &button.press {
        Press::Act(action @ Action::Save(_)) => Some(*action),
        Press::Act(_) | Press::Say(_) | Press::Fill(_) => None,
    })
}

pub fn link(reply: &Reply) -> Option<&str> {
    reply.parts.iter().find_map(|part| match part {
        Part::Link { url, .. } => Some(url.as_str()),
        Part::Text(_) | Part::Code(_) | Part::List(_) | Part::Card { .. } => None,
    })
}

pub fn days(days: u64) -> Duration {
    Duration::from_hours(24 * days)
}
