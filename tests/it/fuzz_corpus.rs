//! Replays what the fuzzers have found, and what they begin with.

use std::fs;
use std::path::Path;

#[path = "../../fuzz/targets.rs"]
mod targets;

fn replay(name: &str, target: fn(&str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut replayed = 0;
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        target(&String::from_utf8_lossy(&fs::read(entry.path()).unwrap()));
        replayed += 1;
    }
    assert!(replayed > 10, "{replayed}");
}

#[test]
fn the_corpus_of_addresses_is_refused_or_public() {
    replay("addresses", targets::addresses);
}

#[test]
fn the_corpus_of_boards_is_read_clean_or_refused() {
    replay("boards", targets::boards);
}

#[test]
fn the_corpus_of_dates_can_be_true_and_is_read_again() {
    replay("dates", targets::dates);
}

#[test]
fn the_corpus_of_html_is_made_text() {
    replay("html", targets::html);
}

#[test]
fn the_corpus_of_pay_survives_its_json() {
    replay("pay", targets::pay);
}

#[test]
fn the_corpus_of_filters_is_read_or_refused_as_it_should() {
    replay("filter", targets::filter);
}

#[test]
fn the_corpus_of_mail_has_one_receiver_and_our_headers() {
    replay("mail", targets::mail);
}

#[test]
fn the_corpus_of_slack_is_from_sound_ids_and_says_one_line() {
    replay("slack", targets::slack);
}

#[test]
fn the_corpus_of_stripe_names_sound_ids_and_our_plans() {
    replay("stripe", targets::stripe);
}

#[test]
fn the_corpus_of_matching_is_decided_alike_by_all() {
    replay("matching", targets::matching);
}
