//! The commands for operators and scripts: results on standard output, trouble on standard error.

use serde_json::Value;

use super::binary::{Ended, Home};
use crate::fakes::board::{FakeBoard, Item, feed};

async fn run(arguments: &[&str], input: &str) -> Ended {
    Home::new().start_with(arguments, input).wait().await
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_read_prints_postings_and_filter_match_reads_them() {
    let items = [
        Item {
            link: "https://x.example/1?utm_source=a",
            body: "<p>Pay: €90k - €100k a year</p>",
            ..Item::titled("Remote Rust Engineer")
        },
        Item::titled("Cook"),
    ];
    let read = run(&["boards", "read", "--kind", "feed", "-"], &feed(&items)).await;
    assert!(read.success, "{}", read.stderr);
    let first: Value = serde_json::from_str(read.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(first["url"], "https://x.example/1");
    assert_eq!(first["remote"], "yes");
    assert_eq!(first["pay"]["max"], 100_000.0);

    let matched = run(&["filter", "match", "remote rust pay>=80k"], &read.stdout).await;
    assert!(matched.success && matched.stdout.lines().count() == 1, "{}", matched.stdout);
    let explained = run(&["filter", "match", "rust OR cook", "--explain"], &read.stdout).await;
    assert_eq!(explained.stdout.lines().count(), 2);
    for line in explained.stdout.lines() {
        let posting: Value = serde_json::from_str(line).unwrap();
        assert!(!posting["explain"].as_array().unwrap().is_empty(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_read_fetches_an_address() {
    let board = FakeBoard::start().await;
    board.show(&[Item::titled("Cook")]);
    let read = run(&["boards", "read", "--kind", "rss", board.url.as_str()], "").await;
    assert!(read.success && read.stdout.contains("Cook"), "{}", read.stderr);
    board.status(404, &[]);
    let read = run(&["boards", "read", "--kind", "rss", board.url.as_str()], "").await;
    assert!(!read.success && read.stderr.contains("404"), "{}", read.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_items_are_named_and_good_ones_still_printed() {
    let body = r#"[{"legal":"x"},{"id":"1","position":"Rust"},{"id":"2"},{"id":"3","position":"Go"#;
    let read = run(&["boards", "read", "--kind", "remoteok", "-"], body).await;
    assert!(!read.success);
    assert_eq!(read.stdout.lines().count(), 1);
    assert!(read.stderr.contains("item 2: no position"), "{}", read.stderr);
    assert!(read.stderr.contains("after item 3"), "{}", read.stderr);
    for (kind, input, want) in [
        ("fax", "", "there are: feed, remoteok"),
        ("feed", "", "the response is empty"),
        ("feed", "{}", "not an RSS or Atom feed"),
        ("remoteok", "<html></html>", "expected a JSON array"),
    ] {
        let read = run(&["boards", "read", "--kind", kind, "-"], input).await;
        assert!(!read.success && read.stdout.is_empty(), "{kind}");
        assert!(read.stderr.contains(want), "{}", read.stderr);
    }
    let read = run(&["boards", "read", "--kind", "feed", "/no/such/file"], "").await;
    assert!(!read.success && read.stderr.contains("/no/such/file"), "{}", read.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn filter_check_prints_the_canonical_form_or_a_caret() {
    let good = run(&["filter", "check", "Rust  AND_NOT"], "").await;
    assert!(good.success, "{}", good.stderr);
    let good = run(&["filter", "check", "(Rust | go) -php pay>=80k"], "").await;
    assert_eq!(good.stdout.trim(), "(rust OR go) -php pay>=$80k/yr");
    let bad = run(&["filter", "check", "rust titel:go"], "").await;
    assert!(!bad.success && bad.stdout.is_empty());
    assert!(bad.stderr.contains("title:"), "{}", bad.stderr);
    let caret = bad.stderr.lines().find(|line| line.trim() == "^").unwrap();
    assert_eq!(caret.find('^'), Some(5), "{}", bad.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_no_posting_is_named_and_passed_over() {
    let input = "{\"title\":\"Rust\"}\nnonsense\n\n{\"no\":\"title\"}\n{\"title\":\"Rust 2\"}\n";
    let matched = run(&["filter", "match", "rust"], input).await;
    assert!(!matched.success);
    assert_eq!(matched.stdout.lines().count(), 2);
    assert!(matched.stderr.contains("line 2") && matched.stderr.contains("line 4"));
}
