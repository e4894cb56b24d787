//! `https://boards-api.greenhouse.io/v1/boards/<slug>/jobs?content=true`: an object with all jobs of
//! one company. One job alone, as `…/jobs/<id>` answers it, is read too.
//!
//! Quirks, as recorded: the HTML of `content` is escaped once more, which `normalize` undoes; old
//! jobs have neither `first_published` nor `company_name`; `absolute_url` may lead to the company's
//! own site. `pay_input_ranges` states cents without a period.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use url::Url;

use super::json_items::{Document, id, json_document};
use super::{Kind, Problem, RawItems, Reading, Response, Unreadable, part_at};
use crate::domain::pay::Period;
use crate::normalize::{BoardContext, RawDate, RawPay, RawPosting, one_line, stated_period};

pub struct Greenhouse;

impl Kind for Greenhouse {
    fn read(
        &self,
        response: Response<'_>,
        _reading: Reading<'_>,
        _board: &BoardContext<'_>,
    ) -> Result<RawItems, Unreadable> {
        read(response)
    }

    fn address(&self, company: &str) -> Option<String> {
        Some(format!("https://boards-api.greenhouse.io/v1/boards/{company}/jobs?content=true"))
    }

    fn company(&self, seen_at: &Url) -> Option<String> {
        let embedded = seen_at.query_pairs().find(|(name, _)| name == "for").map(|(_, name)| name);
        let hosts = [
            "boards.greenhouse.io",
            "job-boards.greenhouse.io",
            "boards.eu.greenhouse.io",
            "job-boards.eu.greenhouse.io",
        ];
        let part = part_at(seen_at, &hosts, 0);
        match part
            .or_else(|| part_at(seen_at, &["boards-api.greenhouse.io", "api.greenhouse.io"], 2))?
        {
            part if part == "embed" => Some(embedded?.into_owned()),
            part => Some(part),
        }
    }
}

/// Reads every job; those that are none are reported.
fn read(response: Response<'_>) -> Result<RawItems, Unreadable> {
    let Document { fields, items, faults } = json_document(response, &["jobs"])?;
    let jobs = match items {
        Some(jobs) => jobs,
        None if fields.contains_key("title") => vec![Value::Object(fields)],
        None => return Err(no_jobs(&fields, faults.first())),
    };
    let mut postings = Vec::new();
    let mut problems = faults;
    for (index, job) in jobs.iter().enumerate() {
        let place = format!("item {index}");
        match posting(job) {
            Ok(raw) => postings.push((place, raw)),
            Err(what) => problems.push(Problem { place, what }),
        }
    }
    Ok((postings, problems))
}

/// Errors come as `{"status":404,"error":"Job not found"}`.
fn no_jobs(fields: &Map<String, Value>, fault: Option<&Problem>) -> Unreadable {
    let said = ["error", "message"].iter().find_map(|name| fields.get(*name)?.as_str());
    let said: String = said.unwrap_or("no reason given").chars().take(200).collect();
    Unreadable::Format(match (fields.get("status").and_then(Value::as_u64), fault) {
        (Some(status), _) => format!("Greenhouse answered {status}: {said}"),
        (None, Some(fault)) => format!("neither jobs nor a job, and cut off: {fault}"),
        (None, None) => "an object with neither jobs nor the title of a job".to_owned(),
    })
}

fn posting(job: &Value) -> Result<RawPosting, String> {
    let text = |name: &str| job.get(name).and_then(Value::as_str).filter(|s| !s.trim().is_empty());
    let title = text("title").and_then(one_line).ok_or("no title")?;
    let location = job.get("location");
    let location = location.and_then(|place| place.get("name").unwrap_or(place).as_str());
    let departments = job.get("departments").and_then(Value::as_array).into_iter().flatten();
    let names = departments.filter_map(|it| it.get("name").unwrap_or(it).as_str());
    let date = text("first_published").or_else(|| text("updated_at"));
    Ok(RawPosting {
        guid: job.get("id").and_then(id),
        url: text("absolute_url").map(str::to_owned),
        title,
        company: text("company_name").map(str::to_owned),
        location: location.map(str::to_owned),
        remote: None,
        pay: pay(job.get("pay_input_ranges")),
        tags: names.map(str::to_owned).collect(),
        posted_at: date.map_or(RawDate::Unknown, |date| RawDate::Text(date.to_owned())),
        closes_at: text("application_deadline")
            .map_or(RawDate::Unknown, |date| RawDate::Text(date.to_owned())),
        lang: text("language").map(str::to_owned),
        body: text("content").unwrap_or_default().to_owned(),
        ..RawPosting::default()
    })
}

/// One range, as far as it says what it is for.
struct Range {
    min: Option<Decimal>,
    max: Option<Decimal>,
    currency: String,
    period: Period,
}

/// The first range whose title names a period, and all others of its kind: a job has one for each
/// place. Without a period a range says nothing: cents may be for an hour or for a year.
fn pay(ranges: Option<&Value>) -> RawPay {
    let ranges = ranges.and_then(Value::as_array).into_iter().flatten().filter_map(range);
    let whole = ranges.reduce(|whole, next| {
        if (&whole.currency, whole.period) != (&next.currency, next.period) {
            return whole;
        }
        // An end that one place leaves open is open.
        let min = whole.min.zip(next.min).map(|(a, b)| a.min(b));
        let max = whole.max.zip(next.max).map(|(a, b)| a.max(b));
        Range { min, max, ..whole }
    });
    whole.map_or(RawPay::Unknown, |Range { min, max, currency, period }| RawPay::Stated {
        min,
        max,
        currency: Some(currency),
        period: Some(period.short().to_owned()),
    })
}

fn range(range: &Value) -> Option<Range> {
    let cents = |name: &str| {
        let value = range.get(name)?;
        let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())?;
        (number > 0).then(|| Decimal::new(number, 2))
    };
    let period = stated_period(range.get("title")?.as_str()?)?;
    let currency = range.get("currency_type")?.as_str()?.to_owned();
    Some(Range { min: cents("min_cents"), max: cents("max_cents"), currency, period })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boards::{read as read_board, test_context};
    use crate::domain::board::BoardKind;

    const BOARD: &str = r#"{"jobs": [
      {"id": 501, "title": "Rust &amp; Go Engineer", "application_deadline": "2026-12-01T00:00:00Z", "location": {"name": "Kiel, Germany"},
       "absolute_url": "https://jobs.example/501?gh_jid=501", "company_name": "Nordlicht",
       "updated_at": "2026-09-09T10:00:00-04:00", "first_published": "2026-09-01T10:00:00-04:00",
       "departments": [{"id": 1, "name": "Platform"}, {"id": 2, "name": null}],
       "content": "&lt;h2&gt;R&amp;amp;D&lt;/h2&gt;\n&lt;p class=&quot;x&quot;&gt;Write &lt;b&gt;code&lt;/b&gt;:\n1 &amp;lt; 2&lt;/p&gt;",
       "pay_input_ranges": [
         {"min_cents": 9000000, "max_cents": 11000000, "currency_type": "EUR", "title": "Salary"},
         {"min_cents": 8000000, "max_cents": 10000000, "currency_type": "EUR", "title": "Annual Salary, Kiel"},
         {"min_cents": 8500000, "max_cents": 12000000, "currency_type": "EUR", "title": "Annual Salary, Bonn"}]},
      {"id": 502, "title": null},
      "odd",
      {"id": "503", "title": "Cook", "updated_at": "2026-09-02T00:00:00Z", "location": "Bonn",
       "pay_input_ranges": [{"min_cents": 5000000, "max_cents": 7000000, "currency_type": "USD", "title": "Range"}]}
    ], "meta": {"total": 4}}"#;

    fn check(body: &str) -> (Vec<Value>, Vec<String>) {
        let response = Response { body: body.as_bytes(), content_type: None };
        let read = read_board(Reading::from(BoardKind::Greenhouse), response, &test_context());
        let read = read.unwrap();
        let postings = read.postings.iter().map(|it| serde_json::to_value(it).unwrap());
        (postings.collect(), read.problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn jobs_are_read_and_what_is_none_is_reported() {
        let (jobs, problems) = check(BOARD);
        assert_eq!(problems, ["item 1: no title", "item 2: no title"]);
        let want = serde_json::json!({
            "identity": "guid:501", "board": "test", "url": "https://jobs.example/501?gh_jid=501",
            "title": "Rust & Go Engineer", "company": "Nordlicht", "location": "Kiel, Germany",
            "remote": null, "tags": ["Platform"], "posted_at": "2026-09-01T14:00:00Z",
            "closes_at": "2026-12-01T00:00:00Z", "pay": {"min": 80_000.0, "max": 120_000.0, "currency": "EUR", "period": "year"},
            "body": "R&D\n\nWrite code: 1 < 2",
        });
        assert_eq!(jobs[0], want);
        assert_eq!(jobs[1]["posted_at"], "2026-09-02T00:00:00Z");
        assert_eq!(jobs[1]["location"], "Bonn");
        assert!(jobs[1]["pay"].is_null(), "a range without a period");
    }

    #[test]
    fn one_job_an_empty_board_and_a_cut_one_are_read() {
        let (jobs, problems) = check(r#"{"id": 7, "title": "Baker", "content": "&lt;p&gt;x"}"#);
        assert_eq!((jobs.len(), problems.len()), (1, 0));
        assert_eq!(jobs[0]["body"], "x");
        assert_eq!(check(r#"{"jobs": [], "meta": {"total": 0}}"#), (vec![], vec![]));
        let (jobs, problems) = check(&BOARD[..BOARD.len() - 200]);
        assert_eq!(jobs.len(), 1);
        assert!(problems[0].contains("after item 3"), "{problems:?}");
    }

    #[test]
    fn what_holds_no_jobs_is_refused_with_the_reason() {
        for (body, want) in [
            (r#"{"status":404,"error":"Job not found"}"#, "Greenhouse answered 404: Job not found"),
            (r#"{"hits":[]}"#, "neither jobs nor the title of a job"),
            (r#"{"jo"#, "cut off"),
            ("<html>", "web page"),
        ] {
            let response = Response { body: body.as_bytes(), content_type: None };
            let error = read(response).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}
