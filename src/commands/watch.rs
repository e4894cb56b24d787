//! `watch`, `test`, `edit`: a preview, and a draft that waits for its button.

use super::email::{self, Place};
use super::{Actor, Context, Failure, Outcome, channels, own_filter, plans};
use crate::db;
use crate::db::drafts::Draft;
use crate::db::own_filters::FilterState;
use crate::domain::filter::Expr;
use crate::domain::plan::MOST_FILTERS;
use crate::filter_lang::{parse, print};
use crate::previews::preview;
use crate::render::replies::{self, Things};

pub async fn watch(context: &Context, actor: Actor, expr: &Expr, place: Place) -> Outcome {
    let actor = if place == Place::Here {
        channels::may_change(context, actor).await?;
        actor.for_all_here()
    } else {
        actor
    };
    let target = email::target(context, actor, place).await?;
    let filters = db::own_filters::of_account(&context.pool, actor.account).await?;
    let live: Vec<_> =
        filters.iter().filter(|filter| filter.state != FilterState::Removed).collect();
    if live.len() >= MOST_FILTERS {
        return Err(replies::too_many_filters(MOST_FILTERS).into());
    }
    let account = actor.account;
    plans::make_room(context, account, Things::Filters).await?;
    let refused =
        db::in_tx(&context.pool, async |tx| plans::refuses_filter(tx, context, account).await);
    if let Some(full) = refused.await? {
        return Err(plans::no_room(context, actor, full).await);
    }
    let query = print(expr);
    if let Some(same) = live.iter().find(|filter| filter.query == query) {
        return Err(replies::same_filter(actor.number(same.number), &same.name).into());
    }
    let found = preview(context.over(actor), expr, None).await?;
    let draft = Draft { filter: None, target, query };
    let id = db::drafts::insert(&context.pool, actor.account, &draft, context.now()).await?;
    Ok(replies::watch(&found.preview, place.word(), id))
}

pub async fn test(context: &Context, actor: Actor, expr: &Expr) -> Outcome {
    let found = preview(context.over(actor), expr, None).await?;
    Ok(replies::test(&found.preview))
}

pub async fn edit(context: &Context, actor: Actor, number: i64, expr: &Expr) -> Outcome {
    let filter = own_filter(context, actor, number).await?;
    let query = print(expr);
    if query == filter.query {
        return Err(replies::nothing_changes(actor.number(number)).into());
    }
    let before = parse(&filter.query)
        .map_err(|error| Failure::Internal(anyhow::anyhow!("filter {}: {error}", filter.id)))?;
    let found = preview(context.over(actor), expr, Some(&before)).await?;
    let draft = Draft { filter: Some(filter.id), target: filter.target, query };
    let id = db::drafts::insert(&context.pool, actor.account, &draft, context.now()).await?;
    Ok(replies::edit(actor.number(number), &filter.name, &found.preview, id))
}
