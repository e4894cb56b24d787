//! What buttons and forms carry to Discord and back: a hundred characters at the most.

use serde_json::Value as Json;

use crate::domain::reply::{Action, Press};

/// Longest name of something to press.
pub const LONGEST: usize = 100;

/// What a button of ours means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Act(Action),
    /// Says this, as if it had been typed.
    Say(String),
    /// Opens a form with this line.
    Fill(String),
}

/// The name of the n-th button of a message. A line that is too long for it leaves the filter that the message
/// shows away, with a sign where it stood; `None` if it is too long all the same.
pub fn name(press: &Press, n: usize, shown: Option<&str>) -> Option<String> {
    let fits = |name: &String| name.encode_utf16().count() <= LONGEST;
    let (kind, line) = match press {
        Press::Act(action) => return Some(format!("{n}|act:{action}")).filter(fits),
        Press::Say(line) => ("say", line),
        Press::Fill(line) => ("fill", line),
    };
    let whole = format!("{n}|{kind}:{line}");
    if fits(&whole) {
        return Some(whole);
    }
    let (begin, end) = line.split_once(shown?)?;
    Some(format!("{n}|{kind}+:{begin}|{end}")).filter(fits)
}

/// What was pressed; `message` is the one that has the button.
pub fn read(name: &str, message: &Json) -> Option<Value> {
    let (number, value) = name.split_once('|')?;
    number.parse::<usize>().ok()?;
    let (kind, line) = value.split_once(':')?;
    let with_shown = || {
        let (begin, end) = line.split_once('|').unwrap_or((line, ""));
        Some(format!("{begin}{}{end}", shown_in(message)?))
    };
    match kind {
        "act" => Some(Value::Act(line.parse().ok()?)),
        "say" => Some(Value::Say(line.to_owned())),
        "fill" => Some(Value::Fill(line.to_owned())),
        "say+" => Some(Value::Say(with_shown()?)),
        "fill+" => Some(Value::Fill(with_shown()?)),
        _ => None,
    }
}

/// The name of what was pressed, or chosen from a menu.
pub fn pressed(data: &Json) -> Option<&str> {
    let chosen = data.pointer("/values/0").or_else(|| data.pointer("/custom_id"));
    chosen.and_then(Json::as_str)
}

/// The first text that a message shows as it stands.
fn shown_in(message: &Json) -> Option<String> {
    let embeds = message.pointer("/embeds")?.as_array()?;
    let mut texts = embeds.iter().filter_map(|embed| embed.pointer("/description")?.as_str());
    texts.find_map(|text| {
        let (_, rest) = text.split_once("```\n")?;
        Some(rest.split_once("\n```")?.0.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::ids::DraftId;

    #[test]
    fn what_a_button_carries_comes_back() {
        let query = "rust ".repeat(60).trim_end().to_owned();
        let message = json!({ "embeds": [{ "description": format!("It\n```\n{query}\n```\nx") }] });
        for (press, want) in [
            (Press::Act(Action::Save(DraftId(1))), Value::Act(Action::Save(DraftId(1)))),
            (Press::Say("list".into()), Value::Say("list".into())),
            (Press::Fill(format!("edit 3 {query}")), Value::Fill(format!("edit 3 {query}"))),
            (
                Press::Fill(format!("watch {query} here")),
                Value::Fill(format!("watch {query} here")),
            ),
        ] {
            let name = name(&press, 7, Some(&query)).unwrap();
            assert!(name.len() <= LONGEST);
            assert_eq!(read(&name, &message), Some(want));
        }
        assert_eq!(name(&Press::Say(query), 0, None), None);
        for strange in ["", "act:x", "0|", "0|act:x", "x|say:list", "0|run:x"] {
            assert_eq!(read(strange, &message), None, "{strange}");
        }
    }
}
