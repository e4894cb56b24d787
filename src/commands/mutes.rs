//! Muting the company of a card: for oneself, or for all who read it.

use super::{Actor, Context, Failure, Outcome, channels, habits};
use crate::db;
use crate::domain::ids::OpeningId;
use crate::render::replies;

/// Mutes it; where others read the card, too, asks for whom.
pub async fn mute(context: &Context, actor: Actor, opening: OpeningId) -> Outcome {
    let company = company(context, actor, opening).await?;
    if actor.here.is_some() {
        return Ok(replies::mute_for_whom(&company, opening));
    }
    habits::mute(context, actor, &company).await
}

pub async fn for_all(context: &Context, actor: Actor, opening: OpeningId) -> Outcome {
    channels::may_change(context, actor).await?;
    let company = company(context, actor, opening).await?;
    habits::mute(context, actor.for_all_here(), &company).await?;
    Ok(replies::muted_for_all(&company, opening))
}

pub async fn back_for_all(context: &Context, actor: Actor, opening: OpeningId) -> Outcome {
    channels::may_change(context, actor).await?;
    let company = company(context, actor, opening).await?;
    habits::unmute(context, actor.for_all_here(), &company).await
}

/// The company of a posting that whoever acts, or all who read here, were told of.
async fn company(context: &Context, actor: Actor, opening: OpeningId) -> Result<String, Failure> {
    let told = [actor.account, actor.for_all_here().account];
    let company = db::marks::company_told(&context.pool, told, opening).await?;
    Ok(company.ok_or_else(replies::card_is_gone)?)
}
