//! What buttons do.

use sqlx::PgConnection;

use super::{Actor, Context, Failure, Outcome, channels, mutes, plans, reasons, why};
use crate::db;
use crate::db::drafts::Draft;
use crate::db::filters::NewFilter;
use crate::db::own_filters::FilterState;
use crate::domain::filter::UNDO;
use crate::domain::ids::{DraftId, FilterId, OpeningId, PostingId};
use crate::domain::plan::MOST_FILTERS;
use crate::domain::reply::{Action, Mark, Reply};
use crate::filter_lang::parse;
use crate::previews::preview;
use crate::render::replies::{self, Full, Things};

/// Longest name that is made of a filter's text.
const NAME: usize = 60;

pub async fn execute(context: &Context, actor: Actor, action: Action) -> Outcome {
    match action {
        Action::Save(draft) => {
            let whose = whose(context, actor, draft).await?;
            let mut reply = save(context, whose, draft).await?;
            let unknown = actor.here.is_some_and(|here| here.open.is_none());
            if unknown && whose.acts_for_all.is_some() {
                reply.parts.push(replies::if_none_comes());
            }
            Ok(reply)
        }
        Action::Cancel(draft) => {
            let actor = whose(context, actor, draft).await?;
            cancel(context, actor, draft).await
        }
        Action::RestoreHere(number) => {
            channels::may_change(context, actor).await?;
            restore(context, actor.for_all_here(), number).await
        }
        Action::Restore(number) => restore(context, actor, number).await,
        Action::Mark(opening, mark) => note(context, actor, opening, mark).await,
        Action::Unmark(opening) => {
            db::marks::clear(&context.pool, actor.account, opening).await?;
            Ok(replies::unmarked())
        }
        Action::Because(opening, reason) => reasons::because(context, actor, opening, reason).await,
        Action::Mute(opening) => mutes::mute(context, actor, opening).await,
        Action::MuteHere(opening) => mutes::for_all(context, actor, opening).await,
        Action::UnmuteHere(opening) => mutes::back_for_all(context, actor, opening).await,
        Action::Why(opening) => why::of_opening(context, actor, opening).await,
    }
}

/// Whoever a draft waits for: in a channel it may be for all.
async fn whose(context: &Context, actor: Actor, id: DraftId) -> Result<Actor, Failure> {
    let all = actor.for_all_here();
    let found = db::drafts::find(&context.pool, all.account, id, context.now()).await?;
    if actor.here.is_none() || found.is_none() {
        return Ok(actor);
    }
    channels::may_change(context, actor).await?;
    Ok(all)
}

async fn save(context: &Context, actor: Actor, id: DraftId) -> Outcome {
    let found = db::drafts::find(&context.pool, actor.account, id, context.now()).await?;
    let draft = found.ok_or_else(replies::draft_is_gone)?;
    let expr = parse(&draft.query)
        .map_err(|error| Failure::Internal(anyhow::anyhow!("draft {id}: {error}")))?;
    let sample = preview(context.over(actor), &expr, None).await?.newest;
    let chosen = Chosen { id, draft: &draft, sample };
    if draft.filter.is_none() {
        plans::make_room(context, actor.account, Things::Filters).await?;
    }
    let saved =
        db::in_tx(&context.pool, async |tx| write(tx, context, actor, chosen).await).await?;
    let Saved { filter, state } = match saved {
        Ok(saved) => saved,
        Err(not) => return Err(refused(context, actor, not).await),
    };
    let filters = db::own_filters::of_account(&context.pool, actor.account).await?;
    let number = filters.iter().find(|own| own.id == filter).map_or(0, |own| own.number);
    let number = actor.number(number);
    Ok(match (draft.filter, state) {
        (_, FilterState::Paused) => replies::changed_while_paused(number, &draft.query),
        (changed, _) => replies::saved(number, &draft.query, changed.is_some(), sample.is_some()),
    })
}

/// A draft whose Save was pressed, and the posting that its sample card shows.
#[derive(Clone, Copy)]
struct Chosen<'a> {
    id: DraftId,
    draft: &'a Draft,
    sample: Option<PostingId>,
}

struct Saved {
    filter: FilterId,
    state: FilterState,
}

/// Why something was not saved.
enum Not {
    /// The plan has no room.
    Full(Full),
    Answer(Box<Reply>),
}

impl From<Reply> for Not {
    fn from(reply: Reply) -> Self {
        Self::Answer(Box::new(reply))
    }
}

async fn refused(context: &Context, actor: Actor, not: Not) -> Failure {
    match not {
        Not::Full(full) => plans::no_room(context, actor, full).await,
        Not::Answer(reply) => Failure::Answer(reply),
    }
}

/// Takes the draft and saves what it says, or says why not. Under the lock of `begin_change`, so
/// that what is counted stays true.
async fn write(
    tx: &mut PgConnection,
    context: &Context,
    actor: Actor,
    Chosen { id, draft, sample }: Chosen<'_>,
) -> sqlx::Result<Result<Saved, Not>> {
    let revision = db::filters::begin_change(tx).await?;
    // Read only now: what was matched without the change was seen before this.
    let now = context.now();
    let Draft { filter, target, query } = draft;
    let has = db::own_filters::count_live(&mut *tx, actor.account).await?;
    if filter.is_none() && has >= MOST_FILTERS {
        return Ok(Err(replies::too_many_filters(MOST_FILTERS).into())); // The draft waits.
    }
    if filter.is_none()
        && let Some(full) = plans::refuses_filter(tx, context, actor.account).await?
    {
        return Ok(Err(Not::Full(full))); // So it does.
    }
    if !db::drafts::take(&mut *tx, actor.account, id).await? {
        return Ok(Err(replies::draft_is_gone().into()));
    }
    let saved = if let Some(filter) = *filter {
        match db::own_filters::set_query(tx, revision, filter, query, now).await? {
            Some(state) => Saved { filter, state },
            None => return Ok(Err(replies::draft_is_gone().into())),
        }
    } else {
        let name: String = query.chars().take(NAME).collect();
        let (account, made_from) = (actor.account, actor.acts_for_all);
        let new = NewFilter { account, target: *target, made_from, name: &name, query };
        let filter = db::filters::insert(tx, revision, new, now).await?;
        Saved { filter, state: FilterState::Active }
    };
    if let Some(posting) = sample.filter(|_| saved.state == FilterState::Active) {
        db::deliveries::queue_sample(tx, saved.filter, *target, posting, now).await?;
    }
    Ok(Ok(saved))
}

async fn cancel(context: &Context, actor: Actor, id: DraftId) -> Outcome {
    if db::drafts::take(&context.pool, actor.account, id).await? {
        Ok(replies::cancelled())
    } else {
        Err(replies::draft_is_gone().into())
    }
}

async fn restore(context: &Context, actor: Actor, number: i64) -> Outcome {
    let shown = actor.number(number);
    let filters = db::own_filters::of_account(&context.pool, actor.account).await?;
    let Some(filter) = filters.iter().find(|filter| filter.number == number) else {
        let live = filters.iter().filter(|filter| filter.state != FilterState::Removed);
        let numbers: Vec<_> = live.map(|filter| actor.number(filter.number)).collect();
        return Err(replies::no_such_filter(shown, &numbers).into());
    };
    if filter.state != FilterState::Removed {
        return Ok(replies::restored(shown, &filter.name, filter.state == FilterState::Paused));
    }
    if filter.removed_at.is_none_or(|removed| context.now() - removed > UNDO) {
        return Err(replies::too_late_to_restore(shown, &filter.query).into());
    }
    let state = filter.removed_from.unwrap_or(FilterState::Active);
    if state == FilterState::Active {
        plans::make_room(context, actor.account, Things::Filters).await?;
    }
    let not = db::in_tx(&context.pool, async |tx| {
        let revision = db::filters::begin_change(tx).await?;
        if db::own_filters::count_live(&mut *tx, actor.account).await? >= MOST_FILTERS {
            return Ok(Some(replies::too_many_filters(MOST_FILTERS).into()));
        }
        if state == FilterState::Active
            && let Some(full) = plans::refuses_filter(tx, context, actor.account).await?
        {
            return Ok(Some(Not::Full(full)));
        }
        db::own_filters::set_state(tx, revision, filter.id, state, context.now()).await?;
        Ok(None)
    })
    .await?;
    if let Some(not) = not {
        return Err(refused(context, actor, not).await);
    }
    Ok(replies::restored(shown, &filter.name, state == FilterState::Paused))
}

async fn note(context: &Context, actor: Actor, opening: OpeningId, mark: Mark) -> Outcome {
    let now = context.now();
    let told = [actor.account, actor.for_all_here().account];
    if db::marks::set(&context.pool, actor.account, told, opening, (mark, now)).await? {
        Ok(replies::marked(opening, mark))
    } else {
        Err(replies::card_is_gone().into())
    }
}
