//! What somebody has: asks the payment service how subscriptions stand, and gives accounts what follows.

mod settle;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

pub use settle::{open, settle};

use crate::db;
use crate::db::plans::Account;
use crate::db::subscriptions::{Known, Said};
use crate::domain::ids::AccountId;
use crate::domain::message::About;
use crate::domain::plan::{Plan, Standing, Status, TRIAL, standing};
use crate::payments::{Failure, Found, Page, Payments};

/// What was asked so lately is not asked again for somebody who waits.
const FRESH: TimeDelta = TimeDelta::minutes(1);

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

impl Has {
    /// Whether a payment is open and gives nothing until it is made.
    pub fn waits_for_payment(&self) -> bool {
        let mut open = self.subscriptions.iter().filter(|it| it.is_open());
        self.standing.plan < Plan::of(self.account.kind)
            && open.any(|it| it.status != Status::Active)
    }
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
    match asked(pool, payments, id, now).await? {
        Some(found) => Ok(keep(pool, &found, None, now).await?),
        None => Ok(None),
    }
}

/// How a subscription stands. One that Stripe knows no more has ended: `None`. One that we never knew, it may
/// not know yet: that is a failure.
async fn asked(
    pool: &PgPool,
    payments: &dyn Payments,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Option<Found>, Trouble> {
    let failure = match payments.subscription(id).await {
        Ok(found) => return Ok(Some(found)),
        Err(failure) => failure,
    };
    let ended = failure == Failure::Unknown
        && db::in_tx(pool, async |tx| db::subscriptions::end(tx, id, now).await).await?;
    if ended { Ok(None) } else { Err(failure.into()) }
}

/// Keeps how a subscription stood when it was asked at `now`; `named` is whose it would be if nothing else
/// says so.
pub async fn keep(
    pool: &PgPool,
    found: &Found,
    named: Option<AccountId>,
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
        let mark = found.mark.as_ref();
        let account = db::subscriptions::account_of(tx, said, mark, named).await?;
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

/// Looks whether somebody paid on a page, and how what they pay for stands, of which nobody told us.
pub async fn look_after(
    pool: &PgPool,
    payments: &dyn Payments,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<(), Trouble> {
    for checkout in db::checkouts::open(pool, account, now).await? {
        match payments.page(&checkout).await {
            Ok(page) => match &page.subscription {
                Some(paid) => {
                    match checkout_done(pool, payments, (&checkout, paid), &page, now).await {
                        // Stripe does not know yet what was paid for: the page is looked at again.
                        Ok(_) | Err(Trouble::Payments(Failure::Unknown)) => {}
                        Err(trouble) => return Err(trouble),
                    }
                }
                None if page.is_over => {
                    db::checkouts::end(pool, &checkout, None, now).await?;
                }
                None => {}
            },
            Err(Failure::Unknown) => {
                db::checkouts::end(pool, &checkout, None, now).await?;
            }
            Err(failure) => return Err(failure.into()),
        }
    }
    for id in db::subscriptions::open(pool, (Some(account), None), now - FRESH).await? {
        refresh(pool, payments, &id, now).await?;
    }
    Ok(())
}

/// A page led to a subscription: it is whose page it was, as we know it or else as the page says. Until it is
/// known how that stands, the page is not done.
pub async fn checkout_done(
    pool: &PgPool,
    payments: &dyn Payments,
    (checkout, subscription): (&str, &str),
    page: &Page,
    now: DateTime<Utc>,
) -> Result<Option<AccountId>, Trouble> {
    let found = asked(pool, payments, subscription, now).await?;
    db::checkouts::end(pool, checkout, Some(subscription), now).await?;
    let Some(found) = found else { return Ok(None) };
    let named = match &page.mark {
        Some(mark) if mark.installation == db::checkouts::installation(pool).await? => {
            Some(mark.account)
        }
        Some(_) => None,
        None => page.account,
    };
    Ok(keep(pool, &found, named, now).await?)
}

/// Tells an account something, if it was not told so before.
pub async fn tell_once(
    pool: &PgPool,
    account: AccountId,
    what: &str,
    bill: (About, String),
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    db::in_tx(pool, async |tx| {
        if db::plans::told_first(&mut *tx, account, what, now).await?
            && let Some(target) = db::plans::target(&mut *tx, account).await?
        {
            db::deliveries::queue_bill(tx, target, bill, now).await?;
        }
        Ok(())
    })
    .await
}
