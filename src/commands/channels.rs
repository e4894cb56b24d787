//! `channels`: who may make and change the filters of channels, and whether somebody is.

use super::{Actor, Context, Failure, Outcome};
use crate::db;
use crate::domain::account::ChannelFilters;
use crate::domain::reply::Action;
use crate::render::replies;

/// Shows or changes the rule of the workspace in which it is typed.
pub async fn channels(context: &Context, actor: Actor, wanted: Option<ChannelFilters>) -> Outcome {
    let Some(here) = actor.here else { return Err(replies::no_channel_here().into()) };
    let Some(wanted) = wanted else {
        let rule = db::accounts::channel_filters(&context.pool, here.account).await?;
        return Ok(replies::channel_filters(rule));
    };
    if !here.is_admin {
        return Err(replies::admins_decide().into());
    }
    if here.in_role.is_none() && matches!(wanted, ChannelFilters::Role(_)) {
        return Err(replies::no_roles_here().into());
    }
    db::accounts::set_channel_filters(&context.pool, here.account, wanted).await?;
    Ok(replies::channel_filters(wanted))
}

/// Refuses a change of the channel's filters by somebody who may not make it.
pub async fn may_change(context: &Context, actor: Actor) -> Result<(), Failure> {
    let Some(here) = actor.here.filter(|here| !here.is_admin) else { return Ok(()) };
    match db::accounts::channel_filters(&context.pool, here.account).await? {
        ChannelFilters::Anyone => Ok(()),
        ChannelFilters::Role(_) if here.in_role == Some(true) => Ok(()),
        ChannelFilters::Role(_) => Err(replies::role_only().into()),
        ChannelFilters::Admins => Err(replies::admins_only().into()),
    }
}

/// Whether a button changes filters, so that it matters who pressed it.
pub fn changes_filters(action: Action) -> bool {
    match action {
        Action::Save(_)
        | Action::Cancel(_)
        | Action::RestoreHere(_)
        | Action::MuteHere(_)
        | Action::UnmuteHere(_) => true,
        Action::Restore(_)
        | Action::Mark(..)
        | Action::Unmark(_)
        | Action::Because(..)
        | Action::Mute(_)
        | Action::Why(_) => false,
    }
}
