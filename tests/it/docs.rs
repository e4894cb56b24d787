//! The documents say what is true.

use std::fs;
use std::path::Path;

use earlybrd::config::SETTINGS;
use earlybrd::domain::board::BoardKind;
use earlybrd::domain::posting::Posting;

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_table_of_settings_in_readme_is_the_one_of_the_code() {
    let readme = document("README.md");
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `")).collect();
    let want: Vec<String> = SETTINGS
        .iter()
        .map(|setting| {
            format!("| `{}` | {} | {} |", setting.name, setting.default, setting.meaning)
        })
        .collect();
    assert_eq!(rows, want);
}

#[test]
fn every_field_of_a_posting_is_documented() {
    // Facts that are unknown are left out.
    let known = r#"{"title": "t", "type": ["contract"], "level": "mid", "lang": "en",
                    "visa": true, "zones": {"from": 0, "to": 0},
                    "closes_at": "2026-01-01T00:00:00Z", "reposts": 1}"#;
    let posting: Posting = serde_json::from_str(known).unwrap();
    let fields = serde_json::to_value(posting).unwrap();
    let page = document("docs/posting.md");
    let documented: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let mut want: Vec<&str> = fields.as_object().unwrap().keys().map(String::as_str).collect();
    let mut documented_sorted = documented.clone();
    want.sort_unstable();
    documented_sorted.sort_unstable();
    assert_eq!(documented_sorted, want);
}

#[test]
fn every_kind_of_board_is_documented() {
    let page = document("docs/boards.md");
    for kind in BoardKind::ALL {
        assert!(page.contains(&format!("| `{kind}` | ")), "{kind}");
    }
}

#[test]
fn documents_keep_to_their_length() {
    for (name, limit) in [("ARCHITECTURE.md", 200), ("CONTRIBUTING.md", 100)] {
        let lines = document(name).lines().count();
        assert!(lines <= limit, "{name} has {lines} lines");
    }
}
