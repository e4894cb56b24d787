//! <https://remoteok.com/api>: a JSON array whose first element is a legal notice.
//!
//! Quirks, as recorded: a salary of 0 and an empty place mean "unknown"; UTF-8 that was read as
//! Latin-1; entities in names; every body ends with a line that names the caller, so that its text
//! differs from caller to caller.

use std::sync::LazyLock;

use regex::Regex;
use rust_decimal::Decimal;
use serde_json::Value;

use super::json_items::{id, json_items};
use super::{Kind, Problem, RawItems, Reading, Response, Unreadable};
use crate::normalize::{BoardContext, RawDate, RawPay, RawPosting};

/// Where the watermark for the caller begins. The text before is not part of the pattern: a search for
/// any number of breaks would begin at each of them.
static WATERMARK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)please mention the word ").expect("a valid pattern"));

pub struct RemoteOk;

impl Kind for RemoteOk {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        read(response)
    }
}

/// Reads the whole array; items that are no postings are skipped, odd ones reported.
fn read(response: Response<'_>) -> Result<RawItems, Unreadable> {
    let (items, mut problems) = json_items(response)?;
    let mut postings = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if item.get("legal").is_some() {
            continue;
        }
        let place = format!("item {index}");
        match posting(item) {
            Ok(raw) => postings.push((place, raw)),
            Err(what) => problems.push(Problem { place, what }),
        }
    }
    Ok((postings, problems))
}

fn posting(item: &Value) -> Result<RawPosting, String> {
    let text = |name: &str| {
        let text = item.get(name).and_then(Value::as_str).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let title = text("position").ok_or("no position")?;
    let amount = |name: &str| {
        let value = item.get(name)?;
        let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())?;
        (number > 0).then(|| Decimal::from(number))
    };
    let (min, max) = (amount("salary_min"), amount("salary_max"));
    let pay = if min.is_some() || max.is_some() {
        // The board states dollars a year and nothing else.
        let (currency, period) = (Some("USD".to_owned()), Some("year".to_owned()));
        RawPay::Stated { min, max, currency, period }
    } else {
        RawPay::Unknown
    };
    let posted_at = match (item.get("epoch").and_then(Value::as_i64), text("date")) {
        (Some(seconds), _) => RawDate::Seconds(seconds),
        (None, Some(date)) => RawDate::Text(date),
        (None, None) => RawDate::Unknown,
    };
    let tags = item.get("tags").and_then(Value::as_array);
    let body = text("description").unwrap_or_default();
    Ok(RawPosting {
        guid: item.get("id").and_then(id),
        url: text("url"),
        title,
        company: text("company"),
        location: text("location"),
        // Every job on this board is remote; it has no field that says so.
        remote: Some("yes".to_owned()),
        pay,
        tags: tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        posted_at,
        body: without_watermark(&body).to_owned(),
        ..RawPosting::default()
    })
}

/// Drops the line for the caller, which is the last, and the breaks before it.
fn without_watermark(body: &str) -> &str {
    let Some(found) = WATERMARK.find(body) else { return body };
    let mut kept = body.get(..found.start()).unwrap_or_default().trim_end();
    while let Some(at) = kept.rfind('<')
        && kept.get(at..).is_some_and(|tag| matches!(tag, "<br>" | "<br/>" | "<br />"))
    {
        kept = kept.get(..at).unwrap_or_default().trim_end();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: &str = r#"[
      {"legal": "link back", "last_updated": 1},
      {"id": "77", "epoch": 1790945581, "company": "Bl&amp;ume", "position": "Rust Engineer",
       "tags": ["rust", "SÃ£o Paulo"], "location": "", "salary_min": 0, "salary_max": 90000,
       "url": "https://remoteOK.com/remote-jobs/77",
       "description": "<p>We\u00c2\u00a0build.</p><br/>Please mention the word **TREE** when applying (#RMTI3)."},
      {"id": 78, "company": "No Position Ltd"},
      {"id": 79, "date": "2026-10-02T12:53:01+00:00", "position": "Köchin", "salary_min": 0}
    ]"#;

    #[test]
    fn the_notice_is_skipped_and_an_item_without_a_position_is_reported() {
        let response = Response { body: RESPONSE.as_bytes(), content_type: None };
        let (postings, problems) = read(response).unwrap();
        assert_eq!(postings.len(), 2);
        assert_eq!(problems, [Problem { place: "item 2".into(), what: "no position".into() }]);
        let first = &postings[0].1;
        assert_eq!(first.guid.as_deref(), Some("77"));
        assert_eq!(first.body, "<p>We\u{c2}\u{a0}build.</p>");
        assert!(matches!(&first.pay, RawPay::Stated { min: None, max: Some(max), .. }
            if *max == Decimal::from(90_000)));
        assert!(matches!(postings[1].1.pay, RawPay::Unknown));
        assert_eq!(postings[1].1.title, "Köchin");
    }
}
