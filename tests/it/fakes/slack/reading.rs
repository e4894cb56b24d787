//! What people read in blocks, and what their buttons carry.

use serde_json::Value;

use super::shapes;

/// A view that comes as an answer.
#[track_caller]
pub fn check_view(view: &Value) {
    let arguments = [("view".to_owned(), view.clone())].into_iter().collect();
    shapes::view(&arguments).unwrap_or_else(|wrong| panic!("{wrong}: {view}"));
}

/// All texts and button labels of blocks.
pub fn shown(blocks: &Value) -> String {
    match blocks {
        Value::Object(fields) => {
            let texts = fields.iter().map(|(name, value)| match value {
                Value::String(text) if name == "text" => text.clone(),
                Value::Object(_) | Value::Array(_) => shown(value),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => String::new(),
            });
            texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
        }
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join("\n"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => String::new(),
    }
}

/// The value of the button with a label.
pub fn value_of(blocks: &Value, label: &str) -> Option<String> {
    match blocks {
        Value::Object(fields) => {
            let is_it =
                fields.get("text").and_then(|text| text.get("text")?.as_str()) == Some(label);
            match fields.get("value").and_then(Value::as_str) {
                Some(value) if is_it => Some(value.to_owned()),
                _ => fields.values().find_map(|value| value_of(value, label)),
            }
        }
        Value::Array(items) => items.iter().find_map(|item| value_of(item, label)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
