//! What buttons do.

use chrono::TimeDelta;

use super::preview::preview;
use super::{Actor, Context, Failure, Outcome, manage};
use crate::db;
use crate::db::drafts::Draft;
use crate::db::filters::NewFilter;
use crate::db::own_filters::FilterState;
use crate::domain::ids::{DraftId, OpeningId};
use crate::domain::reply::{Action, Mark};
use crate::filter_lang::parse;
use crate::render::replies;

/// How long a removal can be undone.
const UNDO: TimeDelta = TimeDelta::minutes(10);

/// Longest name that is made of a filter's text.
const NAME: usize = 60;

pub async fn execute(context: &Context, actor: Actor, action: Action) -> Outcome {
    match action {
        Action::Save(draft) => save(context, actor, draft).await,
        Action::Cancel(draft) => cancel(context, actor, draft).await,
        Action::Restore(number) => restore(context, actor, number).await,
        Action::Mark(opening, mark) => note(context, actor, opening, mark).await,
        Action::Unmark(opening) => {
            db::marks::clear(&context.pool, actor.account, opening).await?;
            Ok(replies::unmarked())
        }
    }
}

async fn save(context: &Context, actor: Actor, id: DraftId) -> Outcome {
    let found = db::drafts::take(&context.pool, actor.account, id, context.now()).await?;
    let draft = found.ok_or_else(replies::draft_is_gone)?;
    let expr = parse(&draft.query)
        .map_err(|error| Failure::Internal(anyhow::anyhow!("draft {id}: {error}")))?;
    let sample = preview(context, actor, &expr, None).await?.newest;
    let Draft { filter, target, query } = &draft;
    let name: String = query.chars().take(NAME).collect();
    let saved = db::in_tx(&context.pool, async |tx| {
        let revision = db::filters::begin_change(tx).await?;
        // Read only now: what was matched without the change was seen before this.
        let now = context.now();
        let saved = if let Some(filter) = *filter {
            db::own_filters::set_query(tx, revision, filter, query, now).await?;
            filter
        } else {
            let (account, target) = (actor.account, *target);
            let new = NewFilter { account, target, name: &name, query };
            db::filters::insert(tx, revision, new, now).await?
        };
        if let Some(posting) = sample {
            db::deliveries::queue_sample(tx, saved, *target, posting, now).await?;
        }
        Ok(saved)
    })
    .await?;
    let filters = db::own_filters::of_account(&context.pool, actor.account).await?;
    let number = filters.iter().find(|filter| filter.id == saved).map(|filter| filter.number);
    Ok(replies::saved(number.unwrap_or_default(), query, filter.is_some(), sample.is_some()))
}

async fn cancel(context: &Context, actor: Actor, id: DraftId) -> Outcome {
    match db::drafts::take(&context.pool, actor.account, id, context.now()).await? {
        Some(_) => Ok(replies::cancelled()),
        None => Err(replies::draft_is_gone().into()),
    }
}

async fn restore(context: &Context, actor: Actor, number: i64) -> Outcome {
    let filters = db::own_filters::of_account(&context.pool, actor.account).await?;
    let filter = filters.into_iter().find(|filter| filter.number == number);
    let filter = filter.ok_or_else(|| replies::no_such_filter(number, &[]))?;
    if filter.state != FilterState::Removed {
        return Ok(replies::restored(number, &filter.name));
    }
    if filter.removed_at.is_none_or(|removed| context.now() - removed > UNDO) {
        return Err(replies::too_late_to_restore(number, &filter.query).into());
    }
    manage::set_state(context, filter.id, FilterState::Active).await?;
    Ok(replies::restored(number, &filter.name))
}

async fn note(context: &Context, actor: Actor, opening: OpeningId, mark: Mark) -> Outcome {
    let now = context.now();
    if db::marks::set(&context.pool, actor.account, opening, mark, now).await? {
        Ok(replies::marked(opening, mark))
    } else {
        Err(replies::card_is_gone().into())
    }
}
