//! `https://api.ashbyhq.com/posting-api/job-board/<company>?includeCompensation=true`: an object with
//! all jobs of a company.
//!
//! Quirks, as recorded: jobs that are not listed are there and must not be shown; `workplaceType`
//! beats `isRemote`; amounts lie in `compensation`, also as a summary in words.

use percent_encoding::percent_decode_str;
use url::Url;

use super::fields::{Fields, in_country, json_board, places};
use super::{Kind, RawItems, Reading, Response, Unreadable, part_at};
use crate::normalize::{BoardContext, RawPay, RawPosting};

pub struct Ashby;

impl Kind for Ashby {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        json_board(response, &["jobs"], posting)
    }

    fn address(&self, company: &str) -> Option<String> {
        let company = company.replace(' ', "%20");
        Some(format!(
            "https://api.ashbyhq.com/posting-api/job-board/{company}?includeCompensation=true"
        ))
    }

    fn company(&self, seen_at: &Url) -> Option<String> {
        let part = part_at(seen_at, &["jobs.ashbyhq.com"], 0)
            .or_else(|| part_at(seen_at, &["api.ashbyhq.com"], 2))?;
        // Names of companies have blanks there.
        Some(percent_decode_str(&part).decode_utf8().ok()?.into_owned())
    }
}

fn posting(job: Fields<'_>) -> Result<Option<RawPosting>, String> {
    if job.flag("isListed") == Some(false) {
        return Ok(None);
    }
    let title = job.string("title").ok_or("no title")?;
    let remote = job.string("workplaceType");
    let more = job.objects("secondaryLocations").filter_map(place_of);
    Ok(Some(RawPosting {
        guid: job.id("id"),
        url: job.string("jobUrl").or_else(|| job.string("applyUrl")),
        title,
        location: places(place_of(job).into_iter().chain(more)),
        remote: remote.or_else(|| job.flag("isRemote").map(|remote| remote.to_string())),
        pay: pay(job),
        employment: job.texts("employmentType"),
        tags: [job.texts("department"), job.texts("team")].concat(),
        posted_at: job.date("publishedAt"),
        body: job
            .string("descriptionHtml")
            .or_else(|| job.string("descriptionPlain"))
            .unwrap_or_default(),
        ..RawPosting::default()
    }))
}

/// What people call the place, and its country.
fn place_of(at: Fields<'_>) -> Option<String> {
    in_country(at.string("location"), at.text("address.postalAddress.addressCountry"))
}

/// The first salary of the first tier, or the summary in words. Equity is none.
fn pay(job: Fields<'_>) -> RawPay {
    let tiers = job.objects("compensation.compensationTiers");
    let mut parts = tiers.flat_map(|tier| tier.objects("components"));
    let salary = parts.find(|part| part.text("compensationType") == Some("Salary"));
    let stated = salary.map(|part| part.pay(["minValue", "maxValue", "currencyCode", "interval"]));
    match stated {
        Some(RawPay::Unknown) | None => {
            job.string("compensation.compensationTierSummary").map_or(RawPay::Unknown, RawPay::Text)
        }
        Some(stated) => stated,
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use crate::domain::board::BoardKind;

    #[test]
    fn what_is_not_listed_is_not_shown() {
        check(
            BoardKind::Ashby,
            r#"{"jobs": [{"id": "u-1", "title": "Analytics Engineer",
              "jobUrl": "https://jobs.ashbyhq.com/acme/u-1", "isListed": true, "isRemote": true,
              "location": "London", "secondaryLocations": [{"location": "Spain"}, {"location": "HQ",
               "address": {"postalAddress": {"addressLocality": "Kiel", "addressCountry": "Germany"}}}],
              "address": {"postalAddress": {"addressCountry": "United Kingdom"}},
              "workplaceType": "Hybrid", "publishedAt": "2026-10-03T09:00:00.000+00:00",
              "department": "Data", "employmentType": "FullTime", "descriptionPlain": "Model.",
              "compensation": {"compensationTierSummary": "£60K - £75K • Offers Equity"}},
              {"id": "u-2", "title": "Hidden", "isListed": false},
              {"id": "u-3", "title": "Clerk", "compensation": {"compensationTiers": [{"components": [
                {"compensationType": "EquityPercentage", "minValue": 1, "maxValue": 2},
                {"compensationType": "Salary", "interval": "1 YEAR", "currencyCode": "USD",
                 "minValue": 90000, "maxValue": 100000}]}]}}]}"#,
            concat!(
                r#"{"body":"Model.","identity":"guid:u-1","location":"London, United Kingdom; Spain; HQ, Germany","#,
                r#""pay":{"currency":"GBP","max":75000.0,"min":60000.0,"period":"year"},"#,
                r#""posted_at":"2026-10-03T09:00:00Z","remote":"hybrid","tags":["Data"],"#,
                r#""title":"Analytics Engineer","type":["fulltime"],"#,
                r#""url":"https://jobs.ashbyhq.com/acme/u-1"}"#,
                "\n",
                r#"{"identity":"guid:u-3","pay":{"currency":"USD","max":100000.0,"min":90000.0,"#,
                r#""period":"year"},"title":"Clerk"}"#,
            ),
        );
    }
}
