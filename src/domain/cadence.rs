//! How often a target is told: at once, or in a digest at a local time.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveTime, TimeDelta, Timelike, Weekday};

/// Longest snooze: who wants to hear nothing for longer, pauses.
const LONGEST_SNOOZE: TimeDelta = TimeDelta::days(90);

/// When what a filter found is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cadence {
    /// As soon as it is matched.
    Instant,
    /// A digest at each full hour.
    Hourly,
    /// A digest each day at this local time.
    Daily(TimeOfDay),
    /// A digest each week on this day at this local time.
    Weekly(Weekday, TimeOfDay),
}

/// Hours and minutes of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(NaiveTime);

/// A part of each day in which nothing is sent: from the first time up to the second, across midnight
/// if that is earlier. The two differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QuietHours {
    from: TimeOfDay,
    to: TimeOfDay,
}

/// For how long nothing is sent: hours, days or weeks, ninety days at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Snooze(TimeDelta);

/// Why a text says no time: a sentence for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCadence {
    #[error("how often is instant, hourly, daily 08:00 or weekly mon 08:00")]
    Cadence,
    #[error("a time of day looks like 08:00, from 00:00 to 23:59")]
    Time,
    #[error("a day is one of mon tue wed thu fri sat sun")]
    Day,
    #[error("quiet hours look like 22:00-07:00")]
    Quiet,
    #[error("quiet hours that end when they begin would never end")]
    AlwaysQuiet,
    #[error("a snooze looks like 8h, 3d or 2w, and lasts 90 days at most")]
    Snooze,
}

impl TimeOfDay {
    pub fn time(self) -> NaiveTime {
        self.0
    }
}

impl QuietHours {
    /// Quiet from `from` to `to`, neither of them the other.
    pub fn new(from: TimeOfDay, to: TimeOfDay) -> Result<Self, BadCadence> {
        if from == to { Err(BadCadence::AlwaysQuiet) } else { Ok(Self { from, to }) }
    }

    /// When it grows quiet.
    pub fn from(self) -> TimeOfDay {
        self.from
    }

    /// When it ends.
    pub fn to(self) -> TimeOfDay {
        self.to
    }
}

impl Snooze {
    pub fn span(self) -> TimeDelta {
        self.0
    }
}

impl FromStr for Snooze {
    type Err = BadCadence;

    fn from_str(text: &str) -> Result<Self, BadCadence> {
        let text = text.trim().to_ascii_lowercase();
        let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let number = Some(digits).filter(|text| text.bytes().all(|c| c.is_ascii_digit()));
        let number: i64 = number.and_then(|text| text.parse().ok()).ok_or(BadCadence::Snooze)?;
        let span = match text.strip_prefix(digits) {
            Some("h") => TimeDelta::try_hours(number),
            Some("d") => TimeDelta::try_days(number),
            Some("w") => TimeDelta::try_weeks(number),
            Some(_) | None => None,
        };
        span.filter(|span| (TimeDelta::hours(1)..=LONGEST_SNOOZE).contains(span))
            .map(Self)
            .ok_or(BadCadence::Snooze)
    }
}

impl FromStr for TimeOfDay {
    type Err = BadCadence;

    /// `8:00` and `08:00`; seconds are not told.
    fn from_str(text: &str) -> Result<Self, BadCadence> {
        let (hours, minutes) = text.trim().split_once(':').ok_or(BadCadence::Time)?;
        let number = |text: &str, digits: std::ops::RangeInclusive<usize>| {
            let good = digits.contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
            good.then(|| text.parse::<u32>().ok()).flatten().ok_or(BadCadence::Time)
        };
        NaiveTime::from_hms_opt(number(hours, 1..=2)?, number(minutes, 2..=2)?, 0)
            .map(Self)
            .ok_or(BadCadence::Time)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl FromStr for Cadence {
    type Err = BadCadence;

    fn from_str(text: &str) -> Result<Self, BadCadence> {
        let text = text.to_ascii_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["instant"] => Ok(Self::Instant),
            ["hourly"] => Ok(Self::Hourly),
            ["daily", time] => Ok(Self::Daily(time.parse()?)),
            ["weekly", day, time] => {
                let day: Weekday = day.parse().map_err(|_| BadCadence::Day)?;
                Ok(Self::Weekly(day, time.parse()?))
            }
            _ => Err(BadCadence::Cadence),
        }
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant => f.write_str("instant"),
            Self::Hourly => f.write_str("hourly"),
            Self::Daily(time) => write!(f, "daily {time}"),
            Self::Weekly(day, time) => write!(f, "weekly {} {time}", short(*day)),
        }
    }
}

impl FromStr for QuietHours {
    type Err = BadCadence;

    fn from_str(text: &str) -> Result<Self, BadCadence> {
        let (from, to) = text.trim().split_once(['-', '–']).ok_or(BadCadence::Quiet)?;
        Self::new(from.parse()?, to.parse()?)
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

fn short(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "mon",
        Weekday::Tue => "tue",
        Weekday::Wed => "wed",
        Weekday::Thu => "thu",
        Weekday::Fri => "fri",
        Weekday::Sat => "sat",
        Weekday::Sun => "sun",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<&str, BadCadence>) {
        let read = text.parse::<Cadence>();
        assert_eq!(read.clone().map(|cadence| cadence.to_string()), want.map(str::to_owned));
        if let Ok(cadence) = read {
            assert_eq!(cadence.to_string().parse(), Ok(cadence), "what is printed is read again");
        }
    }

    #[test]
    fn a_cadence_is_read_and_printed() {
        check("instant", Ok("instant"));
        check(" Hourly ", Ok("hourly"));
        check("daily 8:00", Ok("daily 08:00"));
        check("weekly Monday 23:59", Ok("weekly mon 23:59"));
        check("weekly sun 00:00", Ok("weekly sun 00:00"));
    }

    #[test]
    fn what_says_no_time_is_refused_with_the_form() {
        for text in ["", "never", "daily", "hourly 3", "instant now", "weekly mon"] {
            check(text, Err(BadCadence::Cadence));
        }
        for time in ["24:00", "8", "08:60", "8:0", "+8:00", "008:00", "8:00pm", "٨:00"] {
            check(&format!("daily {time}"), Err(BadCadence::Time));
        }
        check("weekly x 08:00", Err(BadCadence::Day));
    }

    #[test]
    fn quiet_hours_are_read_and_printed() {
        let quiet: QuietHours = "22:00 - 7:00".parse().unwrap();
        assert_eq!(quiet.to_string(), "22:00-07:00");
        assert_eq!(quiet.to_string().parse(), Ok(quiet));
        assert_eq!("22:00".parse::<QuietHours>(), Err(BadCadence::Quiet));
        assert_eq!("22:00-25:00".parse::<QuietHours>(), Err(BadCadence::Time));
        assert_eq!("22:00-22:00".parse::<QuietHours>(), Err(BadCadence::AlwaysQuiet));
    }
    #[test]
    fn a_snooze_is_hours_days_or_weeks() {
        let hours = |text: &str| text.parse::<Snooze>().map(|snooze| snooze.span().num_hours());
        assert_eq!(hours(" 8h "), Ok(8));
        assert_eq!(hours("3D"), Ok(72));
        assert_eq!(hours("2w"), Ok(336));
        assert_eq!(hours("90d"), Ok(2_160));
        for text in
            ["", "3", "d", "0h", "91d", "-1d", "1.5d", "3 d", "3dd", "99999999999999999999h"]
        {
            assert_eq!(hours(text), Err(BadCadence::Snooze), "{text}");
        }
        assert_eq!(hours("9223372036854775807w"), Err(BadCadence::Snooze));
    }
}
