//! Openings: what the labelled pairs say of the rules.

use std::fs;
use std::path::Path;

use earlybrd::domain::posting::Posting;
use earlybrd::normalize::fingerprint::{
    Fingerprint, Shown, THRESHOLD, Verdict, in_window, same_opening, score,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Pair {
    same: bool,
    kind: String,
    a: Posting,
    b: Posting,
}

fn pairs(name: &str) -> Vec<(Pair, Fingerprint, Fingerprint)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openings").join(name);
    let text = fs::read_to_string(path).unwrap();
    let pairs = text.lines().map(|line| serde_json::from_str::<Pair>(line).unwrap());
    pairs
        .map(|pair| {
            let of = |posting| Fingerprint::of(&Shown::from(posting));
            let (a, b) = (of(&pair.a), of(&pair.b));
            (pair, a, b)
        })
        .collect()
}

fn measure(name: &str) -> (usize, f64, f64) {
    let pairs = pairs(name);
    let (mut right, mut wrong, mut missed) = (0_u32, 0_u32, 0_u32);
    for (pair, a, b) in &pairs {
        let told = same_opening(a, b) == Verdict::Same;
        match (told, pair.same) {
            (true, true) => right += 1,
            (true, false) => wrong += 1,
            (false, true) => missed += 1,
            (false, false) => {}
        }
        if told != pair.same && std::env::var_os("SHOW").is_some() {
            println!("{} {} {:.2}\n  {:?}\n  {:?}", pair.same, pair.kind, score(a, b), (&pair.a.company,&pair.a.title,&pair.a.location,&pair.a.url), (&pair.b.company,&pair.b.title,&pair.b.location,&pair.b.url));
        }
    }
    let share = |of: u32| f64::from(right) / f64::from(right + of).max(1.0);
    println!("{name}: precision {:.4}, recall {:.4}, wrong {wrong}, missed {missed}", share(wrong), share(missed));
    (pairs.len(), share(wrong), share(missed))
}

#[test]
fn the_rules_tell_the_labelled_pairs_apart() {
    for name in std::env::var("SETS").unwrap_or("tuned.jsonl".into()).split(' ') {
        measure(name);
    }
    let _ = (THRESHOLD, in_window);
}
