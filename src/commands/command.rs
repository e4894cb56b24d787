//! What a person can ask for, and how the text of a command is read.

use chrono_tz::Tz;

use super::email::{Place, Wanted};
use super::line::Line;
use super::list::COMMANDS;
use crate::domain::account::ChannelFilters;
use crate::domain::cadence::{Cadence, QuietHours, Snooze};
use crate::domain::filter::Expr;
use crate::domain::plan::Plan;
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
    /// Who may change the filters of channels; `None` asks.
    Channels(Option<ChannelFilters>),
    Plan,
    /// `None`: the plan of whoever types.
    Upgrade(Option<Plan>),
    Billing,
    Boards,
    /// The address of a feed, a careers page or a company's job board.
    AddBoard(String, Place),
    RemoveBoard(i64, Place),
    Status,
    /// About one command, or all.
    Help(Option<String>),
}

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
            Self::Channels(_) => "channels",
            Self::Plan => "plan",
            Self::Upgrade(_) => "upgrade",
            Self::Billing => "billing",
            Self::Boards | Self::AddBoard(..) | Self::RemoveBoard(..) => "boards",
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

/// What a line means where no sign stands before commands: one that names none is a filter, which is shown,
/// and saved with a button.
pub fn meant(line: &str) -> String {
    let word = line.trim_start_matches("/jobs").split_whitespace().next().unwrap_or_default();
    let is_command = COMMANDS.iter().any(|spec| spec.name.eq_ignore_ascii_case(word));
    if is_command || word.is_empty() { line.to_owned() } else { format!("watch {line}") }
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
        assert_eq!(parse("watch rust dm"), parse("watch rust"));
        assert_ne!(parse("watch rust here"), parse("watch rust"));
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
        check_wrong("deliver 1 daily 25:00", 10, "time of day looks like");
        check_wrong("timezone Europe/Berln", 9, "did you mean Europe/Berlin");
        check_wrong("quiet 22-7", 6, "22:00-07:00");
        check_wrong("snooze", 6, "3d");
        check_wrong("mute Acme", 5, "company and its name");
        check_wrong("upgrade gold", 8, "pro or team");
        check_wrong("saved two", 6, "stands a number");
        check_wrong("pause 99999999999999999999", 6, "stands a number");
    }

    #[test]
    fn a_line_that_names_no_command_is_a_filter() {
        assert_eq!(meant("remote rust"), "watch remote rust");
        assert_eq!(meant("List"), "List");
        assert_eq!(meant("/jobs show 1"), "/jobs show 1");
        assert_eq!(meant(""), "");
    }

    #[test]
    fn a_wrong_name_gets_the_nearest_one_and_a_bare_filter_gets_watch() {
        assert!(format!("{:?}", parse("wacth rust").unwrap_err()).contains("watch"));
        assert!(format!("{:?}", parse("remote rust").unwrap_err()).contains("watch remote rust"));
    }
}
