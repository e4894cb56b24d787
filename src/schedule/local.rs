//! Local times as moments, where clocks are put forward and back.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Longest time that a clock has skipped: a whole day, where a country crossed the date line.
const LONGEST_SKIP_MINUTES: i64 = 26 * 60;

/// When clocks of the zone show this. Where they skip it, the first moment after; if that is another
/// day already, the last minute before. `None` for a day that the zone never had. Where they show it
/// twice, the first time that is not before `least`, or the second.
pub fn moment(
    zone: Tz,
    date: NaiveDate,
    time: NaiveTime,
    least: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let wanted = date.and_time(time);
    let shown = zone.from_local_datetime(&wanted);
    if let (Some(first), Some(second)) = (shown.earliest(), shown.latest()) {
        let (first, second) = (first.to_utc(), second.to_utc());
        return Some(if first >= least { first } else { second });
    }
    let after = (1..=LONGEST_SKIP_MINUTES).find_map(|minutes| {
        let shown: NaiveDateTime = wanted.checked_add_signed(TimeDelta::minutes(minutes))?;
        zone.from_local_datetime(&shown).earliest()
    })?;
    if after.date_naive() == date {
        return Some(after.to_utc());
    }
    let before = after - TimeDelta::minutes(1);
    (before.date_naive() == date).then(|| before.to_utc())
}

/// The days from the one before this moment's on. A day later or earlier may count where clocks jump.
pub fn days(zone: Tz, around: DateTime<Utc>) -> impl Iterator<Item = NaiveDate> {
    let today = around.with_timezone(&zone).date_naive();
    (0..).map_while(move |day| today.pred_opt()?.checked_add_days(Days::new(day)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(zone: Tz, local: &str, want: Option<&str>) {
        let local: NaiveDateTime = local.parse().unwrap();
        let found = moment(zone, local.date(), local.time(), DateTime::<Utc>::MIN_UTC);
        assert_eq!(found.map(|at| at.format("%Y-%m-%dT%H:%M").to_string()).as_deref(), want);
    }

    #[test]
    fn a_local_time_is_one_moment() {
        check(Tz::Asia__Kathmandu, "2026-01-01T08:00:00", Some("2026-01-01T02:15"));
        check(Tz::Europe__Berlin, "2026-07-01T08:00:00", Some("2026-07-01T06:00"));
    }

    #[test]
    fn a_time_that_clocks_skip_is_the_first_after_it() {
        check(Tz::Europe__Berlin, "2026-03-29T02:30:00", Some("2026-03-29T01:00"));
        check(Tz::Australia__Lord_Howe, "2026-10-04T02:15:00", Some("2026-10-03T15:30"));
        check(Tz::Africa__Cairo, "2026-04-24T00:30:00", Some("2026-04-23T22:00"));
    }

    #[test]
    fn a_time_that_is_skipped_up_to_midnight_is_the_last_before_it() {
        check(Tz::America__Nuuk, "2026-03-28T23:30:00", Some("2026-03-29T00:59"));
    }

    #[test]
    fn a_time_that_clocks_show_twice_is_the_first_one() {
        check(Tz::Europe__Berlin, "2026-10-25T02:30:00", Some("2026-10-25T00:30"));
        let least = "2026-10-25T00:31:00Z".parse().unwrap();
        let local: NaiveDateTime = "2026-10-25T02:30:00".parse().unwrap();
        let second = moment(Tz::Europe__Berlin, local.date(), local.time(), least).unwrap();
        assert_eq!(second.to_string(), "2026-10-25 01:30:00 UTC");
    }

    #[test]
    fn a_day_that_a_zone_never_had_has_no_moment() {
        check(Tz::Pacific__Apia, "2011-12-30T08:00:00", None);
        check(Tz::Pacific__Apia, "2011-12-31T08:00:00", Some("2011-12-30T18:00"));
    }
}
