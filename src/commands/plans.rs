//! `plan`, `upgrade`, `billing`, and whether a plan has room for one more.

use sqlx::PgConnection;

use super::{Actor, Context, Failure, Outcome};
use crate::db;
use crate::domain::account::AccountKind;
use crate::domain::ids::AccountId;
use crate::domain::plan::{Limits, Plan};
use crate::domain::reply::Reply;
use crate::payments::{Failure as Refusal, Payments, Wish};
use crate::render::replies::{self, PlanLine};
use crate::subscriptions::{self, Has, Trouble};

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
    match subscriptions::look_after_checkouts(pool, payments, account, now).await {
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
    let boards = db::added_boards::of_account(pool, account).await?.len();
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
    if has
        .subscriptions
        .iter()
        .any(|it| it.is_live() && it.counts.is_some_and(|it| it.plan >= plan))
    {
        return Err(replies::has_it_already(plan).into());
    }
    let now = context.now();
    let midnight = now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let done = db::subscriptions::done_checkouts(&context.pool, account, plan, midnight).await?;
    // Whoever asks twice a day gets one link, unless they paid by it.
    let key = format!("earlybrd-{account}-{}-{}-{done}", plan.as_str(), now.format("%Y-%m-%d"));
    let wish = Wish {
        account,
        payer: actor.account,
        plan,
        customer: has.account.customer.as_deref(),
        key: &key,
    };
    let checkout = payments.checkout(wish).await?;
    let whose = (account, actor.account, plan);
    db::subscriptions::begin_checkout(&context.pool, &checkout.id, whose, now).await?;
    Ok(replies::pay_here(plan, payments.plans().limits(plan), checkout.url))
}

/// Gives the links to where one changes what one pays for. That of a team is for whoever paid, and admins.
pub async fn billing(context: &Context, actor: Actor) -> Outcome {
    let Some(payments) = &context.payments else { return Ok(replies::service_is_free()) };
    look_after(context, payments.as_ref(), actor.account).await?;
    let own = portal(context, payments.as_ref(), actor.account, |_| true).await?;
    let team = match actor.here {
        Some(here) => {
            look_after(context, payments.as_ref(), here.account).await?;
            let may = |has: &Has| {
                let mut live = has.subscriptions.iter().filter(|it| it.is_live());
                here.is_admin || live.any(|it| it.payer == Some(actor.account))
            };
            portal(context, payments.as_ref(), here.account, may).await?
        }
        None => None,
    };
    if own.is_none() && team.is_none() {
        return Ok(replies::nothing_paid(actor.here.is_some()));
    }
    Ok(replies::bills(own, team))
}

async fn portal(
    context: &Context,
    payments: &dyn Payments,
    account: AccountId,
    may: impl Fn(&Has) -> bool,
) -> Result<Option<String>, Failure> {
    let Some(has) = has(context, account).await?.filter(may) else { return Ok(None) };
    let Some(customer) = &has.account.customer else { return Ok(None) };
    match payments.portal(customer).await {
        Ok(url) => Ok(Some(url)),
        Err(Refusal::Unknown) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

/// What a plan allows an account; `None` where there are no plans.
async fn limits(
    tx: &mut PgConnection,
    context: &Context,
    account: AccountId,
) -> sqlx::Result<Option<(AccountKind, Plan, Limits)>> {
    let Some(payments) = &context.payments else { return Ok(None) };
    let has = subscriptions::has(tx, account, context.now()).await?;
    Ok(has.map(|has| {
        let plan = has.standing.plan;
        (has.account.kind, plan, payments.plans().limits(plan))
    }))
}

/// Says if the plan has no room for one more filter that is on. Under the lock of `begin_change`, so that
/// what is counted stays true.
pub async fn refuses_filter(
    tx: &mut PgConnection,
    context: &Context,
    account: AccountId,
) -> sqlx::Result<Option<Reply>> {
    let Some((kind, plan, limits)) = limits(tx, context, account).await? else { return Ok(None) };
    let on = db::own_filters::count_on(tx, account).await?;
    let room = usize::try_from(limits.filters_of(kind)).unwrap_or(usize::MAX);
    Ok((on >= room).then(|| replies::no_room(kind, plan, limits)))
}

/// So with one more board. The account's row is locked, so that two do not count each other out.
pub async fn refuses_board(
    tx: &mut PgConnection,
    context: &Context,
    account: AccountId,
) -> sqlx::Result<Option<Reply>> {
    let Some((kind, plan, limits)) = limits(tx, context, account).await? else { return Ok(None) };
    let has = db::added_boards::of_account(tx, account).await?.len();
    let room = usize::try_from(limits.boards).unwrap_or(usize::MAX);
    Ok((has >= room).then(|| replies::no_room_for_boards(kind, plan, limits)))
}
