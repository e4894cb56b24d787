//! The home page: the filters of channels, for those who may change them.

use serde_json::{Value, json};

use crate::fakes::slack::{ADMIN, shown, value_of};
use crate::office::{Office, text};

/// The page as somebody is shown it when they open it.
async fn opens(office: &Office, user: &str) -> Value {
    let opened = json!({ "type": "app_home_opened", "user": user, "channel": "D1", "tab": "home" });
    office.happens(opened).await;
    office.slack.posted();
    office.slack.calls("views.publish").pop().unwrap().arguments["view"].clone()
}

/// The block of a filter, by what it begins with.
fn block<'a>(view: &'a Value, begins: &str) -> &'a Value {
    let mut blocks = view["blocks"].as_array().unwrap().iter();
    let is_it = |block: &&Value| shown(&block["text"]).starts_with(begins);
    blocks.find(is_it).unwrap_or_else(|| panic!("no {begins}: {}", shown(view)))
}

/// Chooses something of a menu; gives the form that opens.
async fn chooses(office: &Office, user: &str, block: &Value, label: &str) -> Value {
    let value = value_of(block, label).unwrap_or_else(|| panic!("no {label}: {block}"));
    office
        .interacts(&json!({
            "type": "block_actions", "team": { "id": "T1" }, "user": { "id": user },
            "container": { "type": "view", "view_id": "V1" }, "view": { "id": "V1", "type": "home" },
            "trigger_id": crate::office::trigger(),
            "actions": [{ "type": "overflow", "block_id": block["block_id"],
                          "action_id": block["accessory"]["action_id"],
                          "selected_option": { "value": value } }],
        }))
        .await;
    office.quiet().await;
    office.slack.calls("views.open").pop().unwrap().arguments["view"].clone()
}

/// Two filters of channels and one of one's own.
async fn with_filters() -> Office {
    let office = Office::new().await;
    for (line, channel) in
        [("watch rust here", "C2"), ("watch go here", "C1"), ("watch cook", "D1")]
    {
        let preview = office.types_in(("U1", channel), line).await;
        office.presses(("U1", channel), &preview["blocks"], "Save").await;
    }
    office
}

#[tokio::test]
async fn the_filters_of_channels_are_turned_on_and_off_there_too() {
    let office = with_filters().await;
    // Somebody who has none of their own.
    let view = opens(&office, "U2").await;
    assert!(shown(&view).contains("Filters of channels"), "{}", shown(&view));
    assert!(shown(&view).find("c2 go") < shown(&view).find("c1 rust"), "by channels");
    let paused = chooses(&office, "U2", block(&view, "c1 rust"), "Pause").await;
    assert!(shown(&paused).contains("Filter c1, rust, is paused"), "{}", shown(&paused));
    let on = "SELECT count(*) FROM filters WHERE state = 'active'";
    assert_eq!(office.world.count(on).await, 2);
    let view = office.slack.calls("views.publish").pop().unwrap().arguments["view"].clone();
    chooses(&office, "U2", block(&view, "c1 rust (paused)"), "Resume").await;
    assert_eq!(office.world.count(on).await, 3);
    // Its form is one of the channel's.
    let form = chooses(&office, "U2", block(&view, "c2 go"), "Edit").await;
    assert_eq!(form["blocks"][0]["element"]["initial_value"], "go");
    assert!(form["private_metadata"].as_str().unwrap().contains("C1"), "{form}");
    // What is removed comes back from there, too.
    let removed = chooses(&office, "U2", block(&view, "c2 go"), "Remove").await;
    let back = office.presses_in_form("U2", &removed, "Undo").await;
    assert!(shown(&back).contains("Filter c2, go, is back"), "{}", shown(&back));
}

#[tokio::test]
async fn whoever_may_not_change_the_filters_of_channels_does_not_see_them_there() {
    let office = with_filters().await;
    let before = opens(&office, "U2").await;
    office.types_in((ADMIN, "C1"), "channels admins").await;
    let others = opens(&office, "U2").await;
    assert!(!shown(&others).contains("Filters of channels"), "{}", shown(&others));
    assert!(!shown(&others).contains("c1 rust"), "{}", shown(&others));
    let admins = opens(&office, ADMIN).await;
    assert!(shown(&admins).contains("c1 rust"), "{}", shown(&admins));
    // An old page shows them still, and changes nothing.
    let refused = chooses(&office, "U2", block(&before, "c1 rust"), "Pause").await;
    assert!(shown(&refused).contains("Only admins"), "{}", shown(&refused));
    let list = office.types_in(("U2", "C2"), "list").await;
    assert!(!text(&list).contains("paused"), "{}", text(&list));
}
