//! `plan`, `upgrade`, `billing`, and whether a plan has room for one more.

use std::collections::BTreeSet;

use chrono::NaiveTime;
use sqlx::PgConnection;

use super::{Actor, Context, Failure, Outcome};
use crate::db;
use crate::domain::account::AccountMark;
use crate::domain::ids::AccountId;
use crate::domain::plan::{Plan, Status};
use crate::payments::{Checkout, Failure as Refusal, Payments, Wish};
use crate::render::replies::{self, Full, Offer, PlanLine, Things};
use crate::subscriptions::{self, Has, Trouble};

/// Portals that are linked at a time.
const PORTALS: usize = 3;

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Database(error) => error.into(),
            Trouble::Payments(refusal) => refusal.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Away(why) => {
                tracing::warn!("payments: {why}");
                replies::no_link_now().into()
            }
            Refusal::Unknown | Refusal::Refused(_) => Self::Internal(refusal.into()),
        }
    }
}

/// Shows what somebody has, and the team where they ask.
pub async fn plan(context: &Context, actor: Actor) -> Outcome {
    let Some(payments) = &context.payments else { return Ok(replies::service_is_free()) };
    let mut lines = Vec::new();
    for account in [Some(actor.account), actor.here.map(|here| here.account)].into_iter().flatten()
    {
        look_after(context, payments.as_ref(), account).await?;
        lines.extend(line(context, payments.as_ref(), account).await?);
    }
    Ok(replies::plan(&lines))
}

/// What was paid without anybody telling us is seen now. Where Stripe is away, what is known is shown.
async fn look_after(
    context: &Context,
    payments: &dyn Payments,
    account: AccountId,
) -> sqlx::Result<()> {
    let (pool, now) = (&context.pool, context.now());
    match subscriptions::look_after(pool, payments, account, now).await {
        Ok(()) => Ok(()),
        Err(Trouble::Database(error)) => Err(error),
        Err(Trouble::Payments(refusal)) => {
            tracing::warn!("payments: {refusal}");
            Ok(())
        }
    }
}

async fn has(context: &Context, account: AccountId) -> sqlx::Result<Option<Has>> {
    let now = context.now();
    db::in_tx(&context.pool, async |tx| subscriptions::has(tx, account, now).await).await
}

async fn line(
    context: &Context,
    payments: &dyn Payments,
    account: AccountId,
) -> sqlx::Result<Option<PlanLine>> {
    let Some(has) = has(context, account).await? else { return Ok(None) };
    let pool = &context.pool;
    let boards = db::added_boards::count_on(pool, account).await?;
    let filters = db::own_filters::count_on(pool, account).await?;
    let cancelled = has.subscriptions.iter().filter(|it| it.is_live() && it.cancels);
    Ok(Some(PlanLine {
        kind: has.account.kind,
        standing: has.standing,
        limits: payments.plans().limits(has.standing.plan),
        filters,
        boards,
        ends: cancelled.filter_map(|it| it.period_ends).max(),
        paid: has.subscriptions.iter().filter(|it| it.is_live()).count(),
        waits: has.waits_for_payment(),
        can_buy: payments.sells(Plan::of(has.account.kind)),
    }))
}

/// Gives the link to where one pays: for oneself, or for the team where one asks.
pub async fn upgrade(context: &Context, actor: Actor, wanted: Option<Plan>) -> Outcome {
    let Some(payments) = &context.payments else { return Ok(replies::service_is_free()) };
    let plan = wanted.unwrap_or(Plan::Pro);
    let account = match plan {
        Plan::Free => return Err(replies::cannot_be_bought(plan).into()),
        Plan::Pro => actor.account,
        Plan::Team => actor.here.ok_or_else(replies::team_where)?.account,
    };
    if !payments.sells(plan) {
        return Err(replies::cannot_be_bought(plan).into());
    }
    look_after(context, payments.as_ref(), account).await?;
    let Some(has) = has(context, account).await? else {
        return Err(anyhow::anyhow!("account {account} is gone").into());
    };
    let open = has.subscriptions.iter().filter(|it| it.is_open());
    let open: Vec<_> = open.filter(|it| it.counts.is_some_and(|it| it.plan >= plan)).collect();
    if open.iter().any(|it| it.status == Status::Active) {
        return Err(replies::has_it_already(plan).into());
    }
    if let Some(customer) = open.iter().find_map(|it| it.customer.as_deref()) {
        // Who paid for a second one would pay twice once the first is settled.
        let may = actor.account == account || manages(actor, &has);
        let url = if may { portal(context, payments.as_ref(), customer).await? } else { None };
        return Err(replies::payment_is_open(plan, url).into());
    }
    let checkout = buy(context, payments.as_ref(), &has, (actor.account, plan)).await?;
    Ok(replies::pay_here(plan, payments.plans().limits(plan), checkout.url))
}

/// A page on which an account's plan is paid for by `payer`. Whoever asks twice a day gets one page, unless
/// they paid on it.
async fn buy(
    context: &Context,
    payments: &dyn Payments,
    has: &Has,
    (payer, plan): (AccountId, Plan),
) -> Result<Checkout, Failure> {
    let (pool, now, account) = (&context.pool, context.now(), has.account.id);
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let done = db::checkouts::done(pool, account, plan, midnight).await?;
    let installation = db::checkouts::installation(pool).await?;
    let day = now.format("%Y-%m-%d");
    let key = format!("earlybrd-{installation}-{account}-{}-{day}-{done}", plan.as_str());
    let mark = AccountMark { installation, account };
    let customer = customer_of(has, payer);
    let wish = Wish { mark: &mark, plan, customer, key: &key };
    let checkout = match (payments.checkout(wish).await, customer) {
        (Err(Refusal::Unknown), Some(customer)) => {
            db::subscriptions::forget_customer(pool, customer).await?;
            payments.checkout(Wish { customer: None, ..wish }).await?
        }
        (checkout, _) => checkout?,
    };
    let whose = (account, payer, plan);
    db::in_tx(pool, async |tx| db::checkouts::begin(tx, &checkout.id, whose, now).await).await?;
    Ok(checkout)
}

/// Whom a page is for that `payer` pays on. It shows a customer's card and address, so that of a team only to
/// who paid as that customer.
fn customer_of(has: &Has, payer: AccountId) -> Option<&str> {
    let customer = has.account.customer.as_deref()?;
    let mut paid = has.subscriptions.iter().filter(|it| it.was_paid_by(payer));
    let is_theirs =
        has.account.id == payer || paid.any(|it| it.customer.as_deref() == Some(customer));
    is_theirs.then_some(customer)
}

/// Whether somebody may change what the team where they are pays for: whoever paid, and admins.
fn manages(actor: Actor, has: &Has) -> bool {
    let mut open = has.subscriptions.iter().filter(|it| it.is_open());
    actor.here.is_some_and(|here| here.is_admin) || open.any(|it| it.was_paid_by(actor.account))
}

/// Gives the links to where one changes what one pays for.
pub async fn billing(context: &Context, actor: Actor) -> Outcome {
    let Some(payments) = &context.payments else { return Ok(replies::service_is_free()) };
    let payments = payments.as_ref();
    let own = portals(context, payments, actor.account, |_| true).await?;
    let team = match actor.here {
        Some(here) => portals(context, payments, here.account, |has| manages(actor, has)).await?,
        None => Vec::new(),
    };
    if own.is_empty() && team.is_empty() {
        return Ok(replies::nothing_paid(actor.here.is_some()));
    }
    Ok(replies::bills(own, team))
}

/// One link for each customer that an account is: who paid twice may be two.
async fn portals(
    context: &Context,
    payments: &dyn Payments,
    account: AccountId,
    may: impl Fn(&Has) -> bool,
) -> Result<Vec<String>, Failure> {
    look_after(context, payments, account).await?;
    let Some(has) = has(context, account).await?.filter(may) else { return Ok(Vec::new()) };
    let open = has.subscriptions.iter().filter(|it| it.is_open());
    let mut customers: BTreeSet<&str> = open.filter_map(|it| it.customer.as_deref()).collect();
    if customers.is_empty() {
        customers.extend(has.account.customer.as_deref());
    }
    let mut urls = Vec::new();
    for customer in customers.into_iter().take(PORTALS) {
        urls.extend(portal(context, payments, customer).await?);
    }
    Ok(urls)
}

async fn portal(
    context: &Context,
    payments: &dyn Payments,
    customer: &str,
) -> Result<Option<String>, Failure> {
    match payments.portal(customer).await {
        Ok(url) => Ok(Some(url)),
        Err(Refusal::Unknown) => {
            db::subscriptions::forget_customer(&context.pool, customer).await?;
            Ok(None)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Says if the plan has no room for one more filter that is on. Under the lock of `begin_change`, so that
/// what is counted stays true.
pub async fn refuses_filter(
    tx: &mut PgConnection,
    context: &Context,
    account: AccountId,
) -> sqlx::Result<Option<Full>> {
    refuses(tx, context, account, Things::Filters).await
}

/// So with one more board. The account's row is locked, so that two do not count each other out.
pub async fn refuses_board(
    tx: &mut PgConnection,
    context: &Context,
    account: AccountId,
) -> sqlx::Result<Option<Full>> {
    refuses(tx, context, account, Things::Boards).await
}

/// `None` also where there are no plans.
async fn refuses(
    tx: &mut PgConnection,
    context: &Context,
    account: AccountId,
    things: Things,
) -> sqlx::Result<Option<Full>> {
    let Some(payments) = &context.payments else { return Ok(None) };
    let Some(has) = subscriptions::has(&mut *tx, account, context.now()).await? else {
        return Ok(None);
    };
    let (kind, plan) = (has.account.kind, has.standing.plan);
    let limits = payments.plans().limits(plan);
    let (room, used) = match things {
        Things::Filters => (limits.filters_of(kind), db::own_filters::count_on(tx, account).await?),
        Things::Boards => (limits.boards, db::added_boards::of_account(tx, account).await?.len()),
    };
    let is_full = used >= usize::try_from(room).unwrap_or(usize::MAX);
    Ok(is_full.then_some(Full { things, kind, plan, room }))
}

/// Before a plan refuses anything, Stripe is asked what is paid by now: maybe nobody told us.
pub async fn make_room(context: &Context, account: AccountId, things: Things) -> sqlx::Result<()> {
    let Some(payments) = &context.payments else { return Ok(()) };
    let full = db::in_tx(&context.pool, async |tx| refuses(tx, context, account, things).await);
    if full.await?.is_some() {
        look_after(context, payments.as_ref(), account).await?;
    }
    Ok(())
}

/// What somebody is answered for whom a plan has no room: what a better one gives, and where to pay for it.
pub async fn no_room(context: &Context, actor: Actor, full: Full) -> Failure {
    match offer(context, actor, full).await {
        Ok(offer) => replies::no_room(full, offer).into(),
        Err(failure) => failure,
    }
}

async fn offer(context: &Context, actor: Actor, full: Full) -> Result<Option<Offer>, Failure> {
    let better = Plan::of(full.kind);
    let Some(payments) = &context.payments else { return Ok(None) };
    if full.plan >= better || !payments.sells(better) {
        return Ok(None);
    }
    let limits = payments.plans().limits(better);
    let Some(has) = has(context, actor.account).await? else { return Ok(None) };
    if has.waits_for_payment() {
        return Ok(Some(Offer::Settle));
    }
    // For a team somebody of it pays, who says so.
    if better == Plan::Team {
        return Ok(Some(Offer::Ask(better, limits)));
    }
    match buy(context, payments.as_ref(), &has, (actor.account, better)).await {
        Ok(checkout) => Ok(Some(Offer::Pay(better, limits, checkout.url))),
        Err(Failure::Answer(_)) => Ok(Some(Offer::Ask(better, limits))),
        Err(failure) => Err(failure),
    }
}
