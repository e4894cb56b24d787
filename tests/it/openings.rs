//! Openings: what the labelled pairs say of the rules.

use std::fs;
use std::path::{Path, PathBuf};

use earlybrd::cli::curve::{at, picture, read};
use earlybrd::domain::posting::Posting;
use earlybrd::normalize::fingerprint::{Fingerprint, Key, Shown, THRESHOLD, Verdict, same_opening};
use earlybrd::normalize::openings::Openings;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::process::binary::Home;

/// The rules were made with the errors in the first before the eyes, never with those in the second.
const SETS: [&str; 2] = ["tuned.jsonl", "held_out.jsonl"];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openings").join(name)
}

#[derive(Deserialize)]
struct Pair {
    same: bool,
    kind: String,
    a: Posting,
    b: Posting,
}

fn pairs(name: &str) -> Vec<Pair> {
    let text = fs::read_to_string(path(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
fn labelled_pairs_are_told_apart() {
    let mut count = 0;
    for name in SETS {
        let pairs = read(&path(name)).unwrap();
        let (precision, recall) = at(&pairs, THRESHOLD);
        println!("{name}: {} pairs, precision {precision:.4}, recall {recall:.4}", pairs.len());
        assert!(precision >= 0.99 && recall >= 0.90, "{name}: {precision:.4}, {recall:.4}");
        count += pairs.len();
    }
    assert!(count >= 400);
}

/// As `openings group` sees them: each among all others, which may tie what differs or keep apart what does
/// not.
#[test]
#[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
fn labelled_pairs_are_told_apart_among_all_others_in_any_order() {
    let (pairs, prints) = (SETS.into_iter().flat_map(pairs).collect::<Vec<Pair>>(), prints());
    let mut order: Vec<usize> = (0..prints.len()).collect();
    let mut chance = fastrand::Rng::with_seed(6);
    for name in ["in the order of the files", "reversed", "shuffled", "shuffled again"] {
        match name {
            "in the order of the files" => {}
            "reversed" => order.reverse(),
            _ => chance.shuffle(&mut order),
        }
        let numbers = grouped(&prints, &order);
        let count = |same: bool, joined: bool| {
            let found = pairs.iter().zip(numbers.chunks(2));
            let found =
                found.filter(|(pair, sides)| pair.same == same && (sides[0] == sides[1]) == joined);
            f64::from(u32::try_from(found.count()).unwrap())
        };
        let right = count(true, true);
        let precision = right / (right + count(false, true));
        let recall = right / (right + count(true, false));
        println!("{name}: precision {precision:.4}, recall {recall:.4}");
        assert!(precision >= 0.99 && recall >= 0.90, "{name}: {precision:.4}, {recall:.4}");
    }
}

/// The opening of each, if they come in this order, those with dates in that of these.
fn grouped(prints: &[Fingerprint], order: &[usize]) -> Vec<usize> {
    let mut order = order.to_vec();
    order.sort_by_key(|at| prints[*at].posted_at());
    let mut openings = Openings::folding();
    let mut numbers = vec![0; prints.len()];
    for at in order {
        numbers[at] = openings.add(prints[at].clone()).number;
    }
    numbers.into_iter().map(|number| openings.current(number)).collect()
}

#[test]
fn the_document_shows_the_figures_and_the_picture_of_these_rules() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let page = fs::read_to_string(docs.join("openings.md")).unwrap();
    for name in SETS {
        let pairs = read(&path(name)).unwrap();
        let (precision, recall) = at(&pairs, THRESHOLD);
        let row = format!("| `{name}` | {} | {precision:.4} | {recall:.4} |", pairs.len());
        assert!(page.contains(&row), "{row}");
    }
    assert!(page.contains(&format!("{THRESHOLD} on two postings are one opening")));
    let drawn = picture(&SETS.map(path)).unwrap();
    let shown = fs::read_to_string(docs.join("openings.svg")).unwrap();
    assert!(shown.trim_end() == drawn, "docs/openings.svg is not what openings curve draws");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_numbers_lines_and_names_bad_ones() {
    let input = concat!(
        "{\"title\": \"Dev\", \"company\": \"Acme\", \"location\": \"Bonn\", \"my\": [1]}\n",
        "no posting\n",
        "{\"title\": \"Dev\", \"company\": \"Koda\", \"location\": \"Bonn\"}\n",
        "{\"title\": \"Dev (m/w/d)\", \"company\": \"ACME GmbH\", \"location\": \"Bonn\"}\n",
    );
    let home = Home::new();
    let ended = home.start_with(&["openings", "group"], input).wait().await;
    assert!(!ended.success);
    assert!(ended.stderr.contains("line 2 is not a posting"), "{}", ended.stderr);
    let lines: Vec<serde_json::Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: Vec<&serde_json::Value> = lines.iter().map(|line| &line["opening"]).collect();
    assert_eq!(numbers, [1, 2, 1]);
    assert_eq!(lines[0]["my"], serde_json::json!([1]));
}

#[test]
fn no_two_pairs_are_alike() {
    let mut seen = std::collections::BTreeSet::new();
    for pair in SETS.into_iter().flat_map(pairs) {
        let side = |posting: &Posting| serde_json::to_string(posting).unwrap();
        assert!(seen.insert((side(&pair.a), side(&pair.b))), "{}: {}", pair.kind, pair.a.title);
    }
}

#[test]
fn whatever_is_the_same_is_found_by_a_key() {
    let prints = prints();
    let keys: Vec<Vec<Key>> = prints.iter().map(Fingerprint::keys).collect();
    let leads = |one: &Key, other: &Key| {
        one.key == other.key && one.block.zip(other.block).is_none_or(|(one, other)| one == other)
    };
    let locked_apart = |one: &Fingerprint, other: &Fingerprint| {
        let anonymous = one.is_anonymous() || other.is_anonymous();
        one.blocks().iter().any(|block| other.blocks().contains(block))
            || anonymous && one.bands().any(|band| other.bands().any(|other| other == band))
    };
    for (one, own) in prints.iter().zip(&keys) {
        assert!(own.len() <= 12, "{own:?}");
        for (other, others) in prints.iter().zip(&keys) {
            let verdict = same_opening(one, other);
            assert_eq!(verdict, same_opening(other, one));
            if verdict == Verdict::Same {
                let found = own.iter().any(|key| others.iter().any(|other| leads(key, other)));
                assert!(found, "{one:?} {other:?}");
                assert!(locked_apart(one, other), "{one:?} {other:?}");
            }
        }
    }
}

fn prints() -> Vec<Fingerprint> {
    let postings = SETS.into_iter().flat_map(pairs).flat_map(|pair| [pair.a, pair.b]);
    postings.map(|posting| Fingerprint::of(&Shown::from(&posting))).collect()
}

/// What postings say is kept as it was read, so a reader that reads something else needs another number.
#[test]
fn what_is_kept_of_postings_is_read_as_it_was_and_names_its_reader() {
    let mut all = Sha256::new();
    for print in prints() {
        let kept = print.kept();
        assert_eq!(
            Fingerprint::from_kept(&kept, print.posted_at(), print.sketch()).as_ref(),
            Some(&print)
        );
        let other = kept.replacen("[2,", "[1,", 1);
        assert_eq!(Fingerprint::from_kept(&other, None, None), None, "another reader's: {other}");
        all.update(kept);
    }
    let all = all.finalize();
    let all = all.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    assert_eq!(
        all, 0xd16b_5f13_d813_cf75,
        "what is read has changed: raise fingerprint::kept::READER, then this"
    );
}

#[test]
fn what_is_different_is_labelled_for_a_reason() {
    let kinds: std::collections::BTreeSet<String> =
        SETS.into_iter().flat_map(pairs).filter(|pair| !pair.same).map(|pair| pair.kind).collect();
    for kind in
        ["agency", "aggregator", "city", "company", "level", "requisition", "team", "window"]
    {
        assert!(kinds.contains(kind), "{kind}");
    }
}
