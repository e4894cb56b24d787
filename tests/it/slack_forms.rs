//! Forms that open over a chat.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fakes::slack::{Trick, value_of};
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
    let shown = sent(&office, &left("view_submission", &form, &[("words", "go")])).await;
    let changed = office.presses_in_form("U1", &shown, "Save").await;
    assert!(text(&changed).contains("go -senior remote pay"), "{}", text(&changed));
}

/// Sends a form, and gives what it shows at once.
async fn sent(office: &Office, payload: &Value) -> Value {
    let answer: Value = serde_json::from_str(&office.interacts(payload).await).unwrap();
    assert_eq!(answer["response_action"], "update", "{answer}");
    crate::fakes::slack::check_view(&answer["view"]);
    office.quiet().await;
    answer["view"].clone()
}

/// The whole way through a form over a channel: it stays a filter of the channel.
#[tokio::test]
async fn a_form_over_a_channel_knows_which_channel_it_was() {
    let office = Office::new().await;
    let at = ("U1", "C1");
    let preview = office.types_in(at, "watch rust here").await;
    office.presses(at, &preview["blocks"], "Change").await;
    let form = last(&office, "views.open");
    assert_eq!(form["blocks"][0]["element"]["initial_value"], "rust");
    let shown = sent(&office, &left("view_submission", &form, &[("words", "go")])).await;
    // Once more, from within the form.
    let form = office.presses_in_form("U1", &shown, "Change").await;
    let shown = sent(&office, &left("view_submission", &form, &[])).await;
    let saved = office.presses_in_form("U1", &shown, "Save").await;
    assert!(text(&saved).contains("Filter c1 is saved: go"), "{}", text(&saved));
    assert!(text(&saved).contains("/invite"), "{}", text(&saved));
    assert!(text(&office.types_in(at, "list").await).contains("c1 go"));
    assert!(text(&office.types("U1", "list").await).contains("no filters"));
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
    let payload = json!({
            "type": "view_submission", "team": { "id": "T1" }, "user": { "id": "U1" },
            "trigger_id": "s2",
            "view": { "id": "V1", "callback_id": "line",
                      "state": { "values": { "line": { "line": {
                          "type": "plain_text_input", "value": "watch rust" } } } } },
    });
    let shown = sent(&office, &payload).await;
    assert!(value_of(&shown, "Save").is_some());
    // What takes longer says so at once, and is shown when it is there.
    office.slack.play("users.info", Trick::Late(Duration::from_millis(1_800)));
    let mut other = payload;
    (other["user"]["id"], other["trigger_id"]) = (json!("U2"), json!(trigger()));
    let at_work = sent(&office, &other).await;
    assert!(text(&at_work).contains("One moment"), "{}", text(&at_work));
    assert!(value_of(&last(&office, "views.update"), "Save").is_some());
    office.slack.posted();
}
