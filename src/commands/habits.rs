//! When somebody is told, and of which companies never: `deliver`, `timezone`, `quiet`, `snooze`, `mute`,
//! `unmute`, `muted`.

use chrono_tz::Tz;

use super::{Actor, Context, Outcome, own_filter};
use crate::db;
use crate::db::habits::Change;
use crate::domain::cadence::{Cadence, QuietHours, Snooze};
use crate::normalize::fingerprint::company_key;
use crate::render::replies::{self, When};
use crate::schedule::digest::next_digest;
use crate::schedule::quiet_hours::may_go;

/// Companies that one account may mute.
const MOST_MUTED: usize = 500;

async fn change(context: &Context, actor: Actor, change: Change) -> sqlx::Result<When> {
    db::in_tx(&context.pool, async |tx| {
        let now = context.now();
        let waiting = db::habits::change(tx, actor.account, change, now).await?;
        let habits = db::habits::of_account(tx, actor.account).await?;
        Ok(When { habits, waiting, now })
    })
    .await
}

pub async fn deliver(context: &Context, actor: Actor, number: i64, cadence: Cadence) -> Outcome {
    let filter = own_filter(context, actor, number).await?;
    let when = change(context, actor, Change::Cadence(filter.id, cadence)).await?;
    let first = next_digest(cadence, when.habits.zone, when.now);
    let first = first.map(|first| may_go(&when.habits, first));
    Ok(replies::cadence(actor.number(number), &filter.name, cadence, first, &when))
}

pub async fn timezone(context: &Context, actor: Actor, zone: Tz) -> Outcome {
    Ok(replies::timezone(&change(context, actor, Change::Timezone(zone)).await?))
}

pub async fn quiet(context: &Context, actor: Actor, quiet: Option<QuietHours>) -> Outcome {
    Ok(replies::quiet(&change(context, actor, Change::Quiet(quiet)).await?))
}

pub async fn snooze(context: &Context, actor: Actor, snooze: Option<Snooze>) -> Outcome {
    let until = snooze.map(|snooze| context.now() + snooze.span());
    Ok(replies::snooze(&change(context, actor, Change::Snooze(until)).await?))
}

pub async fn mute(context: &Context, actor: Actor, company: &str) -> Outcome {
    let Some(key) = company_key(company) else {
        return Err(replies::no_company(company).into());
    };
    let muted = db::habits::muted(&context.pool, actor.account).await?;
    if muted.len() >= MOST_MUTED {
        return Err(replies::too_many_muted(MOST_MUTED).into());
    }
    let now = context.now();
    let new = db::habits::mute(&context.pool, actor.account, (&key, company), now).await?;
    Ok(replies::muted_now(company, new))
}

pub async fn unmute(context: &Context, actor: Actor, company: &str) -> Outcome {
    let Some(key) = company_key(company) else {
        return Err(replies::no_company(company).into());
    };
    let was = db::habits::unmute(&context.pool, actor.account, &key).await?;
    Ok(replies::unmuted(company, was))
}

pub async fn muted(context: &Context, actor: Actor) -> Outcome {
    let muted = db::habits::muted(&context.pool, actor.account).await?;
    let names: Vec<String> = muted.into_iter().map(|(company, _)| company).collect();
    Ok(replies::muted(&names))
}
