//! `/jobs` as Discord knows it: subcommands with typed options, made from the list of commands that help is
//! made from, and how their values become the line that somebody would have typed.

use serde_json::Value as Json;
use serenity::builder::{CreateCommand, CreateCommandOption};
use serenity::model::application::{
    CommandOptionType, CommandType, InstallationContext, InteractionContext,
};

use crate::commands::COMMANDS;
use crate::render::replies::CommandHelp;

/// What Discord calls us.
pub const NAME: &str = "jobs";

/// The command in the menu of a message.
pub const WHY: &str = "Why did I (not) get this?";

/// Longest description.
const DESCRIPTION: usize = 100;

/// What somebody chooses from while they type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choices {
    None,
    Filters,
    Boards,
    Zones,
    Commands,
    /// Of cards that came.
    Companies,
    Muted,
    /// How often a filter is told.
    Rhythms,
    /// One of the server's roles.
    Roles,
    /// From one on, to so many.
    UpTo(u64),
    /// These words alone.
    Words(&'static [&'static str]),
}

/// One option of a subcommand.
#[derive(Debug, Clone, Copy)]
pub struct Value {
    pub name: &'static str,
    pub says: &'static str,
    pub required: bool,
    pub choices: Choices,
    /// What stands in the line where nothing was said.
    pub unsaid: &'static str,
}

/// A subcommand, the words that it begins a line with, and its options in the line's order.
#[derive(Debug, Clone, Copy)]
pub struct Sub {
    /// Discord takes twenty-five of a kind: some stand together.
    pub group: Option<&'static str>,
    pub name: &'static str,
    pub begins: &'static str,
    /// What it does, where the help of its command is about more.
    pub says: Option<&'static str>,
    pub values: &'static [Value],
}

const fn must(name: &'static str, says: &'static str, choices: Choices) -> Value {
    Value { name, says, required: true, choices, unsaid: "" }
}

const fn may(name: &'static str, says: &'static str, choices: Choices) -> Value {
    Value { name, says, required: false, choices, unsaid: "" }
}

const fn sub(name: &'static str, values: &'static [Value]) -> Sub {
    Sub { group: None, name, begins: name, says: None, values }
}

const fn of(group: &'static str, name: &'static str, values: &'static [Value]) -> Sub {
    Sub { group: Some(group), name, begins: name, says: None, values }
}

const NUMBER: Value = must("filter", "which of your filters", Choices::Filters);
const FILTER: Value = must("looks-for", "such as: remote rust -senior pay>=80k", Choices::None);
const PAGE: Value = may("page", "1 is the newest", Choices::UpTo(1_000));
const PLACES: Choices = Choices::Words(&["here", "dm", "email"]);

/// Always said, or the last word of what is looked for could be taken for it.
const WHERE: Value = Value { unsaid: "dm", ..may("where", "where its cards go", PLACES) };

/// All of them.
pub const SUBS: &[Sub] = &[
    sub("watch", &[FILTER, WHERE]),
    sub("test", &[FILTER]),
    sub("list", &[]),
    sub("show", &[NUMBER]),
    sub("edit", &[NUMBER, FILTER]),
    sub("rename", &[NUMBER, must("name", "its new name", Choices::None)]),
    sub("pause", &[NUMBER]),
    sub("resume", &[NUMBER]),
    sub("remove", &[NUMBER]),
    of(
        "when",
        "deliver",
        &[
            NUMBER,
            must("how-often", "instant, hourly, daily 08:00, weekly mon 08:00", Choices::Rhythms),
        ],
    ),
    of("where", "to", &[NUMBER, must("place", "here, dm or email", PLACES)]),
    of("where", "email", &[may("address", "yours, or off", Choices::None)]),
    of("when", "timezone", &[must("name", "such as Europe/Berlin", Choices::Zones)]),
    of("when", "quiet", &[must("hours", "22:00-07:00 or off", Choices::None)]),
    of("when", "snooze", &[must("long", "3d, or off", Choices::None)]),
    Sub {
        group: Some("company"),
        name: "mute",
        begins: "mute company",
        says: None,
        values: &[must("name", "the company's name", Choices::Companies)],
    },
    Sub {
        group: Some("company"),
        name: "unmute",
        begins: "unmute company",
        says: None,
        values: &[must("name", "the company's name", Choices::Muted)],
    },
    of("company", "muted", &[]),
    of("kept", "saved", &[PAGE]),
    of("kept", "applied", &[PAGE]),
    of("kept", "dismissed", &[PAGE]),
    sub("why", &[must("address", "the posting's address", Choices::None)]),
    Sub {
        group: Some("channels"),
        name: "who",
        begins: "channels",
        says: Some("who may make and change the filters of this server's channels"),
        values: &[may("who", "who may from now on", Choices::Words(&["anyone", "admins"]))],
    },
    Sub {
        group: Some("channels"),
        name: "role",
        begins: "channels role",
        says: Some("lets a role make and change the filters of this server's channels"),
        values: &[must("role", "which role, besides admins", Choices::Roles)],
    },
    Sub {
        group: Some("boards"),
        name: "list",
        begins: "boards",
        says: Some("the boards that are watched, with their health"),
        values: &[],
    },
    Sub {
        group: Some("boards"),
        name: "add",
        begins: "boards add",
        says: Some("watches a feed, a careers page or a company's job board"),
        values: &[
            must("address", "a feed, a careers page, a company's board", Choices::None),
            may("where", "here: for all who read here", Choices::Words(&["here"])),
        ],
    },
    Sub {
        group: Some("boards"),
        name: "remove",
        begins: "boards remove",
        says: Some("stops watching a board that was added"),
        values: &[must("board", "which of yours, or of this server's", Choices::Boards)],
    },
    sub("plan", &[]),
    sub(
        "upgrade",
        &[may("plan", "pro for you, team for a server", Choices::Words(&["pro", "team"]))],
    ),
    sub("billing", &[]),
    sub("status", &[]),
    sub("help", &[may("command", "about this one", Choices::Commands)]),
];

/// What stands in help of a subcommand's command.
fn help(sub: &Sub) -> Option<&'static CommandHelp> {
    let command = sub.begins.split(' ').next()?;
    COMMANDS.iter().find(|spec| spec.name == command).map(|spec| &spec.help)
}

fn described(text: &str) -> String {
    if text.chars().count() <= DESCRIPTION {
        return text.to_owned();
    }
    text.chars().take(DESCRIPTION - 1).chain(['…']).collect()
}

fn option(value: &Value) -> CreateCommandOption {
    let kind = match value.choices {
        Choices::Roles => CommandOptionType::Role,
        Choices::UpTo(_) => CommandOptionType::Integer,
        Choices::None
        | Choices::Filters
        | Choices::Boards
        | Choices::Zones
        | Choices::Commands
        | Choices::Companies
        | Choices::Muted
        | Choices::Rhythms
        | Choices::Words(_) => CommandOptionType::String,
    };
    let option = CreateCommandOption::new(kind, value.name, value.says);
    let option = option.required(value.required);
    match value.choices {
        Choices::None | Choices::Roles => option,
        Choices::Words(words) => {
            words.iter().fold(option, |option, word| option.add_string_choice(*word, *word))
        }
        Choices::UpTo(most) => option.min_int_value(1).max_int_value(most),
        Choices::Filters
        | Choices::Boards
        | Choices::Zones
        | Choices::Commands
        | Choices::Companies
        | Choices::Muted
        | Choices::Rhythms => option.set_autocomplete(true),
    }
}

fn subcommand(sub: &Sub) -> CreateCommandOption {
    let says = sub.says.or_else(|| help(sub).map(|help| help.does)).unwrap_or_default();
    let made = CreateCommandOption::new(CommandOptionType::SubCommand, sub.name, described(says));
    made.set_sub_options(sub.values.iter().map(option).collect::<Vec<_>>())
}

/// The commands, as they are registered.
pub fn commands() -> Json {
    made().iter().filter_map(|command| serde_json::to_value(command).ok().map(said)).collect()
}

/// Without what says nothing: serenity writes every field that any kind of option has, and Discord's
/// description knows for each kind its own alone.
fn said(value: Json) -> Json {
    match value {
        Json::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, said(value)));
            Json::Object(fields.filter(|(_, value)| says_something(value)).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(said).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value,
    }
}

fn says_something(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => false,
        Json::Array(items) => !items.is_empty(),
        Json::Object(fields) => !fields.is_empty(),
        Json::Bool(true) | Json::Number(_) | Json::String(_) => true,
    }
}

fn made() -> Vec<CreateCommand> {
    let mut options: Vec<CreateCommandOption> = Vec::new();
    let mut groups: Vec<(&str, Vec<CreateCommandOption>)> = Vec::new();
    for sub in SUBS {
        let Some(group) = sub.group else {
            options.push(subcommand(sub));
            continue;
        };
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, of)) => of.push(subcommand(sub)),
            None => groups.push((group, vec![subcommand(sub)])),
        }
    }
    for (name, of) in groups {
        let names: Vec<&str> =
            SUBS.iter().filter(|sub| sub.group == Some(name)).map(|sub| sub.name).collect();
        let says = described(&names.join(", "));
        let group = CreateCommandOption::new(CommandOptionType::SubCommandGroup, name, says);
        options.push(group.set_sub_options(of));
    }
    let everywhere = vec![InteractionContext::Guild, InteractionContext::BotDm];
    let jobs = CreateCommand::new(NAME)
        .kind(CommandType::ChatInput)
        .description("New job postings, as soon as boards show them")
        .contexts(everywhere.clone())
        .integration_types(vec![InstallationContext::Guild])
        .set_options(options);
    let why = CreateCommand::new(WHY)
        .kind(CommandType::Message)
        .contexts(everywhere)
        .integration_types(vec![InstallationContext::Guild]);
    vec![jobs, why]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_can_be_typed_and_nothing_else() {
        let typed: BTreeSet<&str> =
            SUBS.iter().filter_map(|sub| sub.begins.split(' ').next()).collect();
        let known: BTreeSet<&str> = COMMANDS.iter().map(|spec| spec.name).collect();
        assert_eq!(typed, known);
        assert!(SUBS.iter().all(|sub| help(sub).is_some()));
    }
}
