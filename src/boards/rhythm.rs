//! How often a board asks to be asked: in its feed, and in the headers of its answer.

use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use regex::bytes::Regex;
use reqwest::header::{AGE, CACHE_CONTROL, HeaderMap, HeaderName};

/// The head of a feed is looked for in so many bytes.
const HEAD: usize = 16 * 1024;

static FIRST_ITEM: LazyLock<Regex> = LazyLock::new(|| pattern("<(?:item|entry)[ >]"));
/// RSS 2.0: minutes that the channel can be cached.
static TTL: LazyLock<Regex> = LazyLock::new(|| pattern(r"<ttl>\s*(\d{1,6})\s*</ttl>"));
/// The RSS module "syndication": so many updates in such a period.
static PERIOD: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"<sy:updatePeriod>\s*(hourly|daily|weekly|monthly|yearly)\s*<"));
static FREQUENCY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"<sy:updateFrequency>\s*(\d{1,4})\s*<"));

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// How long a feed says that it stays as it is; nothing for other formats.
pub fn of_feed(body: &[u8]) -> Option<Duration> {
    let head = body.get(..HEAD).unwrap_or(body);
    let head = FIRST_ITEM.find(head).map_or(head, |item| head.get(..item.start()).unwrap_or(head));
    let number = |pattern: &Regex| -> Option<u64> {
        std::str::from_utf8(pattern.captures(head)?.get(1)?.as_bytes()).ok()?.parse().ok()
    };
    let ttl = number(&TTL).map(|minutes| Duration::from_secs(minutes * 60));
    let period = PERIOD.captures(head).and_then(|found| {
        let hours = match found.get(1)?.as_bytes() {
            b"hourly" => 1,
            b"daily" => 24,
            b"weekly" => 24 * 7,
            b"monthly" => 24 * 30,
            _ => 24 * 365,
        };
        let times = number(&FREQUENCY).unwrap_or(1).max(1);
        Some(Duration::from_secs(hours * 3_600 / times))
    });
    ttl.max(period).filter(|stays| !stays.is_zero())
}

/// How long a cache may still give this answer: asked before, a board's own cache gives it again.
pub fn of_headers(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let control = text(CACHE_CONTROL)?.to_ascii_lowercase();
    let directive = |name: &str| control.split(',').map(str::trim).any(|it| it == name);
    if directive("no-cache") || directive("no-store") {
        return None;
    }
    let seconds = |name: &str| -> Option<u64> {
        let mut directives = control.split(',').filter_map(|it| it.trim().split_once('='));
        let (_, value) = directives.find(|(known, _)| *known == name)?;
        value.trim_matches('"').parse().ok()
    };
    let age = text(AGE).and_then(|age| age.trim().parse().ok()).unwrap_or_default();
    let left = seconds("max-age")?.checked_sub(age)?;
    (left > 0).then(|| Duration::from_secs(left))
}

/// `Retry-After` as seconds or as a date; nonsense and the past are no wish.
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::<Utc>::from(httpdate::parse_http_date(value).ok()?);
    (date - now).to_std().ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(head: &str, minutes: u64) {
        let body = format!("<rss><channel>{head}<item><ttl>1</ttl></item></channel></rss>");
        let want = (minutes > 0).then(|| Duration::from_mins(minutes));
        assert_eq!(of_feed(body.as_bytes()), want, "{head}");
    }

    #[test]
    fn a_feed_says_how_long_it_stays() {
        check("<ttl>60</ttl>", 60);
        check("<ttl>0</ttl>", 0);
        check("<ttl>-5</ttl>", 0);
        check("<ttl>99999999999</ttl>", 0);
        check("", 0);
        check("<sy:updatePeriod> hourly </sy:updatePeriod>", 60);
        check(
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            360,
        );
        check(
            "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
            60,
        );
        check("<sy:updatePeriod>often</sy:updatePeriod>", 0);
    }

    #[track_caller]
    fn check_headers(control: &'static str, age: &'static str, want: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(control));
        headers.insert(AGE, HeaderValue::from_static(age));
        assert_eq!(of_headers(&headers), want.map(Duration::from_secs), "{control}");
    }

    #[test]
    fn a_cache_says_how_long_it_gives_the_same() {
        check_headers("public, max-age=3600", "600", Some(3_000));
        check_headers("Public,Max-Age=60", "x", Some(60));
        check_headers("max-age=60, no-cache", "0", None);
        check_headers("max-age=60", "60", None);
        check_headers("max-age=60", "600", None);
        check_headers("max-age=99999999999999999999999", "0", None);
        check_headers("private", "0", None);
    }

    #[track_caller]
    fn check_asked(value: &str, want: Option<u64>) {
        let now = DateTime::from_timestamp(784_111_777, 0).unwrap(); // 06 Nov 1994 08:49:37
        assert_eq!(retry_after(value, now), want.map(Duration::from_secs));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_to_come() {
        check_asked("30", Some(30));
        check_asked("Sun, 06 Nov 1994 08:50:37 GMT", Some(60));
        for nonsense in ["-1", "1.5", "abc", "", "NaN", "Sun, 06 Nov 1994 08:48:37 GMT"] {
            check_asked(nonsense, None);
        }
        check_asked("99999999999", Some(99_999_999_999));
        check_asked("99999999999999999999999", None);
    }
}
