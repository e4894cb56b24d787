//! When a posting was posted, from the forms in which boards say it.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

use super::RawDate;

/// Seconds above this are milliseconds: it is the year 5138.
const MAX_SECONDS: i64 = 100_000_000_000;

const WITH_OFFSET: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f %#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%d %b %Y %H:%M:%S %#z",
];
const WITHOUT_OFFSET: [&str; 7] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%B %d, %Y %H:%M",
    "%d %B %Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
];
/// Day and month in an order that cannot be mistaken; `03/04/2026` can.
const DAYS: [&str; 7] =
    ["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%B %d, %Y", "%d %B %Y", "%d. %B %Y", "%d.%m.%Y"];

/// The moment, or `None` where there is none that can be read or that can be true. A date alone is
/// its midnight; the zone is for texts without one, and `at` is when the response was here.
pub fn moment(raw: &RawDate, zone: Tz, at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let moment = match raw {
        RawDate::Unknown => None,
        RawDate::Text(text) => parse(text, zone),
        RawDate::Seconds(seconds) => epoch(*seconds),
        RawDate::Millis(millis) => DateTime::from_timestamp_millis(*millis),
        RawDate::At(moment) => Some(*moment),
        RawDate::DaysAgo(days) => {
            let day =
                at?.with_timezone(&zone).date_naive().checked_sub_days(Days::new((*days).into()));
            Some(day?.and_time(NaiveTime::MIN).and_local_timezone(zone).earliest()?.to_utc())
        }
    };
    moment.filter(|moment| (1990..=2100).contains(&moment.year()))
}

/// The same of something that has happened: a day after the response is no clock that runs fast.
pub fn past(raw: &RawDate, zone: Tz, at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let latest = at.and_then(|at| at.checked_add_days(Days::new(1)));
    moment(raw, zone, at).filter(|moment| latest.is_none_or(|latest| *moment <= latest))
}

fn epoch(number: i64) -> Option<DateTime<Utc>> {
    if number > MAX_SECONDS {
        DateTime::from_timestamp_millis(number)
    } else {
        DateTime::from_timestamp_secs(number)
    }
}

fn parse(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    // A wrong day of the week must not cost the date.
    let text = match text.split_once(',') {
        Some((day, date)) if day.chars().all(char::is_alphabetic) => date.trim(),
        _ => text,
    };
    let moment = DateTime::parse_from_rfc2822(text)
        .ok()
        .or_else(|| WITH_OFFSET.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()));
    if let Some(moment) = moment {
        return Some(moment.to_utc());
    }
    let bare = ["UTC", "GMT", "Z"].iter().find_map(|name| text.strip_suffix(name));
    let (text, zone) = match bare {
        Some(text) => (text.trim(), Tz::UTC),
        None => (text, zone),
    };
    let naive =
        WITHOUT_OFFSET.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let day = || DAYS.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
    let local = naive.or_else(|| day().map(|day| day.and_time(NaiveTime::MIN)));
    match local {
        Some(local) => Some(local.and_local_timezone(zone).earliest()?.to_utc()),
        None => epoch(text.parse().ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: RawDate, want: &str) {
        let zone = Tz::Europe__Berlin;
        let at = DateTime::from_timestamp(1_790_945_581, 0); // 2 October 2026, 12:53:01
        let moment = moment(&raw, zone, at).map(|at| at.format("%F %T").to_string());
        assert_eq!(moment.unwrap_or_default(), want, "{raw:?}");
    }

    #[track_caller]
    fn check_text(text: &str, want: &str) {
        check(RawDate::Text(text.to_owned()), want);
    }

    #[test]
    fn dates_with_a_zone_keep_it() {
        check_text("2026-10-02T12:53:01+00:00", "2026-10-02 12:53:01");
        check_text(" 2026-08-19T14:02:07.123-04:00", "2026-08-19 18:02:07");
        check_text("2026-08-19T14:02:07+0200", "2026-08-19 12:02:07");
        check_text("2026-08-05 10:10:39 UTC", "2026-08-05 10:10:39");
        check_text("Fri, 10 Jul 2026 22:45:30 +0000", "2026-07-10 22:45:30");
        check_text("Mon, 10 Jul 2026 22:45:30 GMT", "2026-07-10 22:45:30");
        check_text("August 06, 2023 09:40 UTC", "2023-08-06 09:40:00");
    }

    #[test]
    fn dates_without_a_zone_are_in_the_boards() {
        check_text("2024-12-07 04:03:02", "2024-12-07 03:03:02");
        check_text("2026-10-25 02:30:00", "2026-10-25 00:30:00");
        check_text("2026-10-02T20:01:00", "2026-10-02 18:01:00");
        check_text("2026-10-02", "2026-10-01 22:00:00");
        check_text("2. October 2026", "2026-10-01 22:00:00");
        check_text("02.10.2026", "2026-10-01 22:00:00");
        check_text("20261002", "2026-10-01 22:00:00");
    }

    #[test]
    fn numbers_are_seconds_or_milliseconds() {
        check(RawDate::Seconds(1_790_945_581), "2026-10-02 12:53:01");
        check(RawDate::Seconds(1_790_945_581_000), "2026-10-02 12:53:01");
        check(RawDate::Millis(1_790_945_581_000), "2026-10-02 12:53:01");
        check_text("1790945581", "2026-10-02 12:53:01");
        check_text("1790945581000", "2026-10-02 12:53:01");
    }

    #[test]
    fn days_ago_are_counted_from_the_response() {
        check(RawDate::DaysAgo(0), "2026-10-01 22:00:00");
        check(RawDate::DaysAgo(3), "2026-09-28 22:00:00");
        check(RawDate::DaysAgo(u32::MAX), "");
        let zone = Tz::UTC;
        assert_eq!(moment(&RawDate::DaysAgo(0), zone, None), None);
    }

    #[test]
    fn nothing_was_posted_tomorrow() {
        let zone = Tz::UTC;
        let at = DateTime::from_timestamp(1_790_945_581, 0);
        let posted = |seconds| past(&RawDate::Seconds(seconds), zone, at).is_some();
        assert!(posted(1_790_945_581 + 80_000));
        assert!(!posted(1_790_945_581 + 90_000));
        assert!(past(&RawDate::Seconds(1_790_945_581), zone, None).is_some());
    }

    #[test]
    fn what_cannot_be_true_is_unknown() {
        for text in [
            "",
            "yesterday",
            "0000-00-00",
            "99999-01-01",
            "2026-13-45",
            "+",
            "03/04/2026",
            "0001-01-01T00:00:00Z",
            "0",
            "99999999999999999999",
            "-9223372036854775808",
            "é, é",
        ] {
            check_text(text, "");
        }
        for number in [i64::MIN, i64::MAX, 0, -1, MAX_SECONDS] {
            check(RawDate::Seconds(number), "");
            check(RawDate::Millis(number), "");
        }
        check(RawDate::At(DateTime::<Utc>::MAX_UTC), "");
        check(RawDate::At(DateTime::<Utc>::MIN_UTC), "");
    }
}
