//! Tests that the matcher and the naive evaluator mean the same, on small worlds full of matches.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Document, Matcher, Scratch, explain, naive};
use crate::domain::facts::{Employment, Facts, Language, Level, Zones};
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
    let document = Document::new(posting, Rates::built_in(), seen());
    let found = matcher.matches(&mut Scratch::default(), posting, seen());
    assert_eq!(!found.is_empty(), want, "{filter}");
    assert_eq!(naive::matches(&expr, posting, Rates::built_in(), seen()), want, "naive: {filter}");
    assert_eq!(explain(&expr, &document).matches, want, "explain: {filter}");
}

fn seen() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// In the order of their ids.
fn found(matcher: &Matcher, posting: &Posting) -> Vec<FilterId> {
    let mut found = matcher.matches(&mut Scratch::default(), posting, seen());
    found.sort_unstable();
    found
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
        assert_eq!(found(&matcher, &posting), []);
    }
}

#[test]
fn nothing_stale_is_matched() {
    let mut matcher = Matcher::default();
    let rust = posting("Rust");
    let ids = |matcher: &Matcher| found(matcher, &rust);
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

const ATOMS: &[&str] = &[
    "rust",
    "go",
    "c++",
    "c",
    "node.js",
    "company",
    "dev*",
    "compani*",
    "\"rust go\"",
    "\"go dev\"",
    "\"js de*\"",
    "title:\"rust fro* end\"",
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
    "pay>=80k!",
    "pay:stated",
    "=node",
    "=nodes",
    "title:=js",
    "javascript",
    "golang",
    "\"js dev\"",
    "=front-end",
    "location:eu",
    "location:=eu",
    "country:de",
    "country:us",
    "type:contract|freelance",
    "type:fulltime!",
    "level:senior",
    "level:senior!",
    "lang:en",
    "visa:yes",
    "visa:yes!",
    "posted<2d",
    "reposts",
    "tz:Europe/Paris overlap>=4h",
];

#[test]
fn one_scratch_serves_endless_words_and_matchers_that_change() {
    let scratch = &mut Scratch::default();
    let mut one = Matcher::default();
    one.insert(FilterId(1), &parse("rust").unwrap());
    let mut other = Matcher::default();
    other.insert(FilterId(2), &parse("word7*").unwrap());
    for part in 0..13 {
        let words: Vec<String> = (0..10_000).map(|n| format!("word{part}x{n}")).collect();
        let posting = Posting { body: words.join(" "), ..posting("Rust, Go") };
        let next = FilterId(10 + part);
        assert!(!one.matches(scratch, &posting, seen()).contains(&next));
        one.insert(next, &parse(&format!("\"rust go\" word{part}x77")).unwrap());
        let mut found = one.matches(scratch, &posting, seen());
        found.sort_unstable();
        assert_eq!(found, [FilterId(1), next]);
        let found = other.matches(scratch, &posting, seen());
        assert_eq!(found, if part == 7 { vec![FilterId(2)] } else { vec![] });
    }
    let posting = posting("rust");
    assert_eq!(one.matches(scratch, &posting, seen()), [FilterId(1)]);
}

fn filter() -> impl Strategy<Value = Expr> {
    let atom = prop::sample::select(ATOMS);
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

fn any_facts() -> impl Strategy<Value = Facts> {
    let facts = (
        prop::sample::subsequence(vec![Employment::Contract, Employment::Fulltime], 0..=2),
        prop::option::of(prop::sample::select(vec![Level::Senior, Level::Junior])),
        prop::option::of(prop::sample::select(vec!["en", "de"])),
        prop::option::of(any::<bool>()),
        prop::option::of((-600..600_i32, -600..600_i32)),
    );
    facts.prop_map(|(employment, level, lang, visa, zones)| Facts {
        employment,
        level,
        lang: lang.and_then(Language::named),
        visa,
        zones: zones.and_then(|(one, other)| Zones::new(one, other)),
    })
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
        "js",
        "nodes",
        "eu",
        "Germany",
        "US",
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
    let facts = any_facts();
    let posted = (prop::option::of(0..5_i64), 0..2_u32);
    (text(4), names, prop::collection::vec(text(3), 0..3), text(8), pay, remote, (facts, posted))
        .prop_map(
            |(title, [company, board, location], tags, body, pay, remote, (facts, posted))| {
                let (posted, reposts) = posted;
                Posting {
                    facts,
                    reposts,
                    posted_at: posted.map(|days| seen() - chrono::TimeDelta::days(days)),
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
                }
            },
        )
}

proptest! {
    /// 256 worlds of 40 filters and 20 postings: 204,800 pairs.
    #[test]
    fn the_matcher_finds_what_the_naive_evaluator_finds(
        filters in prop::collection::vec(filter(), 40),
        postings in prop::collection::vec(any_posting(), 20),
    ) {
        let mut matcher = Matcher::default();
        let mut scratch = Scratch::default();
        for (id, filter) in (0_i64..).zip(&filters) {
            matcher.insert(FilterId(id), &Expr::Any(vec![]));
            matcher.insert(FilterId(id), filter);
        }
        for posting in &postings {
            let naive = |filter: &Expr| naive::matches(filter, posting, Rates::built_in(), seen());
            let want: Vec<_> = (0_i64..).zip(&filters)
                .filter(|(_, filter)| naive(filter))
                .map(|(id, _)| FilterId(id))
                .collect();
            let mut found = matcher.matches(&mut scratch, posting, seen());
            found.sort_unstable();
            prop_assert_eq!(found, want);
            // What was seen moves the keys of the filters that come.
            matcher.observe(&scratch);
            if let Some(first) = filters.first() {
                matcher.insert(FilterId(0), first);
            }
        }
        for (filter, posting) in filters.iter().zip(&postings) {
            let explained = explain(filter, &Document::new(posting, Rates::built_in(), seen()));
            let want = naive::matches(filter, posting, Rates::built_in(), seen());
            prop_assert_eq!(explained.matches, want);
            prop_assert!(!explained.clauses.is_empty());
        }
    }
}
