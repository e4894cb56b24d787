//! When a platform's limits let one more message pass: the generic cell rate algorithm, with one time for
//! each limit.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::limit::Limit;

/// What is known of what is counted under one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Until when the long run's pace is used up.
    pub free_at: DateTime<Utc>,
    /// Until when the platform wants to hear nothing.
    pub rests_until: Option<DateTime<Utc>>,
    /// How many were turned away since it was read; each is told to come after the one before.
    pub turned_away: i32,
}

impl Bucket {
    /// One that nothing was counted in.
    pub fn unused(now: DateTime<Utc>) -> Self {
        Self { free_at: now, rests_until: None, turned_away: 0 }
    }

    /// When one more may pass; not after `now` if it may at once.
    fn opens(&self, limit: &Limit, now: DateTime<Utc>) -> DateTime<Utc> {
        let ahead = span(limit) * i32::try_from(limit.burst.saturating_sub(1)).unwrap_or(i32::MAX);
        let paced = self.free_at.max(now).checked_sub_signed(ahead).unwrap_or(now);
        paced.max(self.rests_until.unwrap_or(paced))
    }
}

fn span(limit: &Limit) -> TimeDelta {
    TimeDelta::from_std(limit.every).unwrap_or(TimeDelta::MAX)
}

/// Counts one message under all of its limits, or under none and says when to come again.
pub fn take(
    buckets: &mut BTreeMap<String, Bucket>,
    limits: &[Limit],
    now: DateTime<Utc>,
) -> Result<(), DateTime<Utc>> {
    let mut come_again = None;
    for limit in limits {
        let bucket = buckets.entry(limit.key.clone()).or_insert(Bucket::unused(now));
        let opens = bucket.opens(limit, now);
        if opens > now {
            let at = opens + span(limit) * bucket.turned_away;
            bucket.turned_away = bucket.turned_away.saturating_add(1);
            come_again = come_again.max(Some(at));
        }
    }
    if let Some(at) = come_again {
        return Err(at);
    }
    for limit in limits {
        if let Some(bucket) = buckets.get_mut(&limit.key) {
            bucket.free_at = bucket.free_at.max(now) + span(limit);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_700_000_000_000 + millis).unwrap()
    }

    fn limit(key: &str, every: u64, burst: u32) -> Limit {
        Limit { key: key.to_owned(), every: Duration::from_millis(every), burst }
    }

    #[test]
    fn a_burst_passes_and_then_one_a_while() {
        let (mut buckets, limits) = (BTreeMap::new(), [limit("a", 1_000, 3)]);
        let times = [0, 0, 0, 0, 0, 999, 1_000, 1_000, 9_000, 9_000, 9_000, 9_000];
        let passed = times.map(|time| take(&mut buckets, &limits, at(time)).is_ok());
        let want = [1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0].map(|passes| passes == 1);
        assert_eq!(passed, want);
    }

    #[test]
    fn those_turned_away_are_told_to_come_one_after_the_other() {
        let (mut buckets, limits) = (BTreeMap::new(), [limit("a", 1_000, 1)]);
        let told = [0; 4].map(|time| take(&mut buckets, &limits, at(time)));
        assert_eq!(told, [Ok(()), Err(at(1_000)), Err(at(2_000)), Err(at(3_000))]);
    }

    #[test]
    fn what_one_limit_stops_uses_up_no_other() {
        let (wide, narrow) = (limit("wide", 10, 100), limit("narrow", 1_000, 1));
        let (mut buckets, both) = (BTreeMap::new(), [wide.clone(), narrow]);
        assert_eq!(take(&mut buckets, &both, at(0)), Ok(()));
        let used = buckets["wide"].free_at;
        assert_eq!(take(&mut buckets, &both, at(0)), Err(at(1_000)));
        assert_eq!(buckets["wide"].free_at, used);
        assert_eq!(take(&mut buckets, &[wide], at(0)), Ok(()));
    }

    #[test]
    fn a_rest_that_the_platform_asked_for_stops_all() {
        let mut buckets = BTreeMap::from([(
            "a".to_owned(),
            Bucket { rests_until: Some(at(30_000)), ..Bucket::unused(at(0)) },
        )]);
        let limits = [limit("a", 10, 100)];
        assert_eq!(take(&mut buckets, &limits, at(29_999)), Err(at(30_000)));
        assert_eq!(take(&mut buckets, &limits, at(30_000)), Ok(()));
    }
}
