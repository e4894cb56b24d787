//! Tests of the language as a whole: what is read, how it prints, what is refused and where.

use proptest::prelude::*;

use super::parser::{all, either, exclude, parse};
use super::print;
use super::scope::Scope;
use crate::domain::facts::{Employment, Language, Level};
use crate::domain::filter::{Clause, Expr, Fact, Field, Text};
use crate::domain::pay::{Currency, Period};
use crate::domain::place::{Country, Region};
use crate::domain::posting::Remote;

/// `want` is the canonical form, or `position: part of the sentence` for what is refused.
#[track_caller]
fn check(text: &str, want: &str) {
    match parse(text) {
        Ok(expr) => {
            assert_eq!(print(&expr), want, "of {text}");
            assert_eq!(parse(want).as_ref(), Ok(&expr), "canonical form of {text}");
        }
        Err(error) => {
            let (position, part) = want
                .split_once(": ")
                .unwrap_or_else(|| panic!("{text} is not understood: {error}"));
            let said = error.to_string();
            assert_eq!(
                (error.position.to_string().as_str(), said.contains(part)),
                (position, true),
                "{said}"
            );
        }
    }
}

#[test]
fn words_phrases_and_prefixes_print_in_lower_case() {
    check("  Rust \t REMOTE ", "rust remote");
    check("\"Site   Reliability\" DEV*", "\"site reliability\" dev*");
    check("“site reliability” front–end", "\"site reliability\" front-end");
    check("\"rust\" c++ C# .NET node.js", "rust c++ c# .net node.js");
    check("ru\u{200B}st\u{0}go cafe\u{301}", "rust go café");
    check("\"remote\" \"or\" \"-x\" \"a:b\" \"dev*\"", "\"remote\" \"or\" \"-x\" \"a:b\" \"dev*\"");
    check("エンジニア（東京）", "エンジニア 東京");
}

#[test]
fn groups_print_only_the_parentheses_they_need() {
    check("rust|go", "rust OR go");
    check("((rust)) and (go (zig))", "rust go zig");
    check("(rust OR (go or zig)) remote", "(rust OR go OR zig) remote");
    check("rust NOT (php OR wordpress) --x", "rust -(php OR wordpress) x");
    check("rust not not not go", "rust -go");
    check("a -(b c) OR d", "a -(b c) OR d");
    check("(a OR b) (c OR d e)", "(a OR b) (c OR d e)");
}

#[test]
fn a_field_reaches_over_its_group_and_is_printed_once() {
    check(
        "title: (rust OR \"site reliability\" OR dev*)",
        "title:(rust OR \"site reliability\" OR dev*)",
    );
    check("title:rust OR title:go", "title:(rust OR go)");
    check("-title:(senior lead) tag:(a b) x", "-title:(senior lead) tag:a tag:b x");
    check("title:(a -b OR c) board:remoteok", "title:(a -b OR c) board:remoteok");
    check("title:remote location:(berlin OR eu)", "title:remote location:(berlin OR eu)");
    check("title:rust OR body:go", "title:rust OR body:go");
    check("remote:Hybrid company:acme remote:yes", "remote:hybrid company:acme remote");
}

#[test]
fn pay_prints_with_currency_and_period() {
    for (text, want) in [
        ("80k", "$80k/yr"),
        ("€600/day", "€600/day"),
        ("60 usd/h", "$60/h"),
        ("$80k/yr", "$80k/yr"),
        ("£500/Day", "£500/day"),
        ("90000eur", "€90k/yr"),
        (" 9,500 CHF / month", "9,500 chf/month"),
        ("80kchf", "80k chf/yr"),
        ("37.50/hour", "$37.5/h"),
        ("1.5m", "$1500k/yr"),
        ("60 eur", "€60/yr"),
    ] {
        check(&format!("rust pay>={text}"), &format!("rust pay>={want}"));
        check(&format!("pay >= {text} rust"), &format!("pay>={want} rust"));
    }
}

#[test]
fn facts_print_with_their_values_in_order() {
    for (text, want) in [
        ("type:fulltime|Contract", "type:contract|fulltime"),
        ("type:(freelance OR contract OR freelance)!", "type:contract|freelance!"),
        ("level:senior!", "level:senior!"),
        ("lang:English|de", "lang:de|en"),
        ("visa:yes", "visa:yes"),
        ("tz:europe/paris overlap >= 4h", "tz:Europe/Paris overlap>=4h"),
        ("tz:America/New_York overlap>=90min!", "tz:America/New_York overlap>=90min!"),
        ("posted<48h", "posted<2d"),
        ("posted < 1w", "posted<7d"),
        ("pay:stated", "pay:stated"),
        ("pay>=80k!", "pay>=$80k/yr!"),
        ("pay>=60 chf/h!", "pay>=60 chf/h!"),
        ("remote:yes|hybrid", "(remote OR remote:hybrid)"),
        ("-level:junior|mid", "-level:junior|mid"),
        ("country:Germany|at", "(country:at OR country:de)"),
        ("country:\"united states\"", "country:us"),
        ("country:(de)", "country:de"),
        ("location:EU", "location:eu"),
        ("location:(\"north america\" OR berlin)", "location:(\"north america\" OR berlin)"),
        ("location:germany", "country:de"),
        ("location:=us", "location:=us"),
        ("=Go title:(=c++ OR ml)", "=go title:=c++ title:ml"),
        ("=\"a:b\"", "=\"a:b\""),
        ("pay =go posted =x", "pay =go posted =x"),
    ] {
        let want = want.replace("title:=c++ title:ml", "title:(=c++ OR ml)");
        check(&format!("rust {text}"), &format!("rust {want}"));
    }
}

#[test]
fn wrong_facts_are_refused_at_the_value() {
    check("go type:contrct", "8: did you mean `type:contract`?");
    check("go type:", "8: found the end; after type: stands contract, freelance");
    check(
        "go level:senior|rust",
        "16: found `rust`; after level: stands junior, mid, senior or lead",
    );
    check("go level:(senior rust)", "17: found `rust`");
    check("go lang:xx", "8: found `xx`; after lang: stands a code such as en");
    check("go visa:yes|no", "8: yes or no");
    check("go country:xx", "11: found `xx`; after country: stands a code such as de");
    check("go country:eu", "11: found `eu`");
    check("go remote:yes!", "13: always strict");
    check("go tz:Europe/Pariss overlap>=4h", "6: did you mean `tz:Europe/Paris`?");
    check("go tz:Europe/Paris", "18: overlap>=4h");
    check("go tz:Europe/Paris overlap>=10h", "28: 9h at most");
    check("go posted<0d", "10: after posted< stands an age");
    check("go posted<2y", "10: after posted< stands an age");
    check("go level:senior!x", "16: a space is missing");
    check("go = x", "3: directly after =");
    check("go =\"two words\"", "3: one word");
}

#[test]
fn wrong_pay_is_refused_at_the_character() {
    check("go pay>=many", "8: after pay>= stands an amount");
    check("go pay>=", "8: found the end");
    check("go pay>=90.000", "8: an amount is written");
    check("go pay>=0", "8: above zero");
    check("go pay>=1234567890123", "8: an amount is written");
    check("go pay>=80k-100k", "11: found `-`");
    check("go pay>=80kx", "10: found `kx`");
    check("go pay>=80/yaer", "11: did you mean `/year`?");
    check("go pay>=80k php", "12: \"php\" for the word");
    check("go pay>=$80k eur/h", "9: one currency");
    check("go pay>80k", "3: did you mean `pay>=`?");
    check("go pay:statd", "7: did you mean `pay:stated`?");
}

#[test]
fn what_is_not_known_is_never_taken_as_a_word() {
    for name in ["salary:x", "foo>=3", "tz>=3", "posted>2d", "lang<en"] {
        check(&format!("rust {name}"), "5: it is not known; known are title: company:");
    }
    check("titel:rust", "0: did you mean `title:`?");
    check("locatoin:rome", "0: did you mean `location:`?");
    check("rust remote:mabye", "12: found `mabye`; after remote: stands yes, no or hybrid");
    check("rust remote:hybird", "12: did you mean `remote:hybrid`?");
    check("title:(rust body:x)", "12: after title: stand words");
    check("title:-senior", "6: stands before the field");
}

#[test]
fn mistakes_are_pointed_at() {
    check("", "0: found nothing");
    check(" \u{200B}\n", "0: found nothing");
    check("rust OR", "7: found the end");
    check("OR rust", "0: found `OR`; a word");
    check("title:or", "6: written \"or\"");
    check("rust (go OR \"x y\"", "5: parenthesis that is never closed");
    check("rust \"go (", "5: quote that is never closed");
    check("rust) go", "4: no parenthesis is open");
    check("()", "1: found `)`");
    check("rust - go", "5: directly before");
    check("rust & go", "5: at least one letter");
    check("rust \"\"", "5: at least one letter");
    check("de*", "0: 3 letters at least");
    check("d*v", "0: only at a word's end");
    check("größe\u{200B} titel:x", "7: did you mean");
}

#[test]
fn limits_are_refused_with_their_number() {
    check(&"a".repeat(2_001), "2000: found 2001 characters; a filter has 2000 at most");
    check(&"(".repeat(2_000), "8: nest 8 deep");
    check(&format!("{}a{}", "(".repeat(8), ")".repeat(8)), "a");
    check(&"-".repeat(2_000), "1999: `-` alone");
    check(&format!("{}a", "-".repeat(1_998)), "a");
    check(&"a ".repeat(65), "128: 64 terms");
    check(&"a ".repeat(64), "a ".repeat(64).trim());
    let words = vec!["w".repeat(30); 62].join(" ");
    check(&format!("company:({words})"), "0: a filter has 2000 at most");
}

#[test]
fn a_filter_that_could_match_everything_is_refused() {
    for text in
        ["-senior", "remote", "pay>=80k remote", "rust OR remote", "-(a OR b)", "rust OR -go"]
    {
        check(text, "0: could match everything");
    }
    check("board:remoteok", "board:remoteok");
    check("location:berlin OR remote rust", "location:berlin OR remote rust");
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9+#.:|()*=<\\-äßéオ]{0,4}[a-zé][a-z0-9+#.!/\\-:*]{0,4}",
        prop::sample::select(vec!["or", "and", "not", "remote", "pay", "title", "c++"])
            .prop_map(str::to_owned),
    ]
}

fn sorted<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values
}

fn clause() -> impl Strategy<Value = Expr> {
    let text = prop_oneof![
        word().prop_map(Text::Word),
        (word(), word()).prop_map(|(one, two)| Text::Phrase(format!("{one} {two}"))),
        "[a-z.]{0,3}[a-z]{3,6}".prop_map(Text::Prefix),
        word().prop_map(Text::Exact),
    ];
    let scopes: Vec<Scope> = Field::ALL
        .map(Scope::In)
        .into_iter()
        .chain([Scope::Anywhere, Scope::Anywhere, Scope::Location])
        .collect();
    let text = (prop::sample::select(scopes), text).prop_map(|(scope, text)| scope.clause(text));
    let remote = prop::sample::select(vec![Remote::Yes, Remote::No, Remote::Hybrid]);
    let currency = prop::sample::select(vec!["USD", "EUR", "GBP", "CHF", "PHP", "KES", "MXN"]);
    let period = prop::sample::select(vec![
        Period::Hour,
        Period::Day,
        Period::Week,
        Period::Month,
        Period::Year,
    ]);
    let pay = (1..99_999_999_i64, 0..=2_u32, currency, period).prop_map(
        |(units, scale, currency, period)| Fact::PayAtLeast {
            amount: rust_decimal::Decimal::new(units, scale).normalize(),
            currency: currency.parse::<Currency>().unwrap(),
            period,
        },
    );
    let some = |words: &[&'static str]| prop::sample::subsequence(words.to_vec(), 1..=words.len());
    let fact = prop_oneof![
        pay,
        some(Employment::WORDS)
            .prop_map(|words| Fact::Employment(sorted(words.iter().map(|w| w.parse().unwrap())))),
        some(Level::WORDS)
            .prop_map(|words| Fact::Level(sorted(words.iter().map(|w| w.parse().unwrap())))),
        some(&["de", "en", "haw"]).prop_map(|codes| Fact::Language(sorted(
            codes.iter().filter_map(|code| Language::named(code))
        ))),
        any::<bool>().prop_map(Fact::Visa),
        (prop::sample::select(chrono_tz::TZ_VARIANTS.to_vec()), 1..=540_u32)
            .prop_map(|(zone, least)| Fact::Overlap { zone, least }),
        (1..=525_600_u32).prop_map(|within| Fact::Posted { within }),
    ];
    let fact = (fact, any::<bool>()).prop_map(|(fact, strict)| Clause::Fact { fact, strict });
    let country = prop::sample::select(vec!["de", "us", "gb"])
        .prop_map(|code| Clause::Country(Country::of_code(code).unwrap()));
    prop_oneof![
        6 => text,
        1 => remote.prop_map(Clause::Remote),
        1 => country,
        1 => prop::sample::select(Region::all().collect::<Vec<_>>()).prop_map(Clause::Region),
        1 => Just(Clause::PayStated),
        1 => Just(Clause::Repost),
        2 => fact,
    ]
    .prop_map(Expr::Clause)
}

fn expr() -> impl Strategy<Value = Expr> {
    let inner = clause().prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(all),
            prop::collection::vec(inner.clone(), 2..4).prop_map(either),
            inner.prop_map(exclude),
        ]
    });
    inner.prop_map(|inner| {
        all(vec![Expr::Clause(Scope::Anywhere.clause(Text::Word("rust".to_owned()))), inner])
    })
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same_filter(expr in expr()) {
        let text = print(&expr);
        prop_assert_eq!(parse(&text), Ok(expr), "{}", text);
    }

    #[test]
    fn the_canonical_form_of_a_text_is_stable(text in "(\\PC|[ \"():*|a-zÀ-ž]|rust|title:|pay>=|OR |-|\t){0,24}") {
        match parse(&text) {
            Ok(expr) => prop_assert_eq!(parse(&print(&expr)), Ok(expr)),
            Err(error) => {
                prop_assert!(error.position <= text.chars().count());
                prop_assert!(error.with_caret(&text).lines().count() == 3);
            }
        }
    }
}
