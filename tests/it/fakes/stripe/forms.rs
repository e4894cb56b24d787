//! What Stripe reads from a request, and whether it takes that.

use serde_json::{Value, json};

use super::CONTRACT;
use crate::fakes::contract;

/// Whether a wish has the shape that Stripe describes under this name.
pub fn fits(name: &str, form: &Value) -> Result<(), String> {
    let Some((document, _)) = CONTRACT.as_ref() else { return Ok(()) };
    let schema = &document["definitions"][name];
    assert!(schema.is_object(), "no such schema");
    contract::check(document, schema, &typed(form), name)
}

/// Forms hold texts only: what Stripe reads as something else is that.
fn typed(form: &Value) -> Value {
    match form {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let value = match (name.as_str(), value.as_str()) {
                    ("quantity", Some(text)) => json!(text.parse::<u64>().unwrap()),
                    ("allow_promotion_codes" | "enabled", Some(text)) => json!(text == "true"),
                    _ => typed(value),
                };
                (name.clone(), value)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(typed).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => form.clone(),
    }
}

/// `a[b][0]=c` as `{"a": {"b": ["c"]}}`.
pub fn form(body: &[u8]) -> Value {
    let mut whole = json!({});
    for (name, value) in url::form_urlencoded::parse(body) {
        let path: Vec<&str> = name.split(['[', ']']).filter(|part| !part.is_empty()).collect();
        let mut at = &mut whole;
        for part in path {
            at = if let Ok(index) = part.parse::<usize>() {
                if !at.is_array() {
                    *at = json!([]);
                }
                let items = at.as_array_mut().expect("an array");
                if items.len() <= index {
                    items.resize(index + 1, Value::Null);
                }
                &mut items[index]
            } else {
                if !at.is_object() {
                    *at = json!({});
                }
                at.as_object_mut().expect("an object").entry(part).or_insert(Value::Null)
            };
        }
        *at = json!(value);
    }
    whole
}
