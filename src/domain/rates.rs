//! Exchange rates, with the date from which they are.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::pay::{Currency, Pay, Period};

/// How many units of each currency one US dollar buys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    as_of: NaiveDate,
    per_usd: HashMap<Currency, Decimal>,
}

static BUILT_IN: LazyLock<Rates> = LazyLock::new(|| {
    Rates::parse(include_str!("rates.csv")).expect("rates.csv is checked by a test")
});

impl Rates {
    /// Of `as_of`; a rate that is not above zero is left out.
    pub fn new(as_of: NaiveDate, per_usd: impl IntoIterator<Item = (Currency, Decimal)>) -> Self {
        let per_usd = per_usd.into_iter().filter(|(_, rate)| *rate > Decimal::ZERO).collect();
        Self { as_of, per_usd }
    }

    /// The table that ships with the program (`rates.csv`), for commands without a database.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The day whose rates these are.
    pub fn as_of(&self) -> NaiveDate {
        self.as_of
    }

    /// Each currency's rate.
    pub fn each(&self) -> impl Iterator<Item = (Currency, Decimal)> {
        self.per_usd.iter().map(|(currency, rate)| (*currency, *rate))
    }

    /// A currency whose newer rate is more than twice, or less than half, of the one here.
    pub fn differs_wildly(&self, newer: &Self) -> Option<Currency> {
        let mut wild = newer.each().filter(|(currency, rate)| {
            let before = self.per_usd.get(currency).copied().unwrap_or(*rate);
            let twice = |one: Decimal| one.saturating_mul(Decimal::TWO);
            *rate > twice(before) || before > twice(*rate)
        });
        wild.next().map(|(currency, _)| currency)
    }

    /// An amount as US dollars a year, or `None` for a currency without a rate.
    pub fn usd_a_year(
        &self,
        amount: Decimal,
        currency: Currency,
        period: Period,
    ) -> Option<Decimal> {
        let rate = self.per_usd.get(&currency)?;
        amount.checked_mul(Decimal::from(period.per_year()))?.checked_div(*rate)
    }

    /// The top of a stated range as US dollars a year.
    pub fn top_usd_a_year(&self, pay: &Pay) -> Option<Decimal> {
        self.usd_a_year(pay.top(), pay.currency(), pay.period())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut as_of = None;
        let mut per_usd = HashMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (name, value) = line.split_once(',')?;
            if name == "as_of" {
                as_of = Some(value.parse().ok()?);
            } else {
                let rate: Decimal = value.parse().ok().filter(|rate| *rate > Decimal::ZERO)?;
                per_usd.insert(name.parse().ok()?, rate);
            }
        }
        Some(Self { as_of: as_of?, per_usd })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_readable_and_converts() {
        let rates = Rates::built_in();
        assert!(rates.per_usd.len() > 30);
        let usd = rates.usd_a_year(Decimal::from(50), Currency::USD, Period::Hour);
        assert_eq!(usd, Some(Decimal::from(104_000)));
        let euros = rates.usd_a_year(Decimal::from(90_000), Currency::EUR, Period::Year).unwrap();
        assert!(euros > Decimal::from(95_000) && euros < Decimal::from(115_000));
    }

    #[test]
    fn a_rate_that_doubled_is_wild() {
        let of = |pounds: i64| {
            let rates = [(Currency::USD, 10), (Currency::EUR, pounds)];
            let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
            Rates::new(day, rates.map(|(currency, rate)| (currency, Decimal::from(rate))))
        };
        assert_eq!(of(10).differs_wildly(&of(20)), None);
        assert_eq!(of(10).differs_wildly(&of(21)), Some(Currency::EUR));
        assert_eq!(of(10).differs_wildly(&of(4)), Some(Currency::EUR));
    }

    #[test]
    fn an_amount_too_large_for_the_arithmetic_is_unknown_not_a_panic() {
        let rates = Rates::built_in();
        assert_eq!(rates.usd_a_year(Decimal::MAX, Currency::USD, Period::Hour), None);
    }
}
