//! What somebody has: asks the payment service how subscriptions stand, and gives accounts what follows.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

use crate::db;
use crate::db::habits::Change;
use crate::db::plans::{Account, Planned};
use crate::db::subscriptions::{Known, Said};
use crate::domain::ids::{AccountId, FilterId};
use crate::domain::plan::{Because, GRACE, Limits, Plan, Plans, Standing, TRIAL, standing};
use crate::payments::{Failure, Found, Payments};
use crate::render::notices::{self, PlanChange};

/// How long before its end a trial is told of.
const SOON: TimeDelta = TimeDelta::days(3);

/// Why something could not be asked or kept.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error(transparent)]
    Payments(#[from] Failure),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What an account has, with what it follows from.
#[derive(Debug, Clone)]
pub struct Has {
    pub account: Account,
    pub standing: Standing,
    pub trial_until: DateTime<Utc>,
    pub subscriptions: Vec<Known>,
}

/// What an account has now; `None` if there is no such account.
pub async fn has(
    tx: &mut PgConnection,
    account: AccountId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Has>> {
    let Some(account) = db::plans::of(&mut *tx, account).await? else { return Ok(None) };
    let subscriptions = db::subscriptions::of(tx, account.id).await?;
    let counting: Vec<_> = subscriptions.iter().filter_map(|it| it.counts).collect();
    // Whoever comes for the first time begins to try.
    let trial_until = account.trial_until.unwrap_or(now + TRIAL);
    let standing = standing(account.kind, trial_until, &counting, now);
    Ok(Some(Has { account, standing, trial_until, subscriptions }))
}

/// Asks how a subscription stands, and keeps that. Returns whose it is, if it is anybody's.
pub async fn refresh(
    pool: &PgPool,
    payments: &dyn Payments,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Option<AccountId>, Trouble> {
    match payments.subscription(id).await {
        Ok(found) => Ok(keep(pool, &found, now).await?),
        Err(Failure::Unknown) => {
            db::in_tx(pool, async |tx| db::subscriptions::end(tx, id, now).await).await?;
            Ok(None)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Keeps how a subscription stood when it was asked at `now`.
pub async fn keep(
    pool: &PgPool,
    found: &Found,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<AccountId>> {
    let said = Said {
        id: &found.id,
        customer: found.customer.as_deref(),
        plan: found.plan,
        word: &found.status,
        cancels: found.cancels,
        period_ends: found.period_ends,
        asked_at: now,
    };
    let account = db::in_tx(pool, async |tx| {
        let account = db::subscriptions::account_of(tx, said, found.account).await?;
        if let Some(account) = account {
            db::subscriptions::keep(tx, account, said, now).await?;
        }
        Ok(account)
    })
    .await?;
    if let Some(account) = account {
        warn(pool, account, found).await?;
    }
    Ok(account)
}

/// What the operator has to see to.
async fn warn(pool: &PgPool, account: AccountId, found: &Found) -> sqlx::Result<()> {
    let all = db::subscriptions::of(pool, account).await?;
    let live: Vec<&str> = all.iter().filter(|it| it.is_live()).map(|it| it.id.as_str()).collect();
    if live.len() > 1 {
        tracing::error!("account {account} pays {} times: {}", live.len(), live.join(", "));
    }
    if found.plan.is_none() && live.contains(&found.id.as_str()) {
        tracing::error!("subscription {} has a price that is none of ours", found.id);
    }
    Ok(())
}

/// Looks whether somebody paid on a page of which nobody told us.
pub async fn look_after_checkouts(
    pool: &PgPool,
    payments: &dyn Payments,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<(), Trouble> {
    for checkout in db::subscriptions::open_checkouts(pool, account, now).await? {
        if let Some(subscription) = payments.of_checkout(&checkout).await? {
            checkout_done(pool, payments, (&checkout, &subscription), now).await?;
        }
    }
    Ok(())
}

/// A page was paid on, and led to a subscription.
pub async fn checkout_done(
    pool: &PgPool,
    payments: &dyn Payments,
    (checkout, subscription): (&str, &str),
    now: DateTime<Utc>,
) -> Result<Option<AccountId>, Trouble> {
    let account = refresh(pool, payments, subscription, now).await?;
    db::in_tx(pool, async |tx| {
        db::subscriptions::end_checkout(tx, checkout, subscription, now).await
    })
    .await?;
    Ok(account)
}

/// Gives an account what it has now: filters above the limit are paused, the newest first, and those that
/// there is room for again go on; what it should know is said, once.
pub async fn settle(
    pool: &PgPool,
    plans: &Plans,
    account: AccountId,
    clock: impl Fn() -> DateTime<Utc> + Sync,
) -> sqlx::Result<()> {
    db::in_tx(pool, async |tx| {
        let revision = db::filters::begin_change(tx).await?;
        let now = clock();
        let Some(has) = has(tx, account, now).await? else { return Ok(()) };
        let limits = plans.limits(has.standing.plan);
        let room = limits.filters_of(has.account.kind);
        let filters = db::plans::filters(tx, account).await?;
        let (off, on) = turned(&filters, room);
        for (filters, is_on) in [(&off, false), (&on, true)] {
            let ids: Vec<FilterId> = filters.iter().map(|filter| filter.id).collect();
            if !ids.is_empty() {
                db::plans::turn(tx, revision, &ids, is_on, now).await?;
            }
        }
        if i64::from(limits.delay_minutes) != has.account.delay_minutes {
            db::habits::change(tx, account, Change::Delay(limits.delay()), now).await?;
        }
        let said = said(tx, &has, (&off, &on), limits, now).await?;
        db::plans::give(tx, account, has.standing.plan, next_look(&has, now)).await?;
        if let Some(target) = db::plans::target(&mut *tx, account).await? {
            let notices: Vec<_> = said.into_iter().map(|text| (target, text)).collect();
            if !notices.is_empty() {
                db::deliveries::queue_notices(tx, &notices, now).await?;
            }
        }
        Ok(())
    })
    .await
}

/// Lifts every limit of an account: there are no plans.
pub async fn open(
    pool: &PgPool,
    account: AccountId,
    clock: impl Fn() -> DateTime<Utc> + Sync,
) -> sqlx::Result<()> {
    db::in_tx(pool, async |tx| {
        let revision = db::filters::begin_change(tx).await?;
        let now = clock();
        let paused = db::plans::filters(tx, account).await?.into_iter().filter(|it| !it.is_on);
        let ids: Vec<FilterId> = paused.map(|filter| filter.id).collect();
        db::plans::turn(tx, revision, &ids, true, now).await?;
        db::habits::change(tx, account, Change::Delay(std::time::Duration::ZERO), now).await?;
        Ok(())
    })
    .await
}

/// Which filters are paused, and which go on: the oldest have room first.
fn turned(filters: &[Planned], room: u32) -> (Vec<&Planned>, Vec<&Planned>) {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let is_on = |filter: &&Planned| filter.is_on;
    let on: Vec<&Planned> = filters.iter().filter(is_on).collect();
    // Whoever has some on chose them: what is paused comes after them.
    let free = room.saturating_sub(on.len());
    let off = on.into_iter().skip(room).collect();
    (off, filters.iter().filter(|filter| !filter.is_on).take(free).collect())
}

/// When a plan changes by itself, or something is to be said of it.
fn next_look(has: &Has, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let until = has.standing.until;
    let reminder = until.map(|until| until - SOON);
    [until, reminder, Some(has.trial_until), Some(has.trial_until - SOON)]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .min()
}

/// What is to be said, each thing once.
async fn said(
    tx: &mut PgConnection,
    has: &Has,
    (off, on): (&[&Planned], &[&Planned]),
    limits: Limits,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    let Has { account, standing, .. } = has;
    let mut said = Vec::new();
    let names = |filters: &[&Planned]| -> Vec<(i64, String)> {
        filters.iter().map(|filter| (filter.number, filter.name.clone())).collect()
    };
    let change = PlanChange {
        before: account.plan,
        now: standing.plan,
        paid: first_paid(tx, has, now).await?,
        paused: &names(off),
        woken: &names(on),
        limits,
        kind: account.kind,
    };
    // Whoever begins to try has heard nothing of plans yet.
    let begins = standing.because == Because::Trial && account.plan == Plan::Free;
    if change.paid || (account.plan != standing.plan && !begins) || !off.is_empty() {
        said.push(notices::plan_changed(&change));
    }
    let mut once = BTreeSet::new();
    match (standing.because, standing.until) {
        (Because::Trial, Some(until)) if until - SOON <= now => {
            once.insert((format!("trial {until}"), notices::trial_ends(standing.plan, until)));
        }
        (Because::Grace, Some(until)) => {
            let reminder = if now < until - SOON { 1 } else { 2 };
            let text = notices::payment_failed(standing.plan, until);
            once.insert((format!("grace {reminder} {}", until - GRACE), text));
        }
        (Because::Trial | Because::Paid | Because::Nothing, _) | (Because::Grace, None) => {}
    }
    for (what, text) in once {
        if db::plans::told_first(&mut *tx, account.id, &what, now).await? {
            said.push(text);
        }
    }
    Ok(said)
}

/// Whether something was paid for that was not thanked for yet.
async fn first_paid(tx: &mut PgConnection, has: &Has, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let mut first = false;
    if has.standing.because == Because::Paid {
        for subscription in has.subscriptions.iter().filter(|it| it.is_live()) {
            let what = format!("paid {}", subscription.id);
            first |= db::plans::told_first(&mut *tx, has.account.id, &what, now).await?;
        }
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(on: &[bool]) -> Vec<Planned> {
        let made = (1..).zip(on).map(|(number, is_on)| Planned {
            id: FilterId(number),
            number,
            name: String::new(),
            is_on: *is_on,
        });
        made.collect()
    }

    #[track_caller]
    fn check(on: &[bool], room: u32, want: (&[i64], &[i64])) {
        let filters = filters(on);
        let (off, on) = turned(&filters, room);
        let numbers = |of: &[&Planned]| of.iter().map(|it| it.number).collect::<Vec<_>>();
        assert_eq!((numbers(&off).as_slice(), numbers(&on).as_slice()), want);
    }

    #[test]
    fn the_newest_are_paused_and_the_oldest_go_on() {
        check(&[true, true, true, true], 3, (&[4], &[]));
        check(&[true, true], 0, (&[1, 2], &[]));
        check(&[true, true], 2, (&[], &[]));
        check(&[true, false, false, false], 3, (&[], &[2, 3]));
        check(&[false, false, true], 1, (&[], &[]));
        check(&[], 3, (&[], &[]));
    }
}
