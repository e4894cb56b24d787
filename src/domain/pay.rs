//! Pay as a posting states it.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    pub const USD: Self = Self(iso_currency::Currency::USD);
    pub const EUR: Self = Self(iso_currency::Currency::EUR);
    pub const GBP: Self = Self(iso_currency::Currency::GBP);

    /// The three letters.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// What is written before an amount: a symbol where it is unmistakable, else the code.
    pub fn sign(self) -> &'static str {
        match self.code() {
            "USD" => "$",
            "EUR" => "€",
            "GBP" => "£",
            code => code,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Not the code of a currency.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a currency code such as USD or EUR")]
pub struct UnknownCurrency(String);

impl FromStr for Currency {
    type Err = UnknownCurrency;

    /// Takes a code in any case.
    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        iso_currency::Currency::from_code(&code.to_ascii_uppercase())
            .map(Self)
            .ok_or_else(|| UnknownCurrency(code.to_owned()))
    }
}

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(code: String) -> Result<Self, UnknownCurrency> {
        code.parse()
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What one amount of pay is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Period {
    /// How many of it make a working year: 2,080 hours, 260 days, 52 weeks, 12 months.
    pub fn per_year(self) -> u32 {
        match self {
            Self::Hour => 2_080,
            Self::Day => 260,
            Self::Week => 52,
            Self::Month => 12,
            Self::Year => 1,
        }
    }

    /// As written after a slash: `/h`, `/yr`.
    pub fn short(self) -> &'static str {
        match self {
            Self::Hour => "h",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "yr",
        }
    }
}

/// Stated pay: at least one of two bounds, in order, both above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stated")]
pub struct Pay {
    #[serde(with = "rust_decimal::serde::float_option")]
    min: Option<Decimal>,
    #[serde(with = "rust_decimal::serde::float_option")]
    max: Option<Decimal>,
    currency: Currency,
    period: Period,
}

/// The JSON form before its laws are checked.
#[derive(Deserialize)]
struct Stated {
    #[serde(default, with = "rust_decimal::serde::float_option")]
    min: Option<Decimal>,
    #[serde(default, with = "rust_decimal::serde::float_option")]
    max: Option<Decimal>,
    currency: Currency,
    period: Period,
}

impl TryFrom<Stated> for Pay {
    type Error = &'static str;

    fn try_from(stated: Stated) -> Result<Self, Self::Error> {
        Self::new(stated.min, stated.max, stated.currency, stated.period)
            .ok_or("pay needs a min or a max above zero")
    }
}

impl Pay {
    /// `None` when nothing is stated: boards write 0 for "unknown". Swapped bounds are put in order.
    pub fn new(
        min: Option<Decimal>,
        max: Option<Decimal>,
        currency: Currency,
        period: Period,
    ) -> Option<Self> {
        let min = min.filter(|amount| *amount > Decimal::ZERO);
        let max = max.filter(|amount| *amount > Decimal::ZERO);
        let (min, max) = match (min, max) {
            (None, None) => return None,
            (Some(low), Some(high)) if low > high => (Some(high), Some(low)),
            bounds => bounds,
        };
        Some(Self { min, max, currency, period })
    }

    pub fn min(&self) -> Option<Decimal> {
        self.min
    }

    pub fn max(&self) -> Option<Decimal> {
        self.max
    }

    pub fn currency(&self) -> Currency {
        self.currency
    }

    pub fn period(&self) -> Period {
        self.period
    }

    /// The top of the stated range: what a filter's `pay>=` is compared with.
    pub fn top(&self) -> Decimal {
        self.max.or(self.min).unwrap_or_default()
    }
}

/// For people: `€90–110k/yr`, `up to $60/h`, `from CHF 9,500/month`.
impl fmt::Display for Pay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = self.currency.sign();
        let gap = if sign.chars().all(char::is_alphabetic) { " " } else { "" };
        let per = self.period.short();
        match (self.min, self.max) {
            (Some(min), Some(max)) if min != max => match (thousands(min), thousands(max)) {
                (Some(low), Some(high)) => write!(f, "{sign}{gap}{low}–{high}k/{per}"),
                _ => write!(f, "{sign}{gap}{}–{}/{per}", grouped(min), grouped(max)),
            },
            (Some(_), Some(max)) => write!(f, "{sign}{gap}{}/{per}", amount(max)),
            (None, Some(max)) => write!(f, "up to {sign}{gap}{}/{per}", amount(max)),
            (Some(min), None) => write!(f, "from {sign}{gap}{}/{per}", amount(min)),
            (None, None) => Ok(()),
        }
    }
}

/// `90k` for whole thousands from ten thousand on, else `9,500`.
pub fn amount(value: Decimal) -> String {
    thousands(value).map_or_else(|| grouped(value), |count| format!("{count}k"))
}

fn thousands(value: Decimal) -> Option<Decimal> {
    let thousand = Decimal::from(1_000);
    (value >= Decimal::from(10_000) && (value % thousand).is_zero())
        .then(|| (value / thousand).normalize())
}

fn grouped(value: Decimal) -> String {
    let text = value.normalize().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(min: Option<i64>, max: Option<i64>, currency: &str, period: Period, want: &str) {
        let decimal = |value: Option<i64>| value.map(Decimal::from);
        let pay = Pay::new(decimal(min), decimal(max), currency.parse().unwrap(), period);
        assert_eq!(pay.unwrap().to_string(), want);
    }

    #[test]
    fn pay_is_printed_as_people_write_it() {
        check(Some(90_000), Some(110_000), "EUR", Period::Year, "€90–110k/yr");
        check(None, Some(60), "usd", Period::Hour, "up to $60/h");
        check(Some(9_500), None, "CHF", Period::Month, "from CHF 9,500/month");
        check(Some(92_500), Some(110_000), "USD", Period::Year, "$92,500–110,000/yr");
        check(Some(600), Some(600), "GBP", Period::Day, "£600/day");
    }

    #[test]
    fn zero_means_that_nothing_is_stated_and_swapped_bounds_are_put_in_order() {
        let usd = Currency::USD;
        assert_eq!(Pay::new(Some(Decimal::ZERO), Some(Decimal::ZERO), usd, Period::Year), None);
        let pay = Pay::new(Some(Decimal::from(9)), Some(Decimal::from(5)), usd, Period::Hour);
        assert_eq!(pay.unwrap().top(), Decimal::from(9));
    }

    #[test]
    fn json_that_breaks_the_laws_is_refused() {
        let wrong = r#"{"min":0,"max":null,"currency":"EUR","period":"year"}"#;
        assert!(
            serde_json::from_str::<Pay>(wrong).unwrap_err().to_string().contains("min or a max")
        );
        let odd = r#"{"max":5,"currency":"EURO","period":"year"}"#;
        assert!(serde_json::from_str::<Pay>(odd).unwrap_err().to_string().contains("EURO"));
        let good = r#"{"max":37.5,"currency":"EUR","period":"hour"}"#;
        let pay: Pay = serde_json::from_str(good).unwrap();
        assert_eq!(
            serde_json::to_string(&pay).unwrap(),
            r#"{"min":null,"max":37.5,"currency":"EUR","period":"hour"}"#
        );
    }
}
