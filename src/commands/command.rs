//! The closed list of commands and how their text is read.

use chrono_tz::Tz;

use super::email::{Place, Wanted};
use super::line::Line;
use crate::domain::cadence::{Cadence, QuietHours, Snooze};
use crate::domain::filter::Expr;
use crate::domain::reply::{Mark, Reply};
use crate::filter_lang::{self, nearest};
use crate::render::replies::{self, CommandHelp};

/// One thing that a person can ask for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Watch(Expr, Place),
    Test(Expr),
    List,
    Show(i64),
    Edit(i64, Expr),
    Rename(i64, String),
    Pause(i64),
    Resume(i64),
    Remove(i64),
    /// The address of a posting.
    Why(String),
    /// How often a filter is told.
    Deliver(i64, Cadence),
    /// Where a filter's cards go.
    To(i64, Place),
    Email(Wanted),
    Timezone(Tz),
    /// `None` is off; so with snooze.
    Quiet(Option<QuietHours>),
    Snooze(Option<Snooze>),
    /// A company's name.
    Mute(String),
    Unmute(String),
    Muted,
    /// Postings that were marked so, a page of them, from 1.
    Marked(Mark, usize),
    Boards,
    /// The address of a feed, a careers page or a company's job board.
    AddBoard(String),
    RemoveBoard(i64),
    Status,
    /// About one command, or all.
    Help(Option<String>),
}

/// A command's name, its help, and how the rest of the line is read. What is not in this list can
/// be neither parsed nor asked for.
#[derive(Debug)]
pub struct Spec {
    pub name: &'static str,
    pub help: CommandHelp,
    read: fn(&Line<'_>) -> Result<Command, Reply>,
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
        name: "boards",
        help: CommandHelp {
            usage: "boards [add <address> | remove N]",
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

impl Command {
    /// The command's name; a new command without one, and so without help, does not compile.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Watch(..) => "watch",
            Self::Test(_) => "test",
            Self::List => "list",
            Self::Show(_) => "show",
            Self::Edit(..) => "edit",
            Self::Rename(..) => "rename",
            Self::Pause(_) => "pause",
            Self::Resume(_) => "resume",
            Self::Remove(_) => "remove",
            Self::Deliver(..) => "deliver",
            Self::To(..) => "to",
            Self::Email(_) => "email",
            Self::Timezone(_) => "timezone",
            Self::Quiet(_) => "quiet",
            Self::Snooze(_) => "snooze",
            Self::Mute(_) => "mute",
            Self::Unmute(_) => "unmute",
            Self::Muted => "muted",
            Self::Marked(mark, _) => mark.as_str(),
            Self::Why(_) => "why",
            Self::Boards | Self::AddBoard(_) | Self::RemoveBoard(_) => "boards",
            Self::Status => "status",
            Self::Help(_) => "help",
        }
    }
}

/// Reads what somebody typed; the error is the answer, with a caret under what is wrong.
pub fn parse(text: &str) -> Result<Command, Reply> {
    let whole = text.trim();
    let whole = whole.strip_prefix("/jobs").unwrap_or(whole).trim_start();
    let word = whole.split_whitespace().next().unwrap_or_default();
    let name = word.to_lowercase();
    if name.is_empty() {
        return Ok(Command::Help(None));
    }
    let Some(spec) = COMMANDS.iter().find(|spec| spec.name == name) else {
        return Err(unknown(whole, &name));
    };
    (spec.read)(&Line::behind(word, whole, &spec.help))
}

/// Help, generated from the list.
pub fn help(about: Option<&str>) -> Reply {
    let Some(about) = about else {
        let all: Vec<CommandHelp> = COMMANDS.iter().map(|spec| spec.help).collect();
        return replies::help(&all);
    };
    match COMMANDS.iter().find(|spec| spec.name == about.to_lowercase()) {
        Some(spec) => replies::help_for(&spec.help),
        None => unknown(about, &about.to_lowercase()),
    }
}

fn unknown(whole: &str, name: &str) -> Reply {
    let names: Vec<&str> = COMMANDS.iter().map(|spec| spec.name).collect();
    // Whoever types a filter straight away means to watch it.
    let as_filter = filter_lang::parse(whole).ok().map(|expr| filter_lang::print(&expr));
    replies::unknown_command(whole, nearest(name, &names), as_filter.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reply::Part;

    /// The code block of an answer that points at a mistake, and its sentence.
    #[track_caller]
    fn check_wrong(text: &str, caret: usize, says: &str) {
        let reply = parse(text).unwrap_err();
        let Some(Part::Code(code)) = reply.parts.iter().find(|part| matches!(part, Part::Code(_)))
        else {
            panic!("no caret for {text:?}: {reply:?}");
        };
        assert_eq!(code.lines().nth(1).and_then(|line| line.find('^')), Some(caret), "{code}");
        assert!(format!("{reply:?}").contains(says), "{reply:?}");
    }

    #[test]
    fn every_command_reads_its_own_example() {
        for spec in COMMANDS {
            let command = parse(spec.help.example).unwrap();
            assert_eq!(command.name(), spec.name);
            assert!(spec.help.usage.starts_with(spec.name));
        }
    }

    #[test]
    fn commands_are_read_as_people_type_them() {
        assert_eq!(parse(" /jobs LIST "), Ok(Command::List));
        assert_eq!(parse("show #2"), Ok(Command::Show(2)));
        assert_eq!(parse("watch rust here"), parse("watch rust"));
        assert_ne!(parse("watch rust \"here\""), parse("watch rust"));
        assert_eq!(parse(""), Ok(Command::Help(None)));
        assert_eq!(
            parse("rename 1  Rust   at home"),
            Ok(Command::Rename(1, "Rust at home".into()))
        );
    }

    #[test]
    fn a_mistake_is_pointed_at() {
        check_wrong("watch rust titel:go", 11, "title:");
        check_wrong("show two", 5, "stands a number");
        check_wrong("boards add", 10, "the address of a feed");
        check_wrong("boards remove x", 14, "stands a number");
        check_wrong("boards drop 1", 7, "add or remove");
        check_wrong("show 1 2", 7, "number is enough");
        check_wrong("list all", 5, "takes nothing");
        check_wrong("watch", 5, "a filter");
        check_wrong("to 1 nowhere", 5, "here or email");
        check_wrong("email nobody", 6, "looks like you@example.com");
        check_wrong("watch rust (go here", 11, "never closed");
        check_wrong("edit 1", 6, "a filter");
        check_wrong("rename 1", 8, "the name");
        check_wrong("deliver 1 dayly", 10, "daily 08:00");
        check_wrong("deliver 1 daily 25:00", 10, "a time of day");
        check_wrong("timezone Europe/Berln", 9, "did you mean Europe/Berlin");
        check_wrong("quiet 22-7", 6, "22:00-07:00");
        check_wrong("snooze", 6, "3d");
        check_wrong("mute Acme", 5, "company and its name");
        check_wrong("saved two", 6, "stands a number");
        check_wrong("pause 99999999999999999999", 6, "stands a number");
    }

    #[test]
    fn a_wrong_name_gets_the_nearest_one_and_a_bare_filter_gets_watch() {
        assert!(format!("{:?}", parse("wacth rust").unwrap_err()).contains("watch"));
        assert!(format!("{:?}", parse("remote rust").unwrap_err()).contains("watch remote rust"));
    }
}
