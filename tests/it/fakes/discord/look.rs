//! What somebody sees of a message: its texts, and what they can press and choose.

use serde_json::Value;

/// All that a message says.
pub fn shown(message: &Value) -> String {
    match message {
        Value::Object(fields) => {
            let is_shown =
                |name: &str| matches!(name, "title" | "description" | "content" | "label");
            let texts = fields.iter().map(|(name, value)| match value.as_str() {
                Some(text) if is_shown(name) => text.to_owned(),
                _ => shown(value),
            });
            texts.collect::<Vec<_>>().join("\n")
        }
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join("\n"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => String::new(),
    }
}

/// The custom id of the button with a label.
pub fn button(message: &Value, label: &str) -> Option<String> {
    let rows = message["components"].as_array()?;
    let mut all = rows.iter().flat_map(|row| row["components"].as_array().into_iter().flatten());
    let found = all.find(|button| button["label"] == label)?;
    found["custom_id"].as_str().map(str::to_owned)
}

/// The menu that asks so, and the value of its option with a label that begins so.
pub fn choice(message: &Value, asked: &str, label: &str) -> Option<(String, String)> {
    let rows = message["components"].as_array()?;
    let mut all = rows.iter().flat_map(|row| row["components"].as_array().into_iter().flatten());
    let menu = all.find(|it| it["type"] == 3 && it["placeholder"] == asked)?;
    let mut options = menu["options"].as_array()?.iter();
    let begins = |it: &&Value| it["label"].as_str().is_some_and(|it| it.starts_with(label));
    let value = options.find(begins)?["value"].as_str()?.to_owned();
    Some((menu["custom_id"].as_str()?.to_owned(), value))
}
