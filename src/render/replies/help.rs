//! Help, and answers to commands that were mistyped.

use super::{fill, say, text};
use crate::domain::reply::{Part, Reply};

/// Characters of a line that are shown on each side of a caret.
const AROUND: usize = 400;

/// What help says of one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandHelp {
    /// `show N`
    pub usage: &'static str,
    pub does: &'static str,
    /// A whole command that works.
    pub example: &'static str,
}

pub fn help(all: &[CommandHelp]) -> Reply {
    let lines = all.iter().map(|help| format!("{} — {}", help.usage, help.does)).collect();
    let filters = "A filter is words that must all occur, with OR, -not, \"phrases\", pref*, title: \
                   company: tag: body: board:, remote, location:, pay>=80k.";
    Reply { parts: vec![Part::List(lines), text(filters)], buttons: Vec::new() }
}

pub fn help_for(help: &CommandHelp) -> Reply {
    let parts = vec![Part::Code(help.usage.to_owned()), text(format!("It {}.", help.does))];
    Reply { parts, buttons: vec![fill("Example", help.example)] }
}

/// A line with a caret under one of its characters; of a long one, what stands round it.
fn pointed_at(whole: &str, column: usize) -> Part {
    let line: Vec<char> = whole.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let column = column.min(line.len());
    let (from, to) = (column.saturating_sub(AROUND), line.len().min(column + AROUND));
    let shown: String = line.iter().skip(from).take(to - from).collect();
    let left_out = |so: bool| if so { "…" } else { "" };
    let (before, behind) = (left_out(from > 0), left_out(to < line.len()));
    let caret = " ".repeat(before.chars().count() + column - from);
    Part::Code(format!("{before}{shown}{behind}\n{caret}^"))
}

/// What was typed, a caret under the wrong character, and what could stand there.
pub fn wrong_command(whole: &str, column: usize, what: &str, usage: &str, example: &str) -> Reply {
    let parts = vec![
        pointed_at(whole, column),
        text(sentence(what)),
        text(format!("It is written: {usage}")),
    ];
    Reply { parts, buttons: vec![fill("Example", example)] }
}

pub fn unknown_command(whole: &str, nearest: Option<&str>, as_filter: Option<&str>) -> Reply {
    let word = whole.split_whitespace().next().unwrap_or_default();
    let mut parts = vec![pointed_at(whole, 0)];
    let mut buttons = Vec::new();
    if let Some(nearest) = nearest {
        parts.push(text(format!("There is no command {word}; did you mean {nearest}?")));
        let rest = whole.get(word.len()..).unwrap_or_default();
        buttons.push(say(nearest, format!("{nearest}{rest}")));
    } else {
        parts.push(text(format!("There is no command {word}. Type help to see all.")));
    }
    if let Some(filter) = as_filter {
        parts.push(text(format!("To hear of such postings: watch {filter}")));
        buttons.push(say("Watch this", format!("watch {filter}")));
    }
    Reply { parts, buttons }
}

fn sentence(what: &str) -> String {
    let mut letters = what.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    let text = first.unwrap_or_default() + letters.as_str();
    if text.ends_with(['.', '!', '?']) { text } else { text + "." }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_character_whatever_was_typed() {
        let reply = wrong_command("shöw\ttwo", 5, "no", "show N", "show 1");
        assert_eq!(reply.parts[0], Part::Code("shöw two\n     ^".to_owned()));
    }

    #[test]
    fn of_a_long_line_what_stands_round_the_caret_is_shown() {
        let line = format!("{}x{}", "a".repeat(2_000), "b".repeat(1_600));
        let code = |column: usize| {
            let part = pointed_at(&line, column);
            let Part::Code(code) = part else { panic!("{part:?}") };
            code
        };
        let middle = code(2_000);
        let (shown, caret) = middle.split_once('\n').unwrap();
        assert_eq!(shown, format!("…{}x{}…", "a".repeat(AROUND), "b".repeat(AROUND - 1)));
        assert_eq!(caret.chars().count(), shown.chars().position(|c| c == 'x').unwrap() + 1);
        assert_eq!(code(0), format!("{}…\n^", "a".repeat(AROUND)));
        let end = format!("…{}\n{}^", "b".repeat(AROUND), " ".repeat(AROUND + 1));
        assert_eq!(code(9_999), end);
    }
}
