//! Gives accounts what follows from what they pay for, and says so.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

use super::{Has, has};
use crate::db;
use crate::db::habits::Change;
use crate::db::plans::Planned;
use crate::domain::ids::{AccountId, BoardId, FilterId};
use crate::domain::message::About;
use crate::domain::plan::{Because, GRACE, Plan};
use crate::payments::Payments;
use crate::render::notices::{self, Again, PlanChange};

/// How long before its end a trial is told of.
const SOON: TimeDelta = TimeDelta::days(3);

/// Gives an account what it has now: filters and boards above the limit are paused, the newest first, and
/// those that there is room for again go on; what it should know is said, once.
pub async fn settle(
    pool: &PgPool,
    payments: &dyn Payments,
    account: AccountId,
    clock: impl Fn() -> DateTime<Utc> + Sync,
) -> sqlx::Result<()> {
    db::in_tx(pool, async |tx| {
        let revision = db::filters::begin_change(tx).await?;
        let now = clock();
        let Some(has) = has(tx, account, now).await? else { return Ok(()) };
        let limits = payments.plans().limits(has.standing.plan);
        let filters = db::plans::filters(tx, account).await?;
        let filters = turned(&filters, limits.filters_of(has.account.kind));
        let boards = db::plans::boards(tx, account).await?;
        let boards = turned(&boards, limits.boards);
        for is_on in [false, true] {
            let filters = ids(filters.turned(is_on));
            if !filters.is_empty() {
                db::plans::turn(tx, revision, &filters, is_on, now).await?;
            }
            let boards = ids(boards.turned(is_on));
            if !boards.is_empty() {
                db::plans::turn_boards(tx, account, &boards, is_on, now).await?;
            }
        }
        if i64::from(limits.delay_minutes) != has.account.delay_minutes {
            db::habits::change(tx, account, Change::Delay(limits.delay()), now).await?;
        }
        let change = PlanChange {
            before: has.account.plan,
            now: has.standing.plan,
            paid: first_paid(tx, &has, now).await?,
            paused: &named(&filters.off),
            woken: &named(&filters.on),
            paused_boards: &named(&boards.off),
            woken_boards: &named(&boards.on),
            limits,
            kind: has.account.kind,
            again: again(payments, &has),
        };
        let said = said(tx, &has, &change, now).await?;
        db::plans::give(tx, account, has.standing.plan, next_look(&has, now)).await?;
        if let Some(target) = db::plans::target(&mut *tx, account).await? {
            for bill in said {
                db::deliveries::queue_bill(tx, target, bill, now).await?;
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
        let paused = db::plans::boards(tx, account).await?.into_iter().filter(|it| !it.is_on);
        let ids: Vec<BoardId> = paused.map(|board| board.id).collect();
        db::plans::turn_boards(tx, account, &ids, true, now).await?;
        db::habits::change(tx, account, Change::Delay(std::time::Duration::ZERO), now).await?;
        Ok(())
    })
    .await
}

/// What is paused, and what goes on.
struct Turned<'a, Id> {
    off: Vec<&'a Planned<Id>>,
    on: Vec<&'a Planned<Id>>,
}

impl<'a, Id> Turned<'a, Id> {
    fn turned(&self, on: bool) -> &[&'a Planned<Id>] {
        if on { &self.on } else { &self.off }
    }
}

/// The newest are paused, and the oldest have room first.
fn turned<Id>(all: &[Planned<Id>], room: u32) -> Turned<'_, Id> {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let on: Vec<&Planned<Id>> = all.iter().filter(|it| it.is_on).collect();
    // Whoever has some on chose them: what is paused comes after them.
    let free = room.saturating_sub(on.len());
    let off = on.into_iter().skip(room).collect();
    Turned { off, on: all.iter().filter(|it| !it.is_on).take(free).collect() }
}

fn ids<Id: Copy>(of: &[&Planned<Id>]) -> Vec<Id> {
    of.iter().map(|it| it.id).collect()
}

fn named<Id>(of: &[&Planned<Id>]) -> Vec<(i64, String)> {
    of.iter().map(|it| (it.number, it.name.clone())).collect()
}

/// What somebody types to have more again, if that can be bought.
fn again(payments: &dyn Payments, has: &Has) -> Again {
    let plan = Plan::of(has.account.kind);
    if has.waits_for_payment() {
        Again::Pay
    } else if payments.sells(plan) {
        Again::Buy(plan)
    } else {
        Again::Never
    }
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
    change: &PlanChange<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(About, String)>> {
    let Has { account, standing, .. } = has;
    let mut said = Vec::new();
    // Whoever begins to try has heard nothing of plans yet.
    let begins = standing.because == Because::Trial && account.plan == Plan::Free;
    let turned = [change.paused, change.woken, change.paused_boards, change.woken_boards].concat();
    if change.paid || (account.plan != standing.plan && !begins) || !turned.is_empty() {
        let about = match standing.plan {
            Plan::Free => About::PlanEnded,
            Plan::Pro | Plan::Team => About::PlanOn,
        };
        said.push((about, notices::plan_changed(change)));
    }
    let once = match (standing.because, standing.until) {
        (Because::Trial, Some(until)) if until - SOON <= now => {
            let text = notices::trial_ends(standing.plan, until, change.again);
            Some((format!("trial {until}"), (About::TrialEnds, text)))
        }
        (Because::Grace, Some(until)) => {
            let reminder = if now < until - SOON { 1 } else { 2 };
            let text = notices::payment_failed(standing.plan, until);
            Some((format!("grace {reminder} {}", until - GRACE), (About::PaymentFailed, text)))
        }
        (Because::Trial | Because::Paid | Because::Nothing, _) | (Because::Grace, None) => None,
    };
    if let Some((what, bill)) = once
        && db::plans::told_first(&mut *tx, account.id, &what, now).await?
    {
        said.push(bill);
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

    fn filters(on: &[bool]) -> Vec<Planned<FilterId>> {
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
        let turned = turned(&filters, room);
        let numbers = |on| turned.turned(on).iter().map(|it| it.number).collect::<Vec<_>>();
        assert_eq!((numbers(false).as_slice(), numbers(true).as_slice()), want);
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
