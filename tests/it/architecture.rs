//! The layers: who may name whom. Fails with the file and the module that it must not name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Layer of each module, as in ARCHITECTURE.md.
const LAYERS: &[(usize, &[&str])] = &[
    (0, &["domain", "clock", "failpoint"]),
    (1, &["config", "http", "pulse", "secrets", "telemetry", "worker"]),
    (2, &["filter_lang", "normalize", "matching", "schedule", "render"]),
    (3, &["db", "boards", "mail", "messenger", "payments", "postgres"]),
    (4, &["commands", "previews", "subscriptions", "workers"]),
    (5, &["billing", "console", "discord", "email", "playground", "sample_board", "slack"]),
    (6, &["web"]),
    (7, &["app", "cli"]),
];

/// Modules of one layer that may name each other, as (who, whom).
const SIBLINGS: &[(&str, &str)] = &[
    ("clock", "domain"),
    ("config", "secrets"),
    ("telemetry", "config"),
    ("worker", "pulse"),
    ("matching", "filter_lang"),
    ("commands", "previews"),
    ("commands", "subscriptions"),
    ("workers", "subscriptions"),
    ("workers", "previews"),
    ("cli", "app"),
];

/// What pure modules must not name.
const OUTSIDE: [&str; 6] = ["clock", "config", "http", "secrets", "telemetry", "worker"];

/// Lower layers that a module must not name all the same.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("billing", &["workers", "commands"]),
    ("console", &["workers", "db"]),
    ("sample_board", &["workers", "db"]),
    ("playground", &["workers"]),
    ("email", &["workers"]),
    ("discord", &["workers"]),
    ("slack", &["workers"]),
    ("domain", &["clock"]),
    ("filter_lang", &OUTSIDE),
    ("normalize", &OUTSIDE),
    ("matching", &OUTSIDE),
    ("schedule", &OUTSIDE),
    ("render", &OUTSIDE),
];

/// What pure modules must not hold.
const PURE: &[&str] = &["domain", "filter_lang", "normalize", "matching", "schedule", "render"];
const IMPURE: &[&str] = &["async ", ".await", "Utc::now", "Instant::now", "SystemTime", "fastrand"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

/// The top module that a file belongs to; `None` for lib.rs, main.rs and bin/.
fn module(path: &Path) -> Option<String> {
    let first = path.strip_prefix(root()).unwrap().components().next().unwrap();
    let name = first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
    (!["lib", "main", "bin"].contains(&name.as_str())).then_some(name)
}

/// The code of a file, without comments and without its unit tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Modules of this crate that a piece of code names.
fn named(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let list = list.split('}').next().unwrap();
            found.extend(list.split(',').map(|name| first_word(name.trim())));
        } else {
            found.push(first_word(rest));
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn modules_name_only_what_lies_below_them() {
    let layers: BTreeMap<&str, usize> =
        LAYERS.iter().flat_map(|(layer, names)| names.iter().map(|name| (*name, *layer))).collect();
    let mut wrong = Vec::new();
    for path in files(&root()) {
        let Some(from) = module(&path) else { continue };
        let own = layers.get(from.as_str()).unwrap_or_else(|| panic!("{from} has no layer"));
        for to in named(&code(&path)) {
            let Some(layer) = layers.get(to.as_str()) else {
                wrong.push(format!("{}: {to} has no layer", path.display()));
                continue;
            };
            let sibling = SIBLINGS.contains(&(from.as_str(), to.as_str()));
            let forbidden =
                FORBIDDEN.iter().any(|(who, whom)| *who == from && whom.contains(&to.as_str()));
            if from != to && (forbidden || layer > own || (layer == own && !sibling)) {
                wrong.push(format!("{}: {from} must not use {to}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_modules_wait_for_nothing_and_know_no_time() {
    for path in files(&root()) {
        if module(&path).is_some_and(|name| PURE.contains(&name.as_str())) {
            let code = code(&path);
            for word in IMPURE {
                assert!(!code.contains(word), "{}: {word}", path.display());
            }
        }
    }
}

#[test]
fn only_db_holds_sql() {
    for path in files(&root()) {
        if module(&path).is_none_or(|name| name == "db") {
            continue;
        }
        let code = code(&path);
        for word in ["sqlx::query", "SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM"] {
            assert!(!code.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn files_stay_short_and_say_what_they_are_for() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for path in files(&root()).into_iter().chain(files(&tests)) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() <= 400, "{} has more than 400 lines", path.display());
        assert!(text.starts_with("//! "), "{} does not say what it is for", path.display());
    }
    assert!(fs::read_to_string(root().join("main.rs")).unwrap().lines().count() <= 80);
}

#[test]
fn the_table_would_catch_a_wrong_import() {
    assert_eq!(
        named("use crate::db::in_tx; crate::{clock::Clock, domain}"),
        ["db", "clock", "domain"]
    );
}
