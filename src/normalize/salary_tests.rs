//! What is and what is not read as pay.

use super::salary::{find_in_body, from_fields, parse};
use rust_decimal::Decimal;

#[track_caller]
fn check(text: &str, want: &str) {
    let pay = parse(text).map(|pay| format!("{} {pay}", pay.currency().code()));
    assert_eq!(pay.unwrap_or_default(), want, "{text}");
}

#[track_caller]
fn check_all(table: &[(&str, &str)]) {
    for (text, want) in table {
        check(text, want);
    }
}

#[test]
fn ranges() {
    check_all(&[
        ("€90,000 – €110,000 a year", "EUR €90–110k/yr"),
        ("$120k - $150k", "USD $120–150k/yr"),
        ("$20k -$35k", "USD $20–35k/yr"),
        ("$110,000 - $140,000 USD", "USD $110–140k/yr"),
        ("CAD 110,000 - 130,000", "CAD CAD 110–130k/yr"),
        ("$100k to $120k CAD", "CAD CAD 100–120k/yr"),
        ("80.000 € – 95.000 € pro Jahr", "EUR €80–95k/yr"),
        ("zł18,000 – zł24,000 / month", "PLN PLN 18–24k/month"),
        ("60-80 EUR/h", "EUR €60–80/h"),
        ("90k–110k EUR", "EUR €90–110k/yr"),
        ("90-110k €", "EUR €90–110k/yr"),
        ("50-60.000 €", "EUR €50–60k/yr"),
        ("Salary (EUR): 60,000 to 70,000", "EUR €60–70k/yr"),
        ("between $50 and $60 an hour", "USD $50–60/h"),
        ("$20.00/hr - $30.50/hr", "USD $20–30.5/h"),
        ("De 30.000 € a 40.000 € al año", "EUR €30–40k/yr"),
        ("40 à 45 k€ par an", "EUR €40–45k/yr"),
        ("55 - 65 TEUR brutto/Jahr", "EUR €55–65k/yr"),
        ("$150,000 - $120,000", "USD $120–150k/yr"),
    ]);
}

#[test]
fn single_amounts_and_bounds() {
    check_all(&[
        ("£550 per day", "GBP £550/day"),
        ("up to €75k", "EUR up to €75k/yr"),
        ("bis zu 75.000 €", "EUR up to €75k/yr"),
        ("jusqu'à 50 000 € par an", "EUR up to €50k/yr"),
        ("from £70,000", "GBP from £70k/yr"),
        ("ab 4.500 € monatlich", "EUR from €4,500/month"),
        ("$120k+", "USD from $120k/yr"),
        ("$60/hour", "USD $60/h"),
        ("CHF 9,500 per month", "CHF CHF 9,500/month"),
        ("SEK 52,000 per month", "SEK SEK 52k/month"),
        ("₹25 LPA", "INR INR 2500k/yr"),
        ("12-18 LPA, INR", "INR INR 1200–1800k/yr"),
        ("6.5M JPY", "JPY JPY 6500k/yr"),
        ("1.2M JPY per month", "JPY JPY 1200k/month"),
        ("C$95,000", "CAD CAD 95k/yr"),
        ("US $95,000", "USD $95k/yr"),
        ("A$800 per day", "AUD AUD 800/day"),
        ("Tagessatz: 640 EUR", "EUR €640/day"),
        ("TJM 500€", "EUR €500/day"),
        ("3 500 € / mois", "EUR €3,500/month"),
        ("€4.200 per maand", "EUR €4,200/month"),
        ("45 € l'heure", "EUR €45/h"),
        ("150 zł/godz.", "PLN PLN 150/h"),
        ("£65,000 p.a.", "GBP £65k/yr"),
    ]);
}

#[test]
fn what_stands_beside_pay_is_not_pay() {
    check_all(&[
        ("$120k – $150k + 0.5% equity", "USD $120–150k/yr"),
        ("0.5% – 1% equity, $130,000 + 10% bonus", "USD $130k/yr"),
        ("$60/hour, up to 40 hours per week", "USD $60/h"),
        ("€60,000, 40 h/week, 30 days off", "EUR €60k/yr"),
        ("$95k plus 401k", "USD $95k/yr"),
        ("$10,000 signing bonus", ""),
        ("Up to $185,500 + equity", "USD up to $185,500/yr"),
        ("$90k, 4 day week", "USD $90k/yr"),
        ("$5k bonus, $80k", "USD $80k/yr"),
        ("€60,000 - 40 h/week", "EUR €60k/yr"),
        ("$60k - 100 days off", "USD $60k/yr"),
        ("5 days per week, €90,000", "EUR €90k/yr"),
        ("$100,000 base, paid monthly", "USD $100k/yr"),
        ("$90,000. We meet weekly", "USD $90k/yr"),
        ("£550pd, outside IR35", "GBP £550/day"),
    ]);
}

#[test]
fn what_is_not_clear_is_unknown() {
    for text in [
        "",
        "Competitive",
        "DOE",
        "0",
        "$0 - $0",
        "90k",
        "90,000 - 110,000",
        "$60",
        "€4,500",
        "zł18,000",
        "¥300,000",
        "$60 per year",
        "$120,000 per hour",
        "2026",
        "5 years",
        "0.5% equity",
        "€$£",
        "PHP 8.2 developer",
        "24/7",
        "1.2.3 EUR",
        "$99999999999999999999999999999999",
    ] {
        check(text, "");
    }
}

#[test]
fn fields_are_judged_like_text() {
    let check = |min: i64, max: i64, currency: &str, period: &str, want: &str| {
        let decimal = |value: i64| Some(Decimal::from(value));
        let pay = from_fields(decimal(min), decimal(max), Some(currency), Some(period));
        assert_eq!(pay.map(|pay| pay.to_string()).unwrap_or_default(), want, "{currency} {period}");
    };
    check(60_000, 80_000, "USD", "annual", "$60–80k/yr");
    check(60_000, 80_000, "€", "1 YEAR", "€60–80k/yr");
    check(0, 80_000, "gbp", "", "up to £80k/yr");
    check(40, 60, "USD", "per-hour-wage", "$40–60/h");
    check(1, 90_000, "USD", "per-year-salary", "up to $90k/yr");
    check(4_000, 5_000, "USD", "bi-week-salary", "");
    check(60, 80, "USD", "year", "");
    check(60_000, 80_000, "?", "year", "");
    assert_eq!(from_fields(Some(Decimal::MAX), None, Some("USD"), Some("hour")), None);
    assert_eq!(from_fields(Some(Decimal::from(50_000)), None, None, Some("year")), None);
}

#[test]
fn of_a_body_only_labelled_lines_count() {
    let check = |body: &str, want: &str| {
        let pay = find_in_body(body).map(|pay| pay.to_string());
        assert_eq!(pay.unwrap_or_default(), want, "{body}");
    };
    check("We raised $50,000,000.\n- Salary: $120k–$140k\nBye", "$120–140k/yr");
    check("Hourly Range: $7.00-$20.00", "$7–20/h");
    check("**Base salary range (US):** $100,000 - $120,000", "$100–120k/yr");
    check("Gehalt: 60.000 € bis 70.000 €", "€60–70k/yr");
    check("Rémunération : 45-50 k€", "€45–50k/yr");
    check("Salary: competitive\nCompensation: €70,000", "€70k/yr");
    check("Compensation:\n\n$80,000 a year\nBye", "$80k/yr");
    check("We pay $120,000 on average", "");
    check("Conversion rate: $15,000", "");
}
