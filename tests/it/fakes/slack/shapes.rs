//! What Slack takes: arguments by its published contract, blocks and views within their limits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::Call;
use crate::fakes::contract;
use crate::server::setting;

/// Methods and arguments that are newer than the contract, with where Slack documents them.
const NEWER: &[(&str, &[&str])] = &[
    // docs.slack.dev/messaging/message-metadata
    ("chat.postMessage", &["metadata"]),
    ("chat.update", &["metadata"]),
    ("conversations.history", &["include_all_metadata"]),
    ("conversations.replies", &["include_all_metadata"]),
    // docs.slack.dev/reference/methods/apps.connections.open
    ("apps.connections.open", &[]),
];

/// Arguments of each method, by the contract; `None` where it is not at hand, which CI does not allow.
static CONTRACT: LazyLock<Option<BTreeMap<String, BTreeSet<String>>>> = LazyLock::new(|| {
    let Some(folder) = setting("EARLYBRD_CONTRACTS") else {
        assert!(setting("CI").is_none(), "CI must set EARLYBRD_CONTRACTS");
        return None;
    };
    let path = format!("{folder}/slack/slack_web_openapi_v2_without_examples.json");
    let contract: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let methods = contract["paths"].as_object().unwrap().iter().map(|(path, verbs)| {
        let parameters = verbs.as_object().unwrap().values().flat_map(|verb| {
            verb["parameters"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap())
        });
        (path.trim_start_matches('/').to_owned(), parameters.map(str::to_owned).collect())
    });
    Some(methods.collect())
});

/// What an app must be allowed to call a method, as Slack documents it.
pub fn scope(method: &str) -> Option<&'static str> {
    match method {
        "chat.postMessage" | "chat.postEphemeral" | "chat.update" => Some("chat:write"),
        "conversations.open" => Some("im:write"),
        "conversations.history" | "conversations.replies" => Some("im:history"),
        "users.info" => Some("users:read"),
        _ => None,
    }
}

/// What blocks there are, as Slack's own types have them.
static TYPES: LazyLock<Option<Value>> = LazyLock::new(|| {
    let folder = setting("EARLYBRD_CONTRACTS")?;
    let path = format!("{folder}/slack/slack_message_from_slack_types.schema.json");
    Some(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
});

/// Whether a method takes these arguments.
pub fn arguments(call: &Call) -> Result<(), String> {
    let newer = NEWER.iter().find(|(method, _)| *method == call.method);
    let newer_arguments = newer.map_or(&[][..], |(_, arguments)| arguments);
    let Some(contract) = CONTRACT.as_ref() else { return Ok(()) };
    let known = contract.get(&call.method);
    if known.is_none() && newer.is_none() {
        return Err("no such method".to_owned());
    }
    for name in call.arguments.keys() {
        let is_known = known.is_some_and(|known| known.contains(name));
        if !is_known && !newer_arguments.contains(&name.as_str()) {
            return Err(format!("no argument {name}"));
        }
    }
    Ok(())
}

fn check(so: bool, wrong: &str) -> Result<(), String> {
    if so { Ok(()) } else { Err(wrong.to_owned()) }
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

/// A message: a text for notifications, at most fifty sound blocks, nothing that pings.
pub fn content(arguments: &Map<String, Value>) -> Result<(), String> {
    let text = arguments.get("text").and_then(Value::as_str).unwrap_or_default();
    check(text.chars().count() <= 4_000, "the text is too long")?;
    inert(text)?;
    if let Some(metadata) = arguments.get("metadata") {
        check(metadata["event_type"].is_string(), "metadata without event_type")?;
        check(metadata["event_payload"].is_object(), "metadata without event_payload")?;
    }
    for name in ["unfurl_links", "unfurl_media", "link_names"] {
        check(arguments.get(name) != Some(&Value::Bool(true)), "it shows more than it says")?;
    }
    let Some(all) = arguments.get("blocks") else {
        return check(!text.is_empty(), "neither text nor blocks");
    };
    check(!text.is_empty(), "notifications show nothing")?;
    blocks(all, 50)
}

/// A home page or a form.
pub fn view(arguments: &Map<String, Value>) -> Result<(), String> {
    let view = arguments.get("view").ok_or("no view")?;
    check(length(&view["private_metadata"]) <= 3_000, "private_metadata is too long")?;
    check(length(&view["callback_id"]) <= 255, "callback_id is too long")?;
    match view["type"].as_str() {
        Some("home") => check(view.get("title").is_none(), "a home page has no title")?,
        Some("modal") => {
            plain(&view["title"], 24)?;
            for name in ["submit", "close"] {
                if let Some(text) = view.get(name) {
                    plain(text, 24)?;
                }
            }
        }
        _ => return Err("no such view".to_owned()),
    }
    blocks(&view["blocks"], 100)
}

fn blocks(all: &Value, most: usize) -> Result<(), String> {
    let all = all.as_array().ok_or("blocks are no list")?;
    if let Some(types) = TYPES.as_ref() {
        let known = json!({ "$ref": "#/definitions/KnownBlock" });
        all.iter().try_for_each(|block| contract::check(types, &known, block, "block"))?;
    }
    check((1..=most).contains(&all.len()), "none, or too many blocks")?;
    let (mut actions, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for block in all {
        if let Some(id) = block.get("block_id") {
            check(length(id) <= 255 && ids.insert(id.to_string()), "block_id")?;
        }
        match block["type"].as_str() {
            Some("section") => {
                text(&block["text"], 3_000)?;
                if let Some(accessory) = block.get("accessory") {
                    element(accessory, &mut actions)?;
                }
            }
            Some("header") => plain(&block["text"], 150)?,
            Some("divider") => {}
            Some("context") => {
                let elements = block["elements"].as_array().ok_or("no elements")?;
                check((1..=10).contains(&elements.len()), "elements of a context")?;
                elements.iter().try_for_each(|one| text(one, 3_000))?;
            }
            Some("actions") => {
                let elements = block["elements"].as_array().ok_or("no elements")?;
                check((1..=25).contains(&elements.len()), "elements of actions")?;
                elements.iter().try_for_each(|one| element(one, &mut actions))?;
            }
            Some("input") => {
                plain(&block["label"], 2_000)?;
                if let Some(hint) = block.get("hint") {
                    plain(hint, 2_000)?;
                }
                element(&block["element"], &mut actions)?;
            }
            other => return Err(format!("no such block: {other:?}")),
        }
    }
    Ok(())
}

fn text(text: &Value, most: usize) -> Result<(), String> {
    check((1..=most).contains(&length(&text["text"])), "a text is empty or too long")?;
    match text["type"].as_str() {
        Some("plain_text") => check(text.get("verbatim").is_none(), "verbatim plain text"),
        Some("mrkdwn") => {
            check(text.get("emoji").is_none(), "emoji in mrkdwn")?;
            inert(text["text"].as_str().unwrap_or_default())
        }
        _ => Err("no such text".to_owned()),
    }
}

fn plain(value: &Value, most: usize) -> Result<(), String> {
    check(value["type"] == "plain_text", "it must be plain_text")?;
    text(value, most)
}

/// Mrkdwn in which nobody is called and nothing but the web is linked.
fn inert(mrkdwn: &str) -> Result<(), String> {
    for piece in mrkdwn.split('<').skip(1) {
        let (inside, _) = piece.split_once('>').ok_or("an open <")?;
        let web = inside.starts_with("https://") || inside.starts_with("http://");
        check(web, "it calls somebody or links elsewhere")?;
        check(inside.matches('|').count() == 1, "a link without a label of its own")?;
    }
    let direction = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    check(!mrkdwn.contains(direction), "it turns what follows round")
}

fn element(element: &Value, actions: &mut BTreeSet<String>) -> Result<(), String> {
    let action = element["action_id"].as_str().ok_or("no action_id")?;
    check(action.chars().count() <= 255, "action_id is too long")?;
    check(actions.insert(action.to_owned()), "two action_ids are the same")?;
    match element["type"].as_str() {
        Some("button") => {
            plain(&element["text"], 75)?;
            check(length(&element["value"]) <= 2_000, "a value is too long")
        }
        Some("overflow" | "static_select") => {
            let options = element["options"].as_array().ok_or("no options")?;
            let most = if element["type"] == "overflow" { 5 } else { 100 };
            check((1..=most).contains(&options.len()), "options")?;
            options.iter().try_for_each(|option| {
                check(length(&option["value"]) <= 150, "an option's value is too long")?;
                plain(&option["text"], 75)
            })
        }
        Some("plain_text_input") => {
            check(length(&element["initial_value"]) <= 3_000, "an initial value is too long")
        }
        Some("checkboxes") => check(element["options"].is_array(), "no options"),
        other => Err(format!("no such element: {other:?}")),
    }
}
