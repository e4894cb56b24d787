//! Whether a body is what an `OpenAPI` description allows: the keywords that Discord's uses.

use serde_json::Value;

/// Checks a value against a schema of the document; `Err` names the place and the rule.
pub fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(name.trim_start_matches('#')).ok_or("a lost reference")?;
        return check(document, schema, value, at);
    }
    for every in schema["allOf"].as_array().into_iter().flatten() {
        check(document, every, value, at)?;
    }
    for kind in ["oneOf", "anyOf"] {
        let Some(some) = schema[kind].as_array() else { continue };
        let tried: Vec<_> = some.iter().map(|one| check(document, one, value, at)).collect();
        if tried.iter().all(Result::is_err) {
            // What fits best fails deepest.
            let wrong = tried.into_iter().filter_map(Result::err).max_by_key(String::len);
            return Err(wrong.unwrap_or_default());
        }
    }
    let wrong = |rule: &str| Err(format!("{at}: {rule}: {value:.120}"));
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| is_a(value, name)) {
        return wrong(&format!("no {types:?}"));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return wrong("not one of those allowed");
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return wrong("not the one allowed");
    }
    let number = |name: &str| schema[name].as_f64();
    let size = match value {
        Value::String(text) => Some((text.chars().count(), "minLength", "maxLength")),
        Value::Array(items) => Some((items.len(), "minItems", "maxItems")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    };
    if let Some((size, least, most)) = size {
        let size = f64::from(u32::try_from(size).unwrap());
        if number(least).is_some_and(|it| size < it) || number(most).is_some_and(|it| size > it) {
            return wrong("too short or too long");
        }
    }
    if let Some(found) = value.as_f64()
        && (number("minimum").is_some_and(|it| found < it)
            || number("maximum").is_some_and(|it| found > it))
    {
        return wrong("too small or too large");
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        if schema.get("items").is_some() {
            check(document, &schema["items"], item, &format!("{at}/{index}"))?;
        }
    }
    fields(document, schema, value, at)
}

fn fields(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let (Some(given), Some(known)) = (value.as_object(), schema["properties"].as_object()) else {
        return Ok(());
    };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !given.contains_key(name) {
            return Err(format!("{at}: no {name}"));
        }
    }
    for (name, value) in given {
        match known.get(name) {
            Some(schema) => check(document, schema, value, &format!("{at}/{name}"))?,
            None => return Err(format!("{at}: {name} is not known")),
        }
    }
    Ok(())
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}
