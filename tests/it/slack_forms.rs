//! Forms that open over a chat.

use serde_json::{Value, json};

use crate::fakes::slack::value_of;
use crate::office::{Office, text, trigger};

/// What Slack sends of a form: as it was shown, with some blocks changed.
fn left(kind: &str, view: &Value, changes: &[(&str, &str)]) -> Value {
    let mut values = json!({});
    for block in view["blocks"].as_array().unwrap() {
        let (Some(id), element) = (block["block_id"].as_str(), &block["element"]) else { continue };
        let typed = changes.iter().find(|(of, _)| id.starts_with(of)).map(|(_, text)| *text);
        let action = element["action_id"].as_str().unwrap();
        values[id][action] = if element["type"] == "static_select" {
            let shown = element["initial_option"]["value"].as_str();
            json!({ "type": "static_select", "selected_option": { "value": typed.or(shown) } })
        } else {
            let shown = element["initial_value"].as_str();
            json!({ "type": "plain_text_input", "value": typed.or(shown) })
        };
    }
    json!({
        "type": kind, "team": { "id": "T1" }, "user": { "id": "U1" }, "trigger_id": trigger(),
        "container": { "type": "view", "view_id": "V1" },
        "actions": [{ "action_id": "input", "block_id": "line:0", "type": "plain_text_input" }],
        "view": { "id": "V1", "hash": "1.a", "type": "modal", "callback_id": view["callback_id"],
                  "private_metadata": view["private_metadata"], "state": { "values": values } },
    })
}

fn last(office: &Office, method: &str) -> Value {
    office.slack.calls(method).pop().unwrap().arguments["view"].clone()
}

#[tokio::test]
async fn the_form_of_a_filter_shows_its_line_and_its_parts_in_step() {
    let office = Office::new().await;
    let preview = office.types("U1", "watch rust -senior").await;
    office.presses(("U1", "D1"), &preview["blocks"], "Save").await;
    let listed = office.types("U1", "show 1").await;
    office.presses(("U1", "D1"), &listed["blocks"], "Edit").await;
    let form = last(&office, "views.open");
    assert_eq!(form["callback_id"], "filter");
    office.interacts(&left("block_actions", &form, &[("pay", "80k"), ("remote", "remote")])).await;
    office.quiet().await;
    assert_eq!(office.slack.calls("views.update").pop().unwrap().text("hash"), "1.a");
    let form = last(&office, "views.update");
    let line = form["blocks"][0]["element"]["initial_value"].as_str();
    assert_eq!(line, Some("rust -senior remote pay>=$80k/yr"));
    // What cannot be read is said at its field, and nothing is lost.
    let wrong = office.interacts(&left("view_submission", &form, &[("line", "titel:x")])).await;
    let wrong: Value = serde_json::from_str(&wrong).unwrap();
    assert_eq!(wrong["response_action"], "errors");
    assert!(wrong["errors"]["line:1"].as_str().unwrap().contains("title"), "{wrong}");
    let sent = office.interacts(&left("view_submission", &form, &[("words", "go")])).await;
    assert!(sent.contains("update"), "{sent}");
    office.quiet().await;
    let shown = last(&office, "views.update");
    let changed = office.presses(("U1", "D1"), &shown["blocks"], "Save").await;
    assert!(text(&changed).contains("go -senior remote pay"), "{}", text(&changed));
}

#[tokio::test]
async fn a_form_takes_a_line_and_shows_what_came_of_it() {
    let office = Office::new().await;
    office
        .interacts(&json!({
            "type": "shortcut", "callback_id": "watch", "team": { "id": "T1" },
            "user": { "id": "U1" }, "trigger_id": "s1",
        }))
        .await;
    office.quiet().await;
    let opened = office.slack.calls("views.open").pop().unwrap();
    assert_eq!(opened.text("trigger_id"), "s1");
    let answer = office
        .interacts(&json!({
            "type": "view_submission", "team": { "id": "T1" }, "user": { "id": "U1" },
            "trigger_id": "s2",
            "view": { "id": "V1", "callback_id": "line",
                      "state": { "values": { "line": { "line": {
                          "type": "plain_text_input", "value": "watch rust" } } } } },
        }))
        .await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["response_action"], "update");
    office.quiet().await;
    let updated = office.slack.calls("views.update").pop().unwrap();
    assert_eq!(updated.text("view_id"), "V1");
    assert!(value_of(&updated.arguments["view"], "Save").is_some());
    office.slack.posted();
}
