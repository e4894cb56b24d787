//! Who may make and change the filters of channels.

use super::{only, say};
use crate::domain::account::ChannelFilters;
use crate::domain::reply::Reply;

pub fn channel_filters(rule: ChannelFilters) -> Reply {
    let (who, other) = match rule {
        ChannelFilters::Anyone => ("Everybody in a channel", ChannelFilters::Admins),
        ChannelFilters::Admins => ("Only admins", ChannelFilters::Anyone),
        ChannelFilters::Role(_) => {
            ("Admins, and whoever has the role that they named,", ChannelFilters::Admins)
        }
    };
    let mut reply = only(format!("{who} may make and change the filters of channels here."));
    reply.buttons.push(say(&format!("Let {other}"), format!("channels {other}")));
    reply
}

pub fn no_channel_here() -> Reply {
    only("Type that in a channel: it is about the channels of a workspace.")
}

/// Slack has none.
pub fn no_roles_here() -> Reply {
    only("Roles are Discord's. Here it can be anyone or admins.")
}

pub fn role_only() -> Reply {
    only(
        "Only admins, and whoever has the role that they named, may make and change the filters of channels \
         here. Without \"here\", and by numbers without a c, filters are your own.",
    )
}

/// Nobody else changes the rule.
pub fn admins_decide() -> Reply {
    only("Only admins may change that, as far as can be told who is one.")
}

pub fn admins_only() -> Reply {
    only(
        "Only admins may make and change the filters of channels here. Without \"here\", and by \
         numbers without a c, filters are your own.",
    )
}

/// Where the platform says that nothing of ours is shown.
pub fn cannot_write_here() -> Reply {
    only(
        "I may not write in this channel, so no cards could come here. Let me see it, send messages and \
         embed links there; then type this again.",
    )
}
