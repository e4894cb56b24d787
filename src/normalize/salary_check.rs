//! Whether stated pay can be true.

use rust_decimal::Decimal;

use crate::domain::pay::{Currency, Pay, Period};
use crate::domain::rates::Rates;

/// Less than this many dollars a year is no pay, whatever the period.
const LEAST_A_YEAR: u32 = 1_000;
/// Nor is more than this for a stated year …
const MOST_A_YEAR: u32 = 50_000_000;
/// … or for what a shorter period makes a year: there, a wrong period is likelier.
const MOST_OF_SHORTER: u32 = 1_000_000;
/// From this many dollars on, an amount without a period is for a year. In dollars, because
/// 18,000 złoty without a period are a month's pay.
const BARE_YEAR: u32 = 10_000;

/// Pay whose bounds can be true; one that cannot is left out.
pub fn plausible(
    min: Option<Decimal>,
    max: Option<Decimal>,
    currency: Currency,
    period: Option<Period>,
) -> Option<Pay> {
    let rates = Rates::built_in();
    let top = max.or(min)?;
    let period = period.or_else(|| {
        let dollars = rates.usd_a_year(top, currency, Period::Year)?;
        (dollars >= Decimal::from(BARE_YEAR)).then_some(Period::Year)
    })?;
    let most = if period == Period::Year { MOST_A_YEAR } else { MOST_OF_SHORTER };
    let sane = |amount: &Decimal| {
        // Dollars stand in for a currency without a rate.
        let dollars = rates
            .usd_a_year(*amount, currency, period)
            .or_else(|| rates.usd_a_year(*amount, Currency::USD, period));
        dollars.is_some_and(|dollars| {
            dollars >= Decimal::from(LEAST_A_YEAR) && dollars <= Decimal::from(most)
        })
    };
    sane(&top).then_some(())?;
    Pay::new(min.filter(sane), max.filter(sane), currency, period)
}
