//! What Discord takes: its own description of it, and the limits that stand beside that.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

use crate::fakes::contract;
use crate::server::setting;

/// Discord's description of its API; `None` where it is not at hand, which CI does not allow.
static CONTRACT: LazyLock<Option<Value>> = LazyLock::new(|| {
    let Some(folder) = setting("EARLYBRD_CONTRACTS") else {
        assert!(setting("CI").is_none(), "CI must set EARLYBRD_CONTRACTS");
        return None;
    };
    let text = std::fs::read_to_string(format!("{folder}/discord/openapi.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
});

/// Fields that serenity sends and Discord ignores, or that its documents name and its description does not.
const TOLERATED: [&str; 3] = ["sticker_ids", "poll", "tts"];

/// Whether a body is a schema's of the description.
pub fn body(schema: &str, body: &Value) -> Result<(), String> {
    let Some(document) = CONTRACT.as_ref() else { return Ok(()) };
    let schema = &document["components"]["schemas"][schema];
    assert!(schema.is_object(), "no such schema");
    contract::check(document, schema, body, "")
}

fn check(so: bool, wrong: &str) -> Result<(), String> {
    if so { Ok(()) } else { Err(wrong.to_owned()) }
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.encode_utf16().count())
}

/// A message, or an answer: never empty, within the limits, and nobody is called.
pub fn message(message: &Value) -> Result<(), String> {
    check(length(&message["content"]) <= 2_000, "the content is too long")?;
    let embeds = message["embeds"].as_array().map_or(&[][..], Vec::as_slice);
    check(embeds.len() <= 10, "more than ten embeds")?;
    check(length(&message["content"]) > 0 || !embeds.is_empty(), "an empty message")?;
    check(message["allowed_mentions"]["parse"] == serde_json::json!([]), "somebody may be called")?;
    let mut all = 0;
    for embed in embeds {
        let parts = [
            (&embed["title"], 256),
            (&embed["description"], 4_096),
            (&embed["footer"]["text"], 2_048),
        ];
        for (part, most) in parts {
            check(length(part) <= most, "a part of an embed is too long")?;
            all += length(part);
        }
        check(parts.iter().any(|(part, _)| length(part) > 0), "an empty embed")?;
        if let Some(url) = embed.get("url").and_then(Value::as_str) {
            check(url.starts_with("https://") || url.starts_with("http://"), "a strange address")?;
        }
        for part in ["title", "description"] {
            inert(embed[part].as_str().unwrap_or_default())?;
        }
    }
    check(all <= 6_000, "the embeds are too long together")?;
    let rows = message["components"].as_array().map_or(&[][..], Vec::as_slice);
    check(rows.len() <= 5, "more than five rows")?;
    let mut names = BTreeSet::new();
    for row in rows {
        let buttons = row["components"].as_array().ok_or("an empty row")?;
        if let [menu] = buttons.as_slice()
            && menu["type"] == 3
        {
            check(names.insert(menu["custom_id"].to_string()), "two custom_ids are the same")?;
            chosen(menu)?;
            continue;
        }
        check((1..=5).contains(&buttons.len()), "none, or more than five in a row")?;
        for button in buttons {
            check((1..=100).contains(&length(&button["custom_id"])), "a custom_id")?;
            check(names.insert(button["custom_id"].to_string()), "two custom_ids are the same")?;
            check((1..=80).contains(&length(&button["label"])), "a label")?;
        }
    }
    Ok(())
}

/// A menu: what can be chosen differs.
fn chosen(menu: &Value) -> Result<(), String> {
    check((1..=100).contains(&length(&menu["custom_id"])), "a custom_id")?;
    check(length(&menu["placeholder"]) <= 150, "a placeholder")?;
    let options = menu["options"].as_array().ok_or("a menu without options")?;
    check((1..=25).contains(&options.len()), "none, or more than 25 options")?;
    let values: BTreeSet<String> = options.iter().map(|it| it["value"].to_string()).collect();
    check(values.len() == options.len(), "two options are the same")?;
    for option in options {
        for part in ["label", "value"] {
            check((1..=100).contains(&length(&option[part])), "an option")?;
        }
    }
    Ok(())
}

/// An answer to an interaction, by its kind.
pub fn callback(answer: &Value) -> Result<(), String> {
    let kind = answer["type"].as_u64();
    let schema = match kind {
        Some(1) => "PongInteractionCallbackRequest",
        Some(4 | 5) => "CreateMessageInteractionCallbackRequest",
        Some(6 | 7) => "UpdateMessageInteractionCallbackRequest",
        Some(8) => "ApplicationCommandAutocompleteCallbackRequest",
        Some(9) => "ModalInteractionCallbackRequest",
        _ => return Err("no kind of answer".to_owned()),
    };
    let mut known = answer.clone();
    if let Some(data) = known.get_mut("data") {
        *data = trimmed(data);
    }
    body(schema, &known)?;
    match kind {
        Some(4 | 7) => message(&answer["data"]),
        Some(8) => {
            let choices = answer["data"]["choices"].as_array().ok_or("no choices")?;
            check(choices.len() <= 25, "more than 25 choices")?;
            let fits = |it: &Value| (1..=100).contains(&length(it));
            check(choices.iter().all(|it| fits(&it["name"]) && fits(&it["value"])), "a choice")
        }
        _ => Ok(()),
    }
}

/// Markdown in which nobody is called and nothing but the web is linked.
fn inert(text: &str) -> Result<(), String> {
    let outside: String = text.split("```").step_by(2).collect();
    check(!outside.contains("<@") && !outside.contains("<#"), "it calls somebody")?;
    for (at, _) in outside.match_indices("](") {
        let link = &outside[at + 2..];
        // Behind a sign that is escaped, nothing is a link.
        let escaped = outside[..at].ends_with('\\');
        check(escaped || link.starts_with("<http"), "it links elsewhere")?;
    }
    check(!outside.contains("@everyone") || outside.contains("\\@everyone"), "it calls everybody")
}

/// A body without what is tolerated and empty.
pub fn trimmed(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|name, value| {
            let empty = value.is_null() || *value == serde_json::json!([]) || *value == false;
            !(empty && TOLERATED.contains(&name.as_str()))
        });
    }
    body
}
