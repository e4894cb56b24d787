//! What a posting states as values, compared with what a filter wants.

use chrono::{DateTime, NaiveDate, Offset, TimeDelta, TimeZone, Utc};
use rust_decimal::Decimal;

use crate::domain::facts::Facts;
use crate::domain::filter::Fact;
use crate::domain::posting::Posting;
use crate::domain::rates::Rates;

/// A working day.
const WORKING_MINUTES: u32 = 9 * 60;
const DAY_MINUTES: u32 = 24 * 60;

/// The values of one posting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'p> {
    facts: &'p Facts,
    /// The top of the stated pay in US dollars a year.
    pub pay: Option<Decimal>,
    /// Before it was first seen; never below zero.
    age: Option<TimeDelta>,
    seen: DateTime<Utc>,
    rates: &'p Rates,
}

impl<'p> Known<'p> {
    pub fn new(posting: &'p Posting, rates: &'p Rates, seen: DateTime<Utc>) -> Self {
        let age = posting.posted_at.map(|posted| (seen - posted).max(TimeDelta::zero()));
        let pay = posting.pay.and_then(|pay| rates.top_usd_a_year(&pay));
        Self { facts: &posting.facts, pay, age, seen, rates }
    }

    /// The day whose exchange rates are used, and how old they are.
    pub fn rates_of(&self) -> NaiveDate {
        self.rates.as_of()
    }

    pub fn rates_age(&self) -> TimeDelta {
        self.seen.date_naive() - self.rates.as_of()
    }

    /// Whether the fact is so; `None` when the posting does not say.
    pub fn truth(&self, fact: &Fact) -> Option<bool> {
        match fact {
            Fact::PayAtLeast { amount, currency, period } => {
                Some(self.pay? >= self.rates.usd_a_year(*amount, *currency, *period)?)
            }
            Fact::Employment(wanted) => {
                let stated = &self.facts.employment;
                (!stated.is_empty()).then(|| stated.iter().any(|one| wanted.contains(one)))
            }
            Fact::Level(wanted) => self.facts.level.map(|level| wanted.contains(&level)),
            Fact::Language(wanted) => self.facts.lang.map(|lang| wanted.contains(&lang)),
            Fact::Visa(wanted) => self.facts.visa.map(|visa| visa == *wanted),
            Fact::Overlap { zone, least } => {
                let there = zone.offset_from_utc_datetime(&self.seen.naive_utc()).fix();
                let distance = self.facts.zones?.distance(there.local_minus_utc() / 60);
                // UTC−11 and UTC+13 show the same time.
                let apart = distance.min(DAY_MINUTES.saturating_sub(distance));
                Some(WORKING_MINUTES.saturating_sub(apart) >= *least)
            }
            Fact::Posted { within } => Some(self.age? < TimeDelta::minutes(i64::from(*within))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::filter::{Clause, Expr};
    use crate::filter_lang::parse;

    #[track_caller]
    fn check(clause: &str, posting: &str, want: Option<bool>) {
        let posting: Posting = serde_json::from_str(posting).unwrap();
        let Ok(Expr::All(parts)) = parse(&format!("x {clause}")) else { panic!("{clause}") };
        let [_, Expr::Clause(Clause::Fact { fact, .. })] = parts.as_slice() else {
            panic!("{clause}")
        };
        let seen = "2026-07-01T12:00:00Z".parse().unwrap();
        let known = Known::new(&posting, Rates::built_in(), seen);
        assert_eq!(known.truth(fact), want, "{clause}");
    }

    #[test]
    fn what_is_stated_is_compared_and_the_rest_is_unknown() {
        let silent = r#"{"title":"x"}"#;
        let stated = r#"{"title":"x","type":["contract","parttime"],"level":"mid","lang":"de",
                         "visa":false,"posted_at":"2026-06-30T12:00:00Z"}"#;
        for (clause, want) in [
            ("type:fulltime|contract", true),
            ("type:fulltime", false),
            ("level:mid", true),
            ("level:senior|lead", false),
            ("lang:german", true),
            ("lang:en", false),
            ("visa:yes", false),
            ("visa:no", true),
            ("posted<2d", true),
            ("posted<24h", false),
        ] {
            check(clause, silent, None);
            check(clause, stated, Some(want));
        }
    }

    /// Paris has UTC+2 in July.
    #[test]
    fn overlap_is_of_working_days_and_knows_summer_time() {
        let at =
            |from: i32, to: i32| format!(r#"{{"title":"x","zones":{{"from":{from},"to":{to}}}}}"#);
        check("tz:Europe/Paris overlap>=9h", &at(-60, 180), Some(true));
        check("tz:Europe/Paris overlap>=4h", &at(-240, -180), Some(true));
        check("tz:Europe/Paris overlap>=5h", &at(-240, -180), Some(false));
        check("tz:Europe/Paris overlap>=1h", &at(-480, -480), Some(false));
        check("tz:Pacific/Apia overlap>=9h", &at(-660, -660), Some(true));
        check("tz:Europe/Paris overlap>=4h", r#"{"title":"x"}"#, None);
    }
}
