//! The closed list of commands: their help and how the rest of their line is read.

use super::command::Command;
use super::line::Line;
use crate::domain::reply::{Mark, Reply};
use crate::render::replies::CommandHelp;

/// A command's name, its help, and how the rest of the line is read. What is not in this list can
/// be neither parsed nor asked for.
#[derive(Debug)]
pub struct Spec {
    pub name: &'static str,
    pub help: CommandHelp,
    pub(super) read: fn(&Line<'_>) -> Result<Command, Reply>,
}

/// All commands, in the order in which help shows them.
pub const COMMANDS: &[Spec] = &[
    Spec {
        name: "watch",
        help: CommandHelp {
            usage: "watch <filter> [here|email]",
            does: "shows what a filter would have sent, then saves it; cards come here or by e-mail",
            example: "watch remote rust -senior pay>=80k",
        },
        read: |line| {
            let (filter, place) = line.place_at_end();
            Ok(Command::Watch(filter.filter()?, place))
        },
    },
    Spec {
        name: "test",
        help: CommandHelp {
            usage: "test <filter>",
            does: "shows what a filter would have sent, and saves nothing",
            example: "test (design OR designer) -intern",
        },
        read: |line| Ok(Command::Test(line.filter()?)),
    },
    Spec {
        name: "list",
        help: CommandHelp { usage: "list", does: "your filters", example: "list" },
        read: |line| line.alone(Command::List),
    },
    Spec {
        name: "show",
        help: CommandHelp {
            usage: "show N",
            does: "one filter and what it would have sent",
            example: "show 1",
        },
        read: |line| line.number().map(Command::Show),
    },
    Spec {
        name: "edit",
        help: CommandHelp {
            usage: "edit N <filter>",
            does: "changes a filter, after showing the difference",
            example: "edit 1 remote (rust OR go)",
        },
        read: |line| {
            let (number, rest) = line.number_and_rest()?;
            Ok(Command::Edit(number, rest.filter()?))
        },
    },
    Spec {
        name: "rename",
        help: CommandHelp {
            usage: "rename N <name>",
            does: "gives a filter another name",
            example: "rename 1 Rust from home",
        },
        read: |line| {
            let (number, rest) = line.number_and_rest()?;
            Ok(Command::Rename(number, rest.name()?))
        },
    },
    Spec {
        name: "pause",
        help: CommandHelp { usage: "pause N", does: "stops a filter for now", example: "pause 1" },
        read: |line| line.number().map(Command::Pause),
    },
    Spec {
        name: "resume",
        help: CommandHelp {
            usage: "resume N",
            does: "starts it again, for postings from now on",
            example: "resume 1",
        },
        read: |line| line.number().map(Command::Resume),
    },
    Spec {
        name: "remove",
        help: CommandHelp {
            usage: "remove N",
            does: "removes a filter; Undo works for ten minutes",
            example: "remove 1",
        },
        read: |line| line.number().map(Command::Remove),
    },
    Spec {
        name: "deliver",
        help: CommandHelp {
            usage: "deliver N instant|hourly|daily 08:00|weekly mon 08:00",
            does: "how often a filter is told; digests show the best matches first",
            example: "deliver 1 daily 08:00",
        },
        read: |line| {
            let (number, rest) = line.number_and_rest()?;
            Ok(Command::Deliver(number, rest.value()?))
        },
    },
    Spec {
        name: "to",
        help: CommandHelp {
            usage: "to N here|email",
            does: "where a filter's cards go",
            example: "to 1 email",
        },
        read: |line| {
            let (number, rest) = line.number_and_rest()?;
            Ok(Command::To(number, rest.place()?))
        },
    },
    Spec {
        name: "email",
        help: CommandHelp {
            usage: "email [you@example.com|off]",
            does: "your address, for what your chat does not take and for filters that you send there",
            example: "email you@example.com",
        },
        read: |line| line.email().map(Command::Email),
    },
    Spec {
        name: "timezone",
        help: CommandHelp {
            usage: "timezone <name>",
            does: "your time zone, for digests and quiet hours",
            example: "timezone Europe/Berlin",
        },
        read: |line| line.timezone().map(Command::Timezone),
    },
    Spec {
        name: "quiet",
        help: CommandHelp {
            usage: "quiet 22:00-07:00|off",
            does: "hours in which nothing is told; it waits for their end",
            example: "quiet 22:00-07:00",
        },
        read: |line| line.value_or_off().map(Command::Quiet),
    },
    Spec {
        name: "snooze",
        help: CommandHelp {
            usage: "snooze 3d|off",
            does: "tells nothing for a while, and then what came meanwhile",
            example: "snooze 3d",
        },
        read: |line| line.value_or_off().map(Command::Snooze),
    },
    Spec {
        name: "mute",
        help: CommandHelp {
            usage: "mute company <name>",
            does: "no filter of yours tells this company's jobs any more",
            example: "mute company Toptal",
        },
        read: |line| line.company().map(Command::Mute),
    },
    Spec {
        name: "unmute",
        help: CommandHelp {
            usage: "unmute company <name>",
            does: "tells them again",
            example: "unmute company Toptal",
        },
        read: |line| line.company().map(Command::Unmute),
    },
    Spec {
        name: "muted",
        help: CommandHelp { usage: "muted", does: "companies you muted", example: "muted" },
        read: |line| line.alone(Command::Muted),
    },
    Spec {
        name: "saved",
        help: CommandHelp {
            usage: "saved [page]",
            does: "postings you saved, newest first",
            example: "saved",
        },
        read: |line| Ok(Command::Marked(Mark::Saved, line.page()?)),
    },
    Spec {
        name: "applied",
        help: CommandHelp {
            usage: "applied [page]",
            does: "postings you applied for",
            example: "applied",
        },
        read: |line| Ok(Command::Marked(Mark::Applied, line.page()?)),
    },
    Spec {
        name: "dismissed",
        help: CommandHelp {
            usage: "dismissed [page]",
            does: "postings that were not for you",
            example: "dismissed 2",
        },
        read: |line| Ok(Command::Marked(Mark::Dismissed, line.page()?)),
    },
    Spec {
        name: "why",
        help: CommandHelp {
            usage: "why <address>",
            does: "why a posting was told to you or not, clause by clause",
            example: "why https://example.com/jobs/1",
        },
        read: |line| Ok(Command::Why(line.rest().to_owned())),
    },
    Spec {
        name: "channels",
        help: CommandHelp {
            usage: "channels [anyone|admins]",
            does: "who may make and change the filters of this workspace's channels",
            example: "channels",
        },
        read: |line| {
            let asks = line.rest().is_empty();
            Ok(Command::Channels(if asks { None } else { Some(line.value()?) }))
        },
    },
    Spec {
        name: "plan",
        help: CommandHelp {
            usage: "plan",
            does: "your plan, what it allows and how much of it you use",
            example: "plan",
        },
        read: |line| line.alone(Command::Plan),
    },
    Spec {
        name: "upgrade",
        help: CommandHelp {
            usage: "upgrade [pro|team]",
            does: "a link to pay for a plan: for yourself, or for the channels where you type it",
            example: "upgrade pro",
        },
        read: |line| {
            let asks = line.rest().is_empty();
            Ok(Command::Upgrade(if asks { None } else { Some(line.value()?) }))
        },
    },
    Spec {
        name: "billing",
        help: CommandHelp {
            usage: "billing",
            does: "a link to your invoices, your card, and to cancelling",
            example: "billing",
        },
        read: |line| line.alone(Command::Billing),
    },
    Spec {
        name: "boards",
        help: CommandHelp {
            usage: "boards [add <address> [here] | remove N]",
            does: "the boards that are watched, with their health; adds a feed, a careers page or a \
                   company's job board, or takes yours away",
            example: "boards add https://example.com/jobs.rss",
        },
        read: |line| line.boards(),
    },
    Spec {
        name: "status",
        help: CommandHelp {
            usage: "status",
            does: "how early you hear, board by board",
            example: "status",
        },
        read: |line| line.alone(Command::Status),
    },
    Spec {
        name: "help",
        help: CommandHelp {
            usage: "help [command]",
            does: "this list, or one command",
            example: "help watch",
        },
        read: |line| {
            let about = line.rest();
            Ok(Command::Help((!about.is_empty()).then(|| about.to_owned())))
        },
    },
];
