//! Nights and snoozes: they defer, and drop nothing.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::digest::next_digest;
use super::local::{days, moment};
use crate::domain::cadence::QuietHours;
use crate::domain::habits::Habits;

/// When something that was matched is to be told: now, later, or in the next digest.
pub fn due(habits: &Habits, matched: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let ready = match next_digest(habits.cadence, habits.zone, now) {
        Some(digest) => digest,
        None => matched.checked_add_signed(delay(habits)).map_or(now, |ready| ready.max(now)),
    };
    may_go(habits, ready)
}

/// The first moment from this one on that is neither quiet nor snoozed. A delivery that is ready asks
/// again when it is sent: habits may have changed meanwhile.
pub fn may_go(habits: &Habits, ready: DateTime<Utc>) -> DateTime<Utc> {
    let ready = habits.snoozed_until.map_or(ready, |end| end.max(ready));
    match habits.quiet {
        Some(quiet) if is_quiet(quiet, habits.zone, ready) => quiet_end(quiet, habits.zone, ready),
        Some(_) | None => ready,
    }
}

fn delay(habits: &Habits) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(habits.delay).unwrap_or(chrono::TimeDelta::MAX)
}

/// By what clocks show, whichever time they show it.
fn is_quiet(quiet: QuietHours, zone: Tz, at: DateTime<Utc>) -> bool {
    let (from, to) = (quiet.from().time(), quiet.to().time());
    let time = at.with_timezone(&zone).time();
    if from < to { from <= time && time < to } else { from <= time || time < to }
}

/// The next time that clocks show the end.
fn quiet_end(quiet: QuietHours, zone: Tz, at: DateTime<Utc>) -> DateTime<Utc> {
    days(zone, at)
        .take(4)
        .filter_map(|date| moment(zone, date, quiet.to().time(), at))
        .find(|end| *end > at)
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::cadence::Cadence;

    const BERLIN: Tz = Tz::Europe__Berlin;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn habits(cadence: &str, quiet: &str, zone: Tz) -> Habits {
        Habits {
            cadence: cadence.parse().unwrap(),
            zone,
            quiet: quiet.parse().ok(),
            snoozed_until: None,
            delay: Duration::ZERO,
        }
    }

    #[track_caller]
    fn check(quiet: &str, ready: &str, want: &str) {
        let found = may_go(&habits("instant", quiet, BERLIN), at(ready));
        assert_eq!(found, at(want), "{} local", found.with_timezone(&BERLIN));
    }

    #[test]
    fn what_is_ready_at_night_goes_in_the_morning() {
        check("22:00-07:00", "2026-01-10T20:59:59Z", "2026-01-10T20:59:59Z");
        check("22:00-07:00", "2026-01-10T21:00:00Z", "2026-01-11T06:00:00Z");
        check("22:00-07:00", "2026-12-31T23:30:00Z", "2027-01-01T06:00:00Z");
        check("22:00-07:00", "2026-01-11T06:00:00Z", "2026-01-11T06:00:00Z");
        check("12:00-13:30", "2026-01-11T11:00:00Z", "2026-01-11T12:30:00Z");
        check("12:00-13:30", "2026-01-11T12:30:00Z", "2026-01-11T12:30:00Z");
        check("off", "2026-01-11T02:00:00Z", "2026-01-11T02:00:00Z");
    }

    #[test]
    fn nights_in_which_clocks_change_end_when_clocks_show_their_end() {
        check("22:00-07:00", "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z");
        check("22:00-07:00", "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z");
        // 02:30 is skipped.
        check("22:00-02:30", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z");
        // 02:30 comes twice: the night ends at the first, and begins anew when it is 02:00 again.
        check("22:00-02:30", "2026-10-25T00:10:00Z", "2026-10-25T00:30:00Z");
        check("22:00-02:30", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z");
    }

    #[test]
    fn a_snooze_ends_before_the_night_or_in_it() {
        let mut habits = habits("instant", "22:00-07:00", BERLIN);
        habits.snoozed_until = Some(at("2026-01-10T12:00:00Z"));
        assert_eq!(may_go(&habits, at("2026-01-09T12:00:00Z")), at("2026-01-10T12:00:00Z"));
        assert_eq!(may_go(&habits, at("2026-01-10T13:00:00Z")), at("2026-01-10T13:00:00Z"));
        habits.snoozed_until = Some(at("2026-01-10T23:00:00Z"));
        assert_eq!(may_go(&habits, at("2026-01-09T12:00:00Z")), at("2026-01-11T06:00:00Z"));
    }

    #[test]
    fn a_plan_delays_what_is_told_at_once_and_no_digest() {
        let (matched, now) = (at("2026-01-10T12:00:00Z"), at("2026-01-10T12:00:01Z"));
        let mut habits = habits("instant", "off", BERLIN);
        assert_eq!(due(&habits, matched, now), now);
        habits.delay = Duration::from_mins(30);
        assert_eq!(due(&habits, matched, now), at("2026-01-10T12:30:00Z"));
        assert_eq!(due(&habits, matched, at("2026-01-10T13:00:00Z")), at("2026-01-10T13:00:00Z"));
        habits.cadence = "hourly".parse().unwrap();
        assert_eq!(due(&habits, matched, now), at("2026-01-10T13:00:00Z"));
        habits.cadence = "daily 23:00".parse().unwrap();
        habits.quiet = "22:00-07:00".parse().ok();
        assert_eq!(due(&habits, matched, now), at("2026-01-11T06:00:00Z"));
        habits.cadence = Cadence::Instant;
        habits.delay = Duration::MAX;
        assert_eq!(due(&habits, matched, now), now, "no plan waits for ever");
    }

    proptest! {
        #[test]
        fn what_may_go_is_not_before_it_is_ready_nor_quiet(
            seconds in 0_i64..4_000_000_000, zone in 0_usize..8,
            from in 0..1_440, to in 0..1_440, snooze in -86_400_i64..86_400,
        ) {
            let zones = [
                Tz::UTC, BERLIN, Tz::America__St_Johns, Tz::Asia__Kathmandu, Tz::Africa__Cairo,
                Tz::Australia__Lord_Howe, Tz::Pacific__Apia, Tz::America__Nuuk,
            ];
            prop_assume!(from != to);
            let time = |minutes: i32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
            let quiet = format!("{}-{}", time(from), time(to));
            let ready = DateTime::from_timestamp(seconds, 0).unwrap();
            let mut habits = habits("instant", &quiet, zones[zone]);
            habits.snoozed_until = Some(ready + TimeDelta::seconds(snooze));
            let found = may_go(&habits, ready);
            let quiet = habits.quiet.unwrap();
            prop_assert!(found >= ready && Some(found) >= habits.snoozed_until);
            prop_assert!(found - ready <= TimeDelta::hours(24 + 26 + 24));
            prop_assert!(!is_quiet(quiet, habits.zone, found), "{quiet} {found} {}", habits.zone);
            prop_assert_eq!(may_go(&habits, found), found);
        }
    }
}
