//! Exchange rates.

use sqlx::{PgConnection, PgExecutor};

use super::unreadable;
use crate::domain::rates::Rates;

/// The newest rate of each currency; the day is that of the newest.
pub async fn newest(executor: impl PgExecutor<'_>) -> sqlx::Result<Rates> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT ON (currency) currency, as_of::text AS "as_of!",
                  per_usd::text AS "per_usd!"
           FROM exchange_rates ORDER BY currency, as_of DESC"#
    )
    .fetch_all(executor)
    .await?;
    let mut newest = None;
    let mut rates = Vec::with_capacity(rows.len());
    for row in rows {
        let wrong = |why: String| unreadable("exchange_rates", 0, why);
        let day = row.as_of.parse().map_err(|why| wrong(format!("{}: {why}", row.as_of)))?;
        newest = newest.max(Some(day));
        let currency = row.currency.parse().map_err(|why| wrong(format!("{why}")))?;
        let rate = row.per_usd.parse().map_err(|why| wrong(format!("{}: {why}", row.per_usd)))?;
        rates.push((currency, rate));
    }
    let newest = newest.ok_or_else(|| unreadable("exchange_rates", 0, "is empty"))?;
    Ok(Rates::new(newest, rates))
}

/// Adds the rates of a day.
pub async fn store(tx: &mut PgConnection, rates: &Rates) -> sqlx::Result<()> {
    let each = rates.each().map(|(currency, rate)| (currency.to_string(), rate.to_string()));
    let (currencies, per_usd): (Vec<String>, Vec<String>) = each.unzip();
    sqlx::query!(
        "INSERT INTO exchange_rates (currency, as_of, per_usd)
         SELECT currency, $1::text::date, per_usd::numeric
         FROM UNNEST($2::text[], $3::text[]) AS r (currency, per_usd)
         ON CONFLICT DO NOTHING",
        rates.as_of().to_string(),
        &currencies,
        &per_usd
    )
    .execute(tx)
    .await?;
    Ok(())
}
