//! The manifest asks for what the code uses, and the file in the project is what the command prints.

use std::collections::BTreeSet;

use earlybrd::slack::{EVENTS, METHODS, PATHS, SCOPES, manifest};

const COMMITTED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/manifests/slack.yaml"));

fn items(text: &str, under: &str) -> BTreeSet<String> {
    let rest = text.split(&format!("{under}:\n")).nth(1).unwrap();
    let items = rest.lines().map_while(|line| line.trim_start().strip_prefix("- "));
    items.map(str::to_owned).collect()
}

#[test]
fn the_file_is_what_the_command_prints() {
    assert_eq!(COMMITTED, manifest(Some(&"https://jobs.example.com".parse().unwrap())));
}

#[test]
fn an_app_of_one_workspace_needs_no_address() {
    let socket = manifest(None);
    assert!(socket.contains("socket_mode_enabled: true") && !socket.contains("http"), "{socket}");
    let without = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.contains("http") && !line.contains("socket"));
        lines.filter(|line| !line.contains("redirect_urls")).map(str::to_owned).collect()
    };
    assert_eq!(without(&socket), without(COMMITTED));
}

#[test]
fn scopes_events_and_addresses_are_those_of_the_code() {
    let want = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(items(COMMITTED, "    bot"), want(&SCOPES));
    assert_eq!(items(COMMITTED, "    bot_events"), want(&EVENTS));
    for path in PATHS {
        assert!(COMMITTED.contains(&format!("https://jobs.example.com{path}\n")), "{path}");
    }
    assert_eq!(items(COMMITTED, "  slash_commands").first().unwrap(), "command: /jobs");
}

#[test]
fn the_document_names_every_scope() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/slack.md");
    let page = std::fs::read_to_string(path).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let named = rows.flat_map(|row| {
        let cell = row.split('|').nth(1).unwrap().to_owned();
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    });
    let want: BTreeSet<String> = SCOPES.iter().map(|scope| (*scope).to_owned()).collect();
    assert_eq!(named.collect::<BTreeSet<_>>(), want);
}

/// Each event that is asked for is taken by a line of the code.
#[test]
fn every_event_is_taken() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/slack/events.rs");
    let code = std::fs::read_to_string(path).unwrap();
    for event in EVENTS {
        let kind = event.split('.').next().unwrap();
        let taken = code.matches(&format!("\"{kind}\"")).count();
        // Once where it is asked for, once where it is taken; a channel's name is none of our business.
        let wanted = 1 + usize::from(!event.ends_with("_rename") && event == kind);
        assert!(taken >= wanted, "{event}");
    }
}

/// Each method that the code names is counted, but those that are of no workspace.
#[test]
fn every_method_that_is_called_has_its_tier() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/slack");
    let families = ["apps", "auth", "chat", "conversations", "oauth", "users", "views"];
    let mut called = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.ends_with("methods.rs") {
            continue;
        }
        let code = std::fs::read_to_string(path).unwrap();
        let texts = code.split('"').filter(|text| !text.contains(char::is_whitespace));
        let is_method = |text: &&str| {
            text.split_once('.').is_some_and(|(family, _)| families.contains(&family))
        };
        called.extend(texts.filter(is_method).map(str::to_owned));
    }
    for apart in ["apps.connections.open", "oauth.v2.access"] {
        assert!(called.remove(apart), "{apart}");
    }
    let counted: BTreeSet<String> =
        METHODS.iter().map(|(method, _)| (*method).to_owned()).collect();
    assert_eq!(called, counted);
}
