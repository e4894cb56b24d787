//! The daily exchange rates of the European Central Bank: an XML file with what one euro buys.
//! <https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates>

use chrono::NaiveDate;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use rust_decimal::Decimal;

use crate::domain::pay::Currency;
use crate::domain::rates::Rates;

/// Fewer currencies are no whole file; it had thirty in 2026.
const FEWEST: usize = 20;

/// Why a file is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongRates {
    #[error("it is not the file of rates: {0}")]
    Format(String),
    #[error("it has the rates of {0} currencies only")]
    Few(usize),
    #[error("it has no {0}")]
    Missing(&'static str),
}

/// Reads the file. Currencies that no pay is stated in are left out.
pub fn euro_rates(text: &str) -> Result<Rates, WrongRates> {
    let mut reader = Reader::from_str(text);
    let mut day: Option<NaiveDate> = None;
    let mut per_euro: Vec<(Currency, Decimal)> = vec![(Currency::EUR, Decimal::ONE)];
    loop {
        let event = reader.read_event().map_err(|error| WrongRates::Format(error.to_string()))?;
        if let Event::Start(cube) | Event::Empty(cube) = &event
            && cube.name().0 == "Cube"
        {
            day = day.or_else(|| attribute(cube, "time")?.parse().ok());
            per_euro.extend(rate(cube));
        }
        if matches!(event, Event::Eof) {
            break;
        }
    }
    let day = day.ok_or(WrongRates::Missing("day"))?;
    let dollars = per_euro.iter().find(|(currency, _)| *currency == Currency::USD);
    let (_, dollars) = *dollars.ok_or(WrongRates::Missing("rate of the dollar"))?;
    if per_euro.len() < FEWEST {
        return Err(WrongRates::Few(per_euro.len()));
    }
    let per_dollar = per_euro
        .into_iter()
        .filter_map(|(currency, rate)| Some((currency, rate.checked_div(dollars)?.round_dp(8))));
    Ok(Rates::new(day, per_dollar))
}

/// One line: `<Cube currency='USD' rate='1.0832'/>`.
fn rate(cube: &BytesStart<'_>) -> Option<(Currency, Decimal)> {
    let rate: Decimal = attribute(cube, "rate")?.parse().ok()?;
    let currency = attribute(cube, "currency")?.parse().ok()?;
    (rate > Decimal::ZERO).then_some((currency, rate))
}

fn attribute(cube: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = cube.try_get_attribute(name).ok()??;
    Some(attribute.value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pay::Period;

    const NAMES: [&str; 20] = [
        "USD", "JPY", "CZK", "DKK", "GBP", "HUF", "PLN", "RON", "SEK", "CHF", "NOK", "TRY", "AUD",
        "BRL", "CAD", "CNY", "HKD", "IDR", "INR", "MXN",
    ];

    fn file(day: &str, names: &[&str]) -> String {
        let lines = names.iter().map(|name| format!("<Cube currency='{name}' rate='1.25'/>"));
        format!(
            "<?xml version=\"1.0\"?><gesmes:Envelope xmlns:gesmes=\"g\"><gesmes:subject>Reference \
             rates</gesmes:subject><Cube><Cube time='{day}'>{}</Cube></Cube></gesmes:Envelope>",
            lines.collect::<String>()
        )
    }

    #[test]
    fn what_a_euro_buys_becomes_what_a_dollar_buys() {
        let rates = euro_rates(&file("2026-11-20", &NAMES)).unwrap();
        assert_eq!(rates.as_of().to_string(), "2026-11-20");
        let usd = |currency: &str| {
            let amount = Decimal::from(80);
            rates.usd_a_year(amount, currency.parse().unwrap(), Period::Year).unwrap().to_string()
        };
        assert_eq!((usd("EUR").as_str(), usd("GBP").as_str()), ("100", "80"));
    }

    #[test]
    fn what_is_not_the_file_is_refused() {
        for (text, want) in [
            ("<html><body>Sorry".to_owned(), "no day"),
            ("{}".to_owned(), "no day"),
            ("<a></b>".to_owned(), "not the file of rates"),
            (file("soon", &NAMES), "no day"),
            (file("2026-11-20", &NAMES[1..]), "no rate of the dollar"),
            (file("2026-11-20", &NAMES[..3]), "4 currencies only"),
        ] {
            let error = euro_rates(&text).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}
