//! What a filter could become after several postings were dismissed for one reason. Pure.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::domain::facts::Level;
use crate::domain::filter::{Clause, Expr, Fact};
use crate::domain::place::{Area, Country, areas};
use crate::domain::posting::{Posting, Remote};
use crate::domain::rates::Rates;
use crate::domain::reply::Reason;
use crate::filter_lang::{parse, print};

/// Proposed pay is a multiple of this, in US dollars a year.
const STEP: Decimal = Decimal::from_parts(5_000, 0, 0, false, 0);

/// Different levels that are excluded together; more say nothing.
const LEVELS: usize = 2;

/// The filter with one clause more that would have kept out what was dismissed, or `None` if what it has in
/// common is not known.
pub fn propose(
    filter: &Expr,
    reason: Reason,
    dismissed: &[Posting],
    rates: &Rates,
) -> Option<Expr> {
    match reason {
        Reason::Pay => {
            let clause = pay(dismissed, rates)?;
            with(&without_pay(filter), &clause)
        }
        Reason::Place => with(filter, &place(filter, dismissed)?),
        Reason::Level => with(filter, &level(dismissed)?),
        Reason::Company | Reason::Duplicate | Reason::Expired | Reason::Other => None,
    }
    .filter(|after| after != filter)
}

/// A filter that requires one thing more. `None` if it does so already.
fn with(filter: &Expr, clause: &str) -> Option<Expr> {
    let base = match filter {
        Expr::Any(_) => format!("({})", print(filter)),
        Expr::Clause(_) | Expr::Not(_) | Expr::All(_) => print(filter),
    };
    let after = parse(&format!("{base} {clause}")).ok()?;
    let repeats = match &after {
        Expr::All(parts) => parts.split_last().is_some_and(|(last, rest)| rest.contains(last)),
        Expr::Clause(_) | Expr::Not(_) | Expr::Any(_) => false,
    };
    (!repeats).then_some(after)
}

/// More than the best that was dismissed; where none of it says what it pays, pay at all.
fn pay(dismissed: &[Posting], rates: &Rates) -> Option<String> {
    let tops = dismissed.iter().filter_map(|posting| posting.pay.as_ref());
    let best = tops.filter_map(|pay| rates.top_usd_a_year(pay)).max();
    let Some(best) = best else { return Some("pay:stated".to_owned()) };
    let least = (best.checked_div(STEP)?.floor() + Decimal::ONE).checked_mul(STEP)?;
    Some(format!("pay>=${}/yr", least.normalize()))
}

/// What it asks of pay gives way to what is proposed.
fn without_pay(filter: &Expr) -> Expr {
    let is_pay = |part: &Expr| {
        matches!(
            part,
            Expr::Clause(Clause::PayStated | Clause::Fact { fact: Fact::PayAtLeast { .. }, .. })
        )
    };
    let Expr::All(parts) = filter else { return filter.clone() };
    let mut rest: Vec<Expr> = parts.iter().filter(|part| !is_pay(part)).cloned().collect();
    match (rest.len(), rest.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => Expr::All(rest.into_iter().chain([last]).collect()),
        (_, None) => filter.clone(),
    }
}

/// Not where all of it is: one city, one country; or else from anywhere.
fn place(filter: &Expr, dismissed: &[Posting]) -> Option<String> {
    let cities: Option<BTreeSet<String>> = dismissed.iter().map(city).collect();
    if let Some(city) = only(cities) {
        return Some(format!("-location:\"{city}\""));
    }
    let countries: Option<BTreeSet<Country>> = dismissed.iter().map(country).collect();
    if let Some(country) = only(countries) {
        return Some(format!("-country:{}", country.code().to_lowercase()));
    }
    let away = dismissed.iter().all(|posting| posting.remote != Some(Remote::Yes));
    let asks = print(filter).contains("remote");
    (away && !asks && !dismissed.is_empty()).then(|| "remote".to_owned())
}

fn only<T: Ord>(found: Option<BTreeSet<T>>) -> Option<T> {
    let mut found = found?;
    if found.len() == 1 { found.pop_first() } else { None }
}

/// The first part of a stated place, where it is a name.
fn city(posting: &Posting) -> Option<String> {
    let place = posting.location.as_deref()?.to_lowercase();
    let city = place.split(',').next()?.trim().to_owned();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-');
    let named = (2..=40).contains(&city.chars().count()) && city.chars().all(is_name);
    // The name of a country or of the world is none.
    (named && areas(&city).is_empty()).then_some(city)
}

fn country(posting: &Posting) -> Option<Country> {
    let mut found = areas(posting.location.as_deref()?).into_iter();
    match (found.next(), found.next()) {
        (Some(Area::Country(country)), None) => Some(country),
        _ => None,
    }
}

fn level(dismissed: &[Posting]) -> Option<String> {
    let levels: BTreeSet<Level> = dismissed.iter().filter_map(|it| it.facts.level).collect();
    let words: Vec<&str> = levels.iter().map(|level| level.as_str()).collect();
    (1..=LEVELS).contains(&words.len()).then(|| format!("-level:{}", words.join("|")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posting(json: serde_json::Value) -> Posting {
        let mut posting = serde_json::json!({ "title": "Cook" });
        posting.as_object_mut().unwrap().append(&mut json.as_object().unwrap().clone());
        serde_json::from_value(posting).unwrap()
    }

    #[track_caller]
    fn check(filter: &str, reason: Reason, dismissed: &[serde_json::Value], want: Option<&str>) {
        let postings: Vec<Posting> = dismissed.iter().cloned().map(posting).collect();
        let before = parse(filter).unwrap();
        let after = propose(&before, reason, &postings, Rates::built_in());
        assert_eq!(after.as_ref().map(print).as_deref(), want);
    }

    #[test]
    fn pay_is_more_than_the_best_that_was_dismissed() {
        let pays = |max: u32| serde_json::json!({ "pay": { "min": null, "max": max, "currency": "USD", "period": "year" } });
        let two = [pays(60_000), pays(81_000)];
        check("rust", Reason::Pay, &two, Some("rust pay>=$85k/yr"));
        check("rust pay>=$50k/yr", Reason::Pay, &two, Some("rust pay>=$85k/yr"));
        check("rust OR go", Reason::Pay, &two, Some("(rust OR go) pay>=$85k/yr"));
        let silent = [serde_json::json!({})];
        check("rust", Reason::Pay, &silent, Some("rust pay:stated"));
        check("rust pay:stated", Reason::Pay, &silent, None);
    }

    #[test]
    fn a_place_is_what_all_have_in_common() {
        let at = |place: &str, remote: Option<&str>| serde_json::json!({ "location": place, "remote": remote });
        let same = [at("New York, NY", None), at("New York, United States", Some("no"))];
        check("rust", Reason::Place, &same, Some("rust -location:\"new york\""));
        let country = [at("Munich, Germany", None), at("Germany", Some("yes"))];
        check("rust", Reason::Place, &country, Some("rust -country:de"));
        let anywhere = [at("Munich", Some("no")), at("Springfield", None)];
        check("rust", Reason::Place, &anywhere, Some("rust remote"));
        check("rust remote", Reason::Place, &anywhere, None);
        let nothing = [at("Munich", Some("yes")), serde_json::json!({})];
        check("rust", Reason::Place, &nothing, None);
        let quoted = [at("x\" OR (", None)];
        check("rust", Reason::Place, &quoted, Some("rust remote"));
    }

    #[test]
    fn levels_that_are_known_are_excluded() {
        let of = |level: &str| serde_json::json!({ "level": level });
        check("rust", Reason::Level, &[of("senior"), of("senior")], Some("rust -level:senior"));
        check("rust", Reason::Level, &[of("senior"), of("lead")], Some("rust -level:senior|lead"));
        check("rust -level:senior", Reason::Level, &[of("senior")], None);
        check("rust", Reason::Level, &[of("senior"), of("lead"), of("mid")], None);
        check("rust", Reason::Level, &[serde_json::json!({})], None);
    }

    #[test]
    fn other_reasons_change_no_filter() {
        for reason in [Reason::Company, Reason::Duplicate, Reason::Expired, Reason::Other] {
            check("rust", reason, &[serde_json::json!({ "location": "Berlin" })], None);
        }
    }
}
