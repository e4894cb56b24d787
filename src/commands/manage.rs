//! `list`, `show`, `rename`, `pause`, `resume`, `remove`.

use super::{Actor, Context, Failure, Outcome, own_filter, plans};
use crate::db;
use crate::db::own_filters::{FilterState, OwnFilter};
use crate::domain::ids::FilterId;
use crate::domain::target::Platform;
use crate::filter_lang::parse;
use crate::previews::preview;
use crate::render::replies::{self, ChannelLines, FilterLine, Things};

fn line(actor: Actor, filter: &OwnFilter) -> FilterLine<'_> {
    FilterLine {
        number: actor.number(filter.number),
        name: &filter.name,
        query: &filter.query,
        cadence: filter.cadence,
        paused: filter.state == FilterState::Paused,
        by_plan: filter.paused_by_plan,
    }
}

pub async fn list(context: &Context, actor: Actor) -> Outcome {
    let own = live(context, actor).await?;
    let own: Vec<_> = own.iter().map(|filter| line(actor, filter)).collect();
    let mut accounts = vec![actor.account];
    let mut reply = if let Some(here) = actor.here {
        let all = actor.for_all_here();
        accounts.push(all.account);
        let ours = live(context, all).await?;
        let shown: Vec<_> = ours
            .iter()
            .filter(|filter| filter.target == here.target)
            .map(|filter| line(all, filter))
            .collect();
        let elsewhere = ours.len() - shown.len();
        replies::list(&own, Some(ChannelLines { filters: &shown, elsewhere }))
    } else {
        replies::list(&own, None)
    };
    for account in accounts {
        for lost in db::backlog::not_told(&context.pool, account, context.now()).await? {
            if let Ok(platform) = lost.platform.parse::<Platform>() {
                let why = (lost.why.as_str(), lost.expired);
                reply.parts.push(replies::not_told(lost.postings, platform.name(), why));
            }
        }
    }
    Ok(reply)
}

/// The account's filters that are not removed.
async fn live(context: &Context, actor: Actor) -> sqlx::Result<Vec<OwnFilter>> {
    let mut filters = db::own_filters::of_account(&context.pool, actor.account).await?;
    filters.retain(|filter| filter.state != FilterState::Removed);
    Ok(filters)
}

pub async fn show(context: &Context, actor: Actor, number: i64) -> Outcome {
    let filter = own_filter(context, actor, number).await?;
    let expr = parse(&filter.query)
        .map_err(|error| Failure::Internal(anyhow::anyhow!("filter {}: {error}", filter.id)))?;
    let found = preview(context.over(actor), &expr, None).await?;
    Ok(replies::show(&line(actor, &filter), &found.preview))
}

pub async fn rename(context: &Context, actor: Actor, number: i64, name: &str) -> Outcome {
    let filter = own_filter(context, actor, number).await?;
    db::own_filters::rename(&context.pool, filter.id, name).await?;
    Ok(replies::renamed(actor.number(number), &filter.name, name))
}

pub async fn pause(context: &Context, actor: Actor, number: i64) -> Outcome {
    let filter = own_filter(context, actor, number).await?;
    if filter.state == FilterState::Active {
        set_state(context, actor, filter.id, FilterState::Paused).await?;
    }
    Ok(replies::paused(&line(actor, &filter)))
}

pub async fn resume(context: &Context, actor: Actor, number: i64) -> Outcome {
    let filter = own_filter(context, actor, number).await?;
    // Resuming what runs would move its start, and lose what was seen since.
    if filter.state == FilterState::Paused {
        plans::make_room(context, actor.account, Things::Filters).await?;
        let refused = db::in_tx(&context.pool, async |tx| {
            let revision = db::filters::begin_change(tx).await?;
            if let Some(full) = plans::refuses_filter(tx, context, actor.account).await? {
                return Ok(Some(full));
            }
            let (now, on) = (context.now(), FilterState::Active);
            db::own_filters::set_state(tx, revision, filter.id, on, now).await?;
            Ok(None)
        });
        if let Some(full) = refused.await? {
            return Err(plans::no_room(context, actor, full).await);
        }
    }
    Ok(replies::resumed(&line(actor, &filter)))
}

pub async fn remove(context: &Context, actor: Actor, number: i64) -> Outcome {
    let filter = own_filter(context, actor, number).await?;
    set_state(context, actor, filter.id, FilterState::Removed).await?;
    Ok(replies::removed(&line(actor, &filter)))
}

/// Changes a filter's state under the lock that matching respects. There may be room for another one then.
async fn set_state(
    context: &Context,
    actor: Actor,
    filter: FilterId,
    state: FilterState,
) -> sqlx::Result<()> {
    db::in_tx(&context.pool, async |tx| {
        let revision = db::filters::begin_change(tx).await?;
        // Read only now: what was matched without the change was seen before this.
        let now = context.now();
        db::own_filters::set_state(tx, revision, filter, state, now).await?;
        db::plans::look(tx, actor.account, now).await
    })
    .await
}
