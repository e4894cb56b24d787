//! Events in whatever order, twice or never: what somebody has is what Stripe says when it is asked.
//!
//! Heard are all 5,040 orders of seven events, and of six of them, one being lost; and each of these with any
//! of its events once more, anywhere behind the first time. Stripe changes its mind before every event, and
//! says each of its words before the last one. The worker follows each event on rows of its own. Orders that
//! have heard the same, and left the same rows behind, go on as one, for rows are all that it knows; they are
//! counted, so that none is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use earlybrd::db;
use earlybrd::domain::plan::{Plan, Plans};
use earlybrd::payments::{Checkout, Failure, Found, Hint, Page, Payments, Wish};
use earlybrd::workers::reconcile::Reconcile;
use earlybrd::workers::subscriptions::Subscriptions;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::till::{Till, days};
use crate::world::drain;

const KINDS: [&str; 7] = [
    "checkout.session.completed",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "invoice.paid",
    "invoice.payment_failed",
    "customer.deleted",
];

/// How a subscription may stand at Stripe.
const STATES: [&str; 7] =
    ["active", "past_due", "trialing", "unpaid", "paused", "canceled", "incomplete_expired"];

/// How it stands from event to event; what has ended for good stands at the end alone.
const LIFE: [&str; 8] =
    ["trialing", "active", "past_due", "unpaid", "paused", "active", "past_due", "active"];

/// Stripe's mind, without a network between.
struct Mind {
    /// Reads events, and knows the plans.
    stripe: Arc<dyn Payments>,
    subscriptions: Mutex<BTreeMap<String, Found>>,
}

impl Mind {
    fn think(&self, number: i64, status: &str) {
        let id = format!("sub_{number}");
        let found = Found {
            id: id.clone(),
            customer: Some(format!("cus_{number}")),
            mark: None,
            plan: Some(Plan::Pro),
            status: status.to_owned(),
            cancels: false,
            period_ends: None,
        };
        let mut all = self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(id, found);
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

    async fn payer(&self, _: &str) -> Result<Option<String>, Failure> {
        Err(Failure::Unknown)
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

/// Numbers of people begin here: so long that one stands for nothing else.
const FIRST: i64 = 700_000_000;

/// All that the worker knows of somebody: tables, and what in them names who it is.
const TABLES: [(&str, &str); 6] = [
    ("accounts", "id"),
    ("targets", "account_id"),
    ("checkouts", "account_id"),
    ("checkout_askers", "account_id"),
    ("subscriptions", "account_id"),
    ("plan_notices", "account_id"),
];

/// The rows of somebody, `#` for their number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rows(String);

impl Rows {
    /// What somebody has, and Stripe's word for what they pay for.
    fn say(&self) -> (String, Option<String>) {
        let rows: Value = serde_json::from_str(&self.0.replace('#', "0")).unwrap();
        let text = |path| rows.pointer(path).and_then(Value::as_str).map(str::to_owned);
        (text("/0/0/plan").unwrap(), text("/4/0/status_word"))
    }
}

/// What orders have heard, and what is known by then.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Stand {
    /// A bit for each event.
    heard: u8,
    /// One of them was heard again.
    twice: bool,
    rows: Rows,
}

impl Stand {
    /// What was heard with one more; `None` if that would be a second one again.
    fn with(&self, event: usize) -> Option<(u8, bool)> {
        let heard = self.heard | 1 << event;
        let again = heard == self.heard;
        (!again || !self.twice).then_some((heard, self.twice || again))
    }

    /// One is lost at the most.
    fn is_end(heard: u8) -> bool {
        heard.count_ones() >= 6
    }
}

/// Somebody who hears one more event, Stripe's mind being this.
struct Case {
    before: Stand,
    event: usize,
    says: &'static str,
    after: (u8, bool),
    /// Of so many orders; `None`: it ends here.
    orders: Option<u64>,
}

struct Orders {
    till: Till,
    mind: Arc<Mind>,
    /// The next one's number.
    next: i64,
}

impl Orders {
    async fn new() -> Self {
        let till = Till::new().await;
        let mind = Mind { stripe: Arc::clone(&till.payments), subscriptions: Mutex::default() };
        Self { till, mind: Arc::new(mind), next: FIRST }
    }

    /// The rows of somebody who paid: of their page it is known, and no event was heard.
    async fn payer(&mut self) -> Rows {
        let world = &self.till.world;
        for table in ["accounts", "targets"] {
            let restart = format!("ALTER TABLE {table} ALTER COLUMN id RESTART WITH {FIRST}");
            sqlx::query(AssertSqlSafe(restart)).execute(&world.pool).await.unwrap();
        }
        let person = world.person(&FIRST.to_string()).await;
        assert_eq!((person.account.0, person.target.0), (FIRST, FIRST));
        // Their trial is over, so that nothing but what is paid gives a plan.
        sqlx::query("UPDATE accounts SET trial_until = $2, plan = 'free' WHERE id = $1")
            .bind(FIRST)
            .bind(world.now() - days(1))
            .execute(&world.pool)
            .await
            .unwrap();
        let whose = (person.account, person.account, Plan::Pro);
        let (page, paid, now) = (format!("cs_{FIRST}"), format!("sub_{FIRST}"), world.now());
        db::in_tx(&world.pool, async |tx| {
            db::checkouts::begin(tx, &page, whose, now).await?;
            db::checkouts::end(tx, &page, Some(&paid), now).await
        })
        .await
        .unwrap();
        self.next = FIRST + 1;
        self.rows(&[FIRST]).await.remove(0)
    }

    /// New people with these rows; their numbers.
    async fn people<'a>(&mut self, rows: impl Iterator<Item = &'a Rows>) -> Vec<i64> {
        let rows: Vec<String> = rows.map(|rows| rows.0.clone()).collect();
        let numbers: Vec<i64> = (self.next..).take(rows.len()).collect();
        self.next += i64::try_from(rows.len()).unwrap();
        for (at, (table, _)) in TABLES.iter().enumerate() {
            let put = format!(
                "INSERT INTO {table} OVERRIDING SYSTEM VALUE
                 SELECT r.* FROM UNNEST($1::bigint[], $2::text[]) AS w (number, known)
                 CROSS JOIN LATERAL jsonb_populate_recordset(
                     NULL::{table}, replace(known, '#', number::text)::jsonb -> {at}) r"
            );
            let put = sqlx::query(AssertSqlSafe(put)).bind(&numbers).bind(&rows);
            put.execute(&self.till.world.pool).await.unwrap();
        }
        numbers
    }

    async fn rows(&self, numbers: &[i64]) -> Vec<Rows> {
        let all = TABLES.map(|(table, whose)| {
            format!(
                "COALESCE((SELECT jsonb_agg(to_jsonb(r) ORDER BY to_jsonb(r)) FROM {table} r
                           WHERE r.{whose} = w.number), '[]')"
            )
        });
        let read = format!(
            "SELECT replace(jsonb_build_array({})::text, number::text, '#')
             FROM UNNEST($1::bigint[]) WITH ORDINALITY AS w (number, place) ORDER BY place",
            all.join(", ")
        );
        let read = sqlx::query_scalar(AssertSqlSafe(read)).bind(numbers);
        let rows: Vec<String> = read.fetch_all(&self.till.world.pool).await.unwrap();
        rows.into_iter().map(Rows).collect()
    }

    /// Each hears its event, and it is followed; the rows that they have then.
    async fn hear(&mut self, cases: &[Case]) -> Vec<Rows> {
        let numbers = self.people(cases.iter().map(|case| &case.before.rows)).await;
        for (number, case) in numbers.iter().zip(cases) {
            self.mind.think(*number, case.says);
        }
        let events: Vec<(i64, usize)> =
            numbers.iter().copied().zip(cases.iter().map(|case| case.event)).collect();
        assert_eq!(self.bring(&events).await, cases.len());
        Box::pin(self.follow()).await;
        let rows = self.rows(&numbers).await;
        // The same once more is nothing new.
        assert_eq!(self.bring(&events).await, 0);
        rows
    }

    /// Events are brought; how many are new.
    async fn bring(&self, events: &[(i64, usize)]) -> usize {
        let (world, mut new) = (&self.till.world, 0);
        db::in_tx(&world.pool, async |tx| {
            for (number, event) in events {
                let (id, body) = (format!("evt_{number}"), body(*number, *event));
                let event = (id.as_str(), KINDS[*event]);
                let heard = db::stripe_events::hear(&mut *tx, event, &body, world.now()).await?;
                new += usize::from(heard);
            }
            Ok(())
        })
        .await
        .unwrap();
        new
    }

    /// Several workers, side by side.
    async fn follow(&self) {
        let worker = || {
            let payments: Arc<dyn Payments> = Arc::<Mind>::clone(&self.mind);
            Subscriptions { base: self.till.world.base(), payments: Some(payments) }
        };
        let (mut one, mut two, mut three) = (worker(), worker(), worker());
        tokio::join!(drain(&mut one), drain(&mut two), drain(&mut three));
    }
}

fn body(number: i64, event: usize) -> String {
    let (sub, customer) = (format!("sub_{number}"), format!("cus_{number}"));
    let object = match event {
        0 => json!({ "id": format!("cs_{number}"), "subscription": sub, "customer": customer }),
        1..=3 => json!({ "id": sub, "customer": customer, "status": "active" }),
        4 | 5 => json!({ "id": "in_1", "subscription": sub, "customer": customer }),
        _ => json!({ "id": customer }),
    };
    json!({ "type": KINDS[event], "data": { "object": object } }).to_string()
}

fn gives(status: &str) -> &'static str {
    match status {
        "active" | "trialing" | "past_due" => "pro",
        _ => "free",
    }
}

/// Where orders lead that stand here, when Stripe's mind is `says`: at their end it may be anything.
fn next((before, orders): (&Stand, u64), says: &'static str) -> Vec<Case> {
    let mut cases = Vec::new();
    for event in 0..KINDS.len() {
        let Some(after) = before.with(event) else { continue };
        let others = STATES.into_iter().filter(|it| *it != says && Stand::is_end(after.0));
        let all = [(says, Some(orders))].into_iter().chain(others.map(|other| (other, None)));
        let case = |(says, orders)| Case { before: before.clone(), event, says, after, orders };
        cases.extend(all.map(case));
    }
    cases
}

/// A customer who is gone tells nothing of what nobody had heard of.
const GONE: u8 = 1 << 6;

#[tokio::test]
async fn what_somebody_has_is_what_stripe_says_whatever_was_heard_and_in_whichever_order() {
    let mut orders = Orders::new().await;
    let start = Stand { heard: 0, twice: false, rows: orders.payer().await };
    let (mut stands, mut ends) = (BTreeMap::from([(start, 1)]), BTreeSet::new());
    let mut counted: BTreeMap<(u32, bool), u64> = BTreeMap::new();
    for says in LIFE {
        let cases: Vec<Case> =
            stands.iter().flat_map(|(stand, orders)| next((stand, *orders), says)).collect();
        let known = Box::pin(orders.hear(&cases)).await;
        stands.clear();
        for (case, rows) in cases.iter().zip(known) {
            let (heard, twice) = case.after;
            let (plan, word) = rows.say();
            let want = (gives(case.says), Some(case.says));
            let want = if heard == GONE { ("free", None) } else { want };
            let wrong = format!("{:?}, then {} at {}", case.before, KINDS[case.event], case.says);
            assert_eq!((plan.as_str(), word.as_deref()), want, "{wrong}");
            if let Some(count) = case.orders {
                *stands.entry(Stand { heard, twice, rows }).or_default() += count;
            }
        }
        for (stand, orders) in stands.iter().filter(|(stand, _)| Stand::is_end(stand.heard)) {
            *counted.entry((stand.heard.count_ones(), stand.twice)).or_default() += orders;
            ends.insert(stand.rows.clone());
        }
    }
    // All seven, and with one lost; each also with one of them again.
    let want =
        [((6, false), 5_040), ((6, true), 105_840), ((7, false), 5_040), ((7, true), 141_120)];
    assert_eq!(counted, BTreeMap::from(want));
    Box::pin(changes_of_mind_are_seen_within_a_day(&ends)).await;
}

/// Of which no event was heard.
async fn changes_of_mind_are_seen_within_a_day(ends: &BTreeSet<Rows>) {
    let mut orders = Orders::new().await;
    let cases: Vec<(&Rows, &str)> =
        ends.iter().flat_map(|rows| STATES.map(|says| (rows, says))).collect();
    let numbers = orders.people(cases.iter().map(|(rows, _)| *rows)).await;
    for (number, (_, says)) in numbers.iter().zip(&cases) {
        orders.mind.think(*number, says);
    }
    orders.till.world.clock.advance(days(1));
    let payments: Arc<dyn Payments> = Arc::<Mind>::clone(&orders.mind);
    drain(&mut Reconcile::new(orders.till.world.base(), payments)).await;
    Box::pin(orders.follow()).await;
    for ((before, says), rows) in cases.iter().zip(orders.rows(&numbers).await) {
        let (plan, word) = rows.say();
        assert_eq!((plan.as_str(), word.as_deref()), (gives(says), Some(*says)), "{before:?}");
    }
}
