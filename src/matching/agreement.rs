//! Tests that the matcher and the naive evaluator mean the same, on small worlds full of matches.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Document, Matcher, explain, naive};
use crate::domain::filter::Expr;
use crate::domain::ids::FilterId;
use crate::domain::pay::{Pay, Period};
use crate::domain::posting::{Posting, Remote};
use crate::domain::rates::Rates;
use crate::filter_lang::parse;

fn posting(title: &str) -> Posting {
    serde_json::from_value(serde_json::json!({ "title": title })).unwrap()
}

/// Whether the filter accepts the posting, after seeing that all ways to find out agree.
#[track_caller]
fn check(filter: &str, posting: &Posting, want: bool) {
    let expr = parse(filter).unwrap();
    let mut matcher = Matcher::default();
    matcher.insert(FilterId(1), &expr);
    let document = Document::new(posting, Rates::built_in());
    assert_eq!(!matcher.matches(&document).is_empty(), want, "{filter}");
    assert_eq!(naive::matches(&expr, posting, Rates::built_in()), want, "naive: {filter}");
    assert_eq!(explain(&expr, &document).matches, want, "explain: {filter}");
}

#[test]
fn the_truth_table() {
    let unknown = posting("Rust");
    let pay = |code: &str, top: i64| {
        Pay::new(None, Some(Decimal::from(top)), code.parse().unwrap(), Period::Year)
    };
    let high = Posting { pay: pay("USD", 90_000), ..unknown.clone() };
    let low = Posting { pay: pay("USD", 50_000), ..unknown.clone() };
    let odd = Posting { pay: pay("XAU", 50_000), ..unknown.clone() };
    // Filter, and whether it accepts high, low and unknown pay.
    for (filter, accepts) in [
        ("rust pay>=80k", [true, false, true]),
        ("rust -pay>=80k", [false, true, true]),
        ("rust (go OR pay>=80k)", [true, false, false]),
        ("rust (go OR -pay>=80k)", [false, true, false]),
        ("rust -(go OR pay>=80k)", [false, true, true]),
        ("rust -(rust pay>=80k)", [false, true, true]),
        ("rust -(go pay>=80k)", [true, true, true]),
        ("rust OR go pay>=80k", [true, true, true]),
        ("go OR rust pay>=80k", [true, false, false]),
        ("go OR rust -(go OR pay>=80k)", [false, true, false]),
    ] {
        for (posting, want) in [&high, &low, &unknown, &odd]
            .into_iter()
            .zip([accepts[0], accepts[1], accepts[2], accepts[2]])
        {
            check(filter, posting, want);
        }
    }
}

#[test]
fn remote_and_location_are_strict() {
    let silent = posting("Rust");
    check("rust remote", &silent, false);
    check("rust -remote", &silent, true);
    check("location:berlin", &silent, false);
    let stated =
        Posting { remote: Some(Remote::Hybrid), location: Some("Berlin, EU".to_owned()), ..silent };
    check("rust remote:hybrid location:(\"berlin eu\" OR x)", &stated, true);
    check("rust remote", &stated, false);
    check("berlin", &stated, false);
}

#[test]
fn words_are_found_as_people_mean_them() {
    let found = Posting {
        company: Some("Acme".to_owned()),
        tags: vec!["site".to_owned(), "reliability".to_owned(), "front-end".to_owned()],
        board: Some("remote-ok".to_owned()),
        body: "Companies use Node.js, C++ and .NET services. エンジニア募集 개발자".to_owned(),
        ..posting("Senior Rust Engineers")
    };
    for filter in [
        "engineer",
        "ENGINEERS",
        "node",
        "js",
        "node.js",
        "\"node js\"",
        "c++",
        ".net",
        "company:acme",
        "acme",
        "tag:front-end",
        "\"front end\"",
        "compan*",
        "company*",
        "companies*",
        "services*",
        "service*",
        "エンジニア",
        "エンジ*",
        "개발자",
        "board:remote-ok",
        "tag:reliability",
        "\"senior rust eng*\" OR \"senior rust engineer\"",
        "\"node.js c++\"",
        "front-end*",
    ] {
        check(filter, &found, true);
    }
    for filter in [
        "c",
        "net",
        "\"site reliability\"",
        "remoteok",
        "\"engineer rust\"",
        "title:acme",
        "nodejs",
        "\"エジ\"",
        "rust -compan*",
        "\"node c++\"",
    ] {
        check(filter, &found, false);
    }
}

/// Without the naive evaluator, which is as slow as it is plain.
#[test]
fn hostile_sizes_are_answered_soon() {
    let prefixes: Vec<String> = (0..64).map(|n| format!("aa{n}*")).collect();
    let mut matcher = Matcher::default();
    matcher.insert(FilterId(1), &parse(&prefixes.join(" OR ")).unwrap());
    matcher.insert(FilterId(2), &parse(&format!("\"{}b\"", "a ".repeat(990))).unwrap());
    for wall in [".-+#\u{202E}\u{200D}", "a", "a ", "aab.js", "aab ", "エ"] {
        let posting =
            Posting { body: format!("{} c b", wall.repeat(65_536 / wall.len())), ..posting("x") };
        assert_eq!(matcher.matches(&Document::new(&posting, Rates::built_in())), []);
    }
}

#[test]
fn nothing_stale_is_matched() {
    let mut matcher = Matcher::default();
    let rust = posting("Rust");
    let ids = |matcher: &Matcher| matcher.matches(&Document::new(&rust, Rates::built_in()));
    for filter in ["rust OR go", "rust*", "rust -go", "zig", "title:rust"] {
        matcher.insert(FilterId(7), &parse(filter).unwrap());
        matcher.insert(FilterId(3), &parse("rust").unwrap());
        let want = if filter == "zig" { vec![FilterId(3)] } else { vec![FilterId(3), FilterId(7)] };
        assert_eq!((ids(&matcher), matcher.len()), (want, 2), "{filter}");
    }
    matcher.remove(FilterId(7));
    matcher.remove(FilterId(7));
    assert_eq!(ids(&matcher), [FilterId(3)]);
    matcher.remove(FilterId(3));
    assert!(ids(&matcher).is_empty() && matcher.is_empty());
}

fn filter() -> impl Strategy<Value = Expr> {
    let atom = prop::sample::select(vec![
        "rust",
        "go",
        "c++",
        "c",
        "node",
        "node.js",
        "company",
        "dev*",
        "compani*",
        "\"rust go\"",
        "\"go dev\"",
        "front-end",
        "remote",
        "remote:no",
        "title:rust",
        "tag:go",
        "tag:\"rust go\"",
        "company:go",
        "body:c++",
        "board:go",
        "location:go",
        "location:dev*",
        "pay>=80k",
        "pay>=€60/h",
        "pay>=9 xau/h",
    ]);
    let text = atom.prop_map(str::to_owned).prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|parts| format!("({})", parts.join(" "))),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|parts| format!("({})", parts.join(" OR "))),
            inner.prop_map(|part| format!("-{part}")),
        ]
    });
    text.prop_filter_map("requires nothing", |text| parse(&text).ok())
}

fn any_posting() -> impl Strategy<Value = Posting> {
    let words = [
        "rust",
        "Go",
        "C++",
        "c",
        "Node.js",
        "node",
        "companies",
        "dev",
        "developers",
        "front-end",
        "end",
    ];
    let text = |most| {
        prop::collection::vec(prop::sample::select(words.to_vec()), 0..most)
            .prop_map(|words| words.join(" "))
    };
    let pay = prop::option::of((
        1..200_i64,
        prop::sample::select(vec!["USD", "EUR", "XAU"]),
        prop::sample::select(vec![Period::Hour, Period::Year]),
    ));
    let remote =
        prop::option::of(prop::sample::select(vec![Remote::Yes, Remote::No, Remote::Hybrid]));
    let names = [prop::option::of(text(2)), prop::option::of(text(2)), prop::option::of(text(3))];
    (text(4), names, prop::collection::vec(text(3), 0..3), text(8), pay, remote).prop_map(
        |(title, [company, board, location], tags, body, pay, remote)| Posting {
            company,
            board,
            location,
            tags,
            body,
            remote,
            pay: pay.and_then(|(top, code, period)| {
                let top = if period == Period::Year { top * 1_000 } else { top };
                Pay::new(None, Some(Decimal::from(top)), code.parse().unwrap(), period)
            }),
            ..posting(&title)
        },
    )
}

proptest! {
    /// 256 worlds of 10 filters and 10 postings.
    #[test]
    fn the_matcher_finds_what_the_naive_evaluator_finds(
        filters in prop::collection::vec(filter(), 10),
        postings in prop::collection::vec(any_posting(), 10),
    ) {
        let mut matcher = Matcher::default();
        for (id, filter) in (0_i64..).zip(&filters) {
            matcher.insert(FilterId(id), &Expr::Any(vec![]));
            matcher.insert(FilterId(id), filter);
        }
        for posting in &postings {
            let document = Document::new(posting, Rates::built_in());
            let naive: Vec<_> = (0_i64..).zip(&filters)
                .filter(|(_, filter)| naive::matches(filter, posting, Rates::built_in()))
                .map(|(id, _)| FilterId(id))
                .collect();
            prop_assert_eq!(matcher.matches(&document), naive);
            for filter in &filters {
                let explained = explain(filter, &document);
                prop_assert_eq!(explained.matches, naive::matches(filter, posting, Rates::built_in()));
                prop_assert!(!explained.clauses.is_empty());
            }
        }
    }
}
