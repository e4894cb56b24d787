//! Events in whatever order, twice or never: what somebody has is what Stripe says when it is asked.
//!
//! What follows from events that were heard must depend on which they are and not on their order. Tried is
//! every set of the seven with every event that may come next, Stripe changing its mind in between. All 5,040
//! orders are walks through these sets; each set is heard in one order, so that this samples them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use earlybrd::db;
use earlybrd::domain::plan::{Plan, Plans};
use earlybrd::payments::{Checkout, Failure, Found, Hint, Page, Payments, Wish};
use earlybrd::workers::reconcile::Reconcile;
use earlybrd::workers::subscriptions::Subscriptions;
use serde_json::json;
use sqlx::Row;

use crate::till::{Till, days};
use crate::world::{Person, drain};

const KINDS: [&str; 7] = [
    "checkout.session.completed",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "invoice.paid",
    "invoice.payment_failed",
    "customer.deleted",
];

/// How subscriptions stand at Stripe. Those at the end have ended for good.
const STATES: [&str; 7] =
    ["active", "past_due", "trialing", "unpaid", "paused", "canceled", "incomplete_expired"];
const ENDED: usize = 2;

/// Stripe's mind, without a network between.
struct Mind {
    /// Reads events, and knows the plans.
    stripe: Arc<dyn Payments>,
    subscriptions: Mutex<BTreeMap<String, Found>>,
}

impl Mind {
    fn think(&self, id: &str, status: &str) {
        let found = Found {
            id: id.to_owned(),
            customer: Some(format!("cus_{id}")),
            mark: None,
            plan: Some(Plan::Pro),
            status: status.to_owned(),
            cancels: false,
            period_ends: None,
        };
        let mut all = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(id.to_owned(), found);
    }
}

#[async_trait]
impl Payments for Mind {
    async fn checkout(&self, _: Wish<'_>) -> Result<Checkout, Failure> {
        Err(Failure::Unknown)
    }

    async fn portal(&self, _: &str) -> Result<String, Failure> {
        Err(Failure::Unknown)
    }

    async fn page(&self, _: &str) -> Result<Page, Failure> {
        Err(Failure::Unknown)
    }

    async fn subscription(&self, id: &str) -> Result<Found, Failure> {
        let all = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(id).cloned().ok_or(Failure::Unknown)
    }

    async fn invoiced(&self, _: &str) -> Result<Option<String>, Failure> {
        Err(Failure::Unknown)
    }

    async fn subscriptions(
        &self,
        _: Option<&str>,
        _: Option<&str>,
    ) -> Result<(Vec<Found>, bool), Failure> {
        let all = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((all.values().cloned().collect(), false))
    }

    async fn faults(&self) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }

    async fn cancel(&self, _: &str) -> Result<(), Failure> {
        Err(Failure::Unknown)
    }

    fn sells(&self, plan: Plan) -> bool {
        self.stripe.sells(plan)
    }

    fn hint(&self, kind: &str, body: &str) -> Hint {
        self.stripe.hint(kind, body)
    }

    fn is_live(&self) -> Option<bool> {
        self.stripe.is_live()
    }

    fn plans(&self) -> &Plans {
        self.stripe.plans()
    }
}

struct Orders {
    till: Till,
    mind: Arc<Mind>,
}

/// Somebody who paid, and hears of it event by event.
struct Payer {
    person: Person,
    subscription: String,
}

impl Orders {
    async fn payer(&self, name: &str) -> Payer {
        let (world, person) = (&self.till.world, self.till.world.person(name).await);
        // Their trial is over, so that nothing but what is paid gives a plan.
        sqlx::query("UPDATE accounts SET trial_until = $2, plan = 'free' WHERE id = $1")
            .bind(person.account.0)
            .bind(world.now() - days(1))
            .execute(&world.pool)
            .await
            .unwrap();
        let whose = (person.account, person.account, Plan::Pro);
        let (page, now) = (format!("cs_{name}"), world.now());
        db::in_tx(&world.pool, async |tx| db::checkouts::begin(tx, &page, whose, now).await)
            .await
            .unwrap();
        // That it was paid, a look at the page has found: no event need come for it.
        let subscription = format!("sub_{name}");
        db::checkouts::end(&world.pool, &page, Some(&subscription), now).await.unwrap();
        Payer { person, subscription }
    }

    /// An event is heard, and followed.
    async fn hears(&self, payer: &Payer, event: usize, number: usize) {
        let (world, kind) = (&self.till.world, KINDS[event]);
        let (sub, customer) = (&payer.subscription, format!("cus_{}", payer.subscription));
        let object = match event {
            0 => json!({ "id": sub.replace("sub_", "cs_"), "subscription": sub,
                         "customer": customer }),
            1..=3 => json!({ "id": sub, "customer": customer, "status": "active" }),
            4 | 5 => json!({ "id": "in_1", "subscription": sub, "customer": customer }),
            _ => json!({ "id": customer }),
        };
        let body = json!({ "type": kind, "data": { "object": object } }).to_string();
        let id = format!("evt_{sub}_{number}");
        let now = world.now();
        db::stripe_events::hear(&world.pool, (&id, kind), &body, now).await.unwrap();
        let payments: Arc<dyn Payments> = Arc::<Mind>::clone(&self.mind);
        drain(&mut Subscriptions { base: world.base(), payments: Some(payments) }).await;
    }

    /// What somebody has by what is known.
    async fn knows(&self, payer: &Payer) -> (String, Option<String>) {
        let row = sqlx::query(
            "SELECT a.plan, (SELECT status_word FROM subscriptions s WHERE s.account_id = a.id)
             FROM accounts a WHERE id = $1",
        )
        .bind(payer.person.account.0)
        .fetch_one(&self.till.world.pool)
        .await
        .unwrap();
        (row.get(0), row.get(1))
    }
}

fn gives(status: &str) -> &'static str {
    match status {
        "active" | "trialing" | "past_due" => "pro",
        _ => "free",
    }
}

async fn orders() -> Orders {
    let till = Till::new().await;
    let stripe = Arc::clone(&till.payments);
    Orders { till, mind: Arc::new(Mind { stripe, subscriptions: Mutex::default() }) }
}

#[tokio::test]
async fn what_follows_from_events_does_not_depend_on_their_order() {
    let orders = orders().await;
    let mut tried = 0_usize;
    for heard in 0_u32..128 {
        for next in 0..KINDS.len() {
            let has = |event: usize| heard & (1 << event) != 0;
            // Some before, whichever; then Stripe changes its mind; then one more, a new one or one again.
            let payer = orders.payer(&format!("p{tried}")).await;
            let before = STATES[tried % (STATES.len() - ENDED)];
            let after = STATES[(tried / STATES.len()
                + usize::try_from(heard.count_ones()).unwrap())
                % STATES.len()];
            orders.mind.think(&payer.subscription, before);
            for (number, event) in (0..KINDS.len()).filter(|event| has(*event)).enumerate() {
                if number == 0 || event % 3 == tried % 3 {
                    orders.hears(&payer, event, number).await;
                }
            }
            orders.mind.think(&payer.subscription, after);
            orders.hears(&payer, next, 9).await;
            let (plan, word) = orders.knows(&payer).await;
            let case = format!("{heard:07b}, {before}, then {next} at {after}");
            match word {
                Some(word) => {
                    assert_eq!((word.as_str(), plan.as_str()), (after, gives(after)), "{case}");
                }
                // A customer who is gone tells nothing of what nobody had heard of.
                None => assert!(next == 6 && plan == "free", "{case}"),
            }
            tried += 1;
        }
    }
    assert_eq!(tried, 896);
}

#[tokio::test]
async fn what_no_event_told_is_seen_within_a_day() {
    let orders = orders().await;
    let mut payers = Vec::new();
    for (number, state) in STATES.into_iter().cycle().take(49).enumerate() {
        let payer = orders.payer(&format!("p{number}")).await;
        orders.mind.think(&payer.subscription, "active");
        orders.hears(&payer, number / STATES.len(), 0).await;
        orders.mind.think(&payer.subscription, state);
        payers.push((payer, state));
    }
    orders.till.world.clock.advance(days(1));
    let payments: Arc<dyn Payments> = Arc::<Mind>::clone(&orders.mind);
    let base = orders.till.world.base();
    drain(&mut Reconcile::new(base.clone(), Arc::clone(&payments))).await;
    drain(&mut Subscriptions { base, payments: Some(payments) }).await;
    for (payer, state) in &payers {
        let (plan, word) = orders.knows(payer).await;
        assert_eq!((word.as_deref(), plan.as_str()), (Some(*state), gives(state)), "{state}");
    }
}
