//! Why somebody dismissed a posting; after enough equal reasons a change of the filter is proposed.

use super::proposal::propose;
use super::{Actor, Context, Failure, Outcome};
use crate::db;
use crate::db::drafts::Draft;
use crate::db::own_filters::{FilterState, OwnFilter};
use crate::domain::filter::Expr;
use crate::domain::ids::OpeningId;
use crate::domain::posting::Posting;
use crate::domain::reply::{Reason, Reply};
use crate::filter_lang::{parse, print};
use crate::previews::preview;
use crate::render::replies;

/// Equal reasons after which a change is proposed.
pub const ENOUGH: usize = 3;

pub async fn because(
    context: &Context,
    actor: Actor,
    opening: OpeningId,
    reason: Reason,
) -> Outcome {
    if !db::reasons::set(&context.pool, actor.account, opening, reason).await? {
        return Err(replies::card_is_gone().into());
    }
    if reason == Reason::Company {
        let company = db::marks::company(&context.pool, actor.account, opening).await?;
        return Ok(replies::because_of_company(company.as_deref()));
    }
    let proposal = proposal(context, actor, opening, reason).await?;
    Ok(proposal.unwrap_or_else(|| replies::because(reason)))
}

/// The change that all reasons together suggest, if they do and it would change anything.
async fn proposal(
    context: &Context,
    actor: Actor,
    opening: OpeningId,
    reason: Reason,
) -> Result<Option<Reply>, Failure> {
    let now = context.now();
    let found = db::in_tx(&context.pool, async |tx| {
        let about = (opening, reason);
        let found = db::reasons::dismissed(tx, actor.account, about, ENOUGH, now).await?;
        let rates = db::rates::newest(&mut *tx).await?;
        Ok(found.map(|(filter, dismissed)| (filter, dismissed, rates)))
    });
    let Some((id, dismissed, rates)) = found.await? else { return Ok(None) };
    let filters = db::own_filters::of_account(&context.pool, actor.account).await?;
    let own = filters.into_iter().find(|own| own.id == id && own.state == FilterState::Active);
    let Some(own) = own else { return Ok(None) };
    let before = parse(&own.query)
        .map_err(|error| Failure::Internal(anyhow::anyhow!("filter {id}: {error}")))?;
    let dismissed: Vec<Posting> = dismissed.into_iter().map(|stored| stored.posting).collect();
    let Some(after) = propose(&before, reason, &dismissed, &rates) else { return Ok(None) };
    let reply = shown(context, actor, (&own, &before, &after), (reason, dismissed.len())).await?;
    db::reasons::proposed(&context.pool, actor.account, id, reason, now).await?;
    Ok(Some(reply))
}

/// The proposal as `edit` shows a change, with a draft behind its buttons.
async fn shown(
    context: &Context,
    actor: Actor,
    (own, before, after): (&OwnFilter, &Expr, &Expr),
    (reason, times): (Reason, usize),
) -> Result<Reply, Failure> {
    let found = preview(context.over(actor), after, Some(before)).await?;
    let draft = Draft { filter: Some(own.id), target: own.target, query: print(after) };
    let id = db::drafts::insert(&context.pool, actor.account, &draft, context.now()).await?;
    let edit = replies::edit(actor.number(own.number), &own.name, &found.preview, id);
    Ok(replies::proposal(reason, times, edit))
}
