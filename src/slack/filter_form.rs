//! The form of a filter: one line, and fields for its parts. What is changed in the one is brought over to
//! the other when somebody presses Enter or chooses, and at the latest when the form is sent.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use slack_morphism::prelude::{
    SlackBlock, SlackBlockChoiceItem, SlackBlockPlainTextInputElement, SlackBlockPlainTextOnly,
    SlackBlockStaticSelectElement, SlackDispatchActionConfig, SlackDispatchActionTrigger,
    SlackInputBlock, SlackInputBlockElement, SlackModalView, SlackView,
};

use super::blocks::Blocks;
use super::text::plain;
use crate::commands::split_place;
use crate::filter_lang::{Fields, Part, parse, print};

/// What Slack calls the form.
pub const FORM: &str = "filter";

/// The block of the line.
const LINE: &str = "line";

/// Longest text of a field, in characters.
const LONGEST: u64 = 3_000;

/// The choices for a posting's way of work, as a filter has them.
const REMOTE: [(&str, &str); 4] = [
    ("Anywhere", "any"),
    ("Remote", "remote"),
    ("Hybrid", "remote:hybrid"),
    ("On site", "remote:no"),
];

/// What is wrong with which block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub block: String,
    pub why: String,
}

/// The form as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterForm {
    /// `watch`, `edit 3` or `edit c3`.
    command: String,
    /// Where cards are to go, as it was typed.
    place: String,
    /// The channel over which the form was opened.
    channel: Option<String>,
    line: String,
    fields: Fields,
    /// Grows with each change: Slack keeps what was typed in a block while its name stays.
    version: u32,
    problem: Option<Problem>,
}

/// What the form remembers, in Slack's hands.
#[derive(Serialize, Deserialize)]
struct Kept {
    command: String,
    #[serde(default)]
    place: String,
    channel: Option<String>,
    line: String,
    version: u32,
}

impl FilterForm {
    /// The form of `watch …` or `edit N …`; `None` of any other line, or of one that cannot be read.
    pub fn of(line: &str, channel: Option<&str>) -> Option<Self> {
        let line = line.trim();
        let (command, rest) = match line.split_once(' ').unwrap_or((line, "")) {
            ("watch", rest) => ("watch".to_owned(), rest),
            ("edit", rest) => {
                let (number, filter) = rest.trim_start().split_once(' ')?;
                let digits = number.strip_prefix('c').unwrap_or(number);
                digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
                (format!("edit {number}"), filter)
            }
            _ => return None,
        };
        let (filter, place) = match split_place(rest.trim()) {
            (filter, Some(place)) if command == "watch" => (filter.trim_end(), place.word()),
            _ => (rest.trim(), ""),
        };
        let (line, fields) = if filter.is_empty() {
            (String::new(), Fields::default())
        } else {
            let expr = parse(filter).ok()?;
            (print(&expr), Fields::of(&expr))
        };
        let (place, channel) = (place.to_owned(), channel.map(str::to_owned));
        Some(Self { command, place, channel, line, fields, version: 0, problem: None })
    }

    /// Reads a form as somebody left it, and brings its two sides in step.
    pub fn read(view: &Json) -> Option<Self> {
        let kept = view.get("private_metadata").and_then(Json::as_str)?;
        let kept: Kept = serde_json::from_str(kept).ok()?;
        let Kept { command, place, channel, line: shown, version } = kept;
        let of = |block: &str| -> String {
            let path = format!("/state/values/{block}:{version}/{block}");
            let input = view.pointer(&path);
            let text = input.and_then(|input| {
                input.pointer("/value").or_else(|| input.pointer("/selected_option/value"))
            });
            text.and_then(Json::as_str).unwrap_or_default().trim().to_owned()
        };
        let mut fields = Fields::default();
        for part in Part::ALL {
            let text = of(part.as_str());
            fields.set(part, if part == Part::Remote && text == "any" { "" } else { &text });
        }
        let (line, version_now) = (of(LINE), version.saturating_add(1));
        let mut form =
            Self { command, place, channel, line, fields, version: version_now, problem: None };
        let at = |block: &str, why: String| Problem { block: format!("{block}:{version}"), why };
        if form.line != shown {
            match parse(&form.line) {
                Ok(expr) => (form.line, form.fields) = (print(&expr), Fields::of(&expr)),
                Err(error) => form.problem = Some(at(LINE, error.to_string())),
            }
        } else if form.fields != Fields::default() || !shown.is_empty() {
            match form.fields.line() {
                Ok(line) => {
                    form.fields = parse(&line).map_or(form.fields, |expr| Fields::of(&expr));
                    form.line = line;
                }
                Err((part, error)) => form.problem = Some(at(part.as_str(), error.to_string())),
            }
        }
        Some(form)
    }

    /// The line that was meant, with its command.
    ///
    /// # Errors
    /// What cannot be read, and in which block.
    pub fn said(&self) -> Result<String, Problem> {
        match &self.problem {
            Some(problem) => Err(problem.clone()),
            None if self.line.is_empty() => Err(Problem {
                block: format!("{LINE}:{}", self.version.saturating_sub(1)),
                why: "say what you look for: remote rust -senior pay>=80k".to_owned(),
            }),
            None => {
                let line = format!("{} {} {}", self.command, self.line, self.place);
                Ok(line.trim_end().to_owned())
            }
        }
    }

    pub fn view(&self) -> SlackView {
        let mut blocks = vec![self.input(LINE, "The filter, as one line", text(LINE, &self.line))];
        let mut said = Blocks::default();
        match &self.problem {
            Some(problem) => said.text(&problem.why),
            None => said.context(&["Or by its parts; Enter brings one side over to the other."]),
        }
        blocks.extend(said.all(3));
        for part in Part::ALL {
            let field = self.fields.get(part);
            let name = part.as_str();
            let element =
                if part == Part::Remote { choice(name, field) } else { text(name, field) };
            blocks.push(self.input(name, label(part), element));
        }
        let Self { command, place, channel, line, version, .. } = self.clone();
        let kept = serde_json::to_string(&Kept { command, place, channel, line, version });
        let view = SlackModalView::new("earlybrd".into(), blocks)
            .with_callback_id(FORM.into())
            .with_private_metadata(kept.unwrap_or_default())
            .with_submit("Preview".into())
            .with_close("Cancel".into());
        SlackView::Modal(view)
    }

    fn input(&self, block: &str, label: &str, element: SlackInputBlockElement) -> SlackBlock {
        let input = SlackInputBlock::new(label.into(), element)
            .with_block_id(format!("{block}:{}", self.version).into())
            .with_optional(true)
            .with_dispatch_action(true);
        SlackBlock::Input(input)
    }
}

fn label(part: Part) -> &'static str {
    match part {
        Part::Words => "Words that must all occur",
        Part::Without => "Words none of which may occur",
        Part::Remote => "Where one works",
        Part::Place => "Place, region or country",
        Part::Pay => "Pay at least, as in 80k or 60 EUR/h",
        Part::More => "More clauses",
    }
}

fn text(name: &str, value: &str) -> SlackInputBlockElement {
    let enter = SlackDispatchActionConfig::new()
        .with_trigger_actions_on(vec![SlackDispatchActionTrigger::OnEnterPressed]);
    let input = SlackBlockPlainTextInputElement::new()
        .with_action_id(name.into())
        .with_max_length(LONGEST)
        .with_dispatch_action_config(enter);
    if value.is_empty() {
        input.into()
    } else {
        input.with_initial_value(plain(value, 2_900)).into()
    }
}

fn choice(name: &str, value: &str) -> SlackInputBlockElement {
    let item = |(label, value): (&str, &str)| -> SlackBlockChoiceItem<SlackBlockPlainTextOnly> {
        SlackBlockChoiceItem::new(label.into(), value.to_owned())
    };
    let chosen =
        REMOTE.into_iter().find(|(_, known)| *known == value).unwrap_or(("Anywhere", "any"));
    SlackBlockStaticSelectElement::new()
        .with_action_id(name.into())
        .with_options(REMOTE.map(item).to_vec())
        .with_initial_option(item(chosen))
        .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The form as Slack sends it, with some blocks changed.
    fn left(form: &FilterForm, changes: &[(&str, &str)]) -> Json {
        let view = serde_json::to_value(form.view()).unwrap();
        let mut values = json!({});
        for block in view["blocks"].as_array().unwrap() {
            let Some(id) = block["block_id"].as_str() else { continue };
            let name = id.split_once(':').unwrap().0;
            let typed = changes.iter().find(|(of, _)| *of == name).map(|(_, text)| *text);
            let element = &block["element"];
            values[id][name] = match element["type"].as_str().unwrap() {
                "static_select" => {
                    let shown = element["initial_option"]["value"].as_str().unwrap();
                    json!({ "selected_option": { "value": typed.unwrap_or(shown) } })
                }
                _ => json!({ "value": typed.or(element["initial_value"].as_str()) }),
            };
        }
        json!({ "private_metadata": view["private_metadata"], "state": { "values": values } })
    }

    fn changed(form: &FilterForm, changes: &[(&str, &str)]) -> FilterForm {
        FilterForm::read(&left(form, changes)).unwrap()
    }

    #[test]
    fn the_line_and_the_fields_stay_in_step() {
        let form = FilterForm::of("watch ", None).unwrap();
        let form = changed(&form, &[("words", "rust"), ("remote", "remote:hybrid")]);
        assert_eq!(form.said().as_deref(), Ok("watch rust remote:hybrid"));
        let form = changed(&form, &[("line", "go -senior pay>=80k")]);
        assert_eq!(form.said().as_deref(), Ok("watch go -senior pay>=$80k/yr"));
        assert_eq!(form.fields.get(Part::Without), "senior");
        let form = changed(&form, &[("without", "")]);
        assert_eq!(form.said().as_deref(), Ok("watch go pay>=$80k/yr"));
        assert_eq!(changed(&form, &[]).said(), form.said());
        let form = FilterForm::of("edit 3 rust OR go", None).unwrap();
        assert_eq!(
            changed(&form, &[("place", "new york")]).said().as_deref(),
            Ok("edit 3 location:\"new york\" (rust OR go)")
        );
    }

    #[test]
    fn where_the_cards_go_and_whose_filter_it_is_stay() {
        let form = FilterForm::of("watch rust here", Some("C1")).unwrap();
        assert_eq!(form.fields.get(Part::Words), "rust");
        let form = changed(&form, &[("words", "go")]);
        assert_eq!(form.said().as_deref(), Ok("watch go here"));
        assert_eq!(form.channel.as_deref(), Some("C1"));
        let form = FilterForm::of("edit c3 rust here", Some("C1")).unwrap();
        assert_eq!(changed(&form, &[]).said().as_deref(), Ok("edit c3 rust here"));
        assert_eq!(FilterForm::of("watch here", None).unwrap().said().as_deref(), Ok("watch here"));
    }

    #[test]
    fn what_cannot_be_read_is_said_at_its_block_and_mended_there() {
        let form = FilterForm::of("watch rust", None).unwrap();
        let wrong = changed(&form, &[("pay", "much")]);
        assert_eq!(wrong.said().unwrap_err().block, "pay:0");
        let mended = changed(&wrong, &[("pay", "90k")]);
        assert_eq!(mended.said().as_deref(), Ok("watch rust pay>=$90k/yr"));
        let wrong = changed(&form, &[("line", "titel:rust")]);
        assert_eq!(wrong.said().unwrap_err().block, "line:0");
        let empty = changed(&FilterForm::of("watch", None).unwrap(), &[]);
        assert_eq!(empty.said().unwrap_err().block, "line:0");
    }

    #[test]
    fn other_lines_have_no_such_form() {
        for line in ["list", "edit", "edit x rust", "watch titel:x", "rename 1 x", ""] {
            assert_eq!(FilterForm::of(line, None), None, "{line}");
        }
    }
}
