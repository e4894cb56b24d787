//! When the next digest is due.

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::local::{days, moment};
use crate::domain::cadence::Cadence;

/// Days that are looked at: a weekly digest may fall on a day that its zone never had.
const DAYS: usize = 17;

/// Seconds of the part of an hour by which zones differ.
const QUARTER: i64 = 900;

/// The first digest after this moment, never at it; `None` if nothing is gathered. A local day has one
/// daily digest whatever clocks do, except that a zone may never have had the day.
pub fn next_digest(cadence: Cadence, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match cadence {
        Cadence::Instant => None,
        Cadence::Hourly => Some(next_hour(zone, after)),
        Cadence::Daily(time) => next_day(zone, time.time(), after, |_| true),
        Cadence::Weekly(day, time) => {
            next_day(zone, time.time(), after, |date| date.weekday() == day)
        }
    }
}

fn next_day(
    zone: Tz,
    time: NaiveTime,
    after: DateTime<Utc>,
    wanted: impl Fn(&chrono::NaiveDate) -> bool,
) -> Option<DateTime<Utc>> {
    days(zone, after)
        .take(DAYS)
        .filter(wanted)
        .filter_map(|date| moment(zone, date, time, DateTime::<Utc>::MIN_UTC))
        .find(|at| *at > after)
}

/// The next moment at which clocks of the zone show a full hour.
fn next_hour(zone: Tz, after: DateTime<Utc>) -> DateTime<Utc> {
    let quarter = after.timestamp().div_euclid(QUARTER);
    (1..=8)
        .filter_map(|step| DateTime::from_timestamp((quarter + step) * QUARTER, 0))
        .find(|at| at.with_timezone(&zone).minute() == 0)
        // Long ago, zones differed by seconds.
        .unwrap_or(after + TimeDelta::hours(1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{NaiveDate, TimeZone};
    use proptest::prelude::*;

    use super::*;

    const ZONES: [Tz; 12] = [
        Tz::UTC,
        Tz::Europe__Berlin,
        Tz::America__New_York,
        Tz::America__St_Johns,
        Tz::America__Nuuk,
        Tz::America__Santiago,
        Tz::Asia__Kolkata,
        Tz::Asia__Kathmandu,
        Tz::Africa__Cairo,
        Tz::Australia__Lord_Howe,
        Tz::Pacific__Chatham,
        Tz::Pacific__Kiritimati,
    ];

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(cadence: &str, zone: Tz, after: &str, want: &str) {
        let next = next_digest(cadence.parse().unwrap(), zone, at(after)).unwrap();
        assert_eq!(next, at(want), "{} local", next.with_timezone(&zone));
    }

    #[test]
    fn a_digest_is_due_at_the_local_time() {
        let berlin = Tz::Europe__Berlin;
        check("daily 08:00", berlin, "2026-01-10T06:59:59Z", "2026-01-10T07:00:00Z");
        check("daily 08:00", berlin, "2026-01-10T07:00:00Z", "2026-01-11T07:00:00Z");
        check("daily 08:00", berlin, "2026-07-10T07:00:00Z", "2026-07-11T06:00:00Z");
        check("weekly mon 08:00", berlin, "2026-01-10T12:00:00Z", "2026-01-12T07:00:00Z");
        check("weekly mon 08:00", berlin, "2026-01-12T07:00:00Z", "2026-01-19T07:00:00Z");
        check(
            "daily 00:00",
            Tz::Pacific__Kiritimati,
            "2026-12-31T09:59:59Z",
            "2026-12-31T10:00:00Z",
        );
        check("daily 23:59", Tz::America__New_York, "2027-01-01T04:59:00Z", "2027-01-02T04:59:00Z");
        check("hourly", berlin, "2026-12-31T22:59:59.5Z", "2026-12-31T23:00:00Z");
        check("hourly", Tz::Asia__Kolkata, "2026-01-01T00:00:00Z", "2026-01-01T00:30:00Z");
        check("hourly", Tz::Asia__Kathmandu, "2026-01-01T00:15:00Z", "2026-01-01T01:15:00Z");
        assert_eq!(next_digest(Cadence::Instant, berlin, at("2026-01-01T00:00:00Z")), None);
    }

    #[test]
    fn clocks_that_are_put_forward_and_back_neither_skip_nor_repeat_a_digest() {
        let berlin = Tz::Europe__Berlin;
        check("daily 02:30", berlin, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z");
        check("daily 02:30", berlin, "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z");
        check("daily 02:30", berlin, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z");
        check("daily 02:30", berlin, "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
        check("daily 02:30", berlin, "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z");
        check("weekly sun 02:30", berlin, "2026-03-22T12:00:00Z", "2026-03-29T01:00:00Z");
        check("hourly", Tz::Australia__Lord_Howe, "2026-04-04T14:30:00Z", "2026-04-04T15:30:00Z");
    }

    #[test]
    fn a_day_that_a_zone_never_had_has_no_digest() {
        let apia = Tz::Pacific__Apia;
        check("daily 08:00", apia, "2011-12-29T18:00:00Z", "2011-12-30T18:00:00Z");
        check("weekly fri 08:00", apia, "2011-12-24T00:00:00Z", "2012-01-05T18:00:00Z");
    }

    fn a_year(zone: Tz, cadence: Cadence, year: i32) -> BTreeMap<NaiveDate, usize> {
        let start = zone.with_ymd_and_hms(year, 1, 1, 0, 0, 0).unwrap().to_utc();
        let end = zone.with_ymd_and_hms(year + 1, 1, 1, 0, 0, 0).unwrap().to_utc();
        let mut days = BTreeMap::new();
        let mut now = start - TimeDelta::seconds(1);
        while let Some(next) = next_digest(cadence, zone, now).filter(|next| *next < end) {
            *days.entry(next.with_timezone(&zone).date_naive()).or_default() += 1;
            now = next;
        }
        days
    }

    #[test]
    fn every_local_day_of_a_year_has_one_daily_digest() {
        for zone in ZONES {
            for time in ["00:00", "00:30", "01:30", "02:00", "02:15", "02:59", "08:00", "23:30"] {
                let cadence = format!("daily {time}").parse().unwrap();
                let days = a_year(zone, cadence, 2026);
                assert_eq!(days.len(), 365, "{zone} {time}");
                assert!(days.values().all(|digests| *digests == 1), "{zone} {time}: {days:?}");
            }
        }
        let week = a_year(Tz::Europe__Berlin, "weekly sun 02:30".parse().unwrap(), 2026);
        assert_eq!(week.len(), 52);
    }

    proptest! {
        #[test]
        fn a_digest_is_later_and_within_its_rhythm(
            seconds in 0_i64..4_000_000_000, zone in 0_usize..12, hour in 0..24, minute in 0..60,
        ) {
            let (now, zone) = (DateTime::from_timestamp(seconds, 0).unwrap(), ZONES[zone]);
            for (cadence, longest) in [
                ("hourly".to_owned(), TimeDelta::hours(2)),
                // A zone may have dropped a day.
                (format!("daily {hour}:{minute:02}"), TimeDelta::hours(50)),
                (format!("weekly mon {hour}:{minute:02}"), TimeDelta::days(15)),
            ] {
                let next = next_digest(cadence.parse().unwrap(), zone, now).unwrap();
                prop_assert!(next > now && next - now <= longest, "{cadence} {zone} {now} {next}");
            }
        }
    }
}
